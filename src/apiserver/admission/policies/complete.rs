//! What policies and bindings get when they are written: defaults, and the status of a policy that has been looked at.

use serde_json::{Value, json};

use super::compile::compile;
use super::spec::{self, Binding, Policy};
use super::{typing, validate};
use crate::apiserver::meta;
use crate::apiserver::server::Server;
use crate::apiserver::status::Status;
use crate::apiserver::types::{FieldError, Kind};

const GROUP: &str = "admissionregistration.k8s.io";

/// Completes a policy, or refuses it.
pub(in super::super) fn complete_policy(server: &Server, object: &mut Value) -> Result<(), Status> {
    if let Some(spec) = object.get_mut("spec").filter(|spec| spec.is_object()) {
        set(spec, "failurePolicy", "Fail".into());
        if let Some(resources) = spec.get_mut("matchConstraints") {
            complete_resources(resources);
        }
    }
    let policy: Policy = spec::read(object);
    let mut errors = Vec::new();
    validate::policy(&policy, &mut errors);
    let (compiled, wrong) = compile(policy);
    errors.extend(wrong);
    validate::is_empty(&compiled.policy, &mut errors);
    refuse("ValidatingAdmissionPolicy", object, errors)?;
    object["status"]["typeChecking"] = typing::check(server, &compiled.policy);
    Ok(())
}

/// Completes a binding, or refuses it.
pub(in super::super) fn complete_binding(object: &mut Value) -> Result<(), Status> {
    if let Some(resources) = object["spec"].get_mut("matchResources") {
        complete_resources(resources);
    }
    let binding: Binding = spec::read(object);
    let mut errors = Vec::new();
    validate::binding(&binding, &mut errors);
    refuse("ValidatingAdmissionPolicyBinding", object, errors)
}

/// Says of a policy which of its generations has been looked at.
pub(crate) fn observe(kind: &Kind, object: &mut Value) {
    if kind.group == GROUP && kind.plural == "validatingadmissionpolicies" {
        object["status"]["observedGeneration"] = object["metadata"]["generation"].clone();
    }
}

fn refuse(kind: &str, object: &Value, errors: Vec<FieldError>) -> Result<(), Status> {
    if errors.is_empty() {
        return Ok(());
    }
    Err(Status::invalid(kind, GROUP, meta::text(object, "name"), &errors))
}

fn complete_resources(resources: &mut Value) {
    if !resources.is_object() {
        return;
    }
    set(resources, "matchPolicy", "Equivalent".into());
    set(resources, "namespaceSelector", json!({}));
    set(resources, "objectSelector", json!({}));
    for list in ["resourceRules", "excludeResourceRules"] {
        for rule in resources.get_mut(list).and_then(Value::as_array_mut).into_iter().flatten() {
            if rule.is_object() {
                set(rule, "scope", "*".into());
            }
        }
    }
}

fn set(object: &mut Value, field: &str, value: Value) {
    if object.get(field).is_none_or(Value::is_null) {
        object[field] = value;
    }
}
