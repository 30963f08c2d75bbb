//! Go's time package as templates see it: layouts, durations, the methods of a time. "Local" is UTC, as in the
//! container of a controller.

use std::fmt::Write as _;

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Span, Timestamp, Zoned};

use super::template::{Failure, Object, Text, Value};

/// Parts of a layout, the longer ones first where one begins another.
const PARTS: [&str; 38] = [
    "January",
    "Jan",
    "Monday",
    "Mon",
    "MST",
    "2006",
    "-07:00:00",
    "-07:00",
    "-070000",
    "-0700",
    "-07",
    "Z07:00:00",
    "Z07:00",
    "Z070000",
    "Z0700",
    "Z07",
    "002",
    "01",
    "02",
    "03",
    "04",
    "05",
    "06",
    "__2",
    "_2006",
    "_2",
    "15",
    "PM",
    "pm",
    "1",
    "2",
    "3",
    "4",
    "5",
    ".000",
    ",000",
    ".999",
    ",999",
];

/// Splits a layout into text and the next part of it.
fn next_part(layout: &str) -> (&str, Option<&str>, &str) {
    for (at, char) in layout.char_indices() {
        let rest = &layout[at..];
        if matches!(char, '.' | ',') {
            let digit = rest.chars().nth(1).unwrap_or(' ');
            let count = rest[1..].chars().take_while(|&other| other == digit).count();
            let ends = rest[1 + count..].chars().next().is_none_or(|next| !next.is_ascii_digit());
            if matches!(digit, '0' | '9') && ends {
                return (&layout[..at], Some(&rest[..=count]), &rest[1 + count..]);
            }
            continue;
        }
        for part in PARTS {
            if !rest.starts_with(part) || part.starts_with(['.', ',']) {
                continue;
            }
            // `_2006` is a `_` and a year; `Jan` and `Mon` end no longer word.
            if part == "_2006" {
                return (&layout[..=at], Some("2006"), &rest[5..]);
            }
            let lower_next = rest[part.len()..].chars().next().is_some_and(char::is_lowercase);
            if matches!(part, "Jan" | "Mon") && lower_next {
                continue;
            }
            return (&layout[..at], Some(part), &rest[part.len()..]);
        }
    }
    (layout, None, "")
}

fn offset(time: &Zoned, colons: bool, minutes: bool, seconds: bool) -> String {
    let total = time.offset().seconds();
    let sign = if total < 0 { '-' } else { '+' };
    let total = total.abs();
    let colon = if colons { ":" } else { "" };
    let mut text = format!("{sign}{:02}", total / 3600);
    if minutes {
        _ = write!(text, "{colon}{:02}", total / 60 % 60);
    }
    if seconds {
        _ = write!(text, "{colon}{:02}", total % 60);
    }
    text
}

fn zone_name(time: &Zoned) -> String {
    time.time_zone().to_offset_info(time.timestamp()).abbreviation().to_owned()
}

/// Formats a time by one of Go's layouts.
pub(super) fn format(time: &Zoned, layout: &str) -> String {
    let mut out = String::new();
    let mut rest = layout;
    loop {
        let (text, part, after) = next_part(rest);
        out.push_str(text);
        let Some(part) = part else { return out };
        out.push_str(&format_part(time, part));
        rest = after;
    }
}

fn format_part(time: &Zoned, part: &str) -> String {
    let month = Object::Month(time.month()).shown();
    let day = Object::Weekday(time.weekday().to_sunday_zero_offset()).shown();
    let hour = match time.hour() % 12 {
        0 => 12,
        hour => hour,
    };
    match part {
        "2006" => format!("{:04}", time.year()),
        "06" => format!("{:02}", time.year().rem_euclid(100)),
        "January" => month,
        "Jan" => month[..3].to_owned(),
        "1" => time.month().to_string(),
        "01" => format!("{:02}", time.month()),
        "Monday" => day,
        "Mon" => day[..3].to_owned(),
        "2" => time.day().to_string(),
        "_2" => format!("{:2}", time.day()),
        "02" => format!("{:02}", time.day()),
        "__2" => format!("{:3}", time.day_of_year()),
        "002" => format!("{:03}", time.day_of_year()),
        "15" => format!("{:02}", time.hour()),
        "3" => hour.to_string(),
        "03" => format!("{hour:02}"),
        "4" => time.minute().to_string(),
        "04" => format!("{:02}", time.minute()),
        "5" => time.second().to_string(),
        "05" => format!("{:02}", time.second()),
        "PM" => if time.hour() >= 12 { "PM" } else { "AM" }.to_owned(),
        "pm" => if time.hour() >= 12 { "pm" } else { "am" }.to_owned(),
        "MST" => zone_name(time),
        part if part.starts_with(['.', ',']) => fraction(time, part),
        part => {
            if part.starts_with('Z') && time.offset().seconds() == 0 {
                return "Z".to_owned();
            }
            let digits = part.trim_start_matches(['Z', '-']);
            let count = digits.replace(':', "").len();
            offset(time, digits.contains(':'), count > 2, count > 4)
        }
    }
}

