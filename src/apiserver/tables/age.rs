//! Durations in kubectl's words: two or three figures, never more.

use jiff::Timestamp;
use serde_json::Value;

/// How long ago `time` was.
pub(super) fn since(time: &Value, now: Timestamp) -> String {
    match time.as_str().filter(|text| !text.is_empty()) {
        None => "<unknown>".to_owned(),
        Some(text) => match text.parse::<Timestamp>() {
            Ok(time) => duration(now.as_second() - time.as_second()),
            Err(_) => "<invalid>".to_owned(),
        },
    }
}

/// The time between two times, if both are known.
pub(super) fn between(begin: &Value, end: &Value) -> Option<String> {
    let read = |time: &Value| time.as_str()?.parse::<Timestamp>().ok();
    Some(duration(read(end)?.as_second() - read(begin)?.as_second()))
}

/// A duration in seconds.
pub(super) fn duration(seconds: i64) -> String {
    let (minutes, hours, days, years) =
        (seconds / 60, seconds / 3600, seconds / 86_400, seconds / 31_536_000);
    match seconds {
        ..-1 => "<invalid>".to_owned(),
        -1 => "0s".to_owned(),
        0..120 => format!("{seconds}s"),
        120..600 => two(minutes, "m", seconds % 60, "s"),
        600..10_800 => format!("{minutes}m"),
        10_800..28_800 => two(hours, "h", minutes % 60, "m"),
        28_800..172_800 => format!("{hours}h"),
        172_800..691_200 => two(days, "d", hours % 24, "h"),
        691_200..63_072_000 => format!("{days}d"),
        63_072_000..252_288_000 => two(years, "y", days % 365, "d"),
        _ => format!("{years}y"),
    }
}

fn two(great: i64, great_unit: &str, small: i64, small_unit: &str) -> String {
    if small == 0 {
        format!("{great}{great_unit}")
    } else {
        format!("{great}{great_unit}{small}{small_unit}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words() {
        let (minute, hour, day) = (60, 3600, 86_400);
        for (seconds, words) in [
            (-5, "<invalid>"),
            (0, "0s"),
            (119, "119s"),
            (2 * minute, "2m"),
            (3 * minute + 7, "3m7s"),
            (11 * minute + 7, "11m"),
            (4 * hour + 5 * minute, "4h5m"),
            (30 * hour, "30h"),
            (3 * day, "3d"),
            (3 * day + 2 * hour, "3d2h"),
            (100 * day, "100d"),
            (800 * day, "2y70d"),
            (4000 * day, "10y"),
        ] {
            assert_eq!(duration(seconds), words);
        }
    }
}
