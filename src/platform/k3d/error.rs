//! Why the k3d platform did not do what it was asked to.

use std::path::PathBuf;

use super::engine::REQUEST_SECONDS;

/// Everything that goes wrong between the driver, the Docker engine and k3d.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No engine answers.
    #[error("no Docker engine answers; tried {tried}")]
    NoEngine {
        /// The addresses, each with what happened.
        tried: String,
    },
    /// The engine's address is of a sort that is not spoken here.
    #[error("the Docker engine's address `{address}` cannot be used: {reason}")]
    Address {
        /// The address given.
        address: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The engine refused.
    #[error("the Docker engine did not {what}")]
    Engine {
        /// What was asked for, as a verb phrase.
        what: String,
        /// Why.
        #[source]
        source: Box<bollard::errors::Error>,
    },
    /// The engine has no room left.
    #[error("the Docker engine's disk is full: it did not {what}: {message}")]
    Full {
        /// What was asked for, as a verb phrase.
        what: String,
        /// The engine's own words.
        message: String,
    },
    /// The engine went away in the middle of something.
    #[error("the Docker engine went away and did not {what}: {reason}")]
    Gone {
        /// What was asked for, as a verb phrase.
        what: String,
        /// The operating system's reason.
        reason: String,
    },
    /// The user's Docker has a context chosen that it does not know.
    #[error("there is no Docker context `{name}` in `{}`", config.display())]
    NoContext {
        /// Its name.
        name: String,
        /// Docker's own folder for configuration.
        config: PathBuf,
    },
    /// The engine did not answer in time.
    #[error("the Docker engine did not {what} within {seconds} s")]
    Slow {
        /// What was asked for, as a verb phrase.
        what: String,
        /// How long was waited.
        seconds: u64,
    },
    /// Something of this name exists and belongs to somebody else.
    #[error("{object} exists already and is not of this lab: it belongs to {owner}")]
    Foreign {
        /// What, with its name.
        object: String,
        /// Whose it is.
        owner: String,
    },
    /// An image is neither in the engine nor to be had.
    #[error("image `{image}` cannot be had: {reason}")]
    Image {
        /// The reference.
        image: String,
        /// Why.
        reason: String,
    },
    /// A registry has had enough of this machine, for now.
    #[error("image `{image}` cannot be had: {registry} takes no more pulls from here for now: {reason}")]
    Limited {
        /// The reference.
        image: String,
        /// The registry.
        registry: String,
        /// Its own words.
        reason: String,
    },
    /// A registry wants a login that it knows.
    #[error("image `{image}` cannot be had: {registry} does not let this machine have it: {reason}")]
    Denied {
        /// The reference.
        image: String,
        /// The registry.
        registry: String,
        /// Its own words.
        reason: String,
    },
    /// An image is another one than the configuration says.
    #[error("image `{image}` has the digest {found}, not the configured one")]
    Digest {
        /// The reference with the wanted digest.
        image: String,
        /// The digests found.
        found: String,
    },
    /// An image is for other machines.
    #[error("image `{image}` is for {found}, and the engine runs {wanted}")]
    Architecture {
        /// The reference.
        image: String,
        /// The image's architecture.
        found: String,
        /// The engine's.
        wanted: String,
    },
    /// An import that `k3d` called done and that the node does not show.
    #[error("node `{node}` does not have the images {images} after their import")]
    NotImported {
        /// The node.
        node: String,
        /// What is missing.
        images: String,
    },
    /// The addresses that a lab has had from the start are another network's by now.
    #[error("the addresses {subnet}, which this lab's containers have, are in use by {by}")]
    SubnetTaken {
        /// The lab's subnet.
        subnet: String,
        /// Whose they are now.
        by: String,
    },
    /// All subnets that the lab could have are taken.
    #[error("no free subnet for the lab's network: all of 10.203.0.0/16 is in use")]
    NoSubnet,
    /// A program is too old.
    #[error("`{program}` is version {found}; at least {needed} is needed")]
    TooOld {
        /// Which program.
        program: String,
        /// What it says.
        found: String,
        /// What is needed.
        needed: &'static str,
    },
    /// A command inside a container failed.
    #[error("`{command}` in container `{container}` ended with exit code {code}: {output}")]
    Inside {
        /// The command without secrets.
        command: String,
        /// The container.
        container: String,
        /// The exit code.
        code: i64,
        /// The last of what it printed.
        output: String,
    },
    /// Something did not become so in time.
    #[error("{waits_for}: not so after {seconds} s; last seen: {observed}")]
    TimedOut {
        /// What was waited for.
        waits_for: String,
        /// How long.
        seconds: u64,
        /// What was last observed.
        observed: String,
    },
    /// The operator's manifest cannot be used.
    #[error("the operator's manifest `{from}` cannot be used: {reason}")]
    Manifest {
        /// A path or an address.
        from: String,
        /// What is wrong.
        reason: String,
    },
    /// The operator's manifest is another one than before or than configured.
    #[error("the operator's manifest `{from}` has the checksum {found}, not {wanted}")]
    Checksum {
        /// A path or an address.
        from: String,
        /// SHA-256, hexadecimal.
        found: String,
        /// SHA-256, hexadecimal.
        wanted: String,
    },
    /// Nothing is to be pulled or downloaded, and something is not at hand.
    #[error("nothing is pulled or downloaded, and this is not at hand: {}", pieces.join(", "))]
    Lacking {
        /// What is missing, each with its name.
        pieces: Vec<String>,
    },
    /// A bundle can hold images with a tag only.
    #[error(
        "image `{image}` is named by its digest, which an engine does not know of an image that was loaded"
    )]
    Untagged {
        /// The reference.
        image: String,
    },
    /// An image for another architecture cannot be had.
    #[error("image `{image}` cannot be had for {architecture}: {reason}")]
    Unavailable {
        /// The reference.
        image: String,
        /// The architecture.
        architecture: String,
        /// Why.
        reason: String,
    },
    /// An image of a bundle did not come into the engine.
    #[error("image `{image}` of the bundle was not loaded; {done} of {of} images are in the engine")]
    NotLoaded {
        /// The reference.
        image: String,
        /// How many images of the bundle the engine has.
        done: usize,
        /// How many the bundle has for it.
        of: usize,
        /// Why.
        #[source]
        source: Box<Error>,
    },
    /// An image did not come out of the engine.
    #[error("image `{image}` was not taken into the bundle")]
    NotTaken {
        /// The reference.
        image: String,
        /// Why.
        #[source]
        source: Box<Error>,
    },
    /// An engine has said that it loaded an image, and shows none, or another one.
    #[error("the engine has {found} under that name after it was loaded")]
    Another {
        /// `no image` or `another image`.
        found: &'static str,
    },
    /// A bundle cannot be written or read.
    #[error(transparent)]
    Bundle(#[from] crate::artifacts::bundle::Error),
    /// A setting has a value that it cannot have.
    #[error("setting `{key}` cannot be `{value}`: {expected}")]
    Setting {
        /// Its key.
        key: String,
        /// The value given.
        value: String,
        /// What would be right.
        expected: String,
    },
    /// There is no such setting.
    #[error("there is no setting `{key}`; the settings are {known}")]
    NoSetting {
        /// The key given.
        key: String,
        /// The keys there are.
        known: String,
    },
    /// A cluster's kubeconfig is not one.
    #[error("`{}` is not a kubeconfig", path.display())]
    Kubeconfig {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        #[source]
        source: Box<kube::config::KubeconfigError>,
    },
    /// A person's certificate was not signed.
    #[error("the cluster did not sign the certificate of `{user}`: {reason}")]
    Certificate {
        /// Whose.
        user: String,
        /// Why.
        reason: String,
    },
}

