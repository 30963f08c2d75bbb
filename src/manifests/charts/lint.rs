//! What is wrong with a chart, in the words and the order of `helm lint`.
//! <https://helm.sh/docs/helm/helm_lint/>

use std::fmt;

use serde_json::{Map, Value as Json};

use super::capabilities::Capabilities;
use super::chart::{Chart, File};
use super::coalesce::tables;
use super::lint_chart;
use super::lint_templates::templates;
use super::load::read_values;
use super::schema;

/// How grave a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Only said.
    Info,
    /// Against convention.
    Warning,
    /// It cannot be installed.
    Error,
}

/// Something that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// How grave it is.
    pub severity: Severity,
    /// The file or folder in the chart.
    pub path: String,
    /// What is wrong.
    pub message: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let severity = match self.severity {
            Severity::Info => "INFO",
            Severity::Warning => "WARNING",
            Severity::Error => "ERROR",
        };
        write!(formatter, "[{severity}] {}: {}", self.path, self.message)
    }
}

/// Findings on their way.
#[derive(Default)]
pub(super) struct Findings(Vec<Finding>);

impl Findings {
    /// Keeps what is wrong; returns whether nothing is.
    pub(super) fn check(&mut self, severity: Severity, path: &str, found: Result<(), String>) -> bool {
        let Err(message) = found else { return true };
        self.0.push(Finding { severity, path: path.to_owned(), message });
        false
    }
}

/// Looks at the files of a chart; `folder` is its name in messages, `values` are the user's.
pub fn lint(
    folder: &str,
    files: &[File],
    values: &Map<String, Json>,
    namespace: &str,
    capabilities: &Capabilities,
) -> Vec<Finding> {
    let mut findings = Findings::default();
    lint_chart::chart_file(&mut findings, files);
    self::values(&mut findings, files, values);
    templates(&mut findings, files, values, namespace, capabilities);
    dependencies(&mut findings, folder, files);
    definitions(&mut findings, files);
    findings.0
}

pub(super) fn find<'a>(files: &'a [File], name: &str) -> Option<&'a File> {
    files.iter().find(|file| file.name == name)
}

fn values(findings: &mut Findings, files: &[File], values: &Map<String, Json>) {
    const FILE: &str = "values.yaml";
    let Some(file) = find(files, FILE) else {
        findings.check(Severity::Info, FILE, Err("file does not exist".to_owned()));
        return;
    };
    let text = String::from_utf8_lossy(&file.data);
    let checked =
        read_values(&text).map_err(|error| format!("unable to parse YAML: {error}")).and_then(|own| {
            let mut all = values.clone();
            tables(&mut all, own, false);
            match find(files, "values.schema.json").filter(|schema| !schema.data.is_empty()) {
                Some(file) => schema::one(&file.data, &all),
                None => Ok(()),
            }
        });
    findings.check(Severity::Error, FILE, checked);
}

fn dependencies(findings: &mut Findings, folder: &str, files: &[File]) {
    let chart = match Chart::from_files(files.to_vec()) {
        Ok(chart) => chart,
        Err(error) => {
            findings.check(Severity::Error, "", Err(format!("unable to load chart\n\t{error}")));
            return;
        }
    };
    let wanted = &chart.metadata.dependencies;
    let there = chart.dependencies.iter().map(|one| one.metadata.name.as_str()).collect::<Vec<_>>();
    let told = |what: &str, names: Vec<&str>| {
        if names.is_empty() { Ok(()) } else { Err(format!("{what}: {}", names.join(","))) }
    };
    let unsaid = there.iter().filter(|name| !wanted.iter().any(|one| one.name == **name)).copied().collect();
    findings.check(Severity::Error, folder, told("chart metadata is missing these dependencies", unsaid));
    let missing = wanted.iter().map(|one| one.name.as_str()).filter(|name| !there.contains(name)).collect();
    findings.check(Severity::Warning, folder, told("chart directory is missing these dependencies", missing));
}

fn definitions(findings: &mut Findings, files: &[File]) {
    let is_manifest = |file: &&File| {
        let ending = file.name.rsplit('.').next().unwrap_or_default().to_ascii_lowercase();
        file.name.starts_with("crds/") && matches!(ending.as_str(), "yaml" | "yml" | "json")
    };
    for file in files.iter().filter(is_manifest) {
        for document in documents(&String::from_utf8_lossy(&file.data)) {
            let object = match document {
                Ok(object) => object,
                Err(reason) => {
                    findings.check(Severity::Error, &file.name, Err(reason));
                    return;
                }
            };
            let version = object["apiVersion"].as_str().unwrap_or_default();
            let is_ours = version.starts_with("apiextensions.k8s.io");
            let expected = || Err("apiVersion is not in 'apiextensions.k8s.io'".to_owned());
            findings.check(Severity::Error, &file.name, if is_ours { Ok(()) } else { expected() });
            let is_definition = object["kind"] == "CustomResourceDefinition";
            let expected = || Err("object kind is not 'CustomResourceDefinition'".to_owned());
            findings.check(Severity::Error, &file.name, if is_definition { Ok(()) } else { expected() });
        }
    }
}

/// The objects of a text, or why one is none.
pub(super) fn documents(text: &str) -> Vec<Result<Json, String>> {
    let mut parts = vec![String::new()];
    for line in text.split_inclusive('\n') {
        if line.trim_end() == "---" {
            parts.push(String::new());
        } else if let Some(last) = parts.last_mut() {
            last.push_str(line);
        }
    }
    let read = |text: String| match crate::manifests::yaml::read_legacy(&text) {
        Ok(Json::Null) => None,
        Ok(object @ Json::Object(_)) => Some(Ok(object)),
        Ok(_) => {
            Some(Err("unable to parse YAML: error unmarshaling JSON: json: cannot unmarshal into an object"
                .to_owned()))
        }
        Err(error) => Some(Err(format!("unable to parse YAML: error converting YAML to JSON: {error}"))),
    };
    parts.into_iter().filter_map(read).collect()
}
