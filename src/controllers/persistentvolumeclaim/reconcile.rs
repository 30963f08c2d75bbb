//! One look at a claim: a volume is found or made for it, or an Event says what it waits for.

use std::sync::Arc;

use k8s_openapi::api::core::v1::{PersistentVolume, PersistentVolumeClaim, Pod};
use k8s_openapi::api::storage::v1::StorageClass;
use kube::api::{ListParams, Patch, PatchParams, PostParams};
use kube::runtime::controller::Action;
use kube::runtime::reflector::ObjectRef;
use kube::runtime::{Controller, watcher};
use kube::{Api, Resource as _, ResourceExt as _};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use super::super::workloads::{Context, drive};
use super::class::{PROVISIONER, default, ensure_local_path};
use super::volume::{fitting, reference, refers, requested, volume};

const COMPONENT: &str = "persistentvolume-controller";
/// Where the scheduler has decided that the first Pod goes that uses a claim.
const NODE: &str = "volume.kubernetes.io/selected-node";
/// Keeps a claim for as long as a Pod uses it.
const PROTECTION: &str = "kubernetes.io/pvc-protection";

/// Runs the controller until `shutdown`.
pub(in super::super) async fn run(context: Arc<Context>, shutdown: &CancellationToken) {
    if let Err(error) = ensure_local_path(&context.client).await {
        tracing::warn!(%error, "there is no default class of storage");
    }
    let all = watcher::Config::default;
    let client = || context.client.clone();
    let controller = Controller::new(Api::<PersistentVolumeClaim>::all(client()), all());
    let claims = controller.store();
    let controller = controller
        .watches(Api::<PersistentVolume>::all(client()), all(), move |volume| {
            let bound = volume.spec.as_ref().and_then(|spec| spec.claim_ref.clone());
            match bound {
                Some(claim) => vec![
                    ObjectRef::new(&claim.name.unwrap_or_default())
                        .within(&claim.namespace.unwrap_or_default()),
                ],
                // A free one may be for anybody.
                None => claims.state().iter().map(|claim| ObjectRef::from_obj(claim.as_ref())).collect(),
            }
        })
        .watches(Api::<Pod>::all(client()), all(), |pod| {
            let namespace = pod.namespace().unwrap_or_default();
            claims_of(&pod).map(|name| ObjectRef::new(name).within(&namespace)).collect::<Vec<_>>()
        });
    drive(controller, reconcile, Arc::clone(&context), shutdown).await;
}

fn claims_of(pod: &Pod) -> impl Iterator<Item = &str> {
    let volumes = pod.spec.iter().filter_map(|spec| spec.volumes.as_ref()).flatten();
    volumes.filter_map(|volume| Some(volume.persistent_volume_claim.as_ref()?.claim_name.as_str()))
}

async fn reconcile(seen: Arc<PersistentVolumeClaim>, context: Arc<Context>) -> Result<Action, kube::Error> {
    let namespace = seen.namespace().unwrap_or_default();
    let api = Api::<PersistentVolumeClaim>::namespaced(context.client.clone(), &namespace);
    let Some(claim) = api.get_opt(&seen.name_any()).await? else { return Ok(Action::await_change()) };
    let look = Look { context: &context, api, volumes: Api::all(context.client.clone()), claim };
    Box::pin(look.take()).await?;
    Ok(Action::await_change())
}

/// What a look has found.
struct Look<'a> {
    context: &'a Context,
    api: Api<PersistentVolumeClaim>,
    volumes: Api<PersistentVolume>,
    claim: PersistentVolumeClaim,
}

