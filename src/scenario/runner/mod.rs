//! Goes through steps: with a person who works in a shell beside it, or alone.

mod chain;
mod learn;
mod order;
mod rehearse;
mod report;
mod run;

pub(crate) use chain::wait_for;
pub use learn::{Control, LearnOptions, LearnOutcome};
pub use rehearse::RehearseOptions;
pub use report::{Report, StepReport};
