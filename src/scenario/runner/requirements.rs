//! `requires`: whether what a track or a step needs is at hand, and why not.

use futures::future::BoxFuture;
use regex::Regex;

use super::order::find;
use super::run::{Open, Run};
use crate::process::Command;
use crate::scenario::error::Error;
use crate::scenario::kubernetes::find_kind;
use crate::scenario::model::{Component, Requires, Versions};
use crate::scenario::session::Session;

impl Session {
    /// What is not at hand, in words; nothing when everything is.
    pub(crate) async fn lack(&self, requires: &Requires) -> Option<String> {
        let kind = self.platform.kind;
        let platforms = &requires.platforms;
        if !platforms.is_empty() && platforms.iter().all(|platform| platform.value != kind) {
            let names: Vec<_> = platforms.iter().map(|platform| format!("`{}`", platform.name())).collect();
            return Some(format!(
                "it needs the platform {}, and this lab is on `{}`",
                names.join(" or "),
                kind.name()
            ));
        }
        for component in &requires.components {
            if !self.has(component.value).await {
                return Some(component.lack().to_owned());
            }
        }
        for (tool, wanted) in &requires.tools {
            if let Some(lack) = lack_of_tool(tool, wanted).await {
                return Some(lack);
            }
        }
        None
    }

    /// What the whole of a track lacks here is an error, told before its first step.
    pub(crate) async fn require(&self, track: &str) -> Result<(), Error> {
        match self.lack(&self.scenario(track)?.requires).await {
            Some(reason) => Err(Error::Lacking { track: track.to_owned(), reason }),
            None => Ok(()),
        }
    }

    async fn has(&self, component: Component) -> bool {
        let kind = match component {
            Component::Containers => return self.platform.kind != crate::platform::Kind::Embedded,
            Component::Registry => {
                let url = format!("{}/v2/", self.platform.forge.url());
                let client = reqwest::Client::builder().no_proxy().build().unwrap_or_default();
                let status = client.get(url).send().await.map(|answer| answer.status().as_u16());
                return matches!(status, Ok(200 | 401));
            }
            Component::Flux => ("kustomize.toolkit.fluxcd.io/v1", "Kustomization"),
            Component::Helm => ("helm.toolkit.fluxcd.io/v2", "HelmRelease"),
            Component::Policies => ("admissionregistration.k8s.io/v1", "ValidatingAdmissionPolicy"),
        };
        let Ok(client) = self.platform.cluster().client().await else { return false };
        find_kind(&client, kind.0, kind.1).await.is_ok()
    }
}

/// Why a tool will not do that is wanted in certain versions, such as `>=2.30`.
pub async fn lack_of_tool(tool: &str, wanted: &str) -> Option<String> {
    let arguments: &[&str] = match tool {
        "kubectl" => &["version", "--client"],
        "helm" | "k3d" | "kustomize" => &["version"],
        _ => &["--version"],
    };
    let Ok(output) = Command::new(tool).args(arguments.iter().copied()).output().await else {
        return Some(format!("`{tool}` {wanted} is needed, and it was not found on PATH"));
    };
    let printed = format!("{}\n{}", output.stdout, output.stderr);
    // The first thing that looks like a version is the tool's own.
    let version = Regex::new(r"\d+\.\d+(\.\d+)?").ok()?.find(&printed).map(|found| found.as_str().to_owned());
    let fits = version
        .as_deref()
        .is_some_and(|version| Versions::parse(wanted).is_some_and(|versions| versions.allow(version)));
    let found = version.unwrap_or_else(|| "one that does not tell its version".to_owned());
    (!fits).then(|| format!("`{tool}` {wanted} is needed, and there is {found}"))
}

impl<'a> Run<'a> {
    /// Why a step cannot be done here: what it lacks itself, what a step lacks that it needs, or what was left out that it
    /// goes on from.
    pub(crate) fn lacking<'b>(&'b self, open: &'b Open<'a>) -> BoxFuture<'b, Result<Option<String>, Error>> {
        Box::pin(async move {
            if let Some(reason) = self.session.lack(&open.step.requires).await {
                return Ok(Some(reason));
            }
            if let Some(name) = self.left_out(open)? {
                return Ok(Some(format!(
                    "it goes on from what `{name}` finds out, which was left out; `atelier reset {name}` goes back to it"
                )));
            }
            for need in &open.step.needs {
                let Some((track, index)) = find(&self.session.workshop, need) else { continue };
                let needed = self.open(&track, index)?;
                if let Some(reason) = self.lacking(&needed).await? {
                    return Ok(Some(format!("it needs {}, which is left out: {reason}", needed.name)));
                }
            }
            Ok(None)
        })
    }

    /// A step of the same track that was left out, and whose facts this one names.
    fn left_out(&self, open: &Open<'_>) -> Result<Option<String>, Error> {
        let scenario = self.session.scenario(&open.track)?;
        let own =
            scenario.steps.iter().position(|step| step.id.value == open.step.id.value).unwrap_or_default();
        let source = scenario.source_of(own);
        for index in 0..own {
            let earlier = self.open(&open.track, index)?;
            let skipped = self.past(&earlier).is_some_and(|past| past.skipped) && !self.is_known(&earlier);
            if skipped && source.contains(&format!("facts.{}.", earlier.step.id.value)) {
                return Ok(Some(earlier.name));
            }
        }
        Ok(None)
    }
}
