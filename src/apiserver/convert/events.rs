//! Events of the core group and of `events.k8s.io` are one resource with two spellings.
//! <https://kubernetes.io/docs/reference/kubernetes-api/cluster-resources/event-v1/>

use serde_json::{Map, Value};

/// Core name, and name in `events.k8s.io/v1`.
const FIELDS: [(&str, &str); 7] = [
    ("involvedObject", "regarding"),
    ("message", "note"),
    ("reportingComponent", "reportingController"),
    ("source", "deprecatedSource"),
    ("firstTimestamp", "deprecatedFirstTimestamp"),
    ("lastTimestamp", "deprecatedLastTimestamp"),
    ("count", "deprecatedCount"),
];

/// Renames the fields for `api_version`.
pub(super) fn convert(api_version: &str, event: &mut Value) {
    let to_core = api_version == "v1";
    let Some(fields) = event.as_object_mut() else { return };
    let renamed: Map<String, Value> = std::mem::take(fields)
        .into_iter()
        .map(|(name, value)| {
            let pairs = FIELDS.map(|(core, new)| if to_core { (new, core) } else { (core, new) });
            let renamed = pairs.iter().find(|(from, _)| *from == name).map(|(_, to)| (*to).to_owned());
            (renamed.unwrap_or(name), value)
        })
        .collect();
    *fields = renamed;
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn there_and_back() {
        let core = json!({
            "involvedObject": {"kind": "Pod"}, "message": "m", "source": {}, "count": 2, "type": "Normal",
            "reportingComponent": "kubelet", "reason": "Pulled"
        });
        let mut event = core.clone();
        convert("events.k8s.io/v1", &mut event);
        assert_eq!(
            event,
            json!({
                "regarding": {"kind": "Pod"}, "note": "m", "deprecatedSource": {}, "deprecatedCount": 2,
                "type": "Normal", "reportingController": "kubelet", "reason": "Pulled"
            })
        );
        convert("v1", &mut event);
        assert_eq!(event, core);
    }
}
