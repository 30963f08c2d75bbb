//! Scenarios: YAML files that say what a learner reads, does and must reach, and the engine that goes through them
//! with a person or alone. Loading and lint need no lab; running needs a [`Session`].

pub mod actions;
pub mod checks;
mod completions;
mod context;
mod error;
mod expression;
mod flux;
mod glossary;
mod graph;
mod handout;
mod journal;
mod kubernetes;
mod library;
mod lint;
mod load;
mod model;
mod partial;
mod render;
mod runner;
mod schema;
mod session;
mod snapshot;
mod supply;
mod tree;
mod workshop;

pub use error::{ActionError, Error, LoadError};
pub use glossary::Word;
pub use graph::{Deed, mermaid};
pub use handout::{Direction, Gate, Handout, HandoutStep, HandoutTrack, Member};
pub use library::Library;
pub use lint::{Code, Finding, Severity, lint};
pub use model::{
    App, At, Before, Cluster, Component, Difficulty, Environment, Hint, Length, Placed, Repository, Requires,
    Scenario, Step, Style, Term, Text, Track,
};
pub use runner::{
    Control, LearnOptions, LearnOutcome, Looked, PlannedAction, PlannedStep, RehearseOptions, Report,
    ResetPlan, Scene, Standing, StepReport, lack_of_tool,
};
pub use schema::schema;
pub use session::{ActorContext, Progress, Recreate, Session, State};
pub use supply::{ChartError, Supply, package_chart};
pub use workshop::Workshop;
