//! `chart`: packages a chart and pushes it to the lab's registry. A person types `atelier chart push`, or `helm
//! package` and `helm push` where there is helm.

use serde::Deserialize;

use super::Done;
use super::files::{Origin, origin_parts};
use crate::process::quote;
use crate::scenario::context::Context;
use crate::scenario::error::ActionError;
use crate::scenario::model::{Part, Text};
use crate::scenario::render::RenderError;
use crate::scenario::supply::{Supply, package_chart};

/// The body: the chart's folder is one of `from` and `folder`.
#[derive(Clone, Debug, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Chart {
    /// `<owner>` or `<owner>/<folder>` in the registry; the chart's own name is added.
    pub to: Text,
    /// A folder beside the scenario.
    pub from: Option<Text>,
    /// A folder of the actor's working folder.
    pub folder: Option<Text>,
    /// Another version than that of `Chart.yaml`.
    pub version: Option<Text>,
    /// Another actor than the track's.
    #[serde(rename = "as")]
    pub actor: Option<Text>,
    /// True when a version that is in the registry already is left as it is, whatever the folder has become since.
    #[serde(default)]
    pub once: bool,
}

impl Chart {
    /// The strings that lint looks at.
    pub(crate) fn parts(&self) -> Vec<Part<'_>> {
        let mut parts = vec![Part::Template(&self.to)];
        parts.extend(origin_parts(self.from.as_ref(), self.folder.as_ref()));
        parts.extend(self.version.as_ref().map(Part::Template));
        parts.extend(self.actor.as_ref().map(Part::Actor));
        parts
    }

    /// The command as shown.
    pub(crate) fn shown(&self, context: &Context<'_>) -> Result<String, RenderError> {
        let folder = Origin::of(self.from.as_ref(), self.folder.as_ref()).shown(context)?;
        let version = context.optional(self.version.as_ref())?;
        let version = version.map(|version| format!(" --version {}", quote(&version))).unwrap_or_default();
        let to = quote(context.text(&self.to)?.trim_matches('/'));
        Ok(format!("atelier chart push {} {to}{version}", quote(&folder)))
    }

    /// Where in the registry it goes, and under which tag, where the version is named here.
    pub(crate) fn place(&self, context: &Context<'_>) -> Result<(String, String), ActionError> {
        let actor = context.actor(self.actor.as_ref())?;
        let files = Origin::of(self.from.as_ref(), self.folder.as_ref()).read(context, actor)?;
        let version = context.optional(self.version.as_ref())?;
        let chart = package_chart(files, version.as_deref(), None)?;
        Ok((format!("{}/{}", context.text(&self.to)?.trim_matches('/'), chart.name), chart.tag()))
    }

    /// Packages and pushes.
    pub(crate) async fn perform(&self, context: &Context<'_>) -> Result<Done, ActionError> {
        let actor = context.actor(self.actor.as_ref())?;
        let files = Origin::of(self.from.as_ref(), self.folder.as_ref()).read(context, actor)?;
        let version = context.optional(self.version.as_ref())?;
        let chart = package_chart(files, version.as_deref(), None)?;
        let name = format!("{}/{}", context.text(&self.to)?.trim_matches('/'), chart.name);
        let (platform, workshop) = (&context.session.platform, &context.session.workshop);
        let supply = Supply { platform, workshop, user: &actor.actor.name, token: &actor.token };
        let remote = supply.remote(&name);
        let kept = self.once && remote.tagged(&chart.tag()).await?.is_some();
        let changed = !kept && remote.push(&chart.tag(), &chart.packed()).await?;
        let output = if changed { format!("{name}:{}", chart.tag()) } else { String::new() };
        Ok(Done { unchanged: !changed, output, ..Done::default() })
    }
}
