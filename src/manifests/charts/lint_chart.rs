//! What is wrong with `Chart.yaml`, in the words of `helm lint`.

use std::sync::LazyLock;

use regex::Regex;
use serde_json::Value as Json;

use super::chart::File;
use super::lint::{Findings, Severity, find};
use super::load::metadata;
use super::metadata::{Maintainer, Metadata};
use crate::manifests::semver::Version;
use crate::manifests::yaml::read_legacy;

const FILE: &str = "Chart.yaml";
/// The fields that there are.
const FIELDS: [&str; 18] = [
    "name",
    "home",
    "sources",
    "version",
    "description",
    "keywords",
    "maintainers",
    "icon",
    "apiVersion",
    "condition",
    "tags",
    "appVersion",
    "deprecated",
    "annotations",
    "kubeVersion",
    "dependencies",
    "type",
    "engine",
];

static STRICT: LazyLock<Regex> = LazyLock::new(|| {
    let number = r"(0|[1-9]\d*)";
    let word = r"(0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*)";
    let strict =
        format!(r"^{number}\.{number}\.{number}(-{word}(\.{word})*)?(\+[0-9a-zA-Z-]+(\.[0-9a-zA-Z-]+)*)?$");
    Regex::new(&strict).expect("the pattern is fixed")
});
static EMAIL: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r#"^[^\s@"(),:;<>\[\]]+@[^\s@.]+(\.[^\s@.]+)+$"#).expect("the pattern is fixed")
});
static LINK: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^((https?|ftp)://)?([^\s/@]+@)?([A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+|localhost|\[[0-9a-fA-F:]+\])(:\d{1,5})?([/?#]\S*)?$")
        .expect("the pattern is fixed")
});

fn told(wrong: bool, message: impl FnOnce() -> String) -> Result<(), String> {
    if wrong { Err(message()) } else { Ok(()) }
}

/// Looks at the file.
pub(super) fn chart_file(findings: &mut Findings, files: &[File]) {
    let Some(file) = find(files, FILE) else { return };
    let text = String::from_utf8_lossy(&file.data);
    let read = metadata(file).map_err(|error| format!("unable to parse YAML\n\t{}", reason(error)));
    let (chart, error) = match read {
        Ok(chart) => (chart, None),
        Err(error) => (Metadata::default(), Some(error)),
    };
    if let Some(error) = error {
        findings.check(Severity::Error, FILE, Err(error));
        return;
    }
    let plain = read_legacy(&text).unwrap_or_default();
    findings.check(Severity::Warning, FILE, strict(&plain));
    let checks = [
        name(&chart),
        api_version(&chart),
        is_text(&plain, "version"),
        version(&chart),
        is_text(&plain, "appVersion"),
        chart.maintainers.iter().try_for_each(|one| maintainer(one.as_ref())),
        chart
            .sources
            .iter()
            .try_for_each(|source| told(!is_request(source), || format!("invalid source URL '{source}'"))),
    ];
    for check in checks {
        findings.check(Severity::Error, FILE, check);
    }
    findings.check(Severity::Info, FILE, told(chart.icon.is_empty(), || "icon is recommended".to_owned()));
    let icon = &chart.icon;
    let api = &chart.api_version;
    let old = api != "v2";
    let checks = [
        told(!icon.is_empty() && !is_request(icon), || format!("invalid icon URL '{icon}'")),
        told(old && !chart.r#type.is_empty(), || {
            format!("chart type is not valid in apiVersion '{api}'. It is valid in apiVersion 'v2'")
        }),
        told(old && !chart.dependencies.is_empty(), || {
            format!(
                "dependencies are not valid in the Chart file with apiVersion '{api}'. They are valid in apiVersion 'v2'"
            )
        }),
    ];
    for check in checks {
        findings.check(Severity::Error, FILE, check);
    }
    let version = &chart.version;
    let strict = told(!STRICT.is_match(version), || format!("version '{version}' is not a valid SemVerV2"));
    findings.check(Severity::Warning, FILE, strict);
}

fn reason(error: super::LoadError) -> String {
    match error {
        super::LoadError::Yaml { message, .. } => message,
        error => error.to_string(),
    }
}

fn strict(plain: &Json) -> Result<(), String> {
    let unknown = plain.as_object().into_iter().flatten().map(|(field, _)| field);
    match unknown.into_iter().find(|field| !FIELDS.iter().any(|known| known.eq_ignore_ascii_case(field))) {
        Some(field) => Err(format!(
            "failed to strictly parse chart metadata file\n\terror unmarshaling JSON: while decoding JSON: json: unknown field \"{field}\""
        )),
        None => Ok(()),
    }
}

fn name(chart: &Metadata) -> Result<(), String> {
    let name = &chart.name;
    told(name.is_empty(), || "name is required".to_owned())?;
    told(name.contains('/') || name == "." || name == "..", || format!("chart name {name:?} is invalid"))
}

fn api_version(chart: &Metadata) -> Result<(), String> {
    let right = "The value must be either \"v1\" or \"v2\"";
    match chart.api_version.as_str() {
        "v1" | "v2" => Ok(()),
        "" => Err(format!("apiVersion is required. {right}")),
        other => Err(format!("apiVersion '{other}' is not valid. {right}")),
    }
}

fn is_text(plain: &Json, field: &str) -> Result<(), String> {
    let kind = match &plain[field] {
        Json::Number(_) => "float64",
        Json::Bool(_) => "bool",
        _ if plain.get(field).is_some_and(Json::is_null) => "<nil>",
        _ => return Ok(()),
    };
    Err(format!("{field} should be of type string but it's of type {kind}"))
}

fn version(chart: &Metadata) -> Result<(), String> {
    let version = &chart.version;
    told(version.is_empty(), || "version is required".to_owned())?;
    told(Version::parse(version).is_err(), || format!("version '{version}' is not a valid SemVer"))?;
    told(version == "0.0.0-0", || "version 0.0.0-0 is less than or equal to 0.0.0-0".to_owned())
}

fn maintainer(maintainer: Option<&Maintainer>) -> Result<(), String> {
    let Some(Maintainer { name, email, url }) = maintainer else {
        return Err("a maintainer entry is empty".to_owned());
    };
    told(name.is_empty(), || "each maintainer requires a name".to_owned())?;
    let wrong = !email.is_empty() && !EMAIL.is_match(email);
    told(wrong, || format!("invalid email '{email}' for maintainer '{name}'"))?;
    told(!url.is_empty() && !LINK.is_match(url), || format!("invalid url '{url}' for maintainer '{name}'"))
}

/// Whether an address has a scheme and what it leads to.
fn is_request(url: &str) -> bool {
    let scheme = |text: &str| {
        text.starts_with(|c: char| c.is_ascii_alphabetic())
            && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte))
    };
    url.split_once(':').is_some_and(|(name, rest)| scheme(name) && !rest.is_empty())
        && !url.contains(char::is_whitespace)
}
