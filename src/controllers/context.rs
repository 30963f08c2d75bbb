//! What the controllers are given.

use std::sync::Arc;
use std::time::Duration;

use super::Clock;
use crate::artifacts::Storage;

/// Gives a client that acts as a service account: namespace, name.
pub type Impersonate = Arc<dyn Fn(&str, &str) -> kube::Client + Send + Sync>;

/// Maps a `host:port` of manifests to one that can be reached from here.
pub type Resolve = Arc<dyn Fn(&str) -> String + Send + Sync>;

/// What the controllers are given. Clones share it.
#[derive(Clone)]
pub struct Context {
    /// With the rights of the controller.
    pub client: kube::Client,
    /// For objects that name a service account.
    pub impersonate: Impersonate,
    /// What sources store and others read.
    pub artifacts: Storage,
    /// For the forge's name.
    pub resolve: Resolve,
    /// What waits run on.
    pub clock: Clock,
    /// How often the health of applied objects is looked at, on that clock. Flux does so every five seconds.
    pub health_interval: Duration,
}
