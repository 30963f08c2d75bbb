//! Taking out fields that a kind does not have, and naming them as strict decoding does.

use std::fmt::Write as _;

use serde_json::Value;

use super::schema::{Schema, Shape};

/// How many unknown fields are named at most.
const NAMED: usize = 100;

/// Takes the fields out of `object` that `schema` does not declare, and names each: `unknown field "spec.replica"`.
pub(crate) fn prune(schema: &Schema, object: &mut Value) -> Vec<String> {
    let mut unknown = Vec::new();
    walk(schema, object, &mut String::new(), &mut unknown);
    unknown
}

fn walk(schema: &Schema, value: &mut Value, path: &mut String, unknown: &mut Vec<String>) {
    let length = path.len();
    match (schema.shape(), value) {
        (Shape::Object(object), Value::Object(fields)) => {
            let keeps = schema.node().preserve_unknown;
            fields.retain(|name, value| {
                path.push_str(if length == 0 { "" } else { "." });
                path.push_str(name);
                let known = object.field(name);
                if let Some(field) = known {
                    walk(field, value, path, unknown);
                } else if !keeps && unknown.len() < NAMED {
                    unknown.push(format!("unknown field \"{path}\""));
                }
                path.truncate(length);
                known.is_some() || keeps
            });
        }
        (Shape::Map(values), Value::Object(fields)) => {
            for (name, value) in fields.iter_mut() {
                path.push_str(if length == 0 { "" } else { "." });
                path.push_str(name);
                walk(values, value, path, unknown);
                path.truncate(length);
            }
        }
        (Shape::List(list), Value::Array(items)) => {
            for (index, item) in items.iter_mut().enumerate() {
                let _ = write!(path, "[{index}]");
                walk(&list.items, item, path, unknown);
                path.truncate(length);
            }
        }
        _ => {}
    }
}
