//! Why a Kustomization is not ready, in the words of Flux' kustomize controller.

use crate::manifests::kustomize;

/// Why a reconciliation ended early.
#[derive(Debug, thiserror::Error)]
pub(super) enum Error {
    /// The path is not in the source.
    #[error("kustomization path not found: stat {path}: no such file or directory")]
    Path {
        /// The path, as messages show it.
        path: String,
    },
    /// The artifact cannot be read.
    #[error("artifact `{path}` is not readable: {source}")]
    Artifact {
        /// In the storage.
        path: String,
        /// Why not.
        source: crate::artifacts::Error,
    },
    /// A folder without kustomization has files that are no manifests.
    #[error("{source}")]
    Manifests {
        /// Which, and where.
        source: kustomize::Error,
    },
    /// The build fails.
    #[error("kustomize build failed: {source}")]
    Build {
        /// Why.
        source: kustomize::Error,
    },
    /// Variables cannot be substituted.
    #[error("post build failed for '{object}': {reason}")]
    Substitution {
        /// The object.
        object: String,
        /// Why not.
        reason: String,
    },
    /// The API server refuses an object. What was applied before it follows, a line each.
    #[error("{reason}\n{applied}")]
    Apply {
        /// Which object, and why.
        reason: String,
        /// What was applied before.
        applied: String,
    },
    /// Objects are left that should be gone.
    #[error("{reason}")]
    Prune {
        /// Which, and why.
        reason: String,
    },
    /// Objects are not what they should be.
    #[error("health check failed after {took}: {reason}")]
    Health {
        /// How long it was waited.
        took: String,
        /// Which objects.
        reason: String,
    },
    /// There is a newer revision to apply.
    #[error("New reconciliation triggered by {source_name}")]
    Overtaken {
        /// The source.
        source_name: String,
    },
    /// The API server did not take a status, or cannot be reached.
    #[error("failed to update status: {source}")]
    Api {
        /// Why not.
        #[from]
        source: kube::Error,
    },
}

impl Error {
    /// The reason on the condition `Ready`.
    pub(super) fn reason(&self) -> &'static str {
        match self {
            Self::Path { .. } | Self::Artifact { .. } => "ArtifactFailed",
            Self::Manifests { .. } | Self::Build { .. } | Self::Substitution { .. } => "BuildFailed",
            Self::Apply { .. } | Self::Api { .. } => "ReconciliationFailed",
            Self::Prune { .. } => "PruneFailed",
            Self::Health { .. } => "HealthCheckFailed",
            Self::Overtaken { .. } => "HealthCheckCanceled",
        }
    }
}
