//! The expressions of a policy, compiled once, and what is wrong with those that cannot be.

use super::spec::{Policy, PolicySpec};
use crate::apiserver::expressions::{Environment, Program, Type, Wanted};
use crate::apiserver::types::{FieldError, Reason, qualified};

/// An annotation's expression is no longer, in bytes.
const ANNOTATION_EXPRESSION: usize = 5 * 1024;

/// A policy whose expressions can be evaluated.
#[derive(Debug)]
pub(super) struct Compiled {
    pub(super) policy: Policy,
    /// Names and conditions.
    pub(super) conditions: Vec<Program>,
    pub(super) variables: Vec<(String, Program)>,
    pub(super) validations: Vec<Checked>,
    /// Keys and values.
    pub(super) annotations: Vec<(String, Program)>,
}

/// A validation.
#[derive(Debug)]
pub(super) struct Checked {
    pub(super) holds: Program,
    pub(super) message: Option<Program>,
}

/// Compiles what can be compiled. The errors are in the order of Kubernetes: conditions and variables first.
pub(super) fn compile(policy: Policy) -> (Compiled, Vec<FieldError>) {
    let mut errors = Vec::new();
    let mut compiler = Compiler::new(&policy.spec, &mut errors);
    let conditions = compiler.conditions(&policy.spec);
    let variables = compiler.variables(&policy.spec);
    let validations = compiler.validations(&policy.spec);
    let annotations = compiler.annotations(&policy);
    (Compiled { policy, conditions, variables, validations, annotations }, errors)
}

struct Compiler<'a> {
    environment: Environment,
    errors: &'a mut Vec<FieldError>,
}

impl<'a> Compiler<'a> {
    fn new(spec: &PolicySpec, errors: &'a mut Vec<FieldError>) -> Self {
        let environment =
            Environment { params: spec.param_kind.is_some(), authorizer: true, ..Environment::default() };
        Self { environment, errors }
    }

    fn program(&mut self, field: &str, source: &str, wanted: Wanted) -> Option<Program> {
        match Program::compile(source, &self.environment, wanted) {
            Ok(program) => Some(program),
            Err(error) => {
                let (reason, message) = if error.is_internal() {
                    (Reason::Internal, format!("Internal error: {error}"))
                } else {
                    (Reason::Invalid, format!("Invalid value: {}: {error}", quoted(source)))
                };
                self.errors.push(FieldError { field: field.to_owned(), reason, message });
                None
            }
        }
    }

    fn conditions(&mut self, spec: &PolicySpec) -> Vec<Program> {
        let mut names = Vec::new();
        if spec.match_conditions.len() > 64 {
            self.errors.push(FieldError::too_many("spec.matchConditions", spec.match_conditions.len(), 64));
        }
        let mut programs = Vec::new();
        for (place, condition) in spec.match_conditions.iter().take(64).enumerate() {
            let field = format!("spec.matchConditions[{place}]");
            let source = condition.expression.trim();
            if source.is_empty() {
                self.errors.push(FieldError::required(format!("{field}.expression"), ""));
            } else {
                programs.extend(self.program(&format!("{field}.expression"), source, Wanted::Bool));
            }
            if condition.name.is_empty() {
                self.errors.push(FieldError::required(format!("{field}.name"), ""));
                continue;
            }
            self.qualified(&format!("{field}.name"), &condition.name);
            if names.contains(&condition.name.as_str()) {
                self.errors
                    .push(FieldError::duplicate(format!("{field}.name"), &condition.name.as_str().into()));
            }
            names.push(condition.name.as_str());
        }
        programs
    }

    fn qualified(&mut self, field: &str, name: &str) {
        for message in qualified(name) {
            self.errors.push(FieldError::invalid(field, &name.into(), &message));
        }
    }

