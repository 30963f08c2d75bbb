//! Checks against a real API server and a real forge, both of this process: what they see, what wakes them, what they
//! say of things that are nearly right. Whoever changes the lab does so when a check waits, as a learner would.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use atelier::accounts::{Identity, NewUser, Users};
use atelier::apiserver::{self, ApiServer};
use atelier::events::{Event, Events, Outcome};
use atelier::forge;
use atelier::platform::{Actor, Cluster, Error, Forge, Gitea, Push, Repository};
use atelier::process::Command;
use atelier::scenario::{RehearseOptions, Session};
use futures::stream::{BoxStream, StreamExt as _};
use kube::api::{Api, DynamicObject, Patch, PatchParams, PostParams};
use kube::core::{ApiResource, GroupVersionKind};
use serde_json::{Value, json};
use tokio::sync::mpsc;

use super::world::World;

const PASSWORD: &str = "correct-horse";

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
        let plain = |push: Result<forge::Push, _>| async {
            let forge::Push { repository, reference, after, .. } = push.ok()?;
            Some(Push { repository, reference, after })
        };
        Ok(pushes.filter_map(plain).boxed())
    }
}

/// A world with servers.
struct Lab {
    world: World,
    client: kube::Client,
    session: Session,
    /// What checks wait for, as it is told.
    waits: mpsc::UnboundedReceiver<(String, String)>,
}

impl Lab {
    async fn new(steps: &str) -> Self {
        let world = World::new("steps: []\n", steps);
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
        let lab = Self { world, client, session, waits };
        lab.create("v1", "Namespace", "", json!({"metadata": {"name": "dev"}})).await;
        lab
    }

    fn api(&self, api_version: &str, kind: &str, namespace: &str) -> Api<DynamicObject> {
        let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
        let resource = ApiResource::from_gvk(&GroupVersionKind::gvk(group, version, kind));
        match namespace {
            "" => Api::all_with(self.client.clone(), &resource),
            _ => Api::namespaced_with(self.client.clone(), namespace, &resource),
        }
    }

    async fn create(&self, api_version: &str, kind: &str, namespace: &str, mut object: Value) {
        object["apiVersion"] = json!(api_version);
        object["kind"] = json!(kind);
        let object: DynamicObject = serde_json::from_value(object).unwrap();
        self.api(api_version, kind, namespace).create(&PostParams::default(), &object).await.unwrap();
    }

    async fn merge(&self, api_version: &str, kind: &str, name: &str, patch: Value) {
        let patch = Patch::Merge(patch);
        self.api(api_version, kind, "dev").patch(name, &PatchParams::default(), &patch).await.unwrap();
    }

    async fn report(&self, name: &str, status: Value) {
        let patch = Patch::Merge(status);
        let api = self.api("kustomize.toolkit.fluxcd.io/v1", "Kustomization", "dev");
        api.patch_status(name, &PatchParams::default(), &patch).await.unwrap();
    }

