//! The value of an expression.

use std::cell::RefCell;
use std::collections::HashMap;

use kube_cel::cel::objects::{Key, KeyRef};

use super::authorizer::Asks;
use super::node::{Kind, Node, deep};
use super::program::Program;
use super::value::{Value, list, map, none, optional, some, text, truth, type_name};
use super::{authorizer, functions, operators};

/// What one expression may cost: a unit for each part that is evaluated, and for each ten letters that are read.
const PER_EXPRESSION: u64 = 1_000_000;

pub(super) type Answer = Result<Value, String>;

/// What expressions speak of.
pub(crate) struct Inputs<'a> {
    /// `object`, `request`, …
    pub(crate) names: Vec<(&'static str, Value)>,
    /// The policy's own variables, which are evaluated at their first use.
    pub(crate) variables: &'a [(String, Program)],
    /// The values of those that have been used.
    pub(crate) known: RefCell<HashMap<String, Answer>>,
    /// Who answers `authorizer`.
    pub(crate) asks: &'a dyn Asks,
}

/// What is left for all expressions of a policy together.
#[derive(Debug)]
pub(crate) struct Budget(u64);

impl Budget {
    /// Ten million: what Kubernetes gives to the validations of one policy.
    pub(crate) fn validations() -> Self {
        Self(10_000_000)
    }

    /// What it gives to the conditions under which a policy applies.
    pub(crate) fn conditions() -> Self {
        Self(2_500_000)
    }

    /// Whether nothing is left.
    pub(crate) fn is_spent(&self) -> bool {
        self.0 == 0
    }
}

pub(super) struct Run<'a> {
    inputs: &'a Inputs<'a>,
    budget: &'a mut Budget,
    left: u64,
    pub(super) locals: Vec<(String, Value)>,
}

/// Evaluates an expression.
pub(super) fn evaluate(node: &Node, inputs: &Inputs<'_>, budget: &mut Budget) -> Answer {
    let left = PER_EXPRESSION.min(budget.0);
    let mut run = Run { inputs, budget, left, locals: Vec::new() };
    let answer = run.value(node);
    let spent = left - run.left;
    run.budget.0 = run.budget.0.saturating_sub(spent);
    // What has run out of budget inside of `||` must not pass for an answer.
    if run.left == 0 { Err("operation cancelled: actual cost limit exceeded".to_owned()) } else { answer }
}

