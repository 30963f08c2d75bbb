//! An expression that has been read and checked.

use super::check::{Environment, check};
use super::evaluate::{Budget, Inputs, evaluate};
use super::functions;
use super::node::{Kind, Node};
use super::parse::{Wrong, parse};
use super::signatures::Type;
use super::value::Value;

/// A checked expression.
#[derive(Clone, Debug)]
pub(crate) struct Program {
    node: Node,
    result: Type,
}

/// What an expression must come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wanted {
    Bool,
    String,
    StringOrNull,
    Anything,
}

/// Why an expression cannot be used, in the words of Kubernetes.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("{message}")]
pub(crate) struct Error {
    message: String,
    internal: bool,
}

impl Error {
    fn new(message: String) -> Self {
        Self { message, internal: false }
    }

    /// Whether Kubernetes calls it an error of its own.
    pub(crate) fn is_internal(&self) -> bool {
        self.internal
    }
}

impl Program {
    /// Reads and checks an expression.
    pub(crate) fn compile(source: &str, environment: &Environment, wanted: Wanted) -> Result<Self, Error> {
        let node = parse(source).map_err(|wrong| failed(source, &[wrong]))?;
        let (result, wrong) = check(&node, environment);
        if !wrong.is_empty() {
            return Err(failed(source, &wrong));
        }
        let message = match wanted {
            Wanted::Bool if !result.is("bool") => format!("must evaluate to bool but got {result}"),
            Wanted::String if !result.is("string") => format!("must evaluate to string but got {result}"),
            Wanted::StringOrNull if !result.is("string") && !result.is("null") => {
                format!("must evaluate to one of [string null_type] but got {result}")
            }
            _ => return constant(&node).map_or(Ok(Self { node, result }), Err),
        };
        Err(Error::new(message))
    }

    /// The type of an expression, and what is wrong with it where something is.
    pub(crate) fn typed(source: &str, environment: &Environment) -> (Type, Option<String>) {
        let Ok(node) = parse(source) else { return (Type::Dyn, None) };
        let (result, wrong) = check(&node, environment);
        let told: Vec<String> = wrong.iter().map(|wrong| told(source, wrong)).collect();
        (result, (!told.is_empty()).then(|| told.join("\n")))
    }

    /// What it comes to.
    pub(crate) fn result(&self) -> &Type {
        &self.result
    }

    pub(super) fn node(&self) -> &Node {
        &self.node
    }

    /// Evaluates it, at the cost of a budget.
    pub(crate) fn evaluate(&self, inputs: &Inputs<'_>, budget: &mut Budget) -> Result<Value, String> {
        evaluate(&self.node, inputs, budget)
    }
}

/// A conversion of a literal is made once, when the expression is compiled, and may fail there.
fn constant(node: &Node) -> Option<Error> {
    let parts: Vec<&Node> = match &node.kind {
        Kind::Call { target: None, name, arguments } => {
            if let ("int" | "uint" | "double", [Node { kind: Kind::Literal(value), .. }]) =
                (name.as_str(), arguments.as_slice())
                && let Err(error) = functions::call(name, None, vec![value.clone()])
            {
                return Some(Error {
                    message: format!("program instantiation failed: {error}"),
                    internal: true,
                });
            }
            arguments.iter().collect()
        }
        Kind::Call { target, arguments, .. } => {
            target.iter().map(|target| &**target).chain(arguments).collect()
        }
        Kind::Loop { of, filter, body, .. } => {
            [Some(of), filter.as_ref(), Some(body)].into_iter().flatten().map(|node| &**node).collect()
        }
        Kind::Select { of, .. } => vec![of],
        Kind::Index { of, key, .. } => vec![of, key],
        Kind::List(items) => items.iter().map(|(item, _)| item).collect(),
        Kind::Map(entries) => entries.iter().flat_map(|(key, value, _)| [key, value]).collect(),
        Kind::Literal(_) | Kind::Name(_) => Vec::new(),
    };
    parts.into_iter().find_map(constant)
}

fn failed(source: &str, wrong: &[Wrong]) -> Error {
    let told: Vec<String> = wrong.iter().map(|wrong| told(source, wrong)).collect();
    Error::new(format!("compilation failed: {}", told.join("\n")))
}

/// One fault, with the line of the source and a pointer to its place.
fn told(source: &str, wrong: &Wrong) -> String {
    if wrong.words.is_empty()
        && let Err(errors) = kube_cel::cel::Program::compile(source)
        && !errors.errors.is_empty()
    {
        let each = errors.errors.iter().map(|error| {
            let (line, column) = error.pos;
            let line = usize::try_from(line).unwrap_or(1).max(1);
            shown(source, line, usize::try_from(column).unwrap_or(1).max(1), &syntax(&error.msg))
        });
        return each.collect::<Vec<_>>().join("\n");
    }
    let before = &source[..wrong.at.min(source.len())];
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    let words = if wrong.words.is_empty() { "Syntax error: unexpected input" } else { &wrong.words };
    shown(source, line, column, words)
}

fn syntax(message: &str) -> String {
    let message = message.trim();
    if message.starts_with("Syntax error") || message.starts_with("invalid ") {
        message.to_owned()
    } else {
        format!("Syntax error: {message}")
    }
}

fn shown(source: &str, line: usize, column: usize, words: &str) -> String {
    let text = source.lines().nth(line - 1).unwrap_or_default();
    let dots = ".".repeat(column - 1);
    format!("ERROR: <input>:{line}:{column}: {words}\n | {text}\n | {dots}^")
}
