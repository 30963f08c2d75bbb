//! Server-side apply in stages: first what others need, each object tried before any is changed, only changed ones
//! applied.

use kube::api::{DeleteParams, DynamicObject, Patch, PatchParams};
use serde_json::Value;

use super::error::Error;
use super::ownership::take_over;
use super::reconcile::MANAGER;
use crate::controllers::Clock;
use crate::controllers::cluster::{Cluster, Error as ClusterError, Identity};
use crate::objects::{Readiness, readiness};

/// How often somebody else may be quicker.
const CONFLICTS: u8 = 5;

/// What became of an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Change {
    Created,
    Configured,
    Unchanged,
    Skipped,
}

impl Change {
    fn word(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Configured => "configured",
            Self::Unchanged => "unchanged",
            Self::Skipped => "skipped",
        }
    }
}

/// The order in which kinds are applied; the others follow, the last two at the end.
const FIRST: [&str; 23] = [
    "CustomResourceDefinition",
    "Namespace",
    "ClusterClass",
    "RuntimeClass",
    "PriorityClass",
    "StorageClass",
    "VolumeSnapshotClass",
    "IngressClass",
    "GatewayClass",
    "ResourceQuota",
    "ServiceAccount",
    "Role",
    "ClusterRole",
    "RoleBinding",
    "ClusterRoleBinding",
    "ConfigMap",
    "Secret",
    "Service",
    "LimitRange",
    "Deployment",
    "StatefulSet",
    "CronJob",
    "PodDisruptionBudget",
];
const LAST: [&str; 2] = ["MutatingWebhookConfiguration", "ValidatingWebhookConfiguration"];

/// Sorts objects in the order of applying.
pub(super) fn sort(objects: &mut [Value]) {
    objects.sort_by_cached_key(|object| {
        let identity = Identity::of(object);
        let kind = identity.kind.kind.as_str();
        let first = FIRST.iter().position(|known| *known == kind);
        let last = LAST.iter().position(|known| *known == kind).map(|at| 1000 + at);
        let rank = first.or(last).unwrap_or(FIRST.len());
        (
            rank,
            identity.kind.group.clone(),
            kind.to_owned(),
            identity.namespace.clone(),
            identity.name.clone(),
        )
    });
}

/// Applies sorted objects as somebody.
pub(super) struct Applier<'a> {
    pub(super) cluster: &'a Cluster,
    pub(super) force: bool,
    pub(super) clock: Clock,
    pub(super) timeout: std::time::Duration,
}

/// An object and what became of it.
pub(super) type Changes = Vec<(Identity, Change)>;

/// The lines that tell what has changed.
pub(super) fn log(changes: &Changes) -> String {
    let told = changes.iter().filter(|(_, change)| matches!(change, Change::Created | Change::Configured));
    told.map(|(identity, change)| {
        [identity.to_string(), " ".to_owned(), change.word().to_owned(), "\n".to_owned()].concat()
    })
    .collect()
}