fn fraction(time: &Zoned, part: &str) -> String {
    let digits = format!("{:09}", time.subsec_nanosecond());
    let digits = &digits[..(part.len() - 1).min(9)];
    let (point, trims) = (&part[..1], part.contains('9'));
    let digits = if trims { digits.trim_end_matches('0') } else { digits };
    if digits.is_empty() { String::new() } else { format!("{point}{digits}") }
}

/// A time as Go prints it.
pub(super) fn print(time: &Zoned) -> String {
    format(time, "2006-01-02 15:04:05.999999999 -0700 MST")
}

/// Go's zero time.
fn zero() -> Zoned {
    jiff::civil::date(1, 1, 1).to_zoned(TimeZone::UTC).unwrap_or_default()
}

/// Reads a time by one of Go's layouts. The error is Go's.
pub(super) fn parse(layout: &str, value: &str) -> Result<Zoned, String> {
    let mut read = Read { year: 1, month: 1, day: 1, ..Read::default() };
    let (mut rest_layout, mut rest) = (layout, value);
    let quoted = |text: &str| super::template::quote(text.as_bytes());
    let fail = |part: &str, rest: &str| {
        let (value, layout) = (quoted(value), quoted(layout));
        format!("parsing time {value} as {layout}: cannot parse {} as {}", quoted(rest), quoted(part))
    };
    loop {
        let (text, part, after) = next_part(rest_layout);
        rest = rest.strip_prefix(text).ok_or_else(|| fail(text, rest))?;
        let Some(part) = part else { break };
        rest = read.part(part, rest).ok_or_else(|| fail(part, rest))?;
        // A fraction may follow the seconds though the layout has none.
        if matches!(part, "5" | "05") && rest.starts_with(['.', ',']) && !after.starts_with(['.', ',']) {
            rest = read.fraction(rest).unwrap_or(rest);
        }
        rest_layout = after;
    }
    if !rest.is_empty() {
        let value = quoted(value);
        return Err(format!("parsing time {value}: extra text: {}", quoted(rest)));
    }
    read.time().ok_or_else(|| format!("parsing time {}: day out of range", quoted(value)))
}

#[derive(Default)]
struct Read {
    year: i16,
    month: i8,
    day: i8,
    hour: i8,
    minute: i8,
    second: i8,
    nanosecond: i32,
    afternoon: Option<bool>,
    offset: Option<i32>,
}

fn number<T: std::str::FromStr>(rest: &str, least: usize, most: usize) -> Option<(T, &str)> {
    let count = rest.chars().take_while(char::is_ascii_digit).count().min(most);
    if count < least {
        return None;
    }
    Some((rest[..count].parse().ok()?, &rest[count..]))
}

