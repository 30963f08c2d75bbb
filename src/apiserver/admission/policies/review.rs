//! A request held against every policy: refused, warned of, or noted for the audit log.

use serde_json::{Value, json};

use super::decide::{self, Decision};
use super::index::Bound;
use super::matching::{matches, namespace};
use super::params;
use super::request::Request;
use super::spec::Binding;
use crate::apiserver::audit::Notes;
use crate::apiserver::server::Server;
use crate::apiserver::status::Status;

const FAILURE: &str = "validation.policy.admission.k8s.io/validation_failure";
/// A longer annotation is cut.
const ANNOTATION: usize = 10 * 1024;

/// What the policies say together.
#[derive(Default)]
struct Outcome {
    /// The first refusal: its words and its reason.
    denied: Option<(String, String)>,
    warnings: Vec<String>,
    notes: Vec<(String, String)>,
}

impl Server {
    /// Refuses what a policy does not allow, and returns what the client should be warned of.
    pub(crate) fn review(&self, request: &Request<'_>, notes: &Notes) -> Result<Vec<String>, Status> {
        let bound = self.policies.bound();
        // Nobody can be kept by a policy from changing it.
        if bound.is_empty() || request.target.kind.group == "admissionregistration.k8s.io" {
            return Ok(Vec::new());
        }
        let mut outcome = Outcome::default();
        for bound in bound.iter() {
            self.policy(bound, request, &mut outcome);
        }
        for (key, value) in outcome.notes {
            notes.add(key, value);
        }
        match outcome.denied {
            Some((message, reason)) => {
                let name = if request.name.is_empty() { "Unknown" } else { request.name };
                Err(Status::denied(request.target.named_as(name), &message, &reason))
            }
            None => Ok(outcome.warnings),
        }
    }

    fn policy(&self, bound: &Bound, request: &Request<'_>, outcome: &mut Outcome) {
        let spec = &bound.policy.policy.spec;
        let Some(resources) = &spec.match_constraints else { return };
        let Some(version) = matches(self, resources, request) else { return };
        let name = &bound.policy.policy.metadata.name;
        let fails = spec.failure_policy != "Ignore";
        if let Some(kind) = &spec.param_kind
            && self.catalog.by_kind(&kind.api_version, &kind.kind).is_none()
        {
            if fails {
                outcome.deny(format!(
                    "ValidatingAdmissionPolicy '{name}' denied request: failed to configure policy: failed to find \
                     resource referenced by paramKind: '{}, Kind={}'",
                    kind.api_version, kind.kind
                ));
            }
            return;
        }
        let mut annotations: Vec<(String, Vec<String>)> = Vec::new();
        for binding in bound.bindings.iter() {
            let resources = binding.spec.match_resources.as_ref();
            if resources.is_some_and(|resources| matches(self, resources, request).is_none()) {
                continue;
            }
            let reference = binding.spec.param_ref.as_ref();
            let params = match params::collect(self, spec.param_kind.as_ref(), reference, request.namespace())
            {
                Ok(params) => params,
                Err(error) => {
                    if fails {
                        outcome.deny(denied(name, binding, &format!("failed to configure binding: {error}")));
                    }
                    continue;
                }
            };
            let within = if request.is_namespace() { None } else { namespace(self, request.namespace()) };
            for params in params {
                let decided =
                    decide::decide(self, &bound.policy, request, &version, params.as_ref(), within.as_ref());
                for (place, decision) in decided.decisions.iter().enumerate() {
                    outcome.take(name, binding, place, decision);
                }
                for (key, value) in decided.annotations {
                    annotate(&mut annotations, key, value);
                }
                for message in decided.failed {
                    outcome.deny(denied(name, binding, &message));
                }
            }
        }
        let joined =
            annotations.into_iter().map(|(key, values)| (format!("{name}/{key}"), values.join(", ")));
        outcome.notes.extend(joined);
    }
}

fn denied(policy: &str, binding: &Binding, message: &str) -> String {
    let binding = &binding.metadata.name;
    format!("ValidatingAdmissionPolicy '{policy}' with binding '{binding}' denied request: {message}")
}

/// The same value of several bindings is written once.
fn annotate(annotations: &mut Vec<(String, Vec<String>)>, key: String, mut value: String) {
    let end = (0..=ANNOTATION.min(value.len())).rev().find(|end| value.is_char_boundary(*end));
    value.truncate(end.unwrap_or_default());
    match annotations.iter_mut().find(|(known, _)| *known == key) {
        Some((_, values)) if values.contains(&value) => {}
        Some((_, values)) => values.push(value),
        None => annotations.push((key, vec![value])),
    }
}

impl Outcome {
    fn deny(&mut self, message: String) {
        self.denied.get_or_insert((message, "Invalid".to_owned()));
    }

    fn take(&mut self, policy: &str, binding: &Binding, place: usize, decision: &Decision) {
        let Decision::Deny { message, reason } = decision else { return };
        for action in &binding.spec.validation_actions {
            match action.as_str() {
                "Deny" => {
                    self.denied.get_or_insert((denied(policy, binding, message), reason.clone()));
                }
                "Warn" => self.warnings.push(format!(
                    "Validation failed for ValidatingAdmissionPolicy '{policy}' with binding '{}': {message}",
                    binding.metadata.name
                )),
                "Audit" => {
                    let value: Value = json!([{
                        "message": message, "policy": policy, "binding": binding.metadata.name,
                        "expressionIndex": place, "validationActions": binding.spec.validation_actions
                    }]);
                    // Of several failures the log keeps the first, as the real one does.
                    if !self.notes.iter().any(|(key, _)| key == FAILURE) {
                        self.notes.push((FAILURE.to_owned(), value.to_string()));
                    }
                }
                _ => {}
            }
        }
    }
}
