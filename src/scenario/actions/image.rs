//! `image`: builds an image of files and pushes it to the lab's registry. A person types `docker build` and
//! `docker push`; the tool needs neither.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::Done;
use super::files::{Origin, origin_parts};
use crate::artifacts::{Base, Entry, Image as Built, Remote};
use crate::platform::{FORGE_HOST, Kind};
use crate::process::quote;
use crate::scenario::context::Context;
use crate::scenario::error::ActionError;
use crate::scenario::model::{Part, Text};
use crate::scenario::render::RenderError;

/// The body: what the image holds comes from one of `from` and `folder`.
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
    /// Where in the image the files are; `/` when nothing is said.
    pub into: Option<Text>,
    /// `<owner>/<name>:<tag>` of the registry that it is built on.
    pub base: Option<Text>,
    /// Labels.
    #[serde(default)]
    pub labels: BTreeMap<String, Text>,
    /// Variables of its program.
    #[serde(default)]
    pub env: BTreeMap<String, Text>,
    /// The program and its first arguments; the base's when nothing is said.
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
        let name = format!("{}:{}", context.text(&self.name)?, context.text(&self.tag)?);
        let name = quote(&format!("{}/{name}", context.registry()));
        let folder = Origin::of(self.from.as_ref(), self.folder.as_ref()).shown(context)?;
        Ok(format!("docker build -t {name} {}\ndocker push {name}", quote(&folder)))
    }

    /// Builds and pushes.
    pub(crate) async fn perform(&self, context: &Context<'_>) -> Result<Done, ActionError> {
        let actor = context.actor(self.actor.as_ref())?;
        let (name, tag) = (context.text(&self.name)?, context.text(&self.tag)?);
        let into = context.optional(self.into.as_ref())?.unwrap_or_default();
        let into = into.trim_matches('/');
        let files = Origin::of(self.from.as_ref(), self.folder.as_ref()).read(context, actor)?;
        // What the image is built by is not a part of it.
        let files = files.into_iter().filter(|(path, _)| path != "Dockerfile");
        let place = |path: String| if into.is_empty() { path } else { format!("{into}/{path}") };
        let texts = |map: &BTreeMap<String, Text>| -> Result<BTreeMap<String, String>, RenderError> {
            map.iter().map(|(name, text)| Ok((name.clone(), context.text(text)?))).collect()
        };
        let image = Built {
            files: files.map(|(path, bytes)| (place(path), Entry::File(bytes))).collect(),
            labels: texts(&self.labels)?,
            environment: texts(&self.env)?,
            entrypoint: self.entrypoint.iter().map(|text| context.text(text)).collect::<Result<_, _>>()?,
        };
        let url = context.session.platform.forge.url();
        let base = match context.optional(self.base.as_ref())? {
            Some(base) => self.base_of(context, &base, &actor.actor.name, &actor.token).await?,
            None => Base::default(),
        };
        let packed = image.build(&base)?;
        let remote = Remote::new(&url, &name, &actor.actor.name, &actor.token);
        let changed = remote.push(&tag, &packed).await?;
        let output = if changed { format!("{name}:{tag} {}", packed.digest()) } else { String::new() };
        Ok(Done { unchanged: !changed, output, ..Done::default() })
    }

    /// What it is built on. Where no containers run, an image of the workshop's catalogue need not be in the registry.
    async fn base_of(
        &self,
        context: &Context<'_>,
        base: &str,
        user: &str,
        token: &str,
    ) -> Result<Base, ActionError> {
        let (name, tag) = base.rsplit_once(':').unwrap_or((base, "latest"));
        let remote = Remote::new(&context.session.platform.forge.url(), name, user, token);
        let Some(manifest) = remote.manifest(tag).await? else {
            let full = format!("{FORGE_HOST}/{name}");
            let known = context.session.workshop.images.iter().any(|image| image.reference == full);
            if known && context.session.platform.kind == Kind::Embedded {
                return Ok(Base::default());
            }
            return Err(ActionError::Body(format!("the registry has no image `{base}` to build on")));
        };
        let manifest: serde_json::Value = serde_json::from_slice(&manifest).unwrap_or_default();
        let digest = |value: &serde_json::Value| value["digest"].as_str().unwrap_or_default().to_owned();
        let config = remote.blob(&digest(&manifest["config"])).await?;
        let mut layers = Vec::new();
        for layer in manifest["layers"].as_array().into_iter().flatten() {
            layers.push(remote.blob(&digest(layer)).await?);
        }
        Ok(Base { config: serde_json::from_slice(&config).unwrap_or_default(), layers })
    }
}
