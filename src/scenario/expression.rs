//! CEL expressions, in the dialect of Kubernetes. <https://kubernetes.io/docs/reference/using-api/cel/>

use kube_cel::KubeCelExt as _;
use kube_cel::cel::common::ast::{Expr, IdedExpr};
use kube_cel::cel::{Context, ExecutionError, Program, Value as Cel};
use serde_json::{Map, Value};

use crate::objects::to_cel;

/// The longest expression.
const LENGTH_LIMIT: usize = 4_096;
/// The most brackets that may be open at once.
const DEPTH_LIMIT: usize = 64;

/// The most values that are told of an expression that is not true.
const PATHS_SHOWN: usize = 4;

/// Names that are types or macros of the language, not variables.
const BUILT_IN: [&str; 12] =
    ["bool", "bytes", "double", "int", "list", "map", "null_type", "string", "type", "uint", "math", "sets"];

/// Why an expression is none: the message, and the place in it, line and character from 0.
pub(crate) type Mistake = (String, usize, usize);

/// Reads an expression.
pub(crate) fn compile(text: &str) -> Result<Program, Mistake> {
    let deep = text.chars().scan(0_usize, |open, letter| {
        match letter {
            '(' | '[' | '{' => *open += 1,
            ')' | ']' | '}' => *open = open.saturating_sub(1),
            _ => (),
        }
        Some(*open)
    });
    if text.len() > LENGTH_LIMIT || deep.max().unwrap_or_default() > DEPTH_LIMIT {
        let limits = format!("over {LENGTH_LIMIT} characters, or over {DEPTH_LIMIT} brackets in each other");
        return Err((limits, 0, 0));
    }
    Program::compile(text).map_err(|errors| {
        let Some(error) = errors.errors.first() else { return ("not an expression".to_owned(), 0, 0) };
        let place = |number: isize| usize::try_from(number).unwrap_or_default();
        (error.msg.clone(), place(error.pos.0).saturating_sub(1), place(error.pos.1).saturating_sub(1))
    })
}

/// The variables that an expression uses, without those that it declares itself.
pub(crate) fn variables(program: &Program) -> Vec<String> {
    let references = program.references();
    let mut found: Vec<_> = references
        .variables()
        .into_iter()
        .filter(|name| !BUILT_IN.contains(name))
        .map(str::to_owned)
        .collect();
    found.sort();
    found
}

/// What is wrong with an expression whatever its variables are: a function that does not exist, or constants of types
/// that do not go together.
pub(crate) fn misfit(program: &Program) -> Option<String> {
    misfit_in(program.expression(), &Context::default().with_all())
}

fn misfit_in(expression: &IdedExpr, context: &Context<'_>) -> Option<String> {
    let parts: Vec<&IdedExpr> = match &expression.expr {
        Expr::Call(call) => call.target.as_deref().into_iter().chain(&call.args).collect(),
        Expr::List(list) => list.elements.iter().collect(),
        Expr::Select(select) => vec![&select.operand],
        Expr::Comprehension(all) => vec![&all.iter_range, &all.loop_step, &all.result],
        _ => return None,
    };
    if let Some(found) = parts.iter().find_map(|part| misfit_in(part, context)) {
        return Some(found);
    }
    let Expr::Call(call) = &expression.expr else { return None };
    match Cel::resolve(expression, context) {
        Err(ExecutionError::UndeclaredReference(name))
            if *name == call.func_name && call.target.is_none() =>
        {
            Some(format!("there is no function `{name}`"))
        }
        Err(error) if parts.iter().all(|part| is_constant(part)) => {
            Some(format!("this can never be evaluated: {error}"))
        }
        _ => None,
    }
}

fn is_constant(expression: &IdedExpr) -> bool {
    match &expression.expr {
        Expr::Literal(_) => true,
        Expr::List(list) => list.elements.iter().all(is_constant),
        Expr::Call(call) => call.target.as_deref().into_iter().chain(&call.args).all(is_constant),
        _ => false,
    }
}

/// Evaluates an expression. Whatever goes wrong (usually a key that is not there yet) is told in words.
pub(crate) fn evaluate(text: &str, values: &Map<String, Value>) -> Result<Value, String> {
    let program = compile(text).map_err(|(message, ..)| message)?;
    let mut context = Context::default().with_all();
    for (name, value) in values {
        context.add_variable_from_value(name.as_str(), to_cel(value));
    }
    match program.execute(&context) {
        Ok(value) => Ok(from_cel(&value)),
        Err(error) => Err(match error.to_string().strip_prefix("No such key: ") {
            Some(key) => format!("`{key}` is not there"),
            None => error.to_string(),
        }),
    }
}

/// Whether an expression is true. Anything else is told in words.
pub(crate) fn holds(text: &str, values: &Map<String, Value>) -> Result<(), String> {
    match evaluate(text, values) {
        Ok(Value::Bool(true)) => Ok(()),
        Ok(Value::Bool(false)) => Err(told(text, values)),
        Ok(other) => Err(format!("`{text}` is {other}, and neither true nor false")),
        Err(reason) => Err(format!("`{text}`: {reason}")),
    }
}

