//! What labs hold in the engine, found by their labels, and its removal.

use std::collections::BTreeSet;
use std::fmt;

use futures::future::try_join_all;
use serde::Serialize;

use super::labels::{CLUSTER, HOME, LAB};
use super::{Engine, Error, Site};
use crate::platform;

/// One thing in the engine that a lab has brought into being.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Holding {
    /// A container, running or not.
    Container {
        /// Its name.
        name: String,
        /// Its id.
        id: String,
    },
    /// A volume.
    Volume {
        /// Its name.
        name: String,
    },
    /// A network.
    Network {
        /// Its name.
        name: String,
        /// Its id.
        id: String,
    },
    /// An image that was built for the lab.
    Image {
        /// Its name.
        name: String,
    },
}

impl fmt::Display for Holding {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Container { name, .. } => write!(formatter, "container `{name}`"),
            Self::Volume { name } => write!(formatter, "volume `{name}`"),
            Self::Network { name, .. } => write!(formatter, "network `{name}`"),
            Self::Image { name } => write!(formatter, "image `{name}`"),
        }
    }
}

/// All that the things with these labels amount to, k3d's helpers of the clusters among them too.
pub async fn holdings(engine: &Engine, labels: &[String]) -> Result<Vec<Holding>, Error> {
    let (mut containers, volumes, networks, images) = futures::try_join!(
        engine.containers(labels),
        engine.volumes(labels),
        engine.networks(labels),
        engine.images(labels)
    )?;
    let ours =
        containers.iter().map(|container| &container.labels).chain(volumes.iter().map(|volume| &volume.1));
    let clusters = ours.filter_map(|labels| labels.get(CLUSTER).cloned()).collect::<BTreeSet<_>>();
    for cluster in clusters {
        // A cluster with our volume or a node of ours is ours, and so are the helpers that k3d left unlabelled.
        let helpers = engine.containers(&[format!("{CLUSTER}={cluster}")]).await?;
        containers.extend(helpers.into_iter().filter(|helper| !helper.labels.contains_key(LAB)));
    }
    let containers = containers.into_iter().map(|one| Holding::Container { name: one.name, id: one.id });
    let volumes = volumes.into_iter().map(|(name, _)| Holding::Volume { name });
    let networks = networks.into_iter().map(|one| Holding::Network { name: one.name, id: one.id });
    let images = images.into_iter().map(|name| Holding::Image { name });
    let mut found = containers.chain(volumes).chain(networks).chain(images).collect::<Vec<_>>();
    found.sort();
    found.dedup();
    Ok(found)
}

/// Removes things: containers first, since the others are in use by them.
pub async fn remove(engine: &Engine, holdings: &[Holding]) -> Result<bool, Error> {
    let containers = holdings.iter().filter_map(|holding| match holding {
        Holding::Container { id, .. } => Some(engine.remove_container(id)),
        _ => None,
    });
    let mut any = try_join_all(containers).await?.into_iter().any(|removed| removed);
    for holding in holdings {
        any |= match holding {
            Holding::Container { .. } => false,
            Holding::Volume { name } => engine.remove_volume(name).await?,
            Holding::Network { id, .. } => engine.remove_network(id).await?,
            Holding::Image { name } => engine.remove_image(name).await?,
        };
    }
    Ok(any)
}

/// The labs that hold something in the engine: name and state folder.
pub async fn labs(engine: &Engine) -> Result<Vec<(String, String)>, Error> {
    let all = [LAB.to_owned()];
    let (containers, volumes, networks) =
        futures::try_join!(engine.containers(&all), engine.volumes(&all), engine.networks(&all))?;
    let labels = containers.into_iter().map(|container| container.labels);
    let labels = labels.chain(volumes.into_iter().map(|volume| volume.1));
    let labels = labels.chain(networks.into_iter().map(|network| network.labels));
    let lab = |labels: std::collections::HashMap<String, String>| {
        Some((labels.get(LAB)?.clone(), labels.get(HOME).cloned().unwrap_or_default()))
    };
    let mut found = labels.filter_map(lab).collect::<Vec<_>>();
    found.sort();
    found.dedup();
    Ok(found)
}

