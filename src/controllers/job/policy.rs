//! What a Job's `podFailurePolicy` makes of a Pod that failed. Follows
//! <https://kubernetes.io/docs/concepts/workloads/controllers/job/#pod-failure-policy>. Pure.

use k8s_openapi::api::batch::v1::{JobSpec, PodFailurePolicyRule};
use k8s_openapi::api::core::v1::{ContainerStatus, Pod};
use kube::ResourceExt as _;

/// What a failure means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Ruling {
    /// It counts towards the limit of retries.
    Count,
    /// It is as if it had not happened.
    Ignore,
    /// The Pod's number is given up.
    FailIndex,
    /// The Job is over, for this reason.
    FailJob(String),
}

/// The ruling of the first rule that applies.
pub(super) fn ruling(spec: &JobSpec, pod: &Pod) -> Ruling {
    let rules = spec.pod_failure_policy.iter().flat_map(|policy| &policy.rules);
    for (number, rule) in rules.enumerate() {
        let Some(what) = applies(rule, pod) else { continue };
        return match rule.action.as_str() {
            "FailJob" => Ruling::FailJob(format!("{what} matching FailJob rule at index {number}")),
            "FailIndex" => Ruling::FailIndex,
            "Ignore" => Ruling::Ignore,
            _ => Ruling::Count,
        };
    }
    Ruling::Count
}

fn applies(rule: &PodFailurePolicyRule, pod: &Pod) -> Option<String> {
    let name = format!("{}/{}", pod.namespace().unwrap_or_default(), pod.name_any());
    let status = pod.status.as_ref()?;
    if let Some(codes) = &rule.on_exit_codes {
        let containers = status.container_statuses.iter().chain(&status.init_container_statuses).flatten();
        let named = containers.filter(|it| codes.container_name.as_ref().is_none_or(|name| *name == it.name));
        let failed = named.filter_map(|it| Some((it, exit_code(it)?)));
        let wanted = |code: i32| codes.values.contains(&code) == (codes.operator == "In");
        let (container, code) = failed.into_iter().find(|(_, code)| wanted(*code))?;
        return Some(format!("Container {} for pod {name} failed with exit code {code}", container.name));
    }
    let conditions = rule.on_pod_conditions.iter().flatten();
    let own = status.conditions.as_deref().unwrap_or_default();
    let mut found = conditions.filter(|wanted| {
        let status = if wanted.status.is_empty() { "True" } else { &wanted.status };
        own.iter().any(|condition| condition.type_ == wanted.type_ && condition.status == status)
    });
    found.next().map(|condition| format!("Pod {name} has condition {}", condition.type_))
}

/// The exit code of a container that failed.
fn exit_code(status: &ContainerStatus) -> Option<i32> {
    let code = status.state.as_ref()?.terminated.as_ref()?.exit_code;
    Some(code).filter(|code| *code != 0)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn first_rule_that_applies_decides() {
        let rules = json!([
            { "action": "Ignore", "onPodConditions": [{ "type": "DisruptionTarget" }] },
            { "action": "FailIndex", "onExitCodes": { "containerName": "side", "operator": "In", "values": [42] } },
            { "action": "FailJob", "onExitCodes": { "operator": "In", "values": [42, 43] } },
            { "action": "Count", "onExitCodes": { "operator": "NotIn", "values": [1] } },
        ]);
        let spec = serde_json::from_value(json!({ "template": {}, "podFailurePolicy": { "rules": rules } }));
        let spec: JobSpec = spec.unwrap();
        let of = |container: &str, code: i32, disrupted: &str| {
            let ended = json!({ "terminated": { "exitCode": code } });
            let status = json!({
                "conditions": [{ "type": "DisruptionTarget", "status": disrupted }],
                "containerStatuses": [{
                    "name": container, "image": "", "imageID": "", "ready": false, "restartCount": 0, "state": ended,
                }],
            });
            let metadata = json!({ "name": "p", "namespace": "app" });
            let pod = serde_json::from_value(json!({ "metadata": metadata, "status": status })).unwrap();
            ruling(&spec, &pod)
        };
        assert_eq!(of("main", 42, "True"), Ruling::Ignore);
        assert_eq!(of("side", 42, "False"), Ruling::FailIndex);
        let words = "Container main for pod app/p failed with exit code 43 matching FailJob rule at index 2";
        assert_eq!(of("main", 43, "False"), Ruling::FailJob(words.to_owned()));
        assert_eq!(of("main", 1, "False"), Ruling::Count);
        assert_eq!(of("main", 0, "False"), Ruling::Count);
    }
}
