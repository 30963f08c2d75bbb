//! Where a bundle is: a file, or the address of who gives it. Reading waits for its bytes: over HTTP, only threads that
//! may wait can do it.

use std::fs::File;
use std::io::{Read, Seek as _, SeekFrom};
use std::path::PathBuf;
use std::str::FromStr;

use super::Error;
use super::http::Place;

/// Where a bundle is.
#[derive(Clone, Debug)]
pub enum Source {
    /// A file.
    File(PathBuf),
    /// An address, whose token is not shown.
    Http(Place),
}

impl FromStr for Source {
    type Err = Error;

    /// An address where it looks like one, else a path.
    fn from_str(text: &str) -> Result<Self, Error> {
        if text.contains("://") { Ok(Self::Http(text.parse()?)) } else { Ok(Self::File(text.into())) }
    }
}

impl Source {
    /// As a person may see it.
    pub fn shown(&self) -> String {
        match self {
            Self::File(path) => path.display().to_string(),
            Self::Http(place) => place.shown(),
        }
    }

    /// How many bytes the bundle has.
    pub(super) fn length(&self) -> Result<u64, Error> {
        match self {
            Self::File(path) => {
                let found = std::fs::metadata(path).map_err(Error::file("read", path))?;
                if found.is_dir() {
                    let reason = "it is a folder".to_owned();
                    return Err(Error::NoBundle { from: self.shown(), reason });
                }
                Ok(found.len())
            }
            Self::Http(place) => place.length(),
        }
    }

    /// The bytes from `begin` to before `end`.
    pub(super) fn bytes(&self, begin: u64, end: u64) -> Result<Box<dyn Read + Send>, Error> {
        match self {
            Self::File(path) => {
                let mut file = File::open(path).map_err(Error::file("read", path))?;
                file.seek(SeekFrom::Start(begin)).map_err(Error::file("read", path))?;
                Ok(Box::new(file.take(end.saturating_sub(begin))))
            }
            Self::Http(place) => Ok(Box::new(place.bytes(begin, end))),
        }
    }

    /// What a failure to read means.
    pub(super) fn broken(&self, error: std::io::Error) -> Error {
        match (self, error.kind()) {
            // What does not unpack is no matter of the disk.
            (_, std::io::ErrorKind::Other | std::io::ErrorKind::UnexpectedEof) => Error::Altered {
                from: self.shown(),
                what: "its compression".to_owned(),
                reason: error.to_string(),
            },
            (Self::File(path), _) => Error::File { verb: "read", path: path.clone(), source: error },
            (Self::Http(_), _) => Error::Unreachable { address: self.shown(), reason: error.to_string() },
        }
    }
}
