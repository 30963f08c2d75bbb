//! A pod's priority is its class's, and nobody writes it by hand.
//! <https://kubernetes.io/docs/concepts/scheduling-eviction/pod-priority-preemption/>

use serde::Deserialize;
use serde_json::Value;

use crate::apiserver::server::Server;
use crate::apiserver::status::Status;
use crate::apiserver::store::Key;
use crate::apiserver::target::Target;

const CLASSES: &str = "priorityclasses.scheduling.k8s.io";

/// What a class says.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Class {
    value: i64,
    global_default: bool,
    preemption_policy: Option<String>,
}

/// Writes the priority into a new pod.
pub(super) fn complete(server: &Server, target: &Target, pod: &mut Value) -> Result<(), Status> {
    let name = pod["metadata"]["name"].as_str().unwrap_or_default().to_owned();
    let refuse = |why: String| Err(Status::forbidden(target.named_as(&name), &why));
    let wanted = pod["spec"]["priorityClassName"].as_str().unwrap_or_default().to_owned();
    let class = if wanted.is_empty() {
        let (class_name, class) = default(server);
        if !class_name.is_empty() {
            pod["spec"]["priorityClassName"] = class_name.into();
        }
        class
    } else {
        match class(server, &wanted) {
            Some(class) => class,
            None => return refuse(format!("no PriorityClass with name {wanted} was found")),
        }
    };
    let spec = &mut pod["spec"];
    if let Some(own) = spec["priority"].as_i64().filter(|own| *own != class.value) {
        return refuse(format!(
            "the integer value of priority ({own}) must not be provided in pod spec; priority admission controller \
             computed {} from the given PriorityClass name",
            class.value
        ));
    }
    spec["priority"] = class.value.into();
    let policy = class.preemption_policy.unwrap_or_else(|| "PreemptLowerPriority".to_owned());
    if let Some(own) = spec["preemptionPolicy"].as_str().filter(|own| **own != policy) {
        return refuse(format!(
            "the string value of PreemptionPolicy ({own}) must not be provided in pod spec; priority admission \
             controller computed {policy} from the given PriorityClass name"
        ));
    }
    spec["preemptionPolicy"] = policy.into();
    Ok(())
}

/// A class by its name; two are always there.
fn class(server: &Server, name: &str) -> Option<Class> {
    if let Some(stored) = server.store.get(&Key::new(CLASSES, "", name)) {
        return serde_json::from_slice(&stored.json).ok();
    }
    let value = match name {
        "system-cluster-critical" => 2_000_000_000,
        "system-node-critical" => 2_000_001_000,
        _ => return None,
    };
    Some(Class { value, ..Class::default() })
}

/// The class of pods that name none: of several the least.
fn default(server: &Server) -> (String, Class) {
    let (_, classes) = server.store.list(CLASSES, None);
    let classes = classes.into_iter().filter_map(|((_, name), stored)| {
        let class: Class = serde_json::from_slice(&stored.json).ok()?;
        class.global_default.then(|| (name.to_string(), class))
    });
    classes.min_by_key(|(_, class)| class.value).unwrap_or_default()
}
