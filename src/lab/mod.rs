//! A lab: one named set of cluster, forge, registry and operator, kept in one folder below `ATELIER_HOME`.
//!
//! Set-up is a [`plan`] of stages, each with probe, ensure and remove, each a no-op when already so. `up` runs the
//! plan forwards, `down` backwards, `status` probes it.

mod changes;
mod clones;
mod context;
mod environment;
mod error;
mod export;
mod folder;
mod inventory;
mod lock;
mod plan;
mod signals;
mod spec;
mod stages;
mod stuck;

use async_trait::async_trait;

pub use changes::Changes;
pub use clones::{Clone, unpushed};
pub use context::Context;
pub use environment::{ActorFolder, Environment};
pub use error::Error;
pub use export::{Export, export};
pub use folder::{Home, LabFolder, write_private};
pub use inventory::{Inventory, Item};
pub use lock::Lock;
pub use plan::{Plan, Status};
pub use signals::Signals;
pub use spec::{Material, Spec};
pub use stuck::stuck;

use crate::events::Outcome;

/// How a stage stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// As it should be.
    Ready,
    /// Not made, or taken away.
    Absent,
    /// Something of it is there, and `ensure` would change it.
    Incomplete,
    /// It does not answer.
    Unknown,
}

/// One idempotent part of set-up.
#[async_trait]
pub trait Stage: Send + Sync {
    /// One word.
    fn name(&self) -> &'static str;
    /// The stages that must be ready first.
    fn after(&self) -> &'static [&'static str];
    /// Looks, and changes nothing.
    async fn probe(&self, context: &Context) -> Result<State, Error>;
    /// Makes it so. The text says in a few words what there is now.
    async fn ensure(&self, context: &Context) -> Result<(Outcome, String), Error>;
    /// Takes it away. What is not there is [`Outcome::Unchanged`].
    async fn remove(&self, context: &Context) -> Result<Outcome, Error>;
}
