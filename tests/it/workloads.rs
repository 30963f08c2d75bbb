//! A cluster for tests of workloads: API server, controllers and one simulated node in this process.

use std::fmt::Debug;
use std::future::Future;
use std::net::TcpListener;
use std::path::Path;
use std::time::Duration;

use atelier::accounts::Identity;
use atelier::apiserver::{ApiServer, Config};
use atelier::controllers::run_workload_controllers;
use atelier::kubelet::{self, Clock};
use atelier::objects::{Behaviour, Image};
use k8s_openapi::api::core::v1::{Event, Namespace, Pod};
use kube::api::{ListParams, Patch, PatchParams, PostParams};
use kube::core::NamespaceResourceScope;
use kube::runtime::wait::await_condition;
use kube::{Api, Client, Resource, ResourceExt as _};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// Nothing here takes so long; a test that waits for it hangs.
const PATIENCE: Duration = Duration::from_secs(30);

pub(crate) const POSTCARD: &str = "forge.atelier.internal:3000/fleet/postcard";

pub(crate) const JUKEBOX: &str = "forge.atelier.internal:3000/fleet/jukebox";

/// A running cluster with a namespace `app`.
pub(crate) struct Cluster {
    pub(crate) client: Client,
    pub(crate) kubelet: u16,
    /// The life cycle of objects ends with it.
    pub(crate) server: ApiServer,
    shutdown: CancellationToken,
    tasks: Vec<JoinHandle<()>>,
}

impl Cluster {
    /// Opens the cluster of a folder.
    pub(crate) async fn open(data: &Path) -> Self {
        Self::with_registry(data, None).await
    }

    /// Opens it with a registry of its own.
    pub(crate) async fn with_registry(data: &Path, registry: Option<kubelet::Registry>) -> Self {
        let config = Config {
            data: data.to_owned(),
            kubelet_token: "token-of-the-kubelet".to_owned(),
            ca_certificate: String::new(),
            audit: None,
        };
        let server = ApiServer::open(config).await.unwrap();
        let client = server.client(Identity::administrator());
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let shutdown = CancellationToken::new();
        let nodes = kubelet::Config {
            client: client.clone(),
            images: images(),
            registry,
            token: "token-of-the-kubelet".to_owned(),
            listener,
            nodes: vec!["workshop-1".to_owned()],
            clock: Clock::with_speed(10.0),
        };
        let token = shutdown.clone();
        let nodes = tokio::spawn(async move { kubelet::run(nodes, token).await.unwrap() });
        let controllers = tokio::spawn(run_workload_controllers(client.clone(), shutdown.clone()));
        let namespaces = Api::<Namespace>::all(client.clone());
        if namespaces.get_opt("app").await.unwrap().is_none() {
            let namespace = serde_json::from_value(json!({ "metadata": { "name": "app" } })).unwrap();
            namespaces.create(&PostParams::default(), &namespace).await.unwrap();
        }
        Self { client, kubelet: port, server, shutdown, tasks: vec![nodes, controllers] }
    }

    /// Ends everything, so that the folder can be opened again.
    pub(crate) async fn close(self) {
        self.shutdown.cancel();
        for task in self.tasks {
            task.await.unwrap();
        }
    }

    pub(crate) fn api<K>(&self) -> Api<K>
    where
        K: Resource<Scope = NamespaceResourceScope, DynamicType = ()>,
    {
        Api::namespaced(self.client.clone(), "app")
    }

    pub(crate) async fn create<K>(&self, object: Value) -> K
    where
        K: Resource<Scope = NamespaceResourceScope, DynamicType = ()>
            + Clone
            + Debug
            + DeserializeOwned
            + Serialize,
    {
        self.api::<K>()
            .create(&PostParams::default(), &serde_json::from_value(object).unwrap())
            .await
            .unwrap()
    }

    pub(crate) async fn patch<K>(&self, name: &str, patch: Value) -> K
    where
        K: Resource<Scope = NamespaceResourceScope, DynamicType = ()>
            + Clone
            + Debug
            + DeserializeOwned
            + Serialize,
    {
        self.api::<K>().patch(name, &PatchParams::default(), &Patch::Strategic(patch)).await.unwrap()
    }

    /// Waits until an object is as wanted, and returns it.
    pub(crate) async fn until<K>(&self, name: &str, wanted: impl Fn(&Value) -> bool) -> K
    where
        K: Resource<Scope = NamespaceResourceScope, DynamicType = ()>
            + Clone
            + Debug
            + DeserializeOwned
            + Serialize
            + Send
            + 'static,
    {
        let condition =
            |object: Option<&K>| object.is_some_and(|object| wanted(&serde_json::to_value(object).unwrap()));
        let found = tokio::time::timeout(PATIENCE, await_condition(self.api::<K>(), name, condition)).await;
        if let Ok(found) = found {
            return found.unwrap().unwrap();
        }
        let last = self.api::<K>().get_opt(name).await.unwrap();
        panic!("`{name}` did not become as wanted; it is {}", serde_json::to_string_pretty(&last).unwrap())
    }

