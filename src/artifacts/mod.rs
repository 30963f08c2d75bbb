//! Artifacts of sources on disk: reproducible archives under a folder, read back within limits.

mod archive;
mod error;
mod storage;

pub use archive::{Entry, Files, pack, unpack};
pub use error::Error;
pub use storage::{Storage, Stored};
