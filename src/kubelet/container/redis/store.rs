//! What a simulated Redis holds, and what its commands do to it; the answers are the real one's.
//! <https://redis.io/docs/latest/commands/>

use std::collections::{BTreeMap, VecDeque};

use crate::samples::resp::Value;

/// How many bytes are held at most, keys included.
const LIMIT: usize = 8 << 20;

/// All keys.
#[derive(Debug, Default)]
pub(super) struct Store {
    held: BTreeMap<Vec<u8>, Held>,
    size: usize,
}

#[derive(Debug)]
enum Held {
    Text(Vec<u8>),
    List(VecDeque<Vec<u8>>),
}

/// A refusal in the server's words.
type Refusal = String;

const WRONG_TYPE: &str = "WRONGTYPE Operation against a key holding the wrong kind of value";
const NO_INTEGER: &str = "ERR value is not an integer or out of range";
const FULL: &str = "OOM command not allowed when used memory > 'maxmemory'.";

impl Store {
    /// Does a command, whose name is the first of the words.
    pub(super) fn run(&mut self, words: &[Vec<u8>]) -> Value {
        let Some((name, rest)) = words.split_first() else {
            return Value::Error("ERR empty command".to_owned());
        };
        let name = String::from_utf8_lossy(name).to_lowercase();
        self.command(&name, rest).unwrap_or_else(Value::Error)
    }

    fn command(&mut self, name: &str, rest: &[Vec<u8>]) -> Result<Value, Refusal> {
        Ok(match (name, rest) {
            ("ping", []) => Value::Simple("PONG".to_owned()),
            ("ping" | "echo", [text]) => Value::Bulk(Some(text.clone())),
            ("select" | "client" | "quit", _) => Value::Simple("OK".to_owned()),
            ("command", _) => Value::List(Vec::new()),
            ("dbsize", []) => Value::Integer(count(self.held.len())),
            ("flushall" | "flushdb", _) => {
                *self = Self::default();
                Value::Simple("OK".to_owned())
            }
            ("info", _) => Value::text(&self.info()),
            ("keys", [pattern]) => self.keys(pattern),
            ("exists", keys @ [_, ..]) => {
                Value::Integer(count(keys.iter().filter(|key| self.held.contains_key(*key)).count()))
            }
            ("del" | "unlink", keys @ [_, ..]) => {
                Value::Integer(count(keys.iter().filter(|key| self.remove(key)).count()))
            }
            ("type", [key]) => Value::Simple(
                match self.held.get(key) {
                    None => "none",
                    Some(Held::Text(_)) => "string",
                    Some(Held::List(_)) => "list",
                }
                .to_owned(),
            ),
            ("get", [key]) => Value::Bulk(self.text(key)?.cloned()),
            ("set", [key, value]) => {
                self.put(key, value.clone())?;
                Value::Simple("OK".to_owned())
            }
            ("incr", [key]) => self.add(key, 1)?,
            ("decr", [key]) => self.add(key, -1)?,
            ("incrby", [key, by]) => self.add(key, integer(by)?)?,
            ("rpush" | "lpush", [key, values @ ..]) if !values.is_empty() => {
                self.push(key, values, name == "rpush")?
            }
            ("rpop" | "lpop", [key]) => self.pop(key, name == "rpop")?,
            ("llen", [key]) => Value::Integer(count(self.list(key)?.map_or(0, VecDeque::len))),
            ("lrange", [key, first, last]) => self.range(key, integer(first)?, integer(last)?)?,
            ("ltrim", [key, first, last]) => self.trim(key, integer(first)?, integer(last)?)?,
            (known, _) if KNOWN.contains(&known) => {
                return Err(format!("ERR wrong number of arguments for '{known}' command"));
            }
            (other, rest) => {
                let words = rest.iter().map(|word| format!("'{}' ", String::from_utf8_lossy(word)));
                let words = words.collect::<String>();
                return Err(format!("ERR unknown command '{other}', with args beginning with: {words}"));
            }
        })
    }

