//! The mode of the terminal that we read from.

use rustix::termios::{OptionalActions, Termios, tcgetattr, tcsetattr};

/// The mode of the terminal, put back in the end.
pub(super) struct Terminal(Option<Termios>);

impl Terminal {
    /// What was set until now.
    pub(super) fn keep() -> Self {
        Self(tcgetattr(std::io::stdin()).ok())
    }

    /// Hands on every key as it is typed, to a program that has a terminal of its own.
    pub(super) fn raw() -> Self {
        let kept = Self::keep();
        if let Some(mode) = &kept.0 {
            let mut raw = mode.clone();
            raw.make_raw();
            // Without it the keys come line by line, which can be worked with.
            let _ = tcsetattr(std::io::stdin(), OptionalActions::Drain, &raw);
        }
        kept
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        if let Some(mode) = &self.0 {
            // A terminal that is gone needs no mode.
            let _ = tcsetattr(std::io::stdin(), OptionalActions::Drain, mode);
        }
    }
}
