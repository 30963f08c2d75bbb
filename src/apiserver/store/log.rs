//! The append-only log below the store. A file begins with a magic word; each record is its length, its CRC-32 and
//! its payload, little-endian. A record that the end of the file cuts short was never acknowledged and is cut off at
//! opening; a wrong checksum anywhere else is damage, and refused. Writes reach the operating system before they are
//! answered, so that they survive the end of this process; they are not synced to the disk one by one.

use std::fs::File;
use std::io::{BufReader, BufWriter, Read, Seek as _, SeekFrom, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use bytes::Bytes;

use super::shelf::Key;

const MAGIC: &[u8; 8] = b"atlrlog1";
/// No request may be so large, so no record is.
const MAX_RECORD: u64 = 64 * 1024 * 1024;
/// A log that is smaller is never rewritten.
const SMALL_LOG: u64 = 8 * 1024 * 1024;

/// Why the store's log cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The operating system refuses.
    #[error("cannot use the log `{}`", path.display())]
    File {
        /// The log.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// It is no log of ours.
    #[error("`{}` is not a log of the API server", path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
    },
    /// Some record inside of it is not what was written.
    #[error("the log `{}` is damaged at byte {offset}", path.display())]
    Damaged {
        /// The log.
        path: PathBuf,
        /// Where the record begins.
        offset: u64,
    },
}

/// One entry of the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Record {
    /// An object was written.
    Put { key: Key, revision: u64, json: Bytes },
    /// An object was removed.
    Delete { key: Key, revision: u64 },
    /// The store had come so far when the log was rewritten.
    Revision(u64),
}

/// An open log.
pub(super) struct Log {
    path: PathBuf,
    file: File,
    length: u64,
}

impl Log {
    /// Opens `objects.log` in `folder` and hands every record to `replay`, in order.
    pub(super) fn open(folder: &Path, mut replay: impl FnMut(Record)) -> Result<Self, Error> {
        let path = folder.join("objects.log");
        let at = |source| Error::File { path: path.clone(), source };
        std::fs::create_dir_all(folder).map_err(at)?;
        let mut options = File::options();
        let mut file = options
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(&path)
            .map_err(at)?;
        let size = file.metadata().map_err(at)?.len();
        if size < MAGIC.len() as u64 {
            file.set_len(0).and_then(|()| file.write_all(MAGIC)).map_err(at)?;
            return Ok(Self { length: MAGIC.len() as u64, path, file });
        }
        let mut reader = BufReader::new(&file);
        let mut magic = [0; MAGIC.len()];
        reader.read_exact(&mut magic).map_err(at)?;
        if magic != *MAGIC {
            return Err(Error::Foreign { path });
        }
        let mut length = MAGIC.len() as u64;
        while let Some(payload) = next_payload(&mut reader, &path, length, size)? {
            length += 8 + payload.len() as u64;
            let damaged = || Error::Damaged { path: path.clone(), offset: length };
            replay(decode(&payload).ok_or_else(damaged)?);
        }
        drop(reader);
        if length < size {
            file.set_len(length).map_err(at)?;
        }
        file.seek(SeekFrom::Start(length)).map_err(at)?;
        Ok(Self { path, file, length })
    }

    /// Appends one record: it survives the end of this process when this returns.
    pub(super) fn append(&mut self, record: &Record) -> Result<(), Error> {
        let frame = encode(record);
        if let Err(source) = self.file.write_all(&frame) {
            // Half a record must not stand before the next one.
            let undone = self.file.set_len(self.length);
            let back = undone.and_then(|()| self.file.seek(SeekFrom::Start(self.length)));
            if let Err(error) = back {
                tracing::error!(%error, path = %self.path.display(), "the log cannot be cut back");
            }
            return Err(Error::File { path: self.path.clone(), source });
        }
        self.length += frame.len() as u64;
        Ok(())
    }

    /// Whether most of the log is history.
    pub(super) fn is_wasteful(&self, live_bytes: u64) -> bool {
        self.length > SMALL_LOG && self.length / 4 > live_bytes
    }

    /// Replaces the log by `records`, all or nothing.
    pub(super) fn rewrite(&mut self, records: impl Iterator<Item = Record>) -> Result<(), Error> {
        let path = self.path.with_extension("log.new");
        let at = |source| Error::File { path: path.clone(), source };
        let file =
            File::options().write(true).create(true).truncate(true).mode(0o600).open(&path).map_err(at)?;
        let mut writer = BufWriter::new(file);
        let mut length = MAGIC.len() as u64;
        writer.write_all(MAGIC).map_err(at)?;
        for record in records {
            let frame = encode(&record);
            length += frame.len() as u64;
            writer.write_all(&frame).map_err(at)?;
        }
        let file = writer.into_inner().map_err(|error| at(error.into_error()))?;
        file.sync_all().map_err(at)?;
        std::fs::rename(&path, &self.path).map_err(at)?;
        self.file = file;
        self.length = length;
        Ok(())
    }
}

