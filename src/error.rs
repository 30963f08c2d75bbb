//! Failures as a user meets them: what went wrong, what caused it, what to do, and a documented exit code.
//!
//! | code | meaning |
//! | --- | --- |
//! | 0 | done |
//! | 1 | the step is not done yet |
//! | 2 | bad arguments |
//! | 3 | bad scenario or template |
//! | 4 | the machine lacks something: a tool, a port, a writable folder |
//! | 5 | the platform failed |
//! | 6 | somebody else holds the lock |
//! | 7 | something is left after `down` |
//! | 8 | not trusted |
//! | 70 | a bug of ours |
//! | 130 | interrupted |
//!
//! Hints are attached here and nowhere else.

use std::error::Error as StdError;

use crate::artifacts::bundle;
use crate::{artifacts, lab, platform, process, scenario};

/// What sort of failure it is; its exit code is documented above.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The step is not done yet.
    NotDone,
    /// Bad arguments.
    Arguments,
    /// Bad scenario or template.
    Scenario,
    /// The machine lacks something.
    Machine,
    /// The platform failed.
    Platform,
    /// Somebody else holds the lock.
    Locked,
    /// Something is left after `down`.
    Left,
    /// A workshop is not trusted.
    Untrusted,
    /// A bug of ours.
    Bug,
    /// Ctrl-C.
    Interrupted,
}

impl Kind {
    /// The exit code.
    pub fn exit_code(self) -> u8 {
        match self {
            Self::NotDone => 1,
            Self::Arguments => 2,
            Self::Scenario => 3,
            Self::Machine => 4,
            Self::Platform => 5,
            Self::Locked => 6,
            Self::Left => 7,
            Self::Untrusted => 8,
            Self::Bug => 70,
            Self::Interrupted => 130,
        }
    }
}

/// A failure with what a person can do about it.
#[derive(Debug)]
pub struct Failure {
    /// What sort.
    pub kind: Kind,
    /// What happened; its chain tells why.
    pub source: Box<dyn StdError + Send + Sync>,
    /// What to do, each a sentence without a full stop.
    pub hints: Vec<String>,
}

impl Failure {
    /// A failure without hints.
    pub fn new(kind: Kind, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self { kind, source: source.into(), hints: Vec::new() }
    }

    /// Adds a hint.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }
}

impl From<process::Error> for Failure {
    fn from(error: process::Error) -> Self {
        let hint = match &error {
            process::Error::NotFound { program } => {
                Some(format!("install `{program}`, or add its folder to PATH"))
            }
            _ => None,
        };
        let mut failure = Self::new(Kind::Machine, error);
        failure.hints.extend(hint);
        failure
    }
}

impl From<platform::Error> for Failure {
    fn from(error: platform::Error) -> Self {
        match error {
            platform::Error::Process(error) => error.into(),
            error => {
                let (kind, hints) = platform_hints(&error);
                Self { kind, source: Box::new(error), hints }
            }
        }
    }
}

impl From<lab::Error> for Failure {
    fn from(error: lab::Error) -> Self {
        let (kind, hints) = explain(&error);
        Self { kind, source: Box::new(error), hints }
    }
}

impl From<artifacts::Error> for Failure {
    fn from(error: artifacts::Error) -> Self {
        use artifacts::Error as E;
        let (kind, hint) = match &error {
            E::Refused { status: 401 | 403, .. } => {
                (Kind::Arguments, Some("who owns the repository may push to it: `--as ACTOR`"))
            }
            E::Unreachable { .. } | E::Refused { .. } | E::Archive { .. } => {
                (Kind::Platform, Some("`atelier logs` shows what the background process says"))
            }
            E::File { source, .. } => (Kind::Machine, Some(file_hint(source))),
            E::Digest { .. } | E::Damaged { .. } => {
                (Kind::Platform, Some("build it again, or push it again"))
            }
            E::Line { .. } | E::Chart { .. } => (Kind::Scenario, None),
            E::Foreign { .. } => (
                Kind::Arguments,
                Some(
                    "a name is `OWNER/NAME:TAG`, also with the lab's registry in front: `atelier status` tells it",
                ),
            ),
            E::Unknown { .. } => (Kind::Arguments, Some("push it first, or name another one")),
            _ => (Kind::Arguments, None),
        };
        let mut failure = Self::new(kind, error);
        failure.hints.extend(hint.map(str::to_owned));
        failure
    }
}

