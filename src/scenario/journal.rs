//! What happened in a track, append-only: the intent before an action, the result after it, the facts of a step that
//! is complete. One driver at a time holds a track's journal.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::error::Error;
use super::snapshot::Snapshot;

/// One thing that happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Record {
    /// A step began; `hash` is that of its source and values, `before` what it may change as it was.
    Began {
        step: String,
        hash: String,
        #[serde(default, skip_serializing_if = "Snapshot::is_empty")]
        before: Box<Snapshot>,
    },
    /// An action is about to be done.
    Intent { step: String, action: usize, shown: String },
    /// It was done.
    Done { step: String, action: usize, unchanged: bool, milliseconds: u64 },
    /// It did not come to its end.
    Failed { step: String, action: usize, reason: String },
    /// All checks of a step have passed.
    Complete { step: String, hash: String, facts: Map<String, Value>, milliseconds: u64 },
    /// A step was left out; the reason where it cannot be done here.
    Skipped {
        step: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
    },
    /// A hint was given.
    Hinted { step: String, hint: usize },
    /// Steps were undone; nothing before counts for them.
    Undone { steps: Vec<String> },
    /// The scenario was cleaned up; nothing before counts.
    Cleaned,
}

#[derive(Serialize, Deserialize)]
struct Line {
    time: String,
    record: Record,
}

/// What the journal knows of one step.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Past {
    /// When it began.
    pub(crate) began: Option<jiff::Timestamp>,
    /// What it may change, as it was before.
    pub(crate) before: Snapshot,
    /// Hints that were given.
    pub(crate) hinted: BTreeSet<usize>,
    /// Actions that were begun.
    pub(crate) intents: BTreeSet<usize>,
    /// Actions that were done.
    pub(crate) done: BTreeSet<usize>,
    /// The hash and the facts, when it is complete.
    pub(crate) complete: Option<(String, Map<String, Value>)>,
    /// Whether it was left out.
    pub(crate) skipped: bool,
}

/// What the journal knows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct History(BTreeMap<String, Past>);

impl History {
    /// What is known of a step.
    pub(crate) fn step(&self, id: &str) -> Option<&Past> {
        self.0.get(id)
    }

    fn add(&mut self, time: &str, record: Record) {
        match record {
            Record::Began { step, before, .. } => {
                let past = self.0.entry(step).or_default();
                // A step that is taken up again began when it did so first.
                if past.began.is_none() {
                    past.began = time.parse().ok();
                    past.before = *before;
                }
            }
            Record::Hinted { step, hint } => {
                self.0.entry(step).or_default().hinted.insert(hint);
            }
            Record::Undone { steps } => steps.iter().for_each(|step| {
                self.0.remove(step);
            }),
            Record::Intent { step, action, .. } => {
                self.0.entry(step).or_default().intents.insert(action);
            }
            Record::Done { step, action, .. } => {
                self.0.entry(step).or_default().done.insert(action);
            }
            Record::Failed { .. } => (),
            Record::Complete { step, hash, facts, .. } => {
                let past = self.0.entry(step).or_default();
                past.complete = Some((hash, facts));
                past.skipped = false;
            }
            Record::Skipped { step, .. } => self.0.entry(step).or_default().skipped = true,
            Record::Cleaned => self.0.clear(),
        }
    }
}

/// A track's journal, held for writing.
#[derive(Debug)]
pub(crate) struct Journal {
    path: PathBuf,
    file: File,
    lock: File,
    /// What is known.
    pub(crate) history: History,
}

impl Journal {
    /// Takes the journal of a track. A last line that was cut off in the middle is dropped: what it would have told
    /// did not happen, or is found by looking.
    pub(crate) fn open(folder: &Path, track: &str) -> Result<Self, Error> {
        let path = file_of(folder, track);
        let failed = |source| Error::Journal { path: path.clone(), source };
        std::fs::create_dir_all(folder).map_err(failed)?;
        let lock = lock(folder, track, &path)?;
        let mut options = OpenOptions::new();
        options.read(true).append(true).create(true).mode(0o600);
        let mut file = options.open(&path).map_err(failed)?;
        let mut text = Vec::new();
        file.read_to_end(&mut text).map_err(failed)?;
        let whole = text.iter().rposition(|&byte| byte == b'\n').map_or(0, |at| at + 1);
        if whole < text.len() {
            file.set_len(whole as u64).map_err(failed)?;
        }
        let history = replay(&text[..whole], &path)?;
        Ok(Self { path, file, lock, history })
    }

    /// Writes a record; it is on the disk when this returns.
    pub(crate) fn write(&mut self, record: Record) -> Result<(), Error> {
        let failed = |source| Error::Journal { path: self.path.clone(), source };
        let line = Line { time: jiff::Timestamp::now().to_string(), record };
        let mut text = serde_json::to_vec(&line).map_err(|error| failed(io::Error::other(error)))?;
        text.push(b'\n');
        self.file.write_all(&text).and_then(|()| self.file.sync_data()).map_err(failed)?;
        self.history.add(&line.time, line.record);
        Ok(())
    }
}

impl Drop for Journal {
    fn drop(&mut self) {
        // Closing is not enough: a child that is just being started has the same file open until it is itself.
        let _ = self.lock.unlock();
    }
}