    fn info(&self) -> String {
        let (keys, size) = (self.held.len(), self.size);
        format!(
            "# Server\r\nredis_mode:standalone\r\nos:simulated\r\n\r\n# Memory\r\nused_memory:{size}\r\n\r\n\
             # Keyspace\r\ndb0:keys={keys},expires=0,avg_ttl=0\r\n"
        )
    }

    /// Of the patterns, those that end with a star are known.
    fn keys(&self, pattern: &[u8]) -> Value {
        let fits = |key: &&Vec<u8>| match pattern.strip_suffix(b"*") {
            Some(begin) => key.starts_with(begin),
            None => key.as_slice() == pattern,
        };
        Value::List(self.held.keys().filter(fits).map(|key| Value::Bulk(Some(key.clone()))).collect())
    }

    fn text(&self, key: &[u8]) -> Result<Option<&Vec<u8>>, Refusal> {
        match self.held.get(key) {
            None => Ok(None),
            Some(Held::Text(text)) => Ok(Some(text)),
            Some(Held::List(_)) => Err(WRONG_TYPE.to_owned()),
        }
    }

    fn list(&self, key: &[u8]) -> Result<Option<&VecDeque<Vec<u8>>>, Refusal> {
        match self.held.get(key) {
            None => Ok(None),
            Some(Held::List(list)) => Ok(Some(list)),
            Some(Held::Text(_)) => Err(WRONG_TYPE.to_owned()),
        }
    }

    fn remove(&mut self, key: &[u8]) -> bool {
        let Some(held) = self.held.remove(key) else { return false };
        self.size = self.size.saturating_sub(key.len() + size(&held));
        true
    }

    fn put(&mut self, key: &[u8], value: Vec<u8>) -> Result<(), Refusal> {
        if self.size + key.len() + value.len() > LIMIT {
            return Err(FULL.to_owned());
        }
        self.remove(key);
        self.size += key.len() + value.len();
        self.held.insert(key.to_vec(), Held::Text(value));
        Ok(())
    }

    fn add(&mut self, key: &[u8], by: i64) -> Result<Value, Refusal> {
        let number = self.text(key)?.map_or(Ok(0), |text| integer(text))?;
        let sum = number.checked_add(by).ok_or("ERR increment or decrement would overflow")?;
        self.put(key, sum.to_string().into_bytes())?;
        Ok(Value::Integer(sum))
    }

    fn push(&mut self, key: &[u8], values: &[Vec<u8>], at_end: bool) -> Result<Value, Refusal> {
        let mut more = values.iter().map(Vec::len).sum::<usize>();
        if self.list(key)?.is_none() {
            more += key.len();
        }
        if self.size + more > LIMIT {
            return Err(FULL.to_owned());
        }
        self.size += more;
        let held = self.held.entry(key.to_vec()).or_insert_with(|| Held::List(VecDeque::new()));
        let Held::List(list) = held else { return Err(WRONG_TYPE.to_owned()) };
        for value in values {
            if at_end {
                list.push_back(value.clone());
            } else {
                list.push_front(value.clone());
            }
        }
        Ok(Value::Integer(count(list.len())))
    }

    fn pop(&mut self, key: &[u8], at_end: bool) -> Result<Value, Refusal> {
        self.list(key)?;
        let Some(Held::List(list)) = self.held.get_mut(key) else { return Ok(Value::Bulk(None)) };
        let value = if at_end { list.pop_back() } else { list.pop_front() };
        self.size = self.size.saturating_sub(value.as_ref().map_or(0, Vec::len));
        if list.is_empty() {
            self.remove(key);
        }
        Ok(Value::Bulk(value))
    }

