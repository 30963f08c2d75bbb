//! A schedule, and the times that it stands for.

use std::time::Duration;

use k8s_openapi::jiff::civil::Date;
use k8s_openapi::jiff::tz::{AmbiguousOffset, TimeZone};
use k8s_openapi::jiff::{SignedDuration, Timestamp, ToSpan as _};

use super::super::parse_duration;
use super::field::{FIELDS, Field};

/// Further than this nobody looks for a time, as the original: the 30th of February never comes.
const MOST_DAYS: usize = 5 * 366;

/// A text that is no schedule. The words are those that Kubernetes answers with.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CronError {
    /// There is nothing.
    #[error("empty spec string")]
    Empty,
    /// More fields than five, or fewer.
    #[error("expected exactly 5 fields, found {count}: [{text}]")]
    Fields {
        /// How many there are.
        count: usize,
        /// What was given.
        text: String,
    },
    /// A word after `@` that is none.
    #[error("unrecognized descriptor: {text}")]
    Descriptor {
        /// What was given.
        text: String,
    },
    /// `@every` without a duration.
    #[error("failed to parse duration {text}: time: invalid duration \"{duration}\"")]
    Every {
        /// What was given.
        text: String,
        /// The part that should be a duration.
        duration: String,
    },
    /// A word where a number is expected.
    #[error("failed to parse int from {text}: strconv.Atoi: parsing \"{text}\": invalid syntax")]
    Number {
        /// The word.
        text: String,
    },
    /// A number below zero.
    #[error("negative number ({number}) not allowed: {text}")]
    Negative {
        /// It.
        number: i64,
        /// The part of the schedule.
        text: String,
    },
    /// More than one slash.
    #[error("too many slashes: {text}")]
    Slashes {
        /// The part of the schedule.
        text: String,
    },
    /// More than one hyphen.
    #[error("too many hyphens: {text}")]
    Hyphens {
        /// The part of the schedule.
        text: String,
    },
    /// A range that begins too low.
    #[error("beginning of range ({begin}) below minimum ({least}): {text}")]
    Below {
        /// Where it begins.
        begin: u32,
        /// The least that the field takes.
        least: u32,
        /// The part of the schedule.
        text: String,
    },
    /// A range that ends too high.
    #[error("end of range ({end}) above maximum ({most}): {text}")]
    Above {
        /// Where it ends.
        end: u32,
        /// The most that the field takes.
        most: u32,
        /// The part of the schedule.
        text: String,
    },
    /// A range that ends before it begins.
    #[error("beginning of range ({begin}) beyond end of range ({end}): {text}")]
    Backwards {
        /// Where it begins.
        begin: u32,
        /// Where it ends.
        end: u32,
        /// The part of the schedule.
        text: String,
    },
    /// A step of nothing.
    #[error("step of range should be a positive number: {text}")]
    Step {
        /// The part of the schedule.
        text: String,
    },
}

/// When something is to happen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Schedule {
    /// At the times that the fields name: minute, hour, day of the month, month, day of the week.
    Fields(Fields),
    /// Again and again after so many whole seconds.
    Every(Duration),
}

/// The fields of a schedule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fields([Field; 5]);

impl Schedule {
    /// Reads a schedule such as `*/5 * * * mon-fri`, `@daily` or `@every 90m`.
    pub fn parse(text: &str) -> Result<Self, CronError> {
        if text.is_empty() {
            return Err(CronError::Empty);
        }
        let fields = match text {
            "@yearly" | "@annually" => "0 0 1 1 *",
            "@monthly" => "0 0 1 * *",
            "@weekly" => "0 0 * * 0",
            "@daily" | "@midnight" => "0 0 * * *",
            "@hourly" => "0 * * * *",
            descriptor if descriptor.starts_with('@') => return every(descriptor),
            fields => fields,
        };
        let words = fields.split_whitespace().collect::<Vec<_>>();
        let wrong = || CronError::Fields { count: words.len(), text: words.join(" ") };
        let words = <[&str; 5]>::try_from(words.as_slice()).map_err(|_| wrong())?;
        let mut read = [Field::parse("*", &FIELDS[0])?; 5];
        for (index, word) in words.into_iter().enumerate() {
            read[index] = Field::parse(word, &FIELDS[index])?;
        }
        Ok(Self::Fields(Fields(read)))
    }

