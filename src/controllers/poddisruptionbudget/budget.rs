//! The numbers of a budget. Pure.

use k8s_openapi::api::policy::v1::{PodDisruptionBudgetSpec, PodDisruptionBudgetStatus};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
use k8s_openapi::jiff::Timestamp;

/// What is counted of the Pods that a budget is about.
#[derive(Clone, Copy, Debug)]
pub(super) struct Count {
    /// How many there are.
    pub(super) pods: i32,
    /// How many their controllers want.
    pub(super) wanted: i32,
    /// How many are ready, and stay.
    pub(super) healthy: i32,
}

/// The status for these numbers.
pub(super) fn status(
    spec: &PodDisruptionBudgetSpec,
    before: &PodDisruptionBudgetStatus,
    generation: Option<i64>,
    count: Count,
    now: Timestamp,
) -> PodDisruptionBudgetStatus {
    let (expected, desired) = match (&spec.max_unavailable, &spec.min_available) {
        (Some(most), _) => (count.wanted, (count.wanted - share(most, count.wanted)).max(0)),
        (None, Some(IntOrString::Int(least))) => (count.pods, *least),
        (None, Some(least)) => (count.wanted, share(least, count.wanted)),
        (None, None) => (count.pods, 1),
    };
    let allowed = if expected > 0 { (count.healthy - desired).max(0) } else { 0 };
    PodDisruptionBudgetStatus {
        current_healthy: count.healthy,
        desired_healthy: desired,
        disruptions_allowed: allowed,
        expected_pods: expected,
        observed_generation: generation,
        disrupted_pods: before.disrupted_pods.clone().filter(|pods| !pods.is_empty()),
        conditions: Some(vec![condition(before, allowed > 0, generation, now)]),
    }
}

fn condition(
    before: &PodDisruptionBudgetStatus,
    allowed: bool,
    generation: Option<i64>,
    now: Timestamp,
) -> Condition {
    let value = if allowed { "True" } else { "False" };
    let known = before.conditions.iter().flatten().find(|it| it.type_ == "DisruptionAllowed");
    let since = known.filter(|it| it.status == value).map(|it| it.last_transition_time.clone());
    Condition {
        type_: "DisruptionAllowed".to_owned(),
        status: value.to_owned(),
        reason: if allowed { "SufficientPods" } else { "InsufficientPods" }.to_owned(),
        message: String::new(),
        last_transition_time: since.unwrap_or(Time(now)),
        observed_generation: generation,
    }
}

/// A number, or a percentage of `whole`, rounded up.
fn share(value: &IntOrString, whole: i32) -> i32 {
    match value {
        IntOrString::Int(number) => *number,
        IntOrString::String(text) => {
            let percent =
                text.strip_suffix('%').and_then(|text| text.parse::<i64>().ok()).unwrap_or_default();
            let share = (i64::from(whole) * percent.clamp(0, 1000) + 99) / 100;
            i32::try_from(share).unwrap_or(i32::MAX)
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn numbers(spec: Value, pods: i32, wanted: i32, healthy: i32) -> [i32; 4] {
        let spec = serde_json::from_value(spec).unwrap();
        let count = Count { pods, wanted, healthy };
        let made = status(&spec, &PodDisruptionBudgetStatus::default(), None, count, Timestamp::UNIX_EPOCH);
        [made.expected_pods, made.desired_healthy, made.current_healthy, made.disruptions_allowed]
    }

    #[test]
    fn budgets_are_numbers_or_shares_rounded_up() {
        assert_eq!(numbers(json!({ "minAvailable": 2 }), 3, 3, 3), [3, 2, 3, 1]);
        assert_eq!(numbers(json!({ "minAvailable": 2 }), 2, 3, 2), [2, 2, 2, 0]);
        assert_eq!(numbers(json!({ "minAvailable": "50%" }), 3, 3, 3), [3, 2, 3, 1]);
        assert_eq!(numbers(json!({ "maxUnavailable": 1 }), 3, 3, 2), [3, 2, 2, 0]);
        assert_eq!(numbers(json!({ "maxUnavailable": "10%" }), 3, 3, 3), [3, 2, 3, 1]);
        assert_eq!(numbers(json!({ "maxUnavailable": 1 }), 0, 0, 0), [0, 0, 0, 0]);
    }
}
