//! `/openapi/v3`: the index of groups, and the document of one group in one version.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};

use super::definitions::{Dialect, definitions};
use super::descriptions::describe;
use super::paths::{group_path, paths};
use crate::apiserver::types::Kind;

/// The version whose kinds are served.
const VERSION: &str = "v1.34.1";

pub(super) fn information() -> Value {
    json!({ "title": "Kubernetes", "version": VERSION })
}

/// The index of all groups that `kinds` belong to. A group's address changes with its kinds.
pub(crate) fn v3_index(kinds: &[&Kind]) -> Value {
    let mut groups: BTreeMap<String, Sha256> = BTreeMap::new();
    for kind in kinds {
        let hash = groups.entry(group_path(&kind.group, &kind.version)).or_default();
        hash.update(kind.definition.as_bytes());
        hash.update([u8::from(kind.has_status), u8::from(kind.namespaced)]);
        if let Some(written) = &kind.custom {
            hash.update(written.to_string().as_bytes());
        }
    }
    let paths: Map<String, Value> = groups
        .into_iter()
        .map(|(path, hash)| {
            let hash = hash.finalize();
            let hash = hash.iter().fold(String::new(), |mut words, byte| {
                let _ = write!(words, "{byte:02X}");
                words
            });
            let url = json!({ "serverRelativeURL": format!("/openapi/v3{path}?hash={hash}") });
            (path.trim_start_matches('/').to_owned(), url)
        })
        .collect();
    json!({ "paths": paths })
}

/// The document of a group in one version.
pub(crate) fn v3_group(kinds: &[&Kind], group: &str, version: &str) -> Value {
    let kinds: Vec<&Kind> =
        kinds.iter().copied().filter(|kind| kind.group == group && kind.version == version).collect();
    let mut schemas = definitions(&kinds, Dialect::V3);
    describe(group, &mut schemas);
    json!({
        "openapi": "3.0.0",
        "info": information(),
        "paths": paths(&kinds, Dialect::V3),
        "components": { "schemas": schemas },
    })
}