impl Run<'_> {
    pub(super) fn pay(&mut self, cost: u64) -> Result<(), String> {
        self.left = self.left.saturating_sub(cost);
        if self.left == 0 {
            Err("operation cancelled: actual cost limit exceeded".to_owned())
        } else {
            Ok(())
        }
    }

    pub(super) fn value(&mut self, node: &Node) -> Answer {
        self.pay(1)?;
        deep(|| self.part(node))
    }

    fn part(&mut self, node: &Node) -> Answer {
        match &node.kind {
            Kind::Literal(value) => Ok(value.clone()),
            Kind::Name(name) => Ok(self.name(name)),
            Kind::Select { of, field, optional, test } => self.select(of, field, *optional, *test),
            Kind::Index { of, key, optional: asked } => {
                let (of, key) = (self.value(of)?, self.value(key)?);
                match optional(&of) {
                    Some(None) => Ok(none()),
                    Some(Some(held)) => Ok(item(held, &key).map_or_else(|_| none(), some)),
                    None if *asked => Ok(item(&of, &key).map_or_else(|_| none(), some)),
                    None => item(&of, &key),
                }
            }
            Kind::Call { target, name, arguments } => self.call(target.as_deref(), name, arguments),
            Kind::List(items) => {
                let mut all = Vec::with_capacity(items.len());
                for (item, asked) in items {
                    let value = self.value(item)?;
                    match (asked, optional(&value)) {
                        (true, Some(held)) => all.extend(held.cloned()),
                        (true, None) => return operators::no_overload(),
                        (false, _) => all.push(value),
                    }
                }
                Ok(list(all))
            }
            Kind::Map(entries) => self.entries(entries),
            Kind::Loop { each, of, names, filter, body } => {
                self.looped(*each, of, names, filter.as_deref(), body)
            }
        }
    }

    fn entries(&mut self, entries: &[(Node, Node, bool)]) -> Answer {
        let mut all = HashMap::new();
        for (key, value, asked) in entries {
            let key: Key = self.value(key)?.try_into().map_err(|_| "unsupported key type".to_owned())?;
            let value = self.value(value)?;
            match (asked, optional(&value)) {
                (true, Some(None)) => {}
                (true, Some(Some(held))) => {
                    all.insert(key, held.clone());
                }
                (true, None) => return operators::no_overload(),
                (false, _) => {
                    all.insert(key, value);
                }
            }
        }
        Ok(map(all))
    }

    fn name(&self, name: &str) -> Value {
        if let Some((_, value)) = self.locals.iter().rev().find(|(own, _)| own == name) {
            return value.clone();
        }
        if let Some((_, value)) = self.inputs.names.iter().find(|(own, _)| *own == name) {
            return value.clone();
        }
        functions::type_value(name)
    }

    fn select(&mut self, of: &Node, field: &str, asked: bool, test: bool) -> Answer {
        if let Kind::Name(name) = &of.kind
            && !self.locals.iter().any(|(own, _)| own == name)
        {
            if name == "variables" {
                return self.variable(field);
            }
            let whole = format!("{name}.{field}");
            if let Some((_, value)) = self.inputs.names.iter().find(|(own, _)| *own == whole) {
                return Ok(value.clone());
            }
        }
        let of = self.value(of)?;
        if let Some(held) = optional(&of) {
            let found = held.and_then(|held| member(held, field));
            return Ok(if test { Value::Bool(found.is_some()) } else { found.map_or_else(none, some) });
        }
        let found = member(&of, field);
        match (test, asked, found) {
            (true, _, found) => Ok(Value::Bool(found.is_some())),
            (_, true, found) => Ok(found.map_or_else(none, some)),
            (_, _, Some(found)) => Ok(found),
            (..) => Err(format!("no such key: {field}")),
        }
    }

    /// One of the policy's own variables.
    fn variable(&mut self, name: &str) -> Answer {
        if let Some(known) = self.inputs.known.borrow().get(name) {
            return known.clone();
        }
        let found = self.inputs.variables.iter().find(|(own, _)| own == name);
        let Some((_, program)) = found else { return Err(format!("no such key: {name}")) };
        let locals = std::mem::take(&mut self.locals);
        let answer = self.value(program.node());
        self.locals = locals;
        let answer =
            answer.map_err(|error| format!("composited variable {name:?} fails to evaluate: {error}"));
        self.inputs.known.borrow_mut().insert(name.to_owned(), answer.clone());
        answer
    }

    fn call(&mut self, target: Option<&Node>, name: &str, arguments: &[Node]) -> Answer {
        match (name, arguments) {
            ("_&&_" | "_||_", [left, right]) => return self.either(name == "_||_", left, right),
            ("_?_:_", [condition, first, second]) => {
                let condition = self.value(condition)?;
                let chosen = truth(&condition).map(|truth| if truth { first } else { second });
                return chosen.map_or_else(operators::no_overload, |chosen| self.value(chosen));
            }
            _ => {}
        }
        let receiver = target.map(|target| self.value(target)).transpose()?;
        let mut given = Vec::with_capacity(arguments.len());
        for argument in arguments {
            given.push(self.value(argument)?);
        }
        let cost = cost(name, receiver.as_ref(), &given, self.left);
        self.pay(cost)?;
        if let (None, [left, right]) = (&receiver, given.as_slice())
            && let Some(answer) = operators::binary(name, left.clone(), right.clone())
        {
            return answer;
        }
        if let (None, [operand]) = (&receiver, given.as_slice())
            && let Some(answer) = operators::unary(name, operand)
        {
            return answer;
        }
        if let Some(receiver) = &receiver
            && let Some(answer) = authorizer::call(self.inputs.asks, name, receiver, &given)
        {
            return answer;
        }
        functions::call(name, receiver, given)
    }

    /// `&&` and `||`: an error on one side does not count where the other side decides.
    fn either(&mut self, decides: bool, left: &Node, right: &Node) -> Answer {
        let of =
            |answer: Answer| answer.and_then(|value| truth(&value).map_or_else(operators::no_overload, Ok));
        let left = of(self.value(left));
        if left == Ok(decides) {
            return Ok(Value::Bool(decides));
        }
        let right = of(self.value(right));
        if right == Ok(decides) {
            return Ok(Value::Bool(decides));
        }
        left.and(right).map(Value::Bool)
    }
}

