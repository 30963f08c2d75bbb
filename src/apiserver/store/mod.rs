//! Every object of the cluster, in memory and in an append-only log. One global revision counts the writes; a
//! write names the revision that it replaces, and is in the log before it is answered. Knows JSON bytes and names
//! only: what a kind is, and what may be written, is decided above.

mod log;
mod memory;
mod shelf;
#[cfg(test)]
mod tests;
mod watcher;

pub use log::Error;
pub(crate) use memory::{Expect, Rejected, Store};
pub(crate) use shelf::{Change, ChangeKind, Key, Object};
pub(crate) use watcher::{Expired, Watcher};
