//! What makes a schema in a definition structural: every field has a type, and nothing that cannot be defaulted, pruned
//! or checked. Rules must compile against the types that the schema gives.
//! <https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/#specifying-a-structural-schema>

use regex::RegexBuilder;
use serde_json::{Value, json};

use super::field::{Errors, Field};
use super::{FieldError, schema};
use crate::apiserver::expressions::{Environment, Program, Type, Wanted};
use crate::apiserver::types::Schema;

/// Deeper schemas are refused where their kinds are read.
const DEPTH: usize = 64;

/// How large a compiled pattern may grow, in bytes.
const PATTERN_SIZE: usize = 1 << 20;

const TYPES: [&str; 6] = ["array", "boolean", "integer", "number", "object", "string"];

/// What OpenAPI has, and schemas of Kubernetes have not.
const UNKNOWN: [&str; 6] =
    ["id", "$ref", "additionalItems", "patternProperties", "definitions", "dependencies"];

/// Where a schema stands, and what its place is called where it has no type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Level {
    Root,
    Field,
    Item,
}

impl Level {
    fn untyped(self) -> &'static str {
        match self {
            Self::Root => "must not be empty at the root",
            Self::Field => "must not be empty for specified object fields",
            Self::Item => "must not be empty for specified array items",
        }
    }
}

/// The schema of a version.
pub(super) fn validate(root: &Field, errors: &mut Errors) {
    let before = errors.len();
    if root.get("nullable").value == true {
        root.get("nullable").forbidden("nullable cannot be true at the root", errors);
    }
    walk(root, Level::Root, 0, &mut |at, _| openapi(at, errors));
    walk(root, Level::Root, 0, &mut |at, level| rules(at, level, errors));
    walk(root, Level::Root, 0, &mut |at, level| types(at, level, errors));
    if errors.len() == before {
        walk(root, Level::Root, 0, &mut |at, level| default(at, level, errors));
    }
}

/// Goes through a schema and everything in it.
fn walk(at: &Field, level: Level, depth: usize, look: &mut dyn FnMut(&Field, Level)) {
    if depth > DEPTH {
        return;
    }
    look(at, level);
    for (_, field) in at.get("properties").entries() {
        walk(&field, Level::Field, depth + 1, look);
    }
    let values = at.get("additionalProperties");
    if values.value.is_object() {
        walk(&values, Level::Field, depth + 1, look);
    }
    let items = at.get("items");
    if items.value.is_object() {
        walk(&items, Level::Item, depth + 1, look);
    }
}

fn openapi(at: &Field, errors: &mut Errors) {
    let kind = at.get("type");
    match kind.text() {
        "null" => kind.forbidden("type cannot be set to null, use nullable as an alternative", errors),
        "" => {}
        _ => kind.one_of(&TYPES, errors),
    }
    if at.get("uniqueItems").value == true {
        let detail = "uniqueItems cannot be set to true since the runtime complexity becomes quadratic";
        at.get("uniqueItems").forbidden(detail, errors);
    }
    let (values, fields) = (at.get("additionalProperties"), at.get("properties"));
    if values.value == false {
        values.forbidden("additionalProperties cannot be set to false", errors);
    } else if values.is_set() && fields.len() > 0 {
        values.forbidden("additionalProperties and properties are mutual exclusive", errors);
    }
    for name in UNKNOWN.iter().filter(|name| at.get(name).is_set()) {
        at.get(name).forbidden(&format!("{name} is not supported"), errors);
    }
    if at.get("items").value.is_array() {
        at.get("items").forbidden("items must be a schema object and not an array", errors);
    } else if kind.text() == "array" && !at.get("items").is_set() {
        at.get("items").required("must be specified", errors);
    }
    let pattern = at.get("pattern");
    if !pattern.text().is_empty()
        && let Err(error) = RegexBuilder::new(pattern.text()).size_limit(PATTERN_SIZE).build()
    {
        let why = regexp(pattern.text(), &error.to_string());
        pattern.invalid(&format!("must be a valid regular expression, but isn't: {why}"), errors);
    }
    if at.get("x-kubernetes-preserve-unknown-fields").value == false {
        at.get("x-kubernetes-preserve-unknown-fields").invalid("must be true or undefined", errors);
    }
    extensions(at, errors);
}

/// What is wrong with a pattern, in the words of Go where they are known.
fn regexp(pattern: &str, error: &str) -> String {
    let from = |sign: char| pattern.rfind(sign).map_or(pattern, |place| &pattern[place..]);
    let why = if error.contains("unclosed character class") {
        format!("missing closing ]: `{}`", from('['))
    } else if error.contains("unclosed group") {
        format!("missing closing ): `{pattern}`")
    } else if error.contains("unopened group") {
        format!("unexpected ): `{pattern}`")
    } else if error.contains("repetition operator missing expression") {
        let sign = pattern.chars().find(|sign| matches!(sign, '*' | '+' | '?')).unwrap_or('*');
        format!("missing argument to repetition operator: `{sign}`")
    } else if error.contains("look-around") {
        format!("invalid or unsupported Perl syntax: `{pattern}`")
    } else {
        format!("invalid syntax: `{pattern}`")
    };
    format!("error parsing regexp: {why}")
}

