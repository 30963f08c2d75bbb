//! Why a workshop cannot be loaded, and why a run of it stopped.

use std::path::PathBuf;
use std::time::Duration;

use super::lint::Finding;
use crate::{artifacts, platform, process};

/// Why a workshop cannot be used at all.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// No workshop has this name.
    #[error("there is no workshop `{name}`; there is {}", listed(.known))]
    Unknown {
        /// The name.
        name: String,
        /// The names that there are.
        known: Vec<String>,
    },
    /// Its files are wrong.
    #[error("the workshop `{name}` has mistakes\n{}", lines(.findings))]
    Wrong {
        /// The name.
        name: String,
        /// What is wrong, in the order of the files.
        findings: Vec<Finding>,
    },
    /// A file of it cannot be read.
    #[error("cannot read `{path}`")]
    File {
        /// The file.
        path: String,
        /// The operating system's reason.
        #[source]
        source: std::io::Error,
    },
    /// A seed that is a template cannot be rendered.
    #[error("`{path}` cannot be rendered: {message}")]
    Template {
        /// The file.
        path: String,
        /// Why.
        message: String,
    },
}

fn listed(names: &[String]) -> String {
    if names.is_empty() { "none".to_owned() } else { names.join(", ") }
}

fn lines(findings: &[Finding]) -> String {
    findings.iter().map(Finding::to_string).collect::<Vec<_>>().join("\n")
}

/// Why a run stopped.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The workshop has no such track.
    #[error("the workshop `{workshop}` has no track `{track}`; it has: {}", .known.join(", "))]
    UnknownTrack {
        /// The workshop.
        workshop: String,
        /// The name.
        track: String,
        /// The names that there are.
        known: Vec<String>,
    },
    /// Somebody else goes through this track in this lab.
    #[error("the track `{track}` is held by {holder}")]
    Held {
        /// The track.
        track: String,
        /// Who, in a few words.
        holder: String,
    },
    /// There is no such step.
    #[error("there is no step `{step}`; the track has: {}", .known.join(", "))]
    UnknownStep {
        /// `<track>.<step>`.
        step: String,
        /// The steps that there are.
        known: Vec<String>,
    },
    /// The lab has no such actor.
    #[error("`{step}` needs the actor `{actor}`, whom this lab does not have")]
    UnknownActor {
        /// `<track>.<step>`.
        step: String,
        /// The actor's name.
        actor: String,
    },
    /// The checks of a step that nobody has done passed already.
    #[error("`{step}` is complete before anything was done: its checks show nothing")]
    CompleteBefore {
        /// `<track>.<step>`.
        step: String,
    },
    /// The checks of a step that says `before: pass` did not pass.
    #[error("`{step}` must be complete from the start, and `{check}` does not hold: {observed}")]
    IncompleteBefore {
        /// `<track>.<step>`.
        step: String,
        /// The check.
        check: String,
        /// What was observed.
        observed: String,
    },
    /// A check did not pass.
    #[error("`{step}` is not done after {waited:.1?}: {expects}; last seen: {observed}")]
    Check {
        /// `<track>.<step>`.
        step: String,
        /// The check's id.
        check: String,
        /// What should have become true.
        expects: String,
        /// What was last observed.
        observed: String,
        /// How long it was waited for.
        waited: Duration,
    },
    /// Doing a step a second time has changed something.
    #[error("the actions of `{step}`, done a second time, change something: {}", .changed.join("; "))]
    Repeated {
        /// `<track>.<step>`.
        step: String,
        /// What is different.
        changed: Vec<String>,
    },
    /// The cleanup leaves something.
    #[error("the cleanup does not bring the lab back to its beginning: {}", .left.join("; "))]
    Left {
        /// What is different.
        left: Vec<String>,
    },
    /// An action did not come to its end.
    #[error("`{step}` stopped at `{shown}`")]
    Action {
        /// `<track>.<step>`.
        step: String,
        /// The action as shown.
        shown: String,
        /// Why.
        #[source]
        source: Box<ActionError>,
    },
    /// A step of another track is not complete, and nobody may play it.
    #[error("`{step}` waits for {}", .needs.join(", "))]
    Gated {
        /// `<track>.<step>`.
        step: String,
        /// The steps that it waits for.
        needs: Vec<String>,
    },
    /// A template cannot be rendered.
    #[error("`{step}` has a template that cannot be rendered: {message}")]
    Template {
        /// `<track>.<step>`.
        step: String,
        /// Why.
        message: String,
    },
    /// Something is not at hand that a track needs.
    #[error("the track `{track}` cannot be done here: {reason}")]
    Lacking {
        /// The track.
        track: String,
        /// What is not at hand.
        reason: String,
    },
    /// The journal cannot be used.
    #[error("cannot use the journal `{path}`")]
    Journal {
        /// The file.
        path: PathBuf,
        /// The operating system's reason.
        #[source]
        source: std::io::Error,
    },
    /// The journal is not one of ours.
    #[error("line {line} of the journal `{path}` is damaged")]
    JournalDamaged {
        /// The file.
        path: PathBuf,
        /// The line.
        line: usize,
        /// What is wrong with it.
        #[source]
        source: serde_json::Error,
    },
}

