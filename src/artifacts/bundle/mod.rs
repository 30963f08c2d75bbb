//! A bundle: one file with all images of a workshop and the operator's manifest, for machines without a network.
//!
//! The file is a `tar` under zstd, and the tar holds an OCI image layout
//! (<https://github.com/opencontainers/image-spec/blob/v1.1.1/image-layout.md>) with one file before it, `bundle.json`
//! ([`Index`]): what is in the bundle and where. Blobs are in it once, under their digest, whatever number of images
//! has them. Bundles for one architecture also hold the `manifest.json` that `docker load` reads.
//!
//! The stream is cut into frames (RFC 8878, 3.1): `bundle.json` with its header is the first, every blob is one, and so
//! is what lies between two blobs. One blob can thus be read without the others, from a file and by a `Range` over
//! HTTP, while any zstd and any tar read the whole.
//!
//! What is exported is kept in a folder beside the file, [`Parts`], until the file is whole: who was killed goes on.

mod archive;
mod error;
mod http;
mod index;
mod parts;
mod read;
mod serve;
mod source;
mod write;

pub use error::Error;
pub use index::{Blob, FORMAT, Image, Index, Manifest};
pub use parts::{Parts, Taken};
pub use read::Bundle;
pub use serve::{Served, serve};
pub use source::Source;
pub use write::{Draft, write};
