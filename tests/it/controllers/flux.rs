//! A lab for tests of the reconcilers: API server, forge and Flux' controllers in this process.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use atelier::accounts::{Identity, NewUser, Users};
use atelier::apiserver::{ApiServer, Config};
use atelier::artifacts::{Chart, Files, Remote, Storage};
use atelier::controllers::{self, Clock, Context, operator};
use atelier::forge::{self, Forge};
use atelier::objects::Condition;
use atelier::registry::{self, Registry};
use kube::api::{DynamicObject, ListParams, Patch, PatchParams};
use kube::core::NamespaceResourceScope;
use kube::runtime::wait::await_condition;
use kube::{Api, Client, Resource};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tokio_util::sync::{CancellationToken, DropGuard};

/// Nothing here takes so long; a test that waits for it hangs.
const PATIENCE: Duration = Duration::from_secs(30);
const PASSWORD: &str = "correct-horse";
pub(crate) const NAMESPACE: &str = "dev1-ns";

/// A lab with the namespace of `dev1` and a repository `dev1/dev1-apps`.
pub(crate) struct Lab {
    pub(crate) folder: tempfile::TempDir,
    pub(crate) client: Client,
    /// Where the forge is, without scheme.
    pub(crate) forge: String,
    _shutdown: DropGuard,
}

pub(crate) const DEPLOYMENT: &str = "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: aspicot\n  labels: {app: aspicot}\n\
spec:\n  replicas: 5\n  selector: {matchLabels: {app: aspicot}}\n  template:\n    metadata: {labels: {app: aspicot}}\n    \
spec:\n      containers:\n      - name: web\n        image: aspicot:1.0.0\n        ports: [{containerPort: 80}]\n";
pub(crate) const SERVICE: &str = "apiVersion: v1\nkind: Service\nmetadata: {name: aspicot}\nspec:\n  \
selector: {app: aspicot}\n  ports: [{port: 80}]\n";

