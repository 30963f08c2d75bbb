//! Functions of templates and the types of what they take, by which Go checks calls before it makes them.

use super::call::Call;
use super::failure::Failure;
use super::object::Object;
use super::value::{Element, MapKind, Signed, Value};

/// The type of a parameter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Type {
    /// `interface{}`
    Any,
    /// `reflect.Value`, of the functions that Go itself brings.
    Reflect,
    Text,
    Int,
    Uint32,
    Float,
    Bool,
    /// `map[string]interface{}`
    Map,
    /// `[]interface{}`
    List,
    Time,
    Duration,
    Version,
    Certificate,
}

impl Type {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Any => "interface {}",
            Self::Reflect => "reflect.Value",
            Self::Text => "string",
            Self::Int => "int",
            Self::Uint32 => "uint32",
            Self::Float => "float64",
            Self::Bool => "bool",
            Self::Map => "map[string]interface {}",
            Self::List => "[]interface {}",
            Self::Time => "time.Time",
            Self::Duration => "time.Duration",
            Self::Version => "*semver.Version",
            Self::Certificate => "sprig.certificate",
        }
    }

    /// Whether nil is a value of it.
    pub(super) fn can_be_nil(self) -> bool {
        matches!(self, Self::Any | Self::Reflect | Self::Map | Self::List | Self::Version)
    }

    /// Whether a value that is not nil can be given to it as it is.
    pub(super) fn takes(self, value: &Value) -> bool {
        match (self, value) {
            (Self::Any | Self::Reflect, _)
            | (Self::Text, Value::Text(_))
            | (Self::Int, Value::Int(_, Signed::Int))
            | (Self::Float, Value::Float(_))
            | (Self::Bool, Value::Bool(_)) => true,
            (Self::Map, Value::Map(map)) => matches!(map.kind(), MapKind::Any | MapKind::Values),
            (Self::List, Value::List(list)) => list.element() == Element::Any,
            (wanted, Value::Object(object)) => matches!(
                (wanted, &**object),
                (Self::Time, Object::Time(_))
                    | (Self::Duration, Object::Duration(_))
                    | (Self::Version, Object::Version(_))
                    | (Self::Certificate, Object::Certificate(_))
            ),
            _ => false,
        }
    }
}

/// A function that templates can call.
#[derive(Clone, Copy)]
pub(crate) struct Function {
    pub(crate) name: &'static str,
    pub(crate) parameters: &'static [Type],
    /// Whether the last parameter may come any number of times.
    pub(crate) variadic: bool,
    /// Whether Go itself brings it, so that `and` and `or` stop early.
    pub(crate) builtin: bool,
    pub(crate) run: fn(&mut Call) -> Result<Value, Failure>,
}

impl Function {
    /// A function with so many parameters.
    pub(crate) const fn new(
        name: &'static str,
        parameters: &'static [Type],
        run: fn(&mut Call) -> Result<Value, Failure>,
    ) -> Self {
        Self { name, parameters, variadic: false, builtin: false, run }
    }

    /// A function whose last parameter may come any number of times.
    pub(crate) const fn variadic(
        name: &'static str,
        parameters: &'static [Type],
        run: fn(&mut Call) -> Result<Value, Failure>,
    ) -> Self {
        Self { name, parameters, variadic: true, builtin: false, run }
    }
}