/// Reads the next whole record; `None` where the log ends, or where it is torn.
fn next_payload(
    reader: &mut impl Read,
    path: &Path,
    offset: u64,
    size: u64,
) -> Result<Option<Vec<u8>>, Error> {
    let at = |source| Error::File { path: path.to_owned(), source };
    let rest = size - offset;
    if rest < 8 {
        return Ok(None);
    }
    let mut head = [0; 8];
    reader.read_exact(&mut head).map_err(at)?;
    let length = u64::from(u32::from_le_bytes([head[0], head[1], head[2], head[3]]));
    let checksum = u32::from_le_bytes([head[4], head[5], head[6], head[7]]);
    if length > rest - 8 {
        return Ok(None);
    }
    if length > MAX_RECORD {
        return Err(Error::Damaged { path: path.to_owned(), offset });
    }
    let mut payload = vec![0; usize::try_from(length).unwrap_or(0)];
    reader.read_exact(&mut payload).map_err(at)?;
    if crc(&payload) == checksum && length > 0 {
        return Ok(Some(payload));
    }
    // A crash of the machine may leave the last record unwritten though the file has grown.
    if length == rest - 8 || length == 0 {
        return Ok(None);
    }
    Err(Error::Damaged { path: path.to_owned(), offset })
}

fn crc(payload: &[u8]) -> u32 {
    let mut crc = flate2::Crc::new();
    crc.update(payload);
    crc.sum()
}

fn encode(record: &Record) -> Vec<u8> {
    let mut frame = vec![0; 8];
    match record {
        Record::Put { key, revision, json } => {
            encode_head(&mut frame, 1, *revision, Some(key));
            frame.extend_from_slice(json);
        }
        Record::Delete { key, revision } => encode_head(&mut frame, 2, *revision, Some(key)),
        Record::Revision(revision) => encode_head(&mut frame, 3, *revision, None),
    }
    let length = u32::try_from(frame.len() - 8).expect("requests are bounded far below 4 GiB");
    let checksum = crc(&frame[8..]);
    frame[..4].copy_from_slice(&length.to_le_bytes());
    frame[4..8].copy_from_slice(&checksum.to_le_bytes());
    frame
}

fn encode_head(frame: &mut Vec<u8>, operation: u8, revision: u64, key: Option<&Key>) {
    frame.push(operation);
    frame.extend_from_slice(&revision.to_le_bytes());
    for part in key.into_iter().flat_map(|key| [&key.resource, &key.namespace, &key.name]) {
        let length = u16::try_from(part.len()).expect("names are validated before they are stored");
        frame.extend_from_slice(&length.to_le_bytes());
        frame.extend_from_slice(part.as_bytes());
    }
}

fn decode(payload: &[u8]) -> Option<Record> {
    let (operation, rest) = payload.split_first()?;
    let (revision, mut rest) = rest.split_first_chunk::<8>()?;
    let revision = u64::from_le_bytes(*revision);
    if *operation == 3 {
        return Some(Record::Revision(revision));
    }
    let mut part = || {
        let (length, after) = rest.split_first_chunk::<2>()?;
        let (text, after) = after.split_at_checked(usize::from(u16::from_le_bytes(*length)))?;
        rest = after;
        std::str::from_utf8(text).ok()
    };
    let key = Key::new(part()?, part()?, part()?);
    match operation {
        1 => Some(Record::Put { key, revision, json: Bytes::copy_from_slice(rest) }),
        2 => Some(Record::Delete { key, revision }),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn open(folder: &Path) -> (Log, Vec<Record>) {
        let mut records = Vec::new();
        let log = Log::open(folder, |record| records.push(record)).unwrap();
        (log, records)
    }

    fn some_records() -> Vec<Record> {
        let key = |name| Key::new("deployments.apps", "dev1-ns", name);
        vec![
            Record::Put { key: key("a"), revision: 1, json: Bytes::from_static(b"{\"a\":1}") },
            Record::Put { key: key("b"), revision: 2, json: Bytes::from_static(b"{}") },
            Record::Delete { key: key("a"), revision: 3 },
            Record::Revision(9),
        ]
    }

    #[test]
    fn every_truncation_yields_a_prefix() {
        let folder = tempfile::tempdir().unwrap();
        let (mut log, _) = open(folder.path());
        let all = some_records();
        let mut ends = vec![log.length];
        for record in &all {
            log.append(record).unwrap();
            ends.push(log.length);
        }
        let bytes = std::fs::read(folder.path().join("objects.log")).unwrap();
        for cut in 0..=bytes.len() {
            let torn = tempfile::tempdir().unwrap();
            std::fs::write(torn.path().join("objects.log"), &bytes[..cut]).unwrap();
            let whole = ends.iter().filter(|end| **end <= cut as u64).count().saturating_sub(1);
            let (mut log, records) = open(torn.path());
            assert_eq!(records, all[..whole], "cut at {cut}");
            log.append(&Record::Revision(77)).unwrap();
            let mut then = all[..whole].to_vec();
            then.push(Record::Revision(77));
            assert_eq!(open(torn.path()).1, then, "appended after a cut at {cut}");
        }
    }

    #[test]
    fn damage_inside_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let (mut log, _) = open(folder.path());
        let first = log.length;
        for record in some_records() {
            log.append(&record).unwrap();
        }
        let path = folder.path().join("objects.log");
        let mut bytes = std::fs::read(&path).unwrap();
        bytes[usize::try_from(first).unwrap() + 12] ^= 1;
        std::fs::write(&path, bytes).unwrap();
        let error = Log::open(folder.path(), |_| ()).err().unwrap();
        assert_eq!(error.to_string(), format!("the log `{}` is damaged at byte {first}", path.display()));
    }

    #[test]
    fn rewritten_log_holds_what_it_was_given() {
        let folder = tempfile::tempdir().unwrap();
        let (mut log, _) = open(folder.path());
        log.append(&Record::Revision(1)).unwrap();
        log.rewrite(some_records().into_iter()).unwrap();
        log.append(&Record::Revision(10)).unwrap();
        let mut all = some_records();
        all.push(Record::Revision(10));
        assert_eq!(open(folder.path()).1, all);
    }
}
