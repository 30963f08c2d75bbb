//! Brings an object into the version of a URL.

use bytes::Bytes;
use serde_json::Value;

use super::events;
use crate::apiserver::meta;
use crate::apiserver::types::Kind;

/// Brings `object` into the version of `kind`.
pub(crate) fn into_version(kind: &Kind, object: &mut Value) {
    let api_version = kind.api_version();
    if kind.kind == "Event" && object["apiVersion"].as_str() != Some(api_version.as_str()) {
        events::convert(&api_version, object);
    }
    meta::order(object, &api_version, &kind.kind);
}

/// Stored bytes in the version of `kind`: usually they are so already.
pub(crate) fn view(kind: &Kind, json: &Bytes) -> Bytes {
    if json.starts_with(prefix(kind).as_bytes()) {
        return json.clone();
    }
    let Ok(mut object) = serde_json::from_slice::<Value>(json) else { return json.clone() };
    into_version(kind, &mut object);
    bytes(&object)
}

/// How every object of `kind` begins.
pub(crate) fn prefix(kind: &Kind) -> String {
    format!("{{\"kind\":\"{}\",\"apiVersion\":\"{}\",", kind.kind, kind.api_version())
}

/// An object's bytes.
pub(crate) fn render(object: &Value) -> Vec<u8> {
    serde_json::to_vec(object).expect("a JSON value can always be written")
}

/// An object's bytes, to be shared.
pub(crate) fn bytes(object: &Value) -> Bytes {
    render(object).into()
}

/// An object as it is stored: with the revision of its write, and Events always in the core group's spelling.
pub(crate) fn stored(kind: &Kind, mut object: Value, revision: u64) -> Vec<u8> {
    meta::set(&mut object, "resourceVersion", Some(revision.to_string().into()));
    if kind.group == "events.k8s.io" {
        events::convert("v1", &mut object);
        meta::order(&mut object, "v1", &kind.kind);
    } else {
        meta::order(&mut object, &kind.api_version(), &kind.kind);
    }
    render(&object)
}
