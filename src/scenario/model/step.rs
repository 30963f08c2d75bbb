//! A step: what to read, what to do, how to know that it is done.

use serde::{Deserialize, Deserializer, de};

use super::{Length, Placed, Requires, Text, text_or};
use crate::scenario::actions::Action;
use crate::scenario::checks::Check;

/// How a step is given to a learner.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Style {
    /// The commands are shown.
    #[default]
    Guided,
    /// Only the goal is shown.
    Challenge,
    /// Shown by a trainer; a learner reads the text and goes on.
    Demo,
}

/// What a rehearsal demands of the checks before it acts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Before {
    /// At least one fails.
    #[default]
    Fail,
    /// All pass.
    Pass,
    /// Nothing.
    Any,
}

/// A step.
#[derive(Clone, Debug, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// `snake_case`, unlike any other of the track.
    pub id: Text,
    /// For people.
    pub title: Text,
    /// How long a person needs.
    pub estimated: Option<Placed<Length>>,
    /// How it is given to a learner.
    #[serde(default)]
    pub style: Style,
    /// What must be at hand; where it is not, the step is left out, and the reason told.
    #[serde(default)]
    pub requires: Requires,
    /// Steps of other tracks that must be complete, `<track>.<step>`.
    #[serde(default)]
    pub needs: Vec<Text>,
    /// What to do meanwhile.
    pub while_waiting: Option<Text>,
    /// What and why, Markdown.
    pub explain: Text,
    /// For the trainer.
    pub notes: Option<Text>,
    /// The solution.
    #[serde(default, rename = "do")]
    pub actions: Vec<Placed<Action>>,
    /// How to know that it is done: a causal chain.
    #[serde(default)]
    pub verify: Vec<Placed<Check>>,
    /// What a rehearsal demands before it acts.
    #[serde(default)]
    pub before: Before,
    /// For a learner who asks.
    #[serde(default)]
    pub hints: Vec<Hint>,
    /// The way in words.
    pub solution: Option<Text>,
    /// Undoes what the actions did.
    #[serde(default)]
    pub undo: Vec<Placed<Action>>,
}

/// Help for a learner; a plain string, or a map.
#[derive(Clone, Debug)]
pub struct Hint {
    /// The help, a template.
    pub text: Text,
    /// Offered unasked after this time.
    pub after: Option<Placed<Length>>,
    /// Offered first when this expression holds.
    pub when: Option<Text>,
}

/// The map form of a hint.
#[derive(Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "HintBody")]
struct Body {
    /// The help, a template.
    text: Text,
    /// Offered unasked after this time.
    after: Option<Placed<Length>>,
    /// Offered first when this expression holds.
    when: Option<Text>,
}

impl schemars::JsonSchema for Hint {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Hint".into()
    }

    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        text_or::<Body>(generator)
    }
}

impl<'de> Deserialize<'de> for Hint {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl<'de> de::Visitor<'de> for Visitor {
            type Value = Hint;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("a hint: a text, or a map with `text`, `after`, `when`")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Hint, E> {
                let text = Text { value: text.to_owned(), at: super::At::default() };
                Ok(Hint { text, after: None, when: None })
            }

            fn visit_map<A: de::MapAccess<'de>>(self, map: A) -> Result<Hint, A::Error> {
                let body = Body::deserialize(de::value::MapAccessDeserializer::new(map))?;
                Ok(Hint { text: body.text, after: body.after, when: body.when })
            }
        }
        struct Inner(Hint);
        impl<'de> Deserialize<'de> for Inner {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                deserializer.deserialize_any(Visitor).map(Inner)
            }
        }
        let Placed { value: Inner(mut hint), at } = Placed::<Inner>::deserialize(deserializer)?;
        if hint.text.at == super::At::default() {
            hint.text.at = at;
        }
        Ok(hint)
    }
}
