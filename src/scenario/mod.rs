//! Scenarios: YAML files that say what a learner reads, does and must reach, and the engine that goes through them
//! with a person or alone. Loading and lint need no lab; running needs a [`Session`].

mod actions;
mod checks;
mod error;
mod expression;
mod library;
mod lint;
mod load;
mod model;
mod partial;
mod render;
mod tree;
mod workshop;

pub use error::{ActionError, Error, LoadError};
pub use library::Library;
pub use lint::{Finding, Severity, lint};
pub use model::{
    App, At, Before, Cluster, Difficulty, Environment, Hint, Length, Placed, Repository, Requires, Scenario,
    Step, Style, Text, Track,
};
pub use workshop::Workshop;
