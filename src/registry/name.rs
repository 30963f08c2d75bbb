//! What a path below `/v2/` means. A repository's name has several segments, so that the end of the path decides.

use super::digest::Digest;
use super::error::ApiError;

/// A longer name is refused.
const LIMIT: usize = 255;

/// A repository's name: an owner and at least one more segment.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Name {
    full: String,
}

impl Name {
    pub(super) fn parse(text: &str) -> Result<Self, ApiError> {
        let good = text.len() <= LIMIT && text.contains('/') && text.split('/').all(is_component);
        if good { Ok(Self { full: text.to_owned() }) } else { Err(ApiError::NameInvalid) }
    }

    pub(super) fn as_str(&self) -> &str {
        &self.full
    }

    pub(super) fn owner(&self) -> &str {
        self.full.split('/').next().unwrap_or_default()
    }
}

/// `[a-z0-9]+` joined by `.`, `_`, `__` or dashes, as the specification says.
fn is_component(text: &str) -> bool {
    let edge =
        |byte: Option<&u8>| byte.is_some_and(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
    let bytes = text.as_bytes();
    let known = |byte: &u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"._-".contains(byte);
    edge(bytes.first()) && edge(bytes.last()) && bytes.iter().all(known) && !text.contains("..")
}

/// Which manifest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Reference {
    Tag(String),
    Digest(Digest),
}

impl Reference {
    fn parse(text: &str) -> Result<Self, ApiError> {
        if text.contains(':') {
            return text.parse().map(Self::Digest).map_err(|()| ApiError::DigestInvalid);
        }
        let first = text.bytes().next().is_some_and(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        let known = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte));
        if first && known && text.len() <= 128 {
            Ok(Self::Tag(text.to_owned()))
        } else {
            Err(ApiError::ManifestUnknown)
        }
    }
}

/// What a path is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Target {
    Tags,
    Manifest(Reference),
    Blob(Digest),
    Uploads,
    Upload(String),
    Referrers(Digest),
}

/// Reads a path after `/v2/`.
pub(super) fn parse(path: &str) -> Result<(Name, Target), ApiError> {
    let segments: Vec<&str> = path.split('/').collect();
    let digest = |text: &str| text.parse().map_err(|()| ApiError::DigestInvalid);
    let (count, target) = match segments.as_slice() {
        [.., "tags", "list"] => (2, Target::Tags),
        [.., "manifests", reference] => (2, Target::Manifest(Reference::parse(reference)?)),
        [.., "blobs", "uploads", ""] => (3, Target::Uploads),
        [.., "blobs", "uploads"] => (2, Target::Uploads),
        [.., "blobs", "uploads", id] => (3, Target::Upload((*id).to_owned())),
        [.., "blobs", wanted] => (2, Target::Blob(digest(wanted)?)),
        [.., "referrers", wanted] => (2, Target::Referrers(digest(wanted)?)),
        _ => return Err(ApiError::NameUnknown),
    };
    let name = segments[..segments.len() - count].join("/");
    Ok((Name::parse(&name)?, target))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_read_from_their_end() {
        let read = |path: &str| parse(path).map(|(name, target)| (name.full, target));
        let tag = Target::Manifest(Reference::Tag("1.0".to_owned()));
        assert_eq!(read("fleet/a/b/manifests/1.0").unwrap(), ("fleet/a/b".to_owned(), tag));
        assert_eq!(read("fleet/a/tags/list").unwrap(), ("fleet/a".to_owned(), Target::Tags));
        assert_eq!(read("fleet/a/blobs/uploads/").unwrap(), ("fleet/a".to_owned(), Target::Uploads));
        assert_eq!(read("f/a/blobs/uploads/x").unwrap(), ("f/a".to_owned(), Target::Upload("x".to_owned())));
    }

    #[test]
    fn names_that_leave_their_folder_are_refused() {
        for path in [
            "../a/tags/list",
            "a/../tags/list",
            "A/b/tags/list",
            "a//b/tags/list",
            "a/tags/list",
            "/tags/list",
        ] {
            assert!(parse(path).is_err(), "{path}");
        }
        for digest in ["sha256:xyz", "sha256:../../x", "md5:aa"] {
            assert!(parse(&format!("a/b/blobs/{digest}")).is_err(), "{digest}");
        }
    }
}
