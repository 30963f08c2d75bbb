//! Kinds from definitions of custom resources: one per served version. What makes a definition itself right or wrong in
//! the eyes of the API is told by its own validation, not here.

use std::sync::Arc;

use regex::RegexBuilder;
use serde_json::{Map, Value};

use super::schema::{List, ListKind, Object, Rules, Schema, Shape};
use super::{Expression, Kind, Node, PrinterColumn, Registry, ScalePaths};

/// How deep schemas may nest.
const DEPTH: usize = 64;

/// How long a rule may be, in bytes.
const RULE_SIZE: usize = 4096;

/// How large a compiled pattern may grow, in bytes.
const PATTERN_SIZE: usize = 1 << 20;

/// What makes a definition unreadable.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CrdError {
    /// A field that every definition has is absent.
    #[error("`{path}` is missing in the definition")]
    Missing {
        /// Where it would be.
        path: &'static str,
    },
    /// A schema within a schema within a schema, and so on.
    #[error("`{path}` nests deeper than {DEPTH} levels")]
    TooDeep {
        /// Where the limit was reached.
        path: String,
    },
    /// A pattern that is no regular expression.
    #[error("`{path}.pattern` is no regular expression: `{pattern}`")]
    Pattern {
        /// The schema that holds it.
        path: String,
        /// The wrong value.
        pattern: String,
        /// What is wrong with it.
        #[source]
        source: regex::Error,
    },
}

impl Kind {
    /// Reads the kinds that a `CustomResourceDefinition` defines, one per served version.
    pub(crate) fn from_crd(crd: &Value) -> Result<Vec<Self>, CrdError> {
        let spec = crd.get("spec").ok_or(CrdError::Missing { path: "spec" })?;
        let group = text(spec, "group").ok_or(CrdError::Missing { path: "spec.group" })?;
        let names = spec.get("names").ok_or(CrdError::Missing { path: "spec.names" })?;
        let versions = spec.get("versions").and_then(Value::as_array);
        let versions = versions.ok_or(CrdError::Missing { path: "spec.versions" })?;
        let served = versions.iter().filter(|version| version["served"] == Value::Bool(true));
        served.map(|version| from_version(group, text(spec, "scope"), names, version)).collect()
    }
}

impl Schema {
    /// Reads a part of a definition's schema, or its `root`, which has the fields that every object has.
    pub(crate) fn of_definition(written: &Value, is_root: bool) -> Option<Self> {
        if is_root { root(written).ok() } else { schema(written, "openAPIV3Schema", 0).ok() }
    }
}

fn from_version(group: &str, scope: Option<&str>, names: &Value, version: &Value) -> Result<Kind, CrdError> {
    let kind = text(names, "kind").ok_or(CrdError::Missing { path: "spec.names.kind" })?.to_owned();
    let plural = text(names, "plural").ok_or(CrdError::Missing { path: "spec.names.plural" })?.to_owned();
    let name = text(version, "name").ok_or(CrdError::Missing { path: "spec.versions.name" })?;
    let written = version.pointer("/schema/openAPIV3Schema").cloned().unwrap_or(Value::Null);
    let has_status = version.pointer("/subresources/status").is_some();
    let scale = version.pointer("/subresources/scale").map(|scale| ScalePaths {
        spec_replicas: text(scale, "specReplicasPath").unwrap_or_default().to_owned(),
        status_replicas: text(scale, "statusReplicasPath").unwrap_or_default().to_owned(),
        selector: text(scale, "labelSelectorPath").map(str::to_owned),
    });
    bounded(&written, "openAPIV3Schema", 0)?;
    let reversed: Vec<&str> = group.split('.').rev().collect();
    Ok(Kind {
        group: group.to_owned(),
        version: name.to_owned(),
        singular: text(names, "singular").map_or_else(|| kind.to_lowercase(), str::to_owned),
        list_kind: text(names, "listKind").map_or_else(|| format!("{kind}List"), str::to_owned),
        short_names: texts(names, "shortNames"),
        categories: texts(names, "categories"),
        namespaced: scope == Some("Namespaced"),
        verbs: ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"]
            .map(str::to_owned)
            .to_vec(),
        has_status,
        has_scale: scale.is_some(),
        scale,
        schema: root(&written)?,
        has_rules: has_rules(&written, 0),
        definition: format!("{}.{name}.{kind}", reversed.join(".")),
        custom: Some(Arc::new(written)),
        columns: Some(columns(version)),
        kind,
        plural,
    })
}

