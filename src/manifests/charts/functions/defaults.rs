//! sprig's functions about what is missing, what things are, and choices.

use super::super::template::{Call, Failure, Function, Object, Type, Value};
use Type::{Any, Bool, Text as Str};

type Answer = Result<Value, Failure>;

pub(super) const FUNCTIONS: &[Function] = &[
    Function::variadic("default", &[Any, Any], |call| {
        let given = call.rest(1);
        let index = usize::from(!given.is_empty() && !is_empty(&given[0]));
        Ok(call.value(index).clone())
    }),
    Function::new("empty", &[Any], |call| Ok(Value::Bool(is_empty(call.value(0))))),
    Function::variadic("coalesce", &[Any], |call| {
        Ok(call.arguments.iter().find(|value| !is_empty(value)).cloned().unwrap_or(Value::Nil))
    }),
    Function::variadic("all", &[Any], |call| Ok(Value::Bool(!call.arguments.iter().any(is_empty)))),
    Function::variadic("any", &[Any], |call| {
        Ok(Value::Bool(call.arguments.iter().any(|value| !is_empty(value))))
    }),
    Function::new("ternary", &[Any, Any, Bool], |call| Ok(call.value(usize::from(!call.flag(2))).clone())),
    Function::new("typeOf", &[Any], |call| Ok(Value::text(call.value(0).type_name()))),
    Function::new("typeIs", &[Str, Any], |call| {
        Ok(Value::Bool(call.bytes(0) == call.value(1).type_name().as_bytes()))
    }),
    Function::new("typeIsLike", &[Str, Any], |call| {
        let name = call.value(1).type_name();
        let like = |name: &str| call.bytes(0) == name.as_bytes();
        Ok(Value::Bool(like(name) || name.strip_prefix('*').is_some_and(like)))
    }),
    Function::new("kindOf", &[Any], |call| Ok(Value::text(call.value(0).kind_name()))),
    Function::new("kindIs", &[Str, Any], |call| {
        Ok(Value::Bool(call.bytes(0) == call.value(1).kind_name().as_bytes()))
    }),
    Function::new("deepEqual", &[Any, Any], |call| Ok(Value::Bool(call.value(0).deep_equal(call.value(1))))),
    Function::new("getHostByName", &[Str], empty_text),
];

/// Names are not looked up: rendering has no network.
fn empty_text(_: &mut Call) -> Answer {
    Ok(Value::text(""))
}

/// Whether a value is the zero of its type. Structs never are.
pub(super) fn is_empty(value: &Value) -> bool {
    match value {
        Value::Object(object) => match &**object {
            Object::Duration(number) => *number == 0,
            Object::Weekday(number) => *number == 0,
            Object::ApiVersions(versions) => versions.is_empty(),
            _ => false,
        },
        value => !super::super::template::truth(value),
    }
}
