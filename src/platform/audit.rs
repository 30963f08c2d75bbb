//! The audit logs of a lab's API servers: what goes into them, and what is shown of them. The log of every platform is
//! that of Kubernetes: one `audit.k8s.io/v1` event a line.
//! <https://kubernetes.io/docs/tasks/debug/debug-cluster/audit/>

use serde::Deserialize;
use serde_json::Value;

/// Who did what to which object; nothing of what the objects hold, no reading, and not the cluster's `own` doing.
pub(super) fn policy(own: &[&str]) -> String {
    let own = own.join(", ");
    format!(
        "apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules:
- level: None
  verbs: [get, list, watch]
- level: None
  users: [{own}]
- level: None
  userGroups: [system:nodes]
- level: None
  resources: [{{group: coordination.k8s.io}}, {{group: '', resources: [events]}}, {{group: events.k8s.io}}]
- level: Metadata
"
    )
}

/// Which events are shown. What is empty does not narrow.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// A user's name, or that of whom somebody acted as.
    pub actor: Option<String>,
    /// `create`, `patch`, …
    pub verb: Option<String>,
    /// `pods`, `pods/exec`, `deployments.apps`, or with an object's name `pods/web`.
    pub resource: Option<String>,
    /// The namespace of the object.
    pub namespace: Option<String>,
}

/// One event of a log, as much as is shown of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Event {
    stage: String,
    verb: String,
    #[serde(rename = "requestURI")]
    uri: String,
    user: User,
    impersonated_user: Option<User>,
    object_ref: Option<Object>,
    response_status: Option<Status>,
    stage_timestamp: String,
    annotations: Value,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
struct User {
    username: String,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Object {
    resource: String,
    subresource: String,
    namespace: String,
    name: String,
    api_group: String,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
struct Status {
    code: u16,
    message: String,
}

impl Event {
    /// Reads a line of a log; `None` of one that is torn, or that says only that a request has come.
    pub fn read(line: &str) -> Option<Self> {
        let event: Self = serde_json::from_str(line).ok()?;
        (!event.stage.is_empty() && event.stage != "RequestReceived").then_some(event)
    }

    /// Whether it is asked for.
    pub fn passes(&self, filter: &Filter) -> bool {
        let is = |wanted: &Option<String>, own: &str| wanted.as_deref().is_none_or(|wanted| wanted == own);
        let acted = self.impersonated_user.as_ref().map(|user| user.username.as_str()).unwrap_or_default();
        let actor = is(&filter.actor, &self.user.username) || is(&filter.actor, acted);
        let object = self.object_ref.clone().unwrap_or_default();
        actor
            && is(&filter.verb, &self.verb)
            && is(&filter.namespace, &object.namespace)
            && filter.resource.as_deref().is_none_or(|wanted| object.is(wanted))
    }

    /// Its row: time, actor, verb, object, answer.
    pub fn row(&self) -> Vec<String> {
        let time = self.stage_timestamp.get(11..19).unwrap_or(&self.stage_timestamp).to_owned();
        let actor = match &self.impersonated_user {
            Some(acted) => format!("{} as {}", self.user.username, acted.username),
            None if self.user.username.is_empty() => "nobody".to_owned(),
            None => self.user.username.clone(),
        };
        let object = self.object_ref.as_ref().map_or_else(|| self.uri.clone(), Object::words);
        let status = self.response_status.clone().unwrap_or_default();
        let mut answer = status.code.to_string();
        if status.code >= 400 && !status.message.is_empty() {
            answer = format!("{answer} {}", status.message);
        }
        let failure = self.annotations["validation.policy.admission.k8s.io/validation_failure"].as_str();
        let failure: Option<Value> = failure.and_then(|failure| serde_json::from_str(failure).ok());
        if let Some(failure) = failure {
            let text = |field: &str| failure[0][field].as_str().unwrap_or_default().to_owned();
            answer = format!("{answer} (policy {}: {})", text("policy"), text("message"));
        }
        // Whoever wrote it, a line is a line.
        let plain = |text: String| text.replace(char::is_control, " ");
        [time, actor, self.verb.clone(), object, answer].map(plain).to_vec()
    }
}

impl Object {
    fn whole(&self) -> String {
        if self.subresource.is_empty() {
            self.resource.clone()
        } else {
            format!("{}/{}", self.resource, self.subresource)
        }
    }

    /// Whether a word of the command line means it.
    fn is(&self, wanted: &str) -> bool {
        let (kind, name) = wanted.split_once('/').unwrap_or((wanted, ""));
        let kind = kind == self.resource || kind == format!("{}.{}", self.resource, self.api_group);
        kind && (name.is_empty() || name == self.name || name == self.subresource)
    }

    fn words(&self) -> String {
        let mut words = self.whole();
        if !self.name.is_empty() {
            words = format!("{words} {}", self.name);
        }
        if !self.namespace.is_empty() {
            words = format!("{words} in {}", self.namespace);
        }
        words
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn event() -> Event {
        let object = json!({
            "resource": "deployments", "namespace": "team", "name": "web", "apiGroup": "apps", "subresource": "scale"
        });
        let line = json!({
            "stage": "ResponseComplete", "verb": "patch", "requestURI": "/apis/apps/v1", "user": {"username": "ops"},
            "impersonatedUser": {"username": "dev1"}, "objectRef": object,
            "responseStatus": {"code": 403, "message": "no"}, "stageTimestamp": "2026-11-21T12:00:01.000002Z"
        });
        Event::read(&line.to_string()).unwrap()
    }

    #[test]
    fn rows_say_who_did_what() {
        assert_eq!(
            event().row(),
            ["12:00:01", "ops as dev1", "patch", "deployments/scale web in team", "403 no"]
        );
    }

    #[test]
    fn filters_narrow() {
        let filter = |field: &str, word: &str| {
            let mut filter = Filter::default();
            let place = match field {
                "actor" => &mut filter.actor,
                "verb" => &mut filter.verb,
                "namespace" => &mut filter.namespace,
                _ => &mut filter.resource,
            };
            *place = Some(word.to_owned());
            event().passes(&filter)
        };
        assert!(event().passes(&Filter::default()));
        for (field, word, expected) in [
            ("actor", "ops", true),
            ("actor", "dev1", true),
            ("actor", "dev2", false),
            ("verb", "patch", true),
            ("verb", "create", false),
            ("namespace", "team", true),
            ("namespace", "other", false),
            ("resource", "deployments", true),
            ("resource", "deployments.apps", true),
            ("resource", "deployments/web", true),
            ("resource", "deployments/scale", true),
            ("resource", "deployments/db", false),
            ("resource", "pods", false),
        ] {
            assert_eq!(filter(field, word), expected, "{field} {word}");
        }
    }

    proptest! {
        #[test]
        fn any_line_is_read_or_passed_over(line in "\\PC{0,80}") {
            if let Some(event) = Event::read(&line) {
                let _ = event.row();
            }
        }
    }
}
