//! What a Job gets when it is made: a selector and labels of its own, so that it counts no Pods but its own.

use serde_json::{Value, json};

use crate::apiserver::meta;

/// The labels, those of old names last.
const UID: [&str; 2] = ["batch.kubernetes.io/controller-uid", "controller-uid"];
const NAME: [&str; 2] = ["batch.kubernetes.io/job-name", "job-name"];

/// Completes a new Job, unless it brings its own selector.
pub(super) fn complete(job: &mut Value) {
    if job["spec"]["manualSelector"] == true {
        return;
    }
    let (uid, name) = (meta::text(job, "uid").to_owned(), meta::text(job, "name").to_owned());
    let Some(spec) = job.get_mut("spec").filter(|spec| spec.is_object()) else { return };
    if !spec["selector"].is_object() {
        spec["selector"] = json!({});
    }
    if !spec["selector"]["matchLabels"].is_object() {
        spec["selector"]["matchLabels"] = json!({});
    }
    if spec["selector"]["matchLabels"].get(UID[0]).is_none() {
        spec["selector"]["matchLabels"][UID[0]] = uid.as_str().into();
    }
    let Some(template) = spec.get_mut("template").filter(|template| template.is_object()) else { return };
    let mut labels = template["metadata"]["labels"].take();
    if !labels.is_object() {
        labels = json!({});
    }
    for (keys, value) in [(UID, &uid), (NAME, &name)] {
        for key in keys {
            labels[key] = value.as_str().into();
        }
    }
    template["metadata"]["labels"] = labels.clone();
    // A Job without labels has those of its Pods.
    if job["metadata"]["labels"].as_object().is_none_or(serde_json::Map::is_empty) {
        job["metadata"]["labels"] = labels;
    }
}
