//! What exists on the machine because of a lab: files, a process, ports. Taken before removal, looked at again
//! afterwards.

use std::fmt;
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::path::PathBuf;
use std::time::Duration;

use serde::Serialize;

use super::LabFolder;
use crate::platform::embedded;

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
}

impl fmt::Display for Item {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Folder(path) => write!(formatter, "folder `{}`", path.display()),
            Self::Process(id) => write!(formatter, "process {id}"),
            Self::Port(port) => write!(formatter, "port {port} of 127.0.0.1"),
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
        }
    }
}

/// A list of such things.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Inventory(Vec<Item>);

impl Inventory {
    /// What there is now.
    pub fn take(lab: &LabFolder) -> Self {
        let folder = embedded::Folder::new(lab.platform());
        let mut items = vec![Item::Folder(lab.path())];
        if let embedded::State::Running { process } = folder.state() {
            items.push(Item::Process(process));
            items.extend(folder.ports().into_iter().flat_map(embedded::Ports::all).map(Item::Port));
        }
        items.retain(Item::exists);
        Self(items)
    }

    /// The things.
    pub fn items(&self) -> &[Item] {
        &self.0
    }

    /// What of this list is still there.
    pub fn left(&self) -> Vec<Item> {
        self.0.iter().filter(|item| item.exists()).cloned().collect()
    }
}