    fn variables(&mut self, spec: &PolicySpec) -> Vec<(String, Program)> {
        if spec.variables.is_empty() {
            return Vec::new();
        }
        self.environment.variables = Some(Vec::new());
        let mut programs = Vec::new();
        for (place, variable) in spec.variables.iter().enumerate() {
            let field = format!("spec.variables[{place}]");
            let letter = |letter: char| letter.is_ascii_alphabetic() || letter == '_';
            if variable.name.trim().is_empty() {
                self.errors.push(FieldError::required(format!("{field}.name"), "name is not specified"));
            } else if !variable.name.starts_with(letter)
                || !variable.name.chars().all(|one| letter(one) || one.is_ascii_digit())
            {
                let name = variable.name.as_str().into();
                let message = "must be a valid CEL identifier";
                self.errors.push(FieldError::invalid(format!("{field}.name"), &name, message));
            }
            let field = format!("{field}.expression");
            if variable.expression.trim().is_empty() {
                self.errors.push(FieldError::required(field, "expression is not specified"));
                continue;
            }
            let program = self.program(&field, &variable.expression, Wanted::Anything);
            let result = program.as_ref().map_or(Type::Dyn, |program| program.result().clone());
            if let Some(program) = program {
                self.environment.variables.get_or_insert_default().push((variable.name.clone(), result));
                programs.push((variable.name.clone(), program));
            }
        }
        programs
    }

    fn validations(&mut self, spec: &PolicySpec) -> Vec<Checked> {
        let mut checked = Vec::new();
        for (place, validation) in spec.validations.iter().enumerate() {
            let field = format!("spec.validations[{place}]");
            let mut holds = None;
            if validation.expression.trim().is_empty() {
                self.errors
                    .push(FieldError::required(format!("{field}.expression"), "expression is not specified"));
            } else {
                holds = self.program(&format!("{field}.expression"), &validation.expression, Wanted::Bool);
            }
            let message = self.message(&format!("{field}.messageExpression"), &validation.message_expression);
            self.words(&field, &validation.message, validation.reason.as_deref());
            if let Some(holds) = holds {
                checked.push(Checked { holds, message });
            }
        }
        checked
    }

    fn message(&mut self, field: &str, source: &str) -> Option<Program> {
        if source.is_empty() {
            return None;
        }
        if source.trim().is_empty() {
            self.errors.push(FieldError::invalid(field, &source.into(), "must be non-empty if specified"));
            return None;
        }
        self.environment.authorizer = false;
        let program = self.program(field, source, Wanted::String);
        self.environment.authorizer = true;
        program
    }

    fn words(&mut self, field: &str, message: &str, reason: Option<&str>) {
        let at = format!("{field}.message");
        if !message.is_empty() && message.trim().is_empty() {
            self.errors.push(FieldError::invalid(at, &message.into(), "must be non-empty if specified"));
        } else if message.trim().contains(['\n', '\r']) {
            self.errors.push(FieldError::invalid(at, &message.into(), "must not contain line breaks"));
        }
        let known = ["Forbidden", "Invalid", "RequestEntityTooLarge", "Unauthorized"];
        if let Some(reason) = reason.filter(|reason| !known.contains(reason)) {
            let supported = &known[..3];
            self.errors.push(FieldError::not_supported(format!("{field}.reason"), &reason.into(), supported));
        }
    }

    fn annotations(&mut self, policy: &Policy) -> Vec<(String, Program)> {
        let mut programs: Vec<(String, Program)> = Vec::new();
        let mut keys = Vec::new();
        for (place, annotation) in policy.spec.audit_annotations.iter().enumerate() {
            let field = format!("spec.auditAnnotations[{place}]");
            let key = format!("{}/{}", policy.metadata.name, annotation.key);
            self.qualified(&format!("{field}.key"), &key);
            let at = format!("{field}.valueExpression");
            let source = annotation.value_expression.trim();
            if source.is_empty() {
                self.errors.push(FieldError::required(at, "valueExpression is not specified"));
            } else if source.len() > ANNOTATION_EXPRESSION {
                let message = format!("must not exceed {ANNOTATION_EXPRESSION} bytes in length");
                self.errors.push(FieldError::required(at, &message));
            } else if let Some(program) = self.program(&at, source, Wanted::StringOrNull) {
                programs.push((annotation.key.clone(), program));
            }
            if keys.contains(&annotation.key.as_str()) {
                let key = annotation.key.as_str().into();
                self.errors.push(FieldError::duplicate(format!("{field}.key"), &key));
            }
            keys.push(annotation.key.as_str());
        }
        programs
    }
}

/// A text as Go quotes it.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}
