//! Runs the hooks of an event, one after the other, and deletes what their policies say.
//! <https://helm.sh/docs/topics/charts_hooks/>

use std::time::Duration;

use serde_json::Value;

use super::objects::Objects;
use super::release::{Release, now};
use super::storage::Storage;
use crate::manifests::yaml;

/// Where and how long hooks run.
pub(super) struct Hooks<'a> {
    pub(super) objects: &'a Objects,
    pub(super) storage: &'a Storage,
    pub(super) timeout: Duration,
}

impl Hooks<'_> {
    /// Runs all hooks of an event that `selected` names. The error says which one failed.
    pub(super) async fn run(
        &self,
        release: &mut Release,
        event: &str,
        selected: &(dyn Fn(&str) -> bool + Sync),
    ) -> Result<(), String> {
        let chosen = |at: &usize| {
            let hook = &release.hooks[*at];
            hook.events.iter().any(|one| one == event) && selected(&hook.name)
        };
        let chosen = (0..release.hooks.len()).filter(chosen).collect::<Vec<_>>();
        for (number, at) in chosen.iter().enumerate() {
            let result = self.run_one(release, *at, event).await;
            if let Err(reason) = result {
                self.clean(release, &chosen[number..=number], "hook-failed").await;
                self.clean(release, &chosen[..number], "hook-succeeded").await;
                return Err(reason);
            }
        }
        self.clean(release, &chosen, "hook-succeeded").await;
        Ok(())
    }

    async fn run_one(&self, release: &mut Release, at: usize, event: &str) -> Result<(), String> {
        let object = self.parsed(&release.hooks[at].manifest).await?;
        let policies = &release.hooks[at].delete_policies;
        if policies.is_empty() || policies.iter().any(|policy| policy == "before-hook-creation") {
            self.objects.delete(&object, "background").await?;
            self.objects.until_gone(std::slice::from_ref(&object), self.timeout).await?;
        }
        let run = &mut release.hooks[at].last_run;
        (run.started_at, run.completed_at) = (now(), String::new());
        "Running".clone_into(&mut run.phase);
        self.storage.update(release).await?;
        let path = release.hooks[at].path.clone();
        let applied = self.objects.apply(&object, false).await;
        let applied = applied.map_err(|reason| format!("warning: Hook {event} {path} failed: {reason}"));
        let result = match applied {
            Ok(_) => self.objects.until_run(&object, self.timeout).await,
            Err(reason) => Err(reason),
        };
        let run = &mut release.hooks[at].last_run;
        run.completed_at = now();
        if result.is_ok() { "Succeeded" } else { "Failed" }.clone_into(&mut run.phase);
        result
    }

    async fn parsed(&self, manifest: &str) -> Result<Value, String> {
        let mut object = yaml::read_legacy(manifest).map_err(|error| error.to_string())?;
        let reason = self.objects.place(std::slice::from_mut(&mut object)).await;
        reason.map_err(|reason| format!("unable to build kubernetes object for hook: {reason}"))?;
        Ok(object)
    }

    /// Deletes the hooks with a policy.
    async fn clean(&self, release: &Release, chosen: &[usize], policy: &str) {
        for at in chosen {
            let hook = &release.hooks[*at];
            if !hook.delete_policies.iter().any(|one| one == policy) {
                continue;
            }
            let deleted = match self.parsed(&hook.manifest).await {
                Ok(object) => self.objects.delete(&object, "background").await,
                Err(reason) => Err(reason),
            };
            if let Err(reason) = deleted {
                tracing::debug!(reason, hook = hook.name, "hook not deleted");
            }
        }
    }
}
