//! Waits until objects are what they should be, as kstatus sees them.

use std::time::Duration;

use serde_json::Value;

use super::Clock;
use super::cluster::{Cluster, Identity};
use crate::objects::{Readiness, format_duration, readiness};

/// Looks at objects at every `interval` until all are current, one has failed, or the time is over. The error names
/// those that are not current.
pub(super) async fn wait(
    cluster: &Cluster,
    objects: &[Identity],
    timeout: Duration,
    pace: (&Clock, Duration),
) -> Result<(), String> {
    wait_as(cluster, objects, timeout, pace, (readiness, true)).await
}

/// As [`wait`], with another judge, and without giving up at the first failure where one may still be put right.
pub(super) async fn wait_as(
    cluster: &Cluster,
    objects: &[Identity],
    timeout: Duration,
    (clock, interval): (&Clock, Duration),
    (judge, fails_fast): (fn(Option<&Value>) -> Readiness, bool),
) -> Result<(), String> {
    let deadline = tokio::time::Instant::now() + clock.patience(timeout);
    loop {
        let mut late = Vec::new();
        for identity in objects {
            let verdict = judge(cluster.read(identity).await.as_ref());
            if verdict != Readiness::Current {
                late.push((identity, verdict));
            }
        }
        if late.is_empty() {
            return Ok(());
        }
        let list = || {
            let shown =
                late.iter().map(|(identity, verdict)| format!("{identity} status: '{}'", verdict.name()));
            shown.collect::<Vec<_>>().join(", ")
        };
        if fails_fast && late.iter().any(|(_, verdict)| *verdict == Readiness::Failed) {
            return Err(format!("failed early due to stalled resources: [{}]", list()));
        }
        let next = tokio::time::Instant::now() + clock.shorten(interval);
        if next >= deadline {
            tokio::time::sleep_until(deadline).await;
            return Err(format!("timeout waiting for: [{}]", list()));
        }
        tokio::time::sleep_until(next).await;
    }
}

/// How long something took, as messages say it.
pub(super) fn took(start: std::time::Instant) -> String {
    format_duration(start.elapsed())
}
