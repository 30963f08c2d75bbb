//! What is wrong with templates and with what they come to, in the words of `helm lint`.

use std::sync::LazyLock;

use regex::Regex;
use serde_json::{Map, Value as Json};

use super::capabilities::Capabilities;
use super::chart::{Chart, File};
use super::lint::{Findings, Severity, documents};
use super::release::Release;
use super::render::{Options, render_files};

const FOLDER: &str = "templates/";
const SUBDOMAIN: &str = "[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*";
const LABEL: &str = "[a-z]([-a-z0-9]*[a-z0-9])?";
const DNS_LABEL: &str = "[a-z0-9]([-a-z0-9]*[a-z0-9])?";

static PATTERNS: LazyLock<[Regex; 3]> = LazyLock::new(|| {
    [SUBDOMAIN, LABEL, DNS_LABEL]
        .map(|pattern| Regex::new(&format!("^{pattern}$")).expect("the patterns are fixed"))
});

/// Looks at the templates of a chart.
pub(super) fn templates(
    findings: &mut Findings,
    files: &[File],
    values: &Map<String, Json>,
    namespace: &str,
    capabilities: &Capabilities,
) {
    if !files.iter().any(|file| file.name.starts_with(FOLDER)) {
        findings.check(Severity::Warning, FOLDER, Err("directory does not exist".to_owned()));
        return;
    }
    let chart = match Chart::from_files(files.to_vec()) {
        Ok(chart) => chart,
        Err(error) => {
            findings.check(Severity::Error, FOLDER, Err(error.to_string()));
            return;
        }
    };
    let release = Release {
        name: "test-release".to_owned(),
        namespace: namespace.to_owned(),
        revision: 1,
        is_upgrade: false,
    };
    let options = Options { lint: true, ..Options::default() };
    let texts = match render_files(&chart, values, &release, capabilities, &options) {
        Ok(texts) => texts,
        Err(error) => {
            findings.check(Severity::Error, FOLDER, Err(error.to_string()));
            return;
        }
    };
    for template in &chart.templates {
        let ending = template.name.rsplit('/').next().and_then(|name| name.rfind('.').map(|at| &name[at..]));
        let ending = ending.unwrap_or_default();
        let known = if [".yaml", ".yml", ".tpl", ".txt"].contains(&ending) {
            Ok(())
        } else {
            Err(format!(
                "file extension '{ending}' not valid. Valid extensions are .yaml, .yml, .tpl, or .txt"
            ))
        };
        findings.check(Severity::Error, &template.name, known);
        if ![".yaml", ".yml"].contains(&ending.to_ascii_lowercase().as_str()) {
            continue;
        }
        let text = texts.get(&format!("{}/{}", chart.name(), template.name));
        if let Some(text) = text.filter(|text| !text.trim().is_empty())
            && !rendered(findings, &template.name, text)
        {
            return;
        }
    }
}

/// Looks at what a template comes to; false when nothing more can be said.
fn rendered(findings: &mut Findings, path: &str, text: &str) -> bool {
    findings.check(Severity::Warning, path, indent(text));
    for document in documents(text) {
        let object = match document {
            Ok(object) => object,
            Err(reason) => return findings.check(Severity::Error, path, Err(reason)),
        };
        findings.check(Severity::Warning, path, object_name(&object));
        findings.check(Severity::Error, path, selector(&object, text));
        findings.check(Severity::Error, path, list(&object));
    }
    true
}

fn indent(text: &str) -> Result<(), String> {
    match text.lines().find(|line| !line.trim().is_empty()) {
        Some(line) if line.starts_with([' ', '\t']) => {
            Err(format!("document starts with an illegal indent: {line:?}, which may cause parsing problems"))
        }
        _ => Ok(()),
    }
}

fn object_name(object: &Json) -> Result<(), String> {
    let name = object["metadata"]["name"].as_str().unwrap_or_default();
    let kind = object["kind"].as_str().unwrap_or_default().to_ascii_lowercase();
    let fits = |at: usize, longest: usize| PATTERNS[at].is_match(name) && name.len() <= longest;
    let (fits, words) = match kind.as_str() {
        "certificatesigningrequest" => return Ok(()),
        "role" | "clusterrole" | "rolebinding" | "clusterrolebinding" => (
            name != "." && name != ".." && !name.contains(['/', '%']),
            "may not contain '/' or '%'".to_owned(),
        ),
        "service" => (
            fits(1, 63),
            format!(
                "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic \
                 character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for \
                 validation is '{LABEL}')"
            ),
        ),
        "namespace" => (
            fits(2, 63),
            format!(
                "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start \
                 and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is \
                 '{DNS_LABEL}')"
            ),
        ),
        _ => (
            fits(0, 253),
            format!(
                "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and \
                 must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is \
                 '{SUBDOMAIN}')"
            ),
        ),
    };
    if fits {
        return Ok(());
    }
    Err(format!(
        "object name does not conform to Kubernetes naming requirements: {name:?}: metadata.name: Invalid value: \
         {name:?}: {words}"
    ))
}

fn selector(object: &Json, text: &str) -> Result<(), String> {
    let kind = object["kind"].as_str().unwrap_or_default();
    let needs = ["Deployment", "ReplicaSet", "DaemonSet", "StatefulSet"].contains(&kind);
    if !needs || text.contains("matchLabels") || text.contains("matchExpressions") {
        return Ok(());
    }
    let name = object["metadata"]["name"].as_str().unwrap_or_default();
    Err(format!("a {kind} must contain matchLabels or matchExpressions, and {name:?} does not"))
}

fn list(object: &Json) -> Result<(), String> {
    let items = object["items"].as_array().filter(|_| object["kind"] == "List");
    let kept = |item: &Json| item["metadata"]["annotations"].get("helm.sh/resource-policy").is_some();
    if items.is_some_and(|items| items.iter().any(kept)) {
        return Err("annotation 'helm.sh/resource-policy' within List objects are ignored".to_owned());
    }
    Ok(())
}
