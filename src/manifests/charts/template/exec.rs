//! Runs templates: walks the tree, keeps variables, writes what comes out, and stops what would never end.

use std::collections::HashMap;
use std::rc::Rc;

use super::builtins::truth;
use super::eval::Slot;
use super::failure::Failure;
use super::function::Function;
use super::node::{Branch, Command, Expression, Node, Pipeline, Statement};
use super::parser::{Set, Template};
use super::print::print;
use super::value::{MapKind, Value};

/// What templates may know of the world.
pub(crate) struct Host<'h> {
    /// Answers `lookup` with an object, a list, or nothing.
    #[expect(
        clippy::type_complexity,
        reason = "apiVersion, kind, namespace and name have no type of their own"
    )]
    pub(crate) lookup: &'h (dyn Fn(&str, &str, &str, &str) -> Result<serde_json::Value, String> + Sync),
    /// What `now` says.
    pub(crate) now: jiff::Timestamp,
    /// Whether `required` and `fail` let pass what they would stop.
    pub(crate) lint: bool,
}

/// What a rendering may use up.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// Bytes in everything that is written.
    pub(crate) output: usize,
    /// Parts of templates that are walked.
    pub(crate) steps: usize,
    /// Bytes of stack.
    pub(crate) stack: usize,
}

/// Templates, functions and the state that all executions of a rendering share.
pub(crate) struct Machine<'h> {
    pub(crate) host: Host<'h>,
    pub(crate) set: Rc<Set>,
    pub(crate) functions: &'static HashMap<&'static str, Function>,
    /// How often each template is being included at the moment.
    pub(crate) included: HashMap<String, usize>,
    limits: Limits,
    steps: usize,
    written: usize,
    stack_start: usize,
}

/// The deepest that Go lets templates call each other; ours ends with the stack, before that.
const DEPTH: usize = 100_000;

impl<'h> Machine<'h> {
    /// A machine whose stack is counted from here.
    pub(crate) fn new(
        host: Host<'h>,
        functions: &'static HashMap<&'static str, Function>,
        limits: Limits,
    ) -> Self {
        let here = 0_u8;
        let stack_start = std::ptr::from_ref(&here).addr();
        Self {
            host,
            set: Rc::default(),
            functions,
            included: HashMap::new(),
            limits,
            steps: 0,
            written: 0,
            stack_start,
        }
    }

    /// Runs a template with `data` as its dot.
    pub(crate) fn execute(&mut self, template: &Rc<Template>, data: Value) -> Result<Vec<u8>, Failure> {
        let mut out = Vec::new();
        let dot = Slot::plain(data);
        let variables = vec![("$".to_owned(), dot.clone())];
        let mut state = State { machine: self, template, variables, at: None, out: &mut out, depth: 0 };
        state.walk(&dot, &template.root)?;
        Ok(out)
    }

    pub(crate) fn bound(&self, size: usize) -> Result<(), Failure> {
        let limit = self.limits.output;
        if size > limit {
            return Err(Failure::new(format!("more than {limit} bytes of output")));
        }
        Ok(())
    }

    fn stack(&self) -> bool {
        let here = 0_u8;
        self.stack_start.abs_diff(std::ptr::from_ref(&here).addr()) < self.limits.stack
    }
}

/// Where a running template is, for messages.
#[derive(Clone, Copy)]
pub(super) enum Place<'t> {
    Node(&'t Node),
    Pipeline(&'t Pipeline),
    Command(&'t Command),
    Expression(&'t Expression),
}

impl Place<'_> {
    fn position(self) -> usize {
        match self {
            Self::Node(node) => node.position,
            Self::Pipeline(pipeline) => pipeline.position,
            Self::Command(command) => command.position,
            Self::Expression(expression) => expression.position,
        }
    }

    fn show(self) -> String {
        match self {
            Self::Node(node) => node.to_string(),
            Self::Pipeline(pipeline) => pipeline.to_string(),
            Self::Command(command) => command.to_string(),
            // A pipeline in parentheses is quoted without them.
            Self::Expression(Expression { kind: super::node::Kind::Pipeline(pipeline), .. }) => {
                pipeline.to_string()
            }
            Self::Expression(expression) => expression.to_string(),
        }
    }
}

/// One execution of a template.
pub(super) struct State<'s, 't, 'h> {
    pub(super) machine: &'s mut Machine<'h>,
    pub(super) template: &'t Template,
    pub(super) variables: Vec<(String, Slot)>,
    pub(super) at: Option<Place<'t>>,
    out: &'s mut Vec<u8>,
    depth: usize,
}

/// How a list of parts ends.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Flow {
    Next,
    Break,
    Continue,
}

