//! Cuts a template into tokens, by the rules of Go's text/template/parse.

/// What a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Error,
    Bool,
    Char,
    CharConstant,
    Assign,
    Declare,
    Eof,
    Field,
    Identifier,
    LeftDelim,
    LeftParen,
    Number,
    Pipe,
    RawString,
    RightDelim,
    RightParen,
    Space,
    String,
    Text,
    Variable,
    Block,
    Break,
    Continue,
    Dot,
    Define,
    Else,
    End,
    If,
    Nil,
    Range,
    Template,
    With,
}

/// A piece of a template.
#[derive(Clone, Debug)]
pub(super) struct Token {
    pub(super) kind: Kind,
    /// Where it begins, in bytes.
    pub(super) position: usize,
    pub(super) text: String,
    /// Where it begins, counted from one.
    pub(super) line: usize,
}

impl Token {
    fn is_keyword(&self) -> bool {
        use Kind::{Block, Break, Continue, Define, Dot, Else, End, If, Nil, Range, Template, With};
        matches!(
            self.kind,
            Block | Break | Continue | Dot | Define | Else | End | If | Nil | Range | Template | With
        )
    }
}

impl std::fmt::Display for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.kind {
            Kind::Eof => f.write_str("EOF"),
            Kind::Error => f.write_str(&self.text),
            _ if self.is_keyword() => write!(f, "<{}>", self.text),
            _ if self.text.len() > 10 => {
                let start = self.text.chars().take(10).collect::<String>();
                write!(f, "{}...", super::quote::quote(start.as_bytes()))
            }
            _ => write!(f, "{}", super::quote::quote(self.text.as_bytes())),
        }
    }
}

const LEFT: &str = "{{";
const RIGHT: &str = "}}";

/// Cuts `input` up to its end or the first error.
pub(super) fn lex(input: &str) -> Vec<Token> {
    let mut lexer = Lexer { input, position: 0, start: 0, line: 1, depth: 0, tokens: Vec::new() };
    let result = lexer.run();
    if let Err(message) = result {
        lexer.tokens.push(Token {
            kind: Kind::Error,
            position: lexer.start,
            text: message,
            line: lexer.line,
        });
    }
    let line = lexer.line;
    lexer.tokens.push(Token { kind: Kind::Eof, position: lexer.position, text: "EOF".to_owned(), line });
    lexer.tokens
}

struct Lexer<'a> {
    input: &'a str,
    position: usize,
    start: usize,
    /// The line of `start`.
    line: usize,
    depth: usize,
    tokens: Vec<Token>,
}

pub(super) fn is_space(char: char) -> bool {
    matches!(char, ' ' | '\t' | '\r' | '\n')
}

fn is_word(char: char) -> bool {
    char == '_' || char.is_alphanumeric()
}

/// A character as Go's `%#U` prints it.
fn shown(char: Option<char>) -> String {
    match char {
        Some(char) if !char.is_control() => format!("U+{:04X} '{char}'", u32::from(char)),
        Some(char) => format!("U+{:04X}", u32::from(char)),
        None => "U+FFFFFFFFFFFFFFFF".to_owned(),
    }
}

impl<'a> Lexer<'a> {
    fn rest(&self) -> &'a str {
        &self.input[self.position..]
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn next(&mut self) -> Option<char> {
        let char = self.peek()?;
        self.position += char.len_utf8();
        Some(char)
    }

    fn ignore(&mut self) {
        self.line += self.input[self.start..self.position].matches('\n').count();
        self.start = self.position;
    }

    fn emit(&mut self, kind: Kind) {
        let text = self.input[self.start..self.position].to_owned();
        self.tokens.push(Token { kind, position: self.start, text, line: self.line });
        self.ignore();
    }

    fn run(&mut self) -> Result<(), String> {
        while self.text() {
            self.left_delimiter()?;
        }
        Ok(())
    }

