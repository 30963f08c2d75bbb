//! One mistake, as data; the user interface draws it.

use std::fmt;

use serde::{Serialize, Serializer};

use super::Place;

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// The workshop runs, but could be better.
    Warning,
    /// The workshop does not run.
    Error,
}

/// What sort of mistake it is. Codes are stable: `W0xx` files and YAML, `W1xx` names and order, `W2xx` templates and
/// expressions, `W3xx` safety, `W4xx` order between tracks, `W5xx` teaching.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Code {
    /// The file is not YAML.
    Syntax,
    /// A map has a key that means nothing.
    UnknownField,
    /// A word out of a list, such as an action, is not in the list.
    UnknownWord,
    /// A map lacks a key.
    MissingField,
    /// A value is of another type or form.
    WrongValue,
    /// A key stands twice in a map.
    DuplicateKey,
    /// The file is for another program, or for another version of this one.
    Version,
    /// The file cannot be read.
    File,
    /// An action or a check has no key, or several.
    OneKey,
    /// A body has too little or too much of what excludes itself.
    Body,
    /// Two things have the same id.
    DuplicateId,
    /// An id cannot be used in templates and expressions.
    BadId,
    /// A step is named that does not exist.
    UnknownStep,
    /// Steps wait for each other.
    Cycle,
    /// An actor is named that does not exist.
    UnknownActor,
    /// A repository is named that set-up does not make.
    UnknownRepository,
    /// A file is named that does not exist.
    MissingFile,
    /// A scenario has no track.
    Unused,
    /// A word of the glossary is defined twice.
    DuplicateTerm,
    /// A text marks a word that nobody defines.
    UnknownTerm,
    /// A template is none.
    Template,
    /// A template uses a name that is not defined.
    Undefined,
    /// A fact is used before it can be known.
    EarlyFact,
    /// An expression is none.
    Expression,
    /// An expression uses a name that is not defined.
    UnknownVariable,
    /// A regular expression is none.
    Pattern,
    /// A command changes the lab, and nothing undoes it.
    NoUndo,
    /// A text looks as if it held a secret.
    Secret,
    /// A command could be an action.
    Typed,
    /// Nothing in the cluster can ask.
    Asker,
    /// Two tracks write the same path in no order.
    Race,
    /// A step cannot tell when it is done.
    NoVerify,
    /// A step has no help.
    NoHint,
    /// A text is longer than people read.
    LongText,
    /// The estimates of the steps do not come to that of the track.
    Estimate,
    /// No text marks a word of the glossary.
    UnusedTerm,
    /// A word is explained with more words than people read.
    LongTerm,
}

impl Code {
    /// The code as shown.
    pub fn name(self) -> &'static str {
        match self {
            Self::Syntax => "W001",
            Self::UnknownField => "W002",
            Self::UnknownWord => "W003",
            Self::MissingField => "W004",
            Self::WrongValue => "W005",
            Self::DuplicateKey => "W006",
            Self::Version => "W007",
            Self::File => "W008",
            Self::OneKey => "W009",
            Self::Body => "W010",
            Self::DuplicateId => "W101",
            Self::BadId => "W102",
            Self::UnknownStep => "W103",
            Self::Cycle => "W104",
            Self::UnknownActor => "W105",
            Self::UnknownRepository => "W106",
            Self::MissingFile => "W107",
            Self::Unused => "W108",
            Self::DuplicateTerm => "W109",
            Self::UnknownTerm => "W110",
            Self::Template => "W201",
            Self::Undefined => "W202",
            Self::EarlyFact => "W203",
            Self::Expression => "W204",
            Self::UnknownVariable => "W205",
            Self::Pattern => "W206",
            Self::NoUndo => "W301",
            Self::Secret => "W302",
            Self::Typed => "W303",
            Self::Asker => "W304",
            Self::Race => "W401",
            Self::NoVerify => "W501",
            Self::NoHint => "W502",
            Self::LongText => "W503",
            Self::Estimate => "W504",
            Self::UnusedTerm => "W505",
            Self::LongTerm => "W506",
        }
    }

    /// How bad it is.
    pub fn severity(self) -> Severity {
        match self {
            Self::Unused
            | Self::NoHint
            | Self::LongText
            | Self::Estimate
            | Self::UnusedTerm
            | Self::LongTerm
            | Self::NoUndo
            | Self::Secret
            | Self::Typed
            | Self::Asker
            | Self::Race => Severity::Warning,
            _ => Severity::Error,
        }
    }
}

impl Serialize for Code {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

/// One mistake.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// What sort of mistake.
    pub code: Code,
    /// How bad.
    pub severity: Severity,
    /// The file.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
    /// The character in the line, from 1.
    pub column: usize,
    /// What is wrong.
    pub message: String,
    /// What would be right.
    pub help: Option<String>,
    /// The line's text.
    pub snippet: Option<String>,
}

impl Finding {
    /// A mistake at a place.
    pub(crate) fn new(code: Code, place: Place<'_>, message: String) -> Self {
        let Place { file, source, at } = place;
        let snippet =
            source.lines().nth(at.line.saturating_sub(1)).map(|line| line.chars().take(200).collect());
        Self {
            code,
            severity: code.severity(),
            file: file.to_owned(),
            line: at.line,
            column: at.column,
            message,
            help: None,
            snippet,
        }
    }

    /// Adds what would be right.
    #[must_use]
    pub(crate) fn help(mut self, help: String) -> Self {
        self.help = Some(help);
        self
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let severity = match self.severity {
            Severity::Warning => "warning",
            Severity::Error => "error",
        };
        let Self { file, line, column, message, .. } = self;
        write!(formatter, "{file}:{line}:{column}: {severity} {}: {message}", self.code.name())?;
        self.help.as_ref().map_or(Ok(()), |help| write!(formatter, "\n  help: {help}"))
    }
}
