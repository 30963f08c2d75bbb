//! One look at a Job: ends are counted, the Pods that are wanted are made, and the status tells it.

use std::sync::Arc;
use std::time::Duration;

use k8s_openapi::api::batch::v1::{Job, JobSpec, JobStatus};
use k8s_openapi::api::core::v1::Pod;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use k8s_openapi::jiff::Timestamp;
use kube::api::{DeleteParams, PostParams};
use kube::runtime::controller::Action;
use kube::runtime::reflector::ObjectRef;
use kube::runtime::{Controller, watcher};
use kube::{Api, Resource as _, ResourceExt as _};
use tokio_util::sync::CancellationToken;

use super::super::workloads::{
    Context, claim, controller_of, create, delete, drive, is_active, new_pod, ready_since, remove_finalizer,
};
use super::count::{End, TRACKING, add_up, end, failures, is_tracked, note};
use super::indexes::{self, Indexes, ended, format, give, index, is_indexed, parse};
use super::orphans::release;
use super::policy::{Ruling, ruling};
use super::verdict::{Verdict, holds, left, set, verdict, wanted};

const COMPONENT: &str = "job-controller";
/// The wait after a Pod failed; it doubles with each that fails after it.
const BACK_OFF: Duration = Duration::from_secs(10);
const BACK_OFF_LIMIT: Duration = Duration::from_secs(600);
/// More Pods than that are not made at a time.
const MOST_AT_ONCE: usize = 500;

/// Runs the controller until `shutdown`.
pub(in super::super) async fn run(context: Arc<Context>, shutdown: &CancellationToken) {
    let all = watcher::Config::default;
    let controller = Controller::new(Api::<Job>::all(context.client.clone()), all());
    let controller = controller.watches(Api::<Pod>::all(context.client.clone()), all(), |pod| {
        let owner = controller_of(&pod).filter(|owner| owner.kind == "Job")?;
        Some(ObjectRef::new(&owner.name).within(&pod.namespace().unwrap_or_default()))
    });
    tokio::select! {
        () = drive(controller, reconcile, Arc::clone(&context), shutdown) => {}
        () = release(Arc::clone(&context)) => {}
    }
}

async fn reconcile(seen: Arc<Job>, context: Arc<Context>) -> Result<Action, kube::Error> {
    let api = Api::<Job>::namespaced(context.client.clone(), &seen.namespace().unwrap_or_default());
    let Some(mut job) = api.get_opt(&seen.name_any()).await? else { return Ok(Action::await_change()) };
    let spec = job.spec.clone().unwrap_or_default();
    if spec.managed_by.as_deref().is_some_and(|by| by != "kubernetes.io/job-controller") {
        return Ok(Action::await_change());
    }
    let selector = spec.selector.clone().unwrap_or_default();
    let pods = claim::<_, Pod>(&context.client, &job, &selector).await?;
    let before = job.status.clone().unwrap_or_default();
    let over = holds(&before, "Complete") || holds(&before, "Failed");
    if over || job.metadata.deletion_timestamp.is_some() {
        for pod in pods.iter().filter(|pod| is_tracked(pod) && (over || end(pod).is_some())) {
            remove_finalizer(&context, pod, TRACKING).await?;
        }
        return if over { expire(&api, &job, &spec).await } else { Ok(Action::await_change()) };
    }
    let mut status = before.clone();
    if note(&mut status, &pods, |pod| ruling(&spec, pod) == Ruling::Ignore) {
        job.status = Some(status.clone());
        job = api.replace_status(&job.name_any(), &PostParams::default(), &job).await?;
    }
    for pod in pods.iter().filter(|pod| is_tracked(pod) && end(pod).is_some()) {
        remove_finalizer(&context, pod, TRACKING).await?;
    }
    add_up(&mut status);
    note_indexes(&mut status, &spec, &pods);
    let managed = manage(&context, &job, &spec, &mut status, &pods).await;
    if job.status.as_ref() != Some(&status) {
        job.status = Some(status.clone());
        api.replace_status(&job.name_any(), &PostParams::default(), &job).await?;
        tell(&context, &job, &before, &status);
    }
    let next = managed?;
    Ok(next.map_or_else(Action::await_change, |wait| Action::requeue(wait.max(Duration::from_millis(50)))))
}

