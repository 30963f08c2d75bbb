//! Signals at a chosen moment of the built program's life.

use std::io::{BufRead as _, BufReader};

use atelier::process::Command;
use rustix::process::{Pid, Signal, kill_process_group};

use super::World;

/// How a program ended that was signalled.
pub(crate) struct Signalled {
    /// The exit code; nothing when it was killed.
    pub(crate) code: Option<u8>,
    /// What it wrote to standard error.
    pub(crate) stderr: String,
}

impl World {
    /// Runs the built program with `--json`, and sends `signal` to its process group, as a terminal does, when it
    /// has written `lines` lines. One that ends before is left alone.
    pub(crate) fn signalled(&self, arguments: &[&str], lines: usize, signal: Signal) -> Signalled {
        // A shell that takes the signal and goes on tells the exit code; what it starts does not inherit that.
        let script = "trap : INT TERM; \"$@\" --json; echo \"exit code $?\" >&2";
        let words = ["-c", script, "sh", World::PROGRAM].into_iter().chain(arguments.iter().copied());
        let command = Command::new("sh").args(words).folder(self.work()).clean_environment();
        let variables = self.environment().into_iter();
        let command = variables.fold(command, |command, (name, value)| command.env(name, value));
        let path = self.work().join("signalled.log");
        let log = std::fs::File::create(&path).unwrap();
        let (process, stdout) = command.detach(&log).unwrap();
        self.remember(arguments);
        let mut written = BufReader::new(stdout).lines();
        let reached = written.by_ref().take(lines).count() == lines;
        if reached {
            let group = Pid::from_raw(process.cast_signed()).unwrap();
            let _ = kill_process_group(group, signal);
        }
        // The end of its output is the end of the program.
        let _ = written.count();
        let stderr = std::fs::read_to_string(&path).unwrap();
        let code = stderr.lines().last().and_then(|line| line.strip_prefix("exit code ")?.parse().ok());
        Signalled { code, stderr }
    }
}
