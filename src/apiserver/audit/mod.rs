//! The audit log: who asked for what, and what became of it, one `audit.k8s.io/v1` event a line.
//! <https://kubernetes.io/docs/tasks/debug/debug-cluster/audit/>

mod event;
mod layer;
mod log;
mod notes;
mod policy;

pub(crate) use layer::{record, refused};
pub(crate) use log::Log;
pub(crate) use notes::Notes;
pub use policy::Error;

/// Where the log is, and what goes into it.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The file. Of the one before it, `<file>.1` is left.
    pub log: std::path::PathBuf,
    /// An `audit.k8s.io/v1` Policy, YAML.
    pub policy: String,
}