impl Error {
    /// What an engine's refusal, or its silence, comes to; what was asked is named as a verb phrase.
    pub(super) fn engine(what: impl Into<String>) -> impl FnOnce(bollard::errors::Error) -> Self {
        use bollard::errors::Error as E;
        let what = what.into();
        move |source| match &source {
            E::DockerResponseServerError { message, .. } | E::DockerStreamError { error: message }
                if says_disk_full(message) =>
            {
                Self::Full { what, message: message.clone() }
            }
            E::HyperResponseError { .. }
            | E::HyperLegacyError { .. }
            | E::SocketNotFoundError(_)
            | E::IOError { .. } => Self::Gone { what, reason: innermost(&source) },
            E::RequestTimeoutError => Self::Slow { what, seconds: REQUEST_SECONDS },
            _ => Self::Engine { what, source: Box::new(source) },
        }
    }

    /// The HTTP status with which the engine refused, when that is what happened.
    pub(super) fn status(&self) -> Option<u16> {
        match self {
            Self::Engine { source, .. } => match source.as_ref() {
                bollard::errors::Error::DockerResponseServerError { status_code, .. } => Some(*status_code),
                _ => None,
            },
            _ => None,
        }
    }

    /// The engine's own words, when it refused.
    pub(super) fn message(&self) -> &str {
        match self {
            Self::Engine { source, .. } => match source.as_ref() {
                bollard::errors::Error::DockerResponseServerError { message, .. }
                | bollard::errors::Error::DockerStreamError { error: message } => message,
                _ => "",
            },
            _ => "",
        }
    }
}

/// Turns the engine's "not found" into nothing.
pub(super) fn optional<T>(result: Result<T, Error>) -> Result<Option<T>, Error> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(error) if error.status() == Some(404) => Ok(None),
        Err(error) => Err(error),
    }
}

/// The end of the chain: the operating system's reason, or a registry's own sentence, which is what a person can act
/// on.
pub(super) fn innermost(error: &dyn std::error::Error) -> String {
    let mut cause = error;
    while let Some(next) = cause.source() {
        cause = next;
    }
    cause.to_string()
}

/// Whether an engine or a program complains that its disk is full.
pub(super) fn says_disk_full(text: &str) -> bool {
    let text = text.to_ascii_lowercase();
    text.contains("no space left on device") || text.contains("disk quota exceeded")
}
