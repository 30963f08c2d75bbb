//! What Kubernetes checks in roles and bindings, after `pkg/apis/rbac/validation`.

use super::field::{Errors, Field};
use super::names::quoted;

const GROUP: &str = "rbac.authorization.k8s.io";

/// A role, of a namespace or of the cluster.
pub(super) fn role(object: &Field, namespaced: bool, errors: &mut Errors) {
    for rule in object.get("rules").items() {
        check_rule(&rule, namespaced, errors);
    }
    let aggregation = object.get("aggregationRule");
    if namespaced || !aggregation.is_set() {
        return;
    }
    let selectors = aggregation.get("clusterRoleSelectors");
    if selectors.len() == 0 {
        let detail = "at least one clusterRoleSelector required if aggregationRule is non-nil";
        selectors.required(detail, errors);
    }
    for selector in selectors.items() {
        if !selector.selector(errors) {
            selector.wrong(&serde_json::Value::Null, "invalid label selector.", errors);
        }
    }
}

fn check_rule(rule: &Field, namespaced: bool, errors: &mut Errors) {
    let (verbs, paths) = (rule.get("verbs"), rule.get("nonResourceURLs"));
    let (groups, resources) = (rule.get("apiGroups"), rule.get("resources"));
    if verbs.len() == 0 {
        verbs.required("verbs must contain at least one value", errors);
    }
    if paths.len() > 0 {
        if namespaced {
            paths.invalid("namespaced rules cannot apply to non-resource URLs", errors);
        }
        if groups.len() + resources.len() + rule.get("resourceNames").len() > 0 {
            paths.invalid("rules cannot apply to both regular resources and non-resource URLs", errors);
        }
        return;
    }
    if groups.len() == 0 {
        groups.required("resource rules must supply at least one api group", errors);
    }
    if resources.len() == 0 {
        resources.required("resource rules must supply at least one resource", errors);
    }
}

/// A binding, of a namespace or of the cluster.
pub(super) fn binding(object: &Field, namespaced: bool, errors: &mut Errors) {
    let role = object.get("roleRef");
    let kinds: &[&str] = if namespaced { &["Role", "ClusterRole"] } else { &["ClusterRole"] };
    if role.get("apiGroup").text() != GROUP {
        role.get("apiGroup").must_be_of(&[GROUP], errors);
    }
    role.get("kind").must_be_of(kinds, errors);
    role.get("name").must_be_text("", errors);
    for subject in object.get("subjects").items() {
        let (kind, group) = (subject.get("kind"), subject.get("apiGroup"));
        let named = subject.get("name").must_be_text("", errors);
        match kind.text() {
            "ServiceAccount" => {
                if named {
                    subject.get("name").subdomain(errors);
                }
                if !group.text().is_empty() {
                    group.unsupported(group.value, &[""], errors);
                }
                if !namespaced && subject.get("namespace").text().is_empty() {
                    subject.get("namespace").required("", errors);
                }
            }
            "User" | "Group" => group.must_be_of(&[GROUP], errors),
            other => kind.unsupported(&quoted(other), &["ServiceAccount", "User", "Group"], errors),
        }
    }
}
