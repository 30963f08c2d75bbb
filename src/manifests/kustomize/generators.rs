//! `configMapGenerator` and `secretGenerator`, with names that change with their contents.

use std::collections::{BTreeMap, BTreeSet};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::Error;
use super::identity::Identity;
use super::kustomization::{Generator, GeneratorOptions};
use super::resource::{Resource, child};
use super::tree::{Tree, join};

/// Makes the generated objects of a kind, or merges them into those of a base.
pub(super) fn generate(
    resources: &mut Vec<Resource>,
    kind: &str,
    generators: &[Generator],
    common: Option<&GeneratorOptions>,
    tree: Tree<'_>,
    folder: &str,
) -> Result<(), Error> {
    for generator in generators {
        let object = object(kind, generator, common, tree, folder)?;
        let disabled =
            |options: Option<&GeneratorOptions>| options.is_some_and(|o| o.disable_name_suffix_hash);
        let needs_hash = !disabled(common) && !disabled(generator.options.as_ref());
        let wrong = |message: String| Error::Generator { name: generator.name.clone(), message };
        let identity = Identity::of(&object);
        let base = resources
            .iter_mut()
            .find(|resource| resource.identities().any(|id| id.kind == kind && id.name == identity.name));
        // What is none of the three counts as `create`.
        let behavior = generator.behavior.as_deref();
        match (behavior.filter(|one| ["merge", "replace"].contains(one)).unwrap_or("create"), base) {
            ("merge", Some(base)) => merge(&mut base.object, &object),
            ("replace", Some(base)) => {
                for field in ["data", "binaryData"] {
                    if let Some(fields) = base.object.as_object_mut() {
                        fields.shift_remove(field);
                    }
                }
                merge(&mut base.object, &object);
            }
            (behavior @ ("merge" | "replace"), None) => {
                return Err(wrong(format!("no {kind} `{}` to {behavior}", generator.name)));
            }
            (_, None) => resources.push(Resource { needs_hash, ..Resource::new(object) }),
            (_, Some(_)) => return Err(Error::Duplicate { id: identity.to_string() }),
        }
    }
    Ok(())
}

fn merge(base: &mut Value, over: &Value) {
    for field in ["data", "binaryData"] {
        if let Some(values) = over[field].as_object()
            && let Some(target) = child(base, field)
        {
            target.extend(values.clone());
        }
    }
    for field in ["labels", "annotations"] {
        if let Some(values) = over["metadata"][field].as_object()
            && let Some(target) = child(&mut base["metadata"], field)
        {
            target.extend(values.clone());
        }
    }
}

fn object(
    kind: &str,
    generator: &Generator,
    common: Option<&GeneratorOptions>,
    tree: Tree<'_>,
    folder: &str,
) -> Result<Value, Error> {
    let mut object = json!({ "apiVersion": "v1", "kind": kind, "metadata": { "name": generator.name } });
    if let Some(namespace) = &generator.namespace {
        object["metadata"]["namespace"] = namespace.as_str().into();
    }
    let (mut labels, mut annotations, mut immutable) = (BTreeMap::new(), BTreeMap::new(), false);
    for options in common.into_iter().chain(&generator.options) {
        labels.extend(options.labels.clone());
        annotations.extend(options.annotations.clone());
        immutable |= options.immutable;
    }
    for (field, values) in [("labels", labels), ("annotations", annotations)] {
        if !values.is_empty() {
            object["metadata"][field] = json!(values);
        }
    }
    if immutable {
        object["immutable"] = true.into();
    }
    let secret = kind == "Secret";
    let called = kind.to_lowercase();
    if generator.name.is_empty() {
        return Err(Error::NamelessGenerator { kind: called });
    }
    if secret {
        object["type"] = generator.kind.as_deref().unwrap_or("Opaque").into();
    }
    let mut seen = BTreeSet::new();
    for (key, bytes) in contents(generator, tree, folder)? {
        if !seen.insert(key.clone()) {
            return Err(Error::RepeatedKey { kind: called, name: generator.name.clone(), key });
        }
        let text = std::str::from_utf8(&bytes).ok().filter(|_| !secret);
        let (field, value) = match text {
            Some(text) => ("data", text.to_owned()),
            None => (if secret { "data" } else { "binaryData" }, STANDARD.encode(&bytes)),
        };
        if let Some(data) = child(&mut object, field) {
            data.insert(key, value.into());
        }
    }
    Ok(object)
}