impl From<bundle::Error> for Failure {
    fn from(error: bundle::Error) -> Self {
        let (kind, hint) = bundle_hint(&error);
        Self::new(kind, error).hint(hint)
    }
}

impl From<scenario::ChartError> for Failure {
    fn from(error: scenario::ChartError) -> Self {
        match error {
            scenario::ChartError::Package(error) => error.into(),
            error @ scenario::ChartError::Load(_) => Self::new(Kind::Scenario, error),
            error @ scenario::ChartError::Dependencies { .. } => Self::new(Kind::Scenario, error)
                .hint("put them into `charts/`: nothing is fetched from elsewhere"),
        }
    }
}

impl From<scenario::LoadError> for Failure {
    fn from(error: scenario::LoadError) -> Self {
        match error {
            scenario::LoadError::Unknown { .. } => Self::new(Kind::Arguments, error),
            error => {
                Self::new(Kind::Scenario, error).hint("`atelier lint` shows each mistake with its place")
            }
        }
    }
}

impl From<scenario::Error> for Failure {
    fn from(error: scenario::Error) -> Self {
        use scenario::Error as E;
        let (kind, hint) = match &error {
            E::UnknownTrack { .. } | E::UnknownStep { .. } => (Kind::Arguments, None),
            E::Lacking { .. } => (Kind::Machine, Some("`atelier doctor` shows what this machine has")),
            E::Repeated { .. } => (
                Kind::Scenario,
                Some(
                    "what cannot be repeated says `once: true`; a `run` says with `unless` when there is nothing to do",
                ),
            ),
            E::Left { .. } => (Kind::Left, Some("`cleanup` undoes what the steps did")),
            E::Gated { .. } => (
                Kind::NotDone,
                Some(
                    "wait for them, or let atelier play them: `atelier solve` does this step with all that it needs",
                ),
            ),
            E::Held { .. } => (Kind::Locked, Some("leave it there, or choose another lab with `--lab NAME`")),
            E::CompleteBefore { .. } => (
                Kind::Scenario,
                Some("a lab that was used before is not fresh: `atelier down`, `atelier up`"),
            ),
            E::UnknownActor { .. } | E::Template { .. } => {
                (Kind::Scenario, Some("`atelier lint` shows each mistake with its place"))
            }
            E::Journal { .. } | E::JournalDamaged { .. } => (Kind::Platform, None),
            _ => (Kind::NotDone, Some("`atelier logs` shows what the background process says")),
        };
        let mut failure = Self::new(kind, error);
        failure.hints.extend(hint.map(str::to_owned));
        failure
    }
}

