//! Expressions of the common expression language, as Flux reads them in `readyExpr` and `healthCheckExprs`.
//! <https://fluxcd.io/flux/cheatsheets/cel-healthchecks/>

use kube_cel::KubeCelExt as _;
use kube_cel::cel::common::ast::{Expr, IdedExpr, LiteralValue};
use kube_cel::cel::{Context, Program, Value as Cel};
use serde_json::{Map, Value};

use crate::objects::to_cel;

/// The longest expression.
const LENGTH_LIMIT: usize = 4_096;
/// The most brackets that may be open at once.
const DEPTH_LIMIT: usize = 64;
/// Names that are types or macros of the language, not variables.
const BUILT_IN: [&str; 12] = [
    "bool",
    "bytes",
    "double",
    "int",
    "list",
    "map",
    "null_type",
    "string",
    "type",
    "uint",
    "sets",
    "base64",
];

/// An expression that has been read.
pub(super) struct Expression {
    text: String,
    program: Program,
}

impl Expression {
    /// Reads an expression, whose variables are the fields of an object of any kind. The error is in Flux's words.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let wrong = |reason: String| format!("failed to parse the CEL expression '{text}': {reason}");
        let deep = text.chars().scan(0_usize, |open, letter| {
            match letter {
                '(' | '[' | '{' => *open += 1,
                ')' | ']' | '}' => *open = open.saturating_sub(1),
                _ => {}
            }
            Some(*open)
        });
        if text.len() > LENGTH_LIMIT || deep.max().unwrap_or_default() > DEPTH_LIMIT {
            let limits =
                format!("over {LENGTH_LIMIT} characters, or over {DEPTH_LIMIT} brackets in each other");
            return Err(wrong(limits));
        }
        let program = Program::compile(text).map_err(|errors| {
            let told = errors.errors.iter().map(|error| {
                let (line, column) = error.pos;
                let message = error.msg.trim_start_matches("Syntax error: ");
                place(text, line.max(1), column.max(1), &format!("Syntax error: {message}"))
            });
            wrong(told.collect::<Vec<_>>().join("\n"))
        })?;
        Ok(Self { text: text.to_owned(), program })
    }

    /// Reads an expression that knows some variables and is to be true or false.
    pub(super) fn checked(text: &str, variables: &[&str]) -> Result<Self, String> {
        let read = Self::parse(text)?;
        let mut known = BUILT_IN.iter().chain(variables).copied().collect();
        if let Some(name) = unknown(read.program.expression(), &mut known) {
            let column = isize::try_from(text.find(&name).unwrap_or_default() + 1).unwrap_or(1);
            let message = format!("undeclared reference to '{name}' (in container '')");
            let told = place(text, 1, column, &message);
            return Err(format!("failed to parse the CEL expression '{text}': {told}"));
        }
        match kind(&read.program.expression().expr) {
            Some(other) => Err(format!("CEL expression output type mismatch: expected bool, got {other}")),
            None => Ok(read),
        }
    }

    /// Whether it is true.
    pub(super) fn holds(&self, values: &Map<String, Value>) -> Result<bool, String> {
        let mut context = Context::default().with_all();
        for (name, value) in values {
            context.add_variable_from_value(name.as_str(), to_cel(value));
        }
        let text = &self.text;
        match self.program.execute(&context) {
            Ok(Cel::Bool(value)) => Ok(value),
            Ok(_) => Err(format!("failed to evaluate CEL expression as boolean: '{text}'")),
            Err(error) => {
                let error = error.to_string();
                let reason = match (
                    error.strip_prefix("No such key: "),
                    error.strip_prefix("Undeclared reference to "),
                ) {
                    (Some(key), _) => format!("no such key: {key}"),
                    (_, Some(name)) => format!("no such attribute(s): {}", name.trim_matches(['\'', '`'])),
                    _ => error,
                };
                Err(format!("failed to evaluate the CEL expression '{text}': {reason}"))
            }
        }
    }
}

/// A variable that is not known. Loops declare variables of their own.
fn unknown(expression: &IdedExpr, known: &mut Vec<&str>) -> Option<String> {
    let among = |parts: &[&IdedExpr], known: &[&str]| {
        parts.iter().find_map(|part| unknown(part, &mut known.to_vec()))
    };
    match &expression.expr {
        Expr::Ident(name) => (!known.contains(&name.as_str())).then(|| name.clone()),
        Expr::Select(select) => unknown(&select.operand, known),
        Expr::Call(call) => {
            among(&call.target.as_deref().into_iter().chain(&call.args).collect::<Vec<_>>(), known)
        }
        Expr::List(list) => among(&list.elements.iter().collect::<Vec<_>>(), known),
        Expr::Comprehension(all) => {
            let before = among(&[&all.iter_range, &all.accu_init], known);
            let own = [Some(all.iter_var.as_str()), all.iter_var2.as_deref(), Some(all.accu_var.as_str())];
            let inside = known.iter().copied().chain(own.into_iter().flatten()).collect::<Vec<_>>();
            before.or_else(|| among(&[&all.loop_cond, &all.loop_step, &all.result], &inside))
        }
        _ => None,
    }
}

