//! sprig's functions on paths, which are Go's path package; `os` in front changes nothing on Linux.

use super::super::template::{Call, Failure, Function, Type, Value};
use Type::Text as Str;

type Answer = Result<Value, Failure>;

pub(super) const FUNCTIONS: &[Function] = &[
    Function::new("base", &[Str], |call| on(call, base)),
    Function::new("osBase", &[Str], |call| on(call, base)),
    Function::new("dir", &[Str], |call| on(call, dir)),
    Function::new("osDir", &[Str], |call| on(call, dir)),
    Function::new("clean", &[Str], |call| on(call, clean)),
    Function::new("osClean", &[Str], |call| on(call, clean)),
    Function::new("ext", &[Str], |call| on(call, extension)),
    Function::new("osExt", &[Str], |call| on(call, extension)),
    Function::new("isAbs", &[Str], |call| Ok(Value::Bool(call.bytes(0).starts_with(b"/")))),
    Function::new("osIsAbs", &[Str], |call| Ok(Value::Bool(call.bytes(0).starts_with(b"/")))),
];

fn on(call: &Call, change: fn(&str) -> String) -> Answer {
    Ok(Value::text(change(&call.text(0))))
}

fn base(path: &str) -> String {
    if path.is_empty() {
        return ".".to_owned();
    }
    let trimmed = path.trim_end_matches('/');
    match trimmed.rsplit('/').next() {
        Some(name) if !name.is_empty() => name.to_owned(),
        _ => "/".to_owned(),
    }
}

fn dir(path: &str) -> String {
    clean(path.rfind('/').map_or("", |at| &path[..=at]))
}

/// The shortest path that means the same.
fn clean(path: &str) -> String {
    let rooted = path.starts_with('/');
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => drop(parts.pop()),
            ".." if rooted => {}
            part => parts.push(part),
        }
    }
    let joined = parts.join("/");
    match (rooted, joined.is_empty()) {
        (true, _) => format!("/{joined}"),
        (false, true) => ".".to_owned(),
        (false, false) => joined,
    }
}

fn extension(path: &str) -> String {
    let name = path.rsplit('/').next().unwrap_or_default();
    name.rfind('.').map_or(String::new(), |at| name[at..].to_owned())
}
