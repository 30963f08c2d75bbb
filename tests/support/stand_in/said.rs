//! What the stand-ins print. k3d's lines have a level and the seconds since its start, and what has gone wrong is on
//! standard error, as recorded.

use std::io::Write as _;
use std::time::Instant;

/// A line on standard output. Nobody may read it any more, when the caller was killed.
pub(crate) fn to_stdout(text: &str) {
    let mut stdout = std::io::stdout().lock();
    let _ = writeln!(stdout, "{text}").and_then(|()| stdout.flush());
}

/// A line on standard error.
pub(crate) fn to_stderr(text: &str) {
    let _ = writeln!(std::io::stderr(), "{text}");
}

/// k3d's log.
#[derive(Clone, Copy)]
pub(crate) struct Log(Instant);

impl Log {
    pub(crate) fn begin() -> Self {
        Self(Instant::now())
    }

    fn line(self, level: &str, text: &str) -> String {
        format!("{level}[{:04}] {text:<44}", self.0.elapsed().as_secs()) + " "
    }

    pub(crate) fn info(self, text: &str) {
        to_stdout(&self.line("INFO", text));
    }

    pub(crate) fn warning(self, text: &str) {
        to_stderr(&self.line("WARN", text));
    }

    pub(crate) fn error(self, text: &str) {
        to_stderr(&self.line("ERRO", text));
    }

    /// The last line of a k3d that gives up.
    pub(crate) fn fatal(self, text: &str) {
        to_stderr(&self.line("FATA", text));
    }
}
