//! An image made of files: one layer on top of another image's, and how its program is started.
//! <https://github.com/opencontainers/image-spec/blob/v1.1.1/config.md>

use std::collections::BTreeMap;
use std::io::Read as _;

use flate2::read::GzDecoder;
use serde_json::{Map, Value, json};

use super::Error;
use super::archive::{Entry, pack};
use super::remote::{Packed, digest};

/// The media type of the manifest.
const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
/// The media type of the configuration.
const CONFIG: &str = "application/vnd.oci.image.config.v1+json";
/// The media type of layers.
const LAYER: &str = "application/vnd.oci.image.layer.v1.tar+gzip";

/// What an image is to be.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Image {
    /// Files of its own layer, by path without a leading `/`.
    pub files: BTreeMap<String, Entry>,
    /// Labels.
    pub labels: BTreeMap<String, String>,
    /// Variables of its program.
    pub environment: BTreeMap<String, String>,
    /// The program and its first arguments; the base's when empty.
    pub entrypoint: Vec<String>,
}

/// What an image is built on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Base {
    /// Its configuration.
    pub config: Value,
    /// Its layers as they are stored.
    pub layers: Vec<Vec<u8>>,
}

impl Image {
    /// Builds it. The same parts give the same bytes.
    pub fn build(&self, base: &Base) -> Result<Packed, Error> {
        let mut config = match &base.config {
            Value::Object(_) => base.config.clone(),
            _ => json!({"architecture": "amd64", "os": "linux", "config": {},
                "rootfs": {"type": "layers", "diff_ids": []}, "history": []}),
        };
        let mut layers = base.layers.clone();
        if !self.files.is_empty() {
            let layer = pack(&self.files)?;
            let plain = digest(&unpacked(&layer)?);
            push(&mut config["rootfs"]["diff_ids"], json!(plain));
            push(&mut config["history"], json!({"created_by": "atelier"}));
            layers.push(layer);
        }
        let inner = &mut config["config"];
        if !inner.is_object() {
            *inner = Value::Object(Map::new());
        }
        for (name, value) in &self.labels {
            inner["Labels"][name.as_str()] = json!(value);
        }
        if !self.environment.is_empty() {
            let mut variables: BTreeMap<String, String> = variables(&inner["Env"]);
            variables.extend(self.environment.clone());
            let lines: Vec<_> = variables.iter().map(|(name, value)| format!("{name}={value}")).collect();
            inner["Env"] = json!(lines);
        }
        if !self.entrypoint.is_empty() {
            inner["Entrypoint"] = json!(self.entrypoint);
        }
        let config = config.to_string().into_bytes();
        let described = |media: &str, bytes: &[u8]| json!({"mediaType": media, "digest": digest(bytes), "size": bytes.len()});
        let list: Vec<_> = layers.iter().map(|layer| described(LAYER, layer)).collect();
        let manifest = json!({"schemaVersion": 2, "mediaType": MANIFEST, "config": described(CONFIG, &config), "layers": list});
        layers.push(config);
        Ok(Packed {
            manifest: manifest.to_string().into_bytes(),
            media_type: MANIFEST.to_owned(),
            blobs: layers,
        })
    }
}

fn push(list: &mut Value, item: Value) {
    if let Value::Array(list) = list {
        list.push(item);
    } else {
        *list = json!([item]);
    }
}

fn variables(list: &Value) -> BTreeMap<String, String> {
    let lines = list.as_array().into_iter().flatten().filter_map(Value::as_str);
    lines
        .filter_map(|line| line.split_once('='))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}

fn unpacked(layer: &[u8]) -> Result<Vec<u8>, Error> {
    let mut bytes = Vec::new();
    GzDecoder::new(layer).read_to_end(&mut bytes).map_err(|source| Error::Archive { source })?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_on_top_of_another_has_what_both_have() {
        let file = |text: &str| Entry::File(text.as_bytes().to_vec());
        let lower = Image {
            files: [("bin/run".to_owned(), file("run"))].into(),
            environment: [("A".to_owned(), "1".to_owned()), ("B".to_owned(), "1".to_owned())].into(),
            entrypoint: vec!["/bin/run".to_owned()],
            labels: BTreeMap::new(),
        };
        let below = lower.build(&Base::default()).unwrap();
        let config: Value = serde_json::from_slice(&below.blobs[1]).unwrap();
        let base = Base { config, layers: vec![below.blobs[0].clone()] };
        let upper = Image {
            files: [("srv/index.html".to_owned(), file("hello"))].into(),
            environment: [("B".to_owned(), "2".to_owned())].into(),
            labels: [("version".to_owned(), "1.1.0".to_owned())].into(),
            entrypoint: Vec::new(),
        };
        let built = upper.build(&base).unwrap();
        assert_eq!(upper.build(&base).unwrap(), built, "the same parts give the same bytes");
        let config: Value = serde_json::from_slice(&built.blobs[2]).unwrap();
        assert_eq!(
            config["config"],
            json!({"Env": ["A=1", "B=2"], "Entrypoint": ["/bin/run"], "Labels": {"version": "1.1.0"}})
        );
        let plain: Vec<_> = built.blobs[..2].iter().map(|layer| digest(&unpacked(layer).unwrap())).collect();
        assert_eq!(config["rootfs"]["diff_ids"], json!(plain));
        let manifest: Value = serde_json::from_slice(&built.manifest).unwrap();
        let named: Vec<_> =
            manifest["layers"].as_array().unwrap().iter().map(|layer| layer["digest"].clone()).collect();
        assert_eq!(named, built.blobs[..2].iter().map(|blob| json!(digest(blob))).collect::<Vec<_>>());
    }
}
