//! Lengths of time as authors write them: `90s`, `2m`, `1h30m`, `500ms`.

use std::time::Duration;

use serde::{Deserialize, Deserializer, de};

/// The longest length that a scenario may name.
const LIMIT: Duration = Duration::from_secs(24 * 60 * 60);

/// A length of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Length(pub Duration);

impl Length {
    /// Reads a length; nothing when the text is none or the length is over a day.
    pub fn parse(text: &str) -> Option<Self> {
        let mut rest = text;
        let mut sum = Duration::ZERO;
        while !rest.is_empty() {
            let digits = rest.find(|letter: char| !letter.is_ascii_digit())?;
            let number: u64 = rest[..digits].parse().ok()?;
            rest = &rest[digits..];
            let letters = rest.find(|letter: char| letter.is_ascii_digit()).unwrap_or(rest.len());
            let part = match &rest[..letters] {
                "ms" => Duration::from_millis(number),
                "s" => Duration::from_secs(number),
                "m" => Duration::from_secs(number.checked_mul(60)?),
                "h" => Duration::from_secs(number.checked_mul(60 * 60)?),
                _ => return None,
            };
            sum = sum.checked_add(part)?;
            rest = &rest[letters..];
        }
        (!text.is_empty() && sum <= LIMIT).then_some(Self(sum))
    }
}

impl<'de> Deserialize<'de> for Length {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| {
            de::Error::custom(format!(
                "`{text}` is not a length of time; write `90s`, `2m`, `1h30m` or `500ms`, at most a day"
            ))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_sums_of_units() {
        let cases = [
            ("90s", Some(90_000)),
            ("1h30m", Some(5_400_000)),
            ("500ms", Some(500)),
            ("24h", Some(86_400_000)),
            ("25h", None),
            ("", None),
            ("5", None),
            ("s", None),
            ("1 m", None),
            ("-1s", None),
            ("1d", None),
            ("99999999999999999999s", None),
        ];
        for (text, millis) in cases {
            let expected = millis.map(|millis| Length(Duration::from_millis(millis)));
            assert_eq!(Length::parse(text), expected, "{text}");
        }
    }
}
