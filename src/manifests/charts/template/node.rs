//! The tree of a template, printed as error messages quote it.

use std::fmt::{Display, Formatter, Result};

use super::number::Number;

/// A part of an action that has a value.
#[derive(Debug)]
pub(super) struct Expression {
    pub(super) position: usize,
    pub(super) kind: Kind,
}

/// What an expression is.
#[derive(Debug)]
pub(super) enum Kind {
    Bool(bool),
    Dot,
    Nil,
    Number(Number),
    /// With the quotes, and without.
    Text(String, Vec<u8>),
    /// `.a.b`
    Field(Vec<String>),
    /// `$x.a.b`, the name with its `$` first.
    Variable(Vec<String>),
    Identifier(String),
    Pipeline(Pipeline),
    /// `(…).a.b`
    Chain(Box<Expression>, Vec<String>),
}

/// Commands whose results go from one to the next.
#[derive(Debug)]
pub(super) struct Pipeline {
    pub(super) position: usize,
    pub(super) assigns: bool,
    /// Variables, each with its `$`.
    pub(super) declares: Vec<String>,
    pub(super) commands: Vec<Command>,
}

/// A function or value with its arguments.
#[derive(Debug)]
pub(super) struct Command {
    pub(super) position: usize,
    pub(super) words: Vec<Expression>,
}

/// A part of a template.
#[derive(Debug)]
pub(super) struct Node {
    pub(super) position: usize,
    pub(super) kind: Statement,
}

/// What a part is.
#[derive(Debug)]
pub(super) enum Statement {
    Text(String),
    Action(Pipeline),
    If(Branch),
    With(Branch),
    Range(Branch),
    Template(String, Option<Pipeline>),
    Break,
    Continue,
    /// Only while parsing.
    Else,
    /// Only while parsing.
    End,
}

/// A pipeline that decides, and what it decides about.
#[derive(Debug)]
pub(super) struct Branch {
    pub(super) pipeline: Pipeline,
    pub(super) body: Vec<Node>,
    pub(super) otherwise: Option<Vec<Node>>,
}

impl Display for Expression {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        let dotted = |f: &mut Formatter<'_>, fields: &[String]| {
            fields.iter().try_for_each(|field| write!(f, ".{field}"))
        };
        match &self.kind {
            Kind::Bool(value) => write!(f, "{value}"),
            Kind::Dot => f.write_str("."),
            Kind::Nil => f.write_str("nil"),
            Kind::Number(number) => f.write_str(&number.text),
            Kind::Text(quoted, _) => f.write_str(quoted),
            Kind::Field(fields) => dotted(f, fields),
            Kind::Variable(words) => f.write_str(&words.join(".")),
            Kind::Identifier(name) => f.write_str(name),
            Kind::Pipeline(pipeline) => write!(f, "({pipeline})"),
            Kind::Chain(inner, fields) => {
                write!(f, "{inner}")?;
                dotted(f, fields)
            }
        }
    }
}

impl Display for Pipeline {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        if !self.declares.is_empty() {
            let sign = if self.assigns { "=" } else { ":=" };
            write!(f, "{} {sign} ", self.declares.join(", "))?;
        }
        for (index, command) in self.commands.iter().enumerate() {
            if index > 0 {
                f.write_str(" | ")?;
            }
            write!(f, "{command}")?;
        }
        Ok(())
    }
}

impl Display for Command {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        for (index, word) in self.words.iter().enumerate() {
            if index > 0 {
                f.write_str(" ")?;
            }
            write!(f, "{word}")?;
        }
        Ok(())
    }
}

impl Display for Node {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match &self.kind {
            Statement::Text(text) => f.write_str(&super::quote::quote(text.as_bytes())),
            Statement::Action(pipeline) => write!(f, "{{{{{pipeline}}}}}"),
            Statement::If(branch) => branch.show("if", f),
            Statement::With(branch) => branch.show("with", f),
            Statement::Range(branch) => branch.show("range", f),
            Statement::Template(name, pipeline) => {
                write!(f, "{{{{template {}", super::quote::quote(name.as_bytes()))?;
                if let Some(pipeline) = pipeline {
                    write!(f, " {pipeline}")?;
                }
                f.write_str("}}")
            }
            Statement::Break => f.write_str("{{break}}"),
            Statement::Continue => f.write_str("{{continue}}"),
            Statement::Else => f.write_str("{{else}}"),
            Statement::End => f.write_str("{{end}}"),
        }
    }
}

impl Branch {
    fn show(&self, word: &str, f: &mut Formatter<'_>) -> Result {
        write!(f, "{{{{{word} {}}}}}", self.pipeline)?;
        self.body.iter().try_for_each(|node| write!(f, "{node}"))?;
        if let Some(otherwise) = &self.otherwise {
            f.write_str("{{else}}")?;
            otherwise.iter().try_for_each(|node| write!(f, "{node}"))?;
        }
        f.write_str("{{end}}")
    }
}

/// Whether nothing but space comes out.
pub(super) fn is_empty(nodes: &[Node]) -> bool {
    nodes.iter().all(|node| match &node.kind {
        Statement::Text(text) => text.trim().is_empty(),
        _ => false,
    })
}