    /// Takes text up to the next action; false at the end.
    fn text(&mut self) -> bool {
        let Some(at) = self.rest().find(LEFT) else {
            self.position = self.input.len();
            if self.position > self.start {
                self.emit(Kind::Text);
            }
            return false;
        };
        let end = self.position + at;
        self.position = end;
        if trims_left(&self.input[end + LEFT.len()..]) {
            self.position = self.start + self.input[self.start..end].trim_end_matches(is_space).len();
        }
        if self.position > self.start {
            self.emit(Kind::Text);
        }
        self.position = end;
        self.ignore();
        true
    }

    fn left_delimiter(&mut self) -> Result<(), String> {
        self.position += LEFT.len();
        let marker = if trims_left(self.rest()) { 2 } else { 0 };
        if self.rest()[marker..].starts_with("/*") {
            self.position += marker;
            self.ignore();
            return self.comment();
        }
        self.emit(Kind::LeftDelim);
        self.position += marker;
        self.ignore();
        self.depth = 0;
        while !self.inside()? {}
        Ok(())
    }

    fn comment(&mut self) -> Result<(), String> {
        let Some(end) = self.rest().get(2..).and_then(|rest| rest.find("*/")) else {
            return Err("unclosed comment".to_owned());
        };
        self.position += end + 4;
        let Some(trims) = self.at_right() else {
            return Err("comment ends before closing delimiter".to_owned());
        };
        self.close(trims);
        Ok(())
    }

    /// Whether an action ends here, and whether it trims what follows.
    fn at_right(&self) -> Option<bool> {
        let rest = self.rest();
        if trims_right(rest) && rest[2..].starts_with(RIGHT) {
            return Some(true);
        }
        rest.starts_with(RIGHT).then_some(false)
    }

    fn close(&mut self, trims: bool) {
        self.position += if trims { 4 } else { 2 };
        if trims {
            self.position += self.rest().len() - self.rest().trim_start_matches(is_space).len();
        }
        self.ignore();
    }

    /// Takes one token of an action; true at the action's end.
    fn inside(&mut self) -> Result<bool, String> {
        if let Some(trims) = self.at_right() {
            if self.depth > 0 {
                return Err("unclosed left paren".to_owned());
            }
            if trims {
                self.position += 2;
                self.ignore();
            }
            self.position += RIGHT.len();
            self.emit(Kind::RightDelim);
            if trims {
                self.position += self.rest().len() - self.rest().trim_start_matches(is_space).len();
                self.ignore();
            }
            return Ok(true);
        }
        let Some(char) = self.next() else { return Err("unclosed action".to_owned()) };
        match char {
            char if is_space(char) => self.space(),
            '=' => self.emit(Kind::Assign),
            ':' if self.next() == Some('=') => self.emit(Kind::Declare),
            ':' => return Err("expected :=".to_owned()),
            '|' => self.emit(Kind::Pipe),
            '"' => self.quoted('"', Kind::String, "unterminated quoted string")?,
            '`' => {
                let Some(end) = self.rest().find('`') else {
                    return Err("unterminated raw quoted string".to_owned());
                };
                self.position += end + 1;
                self.emit(Kind::RawString);
            }
            '$' => self.word(Kind::Variable)?,
            '\'' => self.quoted('\'', Kind::CharConstant, "unterminated character constant")?,
            '.' if self.peek().is_some_and(|next| !next.is_ascii_digit()) => self.word(Kind::Field)?,
            '.' | '+' | '-' | '0'..='9' => {
                self.position -= 1;
                self.number()?;
            }
            char if is_word(char) => self.identifier()?,
            '(' => {
                self.depth += 1;
                self.emit(Kind::LeftParen);
            }
            ')' => {
                let Some(depth) = self.depth.checked_sub(1) else {
                    return Err("unexpected right paren".to_owned());
                };
                self.depth = depth;
                self.emit(Kind::RightParen);
            }
            ' '..='~' => self.emit(Kind::Char),
            char => return Err(format!("unrecognized character in action: {}", shown(Some(char)))),
        }
        Ok(false)
    }

