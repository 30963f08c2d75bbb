//! Which subcharts are on, under which names, and what of their values goes to the parent.

use serde_json::{Map, Value as Json};

use super::chart::Chart;
use super::coalesce::{coalesce, tables};
use super::error::Error;
use super::metadata::Dependency;
use crate::manifests::semver::{Constraint, Version};

type Values = Map<String, Json>;

/// Makes of a chart what it is for these values.
pub(super) fn process(chart: &mut Chart, values: &Values) -> Result<(), Error> {
    enable(chart, values, "")?;
    import(chart)
}

/// Whether a version is in a range; not, where one of them is malformed.
pub(super) fn is_compatible(range: &str, version: &str) -> bool {
    let parsed = Constraint::parse(range).ok().zip(Version::parse(version).ok());
    parsed.is_some_and(|(range, version)| range.allows(&version))
}

fn enable(chart: &mut Chart, values: &Values, path: &str) -> Result<(), Error> {
    if chart.metadata.dependencies.is_empty() {
        return Ok(());
    }
    let wanted = |request: &Dependency, subchart: &Chart| {
        subchart.name() == request.name && is_compatible(&request.version, &subchart.metadata.version)
    };
    let present = std::mem::take(&mut chart.dependencies);
    let mut charts = Vec::new();
    for subchart in &present {
        if !chart.metadata.dependencies.iter().any(|request| wanted(request, subchart)) {
            charts.push(subchart.clone());
        }
    }
    for request in &mut chart.metadata.dependencies {
        if let Some(subchart) = present.iter().find(|subchart| wanted(request, subchart)) {
            let mut copy = subchart.clone();
            if !request.alias.is_empty() {
                copy.metadata.name.clone_from(&request.alias);
            }
            charts.push(copy);
        }
        if !request.alias.is_empty() {
            request.name.clone_from(&request.alias);
        }
        request.enabled = true;
    }
    chart.dependencies = charts;
    let merged = coalesce(chart, values, false)?;
    for request in &mut chart.metadata.dependencies {
        by_tags(request, &merged);
        by_condition(request, &merged, path);
    }
    let disabled = chart.metadata.dependencies.iter().filter(|request| !request.enabled);
    let disabled = disabled.map(|request| request.name.clone()).collect::<Vec<_>>();
    chart.dependencies.retain(|subchart| !disabled.contains(&subchart.metadata.name));
    chart.metadata.dependencies.retain(|request| !disabled.contains(&request.name));
    for subchart in &mut chart.dependencies {
        let path = format!("{path}{}.", subchart.metadata.name);
        enable(subchart, &merged, &path)?;
    }
    Ok(())
}

fn by_tags(request: &mut Dependency, values: &Values) {
    let Some(Json::Object(tags)) = values.get("tags") else { return };
    let flags = request.tags.iter().filter_map(|tag| tags.get(tag)?.as_bool()).collect::<Vec<_>>();
    request.enabled = flags.is_empty() || flags.contains(&true);
}

fn by_condition(request: &mut Dependency, values: &Values, path: &str) {
    for condition in request.condition.trim().split(',').filter(|condition| !condition.is_empty()) {
        let found = find(values, &format!("{path}{condition}"));
        if let Some(Json::Bool(enabled)) = found {
            request.enabled = *enabled;
            return;
        }
    }
}

fn find<'a>(values: &'a Values, path: &str) -> Option<&'a Json> {
    let mut parts = path.split('.');
    let mut current = values.get(parts.next()?)?;
    for part in parts {
        current = current.as_object()?.get(part)?;
    }
    Some(current)
}

/// Follows `import-values`, the innermost charts first.
fn import(chart: &mut Chart) -> Result<(), Error> {
    for subchart in &mut chart.dependencies {
        import(subchart)?;
    }
    if chart.metadata.dependencies.is_empty() {
        return Ok(());
    }
    let values = coalesce(chart, &Values::new(), true)?;
    let mut imported = Values::new();
    for request in &chart.metadata.dependencies {
        for wanted in &request.import_values {
            let (child, parent) = match wanted {
                Json::String(name) => (format!("exports.{name}"), ".".to_owned()),
                Json::Object(fields) => {
                    let text = |key: &str| fields.get(key).and_then(Json::as_str).unwrap_or("<nil>");
                    (text("child").to_owned(), text("parent").to_owned())
                }
                _ => continue,
            };
            if let Some(Json::Object(table)) = find(&values, &format!("{}.{child}", request.name)) {
                tables(&mut imported, at(&parent, table.clone()), true);
            }
        }
    }
    let mut merged = values;
    tables(&mut merged, imported, true);
    chart.values = merged;
    Ok(())
}

/// A table under a path.
fn at(path: &str, table: Values) -> Values {
    if path == "." {
        return table;
    }
    path.split('.')
        .rev()
        .fold(table, |inner, part| Values::from_iter([(part.to_owned(), Json::Object(inner))]))
}
