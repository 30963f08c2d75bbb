//! References to images as the container runtime reads them. Pure.

use sha2::{Digest, Sha256};

/// An image reference in its full form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in super::super) struct Reference {
    pub(super) host: String,
    pub(super) path: String,
    pub(super) tag: String,
}

impl Reference {
    /// Reads a reference as people write it: host, `library/` and tag may be missing. None if it is no reference.
    pub(in super::super) fn parse(text: &str) -> Option<Self> {
        let (text, tag) = match text.split_once('@') {
            Some((text, digest)) => (text.rsplit_once(':').map_or(text, |(name, _)| name), Some(digest)),
            None => match text.rsplit_once(':') {
                Some((name, tag)) if !tag.contains('/') => (name, Some(tag)),
                _ => (text, None),
            },
        };
        let (host, path) = match text.split_once('/') {
            Some((host, path)) if host.contains(['.', ':']) || host == "localhost" => (host, path.to_owned()),
            Some(_) => ("docker.io", text.to_owned()),
            None => ("docker.io", format!("library/{text}")),
        };
        let tag = tag.unwrap_or("latest");
        let well_formed =
            |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"._-/".contains(&byte);
        let named =
            !path.is_empty() && path.bytes().all(well_formed) && path.split('/').all(|part| !part.is_empty());
        (named && !tag.is_empty()).then(|| Self { host: host.to_owned(), path, tag: tag.to_owned() })
    }

    /// The tag, which the simulated programs take for their version.
    pub(in super::super) fn tag(&self) -> &str {
        &self.tag
    }

    /// Host and path.
    pub(super) fn name(&self) -> String {
        format!("{}/{}", self.host, self.path)
    }

    /// The full form, as a container's status shows it.
    pub(in super::super) fn full(&self) -> String {
        let separator = if self.tag.contains(':') { '@' } else { ':' };
        format!("{}/{}{separator}{}", self.host, self.path, self.tag)
    }

    /// A digest that stands for the image.
    pub(in super::super) fn id(&self) -> String {
        Sha256::digest(self.full()).iter().fold("sha256:".to_owned(), |id, byte| format!("{id}{byte:02x}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn full(text: &str) -> Option<String> {
        Reference::parse(text).map(|reference| reference.full())
    }

    #[test]
    fn references_get_their_full_form() {
        assert_eq!(full("redis").unwrap(), "docker.io/library/redis:latest");
        assert_eq!(full("rancher/mirrored-pause:3.6").unwrap(), "docker.io/rancher/mirrored-pause:3.6");
        assert_eq!(full("localhost/a/b").unwrap(), "localhost/a/b:latest");
        assert_eq!(full("forge:3000/fleet/postcard:1.0.0").unwrap(), "forge:3000/fleet/postcard:1.0.0");
        assert_eq!(full("forge:3000/fleet/postcard").unwrap(), "forge:3000/fleet/postcard:latest");
        assert_eq!(full("ghcr.io/a/b:v1@sha256:00").unwrap(), "ghcr.io/a/b@sha256:00");
        assert_eq!(full("Postcard:1"), None);
        assert_eq!(full("postcard:"), None);
        assert_eq!(full(""), None);
    }
}
