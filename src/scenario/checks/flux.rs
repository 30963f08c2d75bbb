//! `flux`: an object of Flux is ready, for a commit where one is named.

use futures::stream::BoxStream;
use serde_json::Value;

use super::clauses::check_body;
use super::{Look, Verdict};
use crate::objects::{Condition, condition};
use crate::scenario::context::Context;
use crate::scenario::flux::{KINDS, named};
use crate::scenario::kubernetes::{chain, changes_while_served, find_kind, only, reason};
use crate::scenario::model::{At, Part, Text};
use crate::scenario::render::RenderError;

/// How far back a commit is looked for among another's ancestors.
const COMMITS: usize = 200;
/// Stands for the object that a body without one would name; lint does not let such a body pass.
static NOTHING: Text = Text { value: String::new(), at: At { line: 0, column: 0 } };

check_body! {
    /// The body: one of the objects, `<namespace>/<name>`.
    pub struct Flux {
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
        /// A commit that it must have applied (or fetched): that one or a descendant. Of a `HelmRelease` and of a
        /// `HelmChart` the version of the chart, of an `OCIRepository` the tag or the digest.
        pub revision: Option<Text>,
        /// Expressions that must hold.
        #[serde(default)]
        pub cel: Vec<Text>,
    }
}

impl Flux {
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

    /// Kind and object that are named.
    pub(crate) fn target_text(&self) -> Option<(&'static str, &Text)> {
        named(self.texts()).map(|(kind, text)| (kind.kind, text))
    }

    /// Which keys are written, for lint.
    pub(crate) fn keys(&self) -> Vec<(&'static str, bool)> {
        KINDS.iter().zip(self.texts()).map(|(kind, text)| (kind.key, text.is_some())).collect()
    }

    /// The strings that lint looks at.
    pub(crate) fn parts(&self) -> Vec<Part<'_>> {
        let mut parts: Vec<_> =
            self.texts().into_iter().chain([self.revision.as_ref()]).flatten().map(Part::Template).collect();
        parts.extend(self.cel.iter().map(|text| Part::Expression(text, &["object", "ready"])));
        parts
    }

    /// Kind, API version, namespace and name of the object.
    fn target(&self, context: &Context<'_>) -> Result<Target, RenderError> {
        let (kind, text) = named(self.texts()).unwrap_or((KINDS[0], &NOTHING));
        let (namespace, name) = context.object(text)?;
        Ok(Target { verb: kind.verb, kind: kind.kind, api_version: kind.api_version, namespace, name })
    }

    /// What must become true, in words.
    pub(crate) fn expects(&self, context: &Context<'_>) -> Result<String, RenderError> {
        let Target { kind, verb, namespace, name, .. } = self.target(context)?;
        let noun = if matches!(kind, "Kustomization" | "GitRepository") { "commit" } else { "version" };
        // Which commit may be known only when the checks above have passed.
        Ok(match context.optional(self.revision.as_ref()).unwrap_or_else(|_| Some("that".to_owned())) {
            Some(revision) if revision == "that" => format!("{kind} `{namespace}/{name}` {verb} that {noun}"),
            Some(revision) if noun == "version" => {
                format!("{kind} `{namespace}/{name}` {verb} {noun} {revision}")
            }
            Some(revision) => format!("{kind} `{namespace}/{name}` {verb} {noun} {}", short(&revision)),
            None => format!("{kind} `{namespace}/{name}` is ready"),
        })
    }

    /// Looks at the object.
    pub(crate) async fn look(&self, context: &Context<'_>) -> Result<Look, RenderError> {
        let target = self.target(context)?;
        let revision = context.optional(self.revision.as_ref())?;
        let client = match context.observer().await {
            Ok(client) => client,
            Err(error) => return Ok(Look::not_yet(chain(&error))),
        };
        let found = async {
            let kind = find_kind(&client, target.api_version, target.kind).await?;
            kind.api(client.clone(), &target.namespace).get_opt(&target.name).await
        };
        let object = match found.await {
            Ok(Some(object)) => serde_json::to_value(object).unwrap_or_default(),
            Ok(None) => {
                let Target { kind, namespace, name, .. } = target;
                return Ok(Look::not_yet(format!("there is no {kind} `{namespace}/{name}`")));
            }
            Err(error) => return Ok(Look::not_yet(reason(&error))),
        };
        let ready = condition(&object, "Ready");
        let verdict = match Self::unready(&object, ready.as_ref()) {
            None => self.revision_verdict(context, &client, &object, revision.as_deref()).await,
            Some(observed) => {
                let never = give_up(context, &client, &object, ready.as_ref(), revision.as_deref()).await;
                if never { Verdict::Never(observed) } else { Verdict::NotYet(observed) }
            }
        };
        let ready = ready.map(|ready| serde_json::to_value(ready).unwrap_or_default()).unwrap_or_default();
        let values = [("object".to_owned(), object), ("ready".to_owned(), ready)];
        Ok(Look { verdict, values: values.into_iter().collect() })
    }

    /// Why the object is not ready, in words.
    fn unready(object: &Value, ready: Option<&Condition>) -> Option<String> {
        if object["spec"]["suspend"] == Value::Bool(true) {
            return Some("it is suspended".to_owned());
        }
        let Some(ready) = ready else { return Some("it has no Ready condition yet".to_owned()) };
        if ready.status != "True" {
            return Some(format!("Ready is {}: {}: {}", ready.status, ready.reason, ready.message));
        }
        if object["status"]["observedGeneration"] != object["metadata"]["generation"] {
            return Some("its newest settings have not been looked at yet".to_owned());
        }
        let busy = condition(object, "Reconciling").filter(|busy| busy.status == "True");
        busy.map(|busy| format!("it is at work: {}", busy.message))
    }

    async fn revision_verdict(
        &self,
        context: &Context<'_>,
        client: &kube::Client,
        object: &Value,
        wanted: Option<&str>,
    ) -> Verdict {
        let Some(wanted) = wanted else { return Verdict::Holds };
        let status = &object["status"];
        if let Some(version) = version_of(object) {
            let fits = version == wanted || version.split(['@', '+']).any(|part| part == wanted);
            return if fits {
                Verdict::Holds
            } else {
                Verdict::NotYet(format!("it is at version {version}, not at {wanted}"))
            };
        }
        let seen = status["lastAppliedRevision"].as_str().or(status["artifact"]["revision"].as_str());
        let Some(seen) = seen else { return Verdict::NotYet("it has no revision yet".to_owned()) };
        if descends(context, client, object, commit_of(seen), wanted).await {
            return Verdict::Holds;
        }
        Verdict::NotYet(format!("it is at commit {}, not at {}", short(seen), short(wanted)))
    }

    /// Changes of the object.
    pub(crate) async fn wakes(&self, context: &Context<'_>) -> Option<BoxStream<'static, ()>> {
        let target = self.target(context).ok()?;
        let client = context.observer().await.ok()?;
        let kind = find_kind(&client, target.api_version, target.kind).await.ok()?;
        Some(changes_while_served(kind.api(client, &target.namespace), only(&target.name)))
    }
}

