//! What makes a policy or a binding invalid besides its expressions, in the words of Kubernetes.

use serde_json::{Value, json};

use super::spec::{Binding, MatchResources, Policy, Rule};
use crate::apiserver::types::{FieldError, Reason, subdomain};

const OPERATIONS: [&str; 5] = ["*", "CONNECT", "CREATE", "DELETE", "UPDATE"];
const SCOPES: [&str; 3] = ["*", "Cluster", "Namespaced"];
const ACTIONS: [&str; 3] = ["Audit", "Deny", "Warn"];

/// Everything before a policy's conditions.
pub(super) fn policy(policy: &Policy, errors: &mut Vec<FieldError>) {
    let spec = &policy.spec;
    if !["Fail", "Ignore"].contains(&spec.failure_policy.as_str()) {
        let given = spec.failure_policy.as_str().into();
        errors.push(FieldError::not_supported("spec.failurePolicy", &given, &["Fail", "Ignore"]));
    }
    if let Some(kind) = &spec.param_kind {
        if kind.api_version.is_empty() {
            errors.push(FieldError::required("spec.paramKind.apiVersion", ""));
        } else if kind.api_version.matches('/').count() > 1 {
            let message = format!("unexpected GroupVersion string: {}", kind.api_version);
            let given = kind.api_version.as_str().into();
            errors.push(FieldError::invalid("spec.paramKind.apiVersion", &given, &message));
        }
        if kind.kind.is_empty() {
            errors.push(FieldError::required("spec.paramKind.kind", ""));
        }
    }
    match &spec.match_constraints {
        None => errors.push(FieldError::required("spec.matchConstraints", "")),
        Some(resources) => {
            matched(resources, "spec.matchConstraints", errors);
            if resources.resource_rules.is_empty() {
                errors.push(FieldError::required("spec.matchConstraints.resourceRules", ""));
            }
        }
    }
}

/// What comes after its expressions, where it has none.
pub(super) fn is_empty(policy: &Policy, errors: &mut Vec<FieldError>) {
    if policy.spec.validations.is_empty() && policy.spec.audit_annotations.is_empty() {
        let message = "validations or auditAnnotations must contain at least one item";
        errors.push(FieldError::required("spec.validations", message));
        errors.push(FieldError::required("spec.auditAnnotations", message));
    }
}

/// Everything of a binding.
pub(super) fn binding(binding: &Binding, errors: &mut Vec<FieldError>) {
    let spec = &binding.spec;
    if spec.policy_name.is_empty() {
        errors.push(FieldError::required("spec.policyName", ""));
    }
    for message in subdomain(&spec.policy_name).iter().filter(|_| !spec.policy_name.is_empty()) {
        errors.push(FieldError::invalid("spec.policyName", &spec.policy_name.as_str().into(), message));
    }
    if let Some(reference) = &spec.param_ref {
        let field = |name: &str| format!("spec.paramRef{name}");
        let message = "name and selector are mutually exclusive";
        match (reference.name.is_empty(), &reference.selector) {
            (false, Some(_)) => {
                for name in [".name", ".selector"] {
                    let message = format!("Forbidden: {message}");
                    errors.push(FieldError { field: field(name), reason: Reason::Forbidden, message });
                }
            }
            (true, None) => {
                errors.push(FieldError::required(field(""), "one of name or selector must be specified"));
            }
            _ => {}
        }
        let action = reference.parameter_not_found_action.as_str();
        let at = field(".parameterNotFoundAction");
        match action {
            "" => errors.push(FieldError::required(at, "")),
            "Allow" | "Deny" => {}
            other => errors.push(FieldError::not_supported(at, &other.into(), &["Deny", "Allow"])),
        }
    }
    if let Some(resources) = &spec.match_resources {
        matched(resources, "spec.matchResources", errors);
    }
    actions(&spec.validation_actions, errors);
}

fn actions(actions: &[String], errors: &mut Vec<FieldError>) {
    let field = "spec.validationActions";
    for (place, action) in actions.iter().enumerate() {
        let at = format!("{field}[{place}]");
        let given = Value::from(action.as_str());
        if !ACTIONS.contains(&action.as_str()) {
            errors.push(FieldError::not_supported(at.clone(), &given, &ACTIONS));
        }
        if actions[..place].contains(action) {
            errors.push(FieldError::duplicate(at, &given));
        }
    }
    let has = |wanted: &str| actions.iter().any(|action| action == wanted);
    if has("Deny") && has("Warn") {
        let message = "must not contain both Deny and Warn (repeating the same validation failure information in the \
                       API response and headers serves no purpose)";
        errors.push(FieldError::invalid(field, &json!(actions), message));
    }
    if actions.is_empty() {
        errors.push(FieldError::required(field, "at least one validation action is required"));
    }
}

fn matched(resources: &MatchResources, path: &str, errors: &mut Vec<FieldError>) {
    if !["Equivalent", "Exact"].contains(&resources.match_policy.as_str()) {
        let given = resources.match_policy.as_str().into();
        errors.push(FieldError::not_supported(
            format!("{path}.matchPolicy"),
            &given,
            &["Equivalent", "Exact"],
        ));
    }
    for (name, selector) in
        [("namespaceSelector", &resources.namespace_selector), ("objectSelector", &resources.object_selector)]
    {
        let expressions = selector["matchExpressions"].as_array().into_iter().flatten();
        for (place, expression) in expressions.enumerate() {
            let operator = expression["operator"].as_str().unwrap_or_default();
            if !["In", "NotIn", "Exists", "DoesNotExist"].contains(&operator) {
                let at = format!("{path}.{name}.matchExpressions[{place}].operator");
                errors.push(FieldError::invalid(at, &operator.into(), "not a valid selector operator"));
            }
        }
    }
    for (name, rules) in [
        ("resourceRules", &resources.resource_rules),
        ("excludeResourceRules", &resources.exclude_resource_rules),
    ] {
        for (place, one) in rules.iter().enumerate() {
            rule(one, &format!("{path}.{name}[{place}]"), errors);
        }
    }
}

fn rule(rule: &Rule, path: &str, errors: &mut Vec<FieldError>) {
    for (place, name) in rule.resource_names.iter().enumerate() {
        if rule.resource_names[..place].contains(name) {
            errors
                .push(FieldError::duplicate(format!("{path}.resourceNames[{place}]"), &name.as_str().into()));
        }
    }
    for (place, operation) in rule.operations.iter().enumerate() {
        if !OPERATIONS.contains(&operation.as_str()) {
            let at = format!("{path}.operations[{place}]");
            errors.push(FieldError::not_supported(at, &operation.as_str().into(), &OPERATIONS));
        }
    }
    let lists = [
        ("operations", &rule.operations, "*", "operations"),
        ("apiGroups", &rule.api_groups, "*", "API groups"),
        ("apiVersions", &rule.api_versions, "*", "API versions"),
        ("resources", &rule.resources, "*/*", "resources"),
    ];
    for (name, list, all, words) in lists {
        if list.is_empty() {
            errors.push(FieldError::required(format!("{path}.{name}"), ""));
        } else if list.len() > 1 && list.iter().any(|one| one == all) {
            let message = format!("if '{all}' is present, must not specify other {words}");
            errors.push(FieldError::invalid(format!("{path}.{name}"), &json!(list), &message));
        }
    }
    if !SCOPES.contains(&rule.scope.as_str()) {
        let given = rule.scope.as_str().into();
        errors.push(FieldError::not_supported(format!("{path}.scope"), &given, &SCOPES));
    }
}
