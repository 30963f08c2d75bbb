//! Values for expressions of the common expression language.

use std::collections::HashMap;
use std::sync::Arc;

use kube_cel::cel::Value as Cel;
use serde_json::Value;

/// A value as expressions see it. Whole numbers are signed, as in Kubernetes, so that they compare with the numbers of an
/// expression.
#[must_use]
pub fn to_cel(value: &Value) -> Cel {
    match value {
        Value::Null => Cel::Null,
        Value::Bool(value) => Cel::Bool(*value),
        Value::Number(number) => match number.as_i64() {
            Some(whole) => Cel::Int(whole),
            None => number.as_f64().map_or(Cel::Null, Cel::Float),
        },
        Value::String(text) => Cel::String(Arc::new(text.clone())),
        Value::Array(list) => Cel::List(Arc::new(list.iter().map(to_cel).collect())),
        Value::Object(map) => {
            let map: HashMap<String, Cel> =
                map.iter().map(|(key, value)| (key.clone(), to_cel(value))).collect();
            Cel::Map(map.into())
        }
    }
}
