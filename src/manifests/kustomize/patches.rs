//! `patches`, `patchesStrategicMerge` and `patchesJson6902`.

use serde_json::Value;

use super::Error;
use super::identity::Identity;
use super::kustomization::Patch;
use super::resource::Resource;
use super::selector::Selector;
use super::tree::{Tree, join};
use crate::manifests::{
    patch::{Schema, apply_json, apply_strategic},
    yaml::read_documents,
};

/// Applies one entry of `patches`.
pub(super) fn apply(
    resources: &mut Vec<Resource>,
    patch: &Patch,
    tree: Tree<'_>,
    folder: &str,
    schema: Option<&Schema>,
) -> Result<(), Error> {
    let text = match (&patch.patch, &patch.path) {
        (Some(text), Some(file)) if !text.is_empty() && !file.is_empty() => {
            return Err(Error::PatchAndPath { patch: text.clone(), path: file.clone() });
        }
        (Some(text), _) if !text.is_empty() => text.clone(),
        (_, Some(file)) => {
            let full = join(folder, file);
            let shown = tree.shown(full.as_deref().unwrap_or(file));
            let bytes = full.as_deref().and_then(|full| tree.file(full));
            let bytes = bytes
                .ok_or(Error::MissingFile { what: "failed to get the patch file from path", path: shown })?;
            String::from_utf8_lossy(bytes).into_owned()
        }
        _ => return Err(Error::MalformedPatch { text: String::new() }),
    };
    let malformed = || Error::MalformedPatch { text: text.chars().take(200).collect() };
    // What begins like JSON must be JSON.
    let documents = if text.trim_start().starts_with('[') {
        vec![serde_json::from_str(&text).map_err(|_| malformed())?]
    } else {
        read_documents(&text).map_err(|_| malformed())?
    };
    let selector = patch.target.as_ref().map(Selector::new).transpose()?;
    for document in documents {
        match (&document, &selector) {
            (Value::Array(_), Some(selector)) => apply_operations(resources, &document, selector)?,
            (Value::Object(_), Some(selector)) => {
                apply_merge(resources, (&document, schema), patch, |resource| selector.matches(resource));
            }
            (Value::Object(_), None) => {
                let identity = Identity::of(&document);
                let meant =
                    |resource: &Resource| resource.identities().any(|id| id.is_same_object(&identity));
                let lenient = |resource: &Resource| {
                    identity.namespace.is_empty()
                        && resource.identities().any(|id| {
                            (&id.group, &id.kind, &id.name)
                                == (&identity.group, &identity.kind, &identity.name)
                        })
                };
                let exact = resources.iter().any(meant);
                if !exact && !resources.iter().any(lenient) {
                    return Err(Error::Unmatched { id: identity.to_string() });
                }
                apply_merge(resources, (&document, schema), patch, |resource| {
                    if exact { meant(resource) } else { lenient(resource) }
                });
            }
            _ => return Err(malformed()),
        }
    }
    Ok(())
}

fn apply_operations(
    resources: &mut [Resource],
    operations: &Value,
    selector: &Selector,
) -> Result<(), Error> {
    for resource in resources.iter_mut().filter(|resource| selector.matches(resource)) {
        let id = resource.identity().to_string();
        let mut result = Ok(());
        resource.rename(|object| result = apply_json(object, operations));
        result.map_err(|source| Error::JsonPatch { id, source })?;
    }
    Ok(())
}

fn apply_merge(
    resources: &mut Vec<Resource>,
    (document, schema): (&Value, Option<&Schema>),
    patch: &Patch,
    meant: impl Fn(&Resource) -> bool,
) {
    let allows = |option: &str| patch.options.get(option).copied().unwrap_or(false);
    let (name_change, kind_change) = (allows("allowNameChange"), allows("allowKindChange"));
    resources.retain_mut(|resource| {
        if !meant(resource) {
            return true;
        }
        let before = resource.identity();
        let Some(mut merged) = apply_strategic(&resource.object, document, schema) else { return false };
        // A patch selects by its name and kind; it changes them only when asked to.
        let mut keep = |pointer: &str| {
            let old = resource.object.pointer(pointer).cloned();
            if let (Some(old), Some(new)) = (old, merged.pointer_mut(pointer)) {
                *new = old;
            }
        };
        if !name_change {
            keep("/metadata/name");
        }
        if !kind_change {
            keep("/kind");
            keep("/apiVersion");
        }
        if !before.namespace.is_empty() || document.pointer("/metadata/namespace").is_some() {
            let namespace = resource.object.pointer("/metadata/namespace").cloned();
            if let Some(metadata) = merged["metadata"].as_object_mut() {
                match namespace {
                    Some(namespace) => drop(metadata.insert("namespace".to_owned(), namespace)),
                    None => drop(metadata.shift_remove("namespace")),
                }
            }
        }
        resource.rename(|object| *object = merged);
        true
    });
}
