//! Whether a process is there, and waiting until it is not.

use std::time::Duration;

/// How long a process may take between giving its lock back and its end.
const LIMIT: Duration = Duration::from_secs(5);
/// Between two looks: only its parent is told when a process ends, and that may have ended long ago.
const PAUSE: Duration = Duration::from_millis(5);

/// Whether the process runs. One that has ended and that nobody has waited for (a zombie) does not.
pub fn runs(process: u32) -> bool {
    let there = rustix::process::Pid::from_raw(process.cast_signed())
        .is_some_and(|pid| rustix::process::test_kill_process(pid).is_ok());
    let ended = std::fs::read_to_string(format!("/proc/{process}/stat"))
        .is_ok_and(|stat| stat.rsplit(')').next().is_some_and(|rest| rest.trim_start().starts_with('Z')));
    there && !ended
}

/// Returns when the process has ended, or after a while.
pub(super) async fn wait_for_end(process: u32) {
    let mut again = tokio::time::interval(PAUSE);
    let end = async {
        while runs(process) {
            again.tick().await;
        }
    };
    // Who takes stock afterwards sees one that is still there.
    let _ = tokio::time::timeout(LIMIT, end).await;
}
