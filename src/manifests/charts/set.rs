//! Values on a command line: `a.b=c,list[0]=d,names={x,y}`, as `--set` of Helm has them.
//! <https://helm.sh/docs/intro/using_helm/#the-format-and-limitations-of---set>

use std::iter::Peekable;
use std::str::Chars;

use serde_json::{Map, Value as Json};

/// The highest index of a list, as in Helm.
const INDEX_LIMIT: usize = 65_536;
/// How deep values may lie.
const DEPTH_LIMIT: usize = 30;

/// Sets values; with `texts`, all are texts, as with `--set-string`.
pub fn set_values(values: &mut Map<String, Json>, text: &str, texts: bool) -> Result<(), String> {
    let mut reader = Reader { chars: text.chars().peekable(), texts };
    while reader.chars.peek().is_some() {
        let path = reader.path()?;
        let value = reader.value()?;
        let mut all = Json::Object(std::mem::take(values));
        let done = put(&mut all, &path, value);
        if let Json::Object(all) = all {
            *values = all;
        }
        done?;
    }
    Ok(())
}

/// A step of a path.
enum Part {
    Key(String),
    Index(usize),
}

struct Reader<'a> {
    chars: Peekable<Chars<'a>>,
    texts: bool,
}

impl Reader<'_> {
    /// Up to `=`, which is taken too.
    fn path(&mut self) -> Result<Vec<Part>, String> {
        let (mut path, mut key) = (Vec::new(), String::new());
        let mut after_index = false;
        loop {
            let Some(char) = self.chars.next() else {
                return Err(format!("key {key:?} has no value"));
            };
            match char {
                '\\' => key.extend(self.chars.next()),
                '=' | '.' | '[' => {
                    if !(after_index && key.is_empty()) {
                        if key.is_empty() {
                            return Err("key is empty".to_owned());
                        }
                        path.push(Part::Key(std::mem::take(&mut key)));
                    }
                    after_index = false;
                    if char == '[' {
                        path.push(Part::Index(self.index()?));
                        after_index = true;
                    }
                    if path.len() > DEPTH_LIMIT {
                        return Err(format!(
                            "value name nested level is greater than maximum supported nested level of {DEPTH_LIMIT}"
                        ));
                    }
                    if char == '=' {
                        return Ok(path);
                    }
                }
                ',' => return Err(format!("key {key:?} has no value (cannot end with ,)")),
                char => key.push(char),
            }
        }
    }

    fn index(&mut self) -> Result<usize, String> {
        let mut digits = String::new();
        for char in self.chars.by_ref() {
            if char == ']' {
                let index = digits
                    .parse::<usize>()
                    .map_err(|_| format!("error parsing index: {digits:?} is no number"))?;
                if index > INDEX_LIMIT {
                    return Err(format!(
                        "index of {index} is greater than maximum supported index of {INDEX_LIMIT}"
                    ));
                }
                return Ok(index);
            }
            digits.push(char);
        }
        Err("error parsing index: `]` is missing".to_owned())
    }

    /// Up to a comma, which is taken too.
    fn value(&mut self) -> Result<Json, String> {
        if self.chars.peek() == Some(&'{') {
            self.chars.next();
            return self.list();
        }
        let (text, _) = self.word(&[',']);
        Ok(self.typed(text))
    }

    fn list(&mut self) -> Result<Json, String> {
        let mut list = Vec::new();
        loop {
            let (text, end) = self.word(&[',', '}']);
            let empty = text.is_empty() && list.is_empty() && end == Some('}');
            if !empty {
                list.push(self.typed(text));
            }
            match end {
                Some('}') => {
                    self.chars.next_if_eq(&',');
                    return Ok(Json::Array(list));
                }
                Some(_) => {}
                None => return Err("list must terminate with '}'".to_owned()),
            }
        }
    }

    fn word(&mut self, ends: &[char]) -> (String, Option<char>) {
        let mut text = String::new();
        while let Some(char) = self.chars.next() {
            match char {
                '\\' => text.extend(self.chars.next()),
                char if ends.contains(&char) => return (text, Some(char)),
                char => text.push(char),
            }
        }
        (text, None)
    }

    fn typed(&self, text: String) -> Json {
        if self.texts {
            return Json::String(text);
        }
        match text.as_str() {
            "true" => Json::Bool(true),
            "false" => Json::Bool(false),
            "null" => Json::Null,
            "0" => Json::from(0),
            // A number that begins with 0 is a text, such as a commit.
            number if !number.starts_with('0') => {
                number.parse::<i64>().map_or(Json::String(text), Json::from)
            }
            _ => Json::String(text),
        }
    }
}

fn put(place: &mut Json, path: &[Part], value: Json) -> Result<(), String> {
    let Some((first, rest)) = path.split_first() else {
        *place = value;
        return Ok(());
    };
    match first {
        Part::Key(key) => {
            if !place.is_object() {
                *place = Json::Object(Map::new());
            }
            put(&mut place[key.as_str()], rest, value)
        }
        Part::Index(index) => {
            if !place.is_array() {
                *place = Json::Array(Vec::new());
            }
            let Json::Array(list) = place else { return Ok(()) };
            if list.len() <= *index {
                list.resize(index + 1, Json::Null);
            }
            put(&mut list[*index], rest, value)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_set_as_helm_sets_them() {
        for (text, expected) in [
            ("a=1,b.c=true", r#"{"a":1,"b":{"c":true}}"#),
            ("a=012,b=null,c=", r#"{"a":"012","b":null,"c":""}"#),
            ("a[1].b=x", r#"{"a":[null,{"b":"x"}]}"#),
            ("a={x,2},b={}", r#"{"a":["x",2],"b":[]}"#),
            (r"a\.b=c\,d", r#"{"a.b":"c,d"}"#),
            ("a=b=c", r#"{"a":"b=c"}"#),
        ] {
            let mut values = Map::new();
            set_values(&mut values, text, false).unwrap();
            assert_eq!(Json::Object(values).to_string(), expected, "{text}");
        }
        let mut values = Map::new();
        set_values(&mut values, "a=1", true).unwrap();
        assert_eq!(values["a"], "1");
        for text in ["a", "a,b=1", "=1", "a[x]=1", "a={b", "a[99999999]=1"] {
            assert!(set_values(&mut Map::new(), text, false).is_err(), "{text}");
        }
    }
}
