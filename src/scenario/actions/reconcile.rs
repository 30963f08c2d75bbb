//! `reconcile`: asks Flux to look now, and waits until it has.

use std::time::Duration;

use futures::StreamExt as _;
use kube::api::{Api, DynamicObject, Patch, PatchParams};
use serde::Deserialize;
use serde_json::json;

use super::Done;
use crate::scenario::context::Context;
use crate::scenario::error::ActionError;
use crate::scenario::flux::{FluxKind, KINDS, named};
use crate::scenario::kubernetes::{changes, find_kind, only};
use crate::scenario::model::{Part, Text};
use crate::scenario::render::RenderError;

/// The annotation that asks Flux to look. <https://fluxcd.io/flux/components/kustomize/kustomizations/>
const REQUESTED: &str = "reconcile.fluxcd.io/requestedAt";
/// How long Flux may take to see it; a run of its own may be on its way before.
const LIMIT: Duration = Duration::from_secs(120);

/// The body: one of the objects, `<namespace>/<name>`.
#[derive(Clone, Debug, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Reconcile {
    /// A Kustomization.
    pub kustomization: Option<Text>,
    /// A `HelmRelease`.
    pub helm_release: Option<Text>,
    /// A `GitRepository`.
    pub git_repository: Option<Text>,
    /// An `OCIRepository`.
    pub oci_repository: Option<Text>,
    /// A `HelmRepository`.
    pub helm_repository: Option<Text>,
    /// A `HelmChart`.
    pub helm_chart: Option<Text>,
    /// Whether the source of a Kustomization or of a `HelmRelease` is asked first.
    #[serde(default)]
    pub with_source: bool,
}

impl Reconcile {
    fn texts(&self) -> [Option<&Text>; 6] {
        [
            self.kustomization.as_ref(),
            self.helm_release.as_ref(),
            self.git_repository.as_ref(),
            self.oci_repository.as_ref(),
            self.helm_repository.as_ref(),
            self.helm_chart.as_ref(),
        ]
    }

    /// The object that is named.
    pub(crate) fn target(&self) -> Option<&Text> {
        named(self.texts()).map(|(_, text)| text)
    }

    /// Which keys are written, for lint.
    pub(crate) fn keys(&self) -> Vec<(&'static str, bool)> {
        KINDS.iter().zip(self.texts()).map(|(kind, text)| (kind.key, text.is_some())).collect()
    }

    /// The strings that lint looks at.
    pub(crate) fn parts(&self) -> Vec<Part<'_>> {
        self.texts().into_iter().flatten().map(Part::Template).collect()
    }

    /// The command as shown.
    pub(crate) fn shown(&self, context: &Context<'_>) -> Result<String, RenderError> {
        let Some((kind, target)) = named(self.texts()) else { return Ok("flux reconcile".to_owned()) };
        let (namespace, name) = context.object(target)?;
        let source = if self.with_source && kind.has_source() { " --with-source" } else { "" };
        Ok(format!("flux reconcile {} {name} -n {namespace}{source}", kind.words))
    }

    /// The same for somebody who is to do it, with `kubectl`, which everybody has. Of a push Flux hears by itself.
    pub(crate) fn told(&self, context: &Context<'_>) -> Result<Option<String>, RenderError> {
        let Some((kind, target)) = named(self.texts()) else { return Ok(None) };
        if self.with_source && kind.has_source() {
            return Ok(None);
        }
        let (namespace, name) = context.object(target)?;
        let flag = if namespace == context.actor.actor.namespace {
            String::new()
        } else {
            format!(" -n {namespace}")
        };
        let object = format!("{}/{name}", kind.kind.to_lowercase());
        let request = format!("kubectl{flag} annotate --overwrite {object} {REQUESTED}=\"$(date +%s)\"");
        Ok(Some(format!("# ask Flux to look now, or wait for its interval\n{request}")))
    }

    /// Asks, and waits until Flux has looked. Whether it liked what it saw is for checks to tell.
    pub(crate) async fn perform(&self, context: &Context<'_>) -> Result<Done, ActionError> {
        let client = context.observer().await?;
        let Some((kind, target)) = named(self.texts()) else { return Ok(Done::default()) };
        let (namespace, name) = context.object(target)?;
        if self.with_source && kind.has_source() {
            let object = get(&client, kind, &namespace, &name).await?;
            if let Some((source, place, name)) = source_of(&object, &namespace) {
                request(&client, source, &place, &name).await?;
            }
        }
        request(&client, kind, &namespace, &name).await?;
        Ok(Done::default())
    }
}

