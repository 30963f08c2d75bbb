//! What the nodes know of images: the workshop's catalogue, what was pushed to the lab's own registry, and the
//! runtime's words when an image cannot be had.

mod contents;
mod layers;
mod pushed;
mod reference;
mod store;

pub(super) use contents::Contents;
pub use pushed::Registry;
pub(super) use reference::Reference;
pub(super) use store::{Found, Images};
