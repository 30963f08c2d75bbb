//! Why a repository cannot be fetched, in the words of Flux' source controller and its git library.

/// Why there is no artifact.
#[derive(Debug, thiserror::Error)]
pub(super) enum Error {
    /// The repository cannot be read.
    #[error("failed to checkout and determine revision: unable to clone '{url}': {reason}")]
    Clone {
        /// As it is in the object.
        url: String,
        /// In the git library's words.
        reason: String,
    },
    /// The repository has no commits.
    #[error("git repository is empty")]
    Empty,
    /// The Secret cannot be read.
    #[error("failed to get secret '{namespace}/{name}': {reason}")]
    Secret {
        /// The Secret's.
        namespace: String,
        /// The Secret's.
        name: String,
        /// The API server's.
        reason: String,
    },
    /// The reference asks for something that is not served.
    #[error("failed to checkout and determine revision: {reason}")]
    Reference {
        /// What.
        reason: String,
    },
    /// The artifact cannot be stored.
    #[error("unable to archive artifact to storage: {source}")]
    Storage {
        /// Why not.
        #[from]
        source: crate::artifacts::Error,
    },
    /// The API server did not take a status.
    #[error("{source}")]
    Api {
        /// Why not.
        #[from]
        source: kube::Error,
    },
}

impl Error {
    /// The condition that tells it, and its reason.
    pub(super) fn condition(&self) -> (&'static str, &'static str) {
        match self {
            Self::Clone { .. } | Self::Reference { .. } => ("FetchFailed", "GitOperationFailed"),
            Self::Empty => ("FetchFailed", "EmptyGitRepository"),
            Self::Secret { .. } => ("FetchFailed", "AuthenticationFailed"),
            Self::Storage { .. } => ("StorageOperationFailed", "ArchiveOperationFailed"),
            Self::Api { .. } => ("FetchFailed", "PatchOperationFailed"),
        }
    }
}
