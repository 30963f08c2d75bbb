//! `wait`: a check that must hold before the next action is done.

use serde::{Deserialize, Deserializer};

use super::Done;
use crate::scenario::checks::Check;
use crate::scenario::context::Context;
use crate::scenario::error::ActionError;
use crate::scenario::render::RenderError;
use crate::scenario::runner::wait_for;

/// The body: a check.
#[derive(Clone, Debug)]
pub struct Wait(pub Check);

impl<'de> Deserialize<'de> for Wait {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Check::deserialize(deserializer).map(Self)
    }
}

impl schemars::JsonSchema for Wait {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        Check::schema_name()
    }

    fn schema_id() -> std::borrow::Cow<'static, str> {
        Check::schema_id()
    }

    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        Check::json_schema(generator)
    }
}

impl Wait {
    /// What is waited for, as shown.
    pub(crate) fn shown(&self, context: &Context<'_>) -> Result<String, RenderError> {
        Ok(format!("# wait until {}", self.0.expects(context)?))
    }

    /// Waits.
    pub(crate) async fn perform(&self, context: &Context<'_>) -> Result<Done, ActionError> {
        let limit = self.0.clauses().within();
        match wait_for(&self.0, context).await {
            Ok(()) => Ok(Done::default()),
            Err(observed) => {
                Err(ActionError::TimedOut { expects: self.0.expects(context)?, limit, observed })
            }
        }
    }
}
