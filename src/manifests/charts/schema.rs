//! `values.schema.json`: values that do not fit are told by the words of the library that Helm uses.

use std::fmt::Write as _;

use jsonschema::error::{TypeKind, ValidationErrorKind};
use jsonschema::{ValidationError, Validator};
use serde_json::{Map, Value as Json};

use super::chart::Chart;
use super::error::Error;

/// Checks the values of a chart and its subcharts.
pub(super) fn check(chart: &Chart, values: &Map<String, Json>) -> Result<(), Error> {
    let findings = findings(chart, values);
    if findings.is_empty() { Ok(()) } else { Err(Error::Schema { findings }) }
}

fn findings(chart: &Chart, values: &Map<String, Json>) -> String {
    let mut text = String::new();
    if let Some(schema) = &chart.schema
        && let Err(message) = one(schema, values)
    {
        _ = write!(text, "{}:\n{message}", chart.name());
    }
    for subchart in &chart.dependencies {
        match values.get(subchart.name()) {
            Some(Json::Object(values)) => text.push_str(&findings(subchart, values)),
            None | Some(Json::Null) => {}
            Some(value) => {
                let kind = match value {
                    Json::Bool(_) => "bool",
                    Json::Number(_) => "float64",
                    Json::String(_) => "string",
                    _ => "[]interface {}",
                };
                _ = writeln!(
                    text,
                    "{}:\ninvalid type for values: expected object (map), got {kind}",
                    subchart.name()
                );
            }
        }
    }
    text
}

/// Checks values against one schema.
pub(super) fn one(schema: &[u8], values: &Map<String, Json>) -> Result<(), String> {
    let mut schema = serde_json::from_slice::<Json>(schema).map_err(|error| error.to_string())?;
    // Helm's library knows the drafts by `https`, too, which many charts write.
    if let Some(draft) = schema["$schema"].as_str().and_then(|it| it.strip_prefix("https://json-schema.org/"))
    {
        schema["$schema"] = format!("http://json-schema.org/{draft}").into();
    }
    let validator = compile(&schema).map_err(|error| format!("{error}\n"))?;
    let values = Json::Object(values.clone());
    let mut lines = validator.iter_errors(&values).map(|error| line(&error)).collect::<Vec<_>>();
    lines.sort();
    if lines.is_empty() { Ok(()) } else { Err(format!("{}\n", lines.join("\n"))) }
}

/// References lead nowhere but into the schema itself: rendering has no network.
fn compile(schema: &Json) -> Result<Validator, Box<ValidationError<'static>>> {
    jsonschema::options().build(schema).map_err(Box::new)
}

fn line(error: &ValidationError) -> String {
    format!("- at '{}': {}", error.instance_path, words(error))
}

fn kind(value: &Json) -> &'static str {
    match value {
        Json::Null => "null",
        Json::Bool(_) => "boolean",
        Json::Number(_) => "number",
        Json::String(_) => "string",
        Json::Array(_) => "array",
        Json::Object(_) => "object",
    }
}

fn shown(value: &Json) -> String {
    match value {
        Json::String(text) => format!("'{text}'"),
        value => value.to_string(),
    }
}

fn quoted(names: &[String]) -> String {
    names.iter().map(|name| format!("'{name}'")).collect::<Vec<_>>().join(", ")
}

fn words(error: &ValidationError) -> String {
    use ValidationErrorKind as Kind;
    let value = &*error.instance;
    let length = |text: &Json| text.as_str().map_or(0, |text| text.chars().count());
    let count = |value: &Json| match value {
        Json::Array(items) => items.len(),
        Json::Object(fields) => fields.len(),
        _ => 0,
    };
    match &error.kind {
        Kind::Type { kind: TypeKind::Single(wanted) } => format!("got {}, want {wanted}", kind(value)),
        Kind::Type { kind: TypeKind::Multiple(wanted) } => {
            let wanted = wanted.iter().map(|wanted| wanted.to_string()).collect::<Vec<_>>();
            format!("got {}, want {}", kind(value), wanted.join(" or "))
        }
        Kind::Required { property } => format!("missing property {}", shown(property)),
        Kind::AdditionalProperties { unexpected } => {
            format!("additional properties {} not allowed", quoted(unexpected))
        }
        Kind::Minimum { limit } => format!("minimum: got {value}, want {limit}"),
        Kind::Maximum { limit } => format!("maximum: got {value}, want {limit}"),
        Kind::ExclusiveMinimum { limit } => format!("exclusiveMinimum: got {value}, want {limit}"),
        Kind::ExclusiveMaximum { limit } => format!("exclusiveMaximum: got {value}, want {limit}"),
        Kind::MinLength { limit } => format!("minLength: got {}, want {limit}", length(value)),
        Kind::MaxLength { limit } => format!("maxLength: got {}, want {limit}", length(value)),
        Kind::MinItems { limit } => format!("minItems: got {}, want {limit}", count(value)),
        Kind::MaxItems { limit } => format!("maxItems: got {}, want {limit}", count(value)),
        Kind::MinProperties { limit } => format!("minProperties: got {}, want {limit}", count(value)),
        Kind::MaxProperties { limit } => format!("maxProperties: got {}, want {limit}", count(value)),
        Kind::Pattern { pattern } => format!("{} does not match pattern '{pattern}'", shown(value)),
        Kind::Constant { expected_value } => format!("value must be {}", shown(expected_value)),
        Kind::Enum { options } => match options {
            Json::Array(options) if options.len() == 1 => format!("value must be {}", shown(&options[0])),
            Json::Array(options) => {
                format!("value must be one of {}", options.iter().map(shown).collect::<Vec<_>>().join(", "))
            }
            options => format!("value must be {}", shown(options)),
        },
        _ => error.to_string(),
    }
}
