//! What Helm does: install, upgrade, roll back, test, uninstall. Each writes its releases into the storage.
//! <https://helm.sh/docs/helm/helm_install/>

use std::time::Duration;

use serde_json::Value;

use super::hooks::Hooks;
use super::objects::{Objects, is_kept, parse};
use super::release::{Info, Release, chart_json, now};
use super::render::{Plan, Request, render};
use super::storage::Storage;
use crate::controllers::cluster::Identity;

/// Helm for one release.
pub(super) struct Helm {
    pub(super) objects: Objects,
    pub(super) storage: Storage,
}

/// What an action is told.
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of Helm's own, and any may go with any")]
#[derive(Clone, Debug, Default)]
pub(super) struct Settings {
    pub(super) timeout: Duration,
    pub(super) skips_hooks: bool,
    pub(super) skips_wait: bool,
    pub(super) skips_jobs: bool,
    pub(super) cleans_up: bool,
    /// What becomes of `crds/`: `Skip`, `Create`, `CreateReplace`.
    pub(super) definitions: String,
    pub(super) creates_namespace: bool,
    pub(super) keeps_values: bool,
    pub(super) keeps_history: bool,
    pub(super) propagation: String,
}

/// What an action has done: the releases as they were written, the newest first, and why it failed.
pub(super) struct Done {
    pub(super) releases: Vec<Release>,
    pub(super) error: Option<String>,
}

impl Done {
    fn nothing(error: String) -> Self {
        Self { releases: Vec::new(), error: Some(error) }
    }
}

