//! The values that templates work on, with as much of Go's types as templates can see. Maps are shared and mutable,
//! because `set` changes the one that it is given.

use std::cell::{Ref, RefCell, RefMut};
use std::collections::BTreeMap;
use std::rc::Rc;

use super::object::Object;
use super::text::Text;

/// Go's signed integers that occur.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Signed {
    Int,
    Int64,
}

/// Go's unsigned integers that occur.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unsigned {
    Uint8,
    Uint64,
}

/// What a list holds, as far as its type says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Element {
    Any,
    Text,
    Int,
    List,
}

/// What a map holds, as far as its type says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum MapKind {
    Any,
    Text,
    /// Helm's `common.Values`, an `Any` with a name of its own.
    Values,
    /// Helm's `.Files`: names and bytes, with methods.
    Files,
}

/// The most values that are walked through in one.
const VALUES_LIMIT: usize = 5_000_000;

/// How deep values may be in each other.
const DEPTH_LIMIT: usize = 500;

/// A value. `Nil` is Go's nil interface and, where a map or list has no type, its absence.
#[derive(Clone)]
pub(crate) enum Value {
    Nil,
    Bool(bool),
    Int(i64, Signed),
    Uint(u64, Unsigned),
    Float(f64),
    Text(Text),
    Bytes(Text),
    List(List),
    Map(Map),
    Object(Rc<Object>),
}

/// A slice. Nothing changes it once it is made.
#[derive(Clone)]
pub(crate) struct List(Rc<ListData>);

struct ListData {
    element: Element,
    is_nil: bool,
    items: Vec<Value>,
}

impl List {
    pub(crate) fn new(element: Element, items: Vec<Value>) -> Self {
        Self(Rc::new(ListData { element, is_nil: false, items }))
    }

    /// A slice that is nil: it is empty, but JSON calls it null.
    pub(crate) fn nil(element: Element) -> Self {
        Self(Rc::new(ListData { element, is_nil: true, items: Vec::new() }))
    }

    pub(crate) fn element(&self) -> Element {
        self.0.element
    }

    pub(crate) fn is_nil(&self) -> bool {
        self.0.is_nil
    }

    pub(crate) fn items(&self) -> &[Value] {
        &self.0.items
    }
}

/// A map with strings as keys, in their order.
#[derive(Clone)]
pub(crate) struct Map(MapKind, Rc<MapData>);

struct MapData {
    is_nil: bool,
    entries: RefCell<BTreeMap<Text, Value>>,
}

impl Map {
    pub(crate) fn new(kind: MapKind, entries: BTreeMap<Text, Value>) -> Self {
        Self(kind, Rc::new(MapData { is_nil: false, entries: RefCell::new(entries) }))
    }

    /// A map that is nil: it reads as empty and cannot be written to.
    pub(crate) fn nil() -> Self {
        Self(MapKind::Any, Rc::new(MapData { is_nil: true, entries: RefCell::default() }))
    }

    pub(crate) fn kind(&self) -> MapKind {
        self.0
    }

    /// The same map in memory, under another type.
    pub(crate) fn with_kind(&self, kind: MapKind) -> Self {
        Self(kind, Rc::clone(&self.1))
    }

    pub(crate) fn is_nil(&self) -> bool {
        self.1.is_nil
    }

    pub(crate) fn get(&self, key: &[u8]) -> Option<Value> {
        self.1.entries.borrow().get(key).cloned()
    }

    pub(crate) fn len(&self) -> usize {
        self.1.entries.borrow().len()
    }

    pub(crate) fn entries(&self) -> Ref<'_, BTreeMap<Text, Value>> {
        self.1.entries.borrow()
    }

    pub(crate) fn entries_mut(&self) -> RefMut<'_, BTreeMap<Text, Value>> {
        self.1.entries.borrow_mut()
    }

    /// Whether both are the same map in memory.
    pub(crate) fn is(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.1, &other.1)
    }
}

impl Value {
    pub(crate) fn text(text: impl Into<Text>) -> Self {
        Self::Text(text.into())
    }

    pub(crate) fn int(number: i64) -> Self {
        Self::Int(number, Signed::Int)
    }

    pub(crate) fn int64(number: i64) -> Self {
        Self::Int(number, Signed::Int64)
    }

    pub(crate) fn list(items: Vec<Value>) -> Self {
        Self::List(List::new(Element::Any, items))
    }

