//! A world with servers: a real API server, a real forge and a real registry, all of this process.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use atelier::accounts::{Identity, NewUser, Users};
use atelier::apiserver::{self, ApiServer};
use atelier::events::{Event, Events, Outcome};
use atelier::forge;
use atelier::platform::{Actor, Cluster, Error, Forge, Gitea, Push, Repository};
use atelier::process::Command;
use atelier::registry::{self, Registry};
use atelier::scenario::{RehearseOptions, Session};
use futures::stream::{BoxStream, StreamExt as _};
use kube::api::{Api, DynamicObject, Patch, PatchParams, PostParams};
use kube::core::{ApiResource, GroupVersionKind};
use serde_json::{Value, json};
use tokio::sync::mpsc;

use super::world::World;

pub(super) const PASSWORD: &str = "correct-horse";

struct InProcess(ApiServer);

#[async_trait]
impl Cluster for InProcess {
    async fn client(&self) -> Result<kube::Client, Error> {
        Ok(self.0.client(Identity::administrator()))
    }

    async fn kubeconfig(&self, _: &Actor) -> Result<String, Error> {
        Ok(String::new())
    }

    fn url(&self) -> String {
        String::new()
    }

    fn hook_url(&self) -> String {
        String::new()
    }

    fn knows(&self, _kubeconfig: &str) -> bool {
        true
    }
}

struct Served {
    forge: forge::Forge,
    /// Whether pushes are told no more.
    silent: Arc<AtomicBool>,
    url: String,
    api: Gitea,
}

#[async_trait]
impl Forge for Served {
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
        let pushes = tokio_stream::wrappers::BroadcastStream::new(self.forge.pushes());
        let silent = self.silent.clone();
        let plain = move |push: Result<forge::Push, _>| {
            let push = push.ok().filter(|_| !silent.load(Ordering::Relaxed));
            let plain = push.map(|forge::Push { repository, reference, after, .. }| Push {
                repository,
                reference,
                after,
            });
            std::future::ready(plain)
        };
        Ok(pushes.filter_map(plain).boxed())
    }
}

/// A world with servers.
pub(super) struct Lab {
    pub(super) world: World,
    pub(super) client: kube::Client,
    pub(super) session: Session,
    /// What checks wait for, as it is told.
    pub(super) waits: mpsc::UnboundedReceiver<(String, String)>,
    silent: Arc<AtomicBool>,
}

impl Lab {
    pub(super) async fn new(steps: &str) -> Self {
        let boss = "steps:\n- id: enter\n  title: Enter\n  needs: [dev.first]\n  explain: Enter.\n  verify: [ { run: { cmd: 'true' } } ]\n";
        let boss = if steps.contains("id: first") { boss } else { "steps: []\n" };
        let world = World::new(boss, steps);
        let config = apiserver::Config {
            data: world.path("cluster"),
            kubelet_token: "token".to_owned(),
            ca_certificate: "-----BEGIN CERTIFICATE-----\n".to_owned(),
            audit: None,
        };
        let server = ApiServer::open(config).await.unwrap();
        let client = server.client(Identity::administrator());
        let forge = serve(&world).await;
        let token = Gitea::with_password(&forge.url, "dev", PASSWORD);
        let token = token.create_token("dev", "lab", &["all"]).await.unwrap();
        let silent = forge.silent.clone();
        let mut session = world.session_on(Box::new(InProcess(server)), Box::new(forge));
        session.actors.get_mut("dev").unwrap().token = token;
        let (sender, waits) = mpsc::unbounded_channel();
        let told = session.events.clone();
        session.events = Events::to(move |event| {
            if let Event::CheckWaiting { check, observed, .. } = &event {
                let _ = sender.send((check.clone(), observed.clone()));
            }
            told.send(event);
        });
        let lab = Self { world, client, session, waits, silent };
        lab.create("v1", "Namespace", "", json!({"metadata": {"name": "dev"}})).await;
        lab
    }

    /// From now on nobody hears of pushes: their news is on its way for ever.
    pub(super) fn silence(&self) {
        self.silent.store(true, Ordering::Relaxed);
    }

    pub(super) fn api(&self, api_version: &str, kind: &str, namespace: &str) -> Api<DynamicObject> {
        let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
        let resource = ApiResource::from_gvk(&GroupVersionKind::gvk(group, version, kind));
        match namespace {
            "" => Api::all_with(self.client.clone(), &resource),
            _ => Api::namespaced_with(self.client.clone(), namespace, &resource),
        }
    }

