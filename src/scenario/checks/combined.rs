//! `any`, `all` and `not`: checks made of checks.

use futures::future::BoxFuture;
use futures::stream::{BoxStream, StreamExt as _, select_all};
use serde_json::Map;

use super::clauses::check_body;
use super::{Check, Look, Verdict};
use crate::scenario::context::Context;
use crate::scenario::model::{Part, Placed};
use crate::scenario::render::RenderError;

check_body! {
    /// The body of `any` and of `all`.
    pub struct Several {
        /// The checks.
        pub of: Vec<Placed<Check>>,
    }
}

check_body! {
    /// The body of `not`. It holds when the fact can be seen and is another; what cannot be seen is no proof.
    pub struct Not {
        /// The check.
        pub of: Placed<Check>,
    }
}

impl Several {
    /// The strings that lint looks at.
    pub(crate) fn parts(&self) -> Vec<Part<'_>> {
        self.of.iter().flat_map(|check| check.parts()).collect()
    }

    /// What must become true, in words.
    pub(crate) fn expects(&self, context: &Context<'_>, word: &str) -> Result<String, RenderError> {
        let each = self.of.iter().map(|check| check.expects(context)).collect::<Result<Vec<_>, _>>()?;
        Ok(each.join(word))
    }

    /// Looks at one after the other until one holds; what each lacks is told otherwise.
    pub(crate) fn look_any<'a>(&'a self, context: &'a Context<'_>) -> BoxFuture<'a, Look> {
        Box::pin(async move {
            let mut lacks = Vec::new();
            let mut hope = self.of.is_empty();
            for check in &self.of {
                let look = check.look(context).await;
                match look.verdict {
                    Verdict::Holds => return look,
                    Verdict::NotYet(observed) => {
                        hope = true;
                        lacks.push(observed);
                    }
                    Verdict::Never(observed) => lacks.push(observed),
                }
            }
            let observed = lacks.join("; and ");
            let verdict = if hope { Verdict::NotYet(observed) } else { Verdict::Never(observed) };
            Look { verdict, values: Map::new() }
        })
    }

    /// Looks at one after the other until one does not hold.
    pub(crate) fn look_all<'a>(&'a self, context: &'a Context<'_>) -> BoxFuture<'a, Look> {
        Box::pin(async move {
            let mut values = Map::new();
            for check in &self.of {
                let look = check.look(context).await;
                if look.verdict != Verdict::Holds {
                    return look;
                }
                values.extend(look.values);
            }
            Look::holds(values)
        })
    }

    /// Changes of whatever is looked at; nothing where one of them is not told of.
    pub(crate) fn wakes<'a>(
        &'a self,
        context: &'a Context<'_>,
    ) -> BoxFuture<'a, Option<BoxStream<'static, ()>>> {
        Box::pin(async move {
            let mut streams = Vec::new();
            for check in &self.of {
                streams.push(check.wakes(context).await?);
            }
            Some(select_all(streams).boxed())
        })
    }
}

impl Not {
    /// The strings that lint looks at.
    pub(crate) fn parts(&self) -> Vec<Part<'_>> {
        self.of.parts()
    }

    /// What must become true, in words.
    pub(crate) fn expects(&self, context: &Context<'_>) -> Result<String, RenderError> {
        Ok(format!("it is not so that {}", self.of.expects(context)?))
    }

    /// Looks at the check.
    pub(crate) fn look<'a>(&'a self, context: &'a Context<'_>) -> BoxFuture<'a, Look> {
        Box::pin(async move {
            let Look { verdict, values } = self.of.look(context).await;
            let expects = self.of.expects(context).unwrap_or_default();
            let verdict = match verdict {
                Verdict::Holds => Verdict::NotYet(format!("{expects}: it is so")),
                Verdict::NotYet(_) | Verdict::Never(_) if !values.is_empty() => Verdict::Holds,
                other => other,
            };
            Look { verdict, values }
        })
    }

    /// Changes of what is looked at.
    pub(crate) fn wakes<'a>(
        &'a self,
        context: &'a Context<'_>,
    ) -> BoxFuture<'a, Option<BoxStream<'static, ()>>> {
        Box::pin(async move { self.of.wakes(context).await })
    }
}
