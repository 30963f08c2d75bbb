//! What is wrong with a workshop, told before anybody runs it: places, reasons, and what would be right.

mod finding;
mod graph;
mod lint;
mod place;
mod steps;
mod suggest;
mod templates;

pub use finding::{Code, Finding, Severity};
pub use lint::lint;
pub(crate) use lint::{check_actors, check_header};
pub(crate) use place::{Place, inside};
pub(crate) use suggest::did_you_mean;