    pub(crate) fn texts<T: Into<Text>>(items: impl IntoIterator<Item = T>) -> Self {
        Self::List(List::new(Element::Text, items.into_iter().map(Self::text).collect()))
    }

    pub(crate) fn map(entries: impl IntoIterator<Item = (Text, Value)>) -> Self {
        Self::Map(Map::new(MapKind::Any, entries.into_iter().collect()))
    }

    pub(crate) fn is_nil(&self) -> bool {
        matches!(self, Self::Nil)
    }

    /// The type's name, as `%T` prints it.
    pub(crate) fn type_name(&self) -> &'static str {
        match self {
            Self::Nil => "<nil>",
            Self::Bool(_) => "bool",
            Self::Int(_, Signed::Int) => "int",
            Self::Int(_, Signed::Int64) => "int64",
            Self::Uint(_, Unsigned::Uint8) => "uint8",
            Self::Uint(_, Unsigned::Uint64) => "uint64",
            Self::Float(_) => "float64",
            Self::Text(_) => "string",
            Self::Bytes(_) => "[]uint8",
            Self::List(list) => match list.element() {
                Element::Any => "[]interface {}",
                Element::Text => "[]string",
                Element::Int => "[]int",
                Element::List => "[][]interface {}",
            },
            Self::Map(map) => match map.kind() {
                MapKind::Any => "map[string]interface {}",
                MapKind::Text => "map[string]string",
                MapKind::Values => "common.Values",
                MapKind::Files => "engine.files",
            },
            Self::Object(object) => object.type_name(),
        }
    }

    /// The kind's name, as Go's reflection has it.
    pub(crate) fn kind_name(&self) -> &'static str {
        match self {
            Self::Nil => "invalid",
            Self::Bytes(_) | Self::List(_) => "slice",
            Self::Map(_) => "map",
            Self::Object(object) => object.kind_name(),
            value => value.type_name(),
        }
    }

    /// The items of whatever is a slice.
    pub(crate) fn items(&self) -> Option<Vec<Value>> {
        match self {
            Self::List(list) => Some(list.items().to_vec()),
            Self::Bytes(bytes) => {
                let byte = |byte: &u8| Self::Uint(u64::from(*byte), Unsigned::Uint8);
                Some(bytes.as_bytes().iter().map(byte).collect())
            }
            Self::Object(object) => object.items(),
            _ => None,
        }
    }

    /// Whether it holds itself, or so much that walking through it would take too long.
    pub(crate) fn is_endless(&self) -> bool {
        let mut room = VALUES_LIMIT;
        !self.fits(0, &mut room)
    }

    fn fits(&self, depth: usize, room: &mut usize) -> bool {
        if depth > DEPTH_LIMIT || *room == 0 {
            return false;
        }
        *room -= 1;
        match self {
            Self::List(list) => list.items().iter().all(|item| item.fits(depth + 1, room)),
            Self::Map(map) => map.entries().values().all(|value| value.fits(depth + 1, room)),
            _ => true,
        }
    }

    /// Go's `reflect.DeepEqual`. What has no end equals nothing.
    pub(crate) fn deep_equal(&self, other: &Self) -> bool {
        !self.is_endless() && !other.is_endless() && self.same(other)
    }

    fn same(&self, other: &Self) -> bool {
        if self.type_name() != other.type_name() {
            return false;
        }
        match (self, other) {
            (Self::Nil, Self::Nil) => true,
            (Self::Bool(a), Self::Bool(b)) => a == b,
            (Self::Int(a, _), Self::Int(b, _)) => a == b,
            (Self::Uint(a, _), Self::Uint(b, _)) => a == b,
            (Self::Float(a), Self::Float(b)) => a.partial_cmp(b) == Some(std::cmp::Ordering::Equal),
            (Self::Text(a), Self::Text(b)) | (Self::Bytes(a), Self::Bytes(b)) => a == b,
            (Self::List(a), Self::List(b)) => {
                let (left, right) = (a.items(), b.items());
                a.is_nil() == b.is_nil()
                    && left.len() == right.len()
                    && left.iter().zip(right).all(|(a, b)| a.same(b))
            }
            (Self::Map(a), Self::Map(b)) => {
                a.is(b) || {
                    let (left, right) = (a.entries(), b.entries());
                    a.is_nil() == b.is_nil()
                        && left.len() == right.len()
                        && left.iter().zip(right.iter()).all(|((k, a), (l, b))| k == l && a.same(b))
                }
            }
            (Self::Object(a), Self::Object(b)) => a == b,
            _ => false,
        }
    }
}
