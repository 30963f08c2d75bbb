//! The rules of custom kinds in the common expression language, within a limit of cost.
//! <https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/#validation-rules>

use std::cell::RefCell;
use std::collections::HashMap;
use std::fmt::Write as _;

use serde_json::Value;

use super::{FieldError, Reason};
use crate::accounts::Identity;
use crate::apiserver::access::Attributes;
use crate::apiserver::expressions::{
    Asks, Budget, Inputs, Value as Cel, escaped, from_fields, from_json, list, none, of_text, some, text,
    truth,
};
use crate::apiserver::types::{Expression, Kind, List, ListKind, Schema, Shape};

const SPENT: &str =
    "validation failed due to running out of cost budget, no further validation rules will be run";
const TOO_DEAR: &str = "operation cancelled: actual cost limit exceeded";

/// Checks the rules of `kind`; those that compare with an old state only where there is one.
pub(super) fn validate(kind: &Kind, object: &Value, old: Option<&Value>, errors: &mut Vec<FieldError>) {
    if !kind.has_rules {
        return;
    }
    let mut look = Look { errors, budget: Budget::validations(), over: false };
    look.walk(&kind.schema, object, old, &mut String::new());
}

/// Rules ask nobody.
struct Nobody;

impl Asks for Nobody {
    fn ask(&self, _: &Identity, _: &Attributes) -> (bool, String) {
        (false, String::new())
    }
}

struct Look<'a> {
    errors: &'a mut Vec<FieldError>,
    budget: Budget,
    /// Whether no further rule is looked at.
    over: bool,
}

