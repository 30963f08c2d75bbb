//! Back to the state before a step: what its actions and those of all steps after it have changed is undone by the
//! values that the journal has kept. Trees come back by a new commit, never by force, so that every clone can follow.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use serde_json::Value;

use super::order::{Place, find, order_until};
use super::run::Run;
use crate::platform::{FileChange, Gitea};
use crate::scenario::completions;
use crate::scenario::context::Context;
use crate::scenario::error::{ActionError, Error};
use crate::scenario::journal::{Record, read};
use crate::scenario::session::Session;
use crate::scenario::snapshot::{ObjectName, Snapshot, applied, heads};

use super::restore;

/// What a reset undoes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ResetPlan {
    /// The step whose beginning is gone back to, `<track>.<step>`.
    pub to: String,
    /// The steps that count no more, in the order in which they are undone.
    pub steps: Vec<String>,
    /// Repositories and branches that get an older tree, by a new commit, and the commit that has this tree.
    pub branches: Vec<(String, String, String)>,
    /// Objects that go, or come back as they were.
    pub objects: Vec<String>,
    /// What is done besides, as the steps say.
    pub undo: Vec<String>,
    #[serde(skip)]
    places: Vec<Place>,
    #[serde(skip)]
    before: Snapshot,
}

impl Session {
    /// What going back to the beginning of a step would undo.
    pub async fn plan_reset(&self, track: &str, step: &str) -> Result<ResetPlan, Error> {
        let to = format!("{track}.{step}");
        let unknown = || Error::UnknownStep {
            step: to.clone(),
            known: self
                .scenario(track)
                .map(|scenario| scenario.steps.iter().map(|step| step.id.value.clone()).collect())
                .unwrap_or_default(),
        };
        self.scenario(track)?;
        let target = find(&self.workshop, &to).ok_or_else(unknown)?;
        let mut begun: Vec<(Option<jiff::Timestamp>, Place, Snapshot)> = Vec::new();
        for (other, scenario) in &self.workshop.scenarios {
            let history = read(&self.journal_folder, other)?;
            for (index, step) in scenario.steps.iter().enumerate() {
                let place = (other.clone(), index);
                let after = place == target || order_until(&self.workshop, &place).contains(&target);
                if let Some(past) = history.step(&step.id.value).filter(|_| after) {
                    begun.push((past.began, place, past.before.clone()));
                }
            }
        }
        // The first to begin knows the state to go back to; the last to begin is undone first.
        begun.sort_by_key(|(began, ..)| *began);
        let mut before = begun.first().map(|(.., before)| before.clone()).unwrap_or_default();
        for (_, _, later) in begun.iter().skip(1) {
            merge(&mut before, later);
        }
        let context = self.plain_context(track, &to)?;
        let now = heads(&context).await;
        let moved = branches(&before, &now);
        let places: Vec<_> = begun.into_iter().rev().map(|(_, place, _)| place).collect();
        let name = |(track, index): &Place| {
            format!("{track}.{}", self.workshop.scenarios[track].steps[*index].id.value)
        };
        let objects = before.objects.iter().map(|(object, old)| match old {
            None => format!("{} goes", object.shown()),
            Some(_) => format!("{} is as it was", object.shown()),
        });
        Ok(ResetPlan {
            to,
            steps: places.iter().map(name).collect(),
            branches: moved,
            objects: objects.collect(),
            undo: self.undo_of(&places),
            places,
            before,
        })
    }

    /// What the steps themselves say to be done.
    fn undo_of(&self, places: &[Place]) -> Vec<String> {
        let mut shown = Vec::new();
        for (track, index) in places {
            let Ok(context) = self.plain_context(track, track) else { continue };
            let step = &self.workshop.scenarios[track].steps[*index];
            // Facts are known when it is done; what is shown before may name them.
            let text = |action: &crate::scenario::actions::Action| action.shown(&context).ok().flatten();
            shown.extend(step.undo.iter().filter_map(|action| text(action)));
        }
        shown
    }

    pub(super) fn plain_context(&self, track: &str, step: &str) -> Result<Context<'_>, Error> {
        Ok(Context {
            session: self,
            actor: self.actor_of(track, step)?,
            step: step.to_owned(),
            scope: self.scope(track, serde_json::Map::new()),
            answers: None,
            since: None,
        })
    }

    /// Goes back. What could not be undone is told in words.
    pub async fn reset(&self, plan: &ResetPlan) -> Result<Vec<String>, Error> {
        let mut run = Run::new(self).await?;
        let tracks: BTreeSet<_> = plan.places.iter().map(|(track, _)| track.clone()).collect();
        for track in &tracks {
            run.hold(track)?;
        }
        let mut left = Vec::new();
        for (track, index) in &plan.places {
            let open = run.open(track, *index)?;
            let context = run.context(track, &open.name)?;
            for (number, action) in open.step.undo.iter().enumerate() {
                // What undoes an action has numbers of its own, after those of the step.
                let number = open.step.actions.len() + number;
                if let Err(error) = run.action(track, &context, &open.step.id.value, number, action).await {
                    left.push(restore::words(&error));
                }
            }
        }
        let track = plan.to.split('.').next().unwrap_or_default();
        let context = self.plain_context(track, &plan.to)?;
        for (repository, branch, commit) in &plan.branches {
            self.events
                .note(format!("    {repository}: branch `{branch}` gets the tree of {}", short(commit)));
            if let Err(error) = restore_branch(&context, repository, branch, commit).await {
                left.push(format!("branch `{branch}` of `{repository}`: {}", restore::words(&error)));
            }
        }
        left.extend(restore::pulls(&context, &plan.before).await);
        left.extend(restore::tags(&context, &plan.before).await);
        match context.observer().await {
            Ok(client) => {
                left.extend(restore::reconcile(&context, &client, &plan.before).await);
                let now = applied(&client).await;
                let extra = extra(&plan.before.applied, &now);
                left.extend(restore::objects(&client, &plan.before, extra).await);
                left.extend(restore::settle(&client).await);
            }
            Err(error) => left.push(restore::words(&error)),
        }
        for track in &tracks {
            let steps: Vec<_> = plan
                .places
                .iter()
                .filter(|(other, _)| other == track)
                .map(|(track, index)| self.workshop.scenarios[track].steps[*index].id.value.clone())
                .collect();
            completions::forget(self, track, &steps).await;
            for step in &steps {
                run.forget(track, step);
            }
            run.write(track, Record::Undone { steps })?;
        }
        Ok(left)
    }
}

