//! A word of a workshop's glossary: what it means, and how else it is written.

use serde::{Deserialize, Deserializer, de};

use super::{At, Placed, Text, text_or};

/// What a word means; a plain string, or a map.
#[derive(Clone, Debug)]
pub struct Term {
    /// At most 40 words, Markdown; may mark other words.
    pub text: Text,
    /// Other spellings: plurals, verbs, short forms.
    pub also: Vec<Text>,
}

/// The map form of a term.
#[derive(Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "TermBody")]
struct Body {
    /// At most 40 words, Markdown; may mark other words.
    text: Text,
    /// Other spellings: plurals, verbs, short forms.
    #[serde(default)]
    also: Vec<Text>,
}

impl schemars::JsonSchema for Term {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Term".into()
    }

    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        text_or::<Body>(generator)
    }
}

impl<'de> Deserialize<'de> for Term {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Placed { value: Plain(mut term), at } = Placed::<Plain>::deserialize(deserializer)?;
        if term.text.at == At::default() {
            term.text.at = at;
        }
        Ok(term)
    }
}

/// A term before the place of the string form is known.
struct Plain(Term);

impl<'de> Deserialize<'de> for Plain {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Visitor).map(Plain)
    }
}

struct Visitor;

impl<'de> de::Visitor<'de> for Visitor {
    type Value = Term;

    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("what a word means: a text, or a map with `text` and `also`")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Term, E> {
        Ok(Term { text: Text { value: text.to_owned(), at: At::default() }, also: Vec::new() })
    }

    fn visit_map<A: de::MapAccess<'de>>(self, map: A) -> Result<Term, A::Error> {
        let body = Body::deserialize(de::value::MapAccessDeserializer::new(map))?;
        Ok(Term { text: body.text, also: body.also })
    }
}
