//! Runs the templates of a chart and its subcharts, as Helm's engine package does.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::rc::Rc;

use super::capabilities::Capabilities;
use super::chart::Chart;
use super::encoding::from_json;
use super::error::Error;
use super::files;
use super::functions::{STOP, table, without_no_value};
use super::release::Release;
use super::template::{Failure, Host, Limits, Machine, Map, MapKind, Text, Value};

/// A template with what it is given.
struct Renderable<'a> {
    text: &'a [u8],
    values: Value,
    folder: String,
}

/// The texts that templates make, by path. Those of `_` files are left out.
pub(super) fn render(
    chart: &Chart,
    values: &serde_json::Map<String, serde_json::Value>,
    release: &Release,
    capabilities: &Capabilities,
    host: Host,
    limits: Limits,
) -> Result<BTreeMap<String, String>, Error> {
    let mut templates = BTreeMap::new();
    let values = from_json(&serde_json::Value::Object(values.clone()));
    let shared = Shared { release: release_value(release), capabilities: capabilities.value() };
    collect(chart, chart.name().to_owned(), true, typed(&values), &shared, &mut templates);
    let mut machine = Machine::new(host, table(), limits);
    let mut paths = templates.keys().collect::<Vec<_>>();
    paths.sort_by_key(|path| std::cmp::Reverse((path.matches('/').count(), path.as_str())));
    let mut set = (*machine.set).clone();
    for &path in &paths {
        let text = String::from_utf8_lossy(templates[path].text);
        let functions = machine.functions;
        set.parse(path, &text, &|name| functions.contains_key(name)).map_err(|error| parse_error(&error))?;
    }
    machine.set = Rc::new(set);
    let mut rendered = BTreeMap::new();
    for path in paths {
        if path.rsplit('/').next().is_some_and(|name| name.starts_with('_')) {
            continue;
        }
        let template = &templates[path];
        if let Value::Map(map) = &template.values {
            let about = fields([
                ("Name", Value::text(path.as_str())),
                ("BasePath", Value::text(template.folder.as_str())),
            ]);
            map.entries_mut().insert(Text::from("Template"), typed(&about));
        }
        let set = Rc::clone(&machine.set);
        let Some(parsed) = set.find(path) else { continue };
        let bytes =
            machine.execute(parsed, template.values.clone()).map_err(|failure| execution_error(&failure))?;
        let text = String::from_utf8_lossy(&without_no_value(&bytes)).into_owned();
        rendered.insert(path.clone(), text);
    }
    Ok(rendered)
}

struct Shared {
    release: Value,
    capabilities: Value,
}

fn fields<const N: usize>(fields: [(&str, Value); N]) -> Value {
    Value::map(fields.map(|(name, value)| (Text::from(name), value)))
}

/// A map as Helm's `common.Values`.
fn typed(value: &Value) -> Value {
    match value {
        Value::Map(map) => Value::Map(map.with_kind(MapKind::Values)),
        _ => Value::Map(Map::new(MapKind::Values, BTreeMap::new())),
    }
}

fn release_value(release: &Release) -> Value {
    fields([
        ("Name", Value::text(release.name.as_str())),
        ("Namespace", Value::text(release.namespace.as_str())),
        ("Revision", Value::int(release.revision)),
        ("IsUpgrade", Value::Bool(release.is_upgrade)),
        ("IsInstall", Value::Bool(!release.is_upgrade)),
        ("Service", Value::text("Helm")),
    ])
}

