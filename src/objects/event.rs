//! Kubernetes Events as the real components write them: one object per occurrence, and a count on that object
//! when the same thing happens again. Pure: the writer decides how the result reaches the API server.

use std::collections::{HashMap, VecDeque};

use k8s_openapi::api::core::v1::{Event, EventSource, ObjectReference};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ObjectMeta, Time};
use k8s_openapi::jiff::Timestamp;
use serde_json::{Value, json};

/// How many different occurrences are remembered in order to count them.
const REMEMBERED: usize = 4096;

/// Longest message that the API server takes.
const MESSAGE_LIMIT: usize = 1024;

/// Something that happened to an object.
#[derive(Clone, Debug)]
pub struct Happening {
    /// To which object.
    pub object: ObjectReference,
    /// Whether it is of type `Warning` instead of `Normal`.
    pub warning: bool,
    /// One word in `CamelCase`.
    pub reason: String,
    /// For people.
    pub message: String,
    /// Who tells it, such as `kubelet`.
    pub component: String,
    /// The node that tells it, if one does.
    pub host: Option<String>,
}

/// What must be written for a happening.
#[derive(Clone, Debug)]
pub enum EventWrite {
    /// It is new.
    Create(Box<Event>),
    /// It happened before: the Event of that name gets this merge patch. Should it be gone, create `otherwise`.
    Repeat {
        /// The Event's name.
        name: String,
        /// A merge patch with the new count and time.
        patch: Value,
        /// The whole Event.
        otherwise: Box<Event>,
    },
}

type Key = (String, String, bool, String, String, String);

/// Counts equal happenings.
#[derive(Debug, Default)]
pub struct EventLog {
    seen: HashMap<Key, Event>,
    order: VecDeque<Key>,
}

impl EventLog {
    /// Decides what to write for `happening` at `now`; `unique` makes the Event's name unlike all others.
    pub fn write(&mut self, happening: Happening, now: Timestamp, unique: u64) -> EventWrite {
        let key = (
            happening.object.uid.clone().unwrap_or_default(),
            happening.object.field_path.clone().unwrap_or_default(),
            happening.warning,
            happening.reason.clone(),
            happening.message.clone(),
            happening.component.clone(),
        );
        if let Some(event) = self.seen.get_mut(&key) {
            let count = event.count.unwrap_or(1).saturating_add(1);
            event.count = Some(count);
            event.last_timestamp = Some(Time(now));
            let patch = json!({ "count": count, "lastTimestamp": Time(now) });
            let name = event.metadata.name.clone().unwrap_or_default();
            return EventWrite::Repeat { name, patch, otherwise: Box::new(event.clone()) };
        }
        let event = new_event(happening, now, unique);
        self.remember(key, event.clone());
        EventWrite::Create(Box::new(event))
    }

    fn remember(&mut self, key: Key, event: Event) {
        if self.order.len() >= REMEMBERED
            && let Some(oldest) = self.order.pop_front()
        {
            self.seen.remove(&oldest);
        }
        self.order.push_back(key.clone());
        self.seen.insert(key, event);
    }
}

fn new_event(happening: Happening, now: Timestamp, unique: u64) -> Event {
    let object = happening.object;
    let about = object.name.clone().unwrap_or_default();
    let namespace = object.namespace.clone().unwrap_or_else(|| "default".to_owned());
    Event {
        metadata: ObjectMeta {
            name: Some(format!("{about}.{unique:016x}")),
            namespace: Some(namespace),
            ..ObjectMeta::default()
        },
        involved_object: object,
        reason: Some(happening.reason),
        message: Some(happening.message.chars().take(MESSAGE_LIMIT).collect()),
        type_: Some(if happening.warning { "Warning" } else { "Normal" }.to_owned()),
        count: Some(1),
        first_timestamp: Some(Time(now)),
        last_timestamp: Some(Time(now)),
        reporting_component: Some(happening.component.clone()),
        reporting_instance: Some(happening.host.clone().unwrap_or_default()),
        source: Some(EventSource { component: Some(happening.component), host: happening.host }),
        ..Event::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn killing(message: &str) -> Happening {
        Happening {
            object: ObjectReference {
                name: Some("web".to_owned()),
                namespace: Some("app".to_owned()),
                uid: Some("1".to_owned()),
                ..ObjectReference::default()
            },
            warning: false,
            reason: "Killing".to_owned(),
            message: message.to_owned(),
            component: "kubelet".to_owned(),
            host: Some("workshop-1".to_owned()),
        }
    }

    #[test]
    fn repeats_are_counted_and_differences_are_not() {
        let mut log = EventLog::default();
        let (first, second) = (Timestamp::UNIX_EPOCH, Timestamp::from_second(60).unwrap());
        assert!(matches!(log.write(killing("a"), first, 1), EventWrite::Create(_)));
        assert!(matches!(log.write(killing("b"), first, 2), EventWrite::Create(_)));
        let EventWrite::Repeat { name, patch, otherwise } = log.write(killing("a"), second, 3) else {
            panic!("the second of its sort is no repeat")
        };
        assert_eq!(name, "web.0000000000000001");
        assert_eq!(patch, json!({ "count": 2, "lastTimestamp": "1970-01-01T00:01:00Z" }));
        assert_eq!(
            serde_json::to_value(otherwise).unwrap(),
            json!({
                "apiVersion": "v1", "kind": "Event",
                "metadata": { "name": "web.0000000000000001", "namespace": "app" },
                "involvedObject": { "name": "web", "namespace": "app", "uid": "1" },
                "reason": "Killing", "message": "a", "type": "Normal", "count": 2,
                "firstTimestamp": "1970-01-01T00:00:00Z", "lastTimestamp": "1970-01-01T00:01:00Z",
                "reportingComponent": "kubelet", "reportingInstance": "workshop-1",
                "source": { "component": "kubelet", "host": "workshop-1" },
            })
        );
    }
}
