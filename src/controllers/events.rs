//! Events of Kubernetes, as client-go records them: the same event again counts up, many similar ones become one.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use k8s_openapi::api::core::v1::Event;
use kube::api::{Patch, PatchParams, PostParams};
use kube::{Api, Resource, ResourceExt as _};
use serde_json::json;

use super::status::now;

/// How many similar events are written out before they are combined.
const SIMILAR_LIMIT: usize = 10;
/// How many events are remembered; beyond, all are forgotten and events start anew.
const MEMORY_LIMIT: usize = 4_096;

/// Records events of one controller. Clones share what is remembered.
#[derive(Clone)]
pub(super) struct Recorder {
    client: kube::Client,
    component: &'static str,
    known: Arc<Mutex<Known>>,
}

#[derive(Default)]
struct Known {
    /// Name and count of the event, by what it says.
    events: HashMap<String, (String, i32)>,
    /// How many different messages, by what is said without them.
    similar: HashMap<String, usize>,
    serial: u64,
}

impl Recorder {
    pub(super) fn new(client: kube::Client, component: &'static str) -> Self {
        Self { client, component, known: Arc::default() }
    }

    pub(super) async fn normal<K: Resource<DynamicType = ()>>(
        &self,
        object: &K,
        reason: &str,
        message: &str,
        annotations: BTreeMap<String, String>,
    ) {
        self.record(object, "Normal", reason, message, annotations).await;
    }

    pub(super) async fn warning<K: Resource<DynamicType = ()>>(
        &self,
        object: &K,
        reason: &str,
        message: &str,
        annotations: BTreeMap<String, String>,
    ) {
        self.record(object, "Warning", reason, message, annotations).await;
    }

    /// Writes an event. One that cannot be written is lost, as with the real ones.
    async fn record<K: Resource<DynamicType = ()>>(
        &self,
        object: &K,
        kind: &str,
        reason: &str,
        message: &str,
        annotations: BTreeMap<String, String>,
    ) {
        tracing::info!(kind = %K::kind(&()), name = %object.name_any(), reason, message, "event");
        let namespace = object.namespace().unwrap_or_else(|| "default".to_owned());
        let api = Api::<Event>::namespaced(self.client.clone(), &namespace);
        let message: String = message.chars().take(1024).collect();
        let (name, count, message) = self.place(object, &format!("{kind}/{reason}"), message);
        let time = now();
        let result = if count > 1 {
            let patch = Patch::Merge(json!({ "count": count, "lastTimestamp": time, "message": message }));
            api.patch(&name, &PatchParams::default(), &patch).await
        } else {
            let event = json!({
                "apiVersion": "v1", "kind": "Event",
                "metadata": { "name": name, "namespace": namespace, "annotations": annotations },
                "involvedObject": object.object_ref(&()),
                "reason": reason, "message": message, "type": kind, "count": 1,
                "firstTimestamp": time, "lastTimestamp": time,
                "source": { "component": self.component },
                "reportingComponent": self.component, "reportingInstance": "",
            });
            match serde_json::from_value::<Event>(event) {
                Ok(event) => api.create(&PostParams::default(), &event).await,
                Err(error) => Err(kube::Error::SerdeError(error)),
            }
        };
        if let Err(error) = result {
            tracing::debug!(%error, "event not recorded");
            self.known.lock().unwrap_or_else(PoisonError::into_inner).events.clear();
        }
    }

    /// The event's name, its count, and the message to write.
    fn place<K: Resource<DynamicType = ()>>(
        &self,
        object: &K,
        what: &str,
        message: String,
    ) -> (String, i32, String) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.events.len() > MEMORY_LIMIT {
            known.events.clear();
            known.similar.clear();
        }
        let group = format!("{}/{}/{what}", K::kind(&()), object.uid().unwrap_or_default());
        let mut key = format!("{group}/{message}");
        let mut message = message;
        if !known.events.contains_key(&key) {
            let similar = known.similar.entry(group.clone()).or_default();
            *similar += 1;
            if *similar > SIMILAR_LIMIT {
                key = group;
                message = format!("(combined from similar events): {message}");
            }
        }
        known.serial += 1;
        let serial = known.serial;
        let stamp = jiff::Timestamp::now().as_nanosecond() + i128::from(serial);
        let fresh = || (format!("{}.{stamp:x}", object.name_any()), 0);
        let (name, count) = known.events.entry(key).or_insert_with(fresh);
        *count += 1;
        (name.clone(), *count, message)
    }
}
