//! One look at a `CronJob`: Jobs that ended are noted and forgotten in time, and one that is due is made.

use std::sync::Arc;

use k8s_openapi::api::batch::v1::{CronJob, CronJobStatus, Job};
use k8s_openapi::api::core::v1::ObjectReference;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use k8s_openapi::jiff::Timestamp;
use k8s_openapi::jiff::tz::TimeZone;
use kube::api::{DeleteParams, ListParams, PostParams};
use kube::runtime::controller::Action;
use kube::runtime::reflector::ObjectRef;
use kube::runtime::{Controller, watcher};
use kube::{Api, Resource as _, ResourceExt as _};
use tokio_util::sync::CancellationToken;

use super::super::workloads::{Context, controller_of, drive};
use super::due::{Trouble, due, zone};
use super::jobs::{end, job, superfluous};

const COMPONENT: &str = "cronjob-controller";

/// Runs the controller until `shutdown`.
pub(in super::super) async fn run(context: Arc<Context>, shutdown: &CancellationToken) {
    let all = watcher::Config::default;
    let controller = Controller::new(Api::<CronJob>::all(context.client.clone()), all());
    let controller = controller.watches(Api::<Job>::all(context.client.clone()), all(), |job| {
        let owner = controller_of(&job).filter(|owner| owner.kind == "CronJob")?;
        Some(ObjectRef::new(&owner.name).within(&job.namespace().unwrap_or_default()))
    });
    drive(controller, reconcile, context, shutdown).await;
}

async fn reconcile(seen: Arc<CronJob>, context: Arc<Context>) -> Result<Action, kube::Error> {
    let namespace = seen.namespace().unwrap_or_default();
    let api = Api::<CronJob>::namespaced(context.client.clone(), &namespace);
    let Some(mut cron) = api.get_opt(&seen.name_any()).await? else { return Ok(Action::await_change()) };
    if cron.metadata.deletion_timestamp.is_some() {
        return Ok(Action::await_change());
    }
    let jobs = Api::<Job>::namespaced(context.client.clone(), &namespace);
    let mut own = jobs.list(&ListParams::default()).await?.items;
    own.retain(|job| controller_of(job).is_some_and(|owner| Some(&owner.uid) == cron.metadata.uid.as_ref()));
    let look = Look { context: &context, cron: &cron, jobs, own };
    let mut status = cron.status.clone().unwrap_or_default();
    look.note(&mut status);
    let started = look.start(&mut status).await;
    let history = look.forget().await;
    if cron.status.as_ref() != Some(&status) {
        cron.status = Some(status);
        api.replace_status(&cron.name_any(), &PostParams::default(), &cron).await?;
    }
    history?;
    started
}

/// What a look has found.
struct Look<'a> {
    context: &'a Context,
    cron: &'a CronJob,
    jobs: Api<Job>,
    /// Those that were made for it.
    own: Vec<Job>,
}

