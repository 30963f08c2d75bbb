//! Runs a reconciler over kube-rs' controller: only what calls for work is worked on, failures back off.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures::StreamExt as _;
use kube::runtime::Controller;
use kube::runtime::controller::{Action as Requeue, Config};
use kube::{Api, ResourceExt as _};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::{Action, Clock, Reconciler};
use crate::objects::flux::RECONCILE_ANNOTATION;

/// How many objects of a kind are reconciled at a time.
const CONCURRENCY: u16 = 16;
/// The waits after failures in a row.
const LEAST_DELAY: Duration = Duration::from_millis(750);
/// See [`LEAST_DELAY`].
const MOST_DELAY: Duration = Duration::from_secs(900);

/// What is known of an object since its last reconciliation.
struct Memory {
    fingerprint: String,
    trigger: Option<String>,
    due: Option<Instant>,
    failures: u32,
}

struct State<R> {
    reconciler: Arc<R>,
    client: kube::Client,
    clock: Clock,
    memories: Mutex<HashMap<(String, String), Memory>>,
}

/// Runs until `shutdown`. Work that is under way is dropped then, as when a Pod is killed.
pub(super) async fn run<R: Reconciler>(
    reconciler: Arc<R>,
    controller: Controller<R::Object>,
    client: kube::Client,
    clock: Clock,
    shutdown: CancellationToken,
) {
    let state = Arc::new(State { reconciler, client, clock, memories: Mutex::default() });
    let config = Config::default().concurrency(CONCURRENCY);
    let runs =
        controller.with_config(config).run(reconcile, |_, _: &Never, _| Requeue::await_change(), state);
    let done = runs.for_each(|result| {
        if let Err(error) = result {
            tracing::debug!(%error, "watch interrupted");
        }
        std::future::ready(())
    });
    tokio::select! {
        () = done => {}
        () = shutdown.cancelled() => {}
    }
}

/// Reconcilers tell their failures on the object; nothing is left for the controller.
#[derive(Debug, thiserror::Error)]
enum Never {}

async fn reconcile<R: Reconciler>(cached: Arc<R::Object>, state: Arc<State<R>>) -> Result<Requeue, Never> {
    let key = (cached.namespace().unwrap_or_default(), cached.name_any());
    if let Some(idle) = state.idle(&key, &cached) {
        return Ok(idle);
    }
    let api = Api::<R::Object>::namespaced(state.client.clone(), &key.0);
    let fresh = match api.get_opt(&key.1).await {
        Ok(Some(fresh)) => fresh,
        Ok(None) => {
            state.memories().remove(&key);
            return Ok(Requeue::await_change());
        }
        Err(error) => {
            tracing::debug!(%error, "object not read");
            return Ok(Requeue::requeue(LEAST_DELAY));
        }
    };
    // The cache lags behind what was read and written since.
    if let Some(idle) = state.idle(&key, &fresh) {
        return Ok(idle);
    }
    let fingerprint = fingerprint(&fresh);
    let (action, trigger) = state.reconciler.reconcile(fresh).await;
    Ok(state.remember(key, fingerprint, trigger, &action))
}

impl<R: Reconciler> State<R> {
    fn memories(&self) -> MutexGuard<'_, HashMap<(String, String), Memory>> {
        self.memories.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// When to look again at an object that has nothing new; nothing when there is work.
    fn idle(&self, key: &(String, String), object: &R::Object) -> Option<Requeue> {
        let memories = self.memories();
        let memory = memories.get(key)?;
        let trigger = self.reconciler.trigger(object);
        if memory.fingerprint != fingerprint(object) || (trigger.is_some() && memory.trigger != trigger) {
            return None;
        }
        match memory.due {
            None => Some(Requeue::await_change()),
            Some(due) => {
                let wait = due.checked_duration_since(Instant::now()).filter(|wait| !wait.is_zero());
                wait.map(Requeue::requeue)
            }
        }
    }

    fn remember(
        &self,
        key: (String, String),
        fingerprint: String,
        trigger: Option<String>,
        action: &Action,
    ) -> Requeue {
        let mut memories = self.memories();
        let before = memories.get(&key).map_or(0, |memory| memory.failures);
        let failures = if *action == Action::Retry { before + 1 } else { 0 };
        let wait = match action {
            Action::After(wait) => Some(*wait),
            Action::Retry => Some(LEAST_DELAY.saturating_mul(1 << before.min(20)).min(MOST_DELAY)),
            Action::OnChange => None,
        };
        let wait = wait.map(|wait| self.clock.shorten(wait));
        let due = wait.map(|wait| Instant::now() + wait);
        memories.insert(key, Memory { fingerprint, trigger, due, failures });
        wait.map_or_else(Requeue::await_change, Requeue::requeue)
    }
}

/// What of an object calls for a reconciliation when it changes: not its status.
fn fingerprint<K: kube::Resource>(object: &K) -> String {
    let meta = object.meta();
    let requested = meta.annotations.as_ref().and_then(|annotations| annotations.get(RECONCILE_ANNOTATION));
    format!("{:?}", (&meta.uid, meta.generation, requested, meta.deletion_timestamp.is_some()))
}
