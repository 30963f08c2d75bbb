//! What a rehearsal comes to.

use std::time::Duration;

use serde::Serialize;

/// One step of a rehearsal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct StepReport {
    /// `<track>.<step>`.
    pub step: String,
    /// The title, rendered.
    pub title: String,
    /// Whom the tool played, when the step is not of a track that was asked for.
    pub played_as: Option<String>,
    /// True when the step was complete from before.
    pub resumed: bool,
    /// Why it was left out, when it cannot be done here.
    pub skipped: Option<String>,
    /// How long it took.
    pub took: Duration,
    /// How long a person needs.
    pub estimated: Option<Duration>,
}

/// A rehearsal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Report {
    /// In the order in which they were done.
    pub steps: Vec<StepReport>,
    /// How long all of it took.
    pub took: Duration,
}