pub(crate) const CHART: &str = "apiVersion: v2\nname: carapuce\nversion: 0.1.0\nappVersion: 1.0.0\n";
pub(crate) const CHART_TEMPLATE: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {{ .Release.Name }}-carapuce\n  \
labels:\n    app: carapuce\ndata:\n  message: {{ required \"message is required\" .Values.message }}\n";

/// The repository of the recordings: good folders and wrong ones.
pub(crate) fn files() -> BTreeMap<&'static str, String> {
    let invalid = DEPLOYMENT.replace("aspicot", "bad").replace("replicas: 5", "replicas: many");
    [
        ("good/aspicot/deployment.yaml", DEPLOYMENT.to_owned()),
        ("good/aspicot/service.yaml", SERVICE.to_owned()),
        ("bad/kustomization.yaml", "resources: [nope.yaml]\n".to_owned()),
        (
            "broken/cm.yaml",
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\ndata: [a, b\nx: y\n".to_owned(),
        ),
        ("charts/carapuce/Chart.yaml", CHART.to_owned()),
        ("charts/carapuce/templates/cm.yaml", CHART_TEMPLATE.to_owned()),
        ("invalid/deployment.yaml", invalid),
        (
            "forbidden/role.yaml",
            "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata: {name: sneaky}\nrules: []\n".to_owned(),
        ),
    ]
    .into()
}

impl Lab {
    pub(crate) async fn open() -> Self {
        Self::on(Clock::real()).await
    }

    /// A lab whose clock may be faster.
    pub(crate) async fn on(clock: Clock) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let config = Config {
            data: folder.path().join("cluster"),
            kubelet_token: String::new(),
            ca_certificate: String::new(),
            audit: None,
        };
        let server = ApiServer::open(config).await.unwrap();
        let client = server.client(Identity::administrator());
        for object in operator::manifest() {
            apply(&client, &object).await;
        }
        apply(
            &client,
            &json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": NAMESPACE } }),
        )
        .await;
        let account = json!({ "apiVersion": "v1", "kind": "ServiceAccount",
            "metadata": { "name": "dev1", "namespace": NAMESPACE } });
        apply(&client, &account).await;
        let role = json!({ "apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "admin" });
        let subjects = json!([{ "kind": "ServiceAccount", "name": "dev1", "namespace": NAMESPACE }]);
        let binding = json!({ "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding",
            "metadata": { "name": "dev1", "namespace": NAMESPACE }, "roleRef": role, "subjects": subjects });
        apply(&client, &binding).await;
        let forge = serve_forge(folder.path()).await;
        let reached = forge.clone();
        let context = Context {
            client: client.clone(),
            impersonate: Arc::new(move |namespace, name| {
                server.client(Identity::service_account(namespace, name))
            }),
            artifacts: Storage::open(&folder.path().join("artifacts")).unwrap(),
            resolve: Arc::new(move |host| {
                if host == "forge.atelier.internal:3000" { reached.clone() } else { host.to_owned() }
            }),
            clock,
            health_interval: Duration::from_secs(5),
        };
        let shutdown = CancellationToken::new();
        tokio::spawn(controllers::run_source_controller(context.clone(), shutdown.clone()));
        tokio::spawn(controllers::run_kustomize_controller(context.clone(), shutdown.clone()));
        tokio::spawn(controllers::run_helm_controller(context.clone(), shutdown.clone()));
        tokio::spawn(controllers::run_notification_controller(context, shutdown.clone()));
        Self { folder, client, forge, _shutdown: shutdown.drop_guard() }
    }

    /// A lab whose repository has the files of the recordings, and a source that is ready.
    pub(crate) async fn with_source() -> Self {
        Self::with_source_on(Clock::real()).await
    }

    pub(crate) async fn with_source_on(clock: Clock) -> Self {
        let lab = Self::on(clock).await;
        lab.push(&files(), "manifests").await;
        lab.apply(&Self::source(
            "dev1-apps",
            "http://forge.atelier.internal:3000/dev1/dev1-apps.git",
            "main",
        ))
        .await;
        lab.until_ready::<atelier::objects::flux::GitRepository>("dev1-apps", "True").await;
        lab
    }

    pub(crate) fn source(name: &str, url: &str, branch: &str) -> Value {
        json!({ "apiVersion": "source.toolkit.fluxcd.io/v1", "kind": "GitRepository",
            "metadata": { "name": name, "namespace": NAMESPACE },
            "spec": { "interval": "1m", "ref": { "branch": branch }, "timeout": "20s", "url": url } })
    }

    pub(crate) async fn apply(&self, object: &Value) {
        apply(&self.client, object).await;
    }

    pub(crate) fn api<K>(&self) -> Api<K>
    where
        K: Resource<DynamicType = (), Scope = NamespaceResourceScope>,
    {
        Api::namespaced(self.client.clone(), NAMESPACE)
    }

    /// Commits `files` as the whole tree of `main` and pushes it; returns the commit. A text that begins with `-> ` is a
    /// symbolic link to the rest of it.
    pub(crate) async fn push(&self, files: &BTreeMap<&'static str, String>, message: &str) -> String {
        let (files, message) = (files.clone(), message.to_owned());
        let folder = self.folder.path().join("work");
        let url = format!("http://dev1:{PASSWORD}@{}/dev1/dev1-apps.git", self.forge);
        tokio::task::spawn_blocking(move || commit(&folder, &url, &files, &message)).await.unwrap()
    }

    /// Packages a chart and pushes it to `dev1` in the registry.
    pub(crate) async fn push_chart(&self, files: &[(&str, String)], version: &str) {
        let files = files.iter().map(|(path, text)| ((*path).to_owned(), text.clone().into_bytes()));
        let chart = Chart::package(files.collect::<Files>(), Some(version), None).unwrap();
        let url = format!("http://{}", self.forge);
        let remote = Remote::new(&url, &format!("dev1/{}", chart.name), "dev1", PASSWORD);
        assert!(remote.push(&chart.tag(), &chart.packed()).await.unwrap());
    }

    /// The Secrets with the credentials of `dev1`: `registry` for charts, `pull` for images.
    pub(crate) async fn add_secrets(&self) {
        let plain = json!({ "apiVersion": "v1", "kind": "Secret",
            "metadata": { "name": "registry", "namespace": NAMESPACE },
            "stringData": { "username": "dev1", "password": PASSWORD } });
        let auths = json!({ "auths": { "forge.atelier.internal:3000":
            { "username": "dev1", "password": PASSWORD } } });
        let docker = json!({ "apiVersion": "v1", "kind": "Secret", "type": "kubernetes.io/dockerconfigjson",
            "metadata": { "name": "pull", "namespace": NAMESPACE },
            "stringData": { ".dockerconfigjson": auths.to_string() } });
        self.apply(&plain).await;
        self.apply(&docker).await;
    }

    /// Waits until an object is as `condition` says.
    pub(crate) async fn until<K>(&self, name: &str, condition: impl Fn(&K) -> bool + Send + Sync) -> K
    where
        K: Resource<DynamicType = (), Scope = NamespaceResourceScope>
            + Clone
            + Debug
            + DeserializeOwned
            + Send
            + Sync
            + 'static,
    {
        let holds = |object: Option<&K>| object.is_some_and(&condition);
        let waits = await_condition(self.api::<K>(), name, holds);
        let Ok(found) = tokio::time::timeout(PATIENCE, waits).await else {
            panic!("`{name}` stays as {:#?}", self.api::<K>().get_opt(name).await)
        };
        found.unwrap().unwrap()
    }

    /// Waits until `Ready` has a status, and the verdict of the reconciliation is written.
    pub(crate) async fn until_ready<K>(&self, name: &str, status: &str) -> Value
    where
        K: Resource<DynamicType = (), Scope = NamespaceResourceScope>
            + Clone
            + Debug
            + DeserializeOwned
            + serde::Serialize
            + Send
            + Sync
            + 'static,
    {
        let settled = |object: &K| {
            let conditions = atelier::objects::conditions(&serde_json::to_value(object).unwrap());
            let is = |one: &Condition, kind: &str| one.kind == kind;
            conditions.iter().any(|one| is(one, "Ready") && one.status == status)
                && conditions
                    .iter()
                    .all(|one| !is(one, "Reconciling") || one.reason == "ProgressingWithRetry")
        };
        serde_json::to_value(self.until::<K>(name, settled).await).unwrap()
    }

    /// Messages of an object's events, in the order of their names.
    pub(crate) async fn events(&self, name: &str) -> Vec<String> {
        let events = self.api::<k8s_openapi::api::core::v1::Event>();
        let list = events.list(&ListParams::default()).await.unwrap().items;
        let mut list = list
            .into_iter()
            .filter(|event| event.involved_object.name.as_deref() == Some(name))
            .collect::<Vec<_>>();
        list.sort_by_key(|event| event.metadata.name.clone());
        let text = |event: k8s_openapi::api::core::v1::Event| {
            format!("{} {} {}", event.type_.unwrap(), event.reason.unwrap(), event.message.unwrap())
        };
        list.into_iter().map(text).map(|line| redact(&line)).collect()
    }
}

async fn serve_forge(folder: &Path) -> String {
    let users = Arc::new(Users::open(&folder.join("users.json")).unwrap());
    let user = NewUser {
        login: "dev1".to_owned(),
        email: "dev1@example.com".to_owned(),
        password: Some(PASSWORD.to_owned()),
        ..NewUser::default()
    };
    users.create(user).unwrap();
    let name = "forge.atelier.internal:3000".to_owned();
    let config = registry::Config { data: folder.join("registry"), users: users.clone(), name: name.clone() };
    let registry = Registry::open(config).await.unwrap();
    let forge = Forge::open(forge::Config { data: folder.join("forge"), users, name }).await.unwrap();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let router = forge.router().merge(registry.router());
    tokio::spawn(async move { axum::serve(listener, router).await });
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let request = http.post(format!("http://{address}/api/v1/user/repos")).basic_auth("dev1", Some(PASSWORD));
    let answer =
        request.json(&json!({ "name": "dev1-apps", "default_branch": "main" })).send().await.unwrap();
    assert_eq!(answer.status(), 201);
    address
}

async fn apply(client: &Client, object: &Value) {
    let typed: DynamicObject = serde_json::from_value(object.clone()).unwrap();
    let kind = kube::api::GroupVersionKind::try_from(typed.types.as_ref().unwrap()).unwrap();
    let resource = kube::api::ApiResource::from_gvk(&kind);
    let api: Api<DynamicObject> = match typed.metadata.namespace.as_deref() {
        Some(namespace) => Api::namespaced_with(client.clone(), namespace, &resource),
        None => Api::all_with(client.clone(), &resource),
    };
    let name = typed.metadata.name.clone().unwrap();
    let params = PatchParams::apply("test").force();
    api.patch(&name, &params, &Patch::Apply(object)).await.unwrap_or_else(|error| panic!("{name}: {error}"));
}

fn commit(folder: &Path, url: &str, files: &BTreeMap<&'static str, String>, message: &str) -> String {
    let repository =
        git2::Repository::open(folder).unwrap_or_else(|_| git2::Repository::init(folder).unwrap());
    let mut index = git2::Index::new().unwrap();
    repository.set_index(&mut index).unwrap();
    for (path, text) in files {
        let link = text.strip_prefix("-> ");
        let id = repository.blob(link.unwrap_or(text).as_bytes()).unwrap();
        let time = git2::IndexTime::new(0, 0);
        let entry = git2::IndexEntry {
            ctime: time,
            mtime: time,
            dev: 0,
            ino: 0,
            mode: if link.is_some() { 0o120_000 } else { 0o100_644 },
            uid: 0,
            gid: 0,
            file_size: u32::try_from(text.len()).unwrap(),
            id,
            flags: 0,
            flags_extended: 0,
            path: path.as_bytes().to_vec(),
        };
        index.add(&entry).unwrap();
    }
    let tree = repository.find_tree(index.write_tree_to(&repository).unwrap()).unwrap();
    let author = git2::Signature::now("Dev1", "dev1@example.com").unwrap();
    let parent =
        repository.refname_to_id("refs/heads/main").ok().map(|id| repository.find_commit(id).unwrap());
    let parents = parent.iter().collect::<Vec<_>>();
    let id = repository.commit(Some("refs/heads/main"), &author, &author, message, &tree, &parents).unwrap();
    let mut remote = repository.remote_anonymous(url).unwrap();
    remote.push(&["refs/heads/main:refs/heads/main"], None).unwrap();
    id.to_string()
}

/// Spec and status of a recording.
pub(crate) fn recorded(name: &str) -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/fixtures/flux/{name}.yaml"));
    let text = std::fs::read_to_string(path).unwrap();
    atelier::manifests::yaml::read_documents(&text).unwrap().remove(0)
}

/// The status, without what differs from run to run.
pub(crate) fn status(object: &Value) -> Value {
    let text = redact(&serde_json::to_string_pretty(&object["status"]).unwrap());
    serde_json::from_str(&text).unwrap()
}

/// Replaces hashes, times, durations, folders, ports and counts.
pub(crate) fn redact(text: &str) -> String {
    let rules = [
        (r"sha1:[0-9a-f]{40}", "sha1:<commit>"),
        (r"sha256:[0-9a-f]{64}", "sha256:<digest>"),
        (r"[0-9a-f]{40}\.tar\.gz", "<commit>.tar.gz"),
        (r"/hook/(<digest>|[0-9a-f]{64})", "/hook/<digest>"),
        (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", "<time>"),
        (r"(<tmpdir>|/tmp/kustomization-\d+|/tmp/helmchart-[a-z0-9-]+)", "<tmpdir>"),
        (r"\+[0-9a-f]{12}\b", "+<commit>"),
        (
            r#""lastAttemptedReleaseActionDuration": "[^"]*""#,
            r#""lastAttemptedReleaseActionDuration": "<took>""#,
        ),
        (r#""failures": \d+"#, r#""failures": 1"#),
        (r"\d+\.?\d*(µs|ms|s)\b(, next)", "<took>$2"),
        (r#""lastReconciledDuration": "[^"]*""#, r#""lastReconciledDuration": "<took>""#),
        (r#""totalReconciliations": \d+"#, r#""totalReconciliations": 1"#),
        (r#""size": \d+"#, r#""size": 1"#),
        (
            r"http://(127\.0\.0\.1:9790|source-controller\.flux-system\.svc\.cluster\.local\.)/",
            "http://<storage>/",
        ),
        (r"(127\.0\.0\.1:3000|forge\.atelier\.internal:3000|127\.0\.0\.1:\d{4,5})", "<forge>"),
    ];
    rules.iter().fold(text.to_owned(), |text, (pattern, new)| {
        regex::Regex::new(pattern).unwrap().replace_all(&text, *new).into_owned()
    })
}