/// What an expression that is not true has looked at: the values of its paths, else the expression itself.
fn told(text: &str, values: &Map<String, Value>) -> String {
    let mut seen: Vec<String> = Vec::new();
    for path in paths(text) {
        let root = path.split(['.', '[']).next().unwrap_or_default();
        if !values.contains_key(root) {
            continue;
        }
        let shown = match evaluate(&path, values) {
            Ok(Value::String(text)) => short(&text).to_owned(),
            Ok(value @ (Value::Number(_) | Value::Bool(_))) => value.to_string(),
            _ => continue,
        };
        let line = format!("`{}` is {shown}", path.trim_start_matches("object."));
        if !seen.contains(&line) {
            seen.push(line);
        }
    }
    if seen.is_empty() || seen.len() > PATHS_SHOWN {
        return format!("`{text}` is not true");
    }
    seen.join(", ")
}

/// The paths of an expression, such as `object.status.replicas`, without the names of functions at their ends.
fn paths(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut path = String::new();
    let mut quote = None;
    for letter in text.chars().chain([' ']) {
        if let Some(open) = quote {
            if letter == open {
                quote = None;
            }
            continue;
        }
        match letter {
            '.' | '_' | '[' | ']' => path.push(letter),
            _ if letter.is_ascii_alphanumeric() => path.push(letter),
            _ => {
                let mut whole = std::mem::take(&mut path);
                if letter == '(' {
                    whole.truncate(whole.rfind('.').unwrap_or_default());
                }
                if whole.contains('.') && whole.starts_with(|first: char| first.is_ascii_alphabetic()) {
                    found.push(whole);
                }
                quote = ['"', '\''].into_iter().find(|mark| *mark == letter);
            }
        }
    }
    found
}

/// A text in a few characters; of the hash of a commit its beginning, as git shows it.
pub(crate) fn short(text: &str) -> &str {
    let hash = text.len() == 40 && text.bytes().all(|letter| letter.is_ascii_hexdigit());
    let most = if hash { 8 } else { 60 };
    text.char_indices().nth(most).map_or(text, |(end, _)| &text[..end])
}

fn from_cel(value: &Cel) -> Value {
    match value {
        Cel::Bool(value) => Value::Bool(*value),
        Cel::Int(value) => Value::from(*value),
        Cel::UInt(value) => Value::from(*value),
        Cel::Float(value) => Value::from(*value),
        Cel::String(text) => Value::String(text.to_string()),
        Cel::List(list) => list.iter().map(from_cel).collect(),
        Cel::Map(map) => {
            let pairs = map.map.iter().map(|(key, value)| (key.to_string(), from_cel(value)));
            Value::Object(pairs.collect())
        }
        Cel::Timestamp(time) => Value::String(time.to_rfc3339()),
        _ => Value::Null,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn values() -> Map<String, Value> {
        let object =
            json!({"metadata": {"uid": "u1"}, "spec": {"replicas": 4}, "status": {"readyReplicas": 4}});
        json!({"object": object}).as_object().unwrap().clone()
    }

    #[test]
    fn compares_whole_numbers() {
        assert_eq!(holds("object.status.readyReplicas >= 2", &values()), Ok(()));
        assert_eq!(holds("object.status.readyReplicas == object.spec.replicas", &values()), Ok(()));
    }

    #[test]
    fn a_missing_key_is_told_by_name() {
        let reason = holds("object.status.updatedReplicas == 4", &values()).unwrap_err();
        assert_eq!(reason, "`object.status.updatedReplicas == 4`: `updatedReplicas` is not there");
    }

    #[test]
    fn what_is_not_true_is_told_by_what_was_seen() {
        let cases = [
            (
                "object.status.readyReplicas > object.spec.replicas",
                "`status.readyReplicas` is 4, `spec.replicas` is 4",
            ),
            ("object.metadata.uid.startsWith('object.spec.replicas')", "`metadata.uid` is u1"),
            ("object.spec.replicas == 4 && false", "`spec.replicas` is 4"),
            ("1 == 2", "`1 == 2` is not true"),
            ("object.status == object.spec", "`object.status == object.spec` is not true"),
            ("has(object.spec.paused)", "`has(object.spec.paused)` is not true"),
        ];
        for (text, expected) in cases {
            assert_eq!(holds(text, &values()).unwrap_err(), expected, "{text}");
        }
    }

    #[test]
    fn values_come_back_as_json() {
        let value = evaluate("{'uid': object.metadata.uid, 'counts': [object.spec.replicas, 1]}", &values());
        assert_eq!(value, Ok(json!({"uid": "u1", "counts": [4, 1]})));
    }

    #[test]
    fn mistakes_have_a_place() {
        let (message, line, column) = compile("object.spec.replicas = 4").unwrap_err();
        assert_eq!((line, column), (0, 21), "{message}");
    }

    #[test]
    fn deep_nesting_is_refused() {
        let text = format!("{}1{}", "(".repeat(1_000), ")".repeat(1_000));
        assert!(compile(&text).is_err());
    }
}
