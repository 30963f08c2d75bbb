//! sprig's functions on dictionaries. `set`, `unset` and the merges change the one that they are given.

use std::collections::BTreeMap;

use super::super::template::{Call, Failure, Function, Map, MapKind, Text, Type, Value};
use super::strings::shown;
use Type::{Any, Map as Dict, Text as Str};

type Answer = Result<Value, Failure>;

pub(super) const FUNCTIONS: &[Function] = &[
    Function::variadic("dict", &[Any], dict),
    Function::new("get", &[Dict, Str], |call| {
        Ok(call.map(0).get(call.bytes(1)).unwrap_or_else(|| Value::text("")))
    }),
    Function::new("set", &[Dict, Str, Any], set),
    Function::new("unset", &[Dict, Str], |call| {
        call.map(0).entries_mut().remove(call.bytes(1));
        Ok(Value::Map(call.map(0)))
    }),
    Function::new("hasKey", &[Dict, Str], |call| Ok(Value::Bool(call.map(0).get(call.bytes(1)).is_some()))),
    Function::variadic("pluck", &[Str, Dict], |call| {
        let maps = (1..call.arguments.len()).map(|index| call.map(index));
        Ok(Value::list(maps.filter_map(|map| map.get(call.bytes(0))).collect()))
    }),
    Function::variadic("keys", &[Dict], |call| {
        let maps = (0..call.arguments.len()).map(|index| call.map(index));
        Ok(Value::texts(maps.flat_map(|map| map.entries().keys().cloned().collect::<Vec<_>>())))
    }),
    Function::variadic("pick", &[Dict, Str], |call| {
        let map = call.map(0);
        let pick = |key: &Value| {
            let key = shown(key);
            map.get(key.as_bytes()).map(|value| (key, value))
        };
        Ok(Value::map(call.rest(1).iter().filter_map(pick)))
    }),
    Function::variadic("omit", &[Dict, Str], |call| {
        let omitted = call.rest(1).iter().map(shown).collect::<Vec<_>>();
        let entries = call.map(0);
        let entries = entries.entries();
        let kept = entries.iter().filter(|(key, _)| !omitted.contains(key));
        Ok(Value::map(kept.map(|(key, value)| (key.clone(), value.clone()))))
    }),
    Function::new("values", &[Dict], |call| {
        Ok(Value::list(call.map(0).entries().values().cloned().collect()))
    }),
    Function::variadic("merge", &[Dict, Dict], |call| merge_all(call, false)),
    Function::variadic("mustMerge", &[Dict, Dict], |call| merge_all(call, false)),
    Function::variadic("mergeOverwrite", &[Dict, Dict], |call| merge_all(call, true)),
    Function::variadic("mustMergeOverwrite", &[Dict, Dict], |call| merge_all(call, true)),
    Function::new("deepCopy", &[Any], |call| deep_copy(call.value(0), 0)),
    Function::new("mustDeepCopy", &[Any], |call| deep_copy(call.value(0), 0)),
    Function::variadic("dig", &[Any], dig),
];

fn dict(call: &mut Call) -> Answer {
    let pair = |pair: &[Value]| (shown(&pair[0]), pair.get(1).cloned().unwrap_or_else(|| Value::text("")));
    Ok(Value::map(call.arguments.chunks(2).map(pair)))
}

fn set(call: &mut Call) -> Answer {
    let map = call.map(0);
    if map.is_nil() {
        return Err(Failure::new("assignment to entry in nil map"));
    }
    map.entries_mut().insert(Text::from(call.bytes(1)), call.value(2).clone());
    Ok(Value::Map(map))
}

/// How deep maps may be nested, which may hold themselves.
const DEPTH_LIMIT: usize = 500;

fn too_deep() -> Failure {
    Failure::new(format!("more than {DEPTH_LIMIT} maps in each other"))
}

fn merge_all(call: &mut Call, overwrite: bool) -> Answer {
    let destination = call.map(0);
    for index in 1..call.arguments.len() {
        merge(&destination, &call.map(index), overwrite, 0)?;
    }
    Ok(Value::Map(destination))
}

/// As mergo does: what is empty gives way, and what is nil overwrites only where everything does.
fn merge(destination: &Map, source: &Map, overwrite: bool, depth: usize) -> Result<(), Failure> {
    if depth > DEPTH_LIMIT {
        return Err(too_deep());
    }
    if destination.is(source) || source.is_nil() {
        return Ok(());
    }
    let entries =
        source.entries().iter().map(|(key, value)| (key.clone(), value.clone())).collect::<Vec<_>>();
    for (key, value) in entries {
        let old = destination.get(key.as_bytes());
        if value.is_nil() {
            if overwrite {
                destination.entries_mut().insert(key, value);
            }
            continue;
        }
        if let (Some(Value::Map(old)), Value::Map(new)) = (&old, &value) {
            merge(old, new, overwrite, depth + 1)?;
            continue;
        }
        if overwrite || old.as_ref().is_none_or(super::defaults::is_empty) {
            destination.entries_mut().insert(key, value);
        }
    }
    Ok(())
}

fn deep_copy(value: &Value, depth: usize) -> Answer {
    if depth == 0 && value.is_endless() {
        return Err(too_deep());
    }
    Ok(match value {
        Value::Map(map) if map.is_nil() => value.clone(),
        Value::Map(map) => {
            let copy = |(key, value): (&Text, &Value)| Ok((key.clone(), deep_copy(value, depth + 1)?));
            let entries = map.entries().iter().map(copy).collect::<Result<BTreeMap<_, _>, Failure>>()?;
            Value::Map(Map::new(map.kind(), entries))
        }
        Value::List(list) if !list.is_nil() => {
            let items = list.items().iter().map(|item| deep_copy(item, depth + 1));
            let items = items.collect::<Result<_, _>>()?;
            Value::List(super::super::template::List::new(list.element(), items))
        }
        value => value.clone(),
    })
}

fn dig(call: &mut Call) -> Answer {
    let count = call.arguments.len();
    if count < 3 {
        return Err(Failure::new("dig needs at least three arguments"));
    }
    let conversion = |value: &Value, wanted: &str| {
        let got = if value.is_nil() { "nil" } else { value.type_name() };
        Failure::new(format!("interface conversion: interface {{}} is {got}, not {wanted}"))
    };
    let mut current = call.value(count - 1).clone();
    for key in &call.arguments[..count - 2] {
        let Value::Map(map) = &current else {
            return Err(conversion(&current, "map[string]interface {}"));
        };
        if map.kind() != MapKind::Any {
            return Err(conversion(&current, "map[string]interface {}"));
        }
        let Value::Text(name) = key else { return Err(conversion(key, "string")) };
        let Some(next) = map.get(name.as_bytes()) else { return Ok(call.value(count - 2).clone()) };
        current = next;
    }
    Ok(current)
}
