//! What steps do. One file per key of `do`; each holds the body as written and how it is shown and done.

mod action;
mod apply;
mod commit;
mod delete;
mod pause;
mod reconcile;
mod run;
mod wait;

pub use action::Action;
pub(crate) use action::Done;
pub use apply::Apply;
pub use commit::{Commit, CommitFile};
pub use delete::Delete;
pub use pause::Pause;
pub use reconcile::Reconcile;
pub use run::{Effects, Expect, Expected, Run};
pub use wait::Wait;
