//! One command at a time changes a lab. The lock is the operating system's, so it ends with its holder, however
//! that ends; the file's content names the holder for others.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read as _, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};

use super::{Error, LabFolder};

/// Held while a command changes the lab.
#[derive(Debug)]
pub struct Lock(#[expect(dead_code, reason = "the lock lives as long as the open file")] File);

impl Lock {
    /// Takes the lab's lock for `command`, or says who has it. The lab's folder must exist.
    pub fn take(lab: &LabFolder, command: &str) -> Result<Self, Error> {
        let path = lab.path().join("lock");
        let failed = |verb, source| Error::File { verb, path: path.clone(), source };
        loop {
            let mut options = OpenOptions::new();
            let options = options.read(true).write(true).create(true).truncate(false).mode(0o600);
            let mut file = options.open(&path).map_err(|source| failed("write", source))?;
            match file.try_lock() {
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => {
                    let mut holder = String::new();
                    let _ = file.read_to_string(&mut holder);
                    // Between taking the lock and saying so there is an instant without a name.
                    let holder =
                        if holder.is_empty() { "another command".to_owned() } else { format!("`{holder}`") };
                    return Err(Error::Locked { lab: lab.name().to_owned(), holder });
                }
                Err(TryLockError::Error(source)) => return Err(failed("write", source)),
            }
            // A `down` that ended between our opening and our locking took the file away.
            let ours = file.metadata().map_err(|source| failed("read", source))?.ino();
            if std::fs::metadata(&path).is_ok_and(|there| there.ino() == ours) {
                let text = format!("atelier {command} (process {})", std::process::id());
                let written = file.set_len(0).and_then(|()| file.write_all(text.as_bytes()));
                written.map_err(|source| failed("write", source))?;
                return Ok(Self(file));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lab::Home;

    #[test]
    fn second_holder_is_told_who_has_it() {
        let root = tempfile::tempdir().unwrap();
        let lab = Home::new(root.path()).lab("one").unwrap();
        lab.create().unwrap();
        let first = Lock::take(&lab, "up").unwrap();
        let error = Lock::take(&lab, "down").unwrap_err().to_string();
        let expected = format!("lab `one` is being changed by `atelier up (process {})`", std::process::id());
        assert_eq!(error, expected);
        drop(first);
        Lock::take(&lab, "down").unwrap();
    }
}
