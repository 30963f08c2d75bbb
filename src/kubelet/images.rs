//! What the nodes know of images: references as the container runtime reads them, the catalogue, and the runtime's
//! words when an image cannot be had.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use sha2::{Digest, Sha256};

use crate::objects::{Behaviour, Image};

/// An image reference in its full form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Reference {
    host: String,
    path: String,
    tag: String,
}

impl Reference {
    /// Reads a reference as people write it: host, `library/` and tag may be missing. None if it is no reference.
    pub(super) fn parse(text: &str) -> Option<Self> {
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
    pub(super) fn tag(&self) -> &str {
        &self.tag
    }

    /// Host and path.
    fn name(&self) -> String {
        format!("{}/{}", self.host, self.path)
    }

    /// The full form, as a container's status shows it.
    pub(super) fn full(&self) -> String {
        let separator = if self.tag.contains(':') { '@' } else { ':' };
        format!("{}/{}{separator}{}", self.host, self.path, self.tag)
    }

    /// A digest that stands for the image.
    pub(super) fn id(&self) -> String {
        Sha256::digest(self.full()).iter().fold("sha256:".to_owned(), |id, byte| format!("{id}{byte:02x}"))
    }
}

/// The catalogue, and which images each node holds.
#[derive(Debug)]
pub(super) struct Images {
    catalogue: Vec<(Reference, Image)>,
    present: Mutex<BTreeSet<(String, String)>>,
}

impl Images {
    pub(super) fn new(images: Vec<Image>) -> Self {
        let read = |image: Image| Some((Reference::parse(&image.reference)?, image));
        Self { catalogue: images.into_iter().filter_map(read).collect(), present: Mutex::default() }
    }

    /// What a container of the image does, or the runtime's words for why it cannot be pulled.
    pub(super) fn find(&self, reference: &Reference) -> Result<Behaviour, String> {
        let name = reference.name();
        let known = |(known, image): &&(Reference, Image)| {
            known.name() == name && image.tags.iter().any(|tag| tag == reference.tag())
        };
        match self.catalogue.iter().find(known) {
            Some((_, image)) => Ok(image.behaviour),
            None => Err(self.refusal(reference)),
        }
    }

    /// The words of containerd.
    fn refusal(&self, reference: &Reference) -> String {
        let full = reference.full();
        let begin =
            format!(r#"failed to pull and unpack image "{full}": failed to resolve reference "{full}""#);
        let Reference { host, path, tag } = reference;
        if self
            .catalogue
            .iter()
            .any(|(known, _)| known.host == *host && (host != "docker.io" || known.path == *path))
        {
            return format!("rpc error: code = NotFound desc = {begin}: {full}: not found");
        }
        if host == "docker.io" {
            return format!(
                "{begin}: pull access denied, repository does not exist or may require authorization: \
                 server message: insufficient_scope: authorization failed"
            );
        }
        let name = host.split(':').next().unwrap_or(host);
        format!(
            r#"{begin}: failed to do request: Head "https://{host}/v2/{path}/manifests/{tag}": dial tcp: lookup {name}: no such host"#
        )
    }

    /// Whether the node holds the image.
    pub(super) fn is_present(&self, node: &str, reference: &Reference) -> bool {
        self.lock().contains(&(node.to_owned(), reference.full()))
    }

    /// Remembers that the node holds the image.
    pub(super) fn add(&self, node: &str, reference: &Reference) {
        self.lock().insert((node.to_owned(), reference.full()));
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeSet<(String, String)>> {
        self.present.lock().unwrap_or_else(PoisonError::into_inner)
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

    #[test]
    fn unknown_images_are_refused_in_the_words_of_the_runtime() {
        let images = Images::new(vec![Image {
            reference: "forge:3000/fleet/postcard".to_owned(),
            tags: vec!["1.0.0".to_owned()],
            behaviour: Behaviour::Postcard,
        }]);
        let find = |text| images.find(&Reference::parse(text).unwrap());
        assert_eq!(find("forge:3000/fleet/postcard:1.0.0"), Ok(Behaviour::Postcard));
        let refused = [
            "forge:3000/fleet/postcard:9.9.9",
            "forge:3000/fleet/other:1.0.0",
            "nothing",
            "forge.example/none:9.9.9",
        ]
        .map(|text| find(text).unwrap_err());
        assert_eq!(
            refused,
            [
                r#"rpc error: code = NotFound desc = failed to pull and unpack image "forge:3000/fleet/postcard:9.9.9": failed to resolve reference "forge:3000/fleet/postcard:9.9.9": forge:3000/fleet/postcard:9.9.9: not found"#,
                r#"rpc error: code = NotFound desc = failed to pull and unpack image "forge:3000/fleet/other:1.0.0": failed to resolve reference "forge:3000/fleet/other:1.0.0": forge:3000/fleet/other:1.0.0: not found"#,
                r#"failed to pull and unpack image "docker.io/library/nothing:latest": failed to resolve reference "docker.io/library/nothing:latest": pull access denied, repository does not exist or may require authorization: server message: insufficient_scope: authorization failed"#,
                r#"failed to pull and unpack image "forge.example/none:9.9.9": failed to resolve reference "forge.example/none:9.9.9": failed to do request: Head "https://forge.example/v2/none/manifests/9.9.9": dial tcp: lookup forge.example: no such host"#,
            ]
        );
    }
}
