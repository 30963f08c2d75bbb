//! Loops over lists and maps. Maps are gone through in the order of their keys.

use std::collections::HashMap;

use kube_cel::cel::objects::Key;

use super::evaluate::{Answer, Run};
use super::node::{Each, Node};
use super::operators::no_overload;
use super::value::{Value, list, map, none, optional, some, truth};

impl Run<'_> {
    pub(super) fn looped(
        &mut self,
        each: Each,
        of: &Node,
        names: &[String],
        filter: Option<&Node>,
        body: &Node,
    ) -> Answer {
        let of = self.value(of)?;
        if matches!(each, Each::OptMap | Each::OptFlatMap) {
            let Some(held) = optional(&of) else { return no_overload() };
            let Some(held) = held else { return Ok(none()) };
            let value = self.with(names, std::slice::from_ref(held), body)?;
            return Ok(if each == Each::OptMap { some(value) } else { value });
        }
        let entries = entries(&of)?;
        let mut result = Gathered::new(each);
        for (key, value) in entries {
            let single = if matches!(of, Value::Map(_)) { key.clone() } else { value.clone() };
            let given = if names.len() == 1 { vec![single.clone()] } else { vec![key.clone(), value] };
            if let Some(filter) = filter {
                let passes = self.with(names, &given, filter)?;
                match truth(&passes) {
                    Some(true) => {}
                    Some(false) => continue,
                    None => return no_overload(),
                }
            }
            let answer = self.with(names, &given, body);
            if result.take(key, single, answer)? {
                break;
            }
            self.pay(1)?;
        }
        result.end()
    }

    fn with(&mut self, names: &[String], values: &[Value], node: &Node) -> Answer {
        let before = self.locals.len();
        self.locals.extend(names.iter().cloned().zip(values.iter().cloned()));
        let answer = self.value(node);
        self.locals.truncate(before);
        answer
    }
}

/// Keys and values, those of a list by their place.
fn entries(of: &Value) -> Result<Vec<(Value, Value)>, String> {
    match of {
        Value::List(items) => {
            let place = |place: usize| Value::Int(i64::try_from(place).unwrap_or(i64::MAX));
            Ok(items.iter().enumerate().map(|(at, item)| (place(at), item.clone())).collect())
        }
        Value::Map(fields) => {
            let mut entries: Vec<_> = fields.map.iter().collect();
            entries.sort_by(|one, two| one.0.cmp(two.0));
            Ok(entries.into_iter().map(|(key, value)| (Value::from(key), value.clone())).collect())
        }
        _ => no_overload(),
    }
}

/// What a loop has so far.
struct Gathered {
    each: Each,
    items: Vec<Value>,
    fields: HashMap<Key, Value>,
    held: usize,
    /// `all` and `exists` go on after an error: a later element may decide.
    error: Option<String>,
}

impl Gathered {
    fn new(each: Each) -> Self {
        Self { each, items: Vec::new(), fields: HashMap::new(), held: 0, error: None }
    }

    /// Takes what the body has made of one element; says whether that decides.
    fn take(&mut self, key: Value, element: Value, answer: Answer) -> Result<bool, String> {
        let held = |answer: Answer| answer.and_then(|value| truth(&value).map_or_else(no_overload, Ok));
        match self.each {
            Each::All | Each::Exists => match held(answer) {
                Ok(holds) if holds == (self.each == Each::Exists) => {
                    self.held = 1;
                    return Ok(true);
                }
                Ok(_) => {}
                Err(error) => self.error = Some(self.error.take().unwrap_or(error)),
            },
            Each::ExistsOne => self.held += usize::from(held(answer)?),
            Each::Filter => {
                if held(answer)? {
                    self.items.push(element);
                }
            }
            Each::Map | Each::TransformList => self.items.push(answer?),
            Each::TransformMap => {
                let key = key.try_into().map_err(|_| "unsupported key type".to_owned())?;
                self.fields.insert(key, answer?);
            }
            Each::TransformMapEntry => {
                let Value::Map(entry) = answer? else { return no_overload() };
                for (key, value) in entry.map.iter() {
                    if self.fields.insert(key.clone(), value.clone()).is_some() {
                        return Err(format!("insert failed: key {key} already exists"));
                    }
                }
            }
            Each::OptMap | Each::OptFlatMap => {}
        }
        Ok(false)
    }

    fn end(self) -> Answer {
        match self.each {
            Each::All | Each::Exists if self.held == 1 => Ok(Value::Bool(self.each == Each::Exists)),
            Each::All | Each::Exists => match self.error {
                Some(error) => Err(error),
                None => Ok(Value::Bool(self.each == Each::All)),
            },
            Each::ExistsOne => Ok(Value::Bool(self.held == 1)),
            Each::TransformMap | Each::TransformMapEntry => Ok(map(self.fields)),
            _ => Ok(list(self.items)),
        }
    }
}
