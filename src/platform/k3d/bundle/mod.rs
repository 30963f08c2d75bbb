//! Bundles and the engine: what a lab needs of it, put into a bundle by [`save`], and brought into another one by
//! [`load`]. The format is the one of [`crate::artifacts::bundle`].

mod load;
mod pieces;
mod pipe;
mod save;

pub use load::{Loaded, keep_manifest, load};
pub use save::{Order, save};
