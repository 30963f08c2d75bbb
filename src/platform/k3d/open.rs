//! The driver's side: clusters and forge by what the lab's folder tells; the engine is not asked.

use std::collections::BTreeMap;

use super::cluster::K3dCluster;
use super::forge::K3dForge;
use super::{Folder, Names};
use crate::platform::{Cluster, Error, Kind, Platform};

/// The platform whose lab keeps its state in `folder`. It need not run.
pub fn open(folder: &Folder) -> Result<Platform, Error> {
    let missing = |name: &str| Error::File {
        path: folder.join(name).display().to_string(),
        source: std::io::ErrorKind::NotFound.into(),
    };
    let record = folder.record()?.ok_or_else(|| missing("site.json"))?;
    let forge_port = folder.forge_port()?.ok_or_else(|| missing("forge.json"))?;
    let forge = Box::new(K3dForge::new(forge_port, &folder.forge_password()?, folder));
    let names = Names::new(&record.lab);
    let mut clusters = BTreeMap::new();
    for name in &record.settings.clusters {
        let port = folder.cluster_port(name)?.ok_or_else(|| missing(&format!("clusters/{name}.json")))?;
        let cluster: Box<dyn Cluster> = Box::new(K3dCluster::new(folder, &names, name, port));
        clusters.insert(name.clone(), cluster);
    }
    Ok(Platform { kind: Kind::K3d, clusters, forge })
}