impl Helm {
    fn hooks<'a>(&'a self, settings: &Settings) -> Hooks<'a> {
        Hooks { objects: &self.objects, storage: &self.storage, timeout: settings.timeout }
    }

    async fn event(&self, settings: &Settings, release: &mut Release, event: &str) -> Result<(), String> {
        if settings.skips_hooks {
            return Ok(());
        }
        self.hooks(settings).run(release, event, &|_| true).await
    }

    async fn wait(&self, settings: &Settings, objects: &[Value]) -> Result<(), String> {
        if settings.skips_wait {
            return Ok(());
        }
        self.objects.until_ready(objects, !settings.skips_jobs, settings.timeout).await
    }

    /// Applies the definitions of a chart, and waits until they are established.
    async fn define(&self, settings: &Settings, definitions: &[Value]) -> Result<(), String> {
        if settings.definitions == "Skip" || definitions.is_empty() {
            return Ok(());
        }
        let failed = |reason: String| format!("failed to apply CustomResourceDefinitions: {reason}");
        for definition in definitions {
            let identity = Identity::of(definition);
            let is_there = self.objects.cluster.read(&identity).await.is_some();
            if !is_there || settings.definitions == "CreateReplace" {
                let applied = self.objects.apply(definition, false).await;
                applied.map_err(|reason| {
                    failed(format!("failed to create CustomResourceDefinition {}: {reason}", identity.name))
                })?;
            }
        }
        self.objects
            .until_ready(definitions, true, Duration::from_secs(60))
            .await
            .map_err(|reason| failed(format!("failed to wait for CustomResourceDefinition(s): {reason}")))
    }

    fn new_release(&self, request: &Request<'_>, plan: &Plan, version: i64) -> Release {
        let time = now();
        Release {
            name: self.objects.release.clone(),
            info: Info {
                first_deployed: time.clone(),
                last_deployed: time,
                notes: plan.notes.clone(),
                ..Info::default()
            },
            chart: chart_json(&request.chart),
            config: Some(request.values.clone()),
            manifest: plan.manifest.clone(),
            hooks: plan.hooks.clone(),
            version,
            namespace: self.objects.namespace.clone(),
            apply_method: "ssa".to_owned(),
        }
    }

    /// Renders, and finds places for the objects. Nothing is written yet.
    async fn prepare(
        &self,
        request: &Request<'_>,
        settings: &Settings,
        version: i64,
        is_upgrade: bool,
    ) -> Result<Plan, String> {
        let mut plan = render(request, &self.objects.cluster.client, version, is_upgrade).await?;
        self.define(settings, &plan.definitions).await?;
        let what = if is_upgrade { "new release manifest" } else { "release manifest" };
        let placed = self.objects.place(&mut plan.objects).await;
        placed.map_err(|reason| format!("unable to build kubernetes objects from {what}: {reason}"))?;
        Ok(plan)
    }

    /// Installs a chart under a name that is not taken.
    pub(super) async fn install(&self, request: &Request<'_>, settings: &Settings) -> Done {
        let last = match self.storage.last().await {
            Ok(last) => last,
            Err(error) => return Done::nothing(error),
        };
        let taken = |last: &Release| !["uninstalled", "failed"].contains(&last.info.status.as_str());
        if last.as_ref().is_some_and(taken) {
            return Done::nothing("cannot reuse a name that is still in use".to_owned());
        }
        let version = last.map_or(1, |last| last.version + 1);
        let plan = match self.prepare(request, settings, version, false).await {
            Ok(plan) => plan,
            Err(error) => return Done::nothing(error),
        };
        if settings.creates_namespace {
            let namespace = serde_json::json!({ "apiVersion": "v1", "kind": "Namespace",
                "metadata": { "name": self.objects.namespace, "labels": { "name": self.objects.namespace } } });
            if let Err(error) = self.objects.apply(&namespace, false).await {
                return Done::nothing(error);
            }
        }
        let mut release = self.new_release(request, &plan, version);
        release.mark("pending-install", "Initial install underway");
        if let Err(error) = self.storage.create(&release).await {
            return Done::nothing(error);
        }
        let result = self.perform_install(&mut release, &plan.objects, settings).await;
        match &result {
            Ok(()) => release.mark("deployed", "Install complete"),
            Err(reason) => {
                let name = release.name.clone();
                release.mark("failed", format!("Release \"{name}\" failed: {reason}"));
            }
        }
        let stored = self.storage.update(&release).await;
        Done { releases: vec![release], error: result.and(stored).err() }
    }

    async fn perform_install(
        &self,
        release: &mut Release,
        objects: &[Value],
        settings: &Settings,
    ) -> Result<(), String> {
        let before = self.event(settings, release, "pre-install").await;
        before.map_err(|reason| format!("failed pre-install: {reason}"))?;
        for object in objects {
            self.objects.apply_own(object).await?;
        }
        self.wait(settings, objects).await?;
        let after = self.event(settings, release, "post-install").await;
        after.map_err(|reason| format!("failed post-install: {reason}"))
    }

    /// Upgrades a release, whatever its state.
    pub(super) async fn upgrade(&self, request: &Request<'_>, settings: &Settings) -> Done {
        let history = match self.storage.history().await {
            Ok(history) => history,
            Err(error) => return Done::nothing(error),
        };
        let name = &self.objects.release;
        let Some(last) = history.first() else {
            return Done::nothing(format!("\"{name}\" has no deployed releases"));
        };
        let deployed = history.iter().find(|release| release.info.status == "deployed");
        let fallback = ["failed", "superseded"].contains(&last.info.status.as_str()).then_some(last);
        let Some(current) = deployed.or(fallback) else {
            return Done::nothing(format!("\"{name}\" has no deployed releases"));
        };
        let mut request =
            Request { object: request.object, chart: request.chart.clone(), values: request.values.clone() };
        if settings.keeps_values {
            let mut values = current.config.clone().unwrap_or_default();
            values.extend(std::mem::take(&mut request.values));
            request.values = values;
        }
        let plan = match self.prepare(&request, settings, last.version + 1, true).await {
            Ok(plan) => plan,
            Err(error) => return Done::nothing(error),
        };
        let mut release = self.new_release(&request, &plan, last.version + 1);
        release.info.first_deployed.clone_from(&current.info.first_deployed);
        release.mark("pending-upgrade", "Preparing upgrade");
        if let Err(error) = self.storage.create(&release).await {
            return Done::nothing(error);
        }
        let mut current = current.clone();
        let words = ["pre-upgrade hooks failed: ", "post-upgrade hooks failed: "];
        let events = ["pre-upgrade", "post-upgrade"];
        let result = self.replace(&mut release, &current, (events, words), settings).await;
        match &result {
            Ok(()) => {
                release.mark("deployed", "Upgrade complete");
                "superseded".clone_into(&mut current.info.status);
            }
            Err(reason) => {
                let name = release.name.clone();
                release.mark("failed", format!("Upgrade \"{name}\" failed: {reason}"));
            }
        }
        let stored = async {
            self.storage.update(&current).await?;
            self.storage.update(&release).await
        };
        let stored = stored.await;
        Done { releases: vec![release, current], error: result.and(stored).err() }
    }

    /// Puts the objects of a release in the place of another's.
    async fn replace(
        &self,
        release: &mut Release,
        current: &Release,
        (events, words): ([&str; 2], [&str; 2]),
        settings: &Settings,
    ) -> Result<(), String> {
        let mut target = parse(&release.manifest)?;
        self.objects.place(&mut target).await?;
        let before = self.event(settings, release, events[0]).await;
        before.map_err(|reason| format!("{}{reason}", words[0]))?;
        let mut old = parse(&current.manifest)?;
        let placed = self.objects.place(&mut old).await;
        placed.unwrap_or_else(|reason| tracing::debug!(reason, "an old object has no place any more"));
        let mut created = Vec::new();
        let result = self.change(&target, &old, &mut created).await;
        let result = match result {
            Ok(()) => self.wait(settings, &target).await,
            Err(reason) => Err(reason),
        };
        if let Err(reason) = result {
            if settings.cleans_up {
                for object in created.iter().rev() {
                    if let Err(reason) = self.objects.delete(object, "background").await {
                        tracing::debug!(reason, "new object not deleted");
                    }
                }
            }
            return Err(reason);
        }
        let after = self.event(settings, release, events[1]).await;
        after.map_err(|reason| format!("{}{reason}", words[1]))
    }

    async fn change(&self, target: &[Value], old: &[Value], created: &mut Vec<Value>) -> Result<(), String> {
        for object in target {
            let is_new = self.objects.cluster.read(&Identity::of(object)).await.is_none();
            self.objects.apply_own(object).await?;
            if is_new {
                created.push(object.clone());
            }
        }
        let key = |object: &Value| {
            let identity = Identity::of(object);
            (identity.kind.group.clone(), identity.kind.kind.clone(), identity.namespace, identity.name)
        };
        let stays = target.iter().map(key).collect::<Vec<_>>();
        for object in old.iter().rev() {
            if !stays.contains(&key(object)) && !is_kept(object) {
                self.objects.delete(object, "background").await?;
            }
        }
        Ok(())
    }

    /// Makes a new release of an old one.
    pub(super) async fn rollback(&self, version: i64, settings: &Settings) -> Done {
        let history = match self.storage.history().await {
            Ok(history) => history,
            Err(error) => return Done::nothing(error),
        };
        let previous = history.iter().find(|release| release.version == version);
        let (Some(mut current), Some(previous)) = (history.first().cloned(), previous) else {
            return Done::nothing(format!("release has no {version} version"));
        };
        let mut release = previous.clone();
        release.version = current.version + 1;
        release.info.first_deployed.clone_from(&current.info.first_deployed);
        (release.info.last_deployed, release.info.deleted) = (now(), String::new());
        release.mark("pending-rollback", format!("Rollback to {version}"));
        if let Err(error) = self.storage.create(&release).await {
            return Done::nothing(error);
        }
        let events = ["pre-rollback", "post-rollback"];
        let result = self.replace(&mut release, &current, (events, ["", ""]), settings).await;
        let mut releases = Vec::new();
        match &result {
            Ok(()) => {
                release.mark("deployed", format!("Rollback to {version}"));
                let deployed = history.iter().filter(|one| one.info.status == "deployed");
                for mut old in deployed.cloned() {
                    "superseded".clone_into(&mut old.info.status);
                    if let Err(reason) = self.storage.update(&old).await {
                        tracing::debug!(reason, "superseded release not written");
                    }
                    releases.push(old);
                }
            }
            Err(reason) => {
                let name = release.name.clone();
                release.mark("failed", format!("Rollback \"{name}\" failed: {reason}"));
                "superseded".clone_into(&mut current.info.status);
                if let Err(reason) = self.storage.update(&current).await {
                    tracing::debug!(reason, "superseded release not written");
                }
                releases.push(current);
            }
        }
        let stored = self.storage.update(&release).await;
        releases.insert(0, release);
        Done { releases, error: result.and(stored).err() }
    }

    /// Runs the tests of the newest release that `selected` names.
    pub(super) async fn test(&self, settings: &Settings, selected: &(dyn Fn(&str) -> bool + Sync)) -> Done {
        let mut release = match self.storage.last().await {
            Ok(Some(release)) => release,
            Ok(None) => return Done::nothing("release: not found".to_owned()),
            Err(error) => return Done::nothing(error),
        };
        let result = self.hooks(settings).run(&mut release, "test", selected).await;
        let stored = self.storage.update(&release).await;
        Done { releases: vec![release], error: result.and(stored).err() }
    }

    /// Deletes a release's objects and, where it is not kept, its history. Nothing where there is no release.
    pub(super) async fn uninstall(&self, settings: &Settings) -> Option<Done> {
        let history = match self.storage.history().await {
            Ok(history) => history,
            Err(error) => return Some(Done::nothing(error)),
        };
        let mut release = history.first().cloned()?;
        if release.info.status == "uninstalled" {
            if settings.keeps_history {
                let name = &release.name;
                return Some(Done::nothing(format!("the release named \"{name}\" is already deleted")));
            }
            let error = self.purge(&history).await.err();
            return Some(Done { releases: vec![release], error });
        }
        release.mark("uninstalling", "Deletion in progress (or silently failed)");
        release.info.deleted = now();
        let result = self.perform_uninstall(&mut release, settings).await;
        let error = match result {
            Ok(()) => {
                release.mark("uninstalled", "Uninstallation complete");
                let stored = if settings.keeps_history {
                    self.storage.update(&release).await
                } else {
                    self.purge(&history).await
                };
                stored.err()
            }
            Err(reason) => Some(reason),
        };
        Some(Done { releases: vec![release], error })
    }

    async fn purge(&self, history: &[Release]) -> Result<(), String> {
        for release in history {
            self.storage.delete(release.version).await?;
        }
        Ok(())
    }

    async fn perform_uninstall(&self, release: &mut Release, settings: &Settings) -> Result<(), String> {
        self.storage.update(release).await?;
        self.event(settings, release, "pre-delete").await?;
        let mut objects = parse(&release.manifest)?;
        let placed = self.objects.place(&mut objects).await;
        placed.unwrap_or_else(|reason| tracing::debug!(reason, "an old object has no place any more"));
        objects.retain(|object| !is_kept(object));
        let mut failures = Vec::new();
        for object in objects.iter().rev() {
            if let Err(reason) = self.objects.delete(object, &settings.propagation).await {
                failures.push(reason);
            }
        }
        if !failures.is_empty() {
            return Err(format!(
                "uninstallation completed with {} error(s): {}",
                failures.len(),
                failures.join("; ")
            ));
        }
        if !settings.skips_wait {
            self.objects.until_gone(&objects, settings.timeout).await?;
        }
        self.event(settings, release, "post-delete").await
    }
}
