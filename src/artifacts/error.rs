//! What can go wrong with artifacts.

use std::path::PathBuf;

/// Why an artifact could not be stored or read.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file cannot be read or written.
    #[error("cannot use `{}`", path.display())]
    File {
        /// The file or folder.
        path: PathBuf,
        /// The operating system's reason.
        #[source]
        source: std::io::Error,
    },
    /// The archive is damaged.
    #[error("the archive is not readable")]
    Archive {
        /// Where it broke.
        #[source]
        source: std::io::Error,
    },
    /// The stored file is not the one that was announced.
    #[error("digest of `{path}` is `{found}`, not `{expected}`")]
    Digest {
        /// The artifact's path.
        path: String,
        /// What was announced.
        expected: String,
        /// What was found.
        found: String,
    },
    /// A path leaves the tree.
    #[error("path `{path}` is not inside the tree")]
    Outside {
        /// The path in the archive or artifact.
        path: String,
    },
    /// A symbolic link leaves the tree, or goes in circles.
    #[error("symbolic link `{path}` to `{target}` does not lead to a file of the tree")]
    Link {
        /// The link.
        path: String,
        /// Where it points.
        target: String,
    },
    /// The tree is larger than what is taken.
    #[error("the tree has more than {limit} {what}")]
    TooLarge {
        /// The limit.
        limit: u64,
        /// Bytes or files.
        what: &'static str,
    },
    /// The registry could not be reached.
    #[error("the registry at `{url}` does not answer")]
    Unreachable {
        /// Its address.
        url: String,
        /// Why.
        #[source]
        source: reqwest::Error,
    },
    /// The registry answered with an error.
    #[error("the registry answered {status} to `{method} {path}`: {message}")]
    Refused {
        /// The request's method.
        method: String,
        /// The request's path.
        path: String,
        /// The HTTP status.
        status: u16,
        /// The registry's own words.
        message: String,
    },
    /// A chart is none.
    #[error("`{file}` of the chart: {reason}")]
    Chart {
        /// The file.
        file: String,
        /// What is wrong, and what would be right.
        reason: String,
    },
    /// A name of an image, or of a platform, is none.
    #[error("`{text}` is no name of {}: {reason}", if reason.starts_with("a platform") { "a platform" } else { "an image" })]
    Reference {
        /// What was given.
        text: String,
        /// What would be right.
        reason: &'static str,
    },
    /// A line of a `Dockerfile` or `.dockerignore` is wrong, or says what cannot be done.
    #[error("`{file}`, line {line}: {reason}")]
    Line {
        /// The file.
        file: String,
        /// The line, from 1.
        line: usize,
        /// What is wrong, and what would be right.
        reason: String,
    },
    /// What is to be built is said twice.
    #[error("the folder has a `{file}`, which says what `{what}` says")]
    Twice {
        /// The file.
        file: String,
        /// The option or key.
        what: &'static str,
    },
    /// A `Dockerfile` that was named is not there.
    #[error("the folder has no file `{file}`")]
    NoFile {
        /// The file.
        file: String,
    },
    /// The registry has no such thing.
    #[error("the registry has no `{name}`")]
    Unknown {
        /// Repository and tag or digest.
        name: String,
    },
    /// Another registry than the lab's is named.
    #[error("`{name}` is not in the lab's registry")]
    Foreign {
        /// What was named.
        name: String,
    },
    /// An image that is built on is for other platforms.
    #[error("image `{image}` is for no platform `{wanted}`")]
    NoPlatform {
        /// The image.
        image: String,
        /// What was asked for.
        wanted: String,
    },
    /// What was found is no image.
    #[error("`{image}` cannot be built on: {reason}")]
    NotAnImage {
        /// What was found.
        image: String,
        /// Why.
        reason: String,
    },
    /// Something in a folder cannot be packed.
    #[error("cannot pack `{}`: {what}", path.display())]
    Odd {
        /// The file.
        path: PathBuf,
        /// What it is.
        what: &'static str,
    },
    /// What is kept on disk is not what it should be.
    #[error("`{}` is damaged: {reason}", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
}
