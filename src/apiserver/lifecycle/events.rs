//! Events do not stay: an hour after it was last seen, one is removed.

use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use crate::apiserver::respond;
use crate::apiserver::server::Server;
use crate::apiserver::target::Target;
use crate::apiserver::verbs::DeleteOptions;

/// What `--event-ttl` is by default.
const LIFE: SignedDuration = SignedDuration::from_hours(1);
/// Nobody needs the hour to be exact.
const SWEEP: Duration = Duration::from_secs(300);

/// Removes old events for as long as it runs.
pub(super) async fn expire(server: Arc<Server>) {
    let mut ticks = tokio::time::interval(SWEEP);
    loop {
        ticks.tick().await;
        sweep(&server, Timestamp::now());
    }
}

fn sweep(server: &Server, now: Timestamp) {
    let Some(kind) = server.catalog.by_kind("v1", "Event") else { return };
    for ((namespace, name), object) in server.store.list("events", None).1 {
        let Ok(event) = respond::parse(&object.json) else { continue };
        if last_seen(&event).is_some_and(|seen| now.duration_since(seen) > LIFE) {
            let target = Target::object(kind.clone(), &namespace, &name);
            if let Err(status) = server.delete(&target, &DeleteOptions::default()) {
                tracing::debug!(%name, message = status.message(), "an old event stays");
            }
        }
    }
}

/// The latest of the times that an event has.
fn last_seen(event: &Value) -> Option<Timestamp> {
    let pointers = [
        "/lastTimestamp",
        "/series/lastObservedTime",
        "/eventTime",
        "/firstTimestamp",
        "/metadata/creationTimestamp",
    ];
    let times = pointers.iter().filter_map(|pointer| event.pointer(pointer).and_then(Value::as_str));
    times.filter_map(|time| time.parse().ok()).max()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_latest_time_counts() {
        let event = json!({
            "metadata": {"creationTimestamp": "2026-11-21T03:00:00Z"},
            "firstTimestamp": "2026-11-21T03:00:00Z", "lastTimestamp": null,
            "series": {"count": 2, "lastObservedTime": "2026-11-21T04:00:00.500000Z"}
        });
        assert_eq!(last_seen(&event), Some("2026-11-21T04:00:00.5Z".parse().unwrap()));
        assert_eq!(last_seen(&json!({})), None);
    }
}