    /// Waits until an object is gone.
    pub(crate) async fn until_gone<K>(&self, name: &str)
    where
        K: Resource<Scope = NamespaceResourceScope, DynamicType = ()>
            + Clone
            + Debug
            + DeserializeOwned
            + Send
            + 'static,
    {
        let gone = |object: Option<&K>| object.is_none();
        if let Ok(found) = tokio::time::timeout(PATIENCE, await_condition(self.api::<K>(), name, gone)).await
        {
            found.unwrap();
            return;
        }
        panic!("`{name}` is still there: {:?}", self.api::<K>().get_opt(name).await)
    }

    pub(crate) async fn pods(&self, labels: &str) -> Vec<Pod> {
        let pods = self.api::<Pod>().list(&ListParams::default().labels(labels)).await.unwrap().items;
        pods.into_iter().filter(|pod| pod.metadata.deletion_timestamp.is_none()).collect()
    }

    /// The text at a path of the API.
    pub(crate) async fn get(&self, path: &str) -> Result<String, kube::Error> {
        self.client.request_text(http::Request::get(path).body(Vec::new()).unwrap()).await
    }

    /// What happened to an object: reason, message and count, in order; waits until a reason is among them.
    pub(crate) async fn events(&self, name: &str, last: &str) -> Vec<String> {
        let api = self.api::<Event>();
        let of = format!("involvedObject.name={name}");
        let arrived =
            |event: Option<&Event>| event.is_some_and(|event| event.reason.as_deref() == Some(last));
        let mut seen = Box::pin(kube::runtime::watcher(
            api.clone(),
            kube::runtime::watcher::Config::default().fields(&of),
        ));
        patiently(async {
            use futures::TryStreamExt as _;
            use kube::runtime::watcher::Event as Change;
            loop {
                match seen.try_next().await.unwrap() {
                    Some(Change::Apply(event) | Change::InitApply(event)) if arrived(Some(&event)) => return,
                    Some(_) => {}
                    None => panic!("the watch ended"),
                }
            }
        })
        .await;
        let mut events = api.list(&ListParams::default().fields(&of)).await.unwrap().items;
        events.sort_by_key(|event| event.resource_version().and_then(|it| it.parse::<u64>().ok()));
        let text = |text: Option<String>| text.unwrap_or_default();
        events
            .into_iter()
            .map(|event| format!("{} {}: {}", text(event.type_), text(event.reason), text(event.message)))
            .collect()
    }
}

pub(crate) async fn patiently<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, future).await.expect("nothing takes so long")
}

fn images() -> Vec<Image> {
    let image = |reference: &str, tags: &[&str], behaviour| Image {
        reference: reference.to_owned(),
        tags: tags.iter().map(|&tag| tag.to_owned()).collect(),
        behaviour,
    };
    vec![
        image(POSTCARD, &["1.0.0", "1.0.1"], Behaviour::Postcard),
        image(JUKEBOX, &["1.0.0"], Behaviour::Jukebox),
        image("redis", &["7.4-alpine"], Behaviour::Redis),
        image("busybox", &["1.37"], Behaviour::Task),
        image("registry.k8s.io/pause", &["3.10"], Behaviour::Idle),
    ]
}

/// A Deployment `web` of Postcard; `more` is merged into its specification.
pub(crate) fn deployment(replicas: i32, tag: &str, more: &Value) -> Value {
    let mut object = json!({
        "metadata": { "name": "web" },
        "spec": {
            "replicas": replicas,
            "selector": { "matchLabels": { "app": "web" } },
            "template": {
                "metadata": { "labels": { "app": "web" } },
                "spec": { "containers": [container(tag)] },
            },
        },
    });
    json_patch::merge(&mut object["spec"], more);
    object
}

/// A container of Postcard with a readiness probe.
pub(crate) fn container(tag: &str) -> Value {
    json!({
        "name": "web",
        "image": format!("{POSTCARD}:{tag}"),
        "ports": [{ "name": "http", "containerPort": 8080 }],
        "readinessProbe": { "httpGet": { "path": "/readyz", "port": "http" }, "periodSeconds": 1 },
    })
}

/// A Service `web` before it.
pub(crate) fn service() -> Value {
    json!({
        "metadata": { "name": "web" },
        "spec": { "selector": { "app": "web" }, "ports": [{ "port": 80, "targetPort": "http" }] },
    })
}

/// Whether all replicas of a Deployment are of the newest template, and available.
pub(crate) fn is_rolled_out(deployment: &Value) -> bool {
    let (status, wanted) = (&deployment["status"], &deployment["spec"]["replicas"]);
    let seen = status["observedGeneration"] == deployment["metadata"]["generation"];
    seen && ["replicas", "updatedReplicas", "availableReplicas"].iter().all(|count| status[count] == *wanted)
}
