//! `replacements`: the value of one field into others.
//! <https://kubectl.docs.kubernetes.io/references/kustomize/kustomization/replacements/>

use serde_json::Value;

use super::Error;
use super::dotted_path::{Made, look_up, split, text, visit};
use super::kustomization::{FieldOptions, Replacement, Source, TargetSelector};
use super::resource::Resource;
use super::selector::Selector;
use super::tree::{Tree, join};
use crate::manifests::yaml::{read_legacy, resolve_legacy};

/// The field that is meant where none is named.
pub(super) const DEFAULT_FIELD: &str = "metadata.name";

/// Does all replacements, in their order.
pub(super) fn replace(
    resources: &mut [Resource],
    replacements: &[Replacement],
    tree: Tree<'_>,
    folder: &str,
) -> Result<(), Error> {
    for replacement in replacements {
        let from_file = replacement.path.as_deref().map(|path| read(path, tree, folder)).transpose()?;
        for replacement in from_file.as_deref().unwrap_or(std::slice::from_ref(replacement)) {
            let (Some(source), Some(targets)) = (&replacement.source, &replacement.targets) else {
                return Err(wrong("replacements must specify a source and at least one target"));
            };
            let value = source_value(resources, source)?;
            for target in targets {
                put(resources, &value, target)?;
            }
        }
    }
    Ok(())
}

fn wrong(message: impl Into<String>) -> Error {
    Error::Replacement { message: message.into() }
}

/// A file has one replacement or a list of them.
fn read(path: &str, tree: Tree<'_>, folder: &str) -> Result<Vec<Replacement>, Error> {
    let full = join(folder, path);
    let shown = tree.shown(full.as_deref().unwrap_or(path));
    let bytes = full.as_deref().and_then(|full| tree.file(full));
    let bytes = bytes.ok_or(Error::MissingFile { what: "replacements", path: shown.clone() })?;
    let malformed = |message: String| wrong(format!("{shown}: {message}"));
    let document =
        read_legacy(&String::from_utf8_lossy(bytes)).map_err(|error| malformed(error.to_string()))?;
    let list = match document {
        Value::Array(items) => items,
        one => vec![one],
    };
    let read = |item| serde_json::from_value(item).map_err(|error| malformed(error.to_string()));
    list.into_iter().map(read).collect()
}

fn source_value(resources: &[Resource], source: &Source) -> Result<Value, Error> {
    let is = |wanted: &Option<String>, own: &str| {
        wanted.as_deref().is_none_or(|wanted| wanted.is_empty() || wanted == own)
    };
    let means = |resource: &&Resource| {
        resource.identities().any(|id| {
            let namespace = source.namespace.as_deref().unwrap_or_default();
            is(&source.group, &id.group)
                && is(&source.version, &id.version)
                && is(&source.kind, &id.kind)
                && is(&source.name, &id.name)
                && (namespace.is_empty()
                    || namespace == id.namespace
                    || namespace == id.effective_namespace())
        })
    };
    let mut found = resources.iter().filter(means);
    let Some(one) = found.next() else { return Err(wrong(format!("nothing selected by {source}"))) };
    if found.next().is_some() {
        return Err(wrong(format!("multiple matches for selector {source}")));
    }
    let path = source.field_path.as_deref().filter(|path| !path.is_empty()).unwrap_or(DEFAULT_FIELD);
    let value = look_up(&one.object, &split(path))
        .map_err(|error| wrong(format!("error looking up replacement source: {error}")))?;
    let empty = |value: &Value| match value {
        Value::Null => true,
        Value::Object(fields) => fields.is_empty(),
        Value::Array(items) => items.is_empty(),
        _ => false,
    };
    let value = value.filter(|value| !empty(value));
    let value = value
        .ok_or_else(|| wrong(format!("fieldPath `{path}` is missing for replacement source {source}")))?;
    let Some((options, delimiter)) = with_delimiter(source.options.as_ref()) else {
        return Ok(value.clone());
    };
    if value.is_object() || value.is_array() {
        return Err(wrong("delimiter option can only be used with scalar nodes"));
    }
    let whole = text(value);
    let index = usize::try_from(options.index).ok();
    let piece = index.and_then(|index| whole.split(delimiter).nth(index));
    let piece = piece.ok_or_else(|| {
        wrong(format!("options.index {} is out of bounds for value {whole}", options.index))
    })?;
    Ok(retyped(value, piece))
}