impl<'t> State<'_, 't, '_> {
    /// A failure here, in Go's words.
    pub(super) fn error(&self, message: impl std::fmt::Display) -> Failure {
        Failure::new(format!("{}{message}", self.head()))
    }

    /// The beginning of a failure's text: template, line, column and what is evaluated.
    pub(super) fn head(&self) -> String {
        let name = &self.template.name;
        let Some(place) = self.at else { return format!("template: {name}: ") };
        let source = &self.template.source;
        let before = source.text.get(..place.position()).unwrap_or_default();
        let line = 1 + before.matches('\n').count();
        let column = before.len() - before.rfind('\n').map_or(0, |at| at + 1);
        let quoted = super::quote::quote(name.as_bytes());
        format!("template: {}:{line}:{column}: executing {quoted} at <{}>: ", source.name, place.show())
    }

    fn step(&mut self) -> Result<(), Failure> {
        self.machine.steps += 1;
        let limit = self.machine.limits.steps;
        if self.machine.steps > limit {
            return Err(self.error(format!("more than {limit} steps")));
        }
        if !self.machine.stack() {
            return Err(self.error(format!("exceeded maximum template depth ({DEPTH})")));
        }
        Ok(())
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        self.machine.written += bytes.len();
        let limit = self.machine.limits.output;
        if self.machine.written > limit {
            return Err(self.error(format!("more than {limit} bytes of output")));
        }
        self.out.extend_from_slice(bytes);
        Ok(())
    }

    fn walk(&mut self, dot: &Slot, nodes: &'t [Node]) -> Result<Flow, Failure> {
        for node in nodes {
            let flow = self.walk_node(dot, node)?;
            if flow != Flow::Next {
                return Ok(flow);
            }
        }
        Ok(Flow::Next)
    }

    fn walk_node(&mut self, dot: &Slot, node: &'t Node) -> Result<Flow, Failure> {
        self.at = Some(Place::Node(node));
        self.step()?;
        match &node.kind {
            Statement::Text(text) => self.write(text.as_bytes())?,
            Statement::Action(pipeline) => {
                let slot = self.pipeline(dot, pipeline)?;
                if pipeline.declares.is_empty() {
                    self.at = Some(Place::Node(node));
                    match &slot.value {
                        Value::Nil => self.write(b"<no value>")?,
                        Value::Text(text) => self.write(text.as_bytes())?,
                        value => self.write(&print(value))?,
                    }
                }
            }
            Statement::If(branch) => return self.branch(dot, branch, false),
            Statement::With(branch) => return self.branch(dot, branch, true),
            Statement::Range(branch) => return self.range(dot, branch),
            Statement::Template(name, pipeline) => self.template(dot, name, pipeline.as_ref())?,
            Statement::Break => return Ok(Flow::Break),
            Statement::Continue => return Ok(Flow::Continue),
            Statement::Else | Statement::End => {}
        }
        Ok(Flow::Next)
    }

    fn branch(&mut self, dot: &Slot, branch: &'t Branch, sets_dot: bool) -> Result<Flow, Failure> {
        let mark = self.variables.len();
        let slot = self.pipeline(dot, &branch.pipeline)?;
        let flow = if truth(&slot.value) {
            self.walk(if sets_dot { &slot } else { dot }, &branch.body)?
        } else if let Some(otherwise) = &branch.otherwise {
            self.walk(dot, otherwise)?
        } else {
            Flow::Next
        };
        self.variables.truncate(mark);
        Ok(flow)
    }

    fn range(&mut self, dot: &Slot, branch: &'t Branch) -> Result<Flow, Failure> {
        let outer = self.variables.len();
        let slot = self.pipeline(dot, &branch.pipeline)?;
        let flow = self.iterate(&slot, branch)?;
        let flow = match (flow, &branch.otherwise) {
            (None, Some(otherwise)) => self.walk(dot, otherwise)?,
            (Some(Flow::Break | Flow::Next | Flow::Continue) | None, _) => Flow::Next,
        };
        self.variables.truncate(outer);
        Ok(flow)
    }