impl Look<'_> {
    async fn take(mut self) -> Result<(), kube::Error> {
        if self.claim.metadata.deletion_timestamp.is_some() {
            return self.let_go().await;
        }
        if !self.claim.finalizers().iter().any(|finalizer| finalizer == PROTECTION) {
            let finalizers = self.claim.finalizers().iter().map(String::as_str).chain([PROTECTION]);
            let finalizers = finalizers.collect::<Vec<_>>();
            self.patch(json!({ "metadata": { "finalizers": finalizers } })).await?;
        }
        let spec = self.claim.spec.clone().unwrap_or_default();
        if spec.storage_class_name.is_none()
            && let Some(class) = default(&self.context.client).await?
        {
            self.patch(json!({ "spec": { "storageClassName": class } })).await?;
        }
        let bound = spec.volume_name.filter(|name| !name.is_empty());
        let phase = self.claim.status.as_ref().and_then(|status| status.phase.clone());
        if let Some(name) = bound {
            return match self.volumes.get_opt(&name).await? {
                Some(volume) => self.bind(&volume).await,
                None if phase.as_deref() == Some("Bound") => {
                    let message = "Bound claim has lost its PersistentVolume. Data on the volume is lost!";
                    self.tell(COMPONENT, true, "ClaimLost", message.to_owned());
                    self.patch_status(json!({ "status": { "phase": "Lost" } })).await
                }
                None => Ok(()),
            };
        }
        Box::pin(self.find()).await
    }

    /// Takes the protection off when no Pod uses the claim any more.
    async fn let_go(&self) -> Result<(), kube::Error> {
        let pods =
            Api::<Pod>::namespaced(self.context.client.clone(), &self.claim.namespace().unwrap_or_default());
        let name = self.claim.name_any();
        let used = pods.list(&ListParams::default()).await?.items.iter().any(|pod| {
            let phase = pod.status.as_ref().and_then(|status| status.phase.as_deref());
            !matches!(phase, Some("Succeeded" | "Failed")) && claims_of(pod).any(|used| used == name)
        });
        let rest = self.claim.finalizers().iter().filter(|one| *one != PROTECTION).collect::<Vec<_>>();
        if used || rest.len() == self.claim.finalizers().len() {
            return Ok(());
        }
        let patch = Patch::Merge(json!({ "metadata": { "finalizers": rest } }));
        match self.api.patch(&name, &PatchParams::default(), &patch).await {
            Err(kube::Error::Api(status)) if status.code == 404 => Ok(()),
            other => other.map(drop),
        }
    }

    /// Finds a volume, or has one made.
    async fn find(&mut self) -> Result<(), kube::Error> {
        let volumes = self.volumes.list(&ListParams::default()).await?.items;
        let spec = self.claim.spec.clone().unwrap_or_default();
        let name = spec.storage_class_name.filter(|name| !name.is_empty());
        let class = match &name {
            Some(name) => Api::<StorageClass>::all(self.context.client.clone()).get_opt(name).await?,
            None => None,
        };
        let waits = class
            .as_ref()
            .is_some_and(|class| class.volume_binding_mode.as_deref() == Some("WaitForFirstConsumer"));
        let node = self.claim.annotations().get(NODE).cloned();
        if let Some(volume) = fitting(&self.claim, &volumes) {
            let kept = volume.spec.as_ref().is_some_and(|spec| spec.claim_ref.is_some());
            if kept || !waits || node.is_some() {
                return self.bind(volume).await;
            }
        }
        let (Some(name), class) = (name, class) else {
            let message = "no persistent volumes available for this claim and no storage class is set";
            self.tell(COMPONENT, false, "FailedBinding", message.to_owned());
            return Ok(());
        };
        let Some(class) = class else {
            let message = format!(r#"storageclass.storage.k8s.io "{name}" not found"#);
            self.tell(COMPONENT, true, "ProvisioningFailed", message);
            return Ok(());
        };
        if waits && node.is_none() {
            let message = "waiting for first consumer to be created before binding";
            self.tell(COMPONENT, false, "WaitForFirstConsumer", message.to_owned());
            return Ok(());
        }
        if class.provisioner == "kubernetes.io/no-provisioner" {
            return Ok(());
        }
        let message = format!(
            "Waiting for a volume to be created either by the external provisioner '{}' or manually by the system \
             administrator. If volume creation is delayed, please verify that the provisioner is running and \
             correctly registered.",
            class.provisioner
        );
        self.tell(COMPONENT, false, "ExternalProvisioning", message);
        match node {
            Some(node) if class.provisioner == PROVISIONER => self.provision(&class, &node).await,
            _ => Ok(()),
        }
    }

    /// What the provisioner of local-path does.
    async fn provision(&mut self, class: &StorageClass, node: &str) -> Result<(), kube::Error> {
        let name = format!("{}/{}", self.claim.namespace().unwrap_or_default(), self.claim.name_any());
        let message = format!(r#"External provisioner is provisioning volume for claim "{name}""#);
        self.tell(PROVISIONER, false, "Provisioning", message);
        let modes = self.claim.spec.as_ref().and_then(|spec| spec.access_modes.clone()).unwrap_or_default();
        if modes.iter().any(|mode| !matches!(mode.as_str(), "ReadWriteOnce" | "ReadWriteOncePod")) {
            let message = format!(
                r#"failed to provision volume with StorageClass "{}": NodePath only supports ReadWriteOnce and ReadWriteOncePod (1.22+) access modes"#,
                class.name_any()
            );
            self.tell(PROVISIONER, true, "ProvisioningFailed", message);
            return Ok(());
        }
        let reclaim = class.reclaim_policy.as_deref().unwrap_or("Delete");
        let wanted = volume(&self.claim, node, reclaim);
        let made = match self.volumes.create(&PostParams::default(), &wanted).await {
            Err(kube::Error::Api(status)) if status.reason == "AlreadyExists" => {
                self.volumes.get(&wanted.name_any()).await?
            }
            other => other?,
        };
        let message = format!("Successfully provisioned volume {}", made.name_any());
        self.tell(PROVISIONER, false, "ProvisioningSucceeded", message);
        self.bind(&made).await
    }

    /// Makes claim and volume refer to each other.
    async fn bind(&mut self, volume: &PersistentVolume) -> Result<(), kube::Error> {
        let spec = volume.spec.clone().unwrap_or_default();
        let own = spec.claim_ref.as_ref().is_some_and(|it| it.uid == self.claim.metadata.uid);
        if !own {
            if spec.claim_ref.as_ref().is_some_and(|it| !refers(it, &self.claim)) {
                return Ok(());
            }
            let annotation = json!({ "pv.kubernetes.io/bound-by-controller": "yes" });
            let metadata = json!({ "resourceVersion": volume.resource_version(), "annotations": annotation });
            let patch = json!({ "metadata": metadata, "spec": { "claimRef": reference(&self.claim) } });
            self.volumes.patch(&volume.name_any(), &PatchParams::default(), &Patch::Merge(patch)).await?;
        }
        let named = self.claim.spec.as_ref().and_then(|spec| spec.volume_name.clone());
        if named.as_deref() != Some(&volume.name_any()) {
            let mut annotations = json!({
                "pv.kubernetes.io/bind-completed": "yes", "pv.kubernetes.io/bound-by-controller": "yes",
            });
            if volume.annotations().contains_key(super::PROVISIONED_BY) {
                annotations["volume.beta.kubernetes.io/storage-provisioner"] = PROVISIONER.into();
                annotations["volume.kubernetes.io/storage-provisioner"] = PROVISIONER.into();
            }
            let patch = json!({ "metadata": { "annotations": annotations }, "spec": { "volumeName": volume.name_any() } });
            self.patch(patch).await?;
        }
        if self.claim.status.as_ref().and_then(|status| status.phase.as_deref()) == Some("Bound") {
            return Ok(());
        }
        let capacity = spec.capacity.and_then(|capacity| capacity.get("storage").cloned());
        let capacity = capacity.unwrap_or_else(|| requested(&self.claim));
        let status = json!({
            "phase": "Bound", "accessModes": spec.access_modes, "capacity": { "storage": capacity },
        });
        self.patch_status(json!({ "status": status })).await
    }

    async fn patch(&mut self, patch: Value) -> Result<(), kube::Error> {
        let name = self.claim.name_any();
        self.claim = self.api.patch(&name, &PatchParams::default(), &Patch::Merge(patch)).await?;
        Ok(())
    }

    async fn patch_status(&mut self, patch: Value) -> Result<(), kube::Error> {
        let name = self.claim.name_any();
        self.claim = self.api.patch_status(&name, &PatchParams::default(), &Patch::Merge(patch)).await?;
        Ok(())
    }

    fn tell(&self, component: &str, warning: bool, reason: &str, message: String) {
        let object = self.claim.object_ref(&());
        if warning {
            self.context.recorder.warning(component, object, reason, message);
        } else {
            self.context.recorder.normal(component, object, reason, message);
        }
    }
}
