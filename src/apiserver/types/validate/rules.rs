//! The rules of custom kinds in the common expression language.
//! <https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/#validation-rules>

use kube_cel::ErrorKind;
use kube_cel::{RootContext, Validator};
use serde_json::Value;

use super::{FieldError, Reason};
use crate::apiserver::types::Kind;

thread_local! {
    static VALIDATOR: Validator = Validator::new();
}

/// Checks the rules of `kind`; those that compare with an old state only where there is one.
pub(super) fn validate(kind: &Kind, object: &Value, old: Option<&Value>, errors: &mut Vec<FieldError>) {
    let Some(rules) = &kind.rules else { return };
    let context = RootContext {
        api_version: kind.api_version(),
        api_group: kind.group.clone(),
        kind: kind.kind.clone(),
    };
    let checked = VALIDATOR
        .with(|validator| validator.validate_compiled_with_context(rules, object, old, Some(&context)));
    let Err(wrong) = checked else { return };
    for error in wrong.into_vec() {
        // A rule that cannot be understood here refuses nothing: another server might well accept the object.
        if !matches!(error.kind, ErrorKind::ValidationFailure | ErrorKind::EvaluationError) {
            continue;
        }
        let reason = match error.reason.as_deref() {
            Some("FieldValueRequired") => Reason::Required,
            Some("FieldValueForbidden") => Reason::Forbidden,
            Some("FieldValueDuplicate") => Reason::Duplicate,
            _ => Reason::Invalid,
        };
        let given = type_at(object, &error.field_path);
        let message = match reason {
            Reason::Required => format!("Required value: {}", error.message),
            Reason::Forbidden => format!("Forbidden: {}", error.message),
            Reason::Duplicate => format!("Duplicate value: {given:?}"),
            _ => format!("Invalid value: {given:?}: {}", error.message),
        };
        let field = if error.field_path.is_empty() { "<nil>".to_owned() } else { error.field_path };
        errors.push(FieldError { field, reason, message });
    }
}

/// The type of the value at a path such as `spec.items[0].name`.
fn type_at(object: &Value, path: &str) -> &'static str {
    let steps = path.split(['.', '[', ']']).filter(|step| !step.is_empty());
    let mut value = object;
    for step in steps {
        let next = match value {
            Value::Array(items) => step.parse::<usize>().ok().and_then(|place| items.get(place)),
            other => other.get(step),
        };
        match next {
            Some(next) => value = next,
            None => return "object",
        }
    }
    super::schema::type_name(value)
}