    /// A definition without rules: what the API server itself demands of these kinds is tested elsewhere.
    async fn define(&self, group: &str, kind: &str, plural: &str) {
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

    async fn rehearse(&self) -> Result<(), String> {
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
    let config = forge::Config { data: world.path("repositories"), users, name };
    let forge = forge::Forge::open(config).await.unwrap();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let router = forge.router();
    tokio::spawn(async move { axum::serve(listener, router).await });
    let api = Gitea::with_password(&url, "atelier", PASSWORD);
    api.create_repository("dev", false, "site").await.unwrap();
    Served { forge, url, api }
}

/// Runs `work` until it ends, and `answer` at every wait of a check.
async fn with_answers<T>(
    work: impl Future<Output = T>,
    waits: &mut mpsc::UnboundedReceiver<(String, String)>,
    mut answer: impl AsyncFnMut(&str, &str),
) -> (T, Vec<(String, String)>) {
    tokio::pin!(work);
    let seen = Mutex::new(Vec::new());
    let listen = async {
        while let Some((check, observed)) = waits.recv().await {
            seen.lock().unwrap().push((check.clone(), observed.clone()));
            answer(&check, &observed).await;
        }
        std::future::pending::<()>().await;
    };
    let result = tokio::select! { result = &mut work => result, () = listen => unreachable!() };
    (result, seen.into_inner().unwrap())
}

const CONFIG: &str = r#"steps:
- id: settings
  title: Settings
  explain: Settings.
  verify:
  - k8s:
      id: there
      apiVersion: v1
      kind: ConfigMap
      name: settings
      match: { data: { colour: red } }
      cel: ["object.metadata.namespace == actor.namespace"]
      save: { uid: object.metadata.uid }
  - k8s: { id: pair, apiVersion: v1, kind: ConfigMap, labels: { app: site }, count: 2 }
  - k8s:
      id: gone
      apiVersion: v1
      kind: ConfigMap
      name: settings
      absent: true
      message: The settings are still there.
"#;

#[tokio::test(flavor = "multi_thread")]
async fn objects_are_watched_and_near_misses_named() {
    let mut lab = Lab::new(CONFIG).await;
    lab.create("v1", "Namespace", "", json!({"metadata": {"name": "other"}})).await;
    let config = |name: &str, colour: &str| json!({"metadata": {"name": name, "labels": {"app": "site"}}, "data": {"colour": colour}});
    lab.create("v1", "ConfigMap", "other", config("settings", "red")).await;
    let mut waits = std::mem::replace(&mut lab.waits, mpsc::unbounded_channel().1);
    let answer = async |check: &str, observed: &str| match (check, observed) {
        ("there", observed) if observed.contains("`other`") => {
            lab.create("v1", "ConfigMap", "dev", config("settings", "blue")).await;
        }
        ("there", _) => lab.merge("v1", "ConfigMap", "settings", json!({"data": {"colour": "red"}})).await,
        ("pair", _) => lab.create("v1", "ConfigMap", "dev", config("second", "red")).await,
        _ => {
            let api = lab.api("v1", "ConfigMap", "dev");
            api.delete("settings", &kube::api::DeleteParams::default()).await.unwrap();
        }
    };
    let (result, seen) = with_answers(lab.rehearse(), &mut waits, answer).await;
    result.unwrap();
    let seen: Vec<_> = seen.iter().map(|(check, observed)| format!("{check}: {observed}")).collect();
    assert_eq!(
        seen,
        [
            "there: there is no ConfigMap `settings` in `dev`, but there is one in `other`",
            "there: `data.colour` is \"blue\", not \"red\"",
            "pair: there is one ConfigMap",
            "gone: The settings are still there. (ConfigMap `settings` is there)",
        ]
    );
}

const PUSH: &str = r#"steps:
- id: push
  title: Push
  explain: Push.
  verify:
  - git:
      id: pushed
      repo: site
      file: app/values.yaml
      author: "{{ actor.email }}"
      text: { contains: "copies: 4" }
      save: { commit: commit.sha }
      within: 30s
  - flux:
      id: applied
      kustomization: site
      revision: "{{ facts.push.pushed.commit }}"
      within: 30s
"#;

/// Pushes one file to a branch of the repository, as the actor, from a clone beside the lab.
async fn push(lab: &Lab, branch: &str, path: &str, content: &str) {
    push_by(lab, "dana@example.org", branch, path, content).await;
}

async fn push_by(lab: &Lab, email: &str, branch: &str, path: &str, content: &str) {
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

#[tokio::test(flavor = "multi_thread")]
async fn a_push_is_followed_to_the_commit_that_flux_has_applied() {
    let mut lab = Lab::new(PUSH).await;
    lab.define("kustomize.toolkit.fluxcd.io", "Kustomization", "kustomizations").await;
    lab.define("source.toolkit.fluxcd.io", "GitRepository", "gitrepositories").await;
    let (flux, source) = ("kustomize.toolkit.fluxcd.io/v1", "source.toolkit.fluxcd.io/v1");
    let url = "http://forge.atelier.internal:3000/dev/site.git";
    lab.create(source, "GitRepository", "dev", json!({"metadata": {"name": "site"}, "spec": {"url": url}}))
        .await;
    let reference = json!({"sourceRef": {"kind": "GitRepository", "name": "site"}});
    lab.create(flux, "Kustomization", "dev", json!({"metadata": {"name": "site"}, "spec": reference})).await;
    let mut waits = std::mem::replace(&mut lab.waits, mpsc::unbounded_channel().1);
    let ready = |status: &str, reason: &str, message: &str, revision: &str| {
        let condition = json!({"type": "Ready", "status": status, "reason": reason, "message": message});
        json!({"status": {"observedGeneration": 1, "conditions": [condition], "lastAppliedRevision": revision}})
    };
    let head = async |lab: &Lab| {
        let branch = lab.session.platform.forge.api().branch("dev", "site", "main").await.unwrap();
        format!("main@sha1:{}", branch.unwrap().commit)
    };
    let old = Mutex::new(String::new());
    let answer = async |check: &str, observed: &str| match check {
        "pushed" if observed.contains("nothing has been pushed") => {
            push(&lab, "main", "README.md", "site").await;
        }
        "pushed" if observed.ends_with("is not on `main`") => {
            push(&lab, "next", "app/values.yaml", "copies: 4").await;
        }
        // The check looks again at the push to the other branch, too.
        "pushed" if observed.contains("it is on branch `next`") => {
            push(&lab, "main", "App/values.yaml", "copies: 4").await;
        }
        "pushed" if observed.contains("capitals") => {
            push(&lab, "main", "app/values.yaml", "copies: 1").await;
        }
        "pushed" => {
            *old.lock().unwrap() = head(&lab).await;
            push(&lab, "main", "app/values.yaml", "copies: 4").await;
        }
        _ if observed.contains("no Ready condition") => {
            let revision = old.lock().unwrap().clone();
            lab.report("site", ready("True", "ReconciliationSucceeded", "", &revision)).await;
        }
        _ if observed.contains(", not at ") => {
            let failed = ready("False", "HealthCheckFailed", "timeout", &head(&lab).await);
            lab.report("site", failed).await;
        }
        _ => {
            // Somebody else's commit on top is as good.
            push_by(&lab, "boss@example.org", "main", "more.txt", "more").await;
            let done = ready("True", "ReconciliationSucceeded", "", &head(&lab).await);
            lab.report("site", done).await;
        }
    };
    let (result, seen) = with_answers(lab.rehearse(), &mut waits, answer).await;
    result.unwrap();
    let hashes = regex::Regex::new("[0-9a-f]{8,40}").unwrap();
    let seen: Vec<_> = seen
        .iter()
        .map(|(check, observed)| format!("{check}: {}", hashes.replace_all(observed, "<hash>")))
        .collect();
    assert_eq!(
        seen,
        [
            "pushed: there is no branch `main`; nothing has been pushed",
            "pushed: `app/values.yaml` is not on `main`",
            "pushed: `app/values.yaml` is not on `main`, but it is on branch `next`: merge that into `main` and push `main`",
            "pushed: `app/values.yaml` is not on `main`, but `App/values.yaml` is: capitals and small letters are not the same",
            "pushed: there is not `copies: 4` in `app/values.yaml`",
            "applied: it has no Ready condition yet",
            "applied: it is at commit <hash>, not at <hash>",
            "applied: Ready is False: HealthCheckFailed: timeout",
        ]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failure_that_does_not_heal_ends_the_wait() {
    let mut lab = Lab::new(PUSH).await;
    lab.define("kustomize.toolkit.fluxcd.io", "Kustomization", "kustomizations").await;
    let flux = "kustomize.toolkit.fluxcd.io/v1";
    push(&lab, "main", "app/values.yaml", "copies: 4").await;
    let head = lab.session.platform.forge.api().branch("dev", "site", "main").await.unwrap().unwrap().commit;
    let conditions = json!([
        {"type": "Reconciling", "status": "True", "reason": "ProgressingWithRetry",
         "message": format!("Fetching manifests for revision main@sha1:{head} with a timeout of 30s")},
        {"type": "Ready", "status": "False", "reason": "ArtifactFailed", "message": "kustomization path not found"},
    ]);
    lab.create(flux, "Kustomization", "dev", json!({"metadata": {"name": "site"}, "spec": {}})).await;
    lab.report("site", json!({"status": {"conditions": conditions}})).await;
    let mut waits = std::mem::replace(&mut lab.waits, mpsc::unbounded_channel().1);
    let (result, seen) = with_answers(lab.rehearse(), &mut waits, async |_: &str, _: &str| ()).await;
    let error = result.unwrap_err();
    assert!(
        error.ends_with("last seen: Ready is False: ArtifactFailed: kustomization path not found"),
        "{error}"
    );
    assert_eq!(seen, []);
}
