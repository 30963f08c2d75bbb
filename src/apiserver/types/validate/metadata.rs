//! What the metadata of every object must be.

use serde_json::Value;

use super::FieldError;
use super::names::{self, quoted};
use crate::apiserver::types::Kind;

/// How large all annotations together may be, in bytes.
const ANNOTATIONS: usize = 256 * 1024;

/// Checks `metadata`.
pub(super) fn validate(kind: &Kind, object: &Value, errors: &mut Vec<FieldError>) {
    let metadata = &object["metadata"];
    match metadata["name"].as_str() {
        None | Some("") => {
            errors.push(FieldError::required("metadata.name", "name or generateName is required"));
        }
        Some(name) => {
            for words in names::object_name(kind, name) {
                errors.push(FieldError::invalid("metadata.name", &quoted(name), &words));
            }
        }
    }
    let prefix = metadata["generateName"].as_str().unwrap_or_default();
    if !prefix.is_empty() {
        // What is generated goes on with letters, so a prefix may end in a way that a name may not.
        let masked = format!("{}a", prefix.strip_suffix('-').unwrap_or(prefix));
        for words in names::object_name(kind, &masked) {
            errors.push(FieldError::invalid("metadata.generateName", &quoted(prefix), &words));
        }
    }
    labels(&metadata["labels"], "metadata.labels", errors);
    annotations(metadata, errors);
    owners(&metadata["ownerReferences"], errors);
    for (place, finalizer) in metadata["finalizers"].as_array().into_iter().flatten().enumerate() {
        let name = finalizer.as_str().unwrap_or_default();
        for words in names::qualified(name) {
            errors.push(FieldError::invalid("metadata.finalizers", finalizer, &words));
        }
        // Only the core server's own kinds know the list of standard names.
        let own = !kind.is_custom() && kind.group != "apiextensions.k8s.io";
        for words in names::finalizer(name).into_iter().filter(|_| own) {
            errors.push(FieldError::invalid(format!("metadata.finalizers[{place}]"), finalizer, &words));
        }
    }
}

fn annotations(metadata: &Value, errors: &mut Vec<FieldError>) {
    let mut size = 0;
    for (key, value) in metadata["annotations"].as_object().into_iter().flatten() {
        // Annotations may be written in any case.
        for words in names::qualified(&key.to_lowercase()) {
            errors.push(FieldError::invalid("metadata.annotations", &quoted(key), &words));
        }
        size += key.len() + value.as_str().map_or(0, str::len);
    }
    if size > ANNOTATIONS {
        errors.push(FieldError::too_long("metadata.annotations", ANNOTATIONS as u64));
    }
}

fn owners(owners: &Value, errors: &mut Vec<FieldError>) {
    let at = "metadata.ownerReferences";
    let mut controller: Option<String> = None;
    for owner in owners.as_array().into_iter().flatten() {
        let text = |field: &str| owner[field].as_str().unwrap_or_default();
        let version = text("apiVersion").rsplit_once('/').map_or(text("apiVersion"), |(_, version)| version);
        if version.is_empty() || text("apiVersion").matches('/').count() > 1 {
            let detail = "version must not be empty";
            errors.push(FieldError::invalid(format!("{at}.apiVersion"), &quoted(text("apiVersion")), detail));
        }
        for field in ["kind", "name", "uid"].into_iter().filter(|field| text(field).is_empty()) {
            errors.push(FieldError::invalid(format!("{at}.{field}"), &quoted(""), "must not be empty"));
        }
        if text("apiVersion") == "v1" && text("kind") == "Event" {
            let detail = "/v1, Kind=Event is disallowed from being an owner";
            errors.push(FieldError::invalid(at, owner, detail));
        }
        if owner["controller"] == true {
            let own = format!("{}/{}", text("kind"), text("name"));
            match &controller {
                None => controller = Some(own),
                Some(first) => {
                    let detail = format!(
                        "Only one reference can have Controller set to true. Found \"true\" in references for \
                         {first} and {own}"
                    );
                    errors.push(FieldError::invalid(at, owners, &detail));
                }
            }
        }
    }
}

/// Checks labels at `field`.
pub(super) fn labels(labels: &Value, field: &str, errors: &mut Vec<FieldError>) {
    for (key, value) in labels.as_object().into_iter().flatten() {
        for words in names::qualified(key) {
            errors.push(FieldError::invalid(field, &quoted(key), &words));
        }
        let value = value.as_str().unwrap_or_default();
        for words in names::label_value(value) {
            errors.push(FieldError::invalid(field, &quoted(value), &words));
        }
    }
}
