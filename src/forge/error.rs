//! Why the forge could not do its own work. What a client did wrong is `api::ApiError`'s.

use std::path::{Path, PathBuf};

/// The forge's own failures.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file or folder of the forge cannot be used.
    #[error("cannot use `{}`", path.display())]
    File {
        /// The file or folder.
        path: PathBuf,
        /// The operating system's reason.
        #[source]
        source: std::io::Error,
    },
    /// A repository's settings are not readable.
    #[error("`{}` does not hold a repository's settings", path.display())]
    Format {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        #[source]
        source: serde_json::Error,
    },
    /// A repository is not usable.
    #[error("git could not work on `{}`", path.display())]
    Git {
        /// The repository's folder.
        path: PathBuf,
        /// What git says.
        #[source]
        source: git2::Error,
    },
    /// The owner has a repository of that name.
    #[error("repository already exists [uname: {owner}, name: {name}]")]
    Exists {
        /// A user or an organisation.
        owner: String,
        /// The repository's name.
        name: String,
    },
}

impl Error {
    pub(super) fn file(path: &Path) -> impl FnOnce(std::io::Error) -> Self + '_ {
        move |source| Self::File { path: path.to_owned(), source }
    }

    pub(super) fn git(path: &Path) -> impl Fn(git2::Error) -> Self + '_ {
        move |source| Self::Git { path: path.to_owned(), source }
    }
}