/// Kind, namespace and name of the source that an object names.
fn source_of(object: &DynamicObject, namespace: &str) -> Option<(FluxKind, String, String)> {
    let spec = &object.data["spec"];
    let reference = [&spec["sourceRef"], &spec["chartRef"], &spec["chart"]["spec"]["sourceRef"]];
    let reference = reference.into_iter().find(|reference| reference.is_object())?;
    let kind = reference["kind"].as_str().unwrap_or("GitRepository");
    let kind = KINDS.into_iter().find(|known| known.kind == kind)?;
    let place = reference["namespace"].as_str().unwrap_or(namespace).to_owned();
    Some((kind, place, reference["name"].as_str()?.to_owned()))
}

async fn api(
    client: &kube::Client,
    kind: FluxKind,
    namespace: &str,
) -> Result<Api<DynamicObject>, ActionError> {
    let FluxKind { api_version, kind, .. } = kind;
    let found = find_kind(client, api_version, kind).await.map_err(|_| ActionError::UnknownKind {
        api_version: api_version.to_owned(),
        kind: kind.to_owned(),
    })?;
    Ok(found.api(client.clone(), namespace))
}

async fn get(
    client: &kube::Client,
    kind: FluxKind,
    namespace: &str,
    name: &str,
) -> Result<DynamicObject, ActionError> {
    let object = format!("{} {namespace}/{name}", kind.kind);
    let failed = |error| ActionError::Kubernetes { object, verb: "read", source: Box::new(error) };
    api(client, kind, namespace).await?.get(name).await.map_err(failed)
}

/// Annotates an object and waits until its status names the request.
pub(crate) async fn request(
    client: &kube::Client,
    kind: FluxKind,
    namespace: &str,
    name: &str,
) -> Result<(), ActionError> {
    let api = api(client, kind, namespace).await?;
    let object = format!("{} {namespace}/{name}", kind.kind);
    let failed = |verb| {
        let object = object.clone();
        move |error| ActionError::Kubernetes { object, verb, source: Box::new(error) }
    };
    let token = jiff::Timestamp::now().to_string();
    let mut changes = changes(api.clone(), only(name));
    let patch = json!({"metadata": {"annotations": {REQUESTED: token}}});
    let asked = api.patch(name, &PatchParams::default(), &Patch::Merge(patch)).await;
    if asked.map_err(failed("annotated"))?.data["spec"]["suspend"] == true {
        let text = format!("{object} is suspended, and Flux leaves it alone: set its `suspend` to `false`");
        return Err(ActionError::Body(text));
    }
    let wait = async {
        loop {
            let seen = api.get(name).await.map_err(failed("read"))?;
            if is_answered(&seen, &token) {
                return Ok(());
            }
            if changes.next().await.is_none() {
                return Ok(());
            }
        }
    };
    tokio::time::timeout(LIMIT, wait).await.unwrap_or_else(|_| {
        let expects = format!("Flux looking at {object}");
        Err(ActionError::TimedOut { expects, limit: LIMIT, observed: "no answer to the request".to_owned() })
    })
}

/// Whether Flux has seen the request, or a later one that has taken its place: the forge's webhook asks, too.
fn is_answered(object: &DynamicObject, token: &str) -> bool {
    let handled = object.data["status"]["lastHandledReconcileAt"].as_str();
    let asked = object.metadata.annotations.as_ref().and_then(|annotations| annotations.get(REQUESTED));
    handled == Some(token) || asked.is_some_and(|asked| asked != token && handled == Some(asked.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_later_request_answers_for_an_earlier_one() {
        let cases =
            [("1", "1", true), ("1", "0", false), ("2", "0", false), ("2", "2", true), ("2", "1", true)];
        for (asked, handled, answered) in cases {
            let object = json!({ "metadata": { "name": "a", "annotations": { REQUESTED: asked } },
                "status": { "lastHandledReconcileAt": handled } });
            let object: DynamicObject = serde_json::from_value(object).unwrap();
            assert_eq!(is_answered(&object, "1"), answered, "asked {asked}, handled {handled}");
        }
    }
}
