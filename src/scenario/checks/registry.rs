//! `registry`: what the lab's registry has: an image or a chart, under a tag.

use serde_json::{Map, Value, json};

use super::Look;
use super::clauses::check_body;
use crate::artifacts::Remote;
use crate::scenario::context::Context;
use crate::scenario::kubernetes::chain;
use crate::scenario::model::{Part, Text};
use crate::scenario::render::RenderError;

check_body! {
    /// The body. What is found is `artifact`, with `digest` and `tags`.
    pub struct Registry {
        /// `<owner>/<name>`.
        pub name: Text,
        /// The tag.
        pub tag: Text,
        /// Expressions that must hold.
        #[serde(default)]
        pub cel: Vec<Text>,
    }
}

impl Registry {
    /// The strings that lint looks at.
    pub(crate) fn parts(&self) -> Vec<Part<'_>> {
        let mut parts = vec![Part::Template(&self.name), Part::Template(&self.tag)];
        parts.extend(self.cel.iter().map(|text| Part::Expression(text, &["artifact"])));
        parts
    }

    /// What must become true, in words.
    pub(crate) fn expects(&self, context: &Context<'_>) -> Result<String, RenderError> {
        Ok(format!("the registry has `{}:{}`", context.text(&self.name)?, context.text(&self.tag)?))
    }

    /// Looks at the registry, as the track's actor: everybody with a token may read there.
    pub(crate) async fn look(&self, context: &Context<'_>) -> Result<Look, RenderError> {
        let (name, tag) = (context.text(&self.name)?, context.text(&self.tag)?);
        let actor = context.actor;
        let url = context.session.platform.forge.url();
        let remote = Remote::new(&url, &name, &actor.actor.name, &actor.token);
        let found =
            async { Ok::<_, crate::artifacts::Error>((remote.tagged(&tag).await?, remote.tags().await?)) };
        let (digest, tags) = match found.await {
            Ok(found) => found,
            Err(error) => return Ok(Look::not_yet(chain(&error))),
        };
        let value = json!({"digest": digest, "tags": tags});
        let values: Map<String, Value> = [("artifact".to_owned(), value)].into_iter().collect();
        Ok(match (digest, tags.as_slice()) {
            (Some(_), _) => Look::holds(Map::new()).with(values),
            (None, []) => Look::not_yet(missing(context, &name).await),
            (None, tags) => {
                Look::not_yet(format!("`{name}` has no tag `{tag}`; there is `{}`", tags.join("`, `")))
                    .with(values)
            }
        })
    }
}

/// That the registry has none of this name, and which others the owner has there.
async fn missing(context: &Context<'_>, name: &str) -> String {
    let text = format!("the registry has no `{name}`");
    let Some((owner, _)) = name.split_once('/') else { return text };
    let others = context.session.platform.forge.api().packages(owner).await.unwrap_or_default();
    if others.is_empty() {
        return text;
    }
    let others: Vec<_> = others.iter().map(|other| format!("`{owner}/{other}`")).collect();
    format!("{text}; there is {}", others.join(", "))
}
