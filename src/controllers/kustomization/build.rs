//! From an artifact to objects: the folder, the overlay that the Kustomization lays over it, variables.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{ConfigMap, Secret};
use kube::{Api, Client, ResourceExt as _};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::error::Error;
use crate::artifacts::{Files, Storage};
use crate::controllers::cluster::Identity;
use crate::manifests::{
    kustomize::{self, Image, Overlay, Patch, Target},
    substitute::substitute,
    yaml,
};
use crate::objects::flux::{self, Artifact, Kustomization, PostBuild};

/// A source's files, and the folder to build.
pub(super) struct Folder {
    files: Files,
    root: String,
    path: String,
}

/// What was built.
pub(super) struct Built {
    /// In the order of the build.
    pub(super) objects: Vec<Value>,
    /// `sha256:<hex>` of the objects as YAML.
    pub(super) digest: String,
}

/// Opens the artifact and finds the folder.
pub(super) async fn open(
    storage: &Storage,
    artifact: &Artifact,
    object: &Kustomization,
) -> Result<Folder, Error> {
    let (storage, path, digest) = (storage.clone(), artifact.path.clone(), artifact.digest.clone());
    let read = tokio::task::spawn_blocking(move || storage.read(&path, &digest)).await;
    let read = read.map_err(|error| Error::Artifact {
        path: artifact.path.clone(),
        source: crate::artifacts::Error::Archive { source: std::io::Error::other(error) },
    })?;
    let files = read.map_err(|source| Error::Artifact { path: artifact.path.clone(), source })?;
    let root = root(object);
    let given = object.spec.path.as_deref().unwrap_or_default();
    // Whatever leaves the tree is cut off at its root, as with a secure join.
    let mut parts = Vec::new();
    for part in given.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    let path = parts.join("/");
    let below = format!("{path}/");
    let exists = path.is_empty()
        || files.contains_key(&path)
        || files.range(below.clone()..).next().is_some_and(|(name, _)| name.starts_with(&below));
    if !exists {
        return Err(Error::Path { path: format!("{root}/{path}") });
    }
    Ok(Folder { files, root, path })
}

/// What messages call the tree: the real controller has a temporary folder there.
fn root(object: &Kustomization) -> String {
    let key = format!("{}/{}", object.namespace().unwrap_or_default(), object.name_any());
    let digest = Sha256::digest(key.as_bytes());
    let number = u32::from_be_bytes([digest[0], digest[1], digest[2], digest[3]]);
    format!("/tmp/kustomization-{number}")
}

impl Folder {
    /// Builds the folder. Pure work on files, away from the runtime's threads.
    pub(super) async fn build(self, object: &Kustomization, client: &Client) -> Result<Built, Error> {
        let variables = match &object.spec.post_build {
            Some(post_build) => Some(variables(post_build, object, client).await?),
            None => None,
        };
        let overlay = overlay(object);
        let work = tokio::task::spawn_blocking(move || {
            let built = kustomize::build_overlay(&self.files, &self.root, &self.path, &overlay);
            let mut objects = built.map_err(|source| match source {
                kustomize::Error::Manifest { .. } | kustomize::Error::NoIdentity { .. } => {
                    Error::Manifests { source }
                }
                source => Error::Build { source },
            })?;
            if let Some(variables) = &variables {
                for object in &mut objects {
                    *object = substituted(object, variables)?;
                }
            }
            let digest = Sha256::digest(yaml::write_all(&objects).as_bytes());
            Ok(Built { objects, digest: format!("sha256:{digest:x}") })
        });
        let failed = |error: tokio::task::JoinError| Error::Substitution {
            object: object.name_any(),
            reason: error.to_string(),
        };
        work.await.map_err(failed)?
    }
}

/// Patches of Flux' objects as kustomize has them.
pub(in crate::controllers) fn patches(given: Option<&Vec<flux::Patch>>) -> Vec<Patch> {
    let target = |target: &flux::PatchTarget| Target {
        group: target.group.clone(),
        version: target.version.clone(),
        kind: target.kind.clone(),
        name: target.name.clone(),
        namespace: target.namespace.clone(),
        label_selector: target.label_selector.clone(),
        annotation_selector: target.annotation_selector.clone(),
    };
    let patches = given.into_iter().flatten().map(|patch| Patch {
        patch: Some(patch.patch.clone()),
        target: patch.target.as_ref().map(target),
        ..Patch::default()
    });
    patches.collect()
}

/// Image overrides of Flux' objects as kustomize has them.
pub(in crate::controllers) fn image_overrides(given: Option<&Vec<flux::ImageOverride>>) -> Vec<Image> {
    let images = given.into_iter().flatten().map(|image| Image {
        name: image.name.clone(),
        new_name: image.new_name.clone(),
        new_tag: image.new_tag.clone(),
        digest: image.digest.clone(),
    });
    images.collect()
}

fn overlay(object: &Kustomization) -> Overlay {
    let spec = &object.spec;
    Overlay {
        namespace: spec.target_namespace.clone(),
        name_prefix: spec.name_prefix.clone(),
        name_suffix: spec.name_suffix.clone(),
        components: spec.components.clone().unwrap_or_default(),
        patches: patches(spec.patches.as_ref()),
        images: image_overrides(spec.images.as_ref()),
    }
}

async fn variables(
    post_build: &PostBuild,
    object: &Kustomization,
    client: &Client,
) -> Result<BTreeMap<String, String>, Error> {
    let namespace = object.namespace().unwrap_or_default();
    let mut variables = BTreeMap::new();
    for source in post_build.substitute_from.iter().flatten() {
        let wrong = |error: kube::Error| Error::Substitution {
            object: format!("{}/{namespace}/{}", source.kind, source.name),
            reason: error.to_string(),
        };
        let found: Option<BTreeMap<String, String>> = if source.kind == "Secret" {
            let api = Api::<Secret>::namespaced(client.clone(), &namespace);
            let secret = api.get_opt(&source.name).await.map_err(wrong)?;
            let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
            secret.map(|secret| {
                secret
                    .data
                    .unwrap_or_default()
                    .into_iter()
                    .map(|(key, value)| (key, text(&value.0)))
                    .collect()
            })
        } else {
            let api = Api::<ConfigMap>::namespaced(client.clone(), &namespace);
            api.get_opt(&source.name).await.map_err(wrong)?.map(|map| map.data.unwrap_or_default())
        };
        match found {
            Some(found) => variables.extend(found),
            None if source.optional => {}
            None => {
                let object = format!("{}/{namespace}/{}", source.kind, source.name);
                return Err(Error::Substitution { object, reason: "not found".to_owned() });
            }
        }
    }
    variables.extend(post_build.substitute.clone().unwrap_or_default());
    Ok(variables)
}

fn substituted(object: &Value, variables: &BTreeMap<String, String>) -> Result<Value, Error> {
    let disabled = ["labels", "annotations"]
        .iter()
        .any(|field| object["metadata"][field]["kustomize.toolkit.fluxcd.io/substitute"] == "disabled");
    if variables.is_empty() || disabled {
        return Ok(object.clone());
    }
    let wrong = |reason: String| Error::Substitution { object: Identity::of(object).to_string(), reason };
    let text = substitute(&yaml::write(object), variables).map_err(|error| wrong(error.to_string()))?;
    let documents = yaml::read_documents(&text).map_err(|error| wrong(error.to_string()))?;
    documents.into_iter().next().ok_or_else(|| wrong("nothing is left".to_owned()))
}