/// Kind and hints of a lab's error; those of a stage are its cause's, and how to go on.
fn explain(error: &lab::Error) -> (Kind, Vec<String>) {
    use lab::Error as E;
    let hint = |kind, text: &str| (kind, vec![text.to_owned()]);
    match error {
        E::File { source, .. } => hint(Kind::Machine, file_hint(source)),
        E::Damaged { .. } => hint(Kind::Platform, "`atelier down` removes the lab, whatever state it is in"),
        E::Newer { .. } => {
            hint(Kind::Platform, "use the newer program, or remove the lab with `atelier down`")
        }
        E::Differs { .. } => {
            hint(Kind::Arguments, "choose another lab with `--lab NAME`, or `atelier down` first")
        }
        E::Missing { .. } => {
            hint(Kind::Arguments, "`atelier up` makes it; `atelier status` lists the labs there are")
        }
        E::HalfMade { .. } => {
            hint(Kind::Platform, "`atelier up` goes on with it, `atelier down` removes what is there")
        }
        E::NotAFolder { .. } => {
            hint(Kind::Machine, "move it away, or set ATELIER_HOME to a folder that you can write")
        }
        E::Occupied { .. } => hint(Kind::Arguments, "name a new folder"),
        E::Hung { .. } => hint(
            Kind::Platform,
            "`atelier stop` ends it and keeps everything, `atelier up` starts it again then",
        ),
        E::Stopped { .. } => hint(Kind::Platform, "`atelier start` starts it again, with everything in it"),
        E::NoActor { .. } | E::BadName { .. } => (Kind::Arguments, Vec::new()),
        E::Locked { .. } => hint(Kind::Locked, "wait until it is done, and try again"),
        E::Unpushed { .. } => hint(
            Kind::NotDone,
            "push them, or take them home with `atelier export`; `atelier down --force` removes them",
        ),
        E::Left { .. } => hint(Kind::Left, "run `atelier down` again"),
        E::Stage { stage, source, .. } => {
            let (kind, mut hints) = explain(source);
            let go_on = "what stands is kept: `atelier up` goes on from here, `atelier down` removes it";
            if *stage != "folder" && !is_lasting(source) {
                hints.push(go_on.to_owned());
            }
            (kind, hints)
        }
        E::Unfit { problems } => {
            (Kind::Machine, problems.iter().filter_map(|problem| problem.advice.clone()).collect())
        }
        E::Abandoned => (Kind::Platform, Vec::new()),
        E::TimedOut { .. } | E::Kubernetes { .. } => {
            hint(Kind::Platform, "`atelier logs` shows what the background process says")
        }
        E::Platform(error) => platform_hints(error),
    }
}

/// Whether trying again comes to the same.
fn is_lasting(error: &lab::Error) -> bool {
    use lab::Error as E;
    matches!(error, E::Hung { .. } | E::Damaged { .. } | E::Platform(platform::Error::Damaged { .. }))
}

fn platform_hints(error: &platform::Error) -> (Kind, Vec<String>) {
    use platform::Error as E;
    if let E::K3d(error) = error {
        let (kind, hint) = k3d_hint(error);
        return (kind, vec![hint.to_owned()]);
    }
    if let E::Process(process::Error::NotFound { program }) = error {
        return (Kind::Machine, vec![format!("install `{program}`, or add its folder to PATH")]);
    }
    let (kind, hint) = match error {
        E::PortTaken { .. } => (
            Kind::Machine,
            "end the other program, or give the lab new ports with `atelier down` and `atelier up`",
        ),
        E::ForgeUnreachable { .. } => {
            (Kind::Platform, "`atelier status` tells what runs, `atelier start` starts it again")
        }
        E::File { source, .. } => (Kind::Machine, file_hint(source)),
        E::Damaged { .. } => (Kind::Platform, "`atelier down` removes the lab, whatever state it is in"),
        E::Git { source, .. } if source.class() == git2::ErrorClass::Config => {
            (Kind::Machine, "git itself cannot read your configuration either: `git config --list` says more")
        }
        _ => (Kind::Platform, "`atelier logs` shows what the background process says"),
    };
    (kind, vec![hint.to_owned()])
}

/// What to do about a file that cannot be used.
fn file_hint(error: &std::io::Error) -> &'static str {
    match error.kind() {
        std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded => {
            "the disk is full: free some space, or set ATELIER_HOME to a folder on another disk"
        }
        _ => "set ATELIER_HOME to a folder that you can write",
    }
}

fn bundle_hint(error: &bundle::Error) -> (Kind, &'static str) {
    use bundle::Error as E;
    match error {
        E::File { verb: "read", .. } => (Kind::Machine, "name the file of a bundle, or the address of one"),
        E::File { source, .. } if source.kind() == std::io::ErrorKind::StorageFull => (
            Kind::Machine,
            "free some space, or name a file on another disk; the same command goes on from here",
        ),
        E::File { .. } => (Kind::Machine, "name a file in a folder that you can write"),
        E::Room { .. } => (Kind::Machine, "free some space there, or name a file on another disk"),
        E::NoBundle { .. } => (Kind::Arguments, "`atelier bundle save FILE` writes one"),
        E::Format { found, known, .. } if found > known => (Kind::Arguments, "use the newer program"),
        E::Format { .. } => (Kind::Arguments, "save it again with this program: `atelier bundle save FILE`"),
        E::Length { .. } | E::Altered { .. } => {
            (Kind::Machine, "copy it again; `atelier bundle verify FILE` tells whether a copy is whole")
        }
        E::Differs { what: "workshop", .. } => {
            (Kind::Arguments, "name its workshop with `--workshop NAME`, or take another bundle")
        }
        E::Differs { what: "platform", .. } => (
            Kind::Arguments,
            "without `--bundle` the lab needs none; another lab has another name: `--lab NAME`",
        ),
        E::Differs { .. } => {
            (Kind::Arguments, "save one for this machine: `atelier bundle save FILE --architecture NAME`")
        }
        E::Archive { .. } => {
            (Kind::Platform, "another version of Docker may give it out better; tell us of this one")
        }
        E::Address { .. } => (Kind::Arguments, "ask who serves the bundle for the whole address"),
        E::Unreachable { .. } => {
            (Kind::Machine, "is `atelier bundle serve` still there, and are both machines in one network?")
        }
        E::Refused { .. } => {
            (Kind::Arguments, "ask who serves the bundle for the whole address, with its token")
        }
    }
}

