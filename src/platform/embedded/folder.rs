//! What the embedded platform keeps: ports and secrets, fixed for the lab's life, and the lock that tells whether
//! its process runs.

use std::fs::{File, OpenOptions, TryLockError};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::platform::Error;
use crate::platform::files::{create_folder, file_error, random, read_json, write_json};

/// The ports of 127.0.0.1 that a lab has, chosen free at its first start and kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ports {
    /// The API server's.
    pub kubernetes: u16,
    /// The forge's and the registry's.
    pub forge: u16,
    /// The one that the forge's webhooks call.
    pub hooks: u16,
}

impl Ports {
    /// All of them.
    pub fn all(self) -> [u16; 3] {
        [self.kubernetes, self.forge, self.hooks]
    }
}

/// The lab's secrets, made at its first start.
#[derive(Clone, Serialize, Deserialize)]
pub struct Secrets {
    /// The password of the forge's administrator, `administrator`.
    pub forge_administrator: String,
    /// What the API server shows to the simulated nodes.
    pub kubelet: String,
}

/// Whether the process runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// It holds its lock.
    Running {
        /// Its id.
        process: u32,
    },
    /// It does not.
    Stopped,
}

/// The folder of one lab's embedded platform.
#[derive(Clone, Debug)]
pub struct Folder(PathBuf);

impl Folder {
    /// The folder at `path`, which need not exist.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self(path.into())
    }

    /// A file or folder in it.
    pub(super) fn join(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    /// Where the registry keeps its content.
    pub fn registry(&self) -> PathBuf {
        self.join("registry")
    }

    /// Where the background process's log is.
    pub fn log(&self) -> PathBuf {
        self.join("serve.log")
    }

    /// The API server's audit log. What came before it is in `audit.log.1`.
    pub fn audit_log(&self) -> PathBuf {
        self.join("audit.log")
    }

    /// Makes it, for its owner only.
    pub(super) fn create(&self) -> Result<(), Error> {
        create_folder(&self.0)
    }

    /// Whether the process runs: its lock is the operating system's, so it ends with the process.
    pub fn state(&self) -> State {
        let Ok(file) = File::open(self.lock_path()) else { return State::Stopped };
        match file.try_lock_shared() {
            Err(TryLockError::WouldBlock) => {
                let process = std::fs::read_to_string(self.lock_path()).unwrap_or_default().trim().parse();
                State::Running { process: process.unwrap_or_default() }
            }
            _ => State::Stopped,
        }
    }

    pub(super) fn lock_path(&self) -> PathBuf {
        self.join("process.lock")
    }

    /// Opens the file of the process's lock, without taking the lock.
    pub(super) fn lock_file(&self) -> Result<File, Error> {
        Self::open_lock(self.lock_path())
    }

    /// The lock of those who have set the lab's clock.
    pub(super) fn clock_path(&self) -> PathBuf {
        self.join("clock.lock")
    }

    pub(super) fn clock_file(&self) -> Result<File, Error> {
        Self::open_lock(self.clock_path())
    }

    fn open_lock(path: PathBuf) -> Result<File, Error> {
        let mut options = OpenOptions::new();
        let opened = options.read(true).write(true).create(true).truncate(false).mode(0o600).open(&path);
        opened.map_err(|source| file_error(&path, source))
    }

    /// The ports, when the lab has been started once.
    pub fn ports(&self) -> Option<Ports> {
        self.known_ports().ok()
    }

    pub(super) fn known_ports(&self) -> Result<Ports, Error> {
        read_json(&self.join("ports.json"))
    }

    pub(super) fn keep_ports(&self, ports: Ports) -> Result<(), Error> {
        write_json(&self.join("ports.json"), &ports)
    }

    /// The secrets, made when there are none.
    pub fn secrets(&self) -> Result<Secrets, Error> {
        let path = self.join("secrets.json");
        if path.exists() {
            return read_json(&path);
        }
        let secrets = Secrets { forge_administrator: random(32), kubelet: random(32) };
        self.create()?;
        write_json(&path, &secrets)?;
        Ok(secrets)
    }
}