/// Refuses rules that their compiler, which goes down with every bracket, could not come back from.
fn bounded(written: &Value, path: &str, depth: usize) -> Result<(), CrdError> {
    match written {
        _ if depth > 4 * DEPTH => Err(CrdError::TooDeep { path: path.to_owned() }),
        Value::Object(facts) => facts.iter().try_for_each(|(name, value)| {
            let path = format!("{path}.{name}");
            match value.as_str().filter(|_| matches!(name.as_str(), "rule" | "messageExpression")) {
                Some(text) if text.len() > RULE_SIZE || nesting(text) > DEPTH => {
                    Err(CrdError::TooDeep { path })
                }
                Some(_) => Ok(()),
                None => bounded(value, &path, depth + 1),
            }
        }),
        Value::Array(parts) => parts.iter().try_for_each(|value| bounded(value, path, depth + 1)),
        _ => Ok(()),
    }
}

/// How deep brackets and signs nest in a rule at most.
fn nesting(text: &str) -> usize {
    let (mut open, mut signs, mut deepest) = (0_usize, 0_usize, 0);
    for byte in text.bytes().filter(|byte| !byte.is_ascii_whitespace()) {
        match byte {
            b'(' | b'[' | b'{' => open += 1,
            b')' | b']' | b'}' => open = open.saturating_sub(1),
            _ => {}
        }
        signs = if matches!(byte, b'!' | b'-' | b'?') { signs + 1 } else { signs };
        deepest = deepest.max(open);
    }
    deepest.max(signs)
}

/// Whether a schema has rules in the common expression language, at any depth. Deeper schemas were refused.
fn has_rules(written: &Value, depth: usize) -> bool {
    match written {
        _ if depth > 4 * DEPTH => false,
        Value::Object(facts) => {
            facts.contains_key("x-kubernetes-validations")
                || facts.values().any(|value| has_rules(value, depth + 1))
        }
        Value::Array(parts) => parts.iter().any(|value| has_rules(value, depth + 1)),
        _ => false,
    }
}

fn columns(version: &Value) -> Vec<PrinterColumn> {
    let written = version.get("additionalPrinterColumns").and_then(Value::as_array);
    let owned = |column: &Value, key: &str| text(column, key).unwrap_or_default().to_owned();
    let read = |column: &Value| PrinterColumn {
        name: owned(column, "name"),
        kind: owned(column, "type"),
        format: owned(column, "format"),
        description: owned(column, "description"),
        priority: column.get("priority").and_then(Value::as_i64).unwrap_or_default(),
        json_path: owned(column, "jsonPath"),
    };
    match written {
        Some(columns) => columns.iter().map(read).collect(),
        None => vec![PrinterColumn {
            name: "Age".to_owned(),
            kind: "date".to_owned(),
            format: String::new(),
            description: String::new(),
            priority: 0,
            json_path: ".metadata.creationTimestamp".to_owned(),
        }],
    }
}

fn root(written: &Value) -> Result<Schema, CrdError> {
    let Value::Object(facts) = written else { return Ok(Schema::any()) };
    let mut node = node(facts, "openAPIV3Schema", 0)?;
    if let Shape::Object(object) = &mut node.shape {
        add_object_fields(object);
    }
    Ok(Schema::new(node))
}

/// Every object has these, whatever its definition says of them.
fn add_object_fields(object: &mut Object) {
    let mut fields = std::mem::take(&mut object.fields);
    fields.retain(|(name, _)| !matches!(&**name, "apiVersion" | "kind" | "metadata"));
    let string = || Schema::new(Node { shape: Shape::String, ..Node::default() });
    fields.push(("apiVersion".into(), string()));
    fields.push(("kind".into(), string()));
    if let Some(metadata) = Registry::builtin().named("io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta") {
        fields.push(("metadata".into(), metadata));
    }
    *object = Object::new(fields, std::mem::take(&mut object.required));
}

fn schema(written: &Value, path: &str, depth: usize) -> Result<Schema, CrdError> {
    match written {
        Value::Object(facts) => Ok(Schema::new(node(facts, path, depth + 1)?)),
        _ => Ok(Schema::any()),
    }
}

fn node(facts: &Map<String, Value>, path: &str, depth: usize) -> Result<Node, CrdError> {
    if depth > DEPTH {
        return Err(CrdError::TooDeep { path: path.to_owned() });
    }
    let flag = |name: &str| facts.get(name) == Some(&Value::Bool(true));
    let mut node = Node {
        shape: shape(facts, path, depth)?,
        default: facts.get("default").cloned(),
        atomic: facts.get("x-kubernetes-map-type").and_then(Value::as_str) == Some("atomic"),
        nullable: flag("nullable"),
        preserve_unknown: flag("x-kubernetes-preserve-unknown-fields"),
        embedded: flag("x-kubernetes-embedded-resource"),
        rules: Some(Box::new(rules(facts, path, depth)?)),
        ..Node::default()
    };
    if let (true, Shape::Object(object)) = (node.embedded, &mut node.shape) {
        add_object_fields(object);
    }
    Ok(node)
}

