//! One kind of objects: its names, what can be done with it, and the type of its fields.

use std::sync::Arc;

use serde_json::Value;

use super::Schema;

/// A kind in one version of its group.
#[derive(Clone, Debug)]
#[expect(clippy::struct_field_names, reason = "`kind` is the word of the protocol")]
#[expect(clippy::struct_excessive_bools, reason = "each says of itself whether something is served")]
pub(crate) struct Kind {
    /// Empty for the core group.
    pub group: String,
    /// Such as `v1`.
    pub version: String,
    /// In `CamelCase`, such as `ConfigMap`.
    pub kind: String,
    /// The resource's name in addresses.
    pub plural: String,
    /// For people.
    pub singular: String,
    /// The kind of lists, such as `ConfigMapList`.
    pub list_kind: String,
    /// For people in a hurry.
    pub short_names: Vec<String>,
    /// Names of groups of kinds, such as `all`.
    pub categories: Vec<String>,
    /// Whether objects live in namespaces.
    pub namespaced: bool,
    /// Sorted.
    pub verbs: Vec<String>,
    /// Whether `/status` is served.
    pub has_status: bool,
    /// Whether `/scale` is served.
    pub has_scale: bool,
    /// Where `/scale` finds its numbers.
    pub scale: Option<ScalePaths>,
    /// The type of objects.
    pub schema: Schema,
    /// The definition's name in OpenAPI documents; for built-in kinds it is also the one of the table.
    pub definition: String,
    /// What a custom kind's definition says of its fields, as it was written.
    pub custom: Option<Arc<Value>>,
    /// Whether a custom kind has rules in the common expression language.
    pub has_rules: bool,
    /// The columns that a custom kind's definition asks for.
    pub columns: Option<Vec<PrinterColumn>>,
}

/// Where `/scale` finds its numbers, as paths such as `.spec.replicas`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ScalePaths {
    /// The wanted number.
    pub spec_replicas: String,
    /// The number that there is.
    pub status_replicas: String,
    /// The selector as a text, in the status.
    pub selector: Option<String>,
}

/// A column of `kubectl get`, as a custom kind's definition asks for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PrinterColumn {
    /// The heading.
    pub name: String,
    /// `string`, `integer`, `number`, `boolean` or `date`.
    pub kind: String,
    /// A hint for clients.
    pub format: String,
    /// For people.
    pub description: String,
    /// Above 0 only for wide output.
    pub priority: i64,
    /// Where the cell's value is.
    pub json_path: String,
}

impl Kind {
    /// `apps/v1`, or `v1` in the core group.
    pub(crate) fn api_version(&self) -> String {
        if self.group.is_empty() { self.version.clone() } else { format!("{}/{}", self.group, self.version) }
    }

    /// Whether this kind comes from a definition that a user made.
    pub(crate) fn is_custom(&self) -> bool {
        self.custom.is_some()
    }
}