/// What a call costs by the size of what it reads and makes, as far as it is below `limit`.
fn cost(name: &str, receiver: Option<&Value>, given: &[Value], limit: u64) -> u64 {
    let length = |value: &Value| text(value).map_or(0, str::len) as u64;
    let all = || receiver.iter().copied().chain(given);
    match name {
        // These look at no more than the value itself.
        "size" | "type" | "dyn" | "optional.of" | "hasValue" | "value" | "or" | "orValue" => 0,
        // Every letter of the text may become the whole replacement.
        "replace" => {
            let parts = given.first().map_or(1, |part| length(part).max(1));
            let most = (receiver.map_or(0, length) / parts + 1) * given.get(1).map_or(0, length);
            weight(receiver, limit) + most / 10
        }
        // Between two items stands the separator, whose letters are not in the list.
        "join" => {
            let count = match receiver {
                Some(Value::List(items)) => items.len() as u64,
                _ => 0,
            };
            weight(receiver, limit) + count * given.first().map_or(0, length) / 10
        }
        // A text is read once for every sign of the pattern.
        "matches" | "find" | "findAll" => {
            let sizes: Vec<u64> = all().map(length).collect();
            sizes.iter().fold(1, |product: u64, size| product.saturating_mul(size / 10 + 1))
        }
        _ => all().map(|value| weight(Some(value), limit)).sum(),
    }
}

/// How large a value is with all its parts, a unit for each ten letters and each part, as far as it is below `limit`:
/// what shares its parts may be far larger than the memory that it takes.
fn weight(value: Option<&Value>, limit: u64) -> u64 {
    let mut sum = 0_u64;
    let mut open: Vec<&Value> = value.into_iter().collect();
    while let Some(value) = open.pop() {
        sum += match value {
            Value::String(text) => text.len() as u64 / 10,
            Value::Bytes(bytes) => bytes.len() as u64 / 10,
            Value::List(items) => {
                open.extend(items.iter());
                items.len() as u64
            }
            Value::Map(entries) => {
                open.extend(entries.map.values());
                entries.map.len() as u64
            }
            _ => 0,
        };
        if sum > limit {
            break;
        }
    }
    sum
}

fn member(of: &Value, field: &str) -> Option<Value> {
    match of {
        Value::Map(entries) => entries.get(&KeyRef::String(field)).cloned(),
        _ => None,
    }
}

fn item(of: &Value, key: &Value) -> Answer {
    match (of, key) {
        (Value::List(items), Value::Int(index)) => {
            let found = usize::try_from(*index).ok().and_then(|index| items.get(index));
            found.cloned().ok_or_else(|| format!("index out of bounds: {index}"))
        }
        (Value::Map(entries), key) => {
            let found = KeyRef::try_from(key).ok().and_then(|key| entries.get(&key));
            found.cloned().ok_or_else(|| format!("no such key: {}", shown(key)))
        }
        (Value::List(_), key) => Err(format!("unsupported index type '{}' in list", type_name(key))),
        (_, key) => Err(format!("no such key: {}", shown(key))),
    }
}

fn shown(key: &Value) -> String {
    match key {
        Value::String(text) => (**text).clone(),
        Value::Int(whole) => whole.to_string(),
        Value::UInt(whole) => whole.to_string(),
        Value::Bool(truth) => truth.to_string(),
        other => type_name(other).to_owned(),
    }
}
