//! A chart in memory.

use serde_json::{Map, Value as Json};

use super::metadata::Metadata;

/// A file of a chart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    /// Its path in the chart.
    pub name: String,
    /// What is in it.
    pub data: Vec<u8>,
}

/// A chart with its dependencies.
#[derive(Clone, Debug, Default)]
pub struct Chart {
    /// `Chart.yaml`.
    pub metadata: Metadata,
    /// `templates/`.
    pub templates: Vec<File>,
    /// `values.yaml`.
    pub values: Map<String, Json>,
    /// `values.schema.json`.
    pub schema: Option<Vec<u8>>,
    /// All other files.
    pub files: Vec<File>,
    /// `charts/`.
    pub dependencies: Vec<Chart>,
}

impl Chart {
    /// Its name; that of the alias, where a parent gives it one.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.metadata.name
    }

    /// The files of `crds/`, its own before those of its dependencies.
    #[must_use]
    pub fn crds(&self) -> Vec<&File> {
        let is_manifest = |file: &&File| {
            let extension = file.name.rsplit('.').next().unwrap_or_default().to_ascii_lowercase();
            file.name.starts_with("crds/") && matches!(extension.as_str(), "yaml" | "yml" | "json")
        };
        let own = self.files.iter().filter(is_manifest);
        own.chain(self.dependencies.iter().flat_map(Chart::crds)).collect()
    }
}
