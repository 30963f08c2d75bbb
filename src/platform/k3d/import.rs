//! `import`: images of the engine are brought into the nodes, by `k3d image import`. What counts is what the node
//! shows afterwards: k3d has been seen to end well although a node had refused.

use std::collections::BTreeSet;

use super::settings::split;
use super::site::Tell;
use super::{Error, Site};
use crate::events::Outcome;
use crate::platform;

/// How often an import is tried.
const ATTEMPTS: u32 = 3;

impl Site {
    /// The images of `wanted` that a cluster's nodes do not have, or have in another build than the engine.
    pub async fn missing_in(
        &self,
        cluster: &str,
        task: &str,
        wanted: &[String],
    ) -> Result<Vec<String>, platform::Error> {
        let imported = self.folder.imported(cluster, task);
        let mut missing = BTreeSet::new();
        for image in wanted.iter().filter(|image| imported.contains_key(*image)) {
            let id = self.engine.image(&self.settings.local(image)).await?.map(|image| image.id);
            // An image that the engine has lost is not to be imported again.
            if id.is_some_and(|id| imported.get(image) != Some(&id)) {
                missing.insert(image.clone());
            }
        }
        for node in self.nodes(cluster).await? {
            let listed =
                self.engine.execute(&node.id, None, &["ctr", "-n", "k8s.io", "images", "ls", "-q"]).await?;
            let has = listed.output.lines().map(str::trim).collect::<BTreeSet<_>>();
            let lacks = |image: &&String| !has.contains(full_name(&self.settings.local(image)).as_str());
            missing.extend(wanted.iter().filter(lacks).cloned());
        }
        Ok(missing.into_iter().collect())
    }

    /// Brings images of the engine into a cluster's nodes.
    pub async fn ensure_imported(
        &self,
        cluster: &str,
        task: &str,
        wanted: &[String],
        tell: Tell<'_>,
    ) -> Result<Outcome, platform::Error> {
        let missing = self.missing_in(cluster, task, wanted).await?;
        if missing.is_empty() {
            return Ok(Outcome::Unchanged);
        }
        let rebuilt = missing.iter().any(|image| self.folder.imported(cluster, task).contains_key(image));
        let name = self.names.cluster(cluster);
        let mut last = String::new();
        for attempt in 1.. {
            tell(format!("{} images come into cluster {name}{last}", missing.len()));
            let images = missing.iter().map(|image| self.settings.local(image)).collect::<Vec<_>>();
            let mut arguments = vec!["image", "import", "--mode", "direct", "--cluster", &name];
            arguments.extend(images.iter().map(String::as_str));
            let imported = self.call_k3d(cluster, task, &arguments).await;
            // A node that has an older build of an image shows its name: there, k3d must say that it went well.
            if imported.is_ok() || !rebuilt {
                self.keep_builds(cluster, task, &missing).await?;
            }
            let still = self.missing_in(cluster, task, &missing).await?;
            if still.is_empty() {
                break;
            }
            let why = imported.as_ref().err().map_or_else(
                || format!("the node lacks {}", still.join(", ")),
                |error| error.to_string().lines().last().unwrap_or_default().trim().to_owned(),
            );
            last = format!(", attempt {} of {ATTEMPTS}: {why}", attempt + 1);
            // An import of an `atelier` that was killed may still have been at work in the node.
            if attempt == ATTEMPTS {
                imported?;
                return Err(
                    Error::NotImported { node: self.names.node(cluster), images: still.join(", ") }.into()
                );
            }
        }
        Ok(Outcome::Created)
    }

    async fn keep_builds(&self, cluster: &str, task: &str, images: &[String]) -> Result<(), platform::Error> {
        let mut builds = self.folder.imported(cluster, task);
        for image in images {
            if let Some(found) = self.engine.image(&self.settings.local(image)).await? {
                builds.insert(image.clone(), found.id);
            }
        }
        self.folder.keep_imported(cluster, task, &builds)
    }
}

/// A reference with its registry and its tag, as nodes name it.
fn full_name(reference: &str) -> String {
    let (registry, rest) = split(reference);
    let registry = if registry == "index.docker.io" { "docker.io" } else { registry };
    let tagged = rest.rsplit('/').next().is_some_and(|last| last.contains([':', '@']));
    if tagged { format!("{registry}/{rest}") } else { format!("{registry}/{rest}:latest") }
}

#[cfg(test)]
mod tests {
    use super::full_name;

    #[test]
    fn names_are_those_that_nodes_show() {
        assert_eq!(full_name("redis:7"), "docker.io/library/redis:7");
        assert_eq!(full_name("rancher/k3s:v1"), "docker.io/rancher/k3s:v1");
        assert_eq!(full_name("ghcr.io/a/b"), "ghcr.io/a/b:latest");
        let forge = "forge.atelier.internal:3000/fleet/postcard:1.0.0";
        assert_eq!(full_name(forge), forge);
    }
}
