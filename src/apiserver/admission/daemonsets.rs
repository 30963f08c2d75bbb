//! How often a `DaemonSet`'s template was changed: counted in an annotation, since `apps/v1` has no field for it.

use serde_json::Value;

const GENERATION: &str = "deprecated.daemonset.template.generation";

/// Begins to count on a new set.
pub(super) fn complete(set: &mut Value) {
    write(set, 1);
}

/// Counts a change of the template; nobody else writes the number.
pub(super) fn keep(old: &Value, set: &mut Value) {
    let before =
        old["metadata"]["annotations"][GENERATION].as_str().and_then(|text| text.parse::<i64>().ok());
    let changed = old["spec"]["template"] != set["spec"]["template"];
    write(set, before.unwrap_or(1).saturating_add(i64::from(changed)));
}

fn write(set: &mut Value, generation: i64) {
    let Some(metadata) = set.get_mut("metadata").filter(|metadata| metadata.is_object()) else { return };
    if !metadata["annotations"].is_object() {
        metadata["annotations"] = Value::Object(serde_json::Map::default());
    }
    metadata["annotations"][GENERATION] = generation.to_string().into();
}
