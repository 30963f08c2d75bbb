//! What Kubernetes checks in `ValidatingAdmissionPolicies` and their bindings, after
//! `pkg/apis/admissionregistration/validation`. Whether expressions compile is told where they are compiled.

use super::field::{Errors, Field};

const REASONS: [&str; 3] = ["Forbidden", "Invalid", "RequestEntityTooLarge"];

/// A policy's specification.
pub(super) fn policy(spec: &Field, errors: &mut Errors) {
    let constraints = spec.get("matchConstraints");
    spec.get("failurePolicy").one_of(&["Fail", "Ignore"], errors);
    let parameters = spec.get("paramKind");
    if parameters.is_set() {
        for name in ["apiVersion", "kind"] {
            parameters.get(name).must_be_text("", errors);
        }
    }
    if constraints.is_set() {
        if constraints.get("resourceRules").len() == 0 {
            constraints.get("resourceRules").required("", errors);
        }
        matched(&constraints, errors);
    } else {
        constraints.required("", errors);
    }
    let (validations, annotations) = (spec.get("validations"), spec.get("auditAnnotations"));
    if validations.len() + annotations.len() == 0 {
        for list in [&validations, &annotations] {
            list.required("validations or auditAnnotations must contain at least one item", errors);
        }
    }
    for validation in validations.items() {
        let expression = validation.get("expression");
        if expression.text().trim().is_empty() {
            expression.required("expression is not specified", errors);
        }
        validation.get("reason").one_of(&REASONS, errors);
    }
}

fn matched(constraints: &Field, errors: &mut Errors) {
    constraints.get("matchPolicy").one_of(&["Equivalent", "Exact"], errors);
    for rule in
        constraints.get("resourceRules").items().chain(constraints.get("excludeResourceRules").items())
    {
        for name in ["operations", "apiGroups", "apiVersions", "resources"] {
            if rule.get(name).len() == 0 {
                rule.get(name).required("", errors);
            }
        }
        for operation in rule.get("operations").items() {
            operation.one_of(&["*", "CONNECT", "CREATE", "DELETE", "UPDATE"], errors);
        }
    }
}

/// A binding's specification.
pub(super) fn binding(spec: &Field, errors: &mut Errors) {
    spec.get("policyName").must_be_text("", errors);
    let parameters = spec.get("paramRef");
    if parameters.is_set() {
        let (name, selector) = (parameters.get("name"), parameters.get("selector"));
        if !name.text().is_empty() && selector.is_set() {
            for field in [&name, &selector] {
                field.forbidden("name and selector are mutually exclusive", errors);
            }
        }
        if name.text().is_empty() && !selector.is_set() {
            parameters.required("one of name or selector must be specified", errors);
        }
        if !parameters.get("parameterNotFoundAction").is_set() {
            parameters.get("parameterNotFoundAction").required("", errors);
        }
    }
    matched(&spec.get("matchResources"), errors);
    let actions = spec.get("validationActions");
    if actions.len() == 0 {
        actions.required("at least one validation action is required", errors);
    }
    let mut seen = Vec::new();
    for action in actions.items() {
        action.one_of(&["Audit", "Deny", "Warn"], errors);
        if seen.contains(&action.text()) {
            action.duplicate(errors);
        }
        seen.push(action.text());
    }
    if seen.contains(&"Deny") && seen.contains(&"Warn") {
        let detail = "must not contain both Deny and Warn (repeating the same validation failure information in the \
                      API response and headers serves no purpose)";
        actions.invalid(detail, errors);
    }
}