/// Takes in the templates of a chart and of its subcharts; the answer is what they are given.
fn collect<'a>(
    chart: &'a Chart,
    path: String,
    is_root: bool,
    values: Value,
    shared: &Shared,
    templates: &mut BTreeMap<String, Renderable<'a>>,
) -> Value {
    let mut subcharts = Vec::new();
    for subchart in &chart.dependencies {
        let inner = match &values {
            Value::Map(map) => map.get(subchart.name().as_bytes()),
            _ => None,
        };
        let inner = inner.filter(|inner| matches!(inner, Value::Map(_))).unwrap_or(Value::Nil);
        let path = format!("{path}/charts/{}", subchart.name());
        let value = collect(subchart, path, false, typed(&inner), shared, templates);
        subcharts.push((Text::from(subchart.name()), value));
    }
    let files = chart.files.iter().map(|file| (file.name.as_str(), file.data.as_slice()));
    let given = typed(&fields([
        ("Chart", chart.metadata.value(is_root)),
        ("Files", files::value(files)),
        ("Release", shared.release.clone()),
        ("Capabilities", shared.capabilities.clone()),
        ("Values", values),
        ("Subcharts", Value::map(subcharts)),
    ]));
    for template in &chart.templates {
        let base = template.name.rsplit('/').next().unwrap_or_default();
        if chart.metadata.is_library() && !base.starts_with('_') {
            continue;
        }
        let renderable =
            Renderable { text: &template.data, values: given.clone(), folder: format!("{path}/templates") };
        templates.insert(format!("{path}/{}", template.name), renderable);
    }
    given
}

/// Helm shortens the message of the parser: place, and what comes last.
fn parse_error(error: &str) -> Error {
    let parts = error.split(": ").collect::<Vec<_>>();
    let place = parts.get(1).copied().unwrap_or_default().to_owned();
    Error::Parse { place, message: parts.last().copied().unwrap_or_default().to_owned() }
}

/// One error of a chain, taken apart.
#[derive(Default, PartialEq, Eq)]
struct Trace {
    place: String,
    message: String,
    function: String,
}

/// What Helm makes of the errors of templates: `fail` and `required` are shown by themselves, all else as a list of
/// places, unless the chain ends in an error of something else, which is shown as it is.
fn execution_error(failure: &Failure) -> Error {
    let whole = failure.to_string();
    let mut parts = whole.splitn(3, ": ");
    let (_, place, rest) = (parts.next(), parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    let stopped = rest.find(STOP.0).and_then(|start| {
        let start = start + STOP.0.len();
        let end = rest.rfind(STOP.1)?;
        rest.get(start..end)
    });
    if let Some(message) = stopped {
        return Error::Stopped { place: place.to_owned(), message: message.to_owned() };
    }
    let heads = failure.heads().collect::<Vec<_>>();
    let mut traces: Vec<Trace> = Vec::new();
    for (index, head) in heads.iter().enumerate() {
        // What follows is cut off again where the next error begins.
        let next = heads.get(index + 1).copied().unwrap_or_default();
        let Some(trace) = trace(&format!("{head}{next}")) else {
            return Error::Execution { message: whole };
        };
        if traces.last() != Some(&trace) {
            traces.push(trace);
        }
    }
    let mut message = String::new();
    for trace in &traces {
        // Writing to a string cannot fail.
        if !trace.place.is_empty() {
            let _ = write!(message, "{}\n  ", trace.place);
        }
        if !trace.function.is_empty() {
            let _ = write!(message, "{}\n    ", trace.function);
        }
        if !trace.message.is_empty() {
            let _ = writeln!(message, "{}", trace.message);
        }
    }
    Error::Execution { message: message.trim().to_owned() }
}

fn trace(text: &str) -> Option<Trace> {
    let rest = text.strip_prefix("template: ")?;
    if rest.starts_with("no template ") {
        return Some(Trace { message: text.to_owned(), ..Trace::default() });
    }
    let cut = |message: &str| message.split(" template:").next().unwrap_or_default().to_owned();
    if let Some((place, after)) = rest.split_once(": executing ") {
        let quoted = after.strip_prefix('"').and_then(|after| after.split_once('"'));
        if let Some((name, after)) = quoted
            && let Some((at, message)) = after.strip_prefix(" at <").and_then(|after| after.split_once(">: "))
        {
            return Some(Trace {
                place: place.to_owned(),
                message: cut(message),
                function: format!("executing \"{name}\" at <{at}>:"),
            });
        }
    }
    let (place, message) = rest.rsplit_once(": ")?;
    Some(Trace { place: place.to_owned(), message: cut(message), function: String::new() })
}
