//! JSON, YAML, TOML and the base encodings, in sprig's and Helm's functions.

use super::super::encoding::{
    Layout, base64, from_json, json_list, json_map, json_text, read_json, read_yaml, yaml_text,
};
use super::super::template::{Failure, Function, Text, Type, Value};
use super::toml;
use Type::{Any, Text as Str};

type Answer = Result<Value, Failure>;

pub(super) const FUNCTIONS: &[Function] = &[
    Function::new("toJson", &[Any], |call| lenient(json_text(call.value(0), Layout::Html))),
    Function::new("mustToJson", &[Any], |call| strict(json_text(call.value(0), Layout::Html))),
    Function::new("toPrettyJson", &[Any], |call| lenient(json_text(call.value(0), Layout::Pretty))),
    Function::new("mustToPrettyJson", &[Any], |call| strict(json_text(call.value(0), Layout::Pretty))),
    Function::new("toRawJson", &[Any], |call| strict(json_text(call.value(0), Layout::Raw))),
    Function::new("mustToRawJson", &[Any], |call| strict(json_text(call.value(0), Layout::Raw))),
    Function::new("toYaml", &[Any], |call| lenient(yaml_text(call.value(0)))),
    Function::new("mustToYaml", &[Any], |call| strict(yaml_text(call.value(0)))),
    Function::new("toYamlPretty", &[Any], |call| lenient(yaml_text(call.value(0)).map(indent_lists))),
    Function::new("toToml", &[Any], |call| {
        Ok(Value::text(toml::write(call.value(0)).unwrap_or_else(|failure| failure.to_string())))
    }),
    Function::new("mustToToml", &[Any], |call| strict(toml::write(call.value(0)))),
    Function::new("fromJson", &[Str], |call| Ok(or_error(read_json(&call.text(0)).and_then(json_map)))),
    Function::new("fromJsonArray", &[Str], |call| Ok(or_list(read_json(&call.text(0)).and_then(json_list)))),
    Function::new("mustFromJson", &[Str], |call| {
        read_json(&call.text(0)).map(|json| from_json(&json)).map_err(Failure::new)
    }),
    Function::new("fromYaml", &[Str], |call| Ok(or_error(read_yaml(&call.text(0), json_map)))),
    Function::new("fromYamlArray", &[Str], |call| Ok(or_list(read_yaml(&call.text(0), json_list)))),
    Function::new("fromToml", &[Str], |call| Ok(or_error(toml::read(&call.text(0))))),
    Function::new("b64enc", &[Str], |call| Ok(Value::text(base64(call.bytes(0))))),
    Function::new("b64dec", &[Str], |call| Ok(Value::text(decode_base64(call.bytes(0))))),
    Function::new("b32enc", &[Str], |call| Ok(Value::text(encode_base32(call.bytes(0))))),
    Function::new("b32dec", &[Str], |call| Ok(Value::text(decode_base32(call.bytes(0))))),
];

/// Helm's own functions swallow errors.
fn lenient(result: Result<String, Failure>) -> Answer {
    Ok(Value::text(result.unwrap_or_default()))
}

fn strict(result: Result<String, Failure>) -> Answer {
    result.map(Value::text)
}

fn or_error(result: Result<Value, String>) -> Value {
    result.unwrap_or_else(|error| Value::map([(Text::from("Error"), Value::text(error))]))
}

fn or_list(result: Result<Value, String>) -> Value {
    result.unwrap_or_else(|error| Value::list(vec![Value::text(error)]))
}

/// YAML whose lists are indented below their key, as go-yaml v3 writes with an indent of two.
fn indent_lists(yaml: String) -> String {
    let mut out = String::new();
    let mut open: Vec<usize> = Vec::new();
    let mut before: Option<(usize, bool)> = None;
    let mut literal: Option<usize> = None;
    for line in yaml.lines() {
        let indent = line.len() - line.trim_start_matches(' ').len();
        let content = &line[indent..];
        if let Some(key) = literal {
            if content.is_empty() || indent > key {
                push_line(&mut out, open.len(), line);
                continue;
            }
            literal = None;
        }
        let item = content.starts_with("- ");
        while open.last().is_some_and(|&at| indent < at || (indent == at && !item)) {
            open.pop();
        }
        if item && before == Some((indent, true)) {
            open.push(indent);
        }
        push_line(&mut out, open.len(), line);
        let key_at = indent + content.len() - content.trim_start_matches("- ").len();
        before = Some((key_at, content.ends_with(':')));
        let block = content.rsplit(' ').next().unwrap_or_default();
        if matches!(block, "|" | "|-" | "|+" | "|2" | "|2-" | "|2+") {
            literal = Some(key_at);
        }
    }
    out.trim_end_matches('\n').to_owned()
}

fn push_line(out: &mut String, depth: usize, line: &str) {
    if !line.is_empty() {
        out.extend(std::iter::repeat_n("  ", depth));
        out.push_str(line);
    }
    out.push('\n');
}

/// Decodes; the error's text where that fails, as sprig does.
fn decode_base64(bytes: &[u8]) -> Vec<u8> {
    use base64::Engine as _;
    let clean = bytes.iter().copied().filter(|byte| !matches!(byte, b'\r' | b'\n')).collect::<Vec<_>>();
    let decoded = base64::engine::general_purpose::STANDARD.decode(&clean);
    decoded.unwrap_or_else(|_| {
        let valid = |byte: &&u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/');
        let at = clean.iter().take_while(valid).count();
        let at = if at == clean.len() || clean[at] != b'=' {
            at - if at == clean.len() { at % 4 } else { 0 }
        } else {
            at
        };
        format!("illegal base64 data at input byte {at}").into_bytes()
    })
}

const ALPHABET: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

fn encode_base32(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len() * 2);
    for chunk in bytes.chunks(5) {
        let mut block = [0; 8];
        block[3..3 + chunk.len()].copy_from_slice(chunk);
        let bits = u64::from_be_bytes(block);
        let used = (chunk.len() * 8).div_ceil(5);
        for index in 0..8 {
            let shift = 35 - 5 * index;
            let code = usize::try_from(bits >> shift & 31).unwrap_or_default();
            out.push(if index < used { ALPHABET[code] } else { b'=' });
        }
    }
    out
}

fn decode_base32(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len());
    let clean = bytes.iter().copied().filter(|byte| !matches!(byte, b'\r' | b'\n')).collect::<Vec<_>>();
    let digits = clean.iter().position(|&byte| byte == b'=').unwrap_or(clean.len());
    let wrong = |at: usize| format!("illegal base32 data at input byte {at}").into_bytes();
    let (mut bits, mut count) = (0_u32, 0);
    for (at, byte) in clean[..digits].iter().enumerate() {
        let Some(code) = ALPHABET.iter().position(|known| known == byte) else { return wrong(at) };
        bits = bits << 5 | u32::try_from(code).unwrap_or_default();
        count += 5;
        if count >= 8 {
            count -= 8;
            out.push(u8::try_from(bits >> count & 0xff).unwrap_or_default());
        }
    }
    if clean.len() % 8 != 0 {
        return wrong(clean.len());
    }
    out
}