    fn space(&mut self) {
        while self.peek().is_some_and(is_space) {
            self.next();
        }
        // The last space may belong to the marker that trims.
        let last = self.position - 1;
        if trims_right(&self.input[last..]) && self.input[last + 2..].starts_with(RIGHT) {
            self.position = last;
        }
        if self.position > self.start {
            self.emit(Kind::Space);
        }
    }

    fn quoted(&mut self, quote: char, kind: Kind, unterminated: &str) -> Result<(), String> {
        loop {
            match self.next() {
                Some('\\') if self.peek().is_some_and(|next| next != '\n') => drop(self.next()),
                None | Some('\n' | '\\') => return Err(unterminated.to_owned()),
                Some(char) if char == quote => break,
                Some(_) => {}
            }
        }
        self.emit(kind);
        Ok(())
    }

    fn at_terminator(&self) -> bool {
        match self.peek() {
            Some(char) if is_space(char) => true,
            None | Some('.' | ',' | '|' | ':' | ')' | '(') => true,
            _ => self.rest().starts_with(RIGHT),
        }
    }

    /// The rest of a field or variable whose first character is taken.
    fn word(&mut self, kind: Kind) -> Result<(), String> {
        if self.at_terminator() {
            self.emit(if kind == Kind::Variable { kind } else { Kind::Dot });
            return Ok(());
        }
        while self.peek().is_some_and(is_word) {
            self.next();
        }
        if !self.at_terminator() {
            return Err(format!("bad character {}", shown(self.peek())));
        }
        self.emit(kind);
        Ok(())
    }

    fn identifier(&mut self) -> Result<(), String> {
        while self.peek().is_some_and(is_word) {
            self.next();
        }
        if !self.at_terminator() {
            return Err(format!("bad character {}", shown(self.peek())));
        }
        self.emit(match &self.input[self.start..self.position] {
            "block" => Kind::Block,
            "break" => Kind::Break,
            "continue" => Kind::Continue,
            "define" => Kind::Define,
            "else" => Kind::Else,
            "end" => Kind::End,
            "if" => Kind::If,
            "range" => Kind::Range,
            "nil" => Kind::Nil,
            "template" => Kind::Template,
            "with" => Kind::With,
            "true" | "false" => Kind::Bool,
            _ => Kind::Identifier,
        });
        Ok(())
    }

    fn accept(&mut self, valid: &str) -> bool {
        let accepted = self.peek().is_some_and(|char| valid.contains(char));
        if accepted {
            self.next();
        }
        accepted
    }

    fn number(&mut self) -> Result<(), String> {
        self.accept("+-");
        let mut digits = "0123456789_";
        if self.accept("0") {
            if self.accept("xX") {
                digits = "0123456789abcdefABCDEF_";
            } else if self.accept("oO") {
                digits = "01234567_";
            } else if self.accept("bB") {
                digits = "01_";
            }
        }
        while self.accept(digits) {}
        if self.accept(".") {
            while self.accept(digits) {}
        }
        let exponent = match digits.len() {
            11 => "eE",
            23 => "pP",
            _ => "",
        };
        if self.accept(exponent) {
            self.accept("+-");
            while self.accept("0123456789_") {}
        }
        // Imaginary numbers end here in Go; no chart has any use for them.
        if self.peek().is_some_and(is_word) {
            self.next();
            let bad = super::quote::quote(&self.input.as_bytes()[self.start..self.position]);
            return Err(format!("bad number syntax: {bad}"));
        }
        self.emit(Kind::Number);
        Ok(())
    }
}

fn trims_left(rest: &str) -> bool {
    let bytes = rest.as_bytes();
    bytes.len() >= 2 && bytes[0] == b'-' && is_space(char::from(bytes[1]))
}

fn trims_right(rest: &str) -> bool {
    let bytes = rest.as_bytes();
    bytes.len() >= 2 && is_space(char::from(bytes[0])) && bytes[1] == b'-'
}