/// A fault with its line and a pointer to its place, as the Go library shows it.
fn place(text: &str, line: isize, column: isize, message: &str) -> String {
    let (at, before) = (usize::try_from(line).unwrap_or(1), usize::try_from(column).unwrap_or(1));
    let shown = text.lines().nth(at.saturating_sub(1)).unwrap_or_default();
    let dots = ".".repeat(before.saturating_sub(1));
    format!("ERROR: <input>:{line}:{column}: {message}\n | {shown}\n | {dots}^")
}

/// The type of an expression that can be seen not to be true or false, before any value is known.
fn kind(expression: &Expr) -> Option<&'static str> {
    match expression {
        Expr::Select(select) if !select.test => Some("dyn"),
        Expr::Ident(_) => Some("google.protobuf.Struct"),
        Expr::Call(call) if matches!(call.func_name.as_str(), "_[_]" | "_+_" | "_-_") => Some("dyn"),
        Expr::Call(call) if matches!(call.func_name.as_str(), "size" | "int") => Some("int"),
        Expr::Call(call) if call.func_name == "string" => Some("string"),
        Expr::List(_) => Some("list(dyn)"),
        Expr::Map(_) => Some("map(dyn, dyn)"),
        Expr::Literal(value) => match value {
            LiteralValue::Boolean(_) => None,
            LiteralValue::Bytes(_) => Some("bytes"),
            LiteralValue::Double(_) => Some("double"),
            LiteralValue::Int(_) => Some("int"),
            LiteralValue::Null => Some("null_type"),
            LiteralValue::String(_) => Some("string"),
            LiteralValue::UInt(_) => Some("uint"),
        },
        _ => None,
    }
}

/// Whether an object's dependency is ready by its `readyExpr`: the variables are `self` and `dep`.
///
/// The outer error is one that only a change can help, the inner one may pass.
pub(super) fn is_ready<K: serde::Serialize>(
    text: &str,
    object: &K,
    (name, dependency): (&str, &K),
) -> Result<Result<bool, String>, String> {
    let expression = Expression::checked(text, &["self", "dep"])
        .map_err(|reason| format!("failed to evaluate dependency {name}: {reason}"))?;
    let value = |object: &K| serde_json::to_value(object).unwrap_or_default();
    let values = [("self".to_owned(), value(object)), ("dep".to_owned(), value(dependency))];
    Ok(expression.holds(&values.into_iter().collect()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_no_condition_is_refused_before_it_is_evaluated() {
        for (text, expected) in [
            ("dep.status.phase == 'Ready' && has(self.spec)", None),
            ("dep.status.conditions.exists(one, one.type == 'Ready')", None),
            ("true", None),
            ("dep.status.phase", Some("CEL expression output type mismatch: expected bool, got dyn")),
            ("'true'", Some("CEL expression output type mismatch: expected bool, got string")),
            (
                "other.status == 1",
                Some(
                    "failed to parse the CEL expression 'other.status == 1': ERROR: <input>:1:1: undeclared reference \
                     to 'other' (in container '')\n | other.status == 1\n | ^",
                ),
            ),
        ] {
            let found = Expression::checked(text, &["self", "dep"]).err();
            assert_eq!(found.as_deref(), expected, "{text}");
        }
        let error = Expression::parse("status.").err().unwrap();
        assert!(
            error.starts_with("failed to parse the CEL expression 'status.': ERROR: <input>:1:"),
            "{error}"
        );
        assert!(Expression::parse(&"(".repeat(100)).is_err());
    }

    #[test]
    fn values_are_those_of_the_object() {
        let object = json!({ "metadata": { "generation": 2 }, "status": { "phase": "Up", "size": 3 } });
        let values = object.as_object().unwrap().clone();
        let holds = |text: &str| Expression::parse(text).unwrap().holds(&values);
        assert_eq!(holds("status.phase == 'Up' && status.size >= 3"), Ok(true));
        assert_eq!(holds("has(status.error)"), Ok(false));
        assert_eq!(
            holds("status.nope == 1"),
            Err("failed to evaluate the CEL expression 'status.nope == 1': no such key: nope".to_owned())
        );
        assert_eq!(
            holds("status.phase"),
            Err("failed to evaluate CEL expression as boolean: 'status.phase'".to_owned())
        );
    }
}
