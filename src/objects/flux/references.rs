//! Parts that the kinds of Flux share: artifacts, references.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What a source has fetched and stored.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Artifact {
    /// `sha256:<hex>` of the stored file.
    pub digest: String,
    /// When it was stored.
    #[schemars(extend("format" = "date-time"))]
    pub last_update_time: String,
    /// What a registry says of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub metadata: Option<BTreeMap<String, String>>,
    /// The path in the storage.
    pub path: String,
    /// Such as `main@sha1:<commit>`.
    pub revision: String,
    /// In bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub size: Option<i64>,
    /// The address inside the cluster.
    pub url: String,
}

/// Names an object in the same namespace.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LocalReference {
    /// The object's name.
    pub name: String,
}
