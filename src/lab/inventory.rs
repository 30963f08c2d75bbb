//! What exists on the machine because of a lab: files, a process, ports, and what the engine holds. Taken before
//! removal, looked at again afterwards.

use std::fmt;
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::path::PathBuf;
use std::time::Duration;

use serde::Serialize;

use super::{Context, Error};
use crate::platform::k3d::{self, Holding, Site};
use crate::platform::{Kind, embedded};

/// One thing that a lab has brought into being.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Item {
    /// A folder and what is in it.
    Folder(PathBuf),
    /// A process.
    Process(u32),
    /// A port of 127.0.0.1 that is listened on.
    Port(u16),
    /// Something in the engine.
    Engine(Holding),
}

impl fmt::Display for Item {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Folder(path) => write!(formatter, "folder `{}`", path.display()),
            Self::Process(id) => write!(formatter, "process {id}"),
            Self::Port(port) => write!(formatter, "port {port} of 127.0.0.1"),
            Self::Engine(holding) => holding.fmt(formatter),
        }
    }
}

impl Item {
    fn exists(&self) -> bool {
        match self {
            Self::Folder(path) => path.symlink_metadata().is_ok(),
            Self::Process(id) => embedded::runs(*id),
            Self::Port(port) => {
                let address = SocketAddr::from((Ipv4Addr::LOCALHOST, *port));
                TcpStream::connect_timeout(&address, Duration::from_millis(200)).is_ok()
            }
            // The engine is asked for all of them at once.
            Self::Engine(_) => true,
        }
    }
}

/// A list of such things.
#[derive(Default)]
pub struct Inventory {
    items: Vec<Item>,
    site: Option<Site>,
}

impl Inventory {
    /// What there is now.
    pub async fn take(context: &Context) -> Result<Self, Error> {
        let lab = &context.folder;
        let mut items = vec![Item::Folder(lab.path())];
        let mut site = None;
        match context.material.spec.platform {
            Kind::Embedded => {
                let folder = embedded::Folder::new(lab.platform());
                if let embedded::State::Running { process } = folder.state() {
                    items.push(Item::Process(process));
                    items.extend(folder.ports().into_iter().flat_map(embedded::Ports::all).map(Item::Port));
                }
            }
            Kind::K3d => {
                let folder = k3d::Folder::new(lab.platform());
                let found =
                    Site::find(folder, lab.name(), lab.home().path(), &context.material.settings).await?;
                let (held, runs) = match &found {
                    Some(place) => (place.holdings().await?, place.runs().await?),
                    None => (Vec::new(), false),
                };
                // A lab of which nothing runs cannot be the one that listens there.
                if runs {
                    let ports = k3d::Folder::new(lab.platform()).ports();
                    items.extend(ports.into_iter().map(|(_, port)| Item::Port(port)));
                }
                items.extend(held.into_iter().map(Item::Engine));
                site = found;
            }
        }
        items.retain(Item::exists);
        Ok(Self { items, site })
    }

    /// The things.
    pub fn items(&self) -> &[Item] {
        &self.items
    }

    /// What of this list is still there, and what the engine holds of the lab besides.
    pub async fn left(&self) -> Result<Vec<Item>, Error> {
        let held = match &self.site {
            Some(site) => site.holdings().await?,
            None => Vec::new(),
        };
        // Ports of containers that are gone are free, or another program's by now.
        let free = self.site.is_some() && held.is_empty();
        let own = self.items.iter().filter(|item| match item {
            Item::Engine(_) => false,
            Item::Port(_) if free => false,
            item => item.exists(),
        });
        Ok(own.cloned().chain(held.into_iter().map(Item::Engine)).collect())
    }
}
