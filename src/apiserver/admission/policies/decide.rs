//! One policy, evaluated for one request with one set of parameters.

use std::cell::RefCell;
use std::collections::HashMap;

use serde_json::Value as Json;

use super::compile::Compiled;
use super::request::Request;
use crate::accounts::Identity;
use crate::apiserver::access::Attributes;
use crate::apiserver::expressions::{
    Asks, Budget, Inputs, Value, authorizer, from_json, request_resource, text, truth,
};
use crate::apiserver::server::Server;

/// A longer message of an expression counts as none.
const MESSAGE: usize = 5 * 1024;
const SPENT: &str =
    "validation failed due to running out of cost budget, no further validation rules will be run";

/// What one validation says.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Decision {
    Admit,
    Deny { message: String, reason: String },
}

/// What a policy says.
#[derive(Debug, Default)]
pub(super) struct Decided {
    pub(super) decisions: Vec<Decision>,
    pub(super) annotations: Vec<(String, String)>,
    /// Annotations that could not be evaluated.
    pub(super) failed: Vec<String>,
}

impl Asks for Server {
    fn ask(&self, identity: &Identity, attributes: &Attributes) -> (bool, String) {
        let verdict = self.access.verdict(identity, attributes);
        (verdict.allowed, verdict.reason)
    }
}

/// Evaluates a policy.
pub(super) fn decide(
    server: &Server,
    policy: &Compiled,
    request: &Request<'_>,
    version: &str,
    params: Option<&Json>,
    namespace: Option<&Json>,
) -> Decided {
    let inputs = Inputs {
        names: names(request, version, params, namespace),
        variables: &policy.variables,
        known: RefCell::new(HashMap::new()),
        asks: server,
    };
    let fails = policy.policy.spec.failure_policy != "Ignore";
    let mut decided = Decided::default();
    match conditions(policy, &inputs) {
        Ok(true) => {}
        Ok(false) => return decided,
        Err(message) => {
            decided.decisions.push(failed(fails, message));
            return decided;
        }
    }
    let mut budget = Budget::validations();
    for (checked, spec) in policy.validations.iter().zip(&policy.policy.spec.validations) {
        let source = &spec.expression;
        let value = match checked.holds.evaluate(&inputs, &mut budget) {
            Ok(value) => value,
            Err(_) if budget.is_spent() => {
                decided.decisions = vec![failed(fails, SPENT.to_owned())];
                return decided;
            }
            Err(error) => {
                let message = format!("expression '{source}' resulted in error: {error}");
                decided.decisions.push(failed(fails, message));
                continue;
            }
        };
        if truth(&value) == Some(true) {
            decided.decisions.push(Decision::Admit);
            continue;
        }
        let told = checked.message.as_ref().and_then(|message| {
            let value = message.evaluate(&inputs, &mut budget).ok()?;
            let told = text(&value)?.trim().to_owned();
            (told.len() <= MESSAGE && !told.contains('\n')).then_some(told)
        });
        let told = told.filter(|told| !told.is_empty());
        let written = Some(spec.message.trim().to_owned()).filter(|message| !message.is_empty());
        let message = told.or(written).unwrap_or_else(|| format!("failed expression: {}", source.trim()));
        let reason = spec.reason.clone().unwrap_or_else(|| "Invalid".to_owned());
        decided.decisions.push(Decision::Deny { message, reason });
    }
    annotations(policy, &inputs, fails, &mut decided);
    decided
}

fn failed(fails: bool, message: String) -> Decision {
    if fails { Decision::Deny { message, reason: "Invalid".to_owned() } } else { Decision::Admit }
}

fn names(
    request: &Request<'_>,
    version: &str,
    params: Option<&Json>,
    namespace: Option<&Json>,
) -> Vec<(&'static str, Value)> {
    let object = |object: Option<&Json>| {
        let Some(object) = object else { return Value::Null };
        let api_version = request.target.kind.api_version();
        let mut seen = object.clone();
        if request.target.kind.version != version && object["apiVersion"] == api_version.as_str() {
            seen["apiVersion"] = format!("{}/{version}", request.target.kind.group).into();
        }
        from_json(&seen)
    };
    vec![
        ("object", object(request.object)),
        ("oldObject", object(request.old)),
        ("request", from_json(&request.variable(version))),
        ("params", params.map_or(Value::Null, from_json)),
        ("namespaceObject", namespace.map_or(Value::Null, from_json)),
        ("authorizer", authorizer(request.identity)),
        ("authorizer.requestResource", request_resource(request.identity, request.attributes())),
    ]
}

/// Whether the policy's own conditions are met. One that is not met counts more than one that fails.
fn conditions(policy: &Compiled, inputs: &Inputs<'_>) -> Result<bool, String> {
    let mut budget = Budget::conditions();
    let mut errors = Vec::new();
    for (condition, spec) in policy.conditions.iter().zip(&policy.policy.spec.match_conditions) {
        match condition.evaluate(inputs, &mut budget) {
            Ok(value) if truth(&value) == Some(true) => {}
            Ok(_) => return Ok(false),
            Err(error) => {
                let source = spec.expression.as_str();
                errors.push(format!("expression '{source}' resulted in error: {error}"));
            }
        }
    }
    match errors.as_slice() {
        [] => Ok(true),
        [only] => Err(only.clone()),
        several => Err(format!("[{}]", several.join(", "))),
    }
}

fn annotations(policy: &Compiled, inputs: &Inputs<'_>, fails: bool, decided: &mut Decided) {
    let mut budget = Budget::validations();
    for ((key, program), spec) in policy.annotations.iter().zip(&policy.policy.spec.audit_annotations) {
        match program.evaluate(inputs, &mut budget) {
            Ok(value) => {
                let value = text(&value).unwrap_or_default().trim();
                if !value.is_empty() {
                    decided.annotations.push((key.clone(), value.to_owned()));
                }
            }
            Err(error) if fails => {
                let source = &spec.value_expression;
                decided.failed.push(format!("expression '{source}' resulted in error: {error}"));
            }
            Err(_) => {}
        }
    }
}
