//! What one look at a fact comes to.

use serde_json::{Map, Value};

use crate::scenario::context::Context;
use crate::scenario::expression::{evaluate, holds};
use crate::scenario::model::Text;
use crate::scenario::render::RenderError;

use super::Clauses;

/// What one look comes to.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Verdict {
    /// The fact is there.
    Holds,
    /// Not yet, and what was seen instead.
    NotYet(String),
    /// It will not be there, and why.
    Never(String),
}

/// One look.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Look {
    /// What it comes to.
    pub(crate) verdict: Verdict,
    /// What expressions may use.
    pub(crate) values: Map<String, Value>,
}

impl Look {
    /// The fact is there.
    pub(crate) fn holds(values: Map<String, Value>) -> Self {
        Self { verdict: Verdict::Holds, values }
    }

    /// Not yet.
    pub(crate) fn not_yet(observed: impl Into<String>) -> Self {
        Self { verdict: Verdict::NotYet(observed.into()), values: Map::new() }
    }

    /// Adds what was seen.
    pub(crate) fn with(mut self, values: Map<String, Value>) -> Self {
        self.values = values;
        self
    }

    /// Adds the author's own conditions, and the reasons to give up.
    pub(crate) fn and(mut self, context: &Context<'_>, clauses: &Clauses<'_>, conditions: &[Text]) -> Self {
        let mut values = context.values();
        values.extend(self.values.clone());
        if self.verdict == Verdict::Holds {
            let unmet = conditions.iter().find_map(|condition| holds(condition, &values).err());
            if let Some(unmet) = unmet {
                self.verdict = Verdict::NotYet(unmet);
            }
        }
        if let Verdict::NotYet(observed) = &self.verdict
            && let Some(reason) = clauses.give_up_when.iter().find(|when| holds(when, &values).is_ok())
        {
            self.verdict = Verdict::Never(format!("{observed}; `{}` is true", reason.value));
        }
        self
    }

    /// The facts that the check saves.
    pub(crate) fn facts(
        &self,
        context: &Context<'_>,
        clauses: &Clauses<'_>,
    ) -> Result<Map<String, Value>, String> {
        let mut values = context.values();
        values.extend(self.values.clone());
        let fact = |(name, expression): (&String, &Text)| {
            let value = evaluate(expression, &values);
            value
                .map(|value| (name.clone(), value))
                .map_err(|reason| format!("`{}`: {reason}", expression.value))
        };
        clauses.save.iter().map(fact).collect()
    }
}

impl From<RenderError> for Look {
    fn from(error: RenderError) -> Self {
        Self::not_yet(error.to_string())
    }
}
