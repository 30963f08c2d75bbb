//! Programs that a test needs and that a machine may lack.

use std::io::Write as _;

/// Whether `program` is on PATH. Where it is not, the reason for skipping is written past the test harness, which
/// would keep it to itself.
pub(crate) fn needs(program: &str) -> bool {
    if which::which(program).is_ok() {
        return true;
    }
    let test = std::thread::current().name().unwrap_or("a test").to_owned();
    let mut past_harness = std::io::stderr();
    writeln!(past_harness, "skipped {test}: `{program}` is not on PATH").unwrap();
    false
}
