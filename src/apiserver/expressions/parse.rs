//! Expressions from their words. <https://github.com/google/cel-spec/blob/master/doc/langdef.md#syntax>
//!
//! What is wrong in the syntax is told in the words of the `cel` crate, whose grammar is that of Kubernetes; here it is
//! only found.

use super::node::{Each, Kind, Node, deep};
use super::token::{Token, tokens};
use super::value::{Value, string};

/// Parts do not nest deeper. Expressions are evaluated on the stack of a request.
const DEPTH: usize = 120;
/// Longer than any policy's expression.
pub(super) const LENGTH: usize = 64 * 1024;

/// What is wrong, and where.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Wrong {
    pub(super) at: usize,
    /// Empty for a fault of the syntax.
    pub(super) words: String,
}

/// Functions that are called with a prefix, as opposed to those of a value.
const PREFIXES: [&str; 7] = ["ip", "cidr", "sets", "optional", "format", "strings", "semver"];

/// Reads an expression.
pub(super) fn parse(source: &str) -> Result<Node, Wrong> {
    let syntax = |at| Wrong { at, words: String::new() };
    if source.len() > LENGTH {
        return Err(Wrong {
            at: 0,
            words: format!(
                "expression code point size exceeds limit: size: {}, limit {LENGTH}",
                source.len()
            ),
        });
    }
    let tokens = tokens(source).map_err(syntax)?;
    let mut parser = Parser { tokens, next: 0, depth: 0 };
    let node = parser.expression()?;
    match parser.peek() {
        Token::End => Ok(node),
        _ => Err(syntax(parser.at())),
    }
}

struct Parser {
    tokens: Vec<(usize, Token)>,
    next: usize,
    depth: usize,
}

/// Binary operators by how they bind, the loosest first.
const LEVELS: [&[(&str, &str)]; 5] = [
    &[("||", "_||_")],
    &[("&&", "_&&_")],
    &[
        ("<=", "_<=_"),
        (">=", "_>=_"),
        ("<", "_<_"),
        (">", "_>_"),
        ("==", "_==_"),
        ("!=", "_!=_"),
        ("in", "@in"),
    ],
    &[("+", "_+_"), ("-", "_-_")],
    &[("*", "_*_"), ("/", "_/_"), ("%", "_%_")],
];

impl Parser {
    fn peek(&self) -> &Token {
        &self.tokens[self.next.min(self.tokens.len() - 1)].1
    }

    fn at(&self) -> usize {
        self.tokens[self.next.min(self.tokens.len() - 1)].0
    }

    fn take(&mut self, sign: &str) -> bool {
        let found = matches!(self.peek(), Token::Sign(own) if *own == sign);
        self.next += usize::from(found);
        found
    }

    fn need(&mut self, sign: &str) -> Result<(), Wrong> {
        if self.take(sign) { Ok(()) } else { Err(self.syntax()) }
    }

    fn syntax(&self) -> Wrong {
        Wrong { at: self.at(), words: String::new() }
    }

    fn name(&mut self) -> Result<String, Wrong> {
        match self.peek().clone() {
            Token::Name(name) => {
                self.next += 1;
                Ok(name)
            }
            _ => Err(self.syntax()),
        }
    }

    fn expression(&mut self) -> Result<Node, Wrong> {
        self.depth += 1;
        if self.depth > DEPTH {
            return Err(too_deep(self.at()));
        }
        let condition = deep(|| self.binary(0))?;
        let at = self.at();
        let node = if self.take("?") {
            let first = deep(|| self.binary(0))?;
            self.need(":")?;
            let second = self.expression()?;
            call(at, None, "_?_:_", vec![condition, first, second])?
        } else {
            condition
        };
        self.depth -= 1;
        Ok(node)
    }

    fn binary(&mut self, level: usize) -> Result<Node, Wrong> {
        let Some(operators) = LEVELS.get(level) else { return self.unary() };
        let mut left = self.binary(level + 1)?;
        loop {
            let at = self.at();
            let found = operators.iter().find(|(sign, _)| self.take(sign));
            let Some((_, name)) = found else { return Ok(left) };
            let right = self.binary(level + 1)?;
            left = call(at, None, name, vec![left, right])?;
        }
    }

    fn unary(&mut self) -> Result<Node, Wrong> {
        let at = self.at();
        for (sign, name) in [("!", "!_"), ("-", "-_")] {
            if !self.take(sign) {
                continue;
            }
            if sign == "-"
                && let Token::Literal(number @ (Value::Int(_) | Value::Float(_))) = self.peek().clone()
            {
                self.next += 1;
                let negative = match number {
                    Value::Int(whole) => Value::Int(-whole),
                    Value::Float(number) => Value::Float(-number),
                    other => other,
                };
                return self.members(leaf(at, Kind::Literal(negative)));
            }
            self.depth += 1;
            if self.depth > DEPTH {
                return Err(too_deep(at));
            }
            let operand = deep(|| self.unary())?;
            self.depth -= 1;
            return call(at, None, name, vec![operand]);
        }
        let primary = self.primary()?;
        self.members(primary)
    }

