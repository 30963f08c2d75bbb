//! Starting and ending the background process, from the driver's side.

use std::ffi::OsString;
use std::io::{BufRead as _, BufReader};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::alive::wait_for_end;
use super::{Folder, State};
use crate::events::Outcome;
use crate::platform::Error;
use crate::platform::files::file_error;
use crate::process::Command;

/// How long the process may take until it answers.
const START_LIMIT: Duration = Duration::from_secs(30);
/// How long it may take to end by itself.
const STOP_LIMIT: Duration = Duration::from_secs(10);

/// How to start the process.
#[derive(Clone, Debug)]
pub struct Start {
    /// Our own program.
    pub program: PathBuf,
    /// The words after it.
    pub arguments: Vec<OsString>,
    /// `ATELIER_HOME` for it.
    pub home: PathBuf,
}

/// The one line that the process prints on standard output.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Word {
    /// All servers answer.
    Ready,
    /// It ends.
    Failed {
        /// The whole chain of causes.
        message: String,
        /// The port that is taken, when that is the reason, and what it is for.
        port: Option<(u16, String)>,
    },
}

impl Folder {
    /// Starts the process unless it runs, and returns when it answers.
    pub async fn start(&self, start: &Start) -> Result<Outcome, Error> {
        if let State::Running { .. } = self.state() {
            return Ok(Outcome::Unchanged);
        }
        self.create()?;
        let existed = self.ports().is_some();
        let path = self.log();
        let mut options = std::fs::OpenOptions::new();
        let log = options.create(true).append(true).mode(0o600).open(&path);
        let log = log.map_err(|source| file_error(&path, source))?;
        let command = Command::new(&start.program).args(&start.arguments);
        // Settings of the person's own, of git above all, are not for the servers.
        let own = self.join("home").display().to_string();
        let command = command.env("HOME", own.clone()).env("XDG_CONFIG_HOME", own);
        let command = command.env("ATELIER_HOME", start.home.display().to_string()).folder("/");
        let (_, stdout) = command.detach(&log)?;
        let read = tokio::task::spawn_blocking(move || {
            let mut line = String::new();
            let read = BufReader::new(stdout).read_line(&mut line);
            read.map(|_| line)
        });
        let failed = |message: String| Error::Server {
            server: "platform".to_owned(),
            source: format!("{message}; its log is `{}`", path.display()).into(),
        };
        let line = tokio::time::timeout(START_LIMIT, read).await;
        let line = line.map_err(|_| failed(format!("no answer within {} s", START_LIMIT.as_secs())))?;
        let line = line.ok().and_then(Result::ok).unwrap_or_default();
        match serde_json::from_str::<Word>(&line) {
            Ok(Word::Ready) if existed => Ok(Outcome::Updated),
            Ok(Word::Ready) => Ok(Outcome::Created),
            Ok(Word::Failed { port: Some((port, what)), .. }) => {
                Err(Error::PortTaken { port, what, source: std::io::ErrorKind::AddrInUse.into() })
            }
            Ok(Word::Failed { message, port: None }) => Err(failed(message)),
            Err(_) => Err(failed("it ended without a word".to_owned())),
        }
    }

    /// Ends the process, at first politely.
    pub async fn stop(&self) -> Result<Outcome, Error> {
        let State::Running { process } = self.state() else { return Ok(Outcome::Unchanged) };
        let Some(pid) = rustix::process::Pid::from_raw(process.cast_signed()).filter(|_| process > 1) else {
            return Err(file_error(&self.lock_path(), std::io::ErrorKind::InvalidData.into()));
        };
        for (signal, limit) in
            [(rustix::process::Signal::TERM, STOP_LIMIT), (rustix::process::Signal::KILL, STOP_LIMIT)]
        {
            // It may have ended in the meantime; the lock tells.
            let _ = rustix::process::kill_process(pid, signal);
            // One that is suspended takes the signal when it goes on.
            let _ = rustix::process::kill_process(pid, rustix::process::Signal::CONT);
            let file = self.lock_file()?;
            let ended = tokio::task::spawn_blocking(move || file.lock());
            if tokio::time::timeout(limit, ended).await.is_ok() {
                wait_for_end(process).await;
                return Ok(Outcome::Removed);
            }
        }
        let source = format!("process {process} does not end").into();
        Err(Error::Server { server: "platform".to_owned(), source })
    }

    /// Stops the process and forgets its cluster: objects, and what controllers have fetched. Certificates and ports
    /// stay, so that the actors' kubeconfigs are good for the next one.
    pub async fn lose_cluster(&self) -> Result<(), Error> {
        self.stop().await?;
        for part in ["kubernetes", "artifacts"] {
            let path = self.join(part);
            match std::fs::remove_dir_all(&path) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                    return Err(file_error(&path, error));
                }
                _ => (),
            }
        }
        Ok(())
    }
}