impl Look<'_> {
    fn walk(&mut self, schema: &Schema, value: &Value, old: Option<&Value>, path: &mut String) {
        if value.is_null() || self.over {
            return;
        }
        if let Some(rules) = schema.node().rules.as_ref().filter(|rules| !rules.expressions.is_empty()) {
            self.rules(&rules.expressions, schema, value, old, path);
        }
        let length = path.len();
        match (schema.shape(), value) {
            (Shape::Object(_) | Shape::Map(_), Value::Object(fields)) => {
                for (name, value) in fields {
                    let Some(field) = schema.field(name) else { continue };
                    let _ = write!(path, "{}{name}", if length == 0 { "" } else { "." });
                    self.walk(field, value, old.and_then(|old| old.get(name)), path);
                    path.truncate(length);
                }
            }
            (Shape::List(of), Value::Array(items)) => {
                let known = by_keys(of, old);
                for (place, item) in items.iter().enumerate() {
                    let old = keys(of, item).and_then(|keys| known.get(&keys).copied());
                    let _ = write!(path, "[{place}]");
                    self.walk(&of.items, item, old, path);
                    path.truncate(length);
                }
            }
            _ => {}
        }
    }

    fn rules(
        &mut self,
        rules: &[Expression],
        schema: &Schema,
        value: &Value,
        old: Option<&Value>,
        path: &str,
    ) {
        let (own, before) = (seen(schema, value), old.map(|old| seen(schema, old)));
        for rule in rules {
            if self.over || (rule.is_transition() && before.is_none() && !rule.optional_old) {
                continue;
            }
            // A rule that cannot be understood here refuses nothing: another server might well accept the object.
            let Some(program) = rule.program() else { continue };
            let old = match (&before, rule.optional_old) {
                (Some(before), true) => some(before.clone()),
                (Some(before), false) => before.clone(),
                (None, _) => none(),
            };
            let inputs = Inputs {
                names: vec![("self", own.clone()), ("oldSelf", old)],
                variables: &[],
                known: RefCell::default(),
                asks: &Nobody,
            };
            let spent = self.budget.is_spent();
            let answer = program.evaluate(&inputs, &mut self.budget);
            if spent || self.budget.is_spent() {
                self.over = true;
                self.refuse(value, path, SPENT.to_owned());
                return;
            }
            match answer {
                Ok(answer) if truth(&answer) == Some(true) => {}
                Ok(_) => self.broken(rule, &inputs, value, path),
                Err(error) => self.failed(rule, &error, value, path),
            }
        }
    }

    fn refuse(&mut self, value: &Value, path: &str, why: String) {
        let given = super::schema::type_name(value);
        let field = if path.is_empty() { "<nil>".to_owned() } else { path.to_owned() };
        let message = format!("Invalid value: {given:?}: {why}");
        self.errors.push(FieldError { field, reason: Reason::Invalid, message });
    }

    /// Tells of a rule that could not be evaluated.
    fn failed(&mut self, rule: &Expression, error: &str, value: &Value, path: &str) {
        let shown = rule.shown();
        let why = if error.starts_with("no such overload") {
            format!(
                "'{error}': call arguments did not match a supported operator, function or macro signature for rule: \
                 {shown}"
            )
        } else if error.starts_with(TOO_DEAR) {
            self.over = true;
            format!(
                "'{error}': no further validation rules will be run due to call cost exceeds limit for rule: {shown}"
            )
        } else {
            format!("{error} evaluating rule: {shown}")
        };
        self.refuse(value, path, why);
    }

    /// Tells of a rule that does not hold.
    fn broken(&mut self, rule: &Expression, inputs: &Inputs<'_>, value: &Value, path: &str) {
        let told = rule.words().and_then(|words| words.evaluate(inputs, &mut self.budget).ok());
        let told = told.as_ref().and_then(text).map(str::trim);
        let told = told.filter(|told| !told.is_empty() && !told.contains('\n')).map(str::to_owned);
        let message = told.unwrap_or_else(|| match rule.message.trim() {
            "" => format!("failed rule: {}", rule.rule.trim()),
            message => message.to_owned(),
        });
        let given = super::schema::type_name(value);
        let (reason, message) = match rule.reason.as_str() {
            "FieldValueRequired" => (Reason::Required, format!("Required value: {message}")),
            "FieldValueForbidden" => (Reason::Forbidden, format!("Forbidden: {message}")),
            "FieldValueDuplicate" => (Reason::Duplicate, format!("Duplicate value: {given:?}")),
            _ => (Reason::Invalid, format!("Invalid value: {given:?}: {message}")),
        };
        let mut field = format!("{path}{}", rule.field_path.trim());
        if path.is_empty() {
            field.drain(..field.len() - field.trim_start_matches('.').len());
        }
        if field.is_empty() {
            "<nil>".clone_into(&mut field);
        }
        self.errors.push(FieldError { field, reason, message });
    }
}

/// What tells an item of a list from the others, where the list has keys.
fn keys(of: &List, item: &Value) -> Option<String> {
    let ListKind::Map(keys) = &of.kind else { return None };
    let key = |name: &str| {
        let default = of.items.field(name).and_then(|field| field.place().default.clone());
        item.get(name).cloned().or(default).unwrap_or_default().to_string()
    };
    Some(keys.iter().map(|name| key(name)).collect::<Vec<_>>().join(","))
}

fn by_keys<'a>(of: &List, old: Option<&'a Value>) -> HashMap<String, &'a Value> {
    let items = old.and_then(Value::as_array).into_iter().flatten();
    items.filter_map(|item| Some((keys(of, item)?, item))).collect()
}