    fn members(&mut self, mut node: Node) -> Result<Node, Wrong> {
        loop {
            let at = self.at();
            if self.take(".") {
                let optional = self.take("?");
                let field = self.name()?;
                let open = self.at();
                if !optional && self.take("(") {
                    let arguments = self.until(")", Self::expression)?;
                    node = member_call(open, node, field, arguments)?;
                } else {
                    let depth = node.depth;
                    let kind = Kind::Select { of: Box::new(node), field, optional, test: false };
                    node = above(at, depth, kind)?;
                }
            } else if self.take("[") {
                let optional = self.take("?");
                let key = self.expression()?;
                self.need("]")?;
                let depth = node.depth.max(key.depth);
                let kind = Kind::Index { of: Box::new(node), key: Box::new(key), optional };
                node = above(at, depth, kind)?;
            } else {
                return Ok(node);
            }
        }
    }

    fn primary(&mut self) -> Result<Node, Wrong> {
        let at = self.at();
        if self.take("(") {
            let node = self.expression()?;
            self.need(")")?;
            return Ok(node);
        }
        if self.take("[") {
            let items = self.until("]", |parser| {
                let optional = parser.take("?");
                Ok((parser.expression()?, optional))
            })?;
            let depth = items.iter().map(|(item, _)| item.depth).max().unwrap_or_default();
            return above(at, depth, Kind::List(items));
        }
        if self.take("{") {
            let entries = self.until("}", |parser| {
                let optional = parser.take("?");
                let key = parser.expression()?;
                parser.need(":")?;
                let value = parser.expression()?;
                Ok((key, value, optional))
            })?;
            let depth = entries.iter().map(|(key, value, _)| key.depth.max(value.depth)).max();
            return above(at, depth.unwrap_or_default(), Kind::Map(entries));
        }
        // A leading dot names a global; all names here are.
        let dotted = self.take(".");
        match self.peek().clone() {
            Token::Literal(value) if !dotted => {
                self.next += 1;
                Ok(leaf(at, Kind::Literal(value)))
            }
            Token::Name(name) => {
                self.next += 1;
                let open = self.at();
                if !self.take("(") {
                    return Ok(leaf(at, Kind::Name(name)));
                }
                let arguments = self.until(")", Self::expression)?;
                global_call(open, &name, arguments)
            }
            _ => Err(self.syntax()),
        }
    }

    /// What stands between commas until a bracket; a comma may stand before it.
    fn until<T>(&mut self, end: &str, one: impl Fn(&mut Self) -> Result<T, Wrong>) -> Result<Vec<T>, Wrong> {
        let mut all = Vec::new();
        while !self.take(end) {
            all.push(one(self)?);
            if !self.take(",") {
                self.need(end)?;
                break;
            }
            if end == ")" && matches!(self.peek(), Token::Sign(")")) {
                return Err(self.syntax());
            }
        }
        Ok(all)
    }
}

fn leaf(at: usize, kind: Kind) -> Node {
    Node { at, depth: 1, kind }
}

fn too_deep(at: usize) -> Wrong {
    Wrong { at, words: format!("expression recursion limit exceeded: {DEPTH}") }
}

fn above(at: usize, depth: usize, kind: Kind) -> Result<Node, Wrong> {
    if depth >= DEPTH { Err(too_deep(at)) } else { Ok(Node { at, depth: depth + 1, kind }) }
}

fn call(at: usize, target: Option<Box<Node>>, name: &str, arguments: Vec<Node>) -> Result<Node, Wrong> {
    let depths = target.iter().map(|target| target.depth).chain(arguments.iter().map(|one| one.depth));
    let depth = depths.max().unwrap_or_default();
    above(at, depth, Kind::Call { target, name: name.to_owned(), arguments })
}

fn global_call(open: usize, name: &str, mut arguments: Vec<Node>) -> Result<Node, Wrong> {
    if name != "has" || arguments.len() != 1 {
        return call(open, None, name, arguments);
    }
    let mut asked = arguments.remove(0);
    match &mut asked.kind {
        Kind::Select { test, optional: false, .. } => {
            *test = true;
            Ok(asked)
        }
        _ => Err(Wrong { at: asked.at, words: "invalid argument to has() macro".to_owned() }),
    }
}

/// A call on a value, a call with a prefix, or a loop.
fn member_call(open: usize, of: Node, name: String, mut arguments: Vec<Node>) -> Result<Node, Wrong> {
    if let Kind::Name(prefix) = &of.kind
        && PREFIXES.contains(&prefix.as_str())
    {
        return call(open, None, &format!("{prefix}.{name}"), arguments);
    }
    let Some((each, variables, filtered)) = Each::named(&name, arguments.len()) else {
        return call(open, Some(Box::new(of)), &name, arguments);
    };
    let nothing = || Box::new(leaf(open, Kind::Literal(string(""))));
    let body = arguments.pop().map_or_else(nothing, Box::new);
    let filter = if filtered { arguments.pop().map(Box::new) } else { None };
    let mut names = Vec::new();
    for variable in arguments.into_iter().take(variables) {
        let Kind::Name(name) = variable.kind else {
            let words = "argument must be a simple name".to_owned();
            return Err(Wrong { at: variable.at, words });
        };
        names.push(name);
    }
    let depths = [Some(of.depth), Some(body.depth), filter.as_ref().map(|filter| filter.depth)];
    let depth = depths.into_iter().flatten().max().unwrap_or_default();
    above(open, depth, Kind::Loop { each, of: Box::new(of), names, filter, body })
}
