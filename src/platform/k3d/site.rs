//! A lab's place in the engine. What each stage does there is in the file of the stage's name.

use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;

use super::labels::{self, LAB};
use super::{Engine, Folder, Names, Record, Settings};
use crate::platform::Error;

/// Tells what is being waited for.
pub(super) type Tell<'a> = &'a (dyn Fn(String) + Send + Sync);

/// A lab's place in the engine.
pub struct Site {
    pub(super) engine: Engine,
    pub(super) settings: Settings,
    pub(super) folder: Folder,
    pub(super) lab: String,
    pub(super) home: String,
    pub(super) names: Names,
}

impl Site {
    /// Connects to the lab's engine: the one it was made on, else the one that is found.
    pub async fn open(folder: Folder, lab: &str, home: &Path, settings: &Settings) -> Result<Self, Error> {
        let engine = match folder.record().ok().flatten() {
            Some(record) => Engine::open(&record.engine).await?,
            None => Engine::connect(&settings.search).await?,
        };
        let (lab, home, names) = (lab.to_owned(), home.display().to_string(), Names::new(lab));
        Ok(Self { engine, settings: settings.clone(), folder, lab, home, names })
    }

    /// The same for removal: nothing where nothing was ever made and no engine answers.
    pub async fn find(
        folder: Folder,
        lab: &str,
        home: &Path,
        settings: &Settings,
    ) -> Result<Option<Self>, Error> {
        let recorded = folder.record().ok().flatten().is_some();
        match Self::open(folder, lab, home, settings).await {
            Ok(site) => Ok(Some(site)),
            // The record is written before anything is made.
            Err(Error::K3d(super::Error::NoEngine { .. } | super::Error::Address { .. })) if !recorded => {
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    /// The engine.
    pub fn engine(&self) -> &Engine {
        &self.engine
    }

    /// The names of the lab's clusters.
    pub fn clusters(&self) -> &[String] {
        &self.settings.clusters
    }

    /// Writes down whose the lab is and how it is made.
    pub fn keep_record(&self) -> Result<(), Error> {
        let engine = self.engine.address().to_owned();
        let (lab, home, settings) = (self.lab.clone(), self.home.clone(), self.settings.clone());
        self.folder.keep_record(&Record { lab, home, engine, settings })
    }

    pub(super) fn labels(&self, part: &str) -> std::collections::HashMap<String, String> {
        labels::labels(&self.lab, &self.home, part)
    }

    /// The filter that finds the lab's things.
    pub(super) fn filter(&self) -> [String; 2] {
        [format!("{LAB}={}", self.lab), format!("{}={}", labels::HOME, self.home)]
    }

    /// Refuses a thing of somebody else's.
    pub(super) fn must_be_ours(
        &self,
        object: &str,
        found: &std::collections::HashMap<String, String>,
    ) -> Result<(), super::Error> {
        if labels::ours(found, &self.lab, &self.home) {
            return Ok(());
        }
        Err(super::Error::Foreign { object: object.to_owned(), owner: labels::owner(found) })
    }
}

/// A port of 127.0.0.1 that nobody uses now.
pub(super) fn free_port() -> Result<u16, Error> {
    let taken = |source| Error::PortTaken { port: 0, what: "forge".to_owned(), source };
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).map_err(taken)?;
    Ok(listener.local_addr().map_err(taken)?.port())
}

/// Whether an engine or k3d complains that a port is in use.
pub(super) fn says_port_busy(text: &str) -> bool {
    text.contains("address already in use") || text.contains("port is already allocated")
}