/// How lists and maps are merged.
fn extensions(at: &Field, errors: &mut Errors) {
    let (kind, list) = (at.get("type"), at.get("x-kubernetes-list-type"));
    let of_type = |wanted: &str, name: &str, errors: &mut Errors| {
        let detail = format!("must be {wanted} if {name} is specified");
        match kind.text() {
            own if own == wanted => {}
            "" => kind.required(&detail, errors),
            _ => kind.invalid(&detail, errors),
        }
    };
    let map = at.get("x-kubernetes-map-type");
    if map.is_set() {
        of_type("object", "x-kubernetes-map-type", errors);
        map.one_of(&["atomic", "granular"], errors);
    }
    if list.is_set() {
        of_type("array", "x-kubernetes-list-type", errors);
        list.one_of(&["atomic", "map", "set"], errors);
    }
    let keys = at.get("x-kubernetes-list-map-keys");
    if keys.len() > 0 && list.text() != "map" {
        let detail = "must be map if x-kubernetes-list-map-keys is non-empty";
        if list.is_set() { list.invalid(detail, errors) } else { list.required(detail, errors) }
    }
    if list.text() != "map" {
        return;
    }
    if keys.len() == 0 {
        keys.required("must not be empty if x-kubernetes-list-type is map", errors);
    }
    let items = at.get("items");
    let required = items.get("required");
    for key in keys.items() {
        let Some((_, field)) = items.get("properties").entries().find(|(name, _)| *name == key.text()) else {
            key.invalid("entries must all be names of item properties", errors);
            continue;
        };
        if !required.items().any(|one| one.text() == key.text()) && !field.get("default").is_set() {
            let detail = "this property is in x-kubernetes-list-map-keys, so it must have a default or be a \
                          required property";
            field.get("default").required(detail, errors);
        }
    }
}

fn types(at: &Field, level: Level, errors: &mut Errors) {
    let kind = at.get("type");
    let is = |name: &str| at.get(name).value == true;
    let embedded = is("x-kubernetes-embedded-resource");
    if embedded && kind.text() != "object" {
        let detail = "must be object if x-kubernetes-embedded-resource is true";
        if kind.text().is_empty() { kind.required(detail, errors) } else { kind.invalid(detail, errors) }
    } else if kind.text().is_empty()
        && !is("x-kubernetes-int-or-string")
        && !is("x-kubernetes-preserve-unknown-fields")
    {
        kind.required(level.untyped(), errors);
    } else if level == Level::Root && !matches!(kind.text(), "" | "object") {
        kind.invalid("must be object at the root", errors);
    }
}

fn default(at: &Field, level: Level, errors: &mut Errors) {
    let default = at.get("default");
    if !default.is_set() {
        return;
    }
    let Some(read) = Schema::of_definition(at.value, level == Level::Root) else { return };
    let mut wrong = Vec::new();
    schema::validate(&read, default.value, &mut String::new(), &mut wrong);
    errors.extend(wrong.into_iter().map(|error| {
        let dotted = if error.field.is_empty() || error.field.starts_with('[') { "" } else { "." };
        let field = format!("{}{dotted}{}", default.path, error.field);
        FieldError { field, message: error.message.replace(": <nil> in body", ":  in body"), ..error }
    }));
}

/// Rules in the common expression language, of which each must compile.
fn rules(at: &Field, level: Level, errors: &mut Errors) {
    let rules = at.get("x-kubernetes-validations");
    if rules.len() == 0 {
        return;
    }
    let own = Schema::of_definition(at.value, level == Level::Root);
    let own = own.as_ref().map_or(Type::Dyn, Type::of_schema);
    for rule in rules.items() {
        let (source, words) = (rule.get("rule"), rule.get("messageExpression"));
        if source.text().trim().is_empty() {
            source.required("rule is not specified", errors);
            continue;
        }
        let optional = rule.get("optionalOldSelf").value == true;
        let environment = Environment::of_rule(own.clone(), optional);
        if let Err(error) = Program::compile(source.text(), &environment, Wanted::Bool) {
            source.wrong(&shown(&rule), &error.to_string(), errors);
        }
        if words.text().is_empty() {
            continue;
        }
        if let Err(error) = Program::compile(words.text(), &environment, Wanted::String) {
            words.wrong(&shown(&rule), &format!("messageExpression {error}"), errors);
        }
    }
}

/// A rule as the original prints its structure.
fn shown(rule: &Field) -> Value {
    let text = |name: &str| rule.get(name).text();
    json!({
        "Rule": text("rule"), "Message": text("message"), "MessageExpression": text("messageExpression"),
        "Reason": rule.get("reason").value, "FieldPath": text("fieldPath"),
        "OptionalOldSelf": rule.get("optionalOldSelf").value,
    })
}
