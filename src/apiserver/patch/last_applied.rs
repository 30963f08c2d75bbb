//! The annotation in which kubectl keeps what it applied last, for those who go over to server-side apply.
//! <https://kubernetes.io/docs/reference/using-api/server-side-apply/#upgrading-from-client-side-apply>

use serde_json::Value;

use super::compare::compare;
use super::field_set::field_set;
use super::fields::Fields;
use crate::apiserver::types::Schema;

/// The manager that this is kept for.
pub(super) const MANAGER: &str = "kubectl";

const ANNOTATION: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// Annotations are not larger than this, in bytes.
const LIMIT: usize = 256 * 1024;

fn annotation(object: &Value) -> Option<&str> {
    object["metadata"]["annotations"][ANNOTATION].as_str()
}

/// The fields that the annotation has with the values that they still have.
pub(super) fn unchanged(schema: &Schema, live: &Value) -> Fields {
    let Some(Ok(last)) = annotation(live).map(serde_json::from_str::<Value>) else {
        return Fields::default();
    };
    let comparison = compare(schema, &last, live);
    field_set(schema, &last).difference(&comparison.written()).difference(&comparison.removed)
}

/// Brings the annotation up to date, where there is one.
pub(super) fn keep(object: &mut Value, applied: &Value) {
    if annotation(object).is_none() {
        return;
    }
    let mut applied = applied.clone();
    applied.sort_all_objects();
    if let Some(annotations) = applied["metadata"].get_mut("annotations").and_then(Value::as_object_mut) {
        annotations.shift_remove(ANNOTATION);
    }
    let text = format!("{applied}\n");
    let text = if text.len() > LIMIT { String::new() } else { text };
    object["metadata"]["annotations"][ANNOTATION] = text.into();
}