    /// The first time after `after`, if there is one within five years.
    pub fn next(&self, after: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
        match self {
            Self::Every(period) => {
                let whole = Timestamp::from_second(after.as_second()).ok()?;
                whole.checked_add(SignedDuration::try_from(*period).ok()?).ok()
            }
            Self::Fields(fields) => {
                let mut day = zone.to_datetime(after).date();
                for _ in 0..MOST_DAYS {
                    let first = fields.times(day, zone).into_iter().find(|time| *time > after);
                    if first.is_some() {
                        return first;
                    }
                    day = day.checked_add(1.day()).ok()?;
                }
                None
            }
        }
    }

    /// The last time after `after` and not after `until`, if there is one within five years.
    pub fn last(&self, after: Timestamp, until: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
        match self {
            Self::Every(period) => {
                let first = self.next(after, zone).filter(|first| *first <= until)?;
                let period = i64::try_from(period.as_secs()).ok()?;
                let times = until.duration_since(first).as_secs() / period;
                first.checked_add(SignedDuration::from_secs(times.checked_mul(period)?)).ok()
            }
            Self::Fields(fields) => {
                let (mut day, first) = (zone.to_datetime(until).date(), zone.to_datetime(after).date());
                for _ in 0..MOST_DAYS {
                    let times = fields.times(day, zone);
                    let last = times.into_iter().rev().find(|time| *time <= until && *time > after);
                    if last.is_some() || day <= first {
                        return last;
                    }
                    day = day.checked_sub(1.day()).ok()?;
                }
                None
            }
        }
    }
}

fn every(text: &str) -> Result<Schedule, CronError> {
    let Some(duration) = text.strip_prefix("@every ") else {
        return Err(CronError::Descriptor { text: text.to_owned() });
    };
    let wrong = |_| CronError::Every { text: text.to_owned(), duration: duration.to_owned() };
    let period = parse_duration(duration).map_err(wrong)?.as_secs();
    Ok(Schedule::Every(Duration::from_secs(period.max(1))))
}

impl Fields {
    /// The times of a day in order. One that the clocks jump over is left out; one that they show twice comes twice.
    fn times(&self, day: Date, zone: &TimeZone) -> Vec<Timestamp> {
        if !self.is_on(day) {
            return Vec::new();
        }
        let Self([minutes, hours, ..]) = self;
        let mut times = Vec::new();
        for hour in hours.numbers() {
            for minute in minutes.numbers() {
                let civil = day.at(hour, minute, 0, 0);
                let offsets = match zone.to_ambiguous_timestamp(civil).offset() {
                    AmbiguousOffset::Unambiguous { offset } => vec![offset],
                    AmbiguousOffset::Gap { .. } => Vec::new(),
                    AmbiguousOffset::Fold { before, after } => vec![before, after],
                };
                times.extend(offsets.into_iter().filter_map(|offset| offset.to_timestamp(civil).ok()));
            }
        }
        times.sort_unstable();
        times
    }

