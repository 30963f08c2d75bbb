//! What steps do. One file per key of `do`; each holds the body as written and how it is shown and done.

mod action;
mod apply;
mod clone;
mod commit;
mod delete;
mod expect;
mod pause;
mod reconcile;
mod run;
mod scale;
mod set;
mod shell;
mod tree;
mod wait;

pub use action::Action;
pub(crate) use action::Done;
pub use apply::Apply;
pub use commit::{Commit, CommitFile};
pub use delete::Delete;
pub(crate) use expect::WantedText;
pub use expect::{Expect, Expected};
pub use pause::Pause;
pub use reconcile::Reconcile;
pub use run::{Effects, Run};
pub use scale::Scale;
pub(crate) use shell::execute;
pub use wait::Wait;