impl Applier<'_> {
    /// Applies all, in stages: definitions and namespaces, classes, the rest.
    pub(super) async fn apply_all(&self, objects: &[Value]) -> Result<Changes, Error> {
        let stage = |object: &&Value| match object["kind"].as_str().unwrap_or_default() {
            "CustomResourceDefinition" | "Namespace" => 0,
            kind if kind.ends_with("Class") => 1,
            _ => 2,
        };
        let mut changes = Changes::new();
        for number in 0..3 {
            let staged = objects.iter().filter(|object| stage(object) == number).collect::<Vec<_>>();
            let result = self.stage(&staged, &mut changes).await;
            let ready = match result {
                Ok(()) if number == 0 => self.wait(&staged).await,
                result => result,
            };
            ready.map_err(|reason| Error::Apply { reason, applied: log(&changes) })?;
        }
        // The inventory is in the order of applying, which the stages have changed.
        Ok(changes)
    }

    async fn stage(&self, objects: &[&Value], changes: &mut Changes) -> Result<(), String> {
        let mut planned = Vec::new();
        for object in objects {
            let identity = Identity::of(object);
            let change = self.plan(object, &identity).await?;
            planned.push((identity, *object, change));
        }
        for (identity, object, change) in planned {
            if matches!(change, Change::Created | Change::Configured) {
                self.send(object, &identity, false)
                    .await
                    .map_err(|error| format!("{identity} apply failed: {}", told(&error)))?;
            }
            changes.push((identity, change));
        }
        Ok(())
    }

    /// Tries an object without changing anything, but for fields that kubectl owns.
    async fn plan(&self, object: &Value, identity: &Identity) -> Result<Change, String> {
        let existing = self.cluster.read(identity).await;
        let says = |object: Option<&Value>, key: &str, value: &str| {
            let at = |field: &str| {
                object.is_some_and(|object| {
                    let found =
                        object["metadata"][field][format!("kustomize.toolkit.fluxcd.io/{key}")].as_str();
                    found.is_some_and(|found| found.eq_ignore_ascii_case(value))
                })
            };
            at("labels") || at("annotations")
        };
        let (new, old) = (Some(object), existing.as_ref());
        let skipped = says(new, "reconcile", "disabled")
            || says(old, "reconcile", "disabled")
            || says(new, "ssa", "ignore")
            || says(old, "ssa", "ignore")
            || (old.is_some() && (says(new, "ssa", "ifnotpresent") || says(old, "ssa", "ifnotpresent")));
        if skipped {
            return Ok(Change::Skipped);
        }
        let tried = match self.send(object, identity, true).await {
            Err(Failure::Api(status))
                if is_immutable(&status) && (self.force || says(new, "force", "enabled")) =>
            {
                self.recreate(identity).await?;
                return Ok(Change::Created);
            }
            tried => tried.map_err(|error| dry_run_failed(identity, &error))?,
        };
        let merges = says(new, "ssa", "merge") || says(old, "ssa", "merge");
        let Some(existing) = existing else { return Ok(Change::Created) };
        if !merges && self.take_over(identity, &existing).await? {
            return Ok(Change::Configured);
        }
        Ok(if comparable(&existing) == comparable(&tried) { Change::Unchanged } else { Change::Configured })
    }

    /// Takes fields over from kubectl, if there are any. The patch is for the version that was read, and an object's
    /// own controller may write its status in between: then it is read again.
    async fn take_over(&self, identity: &Identity, existing: &Value) -> Result<bool, String> {
        let mut patch = take_over(existing);
        for attempt in 1.. {
            let Some(operations) = patch else { return Ok(false) };
            match self.patch(identity, &operations).await {
                Ok(()) => return Ok(true),
                Err((true, _)) if attempt < CONFLICTS => {
                    patch = self.cluster.read(identity).await.as_ref().and_then(take_over);
                }
                Err((_, reason)) => return Err(reason),
            }
        }
        Ok(false)
    }

    async fn send(&self, object: &Value, identity: &Identity, dry_run: bool) -> Result<Value, Failure> {
        let api = self.cluster.api(identity).await.map_err(Failure::Kind)?;
        let mut params = PatchParams::apply(MANAGER).force();
        params.dry_run = dry_run;
        let sent = api.patch(&identity.name, &params, &Patch::Apply(object)).await;
        let answer: DynamicObject = sent.map_err(|error| match error {
            kube::Error::Api(status) => Failure::Api(status),
            error => Failure::Other(error),
        })?;
        serde_json::to_value(answer).map_err(|error| Failure::Other(kube::Error::SerdeError(error)))
    }

    /// The error tells whether somebody else has changed the object meanwhile.
    async fn patch(&self, identity: &Identity, operations: &Value) -> Result<(), (bool, String)> {
        let failed =
            |reason: String| (false, format!("{identity} metadata.managedFields patch failed: {reason}"));
        let api = self.cluster.api(identity).await.map_err(|error| failed(error.to_string()))?;
        let patch = serde_json::from_value::<json_patch::Patch>(operations.clone());
        let patch = Patch::Json::<()>(patch.map_err(|error| failed(error.to_string()))?);
        let params = PatchParams { field_manager: Some(MANAGER.to_owned()), ..PatchParams::default() };
        match api.patch(&identity.name, &params, &patch).await {
            Ok(_) => Ok(()),
            Err(kube::Error::Api(status)) => Err((status.code == 409, failed(status.message.clone()).1)),
            Err(error) => Err(failed(error.to_string())),
        }
    }

    /// Deletes an object whose immutable fields must change, and waits until it is gone.
    async fn recreate(&self, identity: &Identity) -> Result<(), String> {
        let failed = |reason: String| format!("{identity} delete failed: {reason}");
        let api = self.cluster.api(identity).await.map_err(|error| failed(error.to_string()))?;
        api.delete(&identity.name, &DeleteParams::foreground())
            .await
            .map_err(|error| failed(error.to_string()))?;
        self.until(|| async { self.cluster.read(identity).await.is_none() })
            .await
            .map_err(|()| failed("timeout waiting for termination".to_owned()))
    }

    /// Waits until definitions are established and namespaces are there.
    async fn wait(&self, objects: &[&Value]) -> Result<(), String> {
        for object in objects {
            let identity = Identity::of(object);
            let current =
                || async { readiness(self.cluster.read(&identity).await.as_ref()) == Readiness::Current };
            self.until(current).await.map_err(|()| {
                format!("timeout waiting for: [{identity} status: '{}']", Readiness::InProgress.name())
            })?;
        }
        Ok(())
    }

    async fn until<F: Future<Output = bool>>(&self, mut holds: impl FnMut() -> F) -> Result<(), ()> {
        let looks = async {
            while !holds().await {
                self.clock.sleep(std::time::Duration::from_secs(1)).await;
            }
        };
        tokio::time::timeout(self.clock.patience(self.timeout), looks).await.map_err(drop)
    }
}

/// Why an object was refused.
enum Failure {
    Kind(ClusterError),
    Api(Box<kube::core::Status>),
    Other(kube::Error),
}

fn told(failure: &Failure) -> String {
    match failure {
        Failure::Kind(error) => error.to_string(),
        Failure::Api(status) => status.message.clone(),
        Failure::Other(error) => error.to_string(),
    }
}

fn dry_run_failed(identity: &Identity, failure: &Failure) -> String {
    let message = told(failure);
    match failure {
        Failure::Kind(ClusterError::NoNamespace) => format!("{identity} namespace not specified: {message}"),
        Failure::Api(status) if status.code == 404 => format!("{identity} not found: {message}"),
        Failure::Api(status) if !status.reason.is_empty() && status.reason != "InternalError" => {
            format!("{identity} dry-run failed ({}): {message}", status.reason)
        }
        _ => format!("{identity} dry-run failed: {message}"),
    }
}

fn is_immutable(status: &kube::core::Status) -> bool {
    status.message.contains("immutable")
        || status.message.contains("updates to statefulset spec for fields other than")
}

/// What of an object counts when it is compared: not what the server writes.
fn comparable(object: &Value) -> Value {
    let mut object = object.clone();
    if let Some(fields) = object.as_object_mut() {
        fields.shift_remove("status");
    }
    let labels = object["metadata"]["labels"].take();
    let annotations = object["metadata"]["annotations"].take();
    let empty = |value: Value| {
        if value.as_object().is_some_and(serde_json::Map::is_empty) { Value::Null } else { value }
    };
    object["metadata"] = serde_json::json!([empty(labels), empty(annotations)]);
    object
}
