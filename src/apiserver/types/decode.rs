//! Whether an object of a built-in kind can be read at all, in the words of the original's decoder. Fields that the
//! kind does not have are another matter (see the file about pruning).

use serde_json::Value;

use super::schema::{Schema, Shape};
use super::{Kind, Registry, quantity};

/// The first value of a type that its field does not take, in words.
pub(crate) fn decode(kind: &Kind, object: &Value) -> Result<(), String> {
    if kind.is_custom() {
        return Ok(());
    }
    let place = Place { owner: &kind.kind, path: String::new() };
    walk(&kind.schema, object, &place)
}

/// Where a value stands: the structure that has the field, and the names on the way to it.
struct Place<'a> {
    owner: &'a str,
    path: String,
}

fn walk(schema: &Schema, value: &Value, place: &Place<'_>) -> Result<(), String> {
    let refused = |given: &str| {
        let (owner, path, wanted) = (place.owner, &place.path, type_name(schema));
        Err(if path.is_empty() {
            format!("json: cannot unmarshal {given} into Go value of type {wanted}")
        } else {
            format!("json: cannot unmarshal {given} into Go struct field {owner}.{path} of type {wanted}")
        })
    };
    match (schema.shape(), value) {
        (_, Value::Null)
        | (Shape::Any | Shape::Named(_), _)
        | (Shape::Boolean, Value::Bool(_))
        | (Shape::Number, Value::Number(_))
        | (Shape::String | Shape::IntOrString, Value::String(_)) => Ok(()),
        (Shape::Integer(width), Value::Number(number)) => match number.as_i64() {
            Some(number) if *width != "int32" || i32::try_from(number).is_ok() => Ok(()),
            _ => refused(&format!("number {number}")),
        },
        (Shape::IntOrString, Value::Number(number)) if number.is_i64() => Ok(()),
        (Shape::Quantity, Value::String(text)) => quantity::check(text),
        (Shape::Quantity, Value::Number(number)) => quantity::check(&number.to_string()),
        (Shape::Time, Value::String(text)) => time(text),
        (Shape::Bytes, Value::String(text)) => bytes(text),
        (Shape::Object(object), Value::Object(fields)) => {
            let owner = structure(schema).unwrap_or(place.owner);
            for (name, value) in fields {
                let Some(field) = object.field(name) else { continue };
                let dot = if place.path.is_empty() { "" } else { "." };
                walk(field, value, &Place { owner, path: format!("{}{dot}{name}", place.path) })?;
            }
            Ok(())
        }
        (Shape::Map(values), Value::Object(fields)) => {
            fields.values().try_for_each(|value| walk(values, value, place))
        }
        (Shape::List(list), Value::Array(items)) => {
            items.iter().try_for_each(|item| walk(&list.items, item, place))
        }
        _ => refused(given(value)),
    }
}

fn given(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "bool",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

/// The name of the structure, such as `PodSpec`.
fn structure(schema: &Schema) -> Option<&'static str> {
    let Shape::Named(place) = schema.place().shape else { return None };
    Registry::builtin().name(place).rsplit('.').next()
}

fn type_name(schema: &Schema) -> String {
    match schema.shape() {
        Shape::Boolean => "bool".to_owned(),
        Shape::Integer("") => "int".to_owned(),
        Shape::Integer(width) => (*width).to_owned(),
        Shape::Number => "float64".to_owned(),
        Shape::IntOrString => "int32".to_owned(),
        Shape::Bytes => "[]uint8".to_owned(),
        Shape::Map(values) => format!("map[string]{}", type_name(values)),
        Shape::List(list) => format!("[]{}", type_name(&list.items)),
        Shape::Object(_) => match schema.place().shape {
            Shape::Named(place) => {
                let mut parts = Registry::builtin().name(place).rsplit('.');
                let (name, package) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
                format!("{package}.{name}")
            }
            _ => "struct".to_owned(),
        },
        _ => "string".to_owned(),
    }
}

fn time(text: &str) -> Result<(), String> {
    if text.is_empty() || text.parse::<jiff::Timestamp>().is_ok() {
        return Ok(());
    }
    Err(format!("parsing time {text:?} as \"2006-01-02T15:04:05Z07:00\": cannot parse {text:?} as \"2006\""))
}

fn bytes(text: &str) -> Result<(), String> {
    use base64::Engine as _;
    match base64::engine::general_purpose::STANDARD.decode(text) {
        Ok(_) => Ok(()),
        Err(
            base64::DecodeError::InvalidByte(place, _) | base64::DecodeError::InvalidLastSymbol(place, _),
        ) => Err(format!("illegal base64 data at input byte {place}")),
        Err(_) => Err(format!("illegal base64 data at input byte {}", text.len() & !3)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn wrong_types_are_named_as_the_original_does() {
        let field = "json: cannot unmarshal";
        for (group, plural, object, expected) in [
            (
                "apps",
                "deployments",
                json!({ "spec": { "replicas": "two" } }),
                format!("{field} string into Go struct field DeploymentSpec.spec.replicas of type int32"),
            ),
            (
                "apps",
                "deployments",
                json!({ "spec": { "template": { "spec": { "containers": { "name": "x" } } } } }),
                format!(
                    "{field} object into Go struct field PodSpec.spec.template.spec.containers of type []v1.Container"
                ),
            ),
            (
                "",
                "configmaps",
                json!({ "data": { "a": 1 } }),
                format!("{field} number into Go struct field ConfigMap.data of type string"),
            ),
            (
                "",
                "pods",
                json!({ "metadata": { "labels": { "a": true } } }),
                format!("{field} bool into Go struct field ObjectMeta.metadata.labels of type string"),
            ),
            (
                "",
                "secrets",
                json!({ "data": { "a": "no base64" } }),
                "illegal base64 data at input byte 2".to_owned(),
            ),
            (
                "",
                "pods",
                json!({ "spec": { "containers": [{ "resources": { "limits": { "cpu": "lots" } } }] } }),
                "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"
                    .to_owned(),
            ),
        ] {
            let kind = Registry::builtin().by_resource(group, "v1", plural).unwrap();
            assert_eq!(decode(kind, &object), Err(expected));
        }
    }
}
