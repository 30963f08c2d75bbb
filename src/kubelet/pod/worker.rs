//! Runs one Pod: volumes, init containers, containers, status, and its end.

use std::collections::BTreeMap;
use std::sync::Arc;

use k8s_openapi::api::core::v1::{Container as Spec, Pod, PodSpec, PodStatus};
use kube::api::{DeleteParams, Patch, PatchParams, Preconditions};
use kube::{Api, Client, ResourceExt as _};
use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::super::clock::{Clock, RETRY, STOP, now};
use super::super::container::{Container, Need, Needs, Policy, Role, State};
use super::super::images::Images;
use super::super::network::Network;
use super::super::recorder::{Recorder, pod_reference};
use super::board::Board;
use super::status::{View, first_records, has_begun};
use crate::objects::Happening;

/// What all Pods of a node share.
pub(in super::super) struct Context {
    /// The node's name.
    pub(in super::super) node: String,
    pub(in super::super) client: Client,
    pub(in super::super) images: Arc<Images>,
    pub(in super::super) network: Network,
    pub(in super::super) recorder: Recorder,
    pub(in super::super) clock: Clock,
}

/// The one who runs a Pod.
pub(in super::super) struct Worker {
    context: Arc<Context>,
    board: Arc<Board>,
    pod: watch::Receiver<Arc<Pod>>,
    address: String,
    /// Whether the volumes are there.
    set_up: watch::Sender<bool>,
    /// The status that the API server has.
    told: PodStatus,
}

impl Worker {
    /// One for a Pod with this address; `pod` brings its changes.
    pub(in super::super) fn new(
        context: Arc<Context>,
        pod: watch::Receiver<Arc<Pod>>,
        address: String,
    ) -> Self {
        let first = Arc::clone(&pod.borrow());
        let board = Board::new(first_records(&first));
        let begun = has_begun(&board.records());
        let told = first.status.clone().unwrap_or_default();
        Self { context, board, pod, address, set_up: watch::channel(begun).0, told }
    }

    /// Where it can be seen.
    pub(in super::super) fn board(&self) -> Arc<Board> {
        Arc::clone(&self.board)
    }

    /// Runs the Pod until it was deleted, or for as long as it is polled.
    pub(in super::super) async fn run(mut self) {
        let mut containers = JoinSet::new();
        let first = Arc::clone(&self.pod.borrow_and_update());
        self.start(&first, &mut containers);
        let mut started = images(&first);
        let mut set_up = self.set_up.subscribe();
        let mut deleted = first.metadata.deletion_timestamp.is_some();
        let mut write = true;
        while !deleted {
            if write && !self.publish().await {
                self.context.clock.wait(RETRY).await;
                continue;
            }
            write = tokio::select! {
                () = self.board.changed() => true,
                changed = set_up.changed() => changed.is_ok(),
                Some(_) = containers.join_next(), if !containers.is_empty() => true,
                changed = self.pod.changed() => {
                    if changed.is_err() {
                        return;
                    }
                    let pod = Arc::clone(&self.pod.borrow_and_update());
                    deleted = pod.metadata.deletion_timestamp.is_some();
                    let wanted = images(&pod);
                    if !deleted && started != wanted {
                        containers.shutdown().await;
                        self.end_changed(&pod, &started, &wanted);
                        self.start(&pod, &mut containers);
                        started = wanted;
                    }
                    pod.metadata.generation != self.told.observed_generation
                }
            };
        }
        self.terminate(containers).await;
    }

    fn start(&self, pod: &Arc<Pod>, containers: &mut JoinSet<()>) {
        containers.spawn(run_containers(
            Arc::clone(&self.context),
            Arc::clone(&self.board),
            Arc::clone(pod),
            self.address.clone(),
            self.set_up.clone(),
        ));
    }

    /// Ends the containers whose image was changed; the others are taken over as they are.
    fn end_changed(&self, pod: &Pod, before: &BTreeMap<String, String>, after: &BTreeMap<String, String>) {
        for name in after.keys().filter(|name| before.get(*name) != after.get(*name)) {
            if !matches!(self.board.record(name).state, State::Running { .. }) {
                continue;
            }
            self.board.end_program(name);
            self.board.change(name, |record| record.end(0, now()));
            self.tell_killing(pod, name, format!("Container {name} definition changed, will be restarted"));
        }
    }

    fn tell_killing(&self, pod: &Pod, container: &str, message: String) {
        self.context.recorder.record(Happening {
            object: pod_reference(pod, Some(container)),
            warning: false,
            reason: "Killing".to_owned(),
            message,
            component: "kubelet".to_owned(),
            host: Some(self.context.node.clone()),
        });
    }

    /// Tells the API server what is the case; false if that must be tried again.
    async fn publish(&mut self) -> bool {
        let pod = Arc::clone(&self.pod.borrow());
        let records = self.board.records();
        let view = View {
            pod: &pod,
            records: &records,
            address: &self.address,
            set_up: *self.set_up.borrow(),
            before: &self.told,
            now: now(),
        };
        let status = view.status();
        if status == self.told {
            return true;
        }
        let Ok(Value::Object(mut patch)) = serde_json::to_value(&status) else { return true };
        for absent in ["reason", "message"] {
            patch.entry(absent).or_insert(Value::Null);
        }
        let patch = json!({ "metadata": { "uid": pod.uid() }, "status": patch });
        match self.api().patch_status(&pod.name_any(), &PatchParams::default(), &Patch::Merge(patch)).await {
            Ok(_) => self.told = status,
            // Another Pod has its name by now, or none: the watch brings that.
            Err(kube::Error::Api(answer)) if matches!(answer.code, 404 | 409) => {}
            Err(error) => {
                tracing::debug!(%error, pod = pod.name_any(), "the status was not taken");
                return false;
            }
        }
        true
    }

