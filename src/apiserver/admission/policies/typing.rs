//! The type checks of a policy against the kinds that it names: fields that there are not. Their results stand in the
//! policy's status, and refuse nothing.
//! <https://kubernetes.io/docs/reference/access-authn-authz/validating-admission-policy/#type-checking>

use serde_json::{Value, json};

use super::spec::Policy;
use crate::apiserver::expressions::{Environment, Program, Type};
use crate::apiserver::server::Server;

/// Kubernetes looks at no more kinds.
const KINDS: usize = 10;

/// `status.typeChecking`.
pub(super) fn check(server: &Server, policy: &Policy) -> Value {
    let kinds = kinds(server, policy);
    let spec = &policy.spec;
    let mut warnings = Vec::new();
    let expressions = spec.validations.iter().enumerate().flat_map(|(place, validation)| {
        let field = format!("spec.validations[{place}]");
        let message = &validation.message_expression;
        [
            (format!("{field}.expression"), &validation.expression),
            (format!("{field}.messageExpression"), message),
        ]
    });
    for (field, source) in expressions.filter(|(_, source)| !source.trim().is_empty()) {
        let mut told = Vec::new();
        for (name, object) in &kinds {
            let mut variables: Vec<(String, Type)> = Vec::new();
            for variable in &spec.variables {
                let environment = environment(policy, object, Some(variables.clone()));
                let (result, _) = Program::typed(&variable.expression, &environment);
                variables.push((variable.name.clone(), result));
            }
            let variables = (!spec.variables.is_empty()).then_some(variables);
            if let (_, Some(wrong)) = Program::typed(source, &environment(policy, object, variables)) {
                told.push(format!("{name}: {wrong}\n"));
            }
        }
        if !told.is_empty() {
            warnings.push(json!({"fieldRef": field, "warning": told.join("\n")}));
        }
    }
    if warnings.is_empty() { json!({}) } else { json!({ "expressionWarnings": warnings }) }
}

fn environment(policy: &Policy, object: &Type, variables: Option<Vec<(String, Type)>>) -> Environment {
    Environment {
        params: policy.spec.param_kind.is_some(),
        authorizer: true,
        variables,
        object: object.clone(),
        rule: None,
    }
}

/// The kinds that the rules name in full, with the types of their objects.
fn kinds(server: &Server, policy: &Policy) -> Vec<(String, Type)> {
    let mut kinds: Vec<(String, Type)> = Vec::new();
    let rules = policy.spec.match_constraints.iter().flat_map(|resources| &resources.resource_rules);
    for rule in rules {
        for group in &rule.api_groups {
            for version in &rule.api_versions {
                for resource in &rule.resources {
                    let Some(kind) = server.catalog.by_resource(group, version, resource) else { continue };
                    let name = if group.is_empty() {
                        format!("{version}, Kind={}", kind.kind)
                    } else {
                        format!("{group}/{version}, Kind={}", kind.kind)
                    };
                    if kinds.len() < KINDS && !kinds.iter().any(|(known, _)| *known == name) {
                        kinds.push((name, Type::of_schema(&kind.schema)));
                    }
                }
            }
        }
    }
    kinds.sort_by(|one, two| one.0.cmp(&two.0));
    kinds
}
