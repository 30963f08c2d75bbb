//! What is wrong with a workshop, told before anybody runs it: places, reasons, and what would be right.

mod codes;
mod finding;
mod glossary;
mod graph;
mod place;
mod safety;
mod steps;
mod suggest;
mod templates;
mod workshop;

pub use finding::{Code, Finding, Severity};
pub(crate) use glossary::check_glossary;
pub(crate) use place::{Place, inside};
pub(crate) use suggest::did_you_mean;
pub use workshop::lint;
pub(crate) use workshop::{check_actors, check_header, other_version, version_of};
