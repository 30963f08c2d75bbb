//! sprig's functions on lists. What is no list is an error, of the plain function as of the one with `must`.

use super::super::template::{Call, Element, Failure, Function, List, Type, Value};
use super::defaults::is_empty;
use super::numbers::to_int;
use super::strings::texts;
use Type::{Any, Int};

type Answer = Result<Value, Failure>;

pub(super) const FUNCTIONS: &[Function] = &[
    Function::variadic("list", &[Any], |call| Ok(Value::list(call.arguments.clone()))),
    Function::variadic("tuple", &[Any], |call| Ok(Value::list(call.arguments.clone()))),
    Function::new("append", &[Any, Any], push),
    Function::new("push", &[Any, Any], push),
    Function::new("prepend", &[Any, Any], prepend),
    Function::new("first", &[Any], first),
    Function::new("rest", &[Any], rest),
    Function::new("last", &[Any], last),
    Function::new("initial", &[Any], initial),
    Function::new("reverse", &[Any], reverse),
    Function::new("uniq", &[Any], uniq),
    Function::variadic("without", &[Any, Any], without),
    Function::new("has", &[Any, Any], has),
    Function::variadic("slice", &[Any, Any], slice),
    Function::new("chunk", &[Int, Any], chunk),
    Function::new("compact", &[Any], compact),
    Function::variadic("concat", &[Any], concat),
    Function::new("sortAlpha", &[Any], sort_alpha),
];

pub(super) const MUST_FUNCTIONS: &[Function] = &[
    Function::new("mustAppend", &[Any, Any], push),
    Function::new("mustPush", &[Any, Any], push),
    Function::new("mustPrepend", &[Any, Any], prepend),
    Function::new("mustFirst", &[Any], first),
    Function::new("mustRest", &[Any], rest),
    Function::new("mustLast", &[Any], last),
    Function::new("mustInitial", &[Any], initial),
    Function::new("mustReverse", &[Any], reverse),
    Function::new("mustUniq", &[Any], uniq),
    Function::variadic("mustWithout", &[Any, Any], without),
    Function::new("mustHas", &[Any, Any], has),
    Function::variadic("mustSlice", &[Any, Any], slice),
    Function::new("mustChunk", &[Int, Any], chunk),
    Function::new("mustCompact", &[Any], compact),
];

/// What Go says where it looks at the type of nil.
const NIL: &str = "runtime error: invalid memory address or nil pointer dereference";

fn items(value: &Value, cannot: &str) -> Result<Vec<Value>, Failure> {
    match value.items() {
        Some(items) => Ok(items),
        None if value.is_nil() => Err(Failure::new(NIL)),
        None => Err(Failure::new(format!("{cannot} {}", value.kind_name()))),
    }
}

fn push(call: &mut Call) -> Answer {
    let mut items = items(call.value(0), "Cannot push on type")?;
    items.push(call.value(1).clone());
    Ok(Value::list(items))
}

fn prepend(call: &mut Call) -> Answer {
    let mut items = items(call.value(0), "Cannot prepend on type")?;
    items.insert(0, call.value(1).clone());
    Ok(Value::list(items))
}

fn first(call: &mut Call) -> Answer {
    Ok(items(call.value(0), "Cannot find first on type")?.into_iter().next().unwrap_or(Value::Nil))
}

fn last(call: &mut Call) -> Answer {
    Ok(items(call.value(0), "Cannot find last on type")?.pop().unwrap_or(Value::Nil))
}

fn rest(call: &mut Call) -> Answer {
    let items = items(call.value(0), "Cannot find rest on type")?;
    Ok(match items.split_first() {
        Some((_, rest)) => Value::list(rest.to_vec()),
        None => Value::List(List::nil(Element::Any)),
    })
}

fn initial(call: &mut Call) -> Answer {
    let items = items(call.value(0), "Cannot find initial on type")?;
    Ok(match items.split_last() {
        Some((_, initial)) => Value::list(initial.to_vec()),
        None => Value::List(List::nil(Element::Any)),
    })
}

fn reverse(call: &mut Call) -> Answer {
    let mut items = items(call.value(0), "Cannot find reverse on type")?;
    items.reverse();
    Ok(Value::list(items))
}

fn contains(items: &[Value], wanted: &Value) -> bool {
    items.iter().any(|item| wanted.deep_equal(item))
}

fn uniq(call: &mut Call) -> Answer {
    let mut unique = Vec::new();
    for item in items(call.value(0), "Cannot find uniq on type")? {
        if !contains(&unique, &item) {
            unique.push(item);
        }
    }
    Ok(Value::list(unique))
}

fn without(call: &mut Call) -> Answer {
    let mut items = items(call.value(0), "Cannot find without on type")?;
    items.retain(|item| !contains(call.rest(1), item));
    Ok(Value::list(items))
}

fn has(call: &mut Call) -> Answer {
    if call.value(1).is_nil() {
        return Ok(Value::Bool(false));
    }
    let items = items(call.value(1), "Cannot find has on type")?;
    Ok(Value::Bool(contains(&items, call.value(0))))
}

fn slice(call: &mut Call) -> Answer {
    let list = call.value(0);
    let items = items(list, "list should be type of slice or array but")?;
    if items.is_empty() {
        return Ok(Value::Nil);
    }
    let length = items.len();
    let start = if call.arguments.len() > 1 { to_int(call.value(1)) } else { 0 };
    let end = match call.arguments.len() {
        0..3 => i64::try_from(length).unwrap_or(i64::MAX),
        _ => to_int(call.value(2)),
    };
    let range = usize::try_from(start).ok().zip(usize::try_from(end).ok());
    let range = range.filter(|(start, end)| start <= end && *end <= length);
    let Some((start, end)) = range else {
        return Err(Failure::new("reflect.Value.Slice: slice index out of bounds"));
    };
    let element = match list {
        Value::List(list) => list.element(),
        _ => Element::Any,
    };
    Ok(Value::List(List::new(element, items[start..end].to_vec())))
}

fn chunk(call: &mut Call) -> Answer {
    let items = items(call.value(1), "Cannot chunk type")?;
    let Some(size) = usize::try_from(call.int(0)).ok().filter(|&size| size > 0) else {
        return Err(Failure::new("runtime error: makeslice: len out of range"));
    };
    let chunks = items.chunks(size).map(|chunk| Value::list(chunk.to_vec())).collect();
    Ok(Value::List(List::new(Element::List, chunks)))
}

fn compact(call: &mut Call) -> Answer {
    let mut items = items(call.value(0), "Cannot compact on type")?;
    items.retain(|item| !is_empty(item));
    Ok(Value::list(items))
}

fn concat(call: &mut Call) -> Answer {
    let mut all = Vec::new();
    for list in &call.arguments {
        match list.items() {
            Some(items) => all.extend(items),
            None if list.is_nil() => return Err(Failure::new(NIL)),
            None => {
                return Err(Failure::new(format!("Cannot concat type {} as list", list.kind_name())));
            }
        }
    }
    if all.is_empty() {
        return Ok(Value::List(List::nil(Element::Any)));
    }
    Ok(Value::list(all))
}

fn sort_alpha(call: &mut Call) -> Answer {
    let mut sorted = texts(call.value(0));
    if call.value(0).items().is_some() {
        sorted.sort();
    }
    Ok(Value::texts(sorted))
}
