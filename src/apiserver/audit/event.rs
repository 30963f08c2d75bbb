//! One event, as Kubernetes writes it.
//! <https://kubernetes.io/docs/reference/config-api/apiserver-audit.v1/#audit-k8s-io-v1-Event>

use http::{HeaderMap, header};
use serde_json::{Value, json};

use super::notes::Noted;
use super::policy::{Extent, Stage};
use crate::accounts::Identity;
use crate::apiserver::access::{Attributes, Object};

/// An agent's name is no longer.
const AGENT: usize = 1024;

/// What is known of a request, more at each of its stages.
#[derive(Clone, Debug)]
pub(super) struct Event {
    pub(super) extent: Extent,
    id: String,
    uri: String,
    verb: String,
    user: Value,
    agent: String,
    object: Option<Value>,
    received: String,
    pub(super) sent: Option<Value>,
    pub(super) answered: Option<Value>,
    pub(super) status: Option<Value>,
}

fn now() -> String {
    jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%S.%6fZ").to_string()
}

fn user(identity: &Identity) -> Value {
    let mut user = json!({"username": identity.username});
    if !identity.uid.is_empty() {
        user["uid"] = identity.uid.as_str().into();
    }
    if !identity.groups.is_empty() {
        user["groups"] = json!(identity.groups);
    }
    if !identity.extra.is_empty() {
        user["extra"] = json!(identity.extra);
    }
    user
}

impl Event {
    pub(super) fn new(
        extent: Extent,
        uri: &http::Uri,
        attributes: &Attributes,
        identity: Option<&Identity>,
        headers: &HeaderMap,
    ) -> Self {
        let agent = headers.get(header::USER_AGENT).and_then(|agent| agent.to_str().ok()).unwrap_or_default();
        Self {
            extent,
            id: uuid::Uuid::new_v4().to_string(),
            uri: uri.path_and_query().map(ToString::to_string).unwrap_or_default(),
            verb: attributes.verb.clone(),
            user: identity.map_or_else(|| json!({}), user),
            agent: agent.chars().take(AGENT).collect(),
            object: reference(uri.path(), &attributes.object),
            received: now(),
            sent: None,
            answered: None,
            status: None,
        }
    }

    /// The line of a stage, if that is to be written.
    pub(super) fn line(&self, stage: Stage, noted: &Noted) -> Option<String> {
        if self.extent.omitted.contains(&stage) {
            return None;
        }
        let mut event = json!({
            "kind": "Event", "apiVersion": "audit.k8s.io/v1", "level": self.extent.level.name(), "auditID": self.id,
            "stage": stage.name(), "requestURI": self.uri, "verb": self.verb, "user": self.user
        });
        let stamp = if stage == Stage::RequestReceived { self.received.clone() } else { now() };
        if let Some(acting) = &noted.acting {
            event["impersonatedUser"] = user(acting);
        }
        // Nothing but this machine can reach the server.
        event["sourceIPs"] = json!(["127.0.0.1"]);
        if !self.agent.is_empty() {
            event["userAgent"] = self.agent.as_str().into();
        }
        if let Some(object) = &self.object {
            let mut object = object.clone();
            if object.get("name").is_none() && !noted.name.is_empty() {
                object["name"] = noted.name.as_str().into();
            }
            event["objectRef"] = object;
        }
        if stage != Stage::RequestReceived {
            for (field, value) in [
                ("responseStatus", &self.status),
                ("requestObject", &self.sent),
                ("responseObject", &self.answered),
            ] {
                if let Some(value) = value {
                    event[field] = value.clone();
                }
            }
        }
        event["requestReceivedTimestamp"] = self.received.as_str().into();
        event["stageTimestamp"] = stamp.into();
        if !noted.annotations.is_empty() {
            event["annotations"] = json!(noted.annotations);
        }
        Some(event.to_string())
    }

    /// An object as the log shows it.
    pub(super) fn shown(&self, mut object: Value) -> Value {
        if self.extent.omit_managed_fields {
            let metadata = object.get_mut("metadata").and_then(Value::as_object_mut);
            metadata.map(|metadata| metadata.shift_remove("managedFields"));
            for item in object.get_mut("items").and_then(Value::as_array_mut).into_iter().flatten() {
                let metadata = item.get_mut("metadata").and_then(Value::as_object_mut);
                metadata.map(|metadata| metadata.shift_remove("managedFields"));
            }
        }
        object
    }
}

/// Which object a request is about.
fn reference(path: &str, object: &Object) -> Option<Value> {
    let Object::Resource { group, resource, subresource, namespace, name } = object else { return None };
    let mut parts = path.trim_start_matches('/').split('/');
    let version = if group.is_empty() { parts.nth(1) } else { parts.nth(2) };
    let mut reference = json!({"resource": resource});
    let fields = [
        ("namespace", namespace.as_str()),
        ("name", name),
        ("apiGroup", group),
        ("apiVersion", version.unwrap_or_default()),
        ("subresource", subresource),
    ];
    for (field, text) in fields.into_iter().filter(|(_, text)| !text.is_empty()) {
        reference[field] = text.into();
    }
    Some(reference)
}
