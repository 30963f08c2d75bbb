//! From bytes to JSON, along the table of messages.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

use super::messages;
use super::wire::{Malformed, Reader, Wire};

/// What every such body begins with.
const MAGIC: &[u8] = b"k8s\0";
/// No object nests deeper.
const MAX_DEPTH: usize = 48;

/// Why a body is no object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Undecodable {
    /// It is damaged.
    Malformed,
    /// Its kind is not in the table.
    Unknown {
        /// Version and kind.
        kind: String,
    },
}

impl From<Malformed> for Undecodable {
    fn from(_: Malformed) -> Self {
        Self::Malformed
    }
}

/// Reads an object with its version and kind.
pub(crate) fn object(body: &[u8]) -> Result<Value, Undecodable> {
    let envelope = body.strip_prefix(MAGIC).ok_or(Undecodable::Malformed)?;
    let (mut api_version, mut kind, mut raw) = (String::new(), String::new(), &[][..]);
    let mut fields = Reader::new(envelope);
    while let Some((number, value)) = fields.field()? {
        let Wire::Bytes(bytes) = value else { continue };
        match number {
            1 => {
                let mut fields = Reader::new(bytes);
                while let Some((number, value)) = fields.field()? {
                    match number {
                        1 => api_version = text(value)?,
                        2 => kind = text(value)?,
                        _ => {}
                    }
                }
            }
            2 => raw = bytes,
            _ => {}
        }
    }
    let unknown = || Undecodable::Unknown { kind: format!("{api_version}, Kind={kind}") };
    let name = messages::of_kind(&api_version, &kind).ok_or_else(unknown)?;
    let mut object = message(name, raw, 0)?;
    object["apiVersion"] = api_version.into();
    object["kind"] = kind.into();
    Ok(object)
}

fn message(name: &str, bytes: &[u8], depth: usize) -> Result<Value, Malformed> {
    let message = messages::named(name).ok_or(Malformed)?;
    if depth > MAX_DEPTH {
        return Err(Malformed);
    }
    let mut object = Map::new();
    let mut reader = Reader::new(bytes);
    while let Some((number, wire)) = reader.field()? {
        let Some(field) = message.fields.iter().find(|field| field.number == number) else { continue };
        if let Some(item) = field.code.strip_prefix('*') {
            let place = object.entry(field.name).or_insert_with(|| json!([]));
            let list = place.as_array_mut().ok_or(Malformed)?;
            items(item, wire, depth, list)?;
        } else if let Some(item) = field.code.strip_prefix('%') {
            let place = object.entry(field.name).or_insert_with(|| json!({}));
            let (key, value) = entry(item, wire, depth)?;
            place.as_object_mut().ok_or(Malformed)?.insert(key, value);
        } else {
            let value = value(field.code, wire, depth)?;
            match value {
                Value::Null => {}
                Value::Object(inner) if field.name == "^" => object.extend(inner),
                value => {
                    object.insert(field.name.to_owned(), value);
                }
            }
        }
    }
    if message.is_list {
        return Ok(object.remove("items").unwrap_or_else(|| json!([])));
    }
    Ok(Value::Object(object))
}

fn items(code: &str, wire: Wire<'_>, depth: usize, list: &mut Vec<Value>) -> Result<(), Malformed> {
    match (code.trim_end_matches('!'), wire) {
        ("i" | "b", Wire::Bytes(packed)) => {
            let mut reader = Reader::new(packed);
            while !reader.is_empty() {
                let number = reader.varint()?;
                list.push(scalar(code, Wire::Varint(number), depth)?);
            }
        }
        (code, wire) => list.push(scalar(code, wire, depth)?),
    }
    Ok(())
}

fn entry(code: &str, wire: Wire<'_>, depth: usize) -> Result<(String, Value), Malformed> {
    let Wire::Bytes(bytes) = wire else { return Err(Malformed) };
    let mut reader = Reader::new(bytes);
    let (mut key, mut value) = (String::new(), None);
    while let Some((number, wire)) = reader.field()? {
        match number {
            1 => key = text(wire)?,
            2 => value = Some(scalar(code, wire, depth)?),
            _ => {}
        }
    }
    let empty = || if matches!(code, "s" | "y" | "@quantity") { json!("") } else { json!({}) };
    Ok((key, value.unwrap_or_else(empty)))
}

/// The value of a field; null where JSON would not have it.
fn value(code: &str, wire: Wire<'_>, depth: usize) -> Result<Value, Malformed> {
    let value = scalar(code.trim_end_matches('!'), wire, depth)?;
    let is_zero = match &value {
        Value::String(text) => text.is_empty(),
        Value::Number(number) => number.as_f64() == Some(0.0),
        Value::Bool(truth) => !truth,
        _ => false,
    };
    let is_plain = matches!(code, "s" | "i" | "b" | "y" | "d");
    Ok(if is_zero && is_plain { Value::Null } else { value })
}

