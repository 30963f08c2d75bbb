//! Writes the kubelet's and the scheduler's Events, in order and without anybody waiting for it.

use k8s_openapi::api::core::v1::{Event, ObjectReference, Pod};
use k8s_openapi::jiff::Timestamp;
use kube::api::{Patch, PatchParams, PostParams};
use kube::{Api, Client, Resource as _};
use tokio::sync::mpsc;

use super::clock::now;
use crate::objects::{EventLog, EventWrite, Happening};

/// How many Events may wait to be written; more are dropped, as the real ones do.
const WAITING: usize = 1024;

/// Takes Events.
#[derive(Clone, Debug)]
pub(super) struct Recorder(mpsc::Sender<Happening>);

/// Writes what the recorders took.
pub(super) struct Writer(mpsc::Receiver<Happening>);

/// Makes a recorder and its writer.
pub(super) fn recorder() -> (Recorder, Writer) {
    let (sender, receiver) = mpsc::channel(WAITING);
    (Recorder(sender), Writer(receiver))
}

impl Recorder {
    /// Takes one.
    pub(super) fn record(&self, happening: Happening) {
        if self.0.try_send(happening).is_err() {
            tracing::warn!("an event was dropped: too many wait to be written");
        }
    }
}

impl Writer {
    /// Writes until the recorders are gone.
    pub(super) async fn run(mut self, client: Client) {
        let mut log = EventLog::default();
        while let Some(happening) = self.0.recv().await {
            let namespace = happening.object.namespace.clone().unwrap_or_else(|| "default".to_owned());
            let api = Api::<Event>::namespaced(client.clone(), &namespace);
            let written = match log.write(happening, now(), moment()) {
                EventWrite::Create(event) => api.create(&PostParams::default(), &event).await,
                EventWrite::Repeat { name, patch, otherwise } => {
                    match api.patch(&name, &PatchParams::default(), &Patch::Merge(patch)).await {
                        Err(kube::Error::Api(status)) if status.code == 404 => {
                            api.create(&PostParams::default(), &otherwise).await
                        }
                        other => other,
                    }
                }
            };
            if let Err(error) = written {
                tracing::debug!(%error, "an event was not written");
            }
        }
    }
}

/// Refers to a Pod, or to one of its containers.
pub(super) fn pod_reference(pod: &Pod, container: Option<&str>) -> ObjectReference {
    let mut reference = pod.object_ref(&());
    reference.field_path = container.map(|container| format!("spec.containers{{{container}}}"));
    reference
}

/// What tells an Event's name from others, and sorts the Events of an object as they came: the nanosecond.
fn moment() -> u64 {
    u64::try_from(Timestamp::now().as_nanosecond()).unwrap_or_default()
}
