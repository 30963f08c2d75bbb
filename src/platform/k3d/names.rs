//! What a lab's things in the engine are called. Names are for people; things are known by their labels.

use sha2::{Digest as _, Sha256};

/// k3d takes names of clusters of up to this length.
const LONGEST: usize = 32;

/// The names of one lab's things.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Names {
    base: String,
}

impl Names {
    /// The names for the lab `lab`.
    pub fn new(lab: &str) -> Self {
        let plain = lab.replace('_', "-");
        let base = format!("atelier-{plain}");
        // `a_b` and `a-b` are two labs, and a cluster's name has to be added to a long one too.
        if plain == lab && base.len() <= LONGEST - 8 && !plain.ends_with('-') {
            return Self { base };
        }
        let digest = Sha256::digest(lab.as_bytes());
        let short = base.chars().take(17).collect::<String>();
        let base =
            format!("{}-{:02x}{:02x}{:02x}", short.trim_end_matches('-'), digest[0], digest[1], digest[2]);
        Self { base }
    }

    /// The network's.
    pub fn network(&self) -> String {
        self.base.clone()
    }

    /// The forge's container and volume.
    pub fn forge(&self) -> String {
        format!("{}-forge", self.base)
    }

    /// k3d's name of a cluster of the lab.
    pub fn cluster(&self, cluster: &str) -> String {
        if cluster == "main" { self.base.clone() } else { format!("{}-{cluster}", self.base) }
    }

    /// The container of a cluster's first node.
    pub fn node(&self, cluster: &str) -> String {
        format!("k3d-{}-server-0", self.cluster(cluster))
    }

    /// The volume in which k3d keeps images on their way into a cluster.
    pub fn image_volume(&self, cluster: &str) -> String {
        format!("k3d-{}-images", self.cluster(cluster))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_fit_k3d_and_differ_by_lab() {
        assert_eq!(Names::new("demo").node("main"), "k3d-atelier-demo-server-0");
        assert_eq!(Names::new("demo").cluster("west"), "atelier-demo-west");
        assert_ne!(Names::new("a_b"), Names::new("a-b"));
        let long = "abcdefghijklmnopqrstuvwxyz_12345";
        for name in [long, "first_steps", "x-", "a_b"] {
            let cluster = Names::new(name).cluster("eastern");
            let legal = cluster.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
            assert!(legal && cluster.len() <= LONGEST && !cluster.contains("--"), "{name}: {cluster}");
        }
    }
}