/// Keys and values, sorted by key; a key may come twice.
fn contents(generator: &Generator, tree: Tree<'_>, folder: &str) -> Result<Vec<(String, Vec<u8>)>, Error> {
    let wrong = |message: String| Error::Generator { name: generator.name.clone(), message };
    let read = |path: &str| {
        let full = join(folder, path);
        let found = full.as_deref().and_then(|full| tree.file(full));
        let shown = tree.shown(full.as_deref().unwrap_or(path));
        found.ok_or(Error::MissingFile { what: "loading KV pairs: file sources", path: shown })
    };
    let mut values = Vec::new();
    for path in generator.envs.iter().chain(&generator.env) {
        let text = String::from_utf8_lossy(read(path)?).into_owned();
        for line in
            text.lines().map(str::trim_start).filter(|line| !line.is_empty() && !line.starts_with('#'))
        {
            let (key, value) = line.split_once('=').unwrap_or((line, ""));
            values.push((key.to_owned(), value.as_bytes().to_vec()));
        }
    }
    for source in &generator.files {
        let (key, path) =
            source.split_once('=').unwrap_or((source.rsplit('/').next().unwrap_or(source), source));
        values.push((key.to_owned(), read(path)?.to_vec()));
    }
    for literal in &generator.literals {
        let (key, value) =
            literal.split_once('=').ok_or_else(|| wrong(format!("literal `{literal}` is no `key=value`")))?;
        let quoted = |quote: char| value.strip_prefix(quote).and_then(|rest| rest.strip_suffix(quote));
        let value = quoted('"').or_else(|| quoted('\'')).unwrap_or(value);
        values.push((key.to_owned(), value.as_bytes().to_vec()));
    }
    values.sort_by(|(one, _), (other, _)| one.cmp(other));
    Ok(values)
}

/// Adds the hash of its contents to the name of each generated object.
pub(super) fn add_hashes(resources: &mut [Resource]) {
    for resource in resources.iter_mut().filter(|resource| resource.needs_hash) {
        let name = format!("{}-{}", resource.identity().name, hash(&resource.object));
        resource.set_metadata("name", &name);
    }
}

/// Kustomize's hash: of the parts that matter, in a fixed order (the name counts as empty), in an alphabet that spells
/// nothing.
fn hash(object: &Value) -> String {
    let mut parts = BTreeMap::from([("kind", object["kind"].clone()), ("name", "".into())]);
    let sorted = |field: &str| {
        let map = object[field].as_object().cloned().unwrap_or_default();
        json!(map.into_iter().collect::<BTreeMap<_, _>>())
    };
    let data = if object.get("data").is_some() { sorted("data") } else { "".into() };
    parts.insert("data", data);
    if object["kind"] == "Secret" {
        parts.insert("type", object["type"].clone());
    }
    for field in ["binaryData", "stringData"] {
        if object.get(field).is_some() {
            parts.insert(field, sorted(field));
        }
    }
    // Go escapes these in JSON.
    let text = serde_json::to_string(&parts).unwrap_or_default();
    let text = text.replace('&', "\\u0026").replace('<', "\\u003c").replace('>', "\\u003e");
    let digest = format!("{:x}", Sha256::digest(text.as_bytes()));
    let spelled = |char| match char {
        '0' => 'g',
        '1' => 'h',
        '3' => 'k',
        'a' => 'm',
        'e' => 't',
        char => char,
    };
    digest.chars().take(10).map(spelled).collect()
}
