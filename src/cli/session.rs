//! What a run of the material needs of a lab: the platform, the actors' environments, the values of templates.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::env::environment;
use super::global::Global;
use super::{recreate, trust};
use crate::controllers;
use crate::error::{Failure, Kind};
use crate::lab::{ActorFolder, Environment, LabFolder, Spec};
use crate::platform::{self, FORGE_HOST, Platform, k3d};
use crate::scenario::{ActorContext, Session};

/// What commands of the tool's own get of the caller's environment besides the actor's variables.
const KEPT: [&str; 6] = ["PATH", "LANG", "LC_ALL", "TERM", "TMPDIR", "TZ"];

/// A workshop in a lab that runs.
pub(super) fn open(global: &Global, folder: &LabFolder, spec: &Spec) -> Result<Session, Failure> {
    let workshop = global.library(Some(spec))?.workshop(&spec.workshop)?;
    trust::require(global, folder, spec, &workshop)?;
    let platform = Arc::new(platform::open(spec.platform, &folder.platform())?);
    let values = values(Some(&platform));
    let mut actors = BTreeMap::new();
    for actor in &spec.actors {
        let own = ActorFolder::new(folder, actor);
        let mut environment = environment(folder, spec, &actor.name)?;
        environment.extend(kept());
        // What a shell's start-up files of the person do is not for commands of the tool's own.
        environment.insert("HOME".to_owned(), own.tool_home().display().to_string());
        let (work, token) = (own.work(), own.token().unwrap_or_default());
        actors.insert(actor.name.clone(), ActorContext { actor: actor.clone(), environment, work, token });
    }
    Ok(Session {
        platform,
        workshop,
        actors,
        journal_folder: folder.journal(),
        values,
        operator: operator(folder, spec)?,
        recreate: recreate::hook(global, folder, spec),
        events: global.ui.events(),
    })
}

fn kept() -> Environment {
    let value = |name: &str| Some((name.to_owned(), std::env::var(name).ok()?));
    KEPT.into_iter().filter_map(value).collect()
}

/// The scopes of templates that the lab gives. Without a platform, as for the first trees of repositories, only what
/// is the same everywhere.
pub(super) fn values(platform: Option<&Platform>) -> Map<String, Value> {
    let local = platform.map(|platform| platform.forge.url()).unwrap_or_default();
    let registry = local.trim_start_matches("http://").to_owned();
    let mut values = Map::new();
    values.insert("git".to_owned(), json!({"url": format!("http://{FORGE_HOST}")}));
    values.insert("forge".to_owned(), json!({"url": local}));
    values.insert("registry".to_owned(), json!({"host": FORGE_HOST, "local": registry}));
    if let Some(platform) = platform {
        let name = platform.clusters.keys().next();
        values.insert("cluster".to_owned(), json!({"name": name, "url": platform.cluster().url()}));
    }
    values
}

/// The operator's manifest for a lab. Empty on the k3d platform where neither set-up nor a lesson installs it.
pub(super) fn operator(folder: &LabFolder, spec: &Spec) -> Result<Vec<Value>, Failure> {
    Ok(match spec.platform {
        platform::Kind::Embedded => controllers::operator::manifest(),
        platform::Kind::K3d if spec.operator || spec.lesson_installs => {
            k3d::operator(&k3d::Folder::new(folder.platform()))?
        }
        platform::Kind::K3d => Vec::new(),
    })
}

/// Asks a person; without one, nothing is done that was not asked for with `--yes`.
pub(super) fn confirm(global: &Global, question: &str) -> Result<bool, Failure> {
    if !global.ui.is_interactive() {
        return Err(
            Failure::new(Kind::Arguments, "nobody is there to be asked").hint("`--yes` answers beforehand")
        );
    }
    global.ui.talk(&format!("{question} [y/N]"));
    let answer = console::Term::stderr().read_line().map_err(|error| Failure::new(Kind::Machine, error))?;
    Ok(matches!(answer.trim().to_lowercase().as_str(), "y" | "yes"))
}