    pub(super) async fn create(&self, api_version: &str, kind: &str, namespace: &str, mut object: Value) {
        object["apiVersion"] = json!(api_version);
        object["kind"] = json!(kind);
        let object: DynamicObject = serde_json::from_value(object).unwrap();
        self.api(api_version, kind, namespace).create(&PostParams::default(), &object).await.unwrap();
    }

    pub(super) async fn merge(&self, api_version: &str, kind: &str, name: &str, patch: Value) {
        let patch = Patch::Merge(patch);
        self.api(api_version, kind, "dev").patch(name, &PatchParams::default(), &patch).await.unwrap();
    }

    pub(super) async fn report(&self, name: &str, status: Value) {
        let patch = Patch::Merge(status);
        let api = self.api("kustomize.toolkit.fluxcd.io/v1", "Kustomization", "dev");
        api.patch_status(name, &PatchParams::default(), &patch).await.unwrap();
    }

    /// A definition without rules: what the API server itself demands of these kinds is tested elsewhere.
    pub(super) async fn define(&self, group: &str, kind: &str, plural: &str) {
        let open = json!({"type": "object", "x-kubernetes-preserve-unknown-fields": true});
        let version = json!({"name": "v1", "served": true, "storage": true, "schema": {"openAPIV3Schema": open},
            "subresources": {"status": {}}});
        let names = json!({"kind": kind, "plural": plural, "singular": kind.to_lowercase()});
        let spec = json!({"group": group, "scope": "Namespaced", "names": names, "versions": [version]});
        let object = json!({"metadata": {"name": format!("{plural}.{group}")}, "spec": spec});
        self.create("apiextensions.k8s.io/v1", "CustomResourceDefinition", "", object).await;
        let api = self.api(&format!("{group}/v1"), kind, "dev");
        while api.list(&kube::api::ListParams::default()).await.is_err() {
            tokio::task::yield_now().await;
        }
    }

    /// Does actions of a step of the track as a person would, without the journal.
    pub(super) async fn by_hand(&self, step: usize, actions: &[usize]) {
        self.session.perform("dev", step, actions).await.unwrap();
    }

    pub(super) async fn rehearse(&self) -> Result<(), String> {
        let result = self.session.rehearse(&["dev".to_owned()], &RehearseOptions::default()).await;
        result.map(|_| ()).map_err(|error| error.to_string())
    }
}

async fn serve(world: &World) -> Served {
    let users = Arc::new(Users::open(&world.path("users.json")).unwrap());
    for (login, email, is_admin) in [("atelier", "a@example.org", true), ("dev", "dana@example.org", false)] {
        let user = NewUser {
            login: login.to_owned(),
            email: email.to_owned(),
            password: Some(PASSWORD.to_owned()),
            is_admin,
            full_name: String::new(),
        };
        users.create(user).unwrap();
    }
    let name = "forge.atelier.internal:3000".to_owned();
    let registry =
        registry::Config { data: world.path("registry"), users: users.clone(), name: name.clone() };
    let config = forge::Config { data: world.path("repositories"), users, name };
    let forge = forge::Forge::open(config).await.unwrap();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let registry = Registry::open(registry).await.unwrap();
    let router = forge.router().merge(registry.router());
    tokio::spawn(async move { axum::serve(listener, router).await });
    let api = Gitea::with_password(&url, "atelier", PASSWORD);
    api.create_repository("dev", false, "site", false).await.unwrap();
    Served { forge, silent: Arc::default(), url, api }
}

/// Pushes one file to a branch of the repository, as the actor, from a clone beside the lab.
pub(super) async fn push(lab: &Lab, branch: &str, path: &str, content: &str) {
    push_by(lab, "dana@example.org", branch, path, content).await;
}

pub(super) async fn push_by(lab: &Lab, email: &str, branch: &str, path: &str, content: &str) {
    let clone = lab.world.path("elsewhere");
    let url = lab.session.platform.forge.url().replace("//", &format!("//dev:{PASSWORD}@"));
    let script = format!(
        "test -d {clone}/.git || git clone -q {url}/dev/site.git {clone}
         cd {clone} && git fetch -q
         git checkout -q -B {branch} origin/{branch} 2>/dev/null || git checkout -q -B {branch}
         mkdir -p $(dirname {path}) && printf '{content}' > {path} && git add -A && git commit -q -m change
         git push -q origin {branch}",
        clone = clone.display(),
    );
    let who = ["GIT_AUTHOR", "GIT_COMMITTER"];
    let command = Command::new("sh").args(["-e", "-c", &script]);
    let command = who.iter().fold(command, |command, who| {
        command.env(format!("{who}_NAME"), "Dana Dev").env(format!("{who}_EMAIL"), email)
    });
    command.run().await.unwrap();
}
