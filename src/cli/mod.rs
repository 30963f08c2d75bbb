//! The command line: one file per command.

use std::ffi::OsString;
use std::process::ExitCode;

/// Runs one command line and returns its documented exit code.
pub fn run(_arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    ExitCode::SUCCESS
}
