//! `run` as a check: a command that only looks.

use std::time::Duration;

use serde_json::{Map, Value};

use super::Look;
use super::clauses::check_body;
use crate::scenario::actions::{Expect, execute};
use crate::scenario::context::Context;
use crate::scenario::model::{Part, Text};
use crate::scenario::render::RenderError;

/// How long one look may take.
const LIMIT: Duration = Duration::from_secs(10);

check_body! {
    /// The body.
    pub struct Run {
        /// The command.
        pub cmd: Text,
        /// Another folder than the actor's working folder, relative to it.
        pub cwd: Option<Text>,
        /// Another actor than the track's.
        #[serde(rename = "as")]
        pub actor: Option<Text>,
        /// What it must come to.
        #[serde(default)]
        pub expect: Expect,
    }
}

impl Run {
    /// The strings that lint looks at.
    pub(crate) fn parts(&self) -> Vec<Part<'_>> {
        let mut parts = vec![Part::Template(&self.cmd)];
        parts.extend(self.cwd.as_ref().map(Part::Template));
        parts.extend(self.actor.as_ref().map(Part::Actor));
        parts.extend(self.expect.parts());
        parts
    }

    /// What must become true, in words.
    pub(crate) fn expects(&self, context: &Context<'_>) -> Result<String, RenderError> {
        let command = context.text(&self.cmd)?;
        let code = self.expect.exit.unwrap_or(0);
        Ok(format!("`{}` ends with exit code {code}", command.trim_end()))
    }

    /// Runs the command once.
    pub(crate) async fn look(&self, context: &Context<'_>) -> Result<Look, RenderError> {
        let actor = match context.actor(self.actor.as_ref()) {
            Ok(actor) => actor,
            Err(error) => return Ok(Look::not_yet(error.to_string())),
        };
        let (command, folder) = (context.text(&self.cmd)?, context.optional(self.cwd.as_ref())?);
        let expected = self.expect.render(context)?;
        let output = match execute(actor, &command, folder.as_deref(), LIMIT).await {
            Ok(output) => output,
            Err(error) => return Ok(Look::not_yet(context.masked(&error.to_string()))),
        };
        let difference = expected.difference(&output);
        let printed = [output.stdout.trim(), output.stderr.trim()].into_iter().find(|text| !text.is_empty());
        // An author who says in words what is waited for lets the command say what is so instead.
        let said = printed.filter(|text| self.title.is_some() && output.code != 0 && !text.contains('\n'));
        let values = [
            ("stdout".to_owned(), Value::String(output.stdout.trim_end().to_owned())),
            ("stderr".to_owned(), Value::String(output.stderr.trim_end().to_owned())),
            ("exit".to_owned(), Value::from(output.code)),
        ];
        let values: Map<_, _> = values.into_iter().collect();
        Ok(match difference {
            None => Look::holds(values),
            Some((_, observed)) => Look::not_yet(context.masked(said.unwrap_or(&observed))).with(values),
        })
    }
}