fn k3d_hint(error: &platform::k3d::Error) -> (Kind, &'static str) {
    use platform::k3d::Error as E;
    match error {
        E::NoEngine { .. } | E::Slow { .. } | E::Address { .. } => {
            (Kind::Machine, "start Docker, or name it with DOCKER_HOST; `atelier doctor` tells more")
        }
        E::Gone { .. } => (Kind::Machine, "start Docker again; `atelier doctor` tells more"),
        E::NoContext { .. } => {
            (Kind::Machine, "`docker context ls` shows those there are, DOCKER_CONTEXT names another one")
        }
        E::Full { .. } => (
            Kind::Machine,
            "`docker system df` shows what takes the space, `docker system prune` removes what is not needed",
        ),
        E::Limited { .. } => (
            Kind::Machine,
            "all who are behind one address are counted together: wait, log in with `docker login`, or name a \
             mirror with `--set images.mirrors=docker.io=MIRROR`",
        ),
        E::Denied { .. } => (
            Kind::Machine,
            "log in with `docker login REGISTRY`, or set another image; `atelier config` shows how",
        ),
        E::SubnetTaken { .. } => (
            Kind::Machine,
            "remove that network (or leave that VPN) and try again; `atelier down` and `atelier up` make the lab anew",
        ),
        E::Foreign { .. } => (
            Kind::Machine,
            "choose another name with `--lab NAME`, or remove that one; `atelier down --all` removes what labs left",
        ),
        E::Image { .. } | E::Digest { .. } | E::Architecture { .. } => {
            (Kind::Machine, "`atelier config` shows the images and how to set them")
        }
        E::Lacking { .. } => (
            Kind::Machine,
            "where there is a network, `atelier bundle save FILE` gets them; `atelier up --bundle FILE` brings them here",
        ),
        E::Untagged { .. } => {
            (Kind::Arguments, "name it by a tag; `atelier config` shows the images and how to set them")
        }
        E::Unavailable { .. } => (
            Kind::Machine,
            "pull it for that architecture with `images.pull` as `missing`, or leave the architecture out",
        ),
        E::NotLoaded { source, .. } | E::NotTaken { source, .. } => match source.as_ref() {
            E::Another { .. } | E::Image { .. } | E::Engine { .. } => {
                (Kind::Machine, "Docker's own log may tell more; the same command goes on from here")
            }
            source => k3d_hint(source),
        },
        E::Bundle(error) => bundle_hint(error),
        E::TooOld { .. } | E::NoSubnet => (Kind::Machine, "`atelier doctor` tells more"),
        E::Checksum { .. } => (
            Kind::Machine,
            "find out why it differs; `--set flux.sha256=CHECKSUM` takes that very one, \
             `--set flux.manifest=FILE` a file of yours",
        ),
        E::Manifest { .. } => {
            (Kind::Machine, "name a file with `--set flux.manifest=FILE`; `atelier config` shows what is set")
        }
        E::Setting { .. } | E::NoSetting { .. } => (Kind::Arguments, "`atelier config` shows all settings"),
        _ => (Kind::Platform, "`atelier logs forge` and `atelier logs nodes` show what they say"),
    }
}
