//! Whether a Job is due, and when the next will be. Pure.

use std::time::Duration;

use k8s_openapi::api::batch::v1::CronJob;
use k8s_openapi::jiff::tz::TimeZone;
use k8s_openapi::jiff::{SignedDuration, Timestamp};

use crate::objects::{CronError, Schedule};

/// More starts than this are not made up for without a word.
const MANY: i64 = 100;

/// Why a `CronJob` cannot be followed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Trouble {
    Schedule(CronError),
    Zone(String),
}

/// Where a `CronJob` is in its schedule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Due {
    /// The time of a start that has come and was not made.
    pub(super) missed: Option<Timestamp>,
    /// Whether more were missed than anybody wants to have made up for.
    pub(super) many: bool,
    /// Whether it is too late for the missed one.
    pub(super) late: bool,
    /// How long until the one after.
    pub(super) next: Option<Duration>,
}

/// The time zone of a schedule; that of the servers if it names none.
pub(super) fn zone(cron: &CronJob) -> Result<TimeZone, Trouble> {
    let name = cron.spec.as_ref().and_then(|spec| spec.time_zone.as_deref());
    match name {
        None => Ok(TimeZone::UTC),
        Some(name) => TimeZone::get(name).map_err(|_| Trouble::Zone(name.to_owned())),
    }
}

/// What is due at `now`.
pub(super) fn due(cron: &CronJob, zone: &TimeZone, now: Timestamp) -> Result<Due, Trouble> {
    let spec = cron.spec.clone().unwrap_or_default();
    let schedule = Schedule::parse(&spec.schedule).map_err(Trouble::Schedule)?;
    let last = cron.status.as_ref().and_then(|status| status.last_schedule_time.as_ref());
    let since = last.or(cron.metadata.creation_timestamp.as_ref()).map_or(now, |time| time.0);
    let deadline = spec.starting_deadline_seconds.map(SignedDuration::from_secs);
    let begin = deadline.and_then(|deadline| now.checked_sub(deadline).ok());
    let since = begin.map_or(since, |begin| begin.max(since));
    let missed = schedule.last(since, now, zone);
    let first = schedule.next(since, zone).filter(|first| *first <= now);
    let second = first.and_then(|first| schedule.next(first, zone));
    let many = first.zip(second).is_some_and(|(first, second)| {
        let between = second.duration_since(first).as_secs().max(1);
        now.duration_since(first).as_secs() / between + 1 > MANY
    });
    let late = missed.zip(deadline).is_some_and(|(time, deadline)| now.duration_since(time) > deadline);
    let next = schedule.next(now, zone).and_then(|next| Duration::try_from(next.duration_since(now)).ok());
    Ok(Due { missed, many, late, next })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn look(spec: &Value, last: &str, now: &str) -> (Option<String>, bool, u64) {
        let cron = json!({
            "metadata": { "creationTimestamp": "2026-03-01T00:30:00Z" }, "spec": spec,
            "status": { "lastScheduleTime": (!last.is_empty()).then_some(last) },
        });
        let mut cron = cron;
        cron["spec"]["jobTemplate"] = json!({});
        let cron = serde_json::from_value(cron).unwrap();
        let due = due(&cron, &zone(&cron).unwrap(), now.parse().unwrap()).unwrap();
        assert!(!due.late);
        (due.missed.map(|time| time.to_string()), due.many, due.next.unwrap().as_secs())
    }

    #[test]
    fn the_last_missed_start_is_due() {
        let hourly = json!({ "schedule": "0 * * * *" });
        let time = |text: &str| Some(text.to_owned());
        let (one, three) = ("2026-03-01T01:00:00Z", "2026-03-01T03:00:00Z");
        assert_eq!(look(&hourly, "", "2026-03-01T00:59:00Z"), (None, false, 60));
        assert_eq!(look(&hourly, "", "2026-03-01T01:00:01Z"), (time(one), false, 3599));
        assert_eq!(look(&hourly, one, "2026-03-01T01:30:00Z"), (None, false, 1800));
        assert_eq!(look(&hourly, one, "2026-03-01T03:30:00Z"), (time(three), false, 1800));
        assert_eq!(look(&hourly, one, "2026-03-09T03:30:00Z"), (time("2026-03-09T03:00:00Z"), true, 1800));
        let hurried = json!({ "schedule": "0 * * * *", "startingDeadlineSeconds": 600 });
        assert_eq!(look(&hurried, one, "2026-03-01T03:30:00Z"), (None, false, 1800));
        assert_eq!(look(&hurried, one, "2026-03-01T03:10:00Z"), (None, false, 3000));
        assert_eq!(look(&hurried, one, "2026-03-01T03:09:00Z"), (time(three), false, 3060));
        let local = json!({ "schedule": "0 2 * * *", "timeZone": "Europe/Berlin" });
        assert_eq!(look(&local, "", "2026-03-01T01:30:00Z"), (time(one), false, 84_600));
    }

    #[test]
    fn what_cannot_be_followed_is_told() {
        let read = |spec: Value| serde_json::from_value::<CronJob>(json!({ "spec": spec })).unwrap();
        let lost = read(json!({ "schedule": "0 0 * * *", "jobTemplate": {}, "timeZone": "Moon/Base" }));
        assert_eq!(zone(&lost).unwrap_err(), Trouble::Zone("Moon/Base".to_owned()));
        let wrong = read(json!({ "schedule": "often", "jobTemplate": {} }));
        let trouble = due(&wrong, &TimeZone::UTC, Timestamp::UNIX_EPOCH).unwrap_err();
        assert_eq!(trouble, Trouble::Schedule(CronError::Fields { count: 1, text: "often".to_owned() }));
    }
}
