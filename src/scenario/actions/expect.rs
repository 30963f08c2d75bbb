//! `expect`: what a command must come to.

use regex::Regex;
use serde::Deserialize;

use crate::process::Output;
use crate::scenario::context::Context;
use crate::scenario::model::{Part, Text};
use crate::scenario::render::RenderError;

/// How much of an output is shown when it is not as expected.
const SHOWN_LINES: usize = 12;

/// What a text must be like.
#[derive(Clone, Debug, Default, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Expected {
    /// A part of it.
    pub contains: Option<Text>,
    /// A regular expression that finds something in it.
    pub matches: Option<Text>,
}

/// What a command must come to.
#[derive(Clone, Debug, Default, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Expect {
    /// The exit code; 0 when nothing is said.
    pub exit: Option<i32>,
    /// Standard output.
    #[serde(default)]
    pub stdout: Expected,
    /// Standard error.
    #[serde(default)]
    pub stderr: Expected,
}

impl Expect {
    /// The strings that lint looks at.
    pub(crate) fn parts(&self) -> Vec<Part<'_>> {
        [&self.stdout, &self.stderr]
            .into_iter()
            .flat_map(|text| {
                let contains = text.contains.as_ref().map(Part::Template);
                contains.into_iter().chain(text.matches.as_ref().map(Part::Pattern))
            })
            .collect()
    }

    /// Renders what is expected.
    pub(crate) fn render(&self, context: &Context<'_>) -> Result<Wanted, RenderError> {
        Ok(Wanted {
            exit: self.exit.unwrap_or(0),
            stdout: self.stdout.render(context)?,
            stderr: self.stderr.render(context)?,
        })
    }
}

impl Expected {
    /// Renders what is expected.
    pub(crate) fn render(&self, context: &Context<'_>) -> Result<WantedText, RenderError> {
        Ok(WantedText {
            contains: context.optional(self.contains.as_ref())?,
            matches: context.optional(self.matches.as_ref())?,
        })
    }
}

/// What a text must be like, rendered.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct WantedText {
    pub(crate) contains: Option<String>,
    pub(crate) matches: Option<String>,
}

impl WantedText {
    /// What is not as expected, in words.
    pub(crate) fn difference(&self, text: &str) -> Option<String> {
        if let Some(part) = self.contains.as_ref().filter(|part| !text.contains(*part)) {
            return Some(format!("`{part}` in"));
        }
        let pattern = self.matches.as_ref()?;
        // The end of a text is where its words end, so that `$` is what its author means by it.
        let found = Regex::new(pattern).is_ok_and(|regex| regex.is_match(text.trim_end()));
        (!found).then(|| format!("a match of `{pattern}` in"))
    }
}

/// What a command must come to, rendered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Wanted {
    exit: i32,
    stdout: WantedText,
    stderr: WantedText,
}

impl Wanted {
    /// What was expected and what came instead.
    pub(crate) fn difference(&self, output: &Output) -> Option<(String, String)> {
        let printed = || {
            let text = if output.stderr.trim().is_empty() { &output.stdout } else { &output.stderr };
            last_lines(text)
        };
        if output.code != self.exit {
            let observed = format!("exit code {}{}", output.code, printed());
            return Some((format!("exit code {}", self.exit), observed));
        }
        let sides = [
            (&self.stdout, &output.stdout, "standard output"),
            (&self.stderr, &output.stderr, "standard error"),
        ];
        sides.into_iter().find_map(|(wanted, text, name)| {
            let missing = wanted.difference(text)?;
            let observed = if text.trim().is_empty() {
                format!("nothing in {name}")
            } else {
                format!("{name}{}", last_lines(text))
            };
            Some((format!("{missing} {name}"), observed))
        })
    }
}

fn last_lines(text: &str) -> String {
    let lines: Vec<_> = text.trim_end().lines().collect();
    lines[lines.len().saturating_sub(SHOWN_LINES)..].iter().flat_map(|line| ["\n  | ", line]).collect()
}