    /// Nothing when there was nothing to iterate over.
    fn iterate(&mut self, slot: &Slot, branch: &'t Branch) -> Result<Option<Flow>, Failure> {
        let pairs: Vec<(Value, Slot)> = match &slot.value {
            Value::Nil => return Ok(None),
            Value::Int(_, _) | Value::Uint(_, _) => return self.count(&slot.value, branch),
            Value::Map(map) => {
                let boxed = !matches!(map.kind(), MapKind::Text | MapKind::Files);
                let kind = map.kind();
                let entries = map.entries();
                let pair = |(key, value): (&super::text::Text, &Value)| {
                    let value = match (kind, value) {
                        (MapKind::Files, Value::Text(text)) => Value::Bytes(text.clone()),
                        _ => value.clone(),
                    };
                    (Value::Text(key.clone()), Slot { value, boxed })
                };
                entries.iter().map(pair).collect()
            }
            value => {
                let Some(items) = value.items() else {
                    let shown = String::from_utf8_lossy(&print(value)).into_owned();
                    return Err(self.error(format!("range can't iterate over {shown}")));
                };
                let boxed = value.type_name() == "[]interface {}";
                let pair = |(index, value)| {
                    (Value::int(i64::try_from(index).unwrap_or_default()), Slot { value, boxed })
                };
                items.into_iter().enumerate().map(pair).collect()
            }
        };
        if pairs.is_empty() {
            return Ok(None);
        }
        for (index, item) in pairs {
            if self.iteration(Slot::plain(index), item, branch)? == Flow::Break {
                break;
            }
        }
        Ok(Some(Flow::Next))
    }

    fn count(&mut self, value: &Value, branch: &'t Branch) -> Result<Option<Flow>, Failure> {
        if branch.pipeline.declares.len() > 1 {
            let shown = String::from_utf8_lossy(&print(value)).into_owned();
            return Err(self.error(format!("can't use {shown} to iterate over more than one variable")));
        }
        let end = match value {
            Value::Int(end, _) => *end,
            Value::Uint(end, _) => i64::try_from(*end).unwrap_or(i64::MAX),
            _ => 0,
        };
        for number in 0..end {
            let item = match value {
                Value::Int(_, kind) => Value::Int(number, *kind),
                Value::Uint(_, kind) => Value::Uint(number.unsigned_abs(), *kind),
                _ => Value::Nil,
            };
            self.step()?;
            if self.iteration(Slot::plain(Value::Nil), Slot::plain(item), branch)? == Flow::Break {
                break;
            }
        }
        Ok((end > 0).then_some(Flow::Next))
    }

    fn iteration(&mut self, index: Slot, item: Slot, branch: &'t Branch) -> Result<Flow, Failure> {
        let declares = &branch.pipeline.declares;
        let top = self.variables.len();
        match (branch.pipeline.assigns, declares.as_slice()) {
            (_, []) => {}
            (true, [one]) => self.assign(one, item.clone())?,
            (true, [first, second, ..]) => {
                self.assign(first, index)?;
                self.assign(second, item.clone())?;
            }
            (false, [_]) => self.variables[top - 1].1 = item.clone(),
            (false, _) => {
                self.variables[top - 1].1 = item.clone();
                self.variables[top - 2].1 = index;
            }
        }
        let flow = self.walk(&item, &branch.body)?;
        self.variables.truncate(top);
        Ok(flow)
    }

    pub(super) fn assign(&mut self, name: &str, slot: Slot) -> Result<(), Failure> {
        match self.variables.iter_mut().rev().find(|(known, _)| known == name) {
            Some((_, old)) => *old = slot,
            None => return Err(self.error(format!("undefined variable: {name}"))),
        }
        Ok(())
    }

    fn template(&mut self, dot: &Slot, name: &str, pipeline: Option<&'t Pipeline>) -> Result<(), Failure> {
        let Some(template) = self.machine.set.find(name).map(Rc::clone) else {
            let name = super::quote::quote(name.as_bytes());
            return Err(self.error(format!("template {name} not defined")));
        };
        if self.depth == DEPTH {
            return Err(self.error(format!("exceeded maximum template depth ({DEPTH})")));
        }
        let dot = match pipeline {
            Some(pipeline) => self.pipeline(dot, pipeline)?,
            None => Slot::plain(Value::Nil),
        };
        let mut inner = State {
            machine: self.machine,
            template: &template,
            variables: vec![("$".to_owned(), dot.clone())],
            at: None,
            out: self.out,
            depth: self.depth + 1,
        };
        inner.walk(&dot, &template.root)?;
        Ok(())
    }
}
