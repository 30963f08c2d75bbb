//! Why the k3d platform did not do what it was asked to.

use std::path::PathBuf;

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
    /// An engine's refusal of something named as a verb phrase.
    pub(super) fn engine(what: impl Into<String>) -> impl FnOnce(bollard::errors::Error) -> Self {
        let what = what.into();
        move |source| Self::Engine { what, source: Box::new(source) }
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
                bollard::errors::Error::DockerResponseServerError { message, .. } => message,
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
