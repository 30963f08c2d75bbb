//! A workshop in a folder of its own, with a platform that has a cluster that nobody answers for and a forge that is
//! a folder of bare repositories.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use atelier::events::{Event, Events, Link, LinkState, Outcome};
use atelier::platform::{Actor, Cluster, Error, Forge, Gitea, Kind, Platform, Push, Repository};
use atelier::scenario::{ActorContext, Library, Session};
use futures::stream::{BoxStream, StreamExt as _};

/// A cluster that nobody answers for.
pub(crate) struct Nobody;

#[async_trait]
impl Cluster for Nobody {
    async fn client(&self) -> Result<kube::Client, Error> {
        Err(Error::ForgeRefused {
            method: String::new(),
            path: String::new(),
            status: 0,
            message: "no cluster".to_owned(),
        })
    }

    async fn kubeconfig(&self, _: &Actor) -> Result<String, Error> {
        Ok(String::new())
    }

    fn url(&self) -> String {
        "https://127.0.0.1:1".to_owned()
    }

    fn hook_url(&self) -> String {
        self.url()
    }

    fn knows(&self, _kubeconfig: &str) -> bool {
        true
    }
}

struct Folder {
    url: String,
    api: Gitea,
}

#[async_trait]
impl Forge for Folder {
    fn url(&self) -> String {
        self.url.clone()
    }

    fn api(&self) -> &Gitea {
        &self.api
    }

    async fn ensure_user(&self, _: &Actor, _: Option<&str>) -> Result<(Outcome, String), Error> {
        Ok((Outcome::Unchanged, String::new()))
    }

    async fn ensure_repository(&self, _: &Repository) -> Result<Outcome, Error> {
        Ok(Outcome::Unchanged)
    }

    async fn ensure_webhook(&self, _: &str, _: &str, _: &str, _: &str) -> Result<Outcome, Error> {
        Ok(Outcome::Unchanged)
    }

    async fn pushes(&self) -> Result<BoxStream<'static, Push>, Error> {
        Ok(futures::stream::empty().boxed())
    }
}

/// The world of one test.
pub(crate) struct World {
    pub(crate) folder: tempfile::TempDir,
    pub(crate) events: Arc<Mutex<Vec<Event>>>,
}

const WORKSHOP: &str = "apiVersion: atelier/v1
kind: Workshop
id: small
title: Small
actors:
  boss: {}
  dev: { full_name: Dana Dev, email: dana@example.org }
tracks:
  boss: { title: Boss }
  dev: { title: Dev }
repositories:
- { owner: dev, name: site }
";

impl World {
    /// A workshop with the given steps for its two tracks.
    pub(crate) fn new(boss: &str, dev: &str) -> Self {
        let world = Self { folder: tempfile::tempdir().unwrap(), events: Arc::default() };
        let small = world.path("scenarios/small");
        std::fs::create_dir_all(&small).unwrap();
        std::fs::create_dir_all(world.path("shared")).unwrap();
        std::fs::write(small.join("workshop.yaml"), WORKSHOP).unwrap();
        world.write_track("boss", boss);
        world.write_track("dev", dev);
        world
    }

    pub(crate) fn write_track(&self, track: &str, steps: &str) {
        let head = format!("apiVersion: atelier/v1\nkind: Scenario\nid: {track}\ntitle: {track}\n");
        let text = format!("{head}vars: {{ shared: {} }}\n{steps}", self.path("shared").display());
        std::fs::write(self.path("scenarios/small").join(format!("{track}.yaml")), text).unwrap();
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A session as a fresh process would make it.
    pub(crate) fn session(&self) -> Session {
        let url = format!("file://{}", self.path("forge").display());
        let forge = Folder { url, api: Gitea::with_token("http://127.0.0.1:1", "token") };
        self.session_on(Box::new(Nobody), Box::new(forge))
    }

    /// A session on a platform of the test's own.
    pub(crate) fn session_on(&self, cluster: Box<dyn Cluster>, forge: Box<dyn Forge>) -> Session {
        let workshop =
            Library::directory(&self.path("scenarios")).workshop("small").unwrap_or_else(|error| {
                panic!("{error}");
            });
        let context = |actor: &Actor| {
            let home = self.path("home").display().to_string();
            let environment =
                [("PATH".to_owned(), std::env::var("PATH").unwrap()), ("HOME".to_owned(), home)];
            let work = self.path("work").join(&actor.name);
            let token = format!("token-of-{}", actor.name);
            let context = ActorContext { actor: actor.clone(), environment: environment.into(), work, token };
            (actor.name.clone(), context)
        };
        let clusters: BTreeMap<String, Box<dyn Cluster>> = [("main".to_owned(), cluster)].into();
        let events = self.events.clone();
        Session {
            platform: Arc::new(Platform { kind: Kind::Embedded, clusters, forge }),
            actors: workshop.actors.iter().map(context).collect(),
            workshop,
            journal_folder: self.path("journal"),
            values: serde_json::Map::new(),
            operator: Vec::new(),
            recreate: std::sync::Arc::new(|| Box::pin(async { Ok(()) })),
            events: Events::to(move |event| events.lock().unwrap().push(event)),
        }
    }

    /// What happened, a line for each event, with this world's folder taken out.
    pub(crate) fn story(&self) -> String {
        let events = std::mem::take(&mut *self.events.lock().unwrap());
        let lines: Vec<_> = events.iter().map(line).collect();
        lines.join("\n").replace(&self.folder.path().display().to_string(), "<world>")
    }
}

fn line(event: &Event) -> String {
    match event {
        Event::StepStarted { step, title, played_as, .. } => {
            let played = played_as.as_ref().map(|actor| format!(" (played: {actor})")).unwrap_or_default();
            format!("# {step}: {title}{played}")
        }
        Event::StepRecalled { step, title, explain } => format!("again {step}: {title}: {explain}"),
        Event::StepCommands { commands, .. } => format!("type {commands:?}"),
        Event::Chain { detailed, links, .. } => {
            let link = |link: &Link| match (link.state, *detailed) {
                (LinkState::Open, true) => format!("[{}: {}: {}]", link.check, link.expects, link.observed),
                (LinkState::Open, false) => format!("[{}]", link.check),
                (LinkState::Passed, _) => format!("{} passed", link.check),
                (LinkState::Later, _) => link.check.clone(),
            };
            format!("chain: {}", links.iter().map(link).collect::<Vec<_>>().join(" > "))
        }
        Event::ActionChanged { difference, .. } => format!("| {difference}"),
        Event::StepGated { step, needs, while_waiting, .. } => {
            format!("{step} waits for {needs:?} {while_waiting:?}")
        }
        Event::StepSkipped { step, .. } => format!("skipped {step}"),
        Event::Hint { text, .. } => format!("hint: {text}"),
        Event::ActionStarted { actor, shown, .. } => format!("{actor}$ {shown}"),
        Event::ActionOutput { text, .. } => format!("| {text}"),
        Event::ActionFinished { unchanged, .. } => {
            format!("done{}", if *unchanged { ", unchanged" } else { "" })
        }
        Event::CheckWaiting { check, observed, .. } => format!("{check} waits: {observed}"),
        Event::CheckPassed { check, .. } => format!("{check} passed"),
        Event::CheckFailed { check, observed, .. } => format!("{check} failed: {observed}"),
        Event::StepFinished { step, resumed, .. } => {
            format!("finished {step}{}", if *resumed { ", from before" } else { "" })
        }
        Event::Note { text } => format!("note: {text}"),
        other => format!("{other:?}"),
    }
}
