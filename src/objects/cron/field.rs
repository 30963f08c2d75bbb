//! One field of a schedule: a set of numbers.

use super::schedule::CronError;

/// What a field may hold.
pub(super) struct Bounds {
    pub(super) least: u32,
    pub(super) most: u32,
    /// Words for numbers, the first for `least`.
    pub(super) names: &'static [&'static str],
}

/// Minute, hour, day of the month, month, day of the week.
pub(super) const FIELDS: [Bounds; 5] = [
    Bounds { least: 0, most: 59, names: &[] },
    Bounds { least: 0, most: 23, names: &[] },
    Bounds { least: 1, most: 31, names: &[] },
    Bounds {
        least: 1,
        most: 12,
        names: &["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"],
    },
    Bounds { least: 0, most: 6, names: &["sun", "mon", "tue", "wed", "thu", "fri", "sat"] },
];

/// The numbers of a field as bits, and whether it was left open by a star.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Field {
    bits: u64,
    pub(super) open: bool,
}

impl Field {
    /// Reads `*`, `5`, `1-5`, `*/15`, `mon-fri`, and several of them with commas.
    pub(super) fn parse(text: &str, bounds: &Bounds) -> Result<Self, CronError> {
        let mut field = Self { bits: 0, open: false };
        for part in text.split(',').filter(|part| !part.is_empty()) {
            field.add(part, bounds)?;
        }
        Ok(field)
    }

    pub(super) fn has(self, number: i8) -> bool {
        u32::try_from(number).is_ok_and(|number| (self.bits >> number) & 1 == 1)
    }

    /// The numbers, smallest first.
    pub(super) fn numbers(self) -> impl Iterator<Item = i8> {
        (0..60).filter(move |number| self.has(*number))
    }

    fn add(&mut self, text: &str, bounds: &Bounds) -> Result<(), CronError> {
        let (range, step) = match text.split('/').collect::<Vec<_>>()[..] {
            [range] => (range, None),
            [range, step] => (range, Some(number(step)?)),
            _ => return Err(CronError::Slashes { text: text.to_owned() }),
        };
        let ends = range.split('-').collect::<Vec<_>>();
        let (begin, end) = match ends[..] {
            ["*" | "?"] => {
                // A step beyond one asks for particular numbers, as the original has it.
                self.open |= step.is_none_or(|step| step == 1);
                (bounds.least, bounds.most)
            }
            ["*" | "?", _] => (bounds.least, bounds.most),
            [only] => {
                let begin = named(only, bounds)?;
                (begin, if step.is_some() { bounds.most } else { begin })
            }
            [begin, end] => (named(begin, bounds)?, named(end, bounds)?),
            _ => return Err(CronError::Hyphens { text: text.to_owned() }),
        };
        let text = || text.to_owned();
        if begin < bounds.least {
            return Err(CronError::Below { begin, least: bounds.least, text: text() });
        }
        if end > bounds.most {
            return Err(CronError::Above { end, most: bounds.most, text: text() });
        }
        if begin > end {
            return Err(CronError::Backwards { begin, end, text: text() });
        }
        if step == Some(0) {
            return Err(CronError::Step { text: text() });
        }
        let step = usize::try_from(step.unwrap_or(1)).unwrap_or(usize::MAX);
        self.bits |= (begin..=end).step_by(step).fold(0, |bits, number| bits | (1 << number));
        Ok(())
    }
}

fn named(text: &str, bounds: &Bounds) -> Result<u32, CronError> {
    let lower = text.to_ascii_lowercase();
    match bounds.names.iter().position(|name| *name == lower) {
        Some(index) => Ok(u32::try_from(index).unwrap_or_default() + bounds.least),
        None => number(text),
    }
}

fn number(text: &str) -> Result<u32, CronError> {
    let read = text.parse::<i64>().map_err(|_| CronError::Number { text: text.to_owned() })?;
    u32::try_from(read).map_err(|_| CronError::Negative { number: read, text: text.to_owned() })
}