    /// Days of the month and of the week are both asked for, unless each is named: then either will do.
    fn is_on(&self, day: Date) -> bool {
        let Self([_, _, days, months, weekdays]) = self;
        let in_month = days.has(day.day());
        let in_week = weekdays.has(day.weekday().to_sunday_zero_offset());
        let both = days.open || weekdays.open;
        months.has(day.month()) && if both { in_month && in_week } else { in_month || in_week }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn next_times_follow_the_fields() {
        let cases = [
            // (schedule, zone, after, next)
            ("* * * * *", "UTC", "2026-03-01T00:00:30Z", "2026-03-01T00:01:00Z"),
            ("*/15 * * * *", "UTC", "2026-03-01T00:46:00Z", "2026-03-01T01:00:00Z"),
            ("5-10/5 8 * * *", "UTC", "2026-03-01T08:05:00Z", "2026-03-01T08:10:00Z"),
            ("30/10 * * * *", "UTC", "2026-03-01T08:30:00Z", "2026-03-01T08:40:00Z"),
            ("0 9 * * mon-fri", "UTC", "2026-11-20T09:00:00Z", "2026-11-23T09:00:00Z"),
            ("0 0 13 * FRI", "UTC", "2026-11-10T00:00:00Z", "2026-11-13T00:00:00Z"),
            ("0 0 1 * 1", "UTC", "2026-11-24T00:00:00Z", "2026-11-30T00:00:00Z"),
            ("0 0 29 feb *", "UTC", "2026-03-01T00:00:00Z", "2028-02-29T00:00:00Z"),
            ("@hourly", "UTC", "2026-03-01T00:00:00Z", "2026-03-01T01:00:00Z"),
            ("@daily", "Europe/Berlin", "2026-07-01T12:00:00Z", "2026-07-01T22:00:00Z"),
            ("@weekly", "UTC", "2026-11-21T11:00:00Z", "2026-11-22T00:00:00Z"),
            ("@yearly", "Asia/Tokyo", "2026-11-21T11:00:00Z", "2026-12-31T15:00:00Z"),
            ("@every 1h30m", "UTC", "2026-03-01T00:00:10.5Z", "2026-03-01T01:30:10Z"),
            // Clocks go forward at two, and what would be at half past two is left out that day.
            ("30 2 * * *", "America/New_York", "2026-03-07T08:00:00Z", "2026-03-09T06:30:00Z"),
            // Clocks go back at two, and one o'clock comes twice.
            ("0 1 * * *", "America/New_York", "2026-11-01T04:00:00Z", "2026-11-01T05:00:00Z"),
            ("0 1 * * *", "America/New_York", "2026-11-01T05:00:00Z", "2026-11-01T06:00:00Z"),
        ];
        for (text, zone, after, next) in cases {
            let zone = TimeZone::get(zone).unwrap();
            let found = Schedule::parse(text).unwrap().next(at(after), &zone);
            assert_eq!(found, Some(at(next)), "{text} after {after}");
        }
        let never = Schedule::parse("0 0 30 2 *").unwrap();
        assert_eq!(never.next(at("2026-03-01T00:00:00Z"), &TimeZone::UTC), None);
    }

    #[test]
    fn last_times_are_within_their_bounds() {
        let cases = [
            ("0 * * * *", "2026-03-01T00:00:00Z", "2026-03-01T05:59:00Z", Some("2026-03-01T05:00:00Z")),
            ("0 * * * *", "2026-03-01T05:00:00Z", "2026-03-01T05:59:00Z", None),
            ("0 * * * *", "2026-03-01T04:59:00Z", "2026-03-01T05:00:00Z", Some("2026-03-01T05:00:00Z")),
            ("@monthly", "2025-03-01T05:00:00Z", "2026-03-21T05:59:00Z", Some("2026-03-01T00:00:00Z")),
            ("@monthly", "2026-03-01T05:00:00Z", "2026-03-21T05:59:00Z", None),
            ("@every 10s", "2026-03-01T00:00:00Z", "2026-03-01T00:00:35Z", Some("2026-03-01T00:00:30Z")),
            ("@every 10s", "2026-03-01T00:00:00Z", "2026-03-01T00:00:09Z", None),
        ];
        for (text, after, until, last) in cases {
            let found = Schedule::parse(text).unwrap().last(at(after), at(until), &TimeZone::UTC);
            assert_eq!(found, last.map(at), "{text} until {until}");
        }
    }

    #[test]
    fn what_is_no_schedule_is_told_in_the_words_of_the_original() {
        let cases = [
            ("", "empty spec string"),
            ("* * * *", "expected exactly 5 fields, found 4: [* * * *]"),
            ("60 * * * *", "end of range (60) above maximum (59): 60"),
            ("* * 0 * *", "beginning of range (0) below minimum (1): 0"),
            ("5-3 * * * *", "beginning of range (5) beyond end of range (3): 5-3"),
            ("*/0 * * * *", "step of range should be a positive number: */0"),
            ("1/2/3 * * * *", "too many slashes: 1/2/3"),
            ("1-2-3 * * * *", "too many hyphens: 1-2-3"),
            ("x * * * *", "failed to parse int from x: strconv.Atoi: parsing \"x\": invalid syntax"),
            ("* * * * 7", "end of range (7) above maximum (6): 7"),
            ("@often", "unrecognized descriptor: @often"),
            ("@every soon", "failed to parse duration @every soon: time: invalid duration \"soon\""),
        ];
        for (text, expected) in cases {
            assert_eq!(Schedule::parse(text).unwrap_err().to_string(), expected);
        }
    }
}
