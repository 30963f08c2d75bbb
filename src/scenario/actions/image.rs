//! `image`: builds an image of files and pushes it to the lab's registry. A person types `atelier image build` and
//! `atelier image push`, or `docker build` and `docker push` where there is Docker.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::Done;
use super::files::{Origin, origin_parts};
use crate::artifacts::Recipe;
use crate::process::quote;
use crate::scenario::context::Context;
use crate::scenario::error::ActionError;
use crate::scenario::model::{Part, Text};
use crate::scenario::render::RenderError;
use crate::scenario::supply::Supply;

/// The body: what the image holds comes from one of `from` and `folder`. A `Dockerfile` in there says the rest, but
/// for labels.
#[derive(Clone, Debug, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Image {
    /// `<owner>/<name>` in the registry.
    pub name: Text,
    /// The tag.
    pub tag: Text,
    /// A folder beside the scenario.
    pub from: Option<Text>,
    /// A folder of the actor's working folder.
    pub folder: Option<Text>,
    /// Where in the image the files are, without a `Dockerfile`; `/` when nothing is said.
    pub into: Option<Text>,
    /// `<owner>/<name>:<tag>` of the registry that it is built on, without a `Dockerfile`.
    pub base: Option<Text>,
    /// Labels.
    #[serde(default)]
    pub labels: BTreeMap<String, Text>,
    /// Variables of its program, without a `Dockerfile`.
    #[serde(default)]
    pub env: BTreeMap<String, Text>,
    /// The program and its first arguments, without a `Dockerfile`; the base's when nothing is said.
    #[serde(default)]
    pub entrypoint: Vec<Text>,
    /// Another actor than the track's.
    #[serde(rename = "as")]
    pub actor: Option<Text>,
}

impl Image {
    /// The strings that lint looks at.
    pub(crate) fn parts(&self) -> Vec<Part<'_>> {
        let mut parts = vec![Part::Template(&self.name), Part::Template(&self.tag)];
        parts.extend(origin_parts(self.from.as_ref(), self.folder.as_ref()));
        parts.extend([&self.into, &self.base].into_iter().flatten().map(Part::Template));
        parts.extend(
            self.labels.values().chain(self.env.values()).chain(&self.entrypoint).map(Part::Template),
        );
        parts.extend(self.actor.as_ref().map(Part::Actor));
        parts
    }

    /// The commands as shown.
    pub(crate) fn shown(&self, context: &Context<'_>) -> Result<String, RenderError> {
        let name = quote(&format!("{}:{}", context.text(&self.name)?, context.text(&self.tag)?));
        let folder = Origin::of(self.from.as_ref(), self.folder.as_ref()).shown(context)?;
        let mut options = vec![String::new()];
        let mut say = |option: &str, value: String| options.push(format!("--{option} {}", quote(&value)));
        if let Some(base) = context.optional(self.base.as_ref())? {
            say("base", base);
        }
        if let Some(into) = context.optional(self.into.as_ref())? {
            say("into", into);
        }
        for (option, map) in [("env", &self.env), ("label", &self.labels)] {
            for (name, text) in map {
                say(option, format!("{name}={}", context.text(text)?));
            }
        }
        for word in &self.entrypoint {
            // A word that begins with a dash is no option of the command's own.
            options.push(format!("--entrypoint={}", quote(&context.text(word)?)));
        }
        let (folder, options) = (quote(&folder), options.join(" "));
        Ok(format!("atelier image build {folder} --tag {name}{options}\natelier image push {name}"))
    }

    /// Builds and pushes.
    pub(crate) async fn perform(&self, context: &Context<'_>) -> Result<Done, ActionError> {
        let actor = context.actor(self.actor.as_ref())?;
        let (name, tag) = (context.text(&self.name)?, context.text(&self.tag)?);
        let tree = Origin::of(self.from.as_ref(), self.folder.as_ref()).tree(context, actor)?;
        let texts = |map: &BTreeMap<String, Text>| -> Result<BTreeMap<String, String>, RenderError> {
            map.iter().map(|(name, text)| Ok((name.clone(), context.text(text)?))).collect()
        };
        let recipe = Recipe {
            base: context.optional(self.base.as_ref())?,
            into: context.optional(self.into.as_ref())?,
            labels: texts(&self.labels)?,
            environment: texts(&self.env)?,
            entrypoint: self.entrypoint.iter().map(|text| context.text(text)).collect::<Result<_, _>>()?,
            ..Recipe::default()
        };
        let (platform, workshop) = (&context.session.platform, &context.session.workshop);
        let supply = Supply { platform, workshop, user: &actor.actor.name, token: &actor.token };
        let packed = supply.image(tree, &recipe, &[]).await?;
        let changed = supply.remote(&name).push(&tag, &packed).await?;
        let output = if changed { format!("{name}:{tag} {}", packed.digest()) } else { String::new() };
        Ok(Done { unchanged: !changed, output, ..Done::default() })
    }
}
