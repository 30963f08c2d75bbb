//! Why a patch cannot be used.

/// What is wrong with a patch.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PatchError {
    /// It is no patch: a bad request.
    #[error("{reason}")]
    Malformed {
        /// What is wrong with it.
        reason: String,
    },
    /// It is a patch that its kind's lists have no use for: the original takes that for a failure of its own.
    #[error("{reason}")]
    Unfit {
        /// What does not fit.
        reason: String,
    },
    /// It has too many operations: an entity that is too large.
    #[error("The allowed maximum operations in a JSON patch is {limit}, got {count}")]
    TooLarge {
        /// How many are allowed.
        limit: usize,
        /// How many there are.
        count: usize,
    },
    /// It is a patch, but not one for this object: an entity that cannot be processed.
    #[error("{reason}")]
    Rejected {
        /// Which operation does not apply, and why.
        reason: String,
    },
}
