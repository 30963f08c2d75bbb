//! Writes the controllers' Events, in order and without a reconciler waiting for it.

use k8s_openapi::api::core::v1::{Event, ObjectReference};
use k8s_openapi::jiff::Timestamp;
use kube::api::{Patch, PatchParams, PostParams};
use kube::{Api, Client};
use tokio::sync::mpsc;

use crate::objects::{EventLog, EventWrite, Happening};

/// How many Events may wait to be written; more are dropped, as the real ones do.
const WAITING: usize = 1024;

/// Takes Events.
#[derive(Clone, Debug)]
pub(in super::super) struct Recorder(mpsc::Sender<Happening>);

/// Writes what the recorder took.
pub(in super::super) struct Writer(mpsc::Receiver<Happening>);

/// Makes a recorder and its writer.
pub(in super::super) fn recorder() -> (Recorder, Writer) {
    let (sender, receiver) = mpsc::channel(WAITING);
    (Recorder(sender), Writer(receiver))
}

impl Recorder {
    /// Tells what was done.
    pub(in super::super) fn normal(
        &self,
        component: &str,
        object: ObjectReference,
        reason: &str,
        message: String,
    ) {
        self.record(component, object, false, reason, message);
    }

    /// Tells what went wrong.
    pub(in super::super) fn warning(
        &self,
        component: &str,
        object: ObjectReference,
        reason: &str,
        message: String,
    ) {
        self.record(component, object, true, reason, message);
    }

    fn record(&self, component: &str, object: ObjectReference, warning: bool, reason: &str, message: String) {
        let (component, reason) = (component.to_owned(), reason.to_owned());
        let happening = Happening { object, warning, reason, message, component, host: None };
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
            let create = PostParams::default();
            let written = match log.write(happening, Timestamp::now(), moment()) {
                EventWrite::Create(event) => api.create(&create, &event).await,
                EventWrite::Repeat { name, patch, otherwise } => {
                    match api.patch(&name, &PatchParams::default(), &Patch::Merge(patch)).await {
                        Err(kube::Error::Api(status)) if status.code == 404 => {
                            api.create(&create, &otherwise).await
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

/// What tells an Event's name from others, and sorts the Events of an object as they came: the nanosecond.
fn moment() -> u64 {
    u64::try_from(Timestamp::now().as_nanosecond()).unwrap_or_default()
}
