//! The resources of a group's version, in the plain form of discovery.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::apiserver::catalog::Served;
use crate::apiserver::subresources;
use crate::apiserver::types::Kind;

/// The verbs of custom kinds, in the original's order.
const OF_CUSTOM: [&str; 8] =
    ["delete", "deletecollection", "get", "list", "patch", "create", "update", "watch"];
const STATUS: [&str; 3] = ["get", "patch", "update"];

/// A subresource: name, group, version and kind of what is sent, verbs.
pub(super) struct Sub {
    pub(super) name: &'static str,
    pub(super) group: String,
    pub(super) version: String,
    pub(super) kind: String,
    pub(super) verbs: Vec<&'static str>,
}

/// The subresources of a kind, sorted.
pub(super) fn subresources(kind: &Kind) -> Vec<Sub> {
    let mut all = Vec::new();
    if kind.has_status {
        let (group, version) = (kind.group.clone(), kind.version.clone());
        all.push(Sub { name: "status", group, version, kind: kind.kind.clone(), verbs: STATUS.to_vec() });
    }
    if kind.has_scale {
        let (group, version) = ("autoscaling".to_owned(), "v1".to_owned());
        all.push(Sub { name: "scale", group, version, kind: "Scale".to_owned(), verbs: STATUS.to_vec() });
    }
    for (name, group, version, kind, verbs) in subresources::served(kind) {
        all.push(Sub {
            name,
            group: (*group).to_owned(),
            version: (*version).to_owned(),
            kind: (*kind).to_owned(),
            verbs: verbs.to_vec(),
        });
    }
    all.sort_by_key(|sub| sub.name);
    all
}

/// `APIResourceList` of a version.
pub(super) fn list(group_version: &str, kinds: &[Served]) -> Value {
    let mut sorted: Vec<_> = kinds.iter().collect();
    sorted.sort_by(|one, other| one.plural.cmp(&other.plural));
    let resources: Vec<_> = sorted.into_iter().flat_map(|kind| entries(kind)).collect();
    let mut list = json!({"kind": "APIResourceList"});
    // The oldest of all lists does not say its own version.
    if group_version != "v1" {
        list["apiVersion"] = "v1".into();
    }
    list["groupVersion"] = group_version.into();
    list["resources"] = resources.into();
    list
}

/// What tells clients that a kind is stored in another version than before.
fn storage_hash(kind: &Kind) -> Option<String> {
    if !kind.verbs.iter().any(|verb| verb == "list") {
        return None;
    }
    // Events of both groups are stored as those of the older one.
    let group = if kind.kind == "Event" { "" } else { &kind.group };
    let digest = Sha256::digest(format!("{group}/{}/{}", kind.version, kind.kind));
    Some(STANDARD.encode(&digest[..8]))
}

fn entries(kind: &Kind) -> Vec<Value> {
    let mut entry = json!({
        "name": kind.plural, "singularName": kind.singular, "namespaced": kind.namespaced, "kind": kind.kind,
        "verbs": if kind.is_custom() { OF_CUSTOM.to_vec() } else { kind.verbs.iter().map(String::as_str).collect() }
    });
    if !kind.short_names.is_empty() {
        entry["shortNames"] = json!(kind.short_names);
    }
    if !kind.categories.is_empty() {
        entry["categories"] = json!(kind.categories);
    }
    if let Some(hash) = storage_hash(kind) {
        entry["storageVersionHash"] = hash.into();
    }
    let mut entries = vec![entry];
    for sub in subresources(kind) {
        let name = format!("{}/{}", kind.plural, sub.name);
        let mut entry = json!({"name": name, "singularName": "", "namespaced": kind.namespaced});
        if (sub.group.as_str(), sub.version.as_str()) != (kind.group.as_str(), kind.version.as_str()) {
            entry["group"] = sub.group.into();
            entry["version"] = sub.version.into();
        }
        entry["kind"] = sub.kind.into();
        entry["verbs"] = json!(sub.verbs);
        entries.push(entry);
    }
    entries
}
