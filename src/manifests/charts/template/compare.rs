//! `eq`, `ne`, `lt`, `le`, `gt`, `ge`: kinds must be the same, whole numbers compare whatever their sign.

use std::cmp::Ordering;

use super::failure::Failure;
use super::object::Object;
use super::print::print;
use super::value::Value;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Basic {
    None,
    Bool,
    Int,
    Uint,
    Float,
    Text,
}

fn basic(value: &Value) -> Basic {
    match value {
        Value::Bool(_) => Basic::Bool,
        Value::Int(..) => Basic::Int,
        Value::Uint(..) => Basic::Uint,
        Value::Float(_) => Basic::Float,
        Value::Text(_) => Basic::Text,
        Value::Object(object) => match &**object {
            Object::Month(_) | Object::Weekday(_) | Object::Duration(_) => Basic::Int,
            _ => Basic::None,
        },
        _ => Basic::None,
    }
}

fn whole(value: &Value) -> i128 {
    match value {
        Value::Int(number, _) => i128::from(*number),
        Value::Uint(number, _) => i128::from(*number),
        Value::Object(object) => match &**object {
            Object::Month(number) | Object::Weekday(number) => i128::from(*number),
            Object::Duration(number) => *number,
            _ => 0,
        },
        _ => 0,
    }
}

fn incompatible(a: &Value, b: &Value) -> Failure {
    Failure::new(format!("incompatible types for comparison: {} and {}", a.type_name(), b.type_name()))
}

/// Whether `first` equals one of `others`.
pub(super) fn equal(first: &Value, others: &[Value]) -> Result<bool, Failure> {
    if others.is_empty() {
        return Err(Failure::new("missing argument for comparison"));
    }
    for other in others {
        if same(first, other)? {
            return Ok(true);
        }
    }
    Ok(false)
}

#[expect(clippy::float_cmp, reason = "templates compare as Go does")]
fn same(a: &Value, b: &Value) -> Result<bool, Failure> {
    let kinds = (basic(a), basic(b));
    match kinds {
        (Basic::Int | Basic::Uint, Basic::Int | Basic::Uint) => return Ok(whole(a) == whole(b)),
        (left, right) if left != right => {
            if a.is_nil() || b.is_nil() {
                return Ok(false);
            }
            return Err(incompatible(a, b));
        }
        _ => {}
    }
    match (a, b) {
        (Value::Bool(a), Value::Bool(b)) => Ok(a == b),
        (Value::Float(a), Value::Float(b)) => Ok(a == b),
        (Value::Text(a), Value::Text(b)) => Ok(a == b),
        _ => same_reference(a, b),
    }
}

fn is_nil(value: &Value) -> bool {
    match value {
        Value::Nil => true,
        Value::List(list) => list.is_nil(),
        Value::Map(map) => map.is_nil(),
        _ => false,
    }
}

fn same_reference(a: &Value, b: &Value) -> Result<bool, Failure> {
    let shown = |value: &Value| String::from_utf8_lossy(&print(value)).into_owned();
    if a.kind_name() != b.kind_name() && !a.is_nil() && !b.is_nil() {
        let (left, right) = (a.type_name(), b.type_name());
        return Err(Failure::new(format!(
            "non-comparable types {}: {left}, {right}: {}",
            shown(a),
            shown(b)
        )));
    }
    if is_nil(a) || is_nil(b) {
        return Ok(is_nil(a) == is_nil(b));
    }
    match (a, b) {
        (Value::Object(left), Value::Object(right)) if b.kind_name() != "slice" => Ok(left == right),
        _ => Err(Failure::new(format!("non-comparable type {}: {}", shown(b), b.type_name()))),
    }
}

/// Whether `a` is less than `b`.
pub(super) fn less(a: &Value, b: &Value) -> Result<bool, Failure> {
    let bad = || Failure::new("invalid type for comparison");
    match (basic(a), basic(b)) {
        (Basic::None, _) | (_, Basic::None) => Err(bad()),
        (Basic::Int | Basic::Uint, Basic::Int | Basic::Uint) => Ok(whole(a) < whole(b)),
        (left, right) if left != right => Err(incompatible(a, b)),
        _ => match (a, b) {
            (Value::Float(a), Value::Float(b)) => Ok(a < b),
            (Value::Text(a), Value::Text(b)) => Ok(a.as_bytes().cmp(b.as_bytes()) == Ordering::Less),
            _ => Err(bad()),
        },
    }
}
