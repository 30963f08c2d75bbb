//! YAML as Kubernetes' tools read and write it.

mod read;
mod scalar;
mod write;

pub use read::{Error, read_documents};
pub use write::{write, write_all};
