//! The parts of an expression, each with the place where it stands.

use super::value::Value;

/// A part of an expression.
#[derive(Clone, Debug)]
pub(super) struct Node {
    /// Where in the source it is spoken of, in bytes.
    pub(super) at: usize,
    /// How many parts are within each other.
    pub(super) depth: usize,
    pub(super) kind: Kind,
}

/// What it is.
#[derive(Clone, Debug)]
pub(super) enum Kind {
    /// `1`, `'a'`, `null`
    Literal(Value),
    /// `object`
    Name(String),
    /// `a.b`, `a.?b`, `has(a.b)`
    Select { of: Box<Node>, field: String, optional: bool, test: bool },
    /// `a[b]`, `a[?b]`
    Index { of: Box<Node>, key: Box<Node>, optional: bool },
    /// `f(a)`, `a.f(b)`, and every operator by its name, such as `_+_`.
    Call { target: Option<Box<Node>>, name: String, arguments: Vec<Node> },
    /// `[a, ?b]`
    List(Vec<(Node, bool)>),
    /// `{a: b, ?c: d}`
    Map(Vec<(Node, Node, bool)>),
    /// `a.all(x, …)` and its like.
    Loop { each: Each, of: Box<Node>, names: Vec<String>, filter: Option<Box<Node>>, body: Box<Node> },
}

/// What a loop makes of the elements.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Each {
    All,
    Exists,
    ExistsOne,
    Map,
    Filter,
    TransformList,
    TransformMap,
    TransformMapEntry,
    /// Of an optional value, if there is one.
    OptMap,
    /// The same, whose body is optional itself.
    OptFlatMap,
}

impl Each {
    /// The loop of a name with so many arguments: how many of them name variables, and whether one filters.
    pub(super) fn named(name: &str, arguments: usize) -> Option<(Self, usize, bool)> {
        Some(match (name, arguments) {
            ("all", 2 | 3) => (Self::All, arguments - 1, false),
            ("exists", 2 | 3) => (Self::Exists, arguments - 1, false),
            ("exists_one", 2) | ("existsOne", 3) => (Self::ExistsOne, arguments - 1, false),
            ("map", 2 | 3) => (Self::Map, 1, arguments == 3),
            ("filter", 2) => (Self::Filter, 1, false),
            ("transformList", 3 | 4) => (Self::TransformList, 2, arguments == 4),
            ("transformMap", 3 | 4) => (Self::TransformMap, 2, arguments == 4),
            ("transformMapEntry", 3 | 4) => (Self::TransformMapEntry, 2, arguments == 4),
            ("optMap", 2) => (Self::OptMap, 1, false),
            ("optFlatMap", 2) => (Self::OptFlatMap, 1, false),
            _ => return None,
        })
    }
}

/// Does what may call itself for every part within a part, on as much stack as that takes: a thread's own is soon used up
/// in a build without optimisation.
pub(super) fn deep<T>(work: impl FnOnce() -> T) -> T {
    stacker::maybe_grow(128 << 10, 1 << 20, work)
}