fn shape(facts: &Map<String, Value>, path: &str, depth: usize) -> Result<Shape, CrdError> {
    if facts.get("x-kubernetes-int-or-string") == Some(&Value::Bool(true)) {
        return Ok(Shape::IntOrString);
    }
    Ok(match facts.get("type").and_then(Value::as_str) {
        Some("boolean") => Shape::Boolean,
        Some("integer") => Shape::Integer(""),
        Some("number") => Shape::Number,
        Some("string") => Shape::String,
        Some("array") => {
            let items = facts.get("items").unwrap_or(&Value::Null);
            let items = schema(items, &format!("{path}.items"), depth)?;
            Shape::List(List { items, kind: list_kind(facts) })
        }
        Some("object")
            if facts.get("additionalProperties").is_some_and(|values| *values != Value::Bool(false)) =>
        {
            let values = &facts["additionalProperties"];
            Shape::Map(schema(values, &format!("{path}.additionalProperties"), depth)?)
        }
        Some("object") => Shape::Object(object(facts, path, depth)?),
        _ if facts.contains_key("properties") => Shape::Object(object(facts, path, depth)?),
        _ => Shape::Any,
    })
}

fn object(facts: &Map<String, Value>, path: &str, depth: usize) -> Result<Object, CrdError> {
    let mut fields = Vec::new();
    for (name, written) in facts.get("properties").and_then(Value::as_object).into_iter().flatten() {
        let path = format!("{path}.properties[{name}]");
        fields.push((name.as_str().into(), schema(written, &path, depth)?));
    }
    let required = facts.get("required").and_then(Value::as_array).into_iter().flatten();
    Ok(Object::new(fields, required.filter_map(Value::as_str).map(Box::from).collect()))
}

fn list_kind(facts: &Map<String, Value>) -> ListKind {
    match facts.get("x-kubernetes-list-type").and_then(Value::as_str) {
        Some("set") => ListKind::Set,
        Some("map") => {
            let keys = facts.get("x-kubernetes-list-map-keys").and_then(Value::as_array);
            let keys = keys.into_iter().flatten().filter_map(Value::as_str).map(Box::from);
            ListKind::Map(keys.collect())
        }
        _ => ListKind::Atomic,
    }
}

fn rules(facts: &Map<String, Value>, path: &str, depth: usize) -> Result<Rules, CrdError> {
    let count = |name: &str| facts.get(name).and_then(Value::as_u64);
    let bound = |name: &str, exclusive: &str| {
        let excluded = facts.get(exclusive) == Some(&Value::Bool(true));
        facts.get(name).and_then(Value::as_f64).map(|bound| (bound, excluded))
    };
    let schemas = |name: &str| -> Result<Vec<Schema>, CrdError> {
        let written = facts.get(name).and_then(Value::as_array).into_iter().flatten();
        written.map(|part| schema(part, &format!("{path}.{name}"), depth)).collect()
    };
    let pattern = match facts.get("pattern").and_then(Value::as_str) {
        None => None,
        Some(pattern) => {
            let compiled = RegexBuilder::new(pattern).size_limit(PATTERN_SIZE).build();
            Some(compiled.map_err(|source| CrdError::Pattern {
                path: path.to_owned(),
                pattern: pattern.to_owned(),
                source,
            })?)
        }
    };
    Ok(Rules {
        allowed: facts.get("enum").and_then(Value::as_array).cloned().unwrap_or_default(),
        pattern,
        format: facts.get("format").and_then(Value::as_str).map(str::to_owned),
        minimum: bound("minimum", "exclusiveMinimum"),
        maximum: bound("maximum", "exclusiveMaximum"),
        multiple_of: facts.get("multipleOf").and_then(Value::as_f64),
        length: (count("minLength"), count("maxLength")),
        items: (count("minItems"), count("maxItems")),
        properties: (count("minProperties"), count("maxProperties")),
        all_of: schemas("allOf")?,
        any_of: schemas("anyOf")?,
        one_of: schemas("oneOf")?,
        expressions: Expression::read(facts),
        not: facts.get("not").map(|written| schema(written, &format!("{path}.not"), depth)).transpose()?,
    })
}

fn text<'a>(value: &'a Value, key: &str) -> Option<&'a str> {
    value.get(key).and_then(Value::as_str).filter(|text| !text.is_empty())
}

fn texts(value: &Value, key: &str) -> Vec<String> {
    let list = value.get(key).and_then(Value::as_array);
    list.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
}
