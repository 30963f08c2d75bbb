//! What the control plane itself does in the background: it collects what its owners have left, empties namespaces
//! and definitions that go, and gives every namespace what it needs. One task follows every change of the store.

mod bootstrap;
mod definitions;
mod events;
mod follow;
mod garbage;
mod namespaces;

pub(crate) use bootstrap::bootstrap;
pub(crate) use follow::start;
pub(crate) use namespaces::furnish;