impl Read {
    /// Reads one part off `rest`.
    fn part<'a>(&mut self, part: &str, rest: &'a str) -> Option<&'a str> {
        let named = |kind: fn(i8) -> Object, count: i8, short: bool| {
            (0..count).find_map(|index| {
                let name = kind(index).shown();
                let name = if short { &name[..3] } else { name.as_str() };
                let start = rest.get(..name.len())?;
                start.eq_ignore_ascii_case(name).then(|| (index, &rest[name.len()..]))
            })
        };
        let rest = match part {
            "2006" => set(&mut self.year, number(rest, 4, 4)?),
            "06" => {
                let (year, rest) = number::<i16>(rest, 2, 2)?;
                self.year = if year >= 69 { 1900 + year } else { 2000 + year };
                rest
            }
            "January" | "Jan" => {
                let (index, rest) = named(|index| Object::Month(index + 1), 12, part == "Jan")?;
                self.month = index + 1;
                rest
            }
            "Monday" | "Mon" => named(Object::Weekday, 7, part == "Mon")?.1,
            "1" => set(&mut self.month, number(rest, 1, 2)?),
            "01" => set(&mut self.month, number(rest, 2, 2)?),
            "2" | "_2" => set(&mut self.day, number(rest.trim_start_matches(' '), 1, 2)?),
            "02" => set(&mut self.day, number(rest, 2, 2)?),
            "3" => set(&mut self.hour, number(rest, 1, 2)?),
            "15" | "03" => set(&mut self.hour, number(rest, 2, 2)?),
            "4" => set(&mut self.minute, number(rest, 1, 2)?),
            "04" => set(&mut self.minute, number(rest, 2, 2)?),
            "5" => set(&mut self.second, number(rest, 1, 2)?),
            "05" => set(&mut self.second, number(rest, 2, 2)?),
            "PM" | "pm" => {
                let half = rest.get(..2)?;
                self.afternoon = Some(half.eq_ignore_ascii_case("pm"));
                half.to_ascii_lowercase().ends_with('m').then(|| &rest[2..])?
            }
            "MST" => {
                let count = rest.chars().take_while(char::is_ascii_uppercase).count();
                self.offset.get_or_insert(0);
                (3..=5).contains(&count).then(|| &rest[count..])?
            }
            part if part.starts_with(['.', ',']) => match self.fraction(rest) {
                Some(rest) => rest,
                None if part.contains('9') => rest,
                None => return None,
            },
            part => return self.zone(part, rest),
        };
        let bounds =
            [(self.month, 12), (self.day, 31), (self.hour, 23), (self.minute, 59), (self.second, 59)];
        bounds.iter().all(|(value, most)| value <= most).then_some(rest)
    }

    fn fraction<'a>(&mut self, rest: &'a str) -> Option<&'a str> {
        let digits = rest.strip_prefix(['.', ','])?;
        let count = digits.chars().take_while(char::is_ascii_digit).count();
        if count == 0 {
            return None;
        }
        let padded = format!("{:0<9}", &digits[..count.min(9)]);
        self.nanosecond = padded.parse().ok()?;
        Some(&digits[count..])
    }

    fn zone<'a>(&mut self, part: &str, rest: &'a str) -> Option<&'a str> {
        if part.starts_with('Z')
            && let Some(rest) = rest.strip_prefix('Z')
        {
            self.offset = Some(0);
            return Some(rest);
        }
        let sign = match rest.chars().next()? {
            '+' => 1,
            '-' => -1,
            _ => return None,
        };
        let mut rest = &rest[1..];
        let digits = part.trim_start_matches(['Z', '-']);
        let mut total = 0;
        let scales = [3600, 60, 1];
        for (index, scale) in scales.iter().enumerate().take(digits.replace(':', "").len() / 2) {
            if index > 0 && digits.contains(':') {
                rest = rest.strip_prefix(':')?;
            }
            let (value, after) = number::<i32>(rest, 2, 2)?;
            total += value * scale;
            rest = after;
        }
        self.offset = Some(sign * total);
        Some(rest)
    }

    fn time(&self) -> Option<Zoned> {
        let hour = match self.afternoon {
            Some(true) if self.hour < 12 => self.hour + 12,
            Some(false) if self.hour == 12 => 0,
            _ => self.hour,
        };
        let civil = jiff::civil::DateTime::new(
            self.year,
            self.month,
            self.day,
            hour,
            self.minute,
            self.second,
            self.nanosecond,
        );
        let zone = match self.offset {
            None | Some(0) => TimeZone::UTC,
            Some(seconds) => TimeZone::fixed(jiff::tz::Offset::from_seconds(seconds).ok()?),
        };
        civil.ok()?.to_zoned(zone).ok()
    }
}

fn set<'a, T>(field: &mut T, (value, rest): (T, &'a str)) -> &'a str {
    *field = value;
    rest
}

/// Reads a time by a layout; Go's zero time where it cannot be read.
pub(super) fn parse_or_zero(layout: &str, value: &str) -> Zoned {
    parse(layout, value).unwrap_or_else(|_| zero())
}

/// A time from what templates give for one: a time, seconds since 1970, or now.
pub(super) fn from_value(value: &Value, now: Timestamp) -> Zoned {
    let seconds = match value {
        Value::Object(object) => match &**object {
            Object::Time(time) => return time.clone(),
            _ => return now.to_zoned(TimeZone::UTC),
        },
        Value::Int(seconds, _) => *seconds,
        _ => return now.to_zoned(TimeZone::UTC),
    };
    Timestamp::from_second(seconds).unwrap_or(now).to_zoned(TimeZone::UTC)
}

