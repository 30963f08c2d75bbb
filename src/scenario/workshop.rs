//! A workshop that was loaded: its tracks' scenarios, and what a lab for it must have.

use std::collections::BTreeMap;

use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};

use super::actions::Action;
use super::checks::Check;
use super::error::LoadError;
use super::model::{App, Cluster, Environment, Placed, Repository, Scenario, Term, Text, Track};
use super::render::{Scope, render};
use super::tree::Tree;
use crate::objects::Image;
use crate::platform;

/// The ending of a seed's file that is rendered.
const TEMPLATE: &str = ".tera";

/// A workshop.
#[derive(Clone, Debug)]
pub struct Workshop {
    /// The folder's name.
    pub id: String,
    /// For people.
    pub title: String,
    /// What it teaches, Markdown.
    pub summary: Option<String>,
    /// By name.
    pub tracks: BTreeMap<String, Track>,
    /// Who takes part.
    pub actors: Vec<platform::Actor>,
    /// What set-up makes in the forge.
    pub repositories: Vec<Repository>,
    /// By name; at least one.
    pub clusters: BTreeMap<String, Cluster>,
    /// Whether set-up installs the operator.
    pub operator: bool,
    /// The image catalogue.
    pub images: Vec<Image>,
    /// What people can open in a browser.
    pub apps: Vec<App>,
    /// Values for templates.
    pub vars: BTreeMap<String, Value>,
    /// What it is made for; all when empty.
    pub platforms: Vec<platform::Kind>,
    /// What a person's machine must have.
    pub environment: Environment,
    /// What words mean, by word.
    pub glossary: BTreeMap<String, Term>,
    /// By track.
    pub scenarios: BTreeMap<String, Scenario>,
    pub(crate) files: Tree,
    pub(crate) templates: Vec<Tree>,
}

impl Workshop {
    /// The actor of a track.
    pub fn actor_of(&self, track: &str) -> Option<&platform::Actor> {
        let name = self.tracks.get(track)?.actor.as_ref().map_or(track, |actor| actor.value.as_str());
        self.actor(name)
    }

    /// What a track teaches, in a line: the title of its scenario.
    pub fn teaches(&self, track: &str) -> String {
        let Some(scenario) = self.scenarios.get(track) else { return String::new() };
        let scope = Scope::default().with("vars", Value::Object(self.vars_of(track)));
        render(&scenario.title, &scope).unwrap_or_else(|_| scenario.title.value.clone())
    }

    /// The commands that its files would run on this machine, as they are written, each with its step.
    pub fn commands(&self) -> Vec<(String, String)> {
        let mut commands = Vec::new();
        for (track, scenario) in &self.scenarios {
            for step in &scenario.steps {
                let name = format!("{track}.{}", step.id.value);
                let mut found: Vec<&Text> =
                    step.actions.iter().chain(&step.undo).flat_map(|action| of_action(action)).collect();
                found.extend(step.verify.iter().flat_map(|check| of_check(check)));
                commands.extend(found.into_iter().map(|text| (name.clone(), text.trim().to_owned())));
            }
            let cleanup = scenario.cleanup.iter().flat_map(|action| of_action(action));
            commands.extend(cleanup.map(|text| (format!("{track}.cleanup"), text.trim().to_owned())));
        }
        commands
    }

    /// Whether a step installs the operator.
    pub fn installs_operator(&self) -> bool {
        let installs = |action: &Placed<Action>| matches!(action.value, Action::Install(_));
        self.scenarios
            .values()
            .flat_map(|scenario| &scenario.steps)
            .any(|step| step.actions.iter().any(installs))
    }

    /// The hash of everything that it is made of: another one means that something was changed.
    pub fn fingerprint(&self) -> String {
        let mut hash = Sha256::new();
        for path in self.files.files("").unwrap_or_default() {
            hash.update(path.as_bytes());
            hash.update(self.files.read(&path).unwrap_or_default());
        }
        hash.finalize().iter().fold(String::new(), |text, byte| format!("{text}{byte:02x}"))
    }

    /// An actor by name.
    pub fn actor(&self, name: &str) -> Option<&platform::Actor> {
        self.actors.iter().find(|actor| actor.name == name)
    }

    /// The values `vars` of a track's templates: the scenario's, then the workshop's.
    pub(crate) fn vars_of(&self, track: &str) -> Map<String, Value> {
        let own = self.scenarios.get(track).into_iter().flat_map(|scenario| &scenario.vars);
        self.vars.iter().chain(own).map(|(name, value)| (name.clone(), value.clone())).collect()
    }

    /// The first commit's files of every repository that set-up makes. Files whose names end in `.tera` are rendered
    /// with `values` (scopes such as `git` and `registry`) and the workshop's `vars`, and lose that ending.
    pub fn seeds(&self, values: &Map<String, Value>) -> Result<Vec<platform::Repository>, LoadError> {
        let vars = self.vars.iter().map(|(name, value)| (name.clone(), value.clone())).collect();
        let scope = Scope(values.clone()).with("vars", Value::Object(vars));
        self.repositories.iter().map(|repository| self.seed(repository, &scope)).collect()
    }

    fn seed(&self, repository: &Repository, scope: &Scope) -> Result<platform::Repository, LoadError> {
        let mut files = Vec::new();
        if let Some(from) = &repository.from {
            let unreadable = |path: String| move |source| LoadError::File { path, source };
            let has = |tree: &&Tree| tree.files(from).is_ok_and(|files| !files.is_empty());
            let tree = self.templates.iter().find(has).or(self.templates.first());
            let tree = tree.map_or(Tree::Templates(String::new()), |tree| tree.join(from));
            for path in tree.files("").map_err(unreadable(tree.shown("")))? {
                let content = tree.read(&path).map_err(unreadable(tree.shown(&path)))?;
                files.push(render_file(path, content, scope)?);
            }
        }
        let words = |texts: &[Text]| texts.iter().map(|text| text.value.clone()).collect();
        Ok(platform::Repository {
            owner: repository.owner.value.clone(),
            name: repository.name.value.clone(),
            files,
            protected_branches: words(&repository.protected_branches),
            private: repository.private,
            readers: words(&repository.readers),
        })
    }
}

/// The commands of an action, those of checks in it too.
fn of_action(action: &Action) -> Vec<&Text> {
    match action {
        Action::Run(run) => run.unless.iter().chain([&run.cmd]).collect(),
        Action::Wait(wait) => of_check(&wait.0),
        _ => Vec::new(),
    }
}

/// The commands of a check, those of checks in it too.
fn of_check(check: &Check) -> Vec<&Text> {
    match check {
        Check::Run(run) => vec![&run.cmd],
        Check::Any(several) | Check::All(several) => {
            several.of.iter().flat_map(|check| of_check(check)).collect()
        }
        Check::Not(not) => of_check(&not.of),
        _ => Vec::new(),
    }
}

fn render_file(path: String, content: Vec<u8>, scope: &Scope) -> Result<platform::File, LoadError> {
    let Some(plain) = path.strip_suffix(TEMPLATE) else { return Ok(platform::File { path, content }) };
    let wrong = |message: String| LoadError::Template { path: path.clone(), message };
    let text = String::from_utf8(content).map_err(|error| wrong(error.to_string()))?;
    let content = render(&text, scope).map_err(|error| wrong(error.message))?.into_bytes();
    Ok(platform::File { path: plain.to_owned(), content })
}
