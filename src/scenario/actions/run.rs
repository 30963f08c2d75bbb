//! `run`: a command in a shell, as a person would type it.

use std::fmt;

use std::time::Duration;

use serde::{Deserialize, Deserializer, de};

use super::{Done, Expect, execute};
use crate::scenario::context::Context;
use crate::scenario::error::ActionError;
use crate::scenario::model::{At, Length, Part, Placed, Text, text_or};
use crate::scenario::render::RenderError;

/// How long a command may run where its author says nothing.
const LIMIT: Duration = Duration::from_secs(60);

/// What a command changes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Effects {
    /// Nothing.
    None,
    /// Files in the working folder.
    #[default]
    Local,
    /// The lab.
    Remote,
}

/// The body; a plain string is the command alone.
#[derive(Clone, Debug)]
pub struct Run {
    /// The command.
    pub cmd: Text,
    /// What is shown instead of it.
    pub show: Option<Text>,
    /// Another folder than the actor's working folder, relative to it.
    pub cwd: Option<Text>,
    /// A command; when it exits with 0, there is nothing to do.
    pub unless: Option<Text>,
    /// What it must come to.
    pub expect: Expect,
    /// What it changes.
    pub effects: Effects,
    /// How long it may run; a minute when nothing is said.
    pub timeout: Option<Placed<Length>>,
    /// Another actor than the track's.
    pub actor: Option<Text>,
    /// True when it must not be repeated.
    pub once: bool,
}

impl Run {
    /// The strings that lint looks at.
    pub(crate) fn parts(&self) -> Vec<Part<'_>> {
        let mut parts = vec![Part::Template(&self.cmd)];
        parts.extend([&self.show, &self.cwd, &self.unless].into_iter().flatten().map(Part::Template));
        parts.extend(self.actor.as_ref().map(Part::Actor));
        parts.extend(self.expect.parts());
        parts
    }

    /// The command as shown.
    pub(crate) fn shown(&self, context: &Context<'_>) -> Result<String, RenderError> {
        Ok(context.text(self.show.as_ref().unwrap_or(&self.cmd))?.trim_end().to_owned())
    }

    /// Runs the command.
    pub(crate) async fn perform(&self, context: &Context<'_>) -> Result<Done, ActionError> {
        let actor = context.actor(self.actor.as_ref())?;
        let folder = context.optional(self.cwd.as_ref())?;
        let limit = self.timeout.as_ref().map_or(LIMIT, |length| length.value.0);
        let line = context.text(&self.cmd)?;
        let expected = self.expect.render(context)?;
        if let Some(unless) = context.optional(self.unless.as_ref())?
            && execute(actor, &unless, folder.as_deref(), limit).await?.code == 0
        {
            return Ok(Done { unchanged: true, ..Done::default() });
        }
        let output = execute(actor, &line, folder.as_deref(), limit).await?;
        if let Some((expected, observed)) = expected.difference(&output) {
            let observed = context.masked(&observed);
            return Err(ActionError::Unexpected { expected, observed });
        }
        let printed = [output.stdout.trim_end(), output.stderr.trim_end()];
        let printed: Vec<_> = printed.into_iter().filter(|text| !text.is_empty()).collect();
        Ok(Done { unchanged: false, output: context.masked(&printed.join("\n")), ..Done::default() })
    }
}

impl<'de> Deserialize<'de> for Run {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Placed { value: Plain(mut run), at } = Placed::<Plain>::deserialize(deserializer)?;
        if run.cmd.at == At::default() {
            run.cmd.at = at;
        }
        Ok(run)
    }
}

/// The map form of the body.
#[derive(Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "RunBody")]
struct Body {
    /// The command.
    cmd: Text,
    /// What is shown instead of it.
    show: Option<Text>,
    /// Another folder than the actor's working folder, relative to it.
    cwd: Option<Text>,
    /// A command; when it exits with 0, there is nothing to do.
    unless: Option<Text>,
    /// What it must come to.
    #[serde(default)]
    expect: Expect,
    /// What it changes.
    #[serde(default)]
    effects: Effects,
    /// How long it may run; a minute when nothing is said.
    timeout: Option<Placed<Length>>,
    /// Another actor than the track's.
    #[serde(rename = "as")]
    actor: Option<Text>,
    /// True when it must not be repeated.
    #[serde(default)]
    once: bool,
}

impl schemars::JsonSchema for Run {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "RunAction".into()
    }

    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        text_or::<Body>(generator)
    }
}

/// The body before the place of the string form is known.
struct Plain(Run);

impl<'de> Deserialize<'de> for Plain {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Visitor).map(Plain)
    }
}

struct Visitor;

impl<'de> de::Visitor<'de> for Visitor {
    type Value = Run;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a command, or a map with `cmd`")
    }

    fn visit_str<E: de::Error>(self, cmd: &str) -> Result<Run, E> {
        Ok(Run {
            cmd: Text { value: cmd.to_owned(), at: At::default() },
            show: None,
            cwd: None,
            unless: None,
            expect: Expect::default(),
            effects: Effects::default(),
            timeout: None,
            actor: None,
            once: false,
        })
    }

    fn visit_map<A: de::MapAccess<'de>>(self, map: A) -> Result<Run, A::Error> {
        let body = Body::deserialize(de::value::MapAccessDeserializer::new(map))?;
        Ok(Run {
            cmd: body.cmd,
            show: body.show,
            cwd: body.cwd,
            unless: body.unless,
            expect: body.expect,
            effects: body.effects,
            timeout: body.timeout,
            actor: body.actor,
            once: body.once,
        })
    }
}
