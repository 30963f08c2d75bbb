//! The typed view of a kind's fields, the same for built-in and custom kinds, and the reader of the compact words
//! in which the table of built-in kinds is written.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock};

use regex::Regex;
use serde_json::{Map, Value};

use super::Expression;
use super::Registry;

/// A field's type together with what its place says about it (default, merge key). Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Schema(Arc<Node>);

/// One type.
#[derive(Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own in the specification")]
pub(crate) struct Node {
    /// What values look like.
    pub shape: Shape,
    /// What an absent field becomes. Built-in structures have `{}` here, as they are never absent when written.
    pub default: Option<Value>,
    /// The key by which strategic merge patches match items of this list.
    pub merge_key: Option<Box<str>>,
    /// Whether strategic merge patches merge this list instead of replacing it.
    pub merges: bool,
    /// Whether strategic merge patches drop the keys that the patch does not name.
    pub retain_keys: bool,
    /// Whether this structure has one owner as a whole.
    pub atomic: bool,
    /// Whether `null` is a value.
    pub nullable: bool,
    /// Whether fields that are not declared are kept.
    pub preserve_unknown: bool,
    /// Whether this is an object of its own, with `apiVersion`, `kind` and `metadata`.
    pub embedded: bool,
    /// What a custom kind demands beyond the shape.
    pub rules: Option<Box<Rules>>,
}

/// The shape of values.
#[derive(Debug, Default)]
pub(crate) enum Shape {
    /// Anything.
    #[default]
    Any,
    /// `true` or `false`.
    Boolean,
    /// A whole number, and its width in words: `int32`, `int64` or none.
    Integer(&'static str),
    /// A number.
    Number,
    /// A text.
    String,
    /// A whole number or a text.
    IntOrString,
    /// An amount, such as `100m`.
    Quantity,
    /// A time in RFC 3339.
    Time,
    /// Bytes in Base64.
    Bytes,
    /// Named fields.
    Object(Object),
    /// Any keys, values of one type.
    Map(Schema),
    /// Items of one type.
    List(List),
    /// A definition of the built-in table, by its place there.
    Named(usize),
}

/// Named fields.
#[derive(Debug, Default)]
pub(crate) struct Object {
    /// By name, sorted.
    pub fields: Vec<(Box<str>, Schema)>,
    /// The fields that must be there.
    pub required: Vec<Box<str>>,
}

/// Items of one type.
#[derive(Debug)]
pub(crate) struct List {
    /// The type of the items.
    pub items: Schema,
    /// How items are told apart.
    pub kind: ListKind,
}

/// How the items of a list are told apart when two writers share it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ListKind {
    /// They are not: the list has one owner as a whole.
    Atomic,
    /// By their value.
    Set,
    /// By the values of these fields.
    Map(Vec<Box<str>>),
}

/// What a custom kind demands beyond the shape.
#[derive(Debug, Default)]
pub(crate) struct Rules {
    /// The allowed values.
    pub allowed: Vec<Value>,
    /// What texts must match.
    pub pattern: Option<Regex>,
    /// The name of a well-known form of texts.
    pub format: Option<String>,
    /// The least number, and whether it is excluded.
    pub minimum: Option<(f64, bool)>,
    /// The greatest number, and whether it is excluded.
    pub maximum: Option<(f64, bool)>,
    /// What numbers must be a multiple of.
    pub multiple_of: Option<f64>,
    /// Bounds of a text's length in characters.
    pub length: (Option<u64>, Option<u64>),
    /// Bounds of a list's length.
    pub items: (Option<u64>, Option<u64>),
    /// Bounds of the number of fields.
    pub properties: (Option<u64>, Option<u64>),
    /// Schemas that all must hold.
    pub all_of: Vec<Schema>,
    /// Schemas of which at least one must hold.
    pub any_of: Vec<Schema>,
    /// Schemas of which exactly one must hold.
    pub one_of: Vec<Schema>,
    /// A schema that must not hold.
    pub not: Option<Schema>,
    /// What must hold in the common expression language.
    pub expressions: Vec<Expression>,
}

static ANY: LazyLock<Schema> =
    LazyLock::new(|| Schema::new(Node { preserve_unknown: true, ..Node::default() }));

impl Schema {
    /// Wraps one type.
    pub(crate) fn new(node: Node) -> Self {
        Self(Arc::new(node))
    }

    /// The schema that takes everything.
    pub(crate) fn any() -> Self {
        ANY.clone()
    }

    /// What the place says: default, merge key, strategy.
    pub(crate) fn place(&self) -> &Node {
        &self.0
    }

    /// The type itself, with the name of a built-in definition followed.
    pub(crate) fn node(&self) -> &Node {
        let mut node: &Node = &self.0;
        while let Shape::Named(index) = node.shape {
            node = Registry::builtin().definition(index);
        }
        node
    }