/// The version that an object of a chart or of an artefact is at; nothing for those that follow commits.
fn version_of(object: &Value) -> Option<&str> {
    let status = &object["status"];
    match object["kind"].as_str()? {
        "HelmRelease" => status["history"][0]["chartVersion"].as_str().or(Some("none")),
        "HelmChart" | "OCIRepository" => status["artifact"]["revision"].as_str().or(Some("none")),
        _ => None,
    }
}

/// Which object.
struct Target {
    verb: &'static str,
    kind: &'static str,
    api_version: &'static str,
    namespace: String,
    name: String,
}

/// Whether the object has failed for the wanted commit in a way that does not heal by itself. Other failures are
/// tried again, and may pass.
async fn give_up(
    context: &Context<'_>,
    client: &kube::Client,
    object: &Value,
    ready: Option<&Condition>,
    wanted: Option<&str>,
) -> bool {
    if condition(object, "Stalled").is_some_and(|stalled| stalled.status == "True") {
        // A release that has given up one version takes up the next.
        let attempted = object["status"]["lastAttemptedRevision"].as_str();
        return object["kind"] != "HelmRelease" || wanted.is_none() || attempted == wanted;
    }
    let (Some(wanted), Some(ready)) = (wanted, ready) else { return false };
    let busy = condition(object, "Reconciling").filter(|busy| busy.status == "True");
    // A source that is missing is waited for, and says so without a try of its own.
    let tried = busy.as_ref().is_some_and(|busy| busy.reason == "ProgressingWithRetry");
    let invalid = || ["(Invalid)", "denied the request"].iter().any(|words| ready.message.contains(words));
    let lasting = ready.status == "False"
        && match ready.reason.as_str() {
            "BuildFailed" => true,
            "ArtifactFailed" => tried,
            "ReconciliationFailed" => invalid(),
            _ => false,
        };
    let named =
        busy.as_ref().and_then(|busy| busy.message.split_whitespace().find(|word| word.contains("@sha1:")));
    let attempted = object["status"]["lastAttemptedRevision"].as_str().filter(|_| named.is_none()).or(named);
    match attempted {
        Some(attempted) if lasting => descends(context, client, object, commit_of(attempted), wanted).await,
        _ => false,
    }
}

/// Whether `seen` is the commit `wanted` or has it among its ancestors.
async fn descends(
    context: &Context<'_>,
    client: &kube::Client,
    object: &Value,
    seen: &str,
    wanted: &str,
) -> bool {
    let wanted = commit_of(wanted);
    if wanted.is_empty() {
        return false;
    }
    if seen.starts_with(wanted) {
        return true;
    }
    let Some((owner, name)) = repository_of(client, object).await else { return false };
    let api = context.session.platform.forge.api();
    let ancestors = api.commits(&owner, &name, seen, COMMITS).await.unwrap_or_default();
    ancestors.iter().any(|commit| commit.sha.starts_with(wanted))
}

/// The repository that an object is made from, by the address of its source.
async fn repository_of(client: &kube::Client, object: &Value) -> Option<(String, String)> {
    let spec = &object["spec"];
    let url = if let Some(url) = spec["url"].as_str() {
        url.to_owned()
    } else {
        let source = &spec["sourceRef"];
        let namespace = source["namespace"].as_str().or(object["metadata"]["namespace"].as_str())?;
        let kind = find_kind(client, "source.toolkit.fluxcd.io/v1", source["kind"].as_str()?).await.ok()?;
        let found = kind.api(client.clone(), namespace).get_opt(source["name"].as_str()?).await.ok()??;
        found.data["spec"]["url"].as_str()?.to_owned()
    };
    let path = url.split_once("://").map_or(url.as_str(), |(_, rest)| rest);
    let mut names = path.trim_end_matches(".git").split('/').skip(1);
    Some((names.next()?.to_owned(), names.next()?.to_owned()))
}

/// The hash of a revision such as `main@sha1:<hash>`.
fn commit_of(revision: &str) -> &str {
    revision.rsplit(':').next().unwrap_or(revision)
}

/// The first characters of a hash.
fn short(revision: &str) -> &str {
    let hash = commit_of(revision);
    hash.get(..8).unwrap_or(hash)
}