impl Look<'_> {
    /// Notes which Jobs are active and which have come to an end.
    fn note(&self, status: &mut CronJobStatus) {
        let mut active = status.active.take().unwrap_or_default();
        for job in &self.own {
            let known = active.iter().position(|one| one.uid == job.metadata.uid);
            match (end(job), known) {
                (None, None) => {
                    let message =
                        format!("Saw a job that the controller did not create or forgot: {}", job.name_any());
                    self.tell(true, "UnexpectedJob", message);
                }
                (Some(how), Some(index)) => {
                    active.remove(index);
                    let message = format!("Saw completed job: {}, condition: {how}", job.name_any());
                    self.tell(false, "SawCompletedJob", message);
                    let ended = job.status.as_ref().and_then(|status| status.completion_time.as_ref());
                    if how == "Complete"
                        && let Some(ended) = ended
                        && status.last_successful_time.as_ref().is_none_or(|last| last.0 < ended.0)
                    {
                        status.last_successful_time = Some(ended.clone());
                    }
                }
                _ => {}
            }
        }
        active.retain(|one| {
            let there = self.own.iter().any(|job| job.metadata.uid == one.uid);
            if !there {
                let name = one.name.clone().unwrap_or_default();
                self.tell(false, "MissingJob", format!("Active job went missing: {name}"));
            }
            there
        });
        status.active = (!active.is_empty()).then_some(active);
    }

    /// Makes the Job that is due, as far as the policy lets it; tells when to look again.
    async fn start(&self, status: &mut CronJobStatus) -> Result<Action, kube::Error> {
        let spec = self.cron.spec.clone().unwrap_or_default();
        if spec.suspend == Some(true) {
            return Ok(Action::await_change());
        }
        let found = zone(self.cron).and_then(|zone| Ok((due(self.cron, &zone, Timestamp::now())?, zone)));
        let (due, zone) = match found {
            Ok(found) => found,
            Err(Trouble::Zone(name)) => {
                let message = format!("invalid timeZone: {name:?}: unknown time zone {name}");
                self.tell(true, "UnknownTimeZone", message);
                return Ok(Action::await_change());
            }
            Err(Trouble::Schedule(error)) => {
                let message = format!("unparseable schedule: {:?} : {error}", spec.schedule);
                self.tell(true, "UnparseableSchedule", message);
                return Ok(Action::await_change());
            }
        };
        let again = due.next.map_or_else(Action::await_change, Action::requeue);
        if due.many {
            let message = "too many missed start times. Set or decrease .spec.startingDeadlineSeconds or check clock skew";
            self.tell(true, "TooManyMissedTimes", message.to_owned());
        }
        let Some(scheduled) = due.missed else { return Ok(again) };
        if due.late {
            let time = scheduled.to_zoned(TimeZone::UTC).strftime("%a, %d %b %Y %H:%M:%S %z");
            self.tell(true, "MissSchedule", format!("Missed scheduled time to start a job: {time}"));
            return Ok(again);
        }
        let active = status.active.clone().unwrap_or_default();
        match spec.concurrency_policy.as_deref() {
            Some("Forbid") if !active.is_empty() => {
                let message =
                    "Not starting job because prior execution is running and concurrency policy is Forbid";
                self.tell(false, "JobAlreadyActive", message.to_owned());
                return Ok(again);
            }
            Some("Replace") => {
                for job in active {
                    self.delete(&job.name.unwrap_or_default()).await?;
                }
                status.active = None;
            }
            _ => {}
        }
        self.create(status, scheduled, &zone).await?;
        Ok(again)
    }

    async fn create(
        &self,
        status: &mut CronJobStatus,
        scheduled: Timestamp,
        zone: &TimeZone,
    ) -> Result<(), kube::Error> {
        let wanted = job(self.cron, scheduled, zone);
        let job = match self.jobs.create(&PostParams::default(), &wanted).await {
            Ok(job) => {
                self.tell(false, "SuccessfulCreate", format!("Created job {}", job.name_any()));
                job
            }
            // It was made just before, and the note of it was not written.
            Err(kube::Error::Api(error)) if error.reason == "AlreadyExists" => {
                match self.own.iter().find(|job| job.metadata.name == wanted.metadata.name) {
                    Some(job) => job.clone(),
                    None => return Ok(()),
                }
            }
            Err(error) => {
                let message = match &error {
                    kube::Error::Api(status) => status.message.clone(),
                    other => other.to_string(),
                };
                self.tell(true, "FailedCreate", format!("Error creating job: {message}"));
                return Err(error);
            }
        };
        if end(&job).is_none() {
            let reference =
                ObjectReference { resource_version: job.resource_version(), ..job.object_ref(&()) };
            let active = status.active.get_or_insert_default();
            active.retain(|one| one.uid != reference.uid);
            active.push(reference);
        }
        status.last_schedule_time = Some(Time(scheduled));
        Ok(())
    }

    /// Removes the Jobs beyond the limits of the history.
    async fn forget(&self) -> Result<(), kube::Error> {
        for job in superfluous(self.cron, &self.own) {
            if job.metadata.deletion_timestamp.is_none() {
                self.delete(&job.name_any()).await?;
            }
        }
        Ok(())
    }

    async fn delete(&self, name: &str) -> Result<(), kube::Error> {
        match self.jobs.delete(name, &DeleteParams::background()).await {
            Ok(_) => self.tell(false, "SuccessfulDelete", format!("Deleted job {name}")),
            Err(kube::Error::Api(status)) if status.code == 404 => {}
            Err(error) => return Err(error),
        }
        Ok(())
    }

    fn tell(&self, warning: bool, reason: &str, message: String) {
        let object = self.cron.object_ref(&());
        if warning {
            self.context.recorder.warning(COMPONENT, object, reason, message);
        } else {
            self.context.recorder.normal(COMPONENT, object, reason, message);
        }
    }
}
