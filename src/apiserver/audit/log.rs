//! The file of the log: written by a task of its own, its owner's alone, never larger than twice its limit.

use std::fs::{File, OpenOptions};
use std::io::{BufWriter, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use tokio::sync::mpsc;

use super::Settings;
use super::policy::{Error, Policy};

/// So many lines may wait for the disk. A request that brings one more waits as well, so that none is lost.
const WAITING: usize = 4096;
/// From this size on a file is put aside, in bytes.
const SIZE: u64 = 20 << 20;

/// An open log.
#[derive(Debug)]
pub(crate) struct Log {
    pub(super) policy: Policy,
    lines: mpsc::Sender<String>,
}

impl Log {
    /// Opens a log, and starts to write it.
    pub(crate) fn open(settings: &Settings) -> Result<Self, Error> {
        let policy = Policy::read(&settings.policy)?;
        let path = settings.log.clone();
        let failed = |source| Error::Log { path: path.clone(), source };
        let mut writer = Writer::open(&path, SIZE).map_err(failed)?;
        let (lines, mut waiting) = mpsc::channel::<String>(WAITING);
        tokio::task::spawn_blocking(move || {
            while let Some(line) = waiting.blocking_recv() {
                let written = writer.write(&line).and_then(|()| {
                    // What waits is written together, and nothing waits in memory.
                    if waiting.is_empty() { writer.file.flush() } else { Ok(()) }
                });
                if let Err(error) = written {
                    tracing::error!(error = %error, "the audit log cannot be written");
                }
            }
        });
        Ok(Self { policy, lines })
    }

    /// Writes a line.
    pub(super) async fn write(&self, line: Option<String>) {
        if let Some(line) = line {
            // Without a writer the process is ending.
            let _ = self.lines.send(line).await;
        }
    }

    /// Writes a line from where nothing can wait.
    pub(super) fn write_now(&self, line: Option<String>) {
        if let Some(line) = line
            && self.lines.try_send(line).is_err()
        {
            tracing::warn!("an event is missing in the audit log");
        }
    }
}

struct Writer {
    path: PathBuf,
    file: BufWriter<File>,
    size: u64,
    limit: u64,
}

fn open(path: &Path) -> std::io::Result<File> {
    OpenOptions::new().create(true).append(true).mode(0o600).open(path)
}

impl Writer {
    fn open(path: &Path, limit: u64) -> std::io::Result<Self> {
        let file = open(path)?;
        let size = file.metadata()?.len();
        Ok(Self { path: path.to_owned(), file: BufWriter::new(file), size, limit })
    }

    fn write(&mut self, line: &str) -> std::io::Result<()> {
        if self.size > 0 && self.size + line.len() as u64 > self.limit {
            self.file.flush()?;
            std::fs::rename(&self.path, aside(&self.path))?;
            self.file = BufWriter::new(open(&self.path)?);
            self.size = 0;
        }
        self.size += line.len() as u64 + 1;
        writeln!(self.file, "{line}")
    }
}

/// Where the file before goes.
fn aside(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".1");
    PathBuf::from(name)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn files_stay_small_and_private() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("audit.log");
        let mut writer = Writer::open(&path, 20).unwrap();
        for line in ["first line", "second", "third line", "fourth"] {
            writer.write(line).unwrap();
        }
        writer.file.flush().unwrap();
        let read = |path: &Path| std::fs::read_to_string(path).unwrap();
        assert_eq!(read(&aside(&path)), "first line\nsecond\n");
        assert_eq!(read(&path), "third line\nfourth\n");
        let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&path), mode(&aside(&path))), (0o600, 0o600));
        drop(writer);
        let mut again = Writer::open(&path, 20).unwrap();
        again.write("fifth").unwrap();
        again.file.flush().unwrap();
        assert_eq!(read(&path), "fifth\n");
        assert_eq!(read(&aside(&path)), "third line\nfourth\n");
    }
}
