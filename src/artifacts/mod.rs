//! Artifacts of sources on disk: reproducible archives under a folder, read back within limits. And what is pushed to
//! a registry: images and charts, made of files without any other program.

mod archive;
mod chart;
mod error;
mod image;
mod remote;
mod storage;

pub use archive::{Entry, Files, pack, unpack};
pub use chart::Chart;
pub use error::Error;
pub use image::{Base, Image};
pub use remote::{Packed, Remote};
pub use storage::{Storage, Stored};
