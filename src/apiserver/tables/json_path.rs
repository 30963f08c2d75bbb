//! The paths that columns of custom kinds are found by: fields, indexes, stars and filters by comparison.
//! <https://kubernetes.io/docs/reference/kubectl/jsonpath/>

use serde_json::Value;

/// How long a path may be, in bytes.
const LONGEST: usize = 4096;

/// The first value that `path` leads to.
pub(super) fn find<'a>(path: &str, object: &'a Value) -> Option<&'a Value> {
    if path.len() > LONGEST {
        return None;
    }
    let path = path.strip_prefix('{').and_then(|path| path.strip_suffix('}')).unwrap_or(path);
    let path = path.strip_prefix('$').unwrap_or(path);
    let mut found = vec![object];
    let mut rest = path;
    while !rest.is_empty() {
        let (step, after) = step(rest)?;
        found = found.into_iter().flat_map(|value| go(&step, value)).collect();
        rest = after;
    }
    found.first().copied()
}

enum Step<'a> {
    Field(String),
    Index(i64),
    All,
    Filter { path: &'a str, equal: bool, wanted: Value },
    Has(&'a str),
}

fn step(path: &str) -> Option<(Step<'_>, &str)> {
    if let Some(rest) = path.strip_prefix('[') {
        let end = closing(rest)?;
        return Some((bracket(&rest[..end])?, &rest[end + 1..]));
    }
    let rest = path.strip_prefix('.').unwrap_or(path);
    if let Some(rest) = rest.strip_prefix('*') {
        return Some((Step::All, rest));
    }
    let mut name = String::new();
    let mut characters = rest.char_indices();
    while let Some((place, character)) = characters.next() {
        match character {
            '\\' => name.extend(characters.next().map(|(_, escaped)| escaped)),
            '.' | '[' => return (!name.is_empty()).then(|| (Step::Field(name), &rest[place..])),
            other => name.push(other),
        }
    }
    (!name.is_empty()).then_some((Step::Field(name), ""))
}

/// The place of the bracket that closes, brackets in quotes aside.
fn closing(text: &str) -> Option<usize> {
    let (mut quote, mut depth) = (None, 0_usize);
    for (place, character) in text.char_indices() {
        match (quote, character) {
            (Some(open), other) if open == other => quote = None,
            (None, '\'' | '"') => quote = Some(character),
            (None, '[') => depth += 1,
            (None, ']') if depth == 0 => return Some(place),
            (None, ']') => depth -= 1,
            _ => {}
        }
    }
    None
}

fn bracket(inner: &str) -> Option<Step<'_>> {
    if inner == "*" {
        return Some(Step::All);
    }
    if let Some(condition) = inner.strip_prefix("?(").and_then(|rest| rest.strip_suffix(')')) {
        let condition = condition.trim().strip_prefix('@')?;
        for (operator, equal) in [("==", true), ("!=", false)] {
            if let Some((path, wanted)) = condition.split_once(operator) {
                return Some(Step::Filter { path: path.trim(), equal, wanted: literal(wanted.trim())? });
            }
        }
        return Some(Step::Has(condition.trim()));
    }
    if let Value::String(name) = literal(inner)? {
        return Some(Step::Field(name));
    }
    inner.parse().ok().map(Step::Index)
}

fn literal(text: &str) -> Option<Value> {
    let quoted = |quote: char| text.strip_prefix(quote).and_then(|text| text.strip_suffix(quote));
    match quoted('\'').or_else(|| quoted('"')) {
        Some(text) => Some(Value::String(text.to_owned())),
        None => serde_json::from_str(text).ok(),
    }
}

fn go<'a>(step: &Step<'_>, value: &'a Value) -> Vec<&'a Value> {
    match step {
        Step::Field(name) => value.get(name).into_iter().collect(),
        Step::Index(index) => {
            let items = value.as_array().map_or(&[][..], Vec::as_slice);
            let length = i64::try_from(items.len()).unwrap_or(i64::MAX);
            let index = if *index < 0 { length + index } else { *index };
            usize::try_from(index).ok().and_then(|index| items.get(index)).into_iter().collect()
        }
        Step::All => match value {
            Value::Array(items) => items.iter().collect(),
            Value::Object(fields) => fields.values().collect(),
            _ => Vec::new(),
        },
        Step::Filter { path, equal, wanted } => {
            let items = value.as_array().into_iter().flatten();
            items.filter(|item| find(path, item).is_some_and(|found| (found == wanted) == *equal)).collect()
        }
        Step::Has(path) => {
            let items = value.as_array().into_iter().flatten();
            items.filter(|item| find(path, item).is_some()).collect()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn paths() {
        let object = json!({
            "metadata": { "labels": { "a.b/c": "x" } },
            "spec": { "items": [{ "n": 1 }, { "n": 2 }] },
            "status": { "conditions": [
                { "type": "Reconciling", "status": "False" },
                { "type": "Ready", "status": "True" },
            ] },
        });
        for (path, expected) in [
            (".status.conditions[?(@.type==\"Ready\")].status", Some(json!("True"))),
            (".status.conditions[?(@.type=='Nope')].status", None),
            (".status.conditions[?(@.type!='Ready')].status", Some(json!("False"))),
            (".spec.items[1].n", Some(json!(2))),
            (".spec.items[-1].n", Some(json!(2))),
            (".spec.items[*].n", Some(json!(1))),
            (".metadata.labels['a.b/c']", Some(json!("x"))),
            (".metadata.labels.a\\.b/c", Some(json!("x"))),
            ("{.spec.items[0].n}", Some(json!(1))),
            (".spec.none", None),
            (".spec.items[", None),
        ] {
            assert_eq!(find(path, &object), expected.as_ref(), "{path}");
        }
    }
}
