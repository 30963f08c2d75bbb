//! Schedules of `CronJob`s as Kubernetes reads them: five fields, or a word such as `@hourly`, in a time zone.
//! Follows <https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/> and the notation and messages of
//! `robfig/cron`, which Kubernetes takes them from. Pure.

mod field;
mod schedule;

pub use schedule::{CronError, Schedule};