/// Reads a track's journal without taking it.
pub(crate) fn read(folder: &Path, track: &str) -> Result<History, Error> {
    let path = file_of(folder, track);
    match std::fs::read(&path) {
        Ok(text) => {
            let whole = text.iter().rposition(|&byte| byte == b'\n').map_or(0, |at| at + 1);
            replay(&text[..whole], &path)
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(History::default()),
        Err(source) => Err(Error::Journal { path, source }),
    }
}

fn file_of(folder: &Path, track: &str) -> PathBuf {
    folder.join(format!("{track}.ndjson"))
}

fn replay(text: &[u8], path: &Path) -> Result<History, Error> {
    let mut history = History::default();
    for (index, line) in text.split(|&byte| byte == b'\n').enumerate() {
        if line.is_empty() {
            continue;
        }
        let damaged = |source| Error::JournalDamaged { path: path.to_owned(), line: index + 1, source };
        let line: Line = serde_json::from_slice(line).map_err(damaged)?;
        history.add(&line.time, line.record);
    }
    Ok(history)
}

/// Takes the lock of a track. The operating system frees it when its holder ends, however it ends.
fn lock(folder: &Path, track: &str, journal: &Path) -> Result<File, Error> {
    let failed = |source| Error::Journal { path: journal.to_owned(), source };
    let path = folder.join(format!("{track}.lock"));
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false).mode(0o600);
    let mut file = options.open(&path).map_err(failed)?;
    match file.try_lock() {
        Ok(()) => {
            let holder = format!("process {} since {}", std::process::id(), jiff::Timestamp::now());
            file.set_len(0).and_then(|()| file.write_all(holder.as_bytes())).map_err(failed)?;
            Ok(file)
        }
        Err(TryLockError::WouldBlock) => {
            let mut holder = String::new();
            let known = file.read_to_string(&mut holder).is_ok() && !holder.is_empty();
            let holder = if known { holder } else { "another process".to_owned() };
            Err(Error::Held { track: track.to_owned(), holder })
        }
        Err(TryLockError::Error(source)) => Err(failed(source)),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn records() -> Vec<Record> {
        let facts = json!({"pushed": {"commit": "abc"}}).as_object().unwrap().clone();
        let step = || "push".to_owned();
        vec![
            Record::Began { step: step(), hash: "h".to_owned(), before: Box::default() },
            Record::Intent { step: step(), action: 0, shown: "git push".to_owned() },
            Record::Done { step: step(), action: 0, unchanged: false, milliseconds: 12 },
            Record::Complete { step: step(), hash: "h".to_owned(), facts, milliseconds: 34 },
            Record::Skipped { step: "scale".to_owned(), reason: None },
        ]
    }

    #[test]
    fn is_read_back_as_written() {
        let folder = tempfile::tempdir().unwrap();
        let mut journal = Journal::open(folder.path(), "dev").unwrap();
        for record in records() {
            journal.write(record).unwrap();
        }
        let written = journal.history.clone();
        drop(journal);
        assert_eq!(read(folder.path(), "dev").unwrap(), written);
        assert_eq!(Journal::open(folder.path(), "dev").unwrap().history, written);
        let past = written.step("push").unwrap();
        assert_eq!(past.complete.as_ref().unwrap().1["pushed"], json!({"commit": "abc"}));
        assert!(written.step("scale").unwrap().skipped);
    }

    #[test]
    fn cut_off_at_any_byte_it_keeps_every_whole_line_and_goes_on() {
        let folder = tempfile::tempdir().unwrap();
        let mut journal = Journal::open(folder.path(), "dev").unwrap();
        for record in records() {
            journal.write(record).unwrap();
        }
        drop(journal);
        let path = file_of(folder.path(), "dev");
        let text = std::fs::read(&path).unwrap();
        for length in 0..=text.len() {
            std::fs::write(&path, &text[..length]).unwrap();
            let lines = text[..length].split(|&byte| byte == b'\n').count() - 1;
            let mut expected = History::default();
            records().into_iter().take(lines).for_each(|record| expected.add("", record));
            let mut journal = Journal::open(folder.path(), "dev").unwrap();
            // When it was is another matter.
            journal.history.0.values_mut().for_each(|past| past.began = None);
            assert_eq!(journal.history, expected, "cut at {length}");
            journal.write(Record::Cleaned).unwrap();
            drop(journal);
            assert_eq!(read(folder.path(), "dev").unwrap(), History::default(), "cut at {length}");
        }
    }

    #[test]
    fn a_damaged_line_in_the_middle_is_named() {
        let folder = tempfile::tempdir().unwrap();
        Journal::open(folder.path(), "dev").unwrap().write(Record::Cleaned).unwrap();
        let path = file_of(folder.path(), "dev");
        let text = std::fs::read_to_string(&path).unwrap();
        std::fs::write(&path, format!("{text}{{}}\n{text}")).unwrap();
        let error = Journal::open(folder.path(), "dev").unwrap_err();
        assert_eq!(error.to_string(), format!("line 2 of the journal `{}` is damaged", path.display()));
    }

    #[test]
    fn a_second_driver_is_told_who_holds_it() {
        let folder = tempfile::tempdir().unwrap();
        let first = Journal::open(folder.path(), "dev").unwrap();
        let error = Journal::open(folder.path(), "dev").unwrap_err();
        let start = format!("the track `dev` is held by process {} since ", std::process::id());
        assert!(error.to_string().starts_with(&start), "{error}");
        drop(first);
        Journal::open(folder.path(), "dev").unwrap();
    }
}
