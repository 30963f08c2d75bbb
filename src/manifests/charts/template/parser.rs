//! Makes trees of tokens, by the grammar of Go's text/template/parse and with its messages.

use std::collections::HashMap;
use std::rc::Rc;

use super::lexer::{Kind as Lexeme, Token, lex};
use super::node::{Branch, Command, Expression, Kind, Node, Pipeline, Statement, is_empty};
use super::number::Number;
use super::quote::{quote, unquote};

/// A parsed template, with the text that it comes from for the places in messages.
#[derive(Debug)]
pub(crate) struct Template {
    pub(super) name: String,
    /// The name of the text, which may define several templates.
    pub(super) source: Rc<Source>,
    pub(super) root: Vec<Node>,
}

/// The text of templates.
#[derive(Debug)]
pub(super) struct Source {
    pub(super) name: String,
    pub(super) text: String,
}

/// Templates by name. A copy costs little.
#[derive(Clone, Default)]
pub(crate) struct Set {
    templates: HashMap<String, Rc<Template>>,
}

/// How deep actions may be nested, in each other and in parentheses.
const DEPTH_LIMIT: usize = 1000;

impl Set {
    pub(crate) fn find(&self, name: &str) -> Option<&Rc<Template>> {
        self.templates.get(name)
    }

    /// Parses a text and takes in what it defines; the text itself becomes the template `name`. `knows` says which
    /// functions there are. The error is a whole message.
    pub(crate) fn parse(
        &mut self,
        name: &str,
        text: &str,
        knows: &dyn Fn(&str) -> bool,
    ) -> Result<Rc<Template>, String> {
        let source = Rc::new(Source { name: name.to_owned(), text: text.to_owned() });
        let mut parser = Parser {
            tokens: lex(text),
            next: 0,
            furthest: 0,
            source: Rc::clone(&source),
            knows,
            variables: vec!["$".to_owned()],
            action_line: 0,
            ranges: 0,
            depth: 0,
            defined: HashMap::new(),
        };
        let root = parser.top()?;
        let main = Rc::new(Template { name: name.to_owned(), source, root });
        parser.define(Rc::clone(&main))?;
        for (name, template) in parser.defined {
            // An empty definition does not replace one that says something.
            if !(is_empty(&template.root) && self.templates.contains_key(&name)) {
                self.templates.insert(name, template);
            }
        }
        Ok(main)
    }
}

struct Parser<'a> {
    tokens: Vec<Token>,
    next: usize,
    /// The last token that was looked at, whose line is in messages.
    furthest: usize,
    source: Rc<Source>,
    knows: &'a dyn Fn(&str) -> bool,
    variables: Vec<String>,
    action_line: usize,
    ranges: usize,
    depth: usize,
    defined: HashMap<String, Rc<Template>>,
}

type Parsed<T> = Result<T, String>;