/// Why an action did not come to its end.
#[derive(Debug, thiserror::Error)]
pub enum ActionError {
    /// A template of it cannot be rendered.
    #[error("{0}")]
    Render(#[from] super::render::RenderError),
    /// The lab has no such actor.
    #[error("this lab has no actor `{0}`")]
    UnknownActor(String),
    /// A command did not start or end.
    #[error(transparent)]
    Process(#[from] process::Error),
    /// A command came to something else than expected.
    #[error("expected {expected}, got {observed}")]
    Unexpected {
        /// What was expected.
        expected: String,
        /// What came.
        observed: String,
    },
    /// Git refused.
    #[error("git on `{repository}`")]
    Git {
        /// The repository.
        repository: String,
        /// Why.
        #[source]
        source: git2::Error,
    },
    /// The forge took the push for none.
    #[error("`{repository}` refused the push to `{branch}`: {reason}")]
    Refused {
        /// The repository.
        repository: String,
        /// The branch.
        branch: String,
        /// The forge's words.
        reason: String,
    },
    /// A file of the scenario is not there or not readable.
    #[error("cannot use `{path}`")]
    File {
        /// The file.
        path: String,
        /// The operating system's reason.
        #[source]
        source: std::io::Error,
    },
    /// A path in a YAML file does not lead to a value.
    #[error("`{file}` has no value at `{path}`")]
    NoValue {
        /// The file.
        file: String,
        /// The path.
        path: String,
    },
    /// A manifest is none.
    #[error("{reason} in `{file}`")]
    Manifest {
        /// The file.
        file: String,
        /// What is wrong.
        reason: String,
    },
    /// The API server refused, or does not answer.
    #[error("`{object}` could not be {verb}")]
    Kubernetes {
        /// The object.
        object: String,
        /// What was tried, as a participle.
        verb: &'static str,
        /// Why.
        #[source]
        source: Box<kube::Error>,
    },
    /// The actor's kubeconfig cannot be used.
    #[error("the kubeconfig of `{actor}` cannot be used")]
    Kubeconfig {
        /// The actor.
        actor: String,
        /// Why.
        #[source]
        source: Box<kube::config::KubeconfigError>,
    },
    /// The cluster has no such kind.
    #[error("the cluster has no kind `{kind}` in `{api_version}`")]
    UnknownKind {
        /// The API version.
        api_version: String,
        /// The kind.
        kind: String,
    },
    /// What was waited for did not come.
    #[error("{expects} did not come within {limit:?}; last seen: {observed}")]
    TimedOut {
        /// What was waited for.
        expects: String,
        /// How long.
        limit: Duration,
        /// What was last observed.
        observed: String,
    },
    /// The platform failed.
    #[error(transparent)]
    Platform(#[from] platform::Error),
    /// The registry refused, or what was to be pushed is none.
    #[error(transparent)]
    Artifact(#[from] artifacts::Error),
    /// What was to be packaged is no chart.
    #[error(transparent)]
    Chart(#[from] super::supply::ChartError),
    /// The platform cannot do this yet.
    #[error("{what} is not possible on the platform `{platform}` yet")]
    Unsupported {
        /// The action.
        what: String,
        /// The platform.
        platform: &'static str,
    },
    /// The body says too little or too much.
    #[error("{0}")]
    Body(String),
}