/// Makes and deletes Pods, and completes the status. Returns when to look again.
async fn manage(
    context: &Context,
    job: &Job,
    spec: &JobSpec,
    status: &mut JobStatus,
    pods: &[Pod],
) -> Result<Option<Duration>, kube::Error> {
    let now = now();
    let suspended = spec.suspend == Some(true);
    if suspended {
        set(status, "Suspended", true, ("JobSuspended", "Job suspended"), now);
        status.start_time = None;
    } else {
        if holds(status, "Suspended") {
            set(status, "Suspended", false, ("JobResumed", "Job resumed"), now);
        }
        status.start_time.get_or_insert(Time(now));
    }
    let mut active = pods.iter().filter(|pod| is_active(pod)).cloned().collect::<Vec<_>>();
    let terminating = pods.iter().filter(|pod| is_terminating(pod)).count();
    let verdict = if suspended { None } else { verdict(job, status, pods, &active, now) };
    let want = match &verdict {
        Some(_) => 0,
        None if suspended => 0,
        None => wanted(spec, status, active.len()),
    };
    let mut next = left(spec, status, now).filter(|_| verdict.is_none());
    let mut managed = Ok(());
    if let Some(verdict) = &verdict {
        set(status, verdict.target, true, (verdict.reason, &verdict.message), now);
    }
    let parent = || job.object_ref(&());
    if active.len() > want {
        active.sort_by_key(|pod| (ready_since(pod).is_some(), pod.creation_timestamp().map(|time| time.0)));
        for pod in active.drain(..active.len() - want) {
            managed = delete(context, COMPONENT, parent(), &pod).await;
        }
    } else if active.len() < want {
        let made = grow(context, job, spec, status, pods, &mut active, want).await;
        match made {
            Ok(Some(delay)) => next = Some(next.map_or(delay, |next| next.min(delay))),
            Ok(None) => {}
            Err(error) => managed = Err(error),
        }
    }
    let number = |count: usize| i32::try_from(count).unwrap_or(i32::MAX);
    status.active = Some(number(active.len())).filter(|count| *count > 0);
    status.ready = Some(number(active.iter().filter(|pod| ready_since(pod).is_some()).count()));
    status.terminating = Some(number(terminating));
    if let Some(verdict) = &verdict
        && !pods.iter().any(|pod| is_active(pod) || is_terminating(pod))
    {
        finish(status, verdict, now);
    }
    managed.map(|()| next)
}

/// Makes Pods until as many are active as wanted; tells when to look again if some must wait after a failure.
async fn grow(
    context: &Context,
    job: &Job,
    spec: &JobSpec,
    status: &JobStatus,
    pods: &[Pod],
    active: &mut Vec<Pod>,
    want: usize,
) -> Result<Option<Duration>, kube::Error> {
    let (now, count) = (now(), (want - active.len()).min(MOST_AT_ONCE));
    let per_index = spec.backoff_limit_per_index.is_some();
    if !per_index && let Some(delay) = back_off(pods, now) {
        return Ok(Some(delay));
    }
    if !is_indexed(spec) {
        for _ in 0..count {
            active.push(create(context, COMPONENT, job.object_ref(&()), &pod_of(job, spec)).await?);
        }
        return Ok(None);
    }
    let mut next = None::<Duration>;
    for number in free_indexes(spec, status, active) {
        let own = pods.iter().filter(|pod| index(pod) == Some(number));
        if let Some(delay) = back_off(own, now).filter(|_| per_index) {
            next = Some(next.map_or(delay, |next| next.min(delay)));
            continue;
        }
        if active.len() >= want {
            break;
        }
        let mut pod = pod_of(job, spec);
        give(&mut pod, job, number, per_index.then(|| indexes::failures(pods, number)));
        active.push(create(context, COMPONENT, job.object_ref(&()), &pod).await?);
    }
    Ok(next)
}

/// The numbers that have no Pod and still need one.
fn free_indexes(spec: &JobSpec, status: &JobStatus, active: &[Pod]) -> Vec<i32> {
    let completions = spec.completions.unwrap_or_default();
    let list = |text: &Option<String>| parse(text.as_deref().unwrap_or_default(), completions);
    let (done, failed) = (list(&status.completed_indexes), list(&status.failed_indexes));
    let taken = active.iter().filter_map(index).collect::<Indexes>();
    (0..completions).filter(|it| !done.contains(it) && !failed.contains(it) && !taken.contains(it)).collect()
}

