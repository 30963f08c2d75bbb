//! Why a lab could not be made, used or removed.

use std::path::PathBuf;

use crate::platform::k3d::Finding;

/// Everything that goes wrong with a lab.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file or folder of the lab cannot be used.
    #[error("cannot {verb} `{}`", path.display())]
    File {
        /// `read`, `write`, `watch`, `copy`, `make`, `remove`.
        verb: &'static str,
        /// Which.
        path: PathBuf,
        /// The operating system's reason.
        #[source]
        source: std::io::Error,
    },
    /// The lab's description is not what this program writes.
    #[error("`{}` does not describe a lab", path.display())]
    Damaged {
        /// Which file.
        path: PathBuf,
        /// What is wrong with it.
        #[source]
        source: serde_json::Error,
    },
    /// The lab was made by a newer program.
    #[error("lab `{lab}` has state version {found}, and this program knows {known}")]
    Newer {
        /// Which lab.
        lab: String,
        /// The version found.
        found: u32,
        /// The version known.
        known: u32,
    },
    /// The lab was set up with something else.
    #[error("lab `{lab}` runs {what} `{found}`, not `{wanted}`")]
    Differs {
        /// Which lab.
        lab: String,
        /// `workshop` or `platform`.
        what: &'static str,
        /// What it was made with.
        found: String,
        /// What was asked for.
        wanted: String,
    },
    /// The stage was not begun, since another one failed; that one's error is shown.
    #[error("another stage failed before")]
    Abandoned,
    /// There is no such lab.
    #[error("there is no lab `{lab}`")]
    Missing {
        /// Which lab.
        lab: String,
    },
    /// Something of the lab is there, but not its description: set-up was cut short, or a file was taken away.
    #[error("lab `{lab}` is not complete: `{}` is missing", path.display())]
    HalfMade {
        /// Which lab.
        lab: String,
        /// The missing description.
        path: PathBuf,
    },
    /// Where a folder should be is something else.
    #[error("`{}` is not a folder", path.display())]
    NotAFolder {
        /// Which path.
        path: PathBuf,
    },
    /// A folder that shall take something has something else in it.
    #[error("`{}` is not empty", path.display())]
    Occupied {
        /// Which path.
        path: PathBuf,
    },
    /// The background process is there and does not answer.
    #[error("process {process} of lab `{lab}` has not answered for {seconds} s")]
    Hung {
        /// Which lab.
        lab: String,
        /// The process.
        process: u32,
        /// How long an answer was waited for.
        seconds: u64,
    },
    /// The lab is there, but it does not run.
    #[error("lab `{lab}` is stopped")]
    Stopped {
        /// Which lab.
        lab: String,
    },
    /// The lab has no such actor.
    #[error("lab `{lab}` has no actor `{actor}`; its actors are {known}")]
    NoActor {
        /// Which lab.
        lab: String,
        /// The word given.
        actor: String,
        /// The actors there are.
        known: String,
    },
    /// A lab's name that cannot be a folder's and a label's.
    #[error(
        "`{name}` cannot name a lab: at most 32 lower-case letters, digits and `-` or `_`, a letter first"
    )]
    BadName {
        /// The name given.
        name: String,
    },
    /// Another command works on the lab.
    #[error("lab `{lab}` is being changed by {holder}")]
    Locked {
        /// Which lab.
        lab: String,
        /// The command and its process.
        holder: String,
    },
    /// A stage failed.
    #[error("stage `{stage}` of lab `{lab}`")]
    Stage {
        /// Which stage.
        stage: &'static str,
        /// Which lab.
        lab: String,
        /// Why.
        #[source]
        source: Box<Error>,
    },
    /// A stage took too long.
    #[error("{waits_for}: not so after {seconds} s; last seen: {observed}")]
    TimedOut {
        /// What was waited for.
        waits_for: String,
        /// How long.
        seconds: u64,
        /// What was last observed.
        observed: String,
    },
    /// The machine lacks what the platform needs.
    #[error("this machine is not ready for a lab: {}", listed(.problems))]
    Unfit {
        /// What is wrong, each with what to do.
        problems: Vec<Finding>,
    },
    /// Removal would lose somebody's work.
    #[error("lab `{lab}` holds commits that were never pushed: {clones}")]
    Unpushed {
        /// Which lab.
        lab: String,
        /// The clones, each with how many commits.
        clones: String,
    },
    /// Something of the lab could not be removed.
    #[error("lab `{lab}` left behind: {left}")]
    Left {
        /// Which lab.
        lab: String,
        /// What is still there.
        left: String,
    },
    /// The platform refused.
    #[error(transparent)]
    Platform(#[from] crate::platform::Error),
    /// The API server refused.
    #[error("the API server refused `{object}`: {message}")]
    Kubernetes {
        /// The object.
        object: String,
        /// The API server's words.
        message: String,
    },
}

fn listed(findings: &[Finding]) -> String {
    findings.iter().map(|finding| finding.found.as_str()).collect::<Vec<_>>().join("; ")
}
