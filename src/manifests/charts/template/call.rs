//! A call of a function: its arguments, already of the types that it asks for, and what it can reach.

use std::borrow::Cow;
use std::rc::Rc;

use super::exec::Machine;
use super::failure::Failure;
use super::function::Type;
use super::object::Object;
use super::text::Text;
use super::value::{List, Map, Value};

/// What a function is given.
pub(crate) struct Call<'c, 'h> {
    pub(crate) arguments: Vec<Value>,
    pub(crate) machine: &'c mut Machine<'h>,
}

/// What stands in for an argument that an optional parameter did not get.
const NOTHING: Value = Value::Nil;

impl Call<'_, '_> {
    /// The argument at `index`; nil where there is none.
    pub(crate) fn value(&self, index: usize) -> &Value {
        self.arguments.get(index).unwrap_or(&NOTHING)
    }

    /// The arguments from `index` on.
    pub(crate) fn rest(&self, index: usize) -> &[Value] {
        self.arguments.get(index..).unwrap_or_default()
    }

    pub(crate) fn bytes(&self, index: usize) -> &[u8] {
        match self.value(index) {
            Value::Text(text) => text.as_bytes(),
            _ => &[],
        }
    }

    pub(crate) fn text(&self, index: usize) -> Cow<'_, str> {
        String::from_utf8_lossy(self.bytes(index))
    }

    pub(crate) fn int(&self, index: usize) -> i64 {
        match self.value(index) {
            Value::Int(number, _) => *number,
            _ => 0,
        }
    }

    pub(crate) fn flag(&self, index: usize) -> bool {
        matches!(self.value(index), Value::Bool(true))
    }

    pub(crate) fn float(&self, index: usize) -> f64 {
        match self.value(index) {
            Value::Float(number) => *number,
            _ => 0.0,
        }
    }

    /// The map at `index`; one that is nil where nil was given.
    pub(crate) fn map(&self, index: usize) -> Map {
        match self.value(index) {
            Value::Map(map) => map.clone(),
            _ => Map::nil(),
        }
    }

    pub(crate) fn object(&self, index: usize) -> Option<Rc<Object>> {
        match self.value(index) {
            Value::Object(object) => Some(Rc::clone(object)),
            _ => None,
        }
    }

    /// The items of the list at `index`, or of nothing for one that is nil.
    pub(crate) fn list(&self, index: usize) -> Vec<Value> {
        self.value(index).items().unwrap_or_default()
    }

    /// Refuses to make something larger than a template may print.
    pub(crate) fn bound(&self, size: usize) -> Result<(), Failure> {
        self.machine.bound(size)
    }
}

/// How many arguments there are, against what the parameters ask for.
pub(super) fn check_count(
    name: &str,
    parameters: usize,
    variadic: bool,
    words: usize,
    has_final: bool,
) -> Result<(), String> {
    let given = words + usize::from(has_final);
    if variadic {
        let least = parameters - 1;
        if given < least {
            return Err(format!("wrong number of args for {name}: want at least {least} got {words}"));
        }
    } else if given != parameters {
        return Err(format!("wrong number of args for {name}: want {parameters} got {given}"));
    }
    Ok(())
}

/// The type of the parameter for the argument at `index`.
pub(super) fn parameter(parameters: &[Type], index: usize) -> Type {
    parameters.get(index).or(parameters.last()).copied().unwrap_or(Type::Any)
}

/// What Go's zero of a type is, for a nil that it can be.
pub(super) fn zero(parameter: Type) -> Value {
    match parameter {
        Type::Map => Value::Map(Map::nil()),
        Type::List => Value::List(List::nil(super::value::Element::Any)),
        _ => Value::Nil,
    }
}

/// What `Text` is for callers that build one from a call.
impl From<Cow<'_, str>> for Text {
    fn from(text: Cow<'_, str>) -> Self {
        Self::from(&*text)
    }
}