/// The same moment in a zone; in UTC where there is no such zone.
pub(super) fn in_zone(time: &Zoned, zone: &str) -> Zoned {
    let zone = match zone {
        "" | "UTC" | "Local" => TimeZone::UTC,
        name => TimeZone::get(name).unwrap_or(TimeZone::UTC),
    };
    time.with_time_zone(zone)
}

const UNITS: [(&str, i128); 8] = [
    ("ns", 1),
    ("us", 1_000),
    ("µs", 1_000),
    ("μs", 1_000),
    ("ms", 1_000_000),
    ("s", 1_000_000_000),
    ("m", 60_000_000_000),
    ("h", 3_600_000_000_000),
];

/// Reads one of Go's durations, such as `1h30m`, in nanoseconds. The error is Go's.
pub(super) fn parse_duration(text: &str) -> Result<i128, String> {
    let quoted = super::template::quote(text.as_bytes());
    let invalid = || format!("time: invalid duration {quoted}");
    let (negative, mut rest) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    if rest == "0" {
        return Ok(0);
    }
    if rest.is_empty() {
        return Err(invalid());
    }
    let mut total = 0_i128;
    while !rest.is_empty() {
        let end = rest.find(|char: char| !char.is_ascii_digit() && char != '.').unwrap_or(rest.len());
        let (digits, after) = rest.split_at(end);
        let (whole, part) = digits.split_once('.').unwrap_or((digits, ""));
        if (whole.is_empty() && part.is_empty()) || part.contains('.') || whole.len() + part.len() > 30 {
            return Err(invalid());
        }
        let end = after.find(|char: char| char.is_ascii_digit() || char == '.').unwrap_or(after.len());
        let (unit, after) = after.split_at(end);
        if unit.is_empty() {
            return Err(format!("time: missing unit in duration {quoted}"));
        }
        let Some((_, scale)) = UNITS.iter().find(|(name, _)| *name == unit) else {
            let unit = super::template::quote(unit.as_bytes());
            return Err(format!("time: unknown unit {unit} in duration {quoted}"));
        };
        let number = |text: &str| if text.is_empty() { Some(0) } else { text.parse::<i128>().ok() };
        let scaled = number(whole).and_then(|whole| whole.checked_mul(*scale)).ok_or_else(invalid)?;
        let tenth = 10_i128.checked_pow(u32::try_from(part.len()).unwrap_or(31)).ok_or_else(invalid)?;
        let part = number(part).and_then(|part| part.checked_mul(*scale)).ok_or_else(invalid)? / tenth;
        total = total.checked_add(scaled + part).ok_or_else(invalid)?;
        rest = after;
    }
    if total > i128::from(i64::MAX) {
        return Err(invalid());
    }
    Ok(if negative { -total } else { total })
}

/// A duration as Go prints it.
pub(super) fn duration_text(nanoseconds: i128) -> String {
    if nanoseconds == 0 {
        return "0s".to_owned();
    }
    let sign = if nanoseconds < 0 { "-" } else { "" };
    let total = nanoseconds.unsigned_abs();
    let fraction = |value: u128, scale: u128, unit: &str| {
        let digits = scale.to_string().len() - 1;
        let part = format!("{:0digits$}", value % scale);
        let part = part.trim_end_matches('0');
        let point = if part.is_empty() { "" } else { "." };
        format!("{}{point}{part}{unit}", value / scale)
    };
    let text = match total {
        ..1_000 => format!("{total}ns"),
        1_000..1_000_000 => fraction(total, 1_000, "µs"),
        1_000_000..1_000_000_000 => fraction(total, 1_000_000, "ms"),
        _ => {
            let (minutes, seconds) = (total / 60_000_000_000, total % 60_000_000_000);
            let seconds = fraction(seconds, 1_000_000_000, "s");
            match (minutes / 60, minutes % 60) {
                (0, 0) => seconds,
                (0, minutes) => format!("{minutes}m{seconds}"),
                (hours, minutes) => format!("{hours}h{minutes}m{seconds}"),
            }
        }
    };
    format!("{sign}{text}")
}