    /// The type's shape, never [`Shape::Named`].
    pub(crate) fn shape(&self) -> &Shape {
        &self.node().shape
    }

    /// Whether this structure has one owner as a whole.
    pub(crate) fn is_atomic(&self) -> bool {
        self.0.atomic || self.node().atomic
    }

    /// The type of field `name`, if it is declared or if any is taken.
    pub(crate) fn field(&self, name: &str) -> Option<&Schema> {
        let node = self.node();
        match &node.shape {
            Shape::Object(object) => object.field(name).or(node.preserve_unknown.then_some(&*ANY)),
            Shape::Map(values) => Some(values),
            Shape::Any => Some(&*ANY),
            _ => None,
        }
    }

    /// The list that this is, if it is one.
    pub(crate) fn list(&self) -> Option<&List> {
        match self.shape() {
            Shape::List(list) => Some(list),
            _ => None,
        }
    }

    /// The type of the list's items; anything where this is no list.
    pub(crate) fn items(&self) -> &Schema {
        self.list().map_or(&*ANY, |list| &list.items)
    }

    /// How the items of this list are told apart.
    pub(crate) fn list_kind(&self) -> &ListKind {
        self.list().map_or(&ListKind::Atomic, |list| &list.kind)
    }
}

impl Object {
    /// The type of a declared field.
    pub(crate) fn field(&self, name: &str) -> Option<&Schema> {
        let index = self.fields.binary_search_by(|(field, _)| (**field).cmp(name)).ok()?;
        Some(&self.fields[index].1)
    }

    /// Fields in any order, sorted.
    pub(crate) fn new(mut fields: Vec<(Box<str>, Schema)>, required: Vec<Box<str>>) -> Self {
        fields.sort_by(|a, b| a.0.cmp(&b.0));
        Self { fields, required }
    }
}

/// Reads one type of the table: a word (`string`, `int32`, `@<definition>`, …) or an object with `fields`, `items`,
/// `values` or `type`, and the facts of its place.
pub(super) fn read(fact: &Value, places: &HashMap<&str, usize>) -> Schema {
    match fact {
        Value::String(word) => {
            let atomic = word == "object";
            Schema::new(Node { shape: shape(word, places), atomic, ..Node::default() })
        }
        Value::Object(facts) => Schema::new(read_node(facts, places)),
        _ => Schema::any(),
    }
}

fn read_node(facts: &Map<String, Value>, places: &HashMap<&str, usize>) -> Node {
    let word = |name: &str| facts.get(name).and_then(Value::as_str);
    let merge_key = word("mergeKey").map(Box::from);
    let strategy = word("strategy").unwrap_or_default();
    let shape = if let Some(Value::Object(fields)) = facts.get("fields") {
        let fields = fields.iter().map(|(name, fact)| (name.as_str().into(), read(fact, places)));
        Shape::Object(Object::new(fields.collect(), words(facts.get("required"))))
    } else if let Some(items) = facts.get("items") {
        let keys = words(facts.get("keys"));
        let kind = match word("list") {
            Some("map") if keys.is_empty() => ListKind::Map(merge_key.iter().cloned().collect()),
            Some("map") => ListKind::Map(keys),
            Some("set") => ListKind::Set,
            _ => ListKind::Atomic,
        };
        Shape::List(List { items: read(items, places), kind })
    } else if let Some(values) = facts.get("values") {
        Shape::Map(read(values, places))
    } else {
        shape(word("type").unwrap_or_default(), places)
    };
    Node {
        shape,
        default: facts.get("default").cloned(),
        merge_key,
        merges: strategy.split(',').any(|word| word == "merge"),
        retain_keys: strategy.split(',').any(|word| word == "retainKeys"),
        atomic: word("map") == Some("atomic") || word("type") == Some("object"),
        ..Node::default()
    }
}

fn shape(word: &str, places: &HashMap<&str, usize>) -> Shape {
    match word {
        "boolean" => Shape::Boolean,
        "int32" => Shape::Integer("int32"),
        "int64" => Shape::Integer("int64"),
        "integer" => Shape::Integer(""),
        "number" => Shape::Number,
        "string" => Shape::String,
        "int-or-string" => Shape::IntOrString,
        "quantity" => Shape::Quantity,
        "date-time" => Shape::Time,
        "byte" => Shape::Bytes,
        _ => match word.strip_prefix('@').and_then(|name| places.get(name)) {
            Some(&place) => Shape::Named(place),
            None => Shape::Any,
        },
    }
}

fn words(list: Option<&Value>) -> Vec<Box<str>> {
    list.and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).map(Box::from).collect()
}
