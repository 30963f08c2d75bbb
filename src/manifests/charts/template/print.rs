//! How Go's fmt package prints values with `%v`, which is what actions, `print` and `toString` do.

use super::value::{MapKind, Value};

/// The text of a value, as `fmt.Sprint` has it.
pub(crate) fn print(value: &Value) -> Vec<u8> {
    let mut bytes = Vec::new();
    if value.is_endless() {
        return b"<endless>".to_vec();
    }
    write(value, &mut bytes);
    bytes
}

/// `fmt.Sprint` of several: a space between two that are no strings.
pub(crate) fn print_all(values: &[Value]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for (index, value) in values.iter().enumerate() {
        let is_text = |value: &Value| matches!(value, Value::Text(_));
        if index > 0 && !is_text(value) && !is_text(&values[index - 1]) {
            bytes.push(b' ');
        }
        bytes.extend(print(value));
    }
    bytes
}

fn write(value: &Value, bytes: &mut Vec<u8>) {
    match value {
        Value::Nil => bytes.extend_from_slice(b"<nil>"),
        Value::Bool(flag) => bytes.extend_from_slice(if *flag { b"true" } else { b"false" }),
        Value::Int(number, _) => bytes.extend_from_slice(number.to_string().as_bytes()),
        Value::Uint(number, _) => bytes.extend_from_slice(number.to_string().as_bytes()),
        Value::Float(number) => bytes.extend_from_slice(float_text(*number).as_bytes()),
        Value::Text(text) => bytes.extend_from_slice(text.as_bytes()),
        Value::Bytes(text) => {
            let numbers = text.as_bytes().iter().map(u8::to_string).collect::<Vec<_>>();
            bytes.extend_from_slice(format!("[{}]", numbers.join(" ")).as_bytes());
        }
        Value::List(list) => {
            bytes.push(b'[');
            for (index, item) in list.items().iter().enumerate() {
                if index > 0 {
                    bytes.push(b' ');
                }
                write(item, bytes);
            }
            bytes.push(b']');
        }
        Value::Map(map) => {
            bytes.extend_from_slice(b"map[");
            for (index, (key, value)) in map.entries().iter().enumerate() {
                if index > 0 {
                    bytes.push(b' ');
                }
                bytes.extend_from_slice(key.as_bytes());
                bytes.push(b':');
                match (map.kind(), value) {
                    (MapKind::Files, Value::Text(text)) => write(&Value::Bytes(text.clone()), bytes),
                    _ => write(value, bytes),
                }
            }
            bytes.push(b']');
        }
        Value::Object(object) => bytes.extend_from_slice(object.print().as_bytes()),
    }
}

/// A float as `%v` prints it: shortest, with an exponent below -4 and from 6 on.
pub(crate) fn float_text(number: f64) -> String {
    if let Some(text) = special(number) {
        return text.to_owned();
    }
    let (negative, digits, point) = shortest_digits(number);
    let exponent = point - 1;
    let sign = if negative { "-" } else { "" };
    if !(-4..6).contains(&exponent) {
        return format!("{sign}{}", scientific(&digits, exponent));
    }
    format!("{sign}{}", plain_text(&digits, point))
}

pub(super) fn special(number: f64) -> Option<&'static str> {
    if number.is_nan() {
        return Some("NaN");
    }
    match number {
        f64::INFINITY => Some("+Inf"),
        f64::NEG_INFINITY => Some("-Inf"),
        _ => None,
    }
}

/// The fewest digits that read back as the same number, and where the point stands among them.
pub(crate) fn shortest_digits(number: f64) -> (bool, String, i32) {
    let text = format!("{:e}", number.abs());
    let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let digits = mantissa.replace('.', "");
    let digits = if number == 0.0 { "0".to_owned() } else { digits };
    (number.is_sign_negative(), digits, exponent.parse::<i32>().unwrap_or_default() + 1)
}

pub(super) fn scientific(digits: &str, exponent: i32) -> String {
    let (first, rest) = digits.split_at(1);
    let point = if rest.is_empty() { "" } else { "." };
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{first}{point}{rest}e{sign}{:02}", exponent.abs())
}

/// Digits with a point among them, or zeros where it lies outside.
pub(crate) fn plain_text(digits: &str, point: i32) -> String {
    let Ok(point) = usize::try_from(point) else {
        let zeros = usize::try_from(-point).unwrap_or_default();
        return format!("0.{}{digits}", "0".repeat(zeros));
    };
    if point == 0 {
        return format!("0.{digits}");
    }
    if point >= digits.len() {
        return format!("{digits}{}", "0".repeat(point - digits.len()));
    }
    format!("{}.{}", &digits[..point], &digits[point..])
}