/// What the later step knew and the earlier ones did not name was the same before them.
fn merge(before: &mut Snapshot, later: &Snapshot) {
    for (name, old) in &later.objects {
        if before.objects.iter().all(|(known, _)| known != name) {
            before.objects.push((name.clone(), old.clone()));
        }
    }
    for (name, tag, digest) in &later.tags {
        if before.tags.iter().all(|(known, known_tag, _)| (known, known_tag) != (name, tag)) {
            before.tags.push((name.clone(), tag.clone(), digest.clone()));
        }
    }
    for (repository, pulls) in &later.pulls {
        before.pulls.entry(repository.clone()).or_insert_with(|| pulls.clone());
    }
}

/// The branches that are elsewhere now; an empty commit stands for a branch that was not there.
fn branches(
    before: &Snapshot,
    now: &BTreeMap<String, BTreeMap<String, String>>,
) -> Vec<(String, String, String)> {
    let mut moved = Vec::new();
    for (repository, old) in &before.heads {
        for (branch, head) in now.get(repository).into_iter().flatten() {
            match old.get(branch) {
                Some(commit) if commit == head => (),
                Some(commit) => moved.push((repository.clone(), branch.clone(), commit.clone())),
                None => moved.push((repository.clone(), branch.clone(), String::new())),
            }
        }
    }
    moved
}

/// What Kustomizations that were there before have applied since then.
fn extra(
    before: &BTreeMap<String, BTreeSet<ObjectName>>,
    now: &BTreeMap<String, BTreeSet<ObjectName>>,
) -> Vec<ObjectName> {
    let known = before.iter().filter_map(|(place, old)| Some((old, now.get(place)?)));
    known.flat_map(|(old, now)| now.difference(old).cloned()).collect()
}

fn short(commit: &str) -> &str {
    if commit.is_empty() { "before it was made" } else { commit.get(..8).unwrap_or(commit) }
}

/// Makes the tree of a branch that of an older commit, by a commit of the lab's own.
async fn restore_branch(
    context: &Context<'_>,
    repository: &str,
    branch: &str,
    commit: &str,
) -> Result<(), ActionError> {
    let api: &Gitea = context.session.platform.forge.api();
    let (owner, name) = repository.split_once('/').unwrap_or(("", repository));
    if commit.is_empty() && branch != "main" {
        return Ok(api.delete_branch(owner, name, branch).await?);
    }
    let files = |entries: Vec<crate::platform::TreeEntry>| -> BTreeMap<String, String> {
        let blobs = entries.into_iter().filter(|entry| entry.kind == "blob");
        blobs.map(|entry| (entry.path, entry.sha)).collect()
    };
    let old = if commit.is_empty() { BTreeMap::new() } else { files(api.tree(owner, name, commit).await?) };
    let now = files(api.tree(owner, name, branch).await?);
    let mut changes = Vec::new();
    for (path, sha) in &now {
        match old.get(path) {
            Some(before) if before == sha => (),
            Some(_) => changes.push(FileChange {
                path: path.clone(),
                sha: Some(sha.clone()),
                content: Some(api.file(owner, name, path, commit).await?.unwrap_or_default()),
            }),
            None => changes.push(FileChange { path: path.clone(), sha: Some(sha.clone()), content: None }),
        }
    }
    for path in old.keys().filter(|path| !now.contains_key(*path)) {
        let before = api.file(owner, name, path, commit).await?.unwrap_or_default();
        changes.push(FileChange { path: path.clone(), sha: None, content: Some(before) });
    }
    if changes.is_empty() {
        return Ok(());
    }
    let message = format!("workshop: back to the state before {}", context.step);
    Ok(api.change_files(owner, name, branch, &message, &changes).await?)
}

impl ResetPlan {
    /// Whether there is nothing to undo.
    pub fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }

    /// The manifests that come back, for those who want to see them.
    pub fn manifests(&self) -> Vec<&Value> {
        self.before.objects.iter().filter_map(|(_, old)| old.as_ref()).collect()
    }
}