fn scalar(code: &str, wire: Wire<'_>, depth: usize) -> Result<Value, Malformed> {
    match (code, wire) {
        ("s", wire) => text(wire).map(Value::from),
        ("i", Wire::Varint(number)) => Ok(signed(number).into()),
        ("b", Wire::Varint(number)) => Ok((number != 0).into()),
        ("d", Wire::Fixed64(bits)) => Ok(f64::from_bits(bits).into()),
        ("y", Wire::Bytes(bytes)) => Ok(STANDARD.encode(bytes).into()),
        ("@time", Wire::Bytes(bytes)) => time(bytes, false),
        ("@micro", Wire::Bytes(bytes)) => time(bytes, true),
        ("@duration", Wire::Bytes(bytes)) => {
            let (numbers, _) = numbered(bytes)?;
            Ok(format!("{}ns", numbers[1]).into())
        }
        ("@either", Wire::Bytes(bytes)) => {
            let (numbers, texts) = numbered(bytes)?;
            Ok(if numbers[1] == 1 { texts[3].clone().into() } else { numbers[2].into() })
        }
        ("@quantity", Wire::Bytes(bytes)) => numbered(bytes).map(|(_, texts)| texts[1].clone().into()),
        ("@raw", Wire::Bytes(bytes)) => {
            let mut reader = Reader::new(bytes);
            let mut value = Value::Null;
            while let Some((number, wire)) = reader.field()? {
                if let (1, Wire::Bytes(raw)) = (number, wire) {
                    value = serde_json::from_slice(raw).map_err(|_| Malformed)?;
                }
            }
            Ok(value)
        }
        (name, Wire::Bytes(bytes)) => message(name, bytes, depth + 1),
        _ => Err(Malformed),
    }
}

/// The small messages behind special types: their numbers and texts by field.
fn numbered(bytes: &[u8]) -> Result<([i64; 4], [String; 4]), Malformed> {
    let (mut numbers, mut texts) = ([0; 4], [const { String::new() }; 4]);
    let mut reader = Reader::new(bytes);
    while let Some((number, wire)) = reader.field()? {
        let Some(place) = usize::try_from(number).ok().filter(|place| *place < 4) else { continue };
        match wire {
            Wire::Varint(number) => numbers[place] = signed(number),
            wire => texts[place] = text(wire)?,
        }
    }
    Ok((numbers, texts))
}

fn time(bytes: &[u8], fine: bool) -> Result<Value, Malformed> {
    if bytes.is_empty() {
        return Ok(Value::Null);
    }
    let (numbers, _) = numbered(bytes)?;
    let nanoseconds = i32::try_from(numbers[2]).map_err(|_| Malformed)?;
    let time = jiff::Timestamp::new(numbers[1], nanoseconds).map_err(|_| Malformed)?;
    let format = if fine { "%Y-%m-%dT%H:%M:%S.%6fZ" } else { "%Y-%m-%dT%H:%M:%SZ" };
    Ok(time.strftime(format).to_string().into())
}

/// Negative numbers travel as large ones.
fn signed(number: u64) -> i64 {
    i64::from_le_bytes(number.to_le_bytes())
}

fn text(wire: Wire<'_>) -> Result<String, Malformed> {
    let Wire::Bytes(bytes) = wire else { return Err(Malformed) };
    std::str::from_utf8(bytes).map(str::to_owned).map_err(|_| Malformed)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{any, prop, proptest};

    use super::*;

    fn bytes(number: u8, content: &[u8]) -> Vec<u8> {
        let mut field = vec![number << 3 | 2, u8::try_from(content.len()).unwrap()];
        field.extend_from_slice(content);
        field
    }

    fn sent(api_version: &str, kind: &str, raw: &[u8]) -> Vec<u8> {
        let kind = [bytes(1, api_version.as_bytes()), bytes(2, kind.as_bytes())].concat();
        [MAGIC.to_vec(), bytes(1, &kind), bytes(2, raw), bytes(3, b""), bytes(4, b"")].concat()
    }

    #[test]
    fn config_map() {
        let metadata = [bytes(1, b"a"), bytes(2, b""), bytes(8, b"")].concat();
        let entry = [bytes(1, b"key"), bytes(2, b"value")].concat();
        let body = sent("v1", "ConfigMap", &[bytes(1, &metadata), bytes(2, &entry)].concat());
        let expected = json!({
            "apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}, "data": {"key": "value"}
        });
        assert_eq!(object(&body), Ok(expected));
    }

    #[test]
    fn lease_and_options() {
        let spec = [bytes(1, b"me"), vec![2 << 3, 15], bytes(4, &[1 << 3, 1, 2 << 3, 0xe8, 7])].concat();
        let body = sent("coordination.k8s.io/v1", "Lease", &bytes(2, &spec));
        let spec = json!({
            "holderIdentity": "me", "leaseDurationSeconds": 15, "renewTime": "1970-01-01T00:00:01.000001Z"
        });
        let expected = json!({"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "spec": spec});
        assert_eq!(object(&body), Ok(expected));
        let options = sent("apps/v1", "DeleteOptions", &[vec![1 << 3, 0], bytes(4, b"Background")].concat());
        let options = object(&options).unwrap();
        assert_eq!(
            (&options["gracePeriodSeconds"], &options["propagationPolicy"]),
            (&json!(0), &json!("Background"))
        );
    }

    #[test]
    fn refusals() {
        assert_eq!(object(b"{}"), Err(Undecodable::Malformed));
        assert_eq!(object(b"k8s\0\x0a\xff"), Err(Undecodable::Malformed));
        let unknown = Err(Undecodable::Unknown { kind: "v9, Kind=Wombat".to_owned() });
        assert_eq!(object(&sent("v9", "Wombat", b"")), unknown);
    }

    proptest! {
        #[test]
        fn any_bytes_are_no_panic(raw in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = object(&sent("v1", "Pod", &raw));
            let _ = object(&[MAGIC, &raw].concat());
        }
    }
}
