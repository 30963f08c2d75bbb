//! `Chart.yaml`: read, checked as Helm does, and shown to templates as `.Chart`.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value as Json;

use super::encoding::from_json;
use super::template::{Map, MapKind, Text, Value};
use crate::manifests::semver::Version;

/// What a chart says of itself.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Metadata {
    /// Required.
    pub name: String,
    /// A page about it.
    pub home: String,
    /// Where its source is.
    pub sources: Vec<String>,
    /// Required, a version.
    pub version: String,
    /// In a sentence.
    pub description: String,
    /// To find it by.
    pub keywords: Vec<String>,
    /// Who keeps it.
    pub maintainers: Vec<Option<Maintainer>>,
    /// A picture.
    pub icon: String,
    /// `v1` or `v2`; `v1` where it is missing.
    pub api_version: String,
    /// Unused by Helm.
    pub condition: String,
    /// Unused by Helm.
    pub tags: String,
    /// The version of what it installs.
    pub app_version: String,
    /// Whether nobody should use it any more.
    pub deprecated: bool,
    /// For other programs.
    pub annotations: BTreeMap<String, String>,
    /// A range of Kubernetes versions.
    pub kube_version: String,
    /// Other charts.
    pub dependencies: Vec<Dependency>,
    /// `application` or `library`.
    pub r#type: String,
}

/// Somebody who keeps a chart.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Maintainer {
    /// A person or organisation.
    pub name: String,
    /// An address.
    pub email: String,
    /// A page.
    pub url: String,
}

/// A chart that another one needs.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
pub struct Dependency {
    /// Its name.
    pub name: String,
    /// A range.
    pub version: String,
    /// Where it comes from.
    pub repository: String,
    /// Paths of values, separated by commas; the first that is there decides whether it is on.
    pub condition: String,
    /// Names under `tags` that switch it on or off.
    pub tags: Vec<String>,
    /// Whether it is on, set while values are processed.
    pub enabled: bool,
    /// What of its values goes to the parent.
    pub import_values: Vec<Json>,
    /// Another name for it.
    pub alias: String,
}

impl Metadata {
    /// Whether its templates render nothing by themselves.
    #[must_use]
    pub fn is_library(&self) -> bool {
        self.r#type.eq_ignore_ascii_case("library")
    }

    /// Checks it, with Helm's words.
    pub fn check(&self) -> Result<(), String> {
        let wrong = |message: String| Err(format!("validation: {message}"));
        if self.name.is_empty() {
            return wrong("chart.metadata.name is required".to_owned());
        }
        if self.name == "." || self.name == ".." {
            return wrong(format!("chart.metadata.name {:?} is not allowed", self.name));
        }
        if self.name.contains('/') {
            return wrong(format!("chart.metadata.name {:?} is invalid", self.name));
        }
        if self.version.is_empty() {
            return wrong("chart.metadata.version is required".to_owned());
        }
        if Version::parse(&self.version).is_err() {
            return wrong(format!("chart.metadata.version {:?} is invalid", self.version));
        }
        if !matches!(self.r#type.as_str(), "" | "application" | "library") {
            return wrong("chart.metadata.type must be application or library".to_owned());
        }
        if self.maintainers.iter().any(Option::is_none) {
            return wrong("maintainers must not contain empty or null nodes".to_owned());
        }
        let mut known = Vec::new();
        for dependency in &self.dependencies {
            let alias = &dependency.alias;
            let fits = |char: char| char.is_ascii_alphanumeric() || char == '_' || char == '-';
            if !alias.chars().all(fits) {
                return wrong(format!(
                    "dependency {:?} has disallowed characters in the alias",
                    dependency.name
                ));
            }
            let key = if alias.is_empty() { &dependency.name } else { alias };
            if known.contains(&key) {
                return wrong(format!("more than one dependency with name or alias {key:?}"));
            }
            known.push(key);
        }
        Ok(())
    }

    /// `.Chart`.
    pub(super) fn value(&self, is_root: bool) -> Value {
        let texts =
            |items: &[String]| Value::list(items.iter().map(|item| Value::text(item.as_str())).collect());
        let annotations = self.annotations.iter();
        let annotations =
            annotations.map(|(key, value)| (Text::from(key.as_str()), Value::text(value.as_str()))).collect();
        let maintainer = |maintainer: &Option<Maintainer>| {
            let maintainer = maintainer.clone().unwrap_or_default();
            fields([
                ("Name", Value::text(maintainer.name)),
                ("Email", Value::text(maintainer.email)),
                ("URL", Value::text(maintainer.url)),
            ])
        };
        let text = |text: &String| Value::text(text.as_str());
        let mut annotated = Value::Map(Map::new(MapKind::Text, annotations));
        if self.annotations.is_empty() {
            annotated = Value::Map(Map::new(MapKind::Text, BTreeMap::new()));
        }
        fields([
            ("Name", text(&self.name)),
            ("Home", text(&self.home)),
            ("Sources", texts(&self.sources)),
            ("Version", text(&self.version)),
            ("Description", text(&self.description)),
            ("Keywords", texts(&self.keywords)),
            ("Maintainers", Value::list(self.maintainers.iter().map(maintainer).collect())),
            ("Icon", text(&self.icon)),
            ("APIVersion", text(&self.api_version)),
            ("Condition", text(&self.condition)),
            ("Tags", text(&self.tags)),
            ("AppVersion", text(&self.app_version)),
            ("Deprecated", Value::Bool(self.deprecated)),
            ("Annotations", annotated),
            ("KubeVersion", text(&self.kube_version)),
            ("Dependencies", Value::list(self.dependencies.iter().map(Dependency::value).collect())),
            ("Type", text(&self.r#type)),
            ("IsRoot", Value::Bool(is_root)),
        ])
    }
}

fn fields<const N: usize>(fields: [(&str, Value); N]) -> Value {
    Value::map(fields.map(|(name, value)| (Text::from(name), value)))
}

impl Dependency {
    fn value(&self) -> Value {
        let text = |text: &String| Value::text(text.as_str());
        fields([
            ("Name", text(&self.name)),
            ("Version", text(&self.version)),
            ("Repository", text(&self.repository)),
            ("Condition", text(&self.condition)),
            ("Tags", Value::list(self.tags.iter().map(|tag| Value::text(tag.as_str())).collect())),
            ("Enabled", Value::Bool(self.enabled)),
            ("ImportValues", Value::list(self.import_values.iter().map(from_json).collect())),
            ("Alias", text(&self.alias)),
        ])
    }
}
