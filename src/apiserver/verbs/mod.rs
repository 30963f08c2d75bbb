//! What can be done with the objects of any kind: one file per verb. The part of each that needs no request is a
//! method of `Server`, which the life cycle uses as well.

mod create;
mod delete;
mod deletecollection;
mod get;
mod list;
mod modify;
mod options;
mod patch;
mod strict;
mod update;
mod watch;

pub(crate) use create::create;
pub(crate) use delete::{DeleteOptions, FOREGROUND, ORPHAN, Policy, Preconditions, delete};
pub(crate) use deletecollection::delete_collection;
pub(crate) use get::get;
pub(crate) use list::list;
pub(crate) use modify::Part;
pub(crate) use options::Options;
pub(crate) use patch::{patch, patched};
pub(crate) use update::update;
pub(crate) use watch::watch;
