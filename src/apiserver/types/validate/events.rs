//! What Kubernetes checks in Events of both groups, after `pkg/apis/core/validation/events.go`.

use super::field::{Errors, Field};
use super::names::quoted;

/// An Event of the core group. What is new there says when it was seen, and then more is demanded.
pub(super) fn core(object: &Field, errors: &mut Errors) {
    let own = object.get("metadata").get("namespace");
    let about = object.get("involvedObject").get("namespace");
    if about.text() != own.text() {
        about.wrong(&quoted(about.text()), "does not match event.namespace", errors);
    }
    if object.get("eventTime").text().is_empty() {
        return;
    }
    reporter(&object.get("reportingComponent"), errors);
    for name in ["reportingInstance", "action", "reason"] {
        object.get(name).must_be_text("", errors);
    }
}

/// An Event of the group `events.k8s.io`.
pub(super) fn validate(object: &Field, new: bool, errors: &mut Errors) {
    if !new {
        return;
    }
    object.get("eventTime").must_be_text("", errors);
    if !object.get("eventTime").text().is_empty() {
        reporter(&object.get("reportingController"), errors);
        for name in ["reportingInstance", "action", "reason"] {
            object.get(name).must_be_text("", errors);
        }
    }
    let kind = object.get("type");
    if !matches!(kind.text(), "Normal" | "Warning") {
        kind.wrong(&quoted(""), &format!("has invalid value: {}", kind.text()), errors);
    }
    if object.get("note").text().len() > 1024 {
        let message = Field { path: "message".to_owned(), ..object.get("note") };
        message.wrong(&quoted(""), "can have at most 1024 characters", errors);
    }
    let count = Field { path: "count".to_owned(), ..object.get("deprecatedCount") };
    if count.count() != 0 {
        count.wrong(&quoted(""), "needs to be unset", errors);
    }
}

fn reporter(reporter: &Field, errors: &mut Errors) {
    reporter.must_be_text("", errors);
    reporter.qualified(errors);
}
