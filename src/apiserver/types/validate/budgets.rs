//! What Kubernetes checks in `PodDisruptionBudgets`, after `pkg/apis/policy/validation`.

use serde_json::json;

use super::field::{Errors, Field};

/// A budget's specification.
pub(super) fn validate(spec: &Field, errors: &mut Errors) {
    let (least, most) = (spec.get("minAvailable"), spec.get("maxUnavailable"));
    if least.is_set() && most.is_set() {
        let shown = json!({"MinAvailable": least.value, "Selector": spec.get("selector").value,
            "MaxUnavailable": most.value,
            "UnhealthyPodEvictionPolicy": spec.get("unhealthyPodEvictionPolicy").value});
        spec.wrong(&shown, "minAvailable and maxUnavailable cannot be both set", errors);
    }
    for field in [&least, &most] {
        field.count_or_percentage(errors);
        field.at_most_all(errors);
    }
    spec.get("selector").selector(errors);
    spec.get("unhealthyPodEvictionPolicy").one_of(&["AlwaysAllow", "IfHealthyBudget"], errors);
}
