//! What an autoscaler without metrics can tell and do. The words are those of Kubernetes' own. Pure.

use k8s_openapi::api::autoscaling::v2::{HorizontalPodAutoscalerCondition, HorizontalPodAutoscalerSpec};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use k8s_openapi::jiff::Timestamp;

/// What a look comes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// There is no such target; the words of the API server.
    NoTarget(String),
    /// It has no Pods on purpose.
    Disabled,
    /// It is out of its bounds and gets this size, for this reason.
    Rescale(i32, &'static str),
    /// It would have to be measured.
    Unmeasured,
}

/// The verdict about a target of so many replicas.
pub(super) fn verdict(spec: &HorizontalPodAutoscalerSpec, replicas: i32) -> Verdict {
    let least = spec.min_replicas.unwrap_or(1);
    if replicas == 0 && least > 0 {
        Verdict::Disabled
    } else if replicas > spec.max_replicas {
        Verdict::Rescale(spec.max_replicas, "Current number of replicas above Spec.MaxReplicas")
    } else if replicas < least {
        Verdict::Rescale(least, "Current number of replicas below Spec.MinReplicas")
    } else {
        Verdict::Unmeasured
    }
}

/// Why nothing can be measured.
pub(super) fn unmeasured(spec: &HorizontalPodAutoscalerSpec) -> String {
    let first = spec.metrics.iter().flatten().next();
    let resource = first.and_then(|metric| Some(metric.resource.as_ref()?.name.clone()));
    let name = resource.unwrap_or_else(|| "cpu".to_owned());
    format!(
        "failed to get {name} utilization: unable to get metrics for resource {name}: unable to fetch metrics from \
         resource metrics API: the server could not find the requested resource (get pods.metrics.k8s.io)"
    )
}

/// The conditions for a verdict; those that hold already keep their times.
pub(super) fn conditions(
    spec: &HorizontalPodAutoscalerSpec,
    verdict: &Verdict,
    before: &[HorizontalPodAutoscalerCondition],
    now: Timestamp,
) -> Vec<HorizontalPodAutoscalerCondition> {
    const SCALE: &str = "the HPA controller was able to get the target's current scale";
    let able = ("AbleToScale", true, "SucceededGetScale", SCALE.to_owned());
    let told = match verdict {
        Verdict::NoTarget(words) => {
            let message = format!("the HPA controller was unable to get the target's current scale: {words}");
            vec![("AbleToScale", false, "FailedGetScale", message)]
        }
        Verdict::Disabled => {
            let message = "scaling is disabled since the replica count of the target is zero".to_owned();
            vec![able, ("ScalingActive", false, "ScalingDisabled", message)]
        }
        Verdict::Rescale(size, _) => {
            let message = format!("the HPA controller was able to update the target scale to {size}");
            vec![("AbleToScale", true, "SucceededRescale", message)]
        }
        Verdict::Unmeasured => {
            let message = format!("the HPA was unable to compute the replica count: {}", unmeasured(spec));
            vec![able, ("ScalingActive", false, "FailedGetResourceMetric", message)]
        }
    };
    let mut conditions = before.to_vec();
    for (kind, status, reason, message) in told {
        let status = if status { "True" } else { "False" };
        let known = conditions.iter().position(|condition| condition.type_ == kind);
        let since = known.map(|index| conditions.remove(index)).filter(|known| known.status == status);
        conditions.push(HorizontalPodAutoscalerCondition {
            type_: kind.to_owned(),
            status: status.to_owned(),
            reason: Some(reason.to_owned()),
            message: Some(message),
            last_transition_time: since.and_then(|known| known.last_transition_time).or(Some(Time(now))),
        });
    }
    conditions.sort_by(|one, other| one.type_.cmp(&other.type_));
    conditions
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn bounds_are_kept_and_nothing_is_measured() {
        let spec = json!({ "minReplicas": 2, "maxReplicas": 4, "scaleTargetRef": { "kind": "Deployment", "name": "web" } });
        let spec = serde_json::from_value(spec).unwrap();
        let below = Verdict::Rescale(2, "Current number of replicas below Spec.MinReplicas");
        let above = Verdict::Rescale(4, "Current number of replicas above Spec.MaxReplicas");
        let of = [0, 1, 2, 4, 5].map(|replicas| verdict(&spec, replicas));
        assert_eq!(of, [Verdict::Disabled, below, Verdict::Unmeasured, Verdict::Unmeasured, above]);
        let (first, later) = (Timestamp::UNIX_EPOCH, Timestamp::from_second(60).unwrap());
        let told = conditions(&spec, &Verdict::Unmeasured, &[], first);
        assert_eq!(conditions(&spec, &Verdict::Unmeasured, &told, later), told);
        let seen =
            told.iter().map(|it| (it.type_.as_str(), it.status.as_str(), it.reason.as_deref().unwrap()));
        let expected = [
            ("AbleToScale", "True", "SucceededGetScale"),
            ("ScalingActive", "False", "FailedGetResourceMetric"),
        ];
        assert_eq!(seen.collect::<Vec<_>>(), expected);
    }
}