/// What a part of the lab consists of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// The clusters' nodes, k3d's helpers and the volumes of images.
    Clusters,
    /// The forge's container and volume.
    Forge,
    /// The images that were built.
    Images,
    /// The network.
    Network,
}

impl Site {
    /// All that the lab holds in the engine.
    pub async fn holdings(&self) -> Result<Vec<Holding>, platform::Error> {
        Ok(holdings(&self.engine, &self.filter()).await?)
    }

    /// Whether any container of the lab runs.
    pub async fn runs(&self) -> Result<bool, platform::Error> {
        Ok(self.engine.containers(&self.filter()).await?.iter().any(|container| container.running))
    }

    /// Removes a part of the lab. Whether anything was there.
    pub async fn remove_part(&self, part: Part) -> Result<bool, platform::Error> {
        if part == Part::Clusters {
            self.end_earlier_calls(None).await;
        }
        let forge = self.names.forge();
        let belongs = |holding: &Holding| {
            part == match holding {
                Holding::Container { name, .. } | Holding::Volume { name } if *name == forge => Part::Forge,
                Holding::Container { .. } | Holding::Volume { .. } => Part::Clusters,
                Holding::Image { .. } => Part::Images,
                Holding::Network { .. } => Part::Network,
            }
        };
        let mut any = false;
        loop {
            let mut held = self.holdings().await?;
            held.retain(belongs);
            let removed = remove(&self.engine, &held).await?;
            any |= removed;
            // What an interrupted build left may show only when the image that was built upon it is gone.
            if part != Part::Images || !removed {
                return Ok(any);
            }
        }
    }

    /// Stops everything, and keeps it. Whether anything ran.
    pub async fn stop(&self) -> Result<bool, platform::Error> {
        let mut any = false;
        for cluster in &self.settings.clusters {
            any |= self.stop_cluster(cluster).await?;
        }
        if self.probe_forge().await? == Some(true) {
            self.engine.stop_container(&self.names.forge()).await?;
            any = true;
        }
        Ok(any)
    }

    /// Writes down that an image was pulled for the lab.
    pub(super) fn keep_pulled(&self, reference: &str) -> Result<(), platform::Error> {
        use std::io::Write as _;
        let path = self.folder.join("pulled.txt");
        let mut options = std::fs::OpenOptions::new();
        let opened = options.create(true).append(true).open(&path);
        let written = opened.and_then(|mut file| writeln!(file, "{}", self.settings.local(reference)));
        written.map_err(|source| platform::files::file_error(&path, source))
    }

    /// The images that were pulled for the lab and are still in the engine, with their sizes in bytes.
    pub async fn pulled(&self) -> Result<Vec<(String, u64)>, platform::Error> {
        let text = std::fs::read_to_string(self.folder.join("pulled.txt")).unwrap_or_default();
        let names = text.lines().map(str::to_owned).collect::<BTreeSet<_>>();
        let mut found = Vec::new();
        for name in names {
            if let Some(image) = self.engine.image(&name).await? {
                found.push((name, image.size));
            }
        }
        Ok(found)
    }

    /// Removes images that were pulled for the lab.
    pub async fn purge(&self, images: &[(String, u64)]) -> Result<(), platform::Error> {
        for (name, _) in images {
            self.engine.remove_image(name).await?;
        }
        Ok(())
    }

    /// The lab's containers, and the memory that each that runs uses now.
    pub async fn memory(&self) -> Result<Vec<(String, Option<u64>)>, platform::Error> {
        let containers = self.engine.containers(&self.filter()).await?;
        let asked = containers.into_iter().map(|container| async move {
            let memory = if container.running { self.engine.memory(&container.id).await } else { None };
            (container.name, memory)
        });
        let mut found = futures::future::join_all(asked).await;
        found.sort();
        Ok(found)
    }
}