impl Parser<'_> {
    fn take(&mut self) -> Token {
        let token = self.look();
        self.next += 1;
        token
    }

    fn look(&mut self) -> Token {
        let at = self.next.min(self.tokens.len() - 1);
        self.furthest = self.furthest.max(at);
        self.tokens[at].clone()
    }

    fn take_word(&mut self) -> Token {
        loop {
            let token = self.take();
            if token.kind != Lexeme::Space {
                return token;
            }
        }
    }

    fn look_word(&mut self) -> Token {
        let token = self.take_word();
        self.next -= 1;
        token
    }

    fn error<T>(&self, message: impl std::fmt::Display) -> Parsed<T> {
        Err(format!("template: {}:{}: {message}", self.source.name, self.tokens[self.furthest].line))
    }

    fn unexpected<T>(&self, token: &Token, context: &str) -> Parsed<T> {
        if token.kind != Lexeme::Error {
            return self.error(format!("unexpected {token} in {context}"));
        }
        let mut extra = String::new();
        if self.action_line != 0 && self.action_line != token.line {
            let action = if token.text.ends_with(" action") { "" } else { " in action" };
            extra = format!("{action} started at {}:{}", self.source.name, self.action_line);
        }
        self.error(format!("{token}{extra}"))
    }

    fn expect(&mut self, kinds: &[Lexeme], context: &str) -> Parsed<Token> {
        let token = self.take_word();
        if kinds.contains(&token.kind) { Ok(token) } else { self.unexpected(&token, context) }
    }

    fn define(&mut self, template: Rc<Template>) -> Parsed<()> {
        if self.defined.get(&template.name).is_some_and(|old| !is_empty(&old.root)) {
            if is_empty(&template.root) {
                return Ok(());
            }
            let name = quote(template.name.as_bytes());
            return self.error(format!("template: multiple definition of template {name}"));
        }
        self.defined.insert(template.name.clone(), template);
        Ok(())
    }

    fn top(&mut self) -> Parsed<Vec<Node>> {
        let mut nodes = Vec::new();
        while self.look().kind != Lexeme::Eof {
            let start = self.next;
            if self.look().kind == Lexeme::LeftDelim {
                self.take();
                if self.take_word().kind == Lexeme::Define {
                    self.definition()?;
                    continue;
                }
                self.next = start;
            }
            let node = self.text_or_action()?;
            if matches!(node.kind, Statement::End | Statement::Else) {
                return self.error(format!("unexpected {node}"));
            }
            nodes.push(node);
        }
        Ok(nodes)
    }

    fn definition(&mut self) -> Parsed<()> {
        const CONTEXT: &str = "define clause";
        let token = self.expect(&[Lexeme::String, Lexeme::RawString], CONTEXT)?;
        let name = self.string(&token)?;
        self.expect(&[Lexeme::RightDelim], CONTEXT)?;
        let outer = std::mem::replace(&mut self.variables, vec!["$".to_owned()]);
        let ranges = std::mem::take(&mut self.ranges);
        let (root, end) = self.list()?;
        self.variables = outer;
        self.ranges = ranges;
        if !matches!(end.kind, Statement::End) {
            return self.error(format!("unexpected {end} in {CONTEXT}"));
        }
        self.define(Rc::new(Template { name, source: Rc::clone(&self.source), root }))
    }

    fn string(&self, token: &Token) -> Parsed<String> {
        match unquote(&token.text) {
            Some(bytes) => Ok(String::from_utf8_lossy(&bytes).into_owned()),
            None => self.error("invalid syntax"),
        }
    }

    /// Parts up to an `end` or `else`, which comes with them.
    fn list(&mut self) -> Parsed<(Vec<Node>, Node)> {
        let mut nodes = Vec::new();
        while self.look_word().kind != Lexeme::Eof {
            let node = self.text_or_action()?;
            if matches!(node.kind, Statement::End | Statement::Else) {
                return Ok((nodes, node));
            }
            nodes.push(node);
        }
        self.error("unexpected EOF")
    }

    fn text_or_action(&mut self) -> Parsed<Node> {
        let token = self.take_word();
        match token.kind {
            Lexeme::Text => Ok(Node { position: token.position, kind: Statement::Text(token.text) }),
            Lexeme::LeftDelim => {
                self.action_line = token.line;
                let node = self.action()?;
                self.action_line = 0;
                Ok(node)
            }
            _ => self.unexpected(&token, "input"),
        }
    }

    fn action(&mut self) -> Parsed<Node> {
        let start = self.next;
        let token = self.take_word();
        let position = token.position;
        let node = |kind| Ok(Node { position, kind });
        match token.kind {
            Lexeme::Block => self.block(),
            Lexeme::Break => self.leave("{{break}}").and_then(|()| node(Statement::Break)),
            Lexeme::Continue => self.leave("{{continue}}").and_then(|()| node(Statement::Continue)),
            Lexeme::Else => {
                let next = self.look_word();
                if matches!(next.kind, Lexeme::If | Lexeme::With) {
                    return Ok(Node { position: next.position, kind: Statement::Else });
                }
                let position = self.expect(&[Lexeme::RightDelim], "else")?.position;
                Ok(Node { position, kind: Statement::Else })
            }
            Lexeme::End => {
                let position = self.expect(&[Lexeme::RightDelim], "end")?.position;
                Ok(Node { position, kind: Statement::End })
            }
            Lexeme::If | Lexeme::Range | Lexeme::With => self.control(token.kind),
            Lexeme::Template => {
                let token = self.take_word();
                let name = self.template_name(&token, "template clause")?;
                let mut pipeline = None;
                if self.look_word().kind == Lexeme::RightDelim {
                    self.take_word();
                } else {
                    pipeline = Some(self.pipeline("template clause", Lexeme::RightDelim)?);
                }
                Ok(Node { position: token.position, kind: Statement::Template(name, pipeline) })
            }
            _ => {
                self.next = start;
                let position = self.look().position;
                let pipeline = self.pipeline("command", Lexeme::RightDelim)?;
                Ok(Node { position, kind: Statement::Action(pipeline) })
            }
        }
    }

    fn leave(&mut self, word: &str) -> Parsed<()> {
        let token = self.take_word();
        if token.kind != Lexeme::RightDelim {
            return self.unexpected(&token, word);
        }
        if self.ranges == 0 {
            return self.error(format!("{word} outside {{{{range}}}}"));
        }
        Ok(())
    }

    fn template_name(&mut self, token: &Token, context: &str) -> Parsed<String> {
        if !matches!(token.kind, Lexeme::String | Lexeme::RawString) {
            return self.unexpected(token, context);
        }
        self.string(token)
    }

    fn block(&mut self) -> Parsed<Node> {
        const CONTEXT: &str = "block clause";
        let token = self.take_word();
        let name = self.template_name(&token, CONTEXT)?;
        let pipeline = self.pipeline(CONTEXT, Lexeme::RightDelim)?;
        let outer = std::mem::replace(&mut self.variables, vec!["$".to_owned()]);
        let ranges = std::mem::take(&mut self.ranges);
        let (root, end) = self.list()?;
        self.variables = outer;
        self.ranges = ranges;
        if !matches!(end.kind, Statement::End) {
            return self.error(format!("unexpected {end} in {CONTEXT}"));
        }
        self.define(Rc::new(Template { name: name.clone(), source: Rc::clone(&self.source), root }))?;
        Ok(Node { position: token.position, kind: Statement::Template(name, Some(pipeline)) })
    }

    fn control(&mut self, kind: Lexeme) -> Parsed<Node> {
        self.deeper()?;
        let context = match kind {
            Lexeme::If => "if",
            Lexeme::Range => "range",
            _ => "with",
        };
        let variables = self.variables.len();
        let pipeline = self.pipeline(context, Lexeme::RightDelim)?;
        self.ranges += usize::from(kind == Lexeme::Range);
        let (body, end) = self.list()?;
        self.ranges -= usize::from(kind == Lexeme::Range);
        let mut otherwise = None;
        if matches!(end.kind, Statement::Else) {
            let next = self.look().kind;
            let chains = next == kind && kind != Lexeme::Range;
            if chains {
                self.take();
                otherwise = Some(vec![self.control(kind)?]);
            } else {
                let (body, end) = self.list()?;
                if !matches!(end.kind, Statement::End) {
                    return self.error(format!("expected end; found {end}"));
                }
                otherwise = Some(body);
            }
        }
        self.variables.truncate(variables);
        self.depth -= 1;
        let position = pipeline.position;
        let branch = Branch { pipeline, body, otherwise };
        let kind = match kind {
            Lexeme::If => Statement::If(branch),
            Lexeme::Range => Statement::Range(branch),
            _ => Statement::With(branch),
        };
        Ok(Node { position, kind })
    }

    fn deeper(&mut self) -> Parsed<()> {
        self.depth += 1;
        if self.depth > DEPTH_LIMIT {
            return self.error("max expression depth exceeded");
        }
        Ok(())
    }

    fn pipeline(&mut self, context: &str, end: Lexeme) -> Parsed<Pipeline> {
        let position = self.look_word().position;
        let mut pipeline = Pipeline { position, assigns: false, declares: Vec::new(), commands: Vec::new() };
        self.declarations(&mut pipeline, context)?;
        loop {
            let start = self.next;
            let token = self.take_word();
            match token.kind {
                kind if kind == end => break,
                Lexeme::Bool
                | Lexeme::CharConstant
                | Lexeme::Dot
                | Lexeme::Field
                | Lexeme::Identifier
                | Lexeme::Number
                | Lexeme::Nil
                | Lexeme::RawString
                | Lexeme::String
                | Lexeme::Variable
                | Lexeme::LeftParen => {
                    self.next = start;
                    let command = self.command()?;
                    pipeline.commands.push(command);
                }
                _ => return self.unexpected(&token, context),
            }
        }
        if pipeline.commands.is_empty() {
            return self.error(format!("missing value for {context}"));
        }
        for (index, command) in pipeline.commands.iter().enumerate().skip(1) {
            use Kind::{Bool, Dot, Nil, Number, Text};
            if matches!(command.words[0].kind, Bool(_) | Dot | Nil | Number(_) | Text(..)) {
                return self.error(format!("non executable command in pipeline stage {}", index + 1));
            }
        }
        Ok(pipeline)
    }

    fn declarations(&mut self, pipeline: &mut Pipeline, context: &str) -> Parsed<()> {
        loop {
            let start = self.next;
            let variable = self.take_word();
            if variable.kind != Lexeme::Variable {
                self.next = start;
                return Ok(());
            }
            let next = self.look_word();
            match next.kind {
                Lexeme::Assign | Lexeme::Declare => {
                    pipeline.assigns = next.kind == Lexeme::Assign;
                    self.take_word();
                    pipeline.declares.push(variable.text.clone());
                    self.variables.push(variable.text);
                    return Ok(());
                }
                Lexeme::Char if next.text == "," => {
                    self.take_word();
                    pipeline.declares.push(variable.text.clone());
                    self.variables.push(variable.text);
                    if context != "range" || pipeline.declares.len() > 1 {
                        return self.error(format!("too many declarations in {context}"));
                    }
                    let after = self.look_word().kind;
                    if !matches!(after, Lexeme::Variable | Lexeme::RightDelim | Lexeme::RightParen) {
                        return self.error("range can only initialize variables");
                    }
                }
                _ => {
                    self.next = start;
                    return Ok(());
                }
            }
        }
    }

    fn command(&mut self) -> Parsed<Command> {
        let mut command = Command { position: self.look_word().position, words: Vec::new() };
        loop {
            self.look_word();
            if let Some(operand) = self.operand()? {
                command.words.push(operand);
            }
            let token = self.take();
            match token.kind {
                Lexeme::Space => {}
                Lexeme::RightDelim | Lexeme::RightParen => {
                    self.next -= 1;
                    break;
                }
                Lexeme::Pipe => break,
                _ => return self.unexpected(&token, "operand"),
            }
        }
        if command.words.is_empty() {
            return self.error("empty command");
        }
        Ok(command)
    }

    fn operand(&mut self) -> Parsed<Option<Expression>> {
        let Some(mut term) = self.term()? else { return Ok(None) };
        if self.look().kind != Lexeme::Field {
            return Ok(Some(term));
        }
        let position = self.look().position;
        let mut fields = Vec::new();
        while self.look().kind == Lexeme::Field {
            fields.push(self.take().text[1..].to_owned());
        }
        match &mut term.kind {
            Kind::Field(words) | Kind::Variable(words) => {
                words.append(&mut fields);
                term.position = position;
                Ok(Some(term))
            }
            Kind::Bool(_) | Kind::Text(..) | Kind::Number(_) | Kind::Nil | Kind::Dot => {
                let shown = quote(term.to_string().as_bytes());
                self.error(format!("unexpected . after term {shown}"))
            }
            _ => Ok(Some(Expression { position, kind: Kind::Chain(Box::new(term), fields) })),
        }
    }

    fn term(&mut self) -> Parsed<Option<Expression>> {
        let start = self.next;
        let token = self.take_word();
        let kind = match token.kind {
            Lexeme::Identifier => {
                if !(self.knows)(&token.text) {
                    return self.error(format!("function {} not defined", quote(token.text.as_bytes())));
                }
                Kind::Identifier(token.text)
            }
            Lexeme::Dot => Kind::Dot,
            Lexeme::Nil => Kind::Nil,
            Lexeme::Variable => {
                if !self.variables.contains(&token.text) {
                    return self.error(format!("undefined variable {}", quote(token.text.as_bytes())));
                }
                Kind::Variable(vec![token.text])
            }
            Lexeme::Field => Kind::Field(vec![token.text[1..].to_owned()]),
            Lexeme::Bool => Kind::Bool(token.text == "true"),
            Lexeme::CharConstant => match Number::character(&token.text) {
                Ok(number) => Kind::Number(number),
                Err(message) => return self.error(message),
            },
            Lexeme::Number => match Number::new(&token.text) {
                Ok(number) => Kind::Number(number),
                Err(message) => return self.error(message),
            },
            Lexeme::LeftParen => {
                self.deeper()?;
                let pipeline = self.pipeline("parenthesized pipeline", Lexeme::RightParen)?;
                self.depth -= 1;
                return Ok(Some(Expression { position: pipeline.position, kind: Kind::Pipeline(pipeline) }));
            }
            Lexeme::String | Lexeme::RawString => {
                let Some(bytes) = unquote(&token.text) else { return self.error("invalid syntax") };
                Kind::Text(token.text, bytes)
            }
            _ => {
                self.next = start;
                // What follows is read again with its spaces, as the caller expects it.
                while self.look().kind == Lexeme::Space {
                    self.take();
                }
                return Ok(None);
            }
        };
        Ok(Some(Expression { position: token.position, kind }))
    }
}
