//! Every object of the cluster, in memory and in an append-only log. One global revision counts the writes; a
//! write names the revision that it replaces, and is in the log before it is answered. Knows JSON bytes and names
//! only: what a kind is, and what may be written, is decided above.
//!
//! Durability: a write is acknowledged once it was handed to the operating system (`write(2)`), so every acknowledged
//! write survives the end of this process, `kill -9` included. It is not synced to the disk one by one (`fsync(2)` is
//! called when the log is rewritten), so a loss of power can take the writes of the last seconds with it. etcd, below
//! the real API server, syncs before it answers: figures of the two are to be read with that beside them.

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
