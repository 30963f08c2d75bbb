//! What is pushed, and the words that manifests describe it with.

use serde_json::{Map, Value, json};

use super::remote::digest;

/// The media type of an image's manifest, which charts and artefacts have too.
pub(super) const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
/// The media type of a list of manifests.
pub(super) const INDEX: &str = "application/vnd.oci.image.index.v1+json";

/// What is pushed: a manifest, and what it names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Packed {
    /// The manifest's bytes.
    pub manifest: Vec<u8>,
    /// Its media type.
    pub media_type: String,
    /// The blobs' bytes.
    pub blobs: Vec<Vec<u8>>,
    /// The manifests that this one lists.
    pub parts: Vec<Packed>,
    /// Blobs of other repositories, each with the repository that has it.
    pub borrowed: Vec<(String, String)>,
}

impl Packed {
    /// The digest that the registry will know the manifest by.
    pub fn digest(&self) -> String {
        digest(&self.manifest)
    }

    /// A manifest of a configuration and layers, each with its media type.
    pub(super) fn of(
        config: (&str, Vec<u8>),
        layers: Vec<(&str, Vec<u8>)>,
        annotations: impl IntoIterator<Item = (String, String)>,
    ) -> Self {
        let list = layers.iter().map(|(media, bytes)| described(media, bytes)).collect();
        let manifest = manifest(&described(config.0, &config.1), list, annotations);
        let mut blobs = vec![config.1];
        blobs.extend(layers.into_iter().map(|(_, bytes)| bytes));
        Self { manifest, media_type: MANIFEST.to_owned(), blobs, ..Self::default() }
    }
}

/// A descriptor.
pub(super) fn described(media_type: &str, bytes: &[u8]) -> Value {
    json!({"mediaType": media_type, "digest": digest(bytes), "size": bytes.len()})
}

/// A manifest's bytes. Without annotations it has none.
pub(super) fn manifest(
    config: &Value,
    layers: Vec<Value>,
    annotations: impl IntoIterator<Item = (String, String)>,
) -> Vec<u8> {
    let document = json!({"schemaVersion": 2, "mediaType": MANIFEST, "config": config, "layers": layers});
    annotated(document, annotations)
}

/// A document's bytes, with annotations where there are some.
pub(super) fn annotated(
    mut document: Value,
    annotations: impl IntoIterator<Item = (String, String)>,
) -> Vec<u8> {
    let annotations = annotations.into_iter().map(|(name, value)| (name, Value::from(value)));
    let annotations: Map<String, Value> = annotations.collect();
    if !annotations.is_empty() {
        document["annotations"] = Value::Object(annotations);
    }
    document.to_string().into_bytes()
}