fn with_delimiter(options: Option<&FieldOptions>) -> Option<(&FieldOptions, &str)> {
    let options = options?;
    let delimiter = options.delimiter.as_deref().filter(|delimiter| !delimiter.is_empty())?;
    Some((options, delimiter))
}

fn put(resources: &mut [Resource], value: &Value, target: &TargetSelector) -> Result<(), Error> {
    let select = target.select.as_ref().ok_or_else(|| wrong("target must specify resources to select"))?;
    let select = Selector::new(select)?;
    let rejects = target.reject.iter().map(Selector::new).collect::<Result<Vec<_>, _>>()?;
    let default = [DEFAULT_FIELD.to_owned()];
    let paths = if target.field_paths.is_empty() { &default[..] } else { &target.field_paths };
    let create = target.options.as_ref().is_some_and(|options| options.create);
    let made = create.then_some(match value {
        Value::Object(_) => Made::Map,
        Value::Array(_) => Made::List,
        _ => Made::Scalar,
    });
    for resource in resources {
        if !select.matches(resource) || rejects.iter().any(|reject| reject.rejects(resource)) {
            continue;
        }
        for path in paths {
            let mut count = Ok(0);
            resource.rename(|object| {
                count = visit(object, &split(path), made, &mut |field| {
                    set(field, value, target.options.as_ref())
                });
            });
            for field in ["/metadata/labels", "/metadata/annotations"] {
                let pairs = resource.object.pointer_mut(field).and_then(Value::as_object_mut);
                for value in pairs.into_iter().flat_map(|pairs| pairs.values_mut()) {
                    if value.is_number() || value.is_boolean() {
                        *value = Value::from(text(value));
                    }
                }
            }
            let verb = if create { "find or create" } else { "find" };
            let unfound = format!("unable to {verb} field {path:?} in replacement target");
            match count {
                Ok(0) => return Err(wrong(unfound)),
                Ok(_) => {}
                Err(error) => return Err(wrong(format!("{unfound}: {error}"))),
            }
        }
    }
    Ok(())
}

/// Puts the value into a field: as a whole, or as one of the pieces that a delimiter makes of it. What a plain field
/// held says of which type it stays.
fn set(field: &mut Value, value: &Value, options: Option<&FieldOptions>) -> Result<(), String> {
    let mut value = value.clone();
    if let Some((options, delimiter)) = with_delimiter(options) {
        if field.is_object() || field.is_array() {
            return Err("delimiter option can only be used with scalar nodes".to_owned());
        }
        let whole = text(field);
        let mut pieces = whole.split(delimiter).map(str::to_owned).collect::<Vec<_>>();
        let new = text(&value);
        match usize::try_from(options.index) {
            Err(_) => pieces.insert(0, new),
            Ok(index) if index >= pieces.len() => pieces.push(new),
            Ok(index) => pieces[index] = new,
        }
        value = Value::from(pieces.join(delimiter));
    }
    let new = if field.is_object() || field.is_array() { value } else { retyped(field, &text(&value)) };
    *field = new;
    Ok(())
}

/// The text as a value of the type that another value has; what cannot be one, and what is new, is what YAML takes it for.
fn retyped(like: &Value, text: &str) -> Value {
    let plain = resolve_legacy(text);
    match like {
        Value::String(_) => Value::from(text),
        Value::Number(_) if !plain.is_number() => Value::from(text),
        Value::Bool(_) if !plain.is_boolean() => Value::from(text),
        _ => plain,
    }
}