/// A value as rules see it: times and the like by their form, and names of fields as expressions can write them.
fn seen(schema: &Schema, value: &Value) -> Cel {
    match (schema.shape(), value) {
        (Shape::Map(values), Value::Object(fields)) => {
            from_fields(fields.iter().map(|(name, value)| (name.clone(), seen(values, value))))
        }
        (Shape::Object(_), Value::Object(fields)) => from_fields(fields.iter().map(|(name, value)| {
            let value = match schema.field(name) {
                Some(field) => seen(field, value),
                None => from_json(value),
            };
            (escaped(name), value)
        })),
        (Shape::List(of), Value::Array(items)) => {
            list(items.iter().map(|item| seen(&of.items, item)).collect())
        }
        (Shape::Number, Value::Number(number)) => Cel::Float(number.as_f64().unwrap_or_default()),
        (Shape::Time, Value::String(text)) => of_text(text, "date-time"),
        (Shape::String, Value::String(text)) => {
            let rules = schema.node().rules.as_ref();
            of_text(text, rules.and_then(|rules| rules.format.as_deref()).unwrap_or_default())
        }
        _ => from_json(value),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn kind(rules: &Value) -> Kind {
        let numbers = json!({"type": "array", "items": {"type": "integer"}});
        let keyed = json!({
            "type": "array", "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["name"],
            "items": {
                "type": "object", "properties": {"name": {"type": "string"}, "value": {"type": "integer"}},
                "x-kubernetes-validations": [{"rule": "self.value >= oldSelf.value", "message": "must not shrink"}]
            }
        });
        let when = json!({"type": "string", "format": "date-time"});
        let spec = json!({
            "type": "object", "x-kubernetes-validations": rules,
            "properties": {"numbers": numbers, "keyed": keyed, "when": when, "a-b": {"type": "string"}}
        });
        let schema = json!({"openAPIV3Schema": {"type": "object", "properties": {"spec": spec}}});
        let version = json!({"name": "v1", "served": true, "storage": true, "schema": schema});
        let names = json!({"kind": "Thing", "plural": "things"});
        let definition = json!({"spec": {"group": "example.com", "names": names, "versions": [version]}});
        Kind::from_crd(&definition).unwrap().remove(0)
    }

    fn told(rules: &Value, spec: &Value, old: Option<&Value>) -> Vec<String> {
        let (object, old) = (json!({"spec": spec}), old.map(|old| json!({"spec": old})));
        let mut errors = Vec::new();
        validate(&kind(rules), &object, old.as_ref(), &mut errors);
        errors.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn rules_hold_or_are_told() {
        let right = json!([
            {"rule": "self.when > timestamp('2026-01-01T00:00:00Z')"}, {"rule": "self.a__dash__b == 'c'"}
        ]);
        let spec = json!({"when": "2026-11-21T00:00:00Z", "a-b": "c"});
        assert_eq!(told(&right, &spec, None), Vec::<String>::new());
        let wrong = json!([
            {"rule": "size(self.numbers) < 2", "message": "too many", "fieldPath": ".numbers"},
            {"rule": "self.numbers[7] == 1"},
            {"rule": "size(self.numbers) < 1", "messageExpression": "'there are ' + string(size(self.numbers))"},
            {"rule": "self == oldSelf"},
        ]);
        let expected = [
            "spec.numbers: Invalid value: \"object\": too many",
            "spec: Invalid value: \"object\": index out of bounds: 7 evaluating rule: self.numbers[7] == 1",
            "spec: Invalid value: \"object\": there are 3",
        ];
        assert_eq!(told(&wrong, &json!({"numbers": [1, 2, 3]}), None), expected);
    }

    #[test]
    fn items_are_compared_with_their_former_state_by_their_keys() {
        let old = json!({"keyed": [{"name": "a", "value": 1}, {"name": "b", "value": 5}]});
        let new = json!({"keyed": [{"name": "b", "value": 4}, {"name": "a", "value": 1}, {"name": "c", "value": 0}]});
        let expected = ["spec.keyed[0]: Invalid value: \"object\": must not shrink"];
        assert_eq!(told(&json!([]), &new, Some(&old)), expected);
    }

    #[test]
    fn a_rule_that_costs_too_much_ends_the_look() {
        let rule = "self.numbers.all(a, self.numbers.all(b, self.numbers.all(c, a + b + c >= 0)))";
        let spec = json!({"numbers": vec![1; 1000]});
        let expected = [format!(
            "spec: Invalid value: \"object\": 'operation cancelled: actual cost limit exceeded': no further validation \
             rules will be run due to call cost exceeds limit for rule: {rule}"
        )];
        assert_eq!(told(&json!([{"rule": rule}, {"rule": "false"}]), &spec, None), expected);
    }
}
