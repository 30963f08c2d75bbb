//! Programs that a test needs and that a machine may lack.

use std::io::Write as _;

/// Whether `program` is on PATH; where it is not, the test is skipped.
pub(crate) fn needs(program: &str) -> bool {
    let there = which::which(program).is_ok();
    if !there {
        skipped(&format!("`{program}` is not on PATH"));
    }
    there
}

/// Writes why a test is skipped, past the test harness, which would keep it to itself.
pub(crate) fn skipped(reason: &str) {
    let test = std::thread::current().name().unwrap_or("a test").to_owned();
    let mut past_harness = std::io::stderr();
    writeln!(past_harness, "skipped {test}: {reason}").unwrap();
}
