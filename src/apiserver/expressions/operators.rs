//! Operators on values, with the words of Kubernetes for what they cannot do.

use std::cmp::Ordering;

use kube_cel::cel::objects::KeyRef;

use super::value::{Value, list};

type Answer = Result<Value, String>;

pub(super) fn no_overload<T>() -> Result<T, String> {
    Err("no such overload".to_owned())
}

fn overflow(of: &str) -> String {
    format!("{of} overflow")
}

/// The value of a binary operator, `None` when there is no such operator.
pub(super) fn binary(name: &str, left: Value, right: Value) -> Option<Answer> {
    Some(match name {
        "_==_" => Ok(Value::Bool(left == right)),
        "_!=_" => Ok(Value::Bool(left != right)),
        "_<_" => compared(&left, &right, |order| order == Ordering::Less),
        "_<=_" => compared(&left, &right, |order| order != Ordering::Greater),
        "_>_" => compared(&left, &right, |order| order == Ordering::Greater),
        "_>=_" => compared(&left, &right, |order| order != Ordering::Less),
        "@in" => within(&left, &right),
        "_+_" => add(left, right),
        "_-_" => subtract(left, right),
        "_*_" => whole(&left, &right, i64::checked_mul, u64::checked_mul, |one, two| one * two),
        "_/_" if is_zero(&right) => Err("division by zero".to_owned()),
        "_/_" => whole(&left, &right, i64::checked_div, u64::checked_div, |one, two| one / two),
        "_%_" if is_zero(&right) => Err("modulus by zero".to_owned()),
        "_%_" if matches!(left, Value::Float(_)) => no_overload(),
        "_%_" => whole(&left, &right, i64::checked_rem, u64::checked_rem, |one, _| one),
        _ => return None,
    })
}

/// The value of an operator on one value.
pub(super) fn unary(name: &str, operand: &Value) -> Option<Answer> {
    Some(match (name, operand) {
        ("!_", Value::Bool(truth)) => Ok(Value::Bool(!truth)),
        ("-_", Value::Int(whole)) => whole.checked_neg().map(Value::Int).ok_or_else(|| overflow("integer")),
        ("-_", Value::Float(number)) => Ok(Value::Float(-number)),
        ("!_" | "-_", _) => no_overload(),
        _ => return None,
    })
}

fn is_zero(value: &Value) -> bool {
    matches!(value, Value::Int(0) | Value::UInt(0))
}

fn compared(left: &Value, right: &Value, good: impl Fn(Ordering) -> bool) -> Answer {
    if matches!(left, Value::Null) {
        return no_overload();
    }
    left.partial_cmp(right).map_or_else(no_overload, |order| Ok(Value::Bool(good(order))))
}

fn within(one: &Value, many: &Value) -> Answer {
    match many {
        Value::List(items) => Ok(Value::Bool(items.iter().any(|item| item == one))),
        Value::Map(entries) => {
            let found = KeyRef::try_from(one).is_ok_and(|key| entries.get(&key).is_some());
            Ok(Value::Bool(found))
        }
        _ => no_overload(),
    }
}

fn whole(
    left: &Value,
    right: &Value,
    signed: impl Fn(i64, i64) -> Option<i64>,
    unsigned: impl Fn(u64, u64) -> Option<u64>,
    real: impl Fn(f64, f64) -> f64,
) -> Answer {
    match (left, right) {
        (Value::Int(one), Value::Int(two)) => {
            signed(*one, *two).map(Value::Int).ok_or_else(|| overflow("integer"))
        }
        (Value::UInt(one), Value::UInt(two)) => {
            unsigned(*one, *two).map(Value::UInt).ok_or_else(|| overflow("unsigned integer"))
        }
        (Value::Float(one), Value::Float(two)) => Ok(Value::Float(real(*one, *two))),
        _ => no_overload(),
    }
}

fn add(left: Value, right: Value) -> Answer {
    match (&left, &right) {
        (Value::Int(_) | Value::UInt(_) | Value::Float(_), _) => {
            whole(&left, &right, i64::checked_add, u64::checked_add, |one, two| one + two)
        }
        (Value::List(one), Value::List(two)) => Ok(list(one.iter().chain(two.iter()).cloned().collect())),
        (Value::Bytes(one), Value::Bytes(two)) => {
            Ok(Value::Bytes(one.iter().chain(two.iter()).copied().collect::<Vec<u8>>().into()))
        }
        (Value::String(_), Value::String(_))
        | (Value::Duration(_), Value::Duration(_) | Value::Timestamp(_))
        | (Value::Timestamp(_), Value::Duration(_)) => (left + right).map_err(|_| overflow("timestamp")),
        _ => no_overload(),
    }
}

fn subtract(left: Value, right: Value) -> Answer {
    match (&left, &right) {
        (Value::Int(_) | Value::UInt(_) | Value::Float(_), _) => {
            whole(&left, &right, i64::checked_sub, u64::checked_sub, |one, two| one - two)
        }
        (Value::Duration(_), Value::Duration(_))
        | (Value::Timestamp(_), Value::Duration(_) | Value::Timestamp(_)) => {
            (left - right).map_err(|_| overflow("timestamp"))
        }
        _ => no_overload(),
    }
}
