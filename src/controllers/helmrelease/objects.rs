//! The objects of a release in the cluster: applied by the server, deleted, waited for.

use std::sync::Arc;

use kube::api::{DeleteParams, DynamicObject, Patch, PatchParams, PropagationPolicy};
use serde_json::{Value, json};

use super::storage::told;
use crate::controllers::cluster::{Cluster, Identity};
use crate::controllers::health::Rules;
use crate::controllers::{Clock, health};
use crate::manifests::yaml::read_documents;
use crate::objects::{Readiness, readiness};

/// The field manager of everything that is applied.
pub(super) const MANAGER: &str = "helm-controller";

/// The cluster as a release sees it.
#[derive(Clone)]
pub(super) struct Objects {
    pub(super) cluster: Cluster,
    /// Of the release.
    pub(super) namespace: String,
    pub(super) release: String,
    /// How fast time goes, and how often objects are looked at.
    pub(super) pace: (Clock, std::time::Duration),
    /// How the health of custom resources is seen.
    pub(super) rules: Arc<Rules>,
}

/// The objects of a stored manifest.
pub(super) fn parse(manifest: &str) -> Result<Vec<Value>, String> {
    let documents = read_documents(manifest).map_err(|error| error.to_string())?;
    Ok(documents.into_iter().filter(Value::is_object).collect())
}

/// Whether an object stays when its release goes.
pub(super) fn is_kept(object: &Value) -> bool {
    let policy = object["metadata"]["annotations"]["helm.sh/resource-policy"].as_str();
    policy.is_some_and(|policy| policy.trim().eq_ignore_ascii_case("keep"))
}

impl Objects {
    /// Puts objects without namespace into that of the release. The error names kinds that the cluster does not have.
    pub(super) async fn place(&self, objects: &mut [Value]) -> Result<(), String> {
        for object in objects {
            let mut identity = Identity::of(object);
            let namespaced = self.cluster.is_namespaced(&identity.kind).await;
            if namespaced && identity.namespace.is_empty() {
                object["metadata"]["namespace"] = self.namespace.as_str().into();
                identity.namespace.clone_from(&self.namespace);
            }
            if let Err(error) = self.cluster.api(&identity).await {
                return Err(format!(
                    "resource mapping not found for name: \"{}\" namespace: \"{}\" from \"\": {error}\nensure CRDs \
                     are installed first",
                    identity.name, identity.namespace
                ));
            }
        }
        Ok(())
    }

    /// Applies an object; whether it is there already makes no difference.
    pub(super) async fn apply(&self, object: &Value, dry_run: bool) -> Result<Value, String> {
        let identity = Identity::of(object);
        let api = self.cluster.api(&identity).await.map_err(|error| error.to_string())?;
        let mut params = PatchParams::apply(MANAGER).force();
        params.dry_run = dry_run;
        let answer = api.patch(&identity.name, &params, &Patch::Apply(object)).await;
        let answer: DynamicObject = answer.map_err(|error| {
            let group = if identity.kind.group.is_empty() {
                format!("/{}", identity.kind.version)
            } else {
                format!("{}/{}", identity.kind.group, identity.kind.version)
            };
            format!(
                "server-side apply failed for object {}/{} {group}, Kind={}: {}",
                identity.namespace,
                identity.name,
                identity.kind.kind,
                told(error)
            )
        })?;
        serde_json::to_value(answer).map_err(|error| error.to_string())
    }

    /// Applies an object as part of the release.
    pub(super) async fn apply_own(&self, object: &Value) -> Result<Value, String> {
        self.apply(&self.owned(object), false).await
    }

    /// An object with the marks by which Helm knows its own.
    pub(super) fn owned(&self, object: &Value) -> Value {
        let mut object = object.clone();
        let fields = [
            ("labels", "app.kubernetes.io/managed-by", "Helm"),
            ("annotations", "meta.helm.sh/release-name", self.release.as_str()),
            ("annotations", "meta.helm.sh/release-namespace", self.namespace.as_str()),
        ];
        for (field, key, value) in fields {
            if !object["metadata"][field].is_object() {
                object["metadata"][field] = json!({});
            }
            object["metadata"][field][key] = value.into();
        }
        object
    }

    /// Deletes an object; one that is not there is no error.
    pub(super) async fn delete(&self, object: &Value, propagation: &str) -> Result<(), String> {
        let identity = Identity::of(object);
        let Ok(api) = self.cluster.api(&identity).await else { return Ok(()) };
        let policy = match propagation {
            "foreground" => PropagationPolicy::Foreground,
            "orphan" => PropagationPolicy::Orphan,
            _ => PropagationPolicy::Background,
        };
        let params = DeleteParams { propagation_policy: Some(policy), ..DeleteParams::default() };
        match api.delete(&identity.name, &params).await {
            Err(kube::Error::Api(status)) if status.code == 404 => Ok(()),
            result => result.map_err(told).map(drop),
        }
    }

    /// Waits until objects are gone.
    pub(super) async fn until_gone(
        &self,
        objects: &[Value],
        timeout: std::time::Duration,
    ) -> Result<(), String> {
        let (clock, _) = &self.pace;
        let gone = async {
            for object in objects {
                let identity = Identity::of(object);
                while self.cluster.read(&identity).await.is_some() {
                    clock.sleep(std::time::Duration::from_secs(2)).await;
                }
            }
        };
        let result = tokio::time::timeout(clock.patience(timeout), gone).await;
        result.map_err(|_| "timeout waiting for resources to be deleted".to_owned())
    }

    /// Waits until objects are ready.
    pub(super) async fn until_ready(
        &self,
        objects: &[Value],
        waits_for_jobs: bool,
        timeout: std::time::Duration,
    ) -> Result<(), String> {
        let counts = |object: &&Value| {
            let paused = object["kind"] == "Deployment" && object["spec"]["paused"] == true;
            !paused && (waits_for_jobs || object["kind"] != "Job")
        };
        let awaited = objects.iter().filter(counts).map(Identity::of).collect::<Vec<_>>();
        health::wait(&self.cluster, &awaited, timeout, (&self.pace.0, self.pace.1), &self.rules).await
    }

    /// Waits until a hook has run to its end.
    pub(super) async fn until_run(&self, object: &Value, timeout: std::time::Duration) -> Result<(), String> {
        let awaited = [Identity::of(object)];
        health::wait_as(
            &self.cluster,
            &awaited,
            timeout,
            (&self.pace.0, self.pace.1),
            (&|found| Ok(has_run(found)), false),
        )
        .await
    }
}

/// Whether a Job or Pod has run to its end. Everything else has once it is there.
fn has_run(object: Option<&Value>) -> Readiness {
    let Some(found) = object else { return Readiness::NotFound };
    match found["kind"].as_str() {
        Some("Job") => readiness(object),
        Some("Pod") => match found["status"]["phase"].as_str() {
            Some("Succeeded") => Readiness::Current,
            Some("Failed") => Readiness::Failed,
            _ => Readiness::InProgress,
        },
        _ => Readiness::Current,
    }
}