    /// Ends the containers, and has the Pod removed.
    async fn terminate(self, mut containers: JoinSet<()>) {
        let pod = Arc::clone(&self.pod.borrow());
        let running = self.board.records().into_iter();
        let running = running.filter(|(_, record)| matches!(record.state, State::Running { .. }));
        let running = running.map(|(name, _)| name).collect::<Vec<_>>();
        for name in &running {
            self.tell_killing(&pod, name, format!("Stopping container {name}"));
        }
        let grace = pod.metadata.deletion_grace_period_seconds.unwrap_or(30);
        if !running.is_empty() && grace > 0 {
            tokio::time::sleep(STOP).await;
        }
        containers.shutdown().await;
        for name in &running {
            self.board.end_program(name);
        }
        let parameters = DeleteParams {
            grace_period_seconds: Some(0),
            preconditions: Some(Preconditions { uid: pod.uid(), resource_version: None }),
            ..DeleteParams::default()
        };
        loop {
            match self.api().delete(&pod.name_any(), &parameters).await {
                Ok(_) => return,
                Err(kube::Error::Api(answer)) if matches!(answer.code, 404 | 409) => return,
                Err(error) => tracing::debug!(%error, pod = pod.name_any(), "the pod was not removed"),
            }
            self.context.clock.wait(RETRY).await;
        }
    }

    fn api(&self) -> Api<Pod> {
        let namespace = self.pod.borrow().namespace().unwrap_or_default();
        Api::namespaced(self.context.client.clone(), &namespace)
    }
}

/// The images of all containers: what may be changed of a Pod that exists.
fn images(pod: &Pod) -> BTreeMap<String, String> {
    let spec = pod.spec.as_ref();
    let all =
        spec.into_iter().flat_map(|spec| spec.containers.iter().chain(spec.init_containers.iter().flatten()));
    all.map(|container| (container.name.clone(), container.image.clone().unwrap_or_default())).collect()
}

async fn run_containers(
    context: Arc<Context>,
    board: Arc<Board>,
    pod: Arc<Pod>,
    address: String,
    set_up: watch::Sender<bool>,
) {
    let spec = pod.spec.clone().unwrap_or_default();
    if !*set_up.borrow() {
        wait_for_volumes(&context, &pod, &spec).await;
        set_up.send_replace(true);
    }
    let policy = match spec.restart_policy.as_deref() {
        Some("Never") => Policy::Never,
        Some("OnFailure") => Policy::OnFailure,
        _ => Policy::Always,
    };
    let container = |spec: Spec, role, policy| Container {
        context: Arc::clone(&context),
        board: Arc::clone(&board),
        pod: Arc::clone(&pod),
        spec,
        role,
        policy,
        address: address.clone(),
    };
    let mut lives = Vec::new();
    for init in spec.init_containers.into_iter().flatten() {
        if init.restart_policy.as_deref() == Some("Always") {
            lives.push(container(init, Role::Init, Policy::Always).live());
            continue;
        }
        let name = init.name.clone();
        let policy = if policy == Policy::Never { Policy::Never } else { Policy::OnFailure };
        container(init, Role::Init, policy).live().await;
        if board.record(&name).ended().is_none_or(|ended| ended.code != 0) {
            return;
        }
    }
    lives.extend(spec.containers.into_iter().map(|spec| container(spec, Role::Main, policy).live()));
    futures::future::join_all(lives).await;
}

/// Waits until the `ConfigMaps` and Secrets of the Pod's volumes exist.
async fn wait_for_volumes(context: &Context, pod: &Pod, spec: &PodSpec) {
    let needs = Needs::new(context.client.clone(), &pod.namespace().unwrap_or_default());
    for volume in spec.volumes.iter().flatten() {
        let need = match (&volume.config_map, &volume.secret) {
            (Some(source), _) if source.optional != Some(true) => Need::ConfigMap(source.name.clone()),
            (_, Some(source)) if source.optional != Some(true) => {
                Need::Secret(source.secret_name.clone().unwrap_or_default())
            }
            _ => continue,
        };
        loop {
            match needs.read(&need).await {
                Ok(Some(_)) => break,
                Ok(None) => {
                    context.recorder.record(Happening {
                        object: pod_reference(pod, None),
                        warning: true,
                        reason: "FailedMount".to_owned(),
                        message: format!(
                            r#"MountVolume.SetUp failed for volume "{}" : {}"#,
                            volume.name,
                            need.not_found()
                        ),
                        component: "kubelet".to_owned(),
                        host: Some(context.node.clone()),
                    });
                    needs.changed(&need, None).await;
                }
                Err(error) => {
                    tracing::debug!(%error, "a volume's source was not read");
                    context.clock.wait(RETRY).await;
                }
            }
        }
    }
}