#[expect(clippy::cast_precision_loss, reason = "Go answers with a float as well")]
pub(super) fn duration_part(nanoseconds: i128, name: &str) -> Value {
    let float = nanoseconds as f64;
    match name {
        "Hours" => Value::Float(float / 3.6e12),
        "Minutes" => Value::Float(float / 6e10),
        "Seconds" => Value::Float(float / 1e9),
        "Milliseconds" => Value::int64(i64::try_from(nanoseconds / 1_000_000).unwrap_or_default()),
        _ => Value::int64(i64::try_from(nanoseconds).unwrap_or_default()),
    }
}

/// A time, moved by nanoseconds.
pub(super) fn add(time: &Zoned, nanoseconds: i128) -> Result<Zoned, Failure> {
    let duration = SignedDuration::try_from_nanos_i128(nanoseconds);
    let moved = duration.and_then(|duration| time.checked_add(duration).ok());
    moved.ok_or_else(|| Failure::new("time out of range"))
}

/// A method of a time, by its name.
pub(super) fn call(time: &Zoned, name: &str, arguments: &[Value]) -> Value {
    let object = |argument: &Value| match argument {
        Value::Object(object) => Some(std::rc::Rc::clone(object)),
        _ => None,
    };
    let duration = |argument: &Value| match object(argument).as_deref() {
        Some(Object::Duration(nanoseconds)) => *nanoseconds,
        _ => 0,
    };
    let other = |argument: &Value| match object(argument).as_deref() {
        Some(Object::Time(time)) => time.clone(),
        _ => zero(),
    };
    let moved = |time: Result<Zoned, Failure>| Value::object(Object::Time(time.unwrap_or_else(|_| zero())));
    match (name, arguments) {
        ("Format", [Value::Text(layout)]) => Value::text(format(time, &layout.to_str())),
        ("Add", [argument]) => moved(add(time, duration(argument))),
        ("AddDate", [Value::Int(years, _), Value::Int(months, _), Value::Int(days, _)]) => {
            moved(add_date(time, *years, *months, *days).ok_or_else(|| Failure::new("date out of range")))
        }
        ("Before", [argument]) => Value::Bool(*time < other(argument)),
        ("After", [argument]) => Value::Bool(*time > other(argument)),
        ("Equal", [argument]) => Value::Bool(*time == other(argument)),
        ("Sub", [argument]) => {
            let between = time.timestamp().as_nanosecond() - other(argument).timestamp().as_nanosecond();
            Value::object(Object::Duration(between))
        }
        ("Truncate", [argument]) => {
            let step = duration(argument).max(1);
            moved(add(time, -time.timestamp().as_nanosecond().rem_euclid(step)))
        }
        _ => plain(time, name),
    }
}

/// Go counts what is too much for a month into the next one: January 31 and a month is March 2.
fn add_date(time: &Zoned, years: i64, months: i64, days: i64) -> Option<Zoned> {
    let month = i64::from(time.year()).checked_add(years)?.checked_mul(12)?;
    let month = month.checked_add(i64::from(time.month()) - 1)?.checked_add(months)?;
    let year = i16::try_from(month.div_euclid(12)).ok()?;
    let first = jiff::civil::Date::new(year, i8::try_from(month.rem_euclid(12)).ok()? + 1, 1).ok()?;
    let days = days.checked_add(i64::from(time.day()) - 1)?;
    let date = first.checked_add(Span::new().try_days(days).ok()?).ok()?;
    date.to_datetime(time.time()).to_zoned(time.time_zone().clone()).ok()
}

fn plain(time: &Zoned, name: &str) -> Value {
    match name {
        "Unix" => Value::int64(time.timestamp().as_second()),
        "UnixMilli" => Value::int64(time.timestamp().as_millisecond()),
        "UnixNano" => Value::int64(i64::try_from(time.timestamp().as_nanosecond()).unwrap_or_default()),
        "Year" => Value::int(i64::from(time.year())),
        "Month" => Value::object(Object::Month(time.month())),
        "Day" => Value::int(i64::from(time.day())),
        "Hour" => Value::int(i64::from(time.hour())),
        "Minute" => Value::int(i64::from(time.minute())),
        "Second" => Value::int(i64::from(time.second())),
        "Nanosecond" => Value::int(i64::from(time.subsec_nanosecond())),
        "Weekday" => Value::object(Object::Weekday(time.weekday().to_sunday_zero_offset())),
        "YearDay" => Value::int(i64::from(time.day_of_year())),
        "UTC" | "Local" => Value::object(Object::Time(time.with_time_zone(TimeZone::UTC))),
        "IsZero" => Value::Bool(*time == zero()),
        _ => Value::Text(Text::from(print(time))),
    }
}
