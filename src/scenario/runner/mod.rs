//! Goes through steps: with a person who works in a shell beside it, or alone.

mod again;
mod chain;
mod hints;
mod learn;
mod order;
mod perform;
mod plan;
mod rehearse;
mod report;
mod requirements;
mod reset;
mod restore;
mod run;
mod single;
mod team;
mod view;
mod wakes;

pub(crate) use chain::wait_for;
pub use learn::{Control, LearnOptions, LearnOutcome};
pub(crate) use order::order;
pub use perform::Scene;
pub use plan::{PlannedAction, PlannedStep};
pub use rehearse::RehearseOptions;
pub use report::{Report, StepReport};
pub use requirements::lack_of_tool;
pub use reset::ResetPlan;
pub use single::Looked;
pub use team::Standing;
