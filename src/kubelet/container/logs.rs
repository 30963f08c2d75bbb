//! The log of one container: the newest lines within bounds, and what comes.

use std::collections::VecDeque;
use std::fmt::Write as _;
use std::sync::{Arc, Mutex, PoisonError};

use k8s_openapi::jiff::Timestamp;
use tokio::sync::watch;

/// How many lines are kept.
const LINES: usize = 1000;

/// How many characters of one line are kept.
const LINE_LIMIT: usize = 2048;

/// Which lines somebody wants, and how.
#[derive(Clone, Copy, Debug, Default)]
pub(in super::super) struct Wanted {
    /// Only the last so many.
    pub(in super::super) tail: Option<usize>,
    /// Only those not older.
    pub(in super::super) since: Option<Timestamp>,
    /// Each with its time before it.
    pub(in super::super) timestamps: bool,
}

/// A log.
#[derive(Debug)]
pub(in super::super) struct Logs {
    kept: Mutex<Kept>,
    /// How many lines there have ever been.
    count: watch::Sender<u64>,
}

#[derive(Debug, Default)]
struct Kept {
    lines: VecDeque<(Timestamp, String)>,
    total: u64,
    over: bool,
}

impl Logs {
    pub(in super::super) fn new() -> Arc<Self> {
        Arc::new(Self { kept: Mutex::default(), count: watch::channel(0).0 })
    }

    /// Adds a line, or several if `text` has some.
    pub(in super::super) fn add(&self, text: &str) {
        let mut kept = self.lock();
        for line in text.lines() {
            if kept.lines.len() >= LINES {
                kept.lines.pop_front();
            }
            kept.lines.push_back((Timestamp::now(), line.chars().take(LINE_LIMIT).collect()));
            kept.total += 1;
        }
        self.count.send_replace(kept.total);
    }

    /// The lines after number `from` as text, and the number to go on from.
    pub(in super::super) fn read(&self, from: u64, wanted: Wanted) -> (String, u64) {
        let kept = self.lock();
        let first = kept.total - kept.lines.len() as u64;
        let skipped = usize::try_from(from.saturating_sub(first)).unwrap_or(usize::MAX);
        let tail = kept.lines.len().saturating_sub(wanted.tail.unwrap_or(usize::MAX));
        let mut text = String::new();
        for (time, line) in kept.lines.iter().skip(skipped.max(tail)) {
            if wanted.since.is_some_and(|since| *time < since) {
                continue;
            }
            if wanted.timestamps {
                let _ = write!(text, "{time} ");
            }
            text.push_str(line);
            text.push('\n');
        }
        (text, kept.total)
    }

    /// Says that no line will follow.
    pub(in super::super) fn close(&self) {
        let mut kept = self.lock();
        kept.over = true;
        self.count.send_replace(kept.total);
    }

    /// Whether no line will follow.
    pub(in super::super) fn is_over(&self) -> bool {
        self.lock().over
    }

    /// Tells when there are more lines or none will follow, and ends with the log.
    pub(in super::super) fn watch(&self) -> watch::Receiver<u64> {
        self.count.subscribe()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn newest_lines_are_kept() {
        let logs = Logs::new();
        for number in 0..LINES + 2 {
            logs.add(&format!("line {number}"));
        }
        let (all, next) = logs.read(0, Wanted::default());
        assert_eq!(all.lines().count(), LINES);
        assert_eq!(all.lines().next(), Some("line 2"));
        let (tail, _) = logs.read(0, Wanted { tail: Some(2), ..Wanted::default() });
        assert_eq!(tail, "line 1000\nline 1001\n");
        logs.add("more\nand more");
        assert_eq!(logs.read(next, Wanted::default()).0, "more\nand more\n");
    }
}
