//! Filling in what a written object leaves open: the defaults of its schema, and those that Kubernetes gives its
//! own kinds in code (in the file beside this one).

use serde_json::{Map, Value};

use super::schema::{Object, Schema, Shape};
use super::{quantity, workload_defaults};

/// Fills in the defaults of a whole object. Fields of built-in types that are `null`, or empty lists and maps, are
/// taken out, as they say nothing; amounts get the one form in which they are stored.
pub(crate) fn default(schema: &Schema, object: &mut Value) {
    workload_defaults::fill(object);
    fill(schema, object);
}

fn fill(schema: &Schema, value: &mut Value) {
    match (schema.shape(), value) {
        (Shape::Object(object), Value::Object(fields)) => {
            drop_empty(schema, object, fields);
            drop_nulls(schema, object, fields);
            for (name, field) in &object.fields {
                if let Some(value) = fields.get_mut(&**name)
                    && !(value.is_null() && replaces_null(field))
                {
                    fill(field, value);
                } else if let Some(default) = field.place().default.as_ref().filter(|default| {
                    // A built-in name that is empty is not written.
                    schema.node().rules.is_some()
                        || &**name != "name"
                        || **default != Value::String(String::new())
                }) {
                    let mut value = default.clone();
                    fill(field, &mut value);
                    fields.insert(name.to_string(), value);
                }
            }
        }
        (Shape::Map(values), Value::Object(fields)) => {
            fields.values_mut().for_each(|value| fill(values, value));
        }
        (Shape::Quantity, value) => match value {
            Value::String(text) => *text = quantity::canonical(text),
            Value::Number(number) => *value = Value::String(quantity::canonical(&number.to_string())),
            _ => {}
        },
        (Shape::List(list), Value::Array(items)) => items.iter_mut().for_each(|item| fill(&list.items, item)),
        _ => {}
    }
}

fn is_list(field: &Schema) -> bool {
    matches!(field.shape(), Shape::List(_))
}

fn replaces_null(field: &Schema) -> bool {
    field.place().default.is_some() && !field.place().nullable
}

/// In custom kinds, a field that may not be null and has no default is left out where it is null.
fn drop_nulls(schema: &Schema, object: &Object, fields: &mut Map<String, Value>) {
    if schema.node().rules.is_none() {
        return;
    }
    fields.retain(|name, value| {
        let Some(field) = object.field(name).filter(|_| value.is_null()) else { return true };
        let place = field.place();
        place.nullable
            || field.node().nullable
            || place.default.is_some()
            || matches!(field.shape(), Shape::Any)
    });
}

/// Structures of built-in types do not tell an absent list from an empty one.
fn drop_empty(schema: &Schema, object: &Object, fields: &mut Map<String, Value>) {
    if schema.node().rules.is_some() {
        return;
    }
    fields.retain(|name, value| {
        let Some(field) = object.field(name) else { return true };
        let required = object.required.iter().any(|required| **required == **name);
        match value {
            // Some times are written even where there is none; those of metadata are not.
            Value::Null => {
                let time = matches!(field.shape(), Shape::Time) && !name.ends_with("ionTimestamp");
                // The endpoints of slices are written even where there are none.
                let list = name == "endpoints" && is_list(field);
                time || list || field.node().rules.is_some()
            }
            Value::Array(items) => required || !items.is_empty() || !matches!(field.shape(), Shape::List(_)),
            Value::Object(entries) => {
                required || !entries.is_empty() || !matches!(field.shape(), Shape::Map(_))
            }
            _ => true,
        }
    });
}
