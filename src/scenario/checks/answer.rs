//! `answer`: a question to a person.

use regex::Regex;
use serde_json::{Map, Value};

use super::Look;
use super::clauses::check_body;
use crate::scenario::context::Context;
use crate::scenario::model::{Part, Text};
use crate::scenario::render::RenderError;

check_body! {
    /// The body.
    pub struct Answer {
        /// The question.
        pub ask: Text,
        /// Regular expressions; one of them must find something in the answer.
        pub accept: Vec<Text>,
        /// The answer of a rehearsal.
        pub given: Text,
    }
}

impl Answer {
    /// The strings that lint looks at.
    pub(crate) fn parts(&self) -> Vec<Part<'_>> {
        let mut parts = vec![Part::Template(&self.ask), Part::Template(&self.given)];
        parts.extend(self.accept.iter().map(Part::Pattern));
        parts
    }

    /// What must become true, in words.
    pub(crate) fn expects(&self, context: &Context<'_>) -> Result<String, RenderError> {
        Ok(format!("somebody answers: {}", context.text(&self.ask)?.trim_end()))
    }

    /// The author's own answer.
    pub(crate) fn own(&self, context: &Context<'_>) -> Result<String, RenderError> {
        Ok(context.text(&self.given)?.trim().to_owned())
    }

    /// Looks at the last answer of the person, or at the author's own where there is no person.
    pub(crate) fn look(&self, context: &Context<'_>) -> Result<Look, RenderError> {
        let answer = match &context.answers {
            None => Some(context.text(&self.given)?),
            Some(answers) => answers.lock().ok().and_then(|answer| answer.clone()),
        };
        let Some(answer) = answer else { return Ok(Look::not_yet("no answer yet")) };
        let accepted = |pattern: &Text| -> Result<bool, RenderError> {
            Ok(Regex::new(&context.text(pattern)?).is_ok_and(|regex| regex.is_match(answer.trim())))
        };
        let accepted = self.accept.iter().map(accepted).collect::<Result<Vec<_>, _>>()?.contains(&true);
        let values: Map<_, _> = [("answer".to_owned(), Value::String(answer.clone()))].into_iter().collect();
        let look =
            if accepted { Look::holds(Map::new()) } else { Look::not_yet(format!("not \"{answer}\"")) };
        Ok(look.with(values))
    }
}
