//! Number constants of templates: each has every type that can represent it, as in Go.

use super::quote::{quote, unquote_char};

/// A number as it is written and what it can be.
#[derive(Clone, Debug)]
pub(super) struct Number {
    pub(super) text: String,
    pub(super) int: Option<i64>,
    pub(super) uint: Option<u64>,
    pub(super) float: Option<f64>,
}

impl Number {
    /// Whether it is a float where nothing asks for a type.
    pub(super) fn is_ideal_float(&self) -> bool {
        let is_hex = self.text.len() > 2
            && (self.text.starts_with("0x") || self.text.starts_with("0X"))
            && !self.text.contains(['p', 'P']);
        self.float.is_some()
            && !is_hex
            && !self.text.starts_with('\'')
            && self.text.contains(['.', 'e', 'E', 'p', 'P'])
    }

    pub(super) fn character(text: &str) -> Result<Self, String> {
        let char = unquote_char(text).ok_or_else(|| format!("malformed character constant: {text}"))?;
        let code = u32::from(char);
        Ok(Self {
            text: text.to_owned(),
            int: Some(i64::from(code)),
            uint: Some(u64::from(code)),
            float: Some(f64::from(code)),
        })
    }

    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::float_cmp,
        reason = "whether a conversion loses something is what is asked"
    )]
    pub(super) fn new(text: &str) -> Result<Self, String> {
        let unsigned = integer(text.strip_prefix('+').unwrap_or(text));
        let mut uint = if text.starts_with(['+', '-']) { None } else { unsigned };
        let mut int = match text.strip_prefix('-') {
            Some(rest) => integer(rest).and_then(|value| 0_i64.checked_sub_unsigned(value)),
            None => unsigned.and_then(|value| i64::try_from(value).ok()),
        };
        if int == Some(0) {
            uint = Some(0);
        }
        let float = match (int, uint) {
            (Some(value), _) => Some(value as f64),
            (None, Some(value)) => Some(value as f64),
            (None, None) => {
                let value = float(text);
                if value.is_some() && !text.contains(['.', 'e', 'E', 'p', 'P']) {
                    return Err(format!("integer overflow: {}", quote(text.as_bytes())));
                }
                if let Some(value) = value {
                    int = Some(value as i64).filter(|&whole| whole as f64 == value);
                    uint = Some(value as u64).filter(|&whole| whole as f64 == value);
                }
                value
            }
        };
        if int.is_none() && uint.is_none() && float.is_none() {
            return Err(format!("illegal number syntax: {}", quote(text.as_bytes())));
        }
        Ok(Self { text: text.to_owned(), int, uint, float })
    }
}

/// Go's `ParseUint` with base zero: the prefix says the base, and `_` may stand between digits.
pub(crate) fn integer(text: &str) -> Option<u64> {
    let lower = text.to_ascii_lowercase();
    let (digits, radix) = match lower.as_bytes() {
        [b'0', b'x', ..] => (&lower[2..], 16),
        [b'0', b'b', ..] => (&lower[2..], 2),
        [b'0', b'o', ..] => (&lower[2..], 8),
        [b'0', _, ..] => (&lower[1..], 8),
        _ => (lower.as_str(), 10),
    };
    if digits.is_empty()
        || digits.ends_with('_')
        || digits.contains("__")
        || (radix == 10 && digits.starts_with('_'))
    {
        return None;
    }
    let digits = digits.replace('_', "");
    if !digits.chars().all(|char| char.is_digit(radix)) {
        return None;
    }
    u64::from_str_radix(&digits, radix).ok()
}

fn float(text: &str) -> Option<f64> {
    let bare = text.strip_prefix(['+', '-']).unwrap_or(text);
    if let Some(hex) = bare.strip_prefix("0x").or_else(|| bare.strip_prefix("0X")) {
        let value = hex_float(hex)?;
        return Some(if text.starts_with('-') { -value } else { value });
    }
    if !bare.chars().all(|char| matches!(char, '0'..='9' | '.' | 'e' | 'E' | '+' | '-')) {
        return None;
    }
    text.parse::<f64>().ok().filter(|value| value.is_finite())
}

fn hex_float(hex: &str) -> Option<f64> {
    let (mantissa, exponent) = hex.split_once(['p', 'P'])?;
    let (whole, part) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let mut value = 0.0;
    for digit in whole.chars().chain(part.chars()) {
        value = value * 16.0 + f64::from(digit.to_digit(16)?);
    }
    let shift = exponent.parse::<i32>().ok()? - 4 * i32::try_from(part.len()).ok()?;
    Some(value * 2_f64.powi(shift))
}
