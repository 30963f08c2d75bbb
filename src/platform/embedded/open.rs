//! The driver's side: cluster and forge of a background process, by what its folder tells.

use std::collections::BTreeMap;

use super::Folder;
use super::cluster::EmbeddedCluster;
use super::forge::EmbeddedForge;
use crate::platform::{Cluster, Error, Kind, Platform};

/// The platform whose process keeps its state in `folder`. It need not run yet.
pub fn open(folder: &Folder) -> Result<Platform, Error> {
    let ports = folder.known_ports()?;
    let secrets = folder.secrets()?;
    let cluster: Box<dyn Cluster> = Box::new(EmbeddedCluster::new(folder, ports)?);
    let forge = Box::new(EmbeddedForge::new(folder, ports, &secrets));
    Ok(Platform { kind: Kind::Embedded, clusters: BTreeMap::from([("main".to_owned(), cluster)]), forge })
}
