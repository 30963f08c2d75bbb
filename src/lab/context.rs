//! What every stage is given, and what the stages of the k3d platform share.

use super::{Error, LabFolder, Material, Signals};
use crate::events::{Event, Events, Outcome};
use crate::platform::k3d::{self, Site};
use crate::platform::{Kind, embedded};

/// What every stage is given.
#[derive(Clone)]
pub struct Context {
    /// Where the lab is kept.
    pub folder: LabFolder,
    /// What the lab shall be.
    pub material: std::sync::Arc<Material>,
    /// Our own program, to start the background process with.
    pub program: std::path::PathBuf,
    /// Where progress goes.
    pub events: Events,
    /// What the stages of this run tell each other.
    pub signals: Signals,
}

impl Context {
    /// The lab's place in the engine; only stages of the k3d platform's plan ask for it.
    pub(in crate::lab) async fn site(&self) -> Result<Site, Error> {
        let folder = k3d::Folder::new(self.folder.platform());
        let (lab, home) = (self.folder.name(), self.folder.home());
        Ok(Site::open(folder, lab, home.path(), &self.material.settings).await?)
    }

    /// Removes a part of the lab from the engine, as stages of the k3d platform's plan do.
    pub(in crate::lab) async fn remove_part(&self, part: k3d::Part) -> Result<Outcome, Error> {
        let folder = k3d::Folder::new(self.folder.platform());
        let (lab, home) = (self.folder.name(), self.folder.home());
        let removed = match Site::find(folder, lab, home.path(), &self.material.settings).await? {
            Some(site) => site.remove_part(part).await?,
            None => false,
        };
        Ok(if removed { Outcome::Removed } else { Outcome::Unchanged })
    }

    /// Loses the cluster with everything in it; forge and registry stay. Certificates or addresses stay such that the
    /// next `up` makes a cluster that is found where this one was. What is killed half-way is finished by that `up`.
    pub async fn lose_cluster(&self) -> Result<(), Error> {
        let home = self.folder.platform();
        match self.material.spec.platform {
            Kind::Embedded => Ok(embedded::Folder::new(&home).lose_cluster().await?),
            Kind::K3d => Ok(self.site().await?.lose_clusters().await?),
        }
    }

    /// Tells what a stage waits for.
    pub(in crate::lab) fn tell(&self, stage: &'static str) -> impl Fn(String) + Send + Sync + use<> {
        let events = self.events.clone();
        move |waits_for| events.send(Event::StageWaiting { stage: stage.to_owned(), waits_for })
    }
}
