//! YAML as Kubernetes' tools read and write it.

mod legacy;
mod read;
mod scalar;
mod write;

pub use legacy::{read_legacy, resolve_legacy};
pub use read::{Error, read_documents};
pub use write::{write, write_all};
