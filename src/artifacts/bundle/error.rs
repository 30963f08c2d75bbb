//! What can go wrong with bundles. Addresses in it are without their token.

use std::path::{Path, PathBuf};

/// Why a bundle could not be written, read or given.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file or folder cannot be used.
    #[error("cannot {verb} `{}`", path.display())]
    File {
        /// `read`, `write`, `make`, `remove`.
        verb: &'static str,
        /// Which.
        path: PathBuf,
        /// The operating system's reason.
        #[source]
        source: std::io::Error,
    },
    /// There is not room enough for what is to be written.
    #[error(
        "`{}` needs {} MB, and {} MB are free there", path.display(), needed.div_ceil(1_000_000), free / 1_000_000
    )]
    Room {
        /// The file that is to be written.
        path: PathBuf,
        /// What it needs, in bytes.
        needed: u64,
        /// What is free, in bytes.
        free: u64,
    },
    /// It is something else.
    #[error("`{from}` is no bundle: {reason}")]
    NoBundle {
        /// A path or an address.
        from: String,
        /// What is wrong.
        reason: String,
    },
    /// It was written by another program.
    #[error("bundle `{from}` has format {found}, and this program reads {known}")]
    Format {
        /// A path or an address.
        from: String,
        /// The format found.
        found: u32,
        /// The format known.
        known: u32,
    },
    /// Something is missing at its end, or too much there.
    #[error("bundle `{from}` has {found} bytes, not {expected}")]
    Length {
        /// A path or an address.
        from: String,
        /// What it has.
        found: u64,
        /// What its index says.
        expected: u64,
    },
    /// A part of it is not what its digest says.
    #[error("bundle `{from}` is altered: {what}: {reason}")]
    Altered {
        /// A path or an address.
        from: String,
        /// The part: a digest, or a file.
        what: String,
        /// What was found.
        reason: String,
    },
    /// It is for something else.
    #[error("bundle `{from}` is for {what} `{found}`, not `{wanted}`")]
    Differs {
        /// A path or an address.
        from: String,
        /// `workshop` or `architecture`.
        what: &'static str,
        /// What it is for.
        found: String,
        /// What was meant.
        wanted: String,
    },
    /// What an engine gave out cannot be kept.
    #[error("the archive of image `{image}` cannot be used: {reason}")]
    Archive {
        /// The reference.
        image: String,
        /// What is wrong.
        reason: String,
    },
    /// An address of a bundle is none.
    #[error("`{address}` is no address of a bundle: {reason}")]
    Address {
        /// What was given.
        address: String,
        /// What would be right.
        reason: String,
    },
    /// Nobody answers at an address, or not to the end.
    #[error("the bundle at `{address}` cannot be read: {reason}")]
    Unreachable {
        /// The address.
        address: String,
        /// Why.
        reason: String,
    },
    /// Who gives bundles does not give this one.
    #[error("`{address}` answers {status} to who asks for the bundle")]
    Refused {
        /// The address.
        address: String,
        /// The HTTP status.
        status: u16,
    },
}

impl Error {
    pub(super) fn file(verb: &'static str, path: &Path) -> impl FnOnce(std::io::Error) -> Self + use<> {
        let path = path.to_owned();
        move |source| Self::File { verb, path, source }
    }
}