    fn range(&self, key: &[u8], first: i64, last: i64) -> Result<Value, Refusal> {
        let Some(held) = self.list(key)? else { return Ok(Value::List(Vec::new())) };
        let (first, length) = bounds(held.len(), first, last);
        let values = held.iter().skip(first).take(length);
        Ok(Value::List(values.map(|value| Value::Bulk(Some(value.clone()))).collect()))
    }

    fn trim(&mut self, key: &[u8], first: i64, last: i64) -> Result<Value, Refusal> {
        self.list(key)?;
        if let Some(Held::List(held)) = self.held.get(key) {
            let (first, length) = bounds(held.len(), first, last);
            let kept = held.iter().skip(first).take(length).cloned().collect::<Vec<_>>();
            self.remove(key);
            if !kept.is_empty() {
                self.push(key, &kept, true)?;
            }
        }
        Ok(Value::Simple("OK".to_owned()))
    }
}

/// The commands that are there with another number of words.
const KNOWN: [&str; 21] = [
    "ping", "echo", "dbsize", "keys", "exists", "del", "unlink", "type", "get", "set", "incr", "decr",
    "incrby", "rpush", "lpush", "rpop", "lpop", "llen", "lrange", "ltrim", "auth",
];

/// The first that is meant, and how many; negative places count from the end.
fn bounds(length: usize, first: i64, last: i64) -> (usize, usize) {
    let length = i64::try_from(length).unwrap_or(i64::MAX);
    let place = |at: i64| if at < 0 { at.saturating_add(length) } else { at };
    let (first, last) = (place(first).max(0), place(last).min(length - 1));
    let count = last.saturating_sub(first).saturating_add(1).max(0);
    (usize::try_from(first).unwrap_or(usize::MAX), usize::try_from(count).unwrap_or_default())
}

fn size(held: &Held) -> usize {
    match held {
        Held::Text(text) => text.len(),
        Held::List(list) => list.iter().map(Vec::len).sum(),
    }
}

fn integer(text: &[u8]) -> Result<i64, Refusal> {
    let number = std::str::from_utf8(text).ok().and_then(|text| text.parse().ok());
    number.ok_or_else(|| NO_INTEGER.to_owned())
}

fn count(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_answer_as_the_real_ones_do() {
        let mut store = Store::default();
        let ok = || Value::Simple("OK".to_owned());
        let list = |words: &[&str]| Value::request(words);
        let error = |text: &str| Value::Error(text.to_owned());
        let cases = [
            ("PING", Value::Simple("PONG".to_owned())),
            ("get a", Value::Bulk(None)),
            ("set a 41", ok()),
            ("incr a", Value::Integer(42)),
            ("get a", Value::text("42")),
            ("rpush a x", error(WRONG_TYPE)),
            ("rpush l one two three", Value::Integer(3)),
            ("lpush l zero", Value::Integer(4)),
            ("lrange l 0 -1", list(&["zero", "one", "two", "three"])),
            ("lrange l -2 100", list(&["two", "three"])),
            ("lrange l 3 1", list(&[])),
            ("ltrim l -3 -1", ok()),
            ("lpop l", Value::text("one")),
            ("llen l", Value::Integer(2)),
            ("get l", error(WRONG_TYPE)),
            ("incr l", error(WRONG_TYPE)),
            ("type l", Value::Simple("list".to_owned())),
            ("keys *", list(&["a", "l"])),
            ("ltrim l 5 6", ok()),
            ("exists a l", Value::Integer(1)),
            ("set a x", ok()),
            ("incr a", error(NO_INTEGER)),
            ("del a b", Value::Integer(1)),
            ("dbsize", Value::Integer(0)),
            ("get", error("ERR wrong number of arguments for 'get' command")),
            ("hset a b c", error("ERR unknown command 'hset', with args beginning with: 'a' 'b' 'c' ")),
        ];
        for (command, expected) in cases {
            let words = command.split(' ').map(|word| word.as_bytes().to_vec()).collect::<Vec<_>>();
            assert_eq!(store.run(&words), expected, "{command}");
        }
        assert_eq!(store.size, 0);
    }
}
