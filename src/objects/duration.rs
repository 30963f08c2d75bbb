//! Durations as Kubernetes and Flux write them: Go's notation, such as `1m30s`.
//! <https://pkg.go.dev/time#ParseDuration>

use std::time::Duration;

/// A text that is no duration.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not a duration such as `1m30s`")]
pub struct DurationError {
    /// What was given.
    pub text: String,
}

/// Reads `1h`, `1m30s`, `0.5s`, `250ms`.
pub fn parse_duration(text: &str) -> Result<Duration, DurationError> {
    let bad = || DurationError { text: text.chars().take(64).collect() };
    let mut rest = text;
    let mut total = 0.0_f64;
    if rest.is_empty() {
        return Err(bad());
    }
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.').ok_or_else(bad)?;
        let number = rest[..digits].parse::<f64>().map_err(|_| bad())?;
        rest = &rest[digits..];
        let letters = rest.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(rest.len());
        let seconds = match &rest[..letters] {
            "ns" => 1e-9,
            "us" | "µs" => 1e-6,
            "ms" => 1e-3,
            "s" => 1.0,
            "m" => 60.0,
            "h" => 3600.0,
            _ => return Err(bad()),
        };
        total += number * seconds;
        rest = &rest[letters..];
    }
    Duration::try_from_secs_f64(total).map_err(|_| bad())
}

/// Writes a duration as Go's `Duration.String` does: `1m30s`, `150.181926ms`.
#[must_use]
pub fn format_duration(duration: Duration) -> String {
    let nanos = duration.as_nanos();
    if nanos == 0 {
        return "0s".to_owned();
    }
    let fraction = |unit: u128, name: &str| {
        let (whole, part) = (nanos / unit, nanos % unit);
        let width = unit.ilog10() as usize;
        let part = format!("{part:0width$}");
        let part = part.trim_end_matches('0');
        if part.is_empty() || unit == 1 { format!("{whole}{name}") } else { format!("{whole}.{part}{name}") }
    };
    match nanos {
        ..1_000 => fraction(1, "ns"),
        1_000..1_000_000 => fraction(1_000, "µs"),
        1_000_000..1_000_000_000 => fraction(1_000_000, "ms"),
        _ => {
            let seconds = duration.as_secs();
            let below = Duration::new(seconds % 60, duration.subsec_nanos());
            let hours = if seconds >= 3600 { format!("{}h", seconds / 3600) } else { String::new() };
            let minutes = if seconds >= 60 { format!("{}m", seconds / 60 % 60) } else { String::new() };
            let part = format!("{:09}", below.subsec_nanos());
            let part = part.trim_end_matches('0');
            let dot = if part.is_empty() { "" } else { "." };
            format!("{hours}{minutes}{}{dot}{part}s", below.as_secs())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn go_notation_is_read() {
        for (text, expected) in
            [("1m", 60_000), ("1h2m3s", 3_723_000), ("250ms", 250), ("0.5s", 500), ("1m0.25s", 60_250)]
        {
            assert_eq!(parse_duration(text).unwrap(), Duration::from_millis(expected), "{text}");
        }
        for text in ["", "1", "m", "1 m", "1y", "-1s", "1.2.3s"] {
            assert!(parse_duration(text).is_err(), "{text}");
        }
    }

    #[test]
    fn go_notation_is_written() {
        for (nanos, expected) in [
            (0, "0s"),
            (20_539_355, "20.539355ms"),
            (30_203_931_667, "30.203931667s"),
            (60_000_000_000, "1m0s"),
            (600_000_000_000, "10m0s"),
            (3_661_500_000_000, "1h1m1.5s"),
            (1_500, "1.5µs"),
            (7, "7ns"),
        ] {
            assert_eq!(format_duration(Duration::from_nanos(nanos)), expected);
        }
    }
}