/// Notes which numbers are done, and which are given up.
fn note_indexes(status: &mut JobStatus, spec: &JobSpec, pods: &[Pod]) {
    if !is_indexed(spec) {
        return;
    }
    let completions = spec.completions.unwrap_or_default();
    let list = |text: &Option<String>| parse(text.as_deref().unwrap_or_default(), completions);
    let mut done = list(&status.completed_indexes);
    done.extend(ended(pods, End::Good).into_iter().filter(|index| *index < completions));
    let text = format(&done);
    status.completed_indexes = (!text.is_empty()).then_some(text);
    status.succeeded = i32::try_from(done.len()).ok().filter(|count| *count > 0);
    let Some(limit) = spec.backoff_limit_per_index else { return };
    let mut failed = list(&status.failed_indexes);
    for number in ended(pods, End::Bad) {
        let mut own = pods.iter().filter(|pod| index(pod) == Some(number) && end(pod) == Some(End::Bad));
        let given_up = own.any(|pod| ruling(spec, pod) == Ruling::FailIndex);
        if number < completions && (given_up || indexes::failures(pods, number) > limit) {
            failed.insert(number);
        }
    }
    status.failed_indexes = Some(format(&failed));
}

fn finish(status: &mut JobStatus, verdict: &Verdict, now: Timestamp) {
    set(status, verdict.last, true, (verdict.reason, &verdict.message), now);
    if verdict.last == "Complete" {
        status.completion_time = Some(Time(now));
    }
}

/// Tells what the new status says and the old one did not.
fn tell(context: &Context, job: &Job, before: &JobStatus, after: &JobStatus) {
    let became = |kind: &str| holds(after, kind) && !holds(before, kind);
    let ended = |kind: &str| !holds(after, kind) && holds(before, kind);
    let normal = |reason: &str, message: &str| {
        context.recorder.normal(COMPONENT, job.object_ref(&()), reason, message.to_owned());
    };
    if became("Suspended") {
        normal("Suspended", "Job suspended");
    }
    if ended("Suspended") {
        normal("Resumed", "Job resumed");
    }
    if became("Complete") {
        normal("Completed", "Job completed");
    }
    if became("Failed") {
        let failed = after.conditions.iter().flatten().find(|condition| condition.type_ == "Failed");
        let failed = failed.cloned().unwrap_or_default();
        let (reason, message) = (failed.reason.unwrap_or_default(), failed.message.unwrap_or_default());
        context.recorder.warning(COMPONENT, job.object_ref(&()), &reason, message);
    }
}

/// Removes a Job that is over for as long as it said, or says when that will be.
async fn expire(api: &Api<Job>, job: &Job, spec: &JobSpec) -> Result<Action, kube::Error> {
    let conditions = job.status.as_ref().and_then(|status| status.conditions.as_ref());
    let mut last = conditions.into_iter().flatten().filter(|it| matches!(&*it.type_, "Complete" | "Failed"));
    let ended = last.find_map(|condition| condition.last_transition_time.as_ref());
    let (Some(wait), Some(ended), None) =
        (spec.ttl_seconds_after_finished, ended, &job.metadata.deletion_timestamp)
    else {
        return Ok(Action::await_change());
    };
    let left = i64::from(wait) - Timestamp::now().duration_since(ended.0).as_secs();
    if let Ok(left @ 1..) = u64::try_from(left) {
        return Ok(Action::requeue(Duration::from_secs(left)));
    }
    match api.delete(&job.name_any(), &DeleteParams::background()).await {
        Err(kube::Error::Api(status)) if status.code == 404 => {}
        other => drop(other?),
    }
    Ok(Action::await_change())
}

fn back_off<'a>(pods: impl IntoIterator<Item = &'a Pod>, now: Timestamp) -> Option<Duration> {
    let (last, count) = failures(pods)?;
    let wait = BACK_OFF.saturating_mul(1_u32 << (count - 1).min(10)).min(BACK_OFF_LIMIT);
    let gone = Duration::try_from(now.duration_since(last)).unwrap_or_default();
    wait.checked_sub(gone).filter(|wait| !wait.is_zero())
}

fn pod_of(job: &Job, spec: &JobSpec) -> Pod {
    let mut pod = new_pod(job, &spec.template);
    pod.metadata.generate_name = Some(format!("{}-", job.name_any()));
    pod.metadata.finalizers.get_or_insert_default().push(TRACKING.to_owned());
    pod
}

fn is_terminating(pod: &Pod) -> bool {
    let phase = pod.status.as_ref().and_then(|status| status.phase.as_deref());
    pod.metadata.deletion_timestamp.is_some() && !matches!(phase, Some("Succeeded" | "Failed"))
}

/// Whole seconds, as objects carry them.
fn now() -> Timestamp {
    Timestamp::from_second(Timestamp::now().as_second()).unwrap_or(Timestamp::UNIX_EPOCH)
}
