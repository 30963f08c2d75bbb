//! The catalogue, the lab's registry, and which images each node holds.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use super::contents::Contents;
use super::pushed::{Missing, Registry};
use super::reference::Reference;
use crate::objects::{Behaviour, Image};

/// An image that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in super::super) struct Found {
    /// What a container of it does.
    pub(in super::super) behaviour: Behaviour,
    /// What a status shows of it: a digest, with the repository where there is one.
    pub(in super::super) id: String,
    /// In bytes, where it is known: images of the catalogue have none.
    pub(in super::super) size: Option<u64>,
    /// What is inside, if it was pushed.
    pub(in super::super) contents: Option<Arc<Contents>>,
}

/// What all nodes know of images.
#[derive(Debug)]
pub(in super::super) struct Images {
    catalogue: Vec<(Reference, Image)>,
    registry: Option<Registry>,
    present: Mutex<BTreeMap<(String, String), Found>>,
}

impl Images {
    pub(in super::super) fn new(images: Vec<Image>, registry: Option<Registry>) -> Self {
        let read = |image: Image| Some((Reference::parse(&image.reference)?, image));
        let catalogue = images.into_iter().filter_map(read).collect();
        Self { catalogue, registry, present: Mutex::default() }
    }

    /// Finds an image; the error is the runtime's words for why it cannot be pulled. What somebody pushed is taken
    /// before what the catalogue has under the same name.
    pub(in super::super) async fn find(&self, reference: &Reference) -> Result<Found, String> {
        if let Some(registry) = self.registry.as_ref().filter(|registry| registry.name == reference.host) {
            match registry.pull(reference).await {
                Ok(pulled) => {
                    return Ok(Found {
                        behaviour: pulled.contents.behaviour,
                        id: format!("{}@{}", reference.name(), pulled.digest),
                        size: Some(pulled.size),
                        contents: Some(Arc::new(pulled.contents)),
                    });
                }
                Err(Missing::Unusable(words)) => return Err(words),
                Err(Missing::Unknown) => {}
            }
        }
        self.catalogued(reference)
    }

    fn catalogued(&self, reference: &Reference) -> Result<Found, String> {
        let name = reference.name();
        let known = |(known, image): &&(Reference, Image)| {
            known.name() == name && image.tags.iter().any(|tag| tag == reference.tag())
        };
        match self.catalogue.iter().find(known) {
            Some((_, image)) => {
                Ok(Found { behaviour: image.behaviour, id: reference.id(), size: None, contents: None })
            }
            None => Err(self.refusal(reference)),
        }
    }

    /// The words of containerd.
    fn refusal(&self, reference: &Reference) -> String {
        let full = reference.full();
        let begin =
            format!(r#"failed to pull and unpack image "{full}": failed to resolve reference "{full}""#);
        let Reference { host, path, tag } = reference;
        let ours = self.registry.as_ref().is_some_and(|registry| registry.name == *host);
        let known = |known: &Reference| known.host == *host && (host != "docker.io" || known.path == *path);
        if ours || self.catalogue.iter().any(|(reference, _)| known(reference)) {
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

    /// The image that the node holds.
    pub(in super::super) fn present(&self, node: &str, reference: &Reference) -> Option<Found> {
        self.lock().get(&(node.to_owned(), reference.full())).cloned()
    }

    /// Remembers that the node holds the image.
    pub(in super::super) fn add(&self, node: &str, reference: &Reference, found: Found) {
        self.lock().insert((node.to_owned(), reference.full()), found);
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeMap<(String, String), Found>> {
        self.present.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_images_are_refused_in_the_words_of_the_runtime() {
        let images = vec![Image {
            reference: "forge:3000/fleet/postcard".to_owned(),
            tags: vec!["1.0.0".to_owned()],
            behaviour: Behaviour::Postcard,
        }];
        let images = Images::new(images, None);
        let find = |text| images.catalogued(&Reference::parse(text).unwrap());
        assert_eq!(find("forge:3000/fleet/postcard:1.0.0").unwrap().behaviour, Behaviour::Postcard);
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
