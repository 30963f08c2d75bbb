//! Artifacts of sources on disk: reproducible archives under a folder, read back within limits. And what is pushed to
//! a registry: images, charts and manifests, made of files without any other program.

mod archive;
mod base;
pub mod bundle;
mod chart;
mod copy;
mod dockerfile;
mod error;
mod folder;
mod image;
mod layout;
mod manifests;
mod packed;
mod pattern;
mod provenance;
mod recipe;
mod reference;
mod remote;
mod storage;

pub use archive::{Entry, Files, Tree, pack, unpack};
pub use base::{Base, Names, Variant};
pub use chart::Chart;
pub use dockerfile::{Dockerfile, Instruction, Origin, Step};
pub use error::Error;
pub use folder::read_folder;
pub use image::Image;
pub use layout::Layout;
pub use manifests::pack_manifests;
pub use packed::Packed;
pub use provenance::Provenance;
pub use recipe::Recipe;
pub use reference::Reference;
pub use remote::Remote;
pub use storage::{Storage, Stored};
