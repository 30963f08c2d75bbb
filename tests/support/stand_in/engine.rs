//! A stand-in for Docker's engine: its API over a Unix socket, as far as a lab asks it. It has nothing, takes
//! everything, and says what a test has scripted where a real engine cannot be brought to say it. Containers that it
//! "makes" do not run. <https://docs.docker.com/reference/api/engine/version/v1.43/>

use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use http_body_util::BodyExt as _;
use regex::Regex;
use serde_json::{Value, json};
use tokio::sync::Notify;

/// What is answered.
#[derive(Clone)]
pub(crate) enum Answer {
    /// A status and a document.
    Json(u16, Value),
    /// A stream of documents, as pulls and builds have.
    Lines(Vec<Value>),
    /// An archive.
    Bytes(Vec<u8>),
    /// Nothing: the engine ends in the middle of the request, and every connection with it.
    Ends,
}

impl Answer {
    /// A refusal in the engine's form.
    pub(crate) fn refuses(status: u16, message: &str) -> Self {
        Self::Json(status, json!({ "message": message }))
    }
}

#[derive(Default)]
struct Shared {
    rules: Mutex<Vec<(Regex, Answer)>>,
    calls: Mutex<Vec<String>>,
    end: Notify,
}

/// The stand-in. It ends with the value.
pub(crate) struct EngineStandIn {
    folder: tempfile::TempDir,
    shared: Arc<Shared>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl EngineStandIn {
    /// An engine that has the images that it is asked for, and nothing else.
    pub(crate) fn start() -> Self {
        let folder = tempfile::Builder::new().prefix("engine-").tempdir().unwrap();
        let shared = Arc::<Shared>::default();
        let (path, state) = (folder.path().join("docker.sock"), shared.clone());
        let (ready, listens) = std::sync::mpsc::channel();
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                let listener = tokio::net::UnixListener::bind(&path).unwrap();
                ready.send(()).unwrap();
                let router = Router::new().fallback(answer).with_state(state.clone());
                tokio::select! {
                    served = axum::serve(listener, router) => served.unwrap(),
                    () = state.end.notified() => {}
                }
            });
            // Connections end here, whatever they are in the middle of.
            runtime.shutdown_background();
        });
        listens.recv().unwrap();
        Self { folder, shared, thread: Some(thread) }
    }

    /// Where it is, in the form of `DOCKER_HOST`.
    pub(crate) fn address(&self) -> String {
        format!("unix://{}", self.folder.path().join("docker.sock").display())
    }

    /// Scripts what is answered to a request such as `POST /networks/create`, from now on. The path is a pattern.
    pub(crate) fn on(&self, request: &str, answer: Answer) -> &Self {
        let pattern = Regex::new(&format!("^{request}$")).unwrap();
        self.shared.rules.lock().unwrap_or_else(PoisonError::into_inner).insert(0, (pattern, answer));
        self
    }

    /// The requests so far that changed, or would change, something.
    pub(crate) fn changes(&self) -> Vec<String> {
        let calls = self.shared.calls.lock().unwrap_or_else(PoisonError::into_inner).clone();
        calls.into_iter().filter(|call| !call.starts_with("GET ")).collect()
    }
}

impl Drop for EngineStandIn {
    fn drop(&mut self) {
        self.shared.end.notify_one();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

async fn answer(State(shared): State<Arc<Shared>>, mut request: Request) -> Response {
    // Who is answered before all is said may take it for a failure.
    while let Some(Ok(_)) = request.body_mut().frame().await {}
    let version = Regex::new(r"^/v1\.\d+").unwrap();
    let asked = format!("{} {}", request.method(), version.replace(request.uri().path(), ""));
    shared.calls.lock().unwrap_or_else(PoisonError::into_inner).push(asked.clone());
    let rules = shared.rules.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let scripted = rules.into_iter().find(|(pattern, _)| pattern.is_match(&asked)).map(|rule| rule.1);
    match scripted.unwrap_or_else(|| by_default(&asked)) {
        Answer::Json(status, document) => response(status, document.to_string()),
        Answer::Lines(lines) => {
            let lines = lines.iter().map(ToString::to_string).collect::<Vec<_>>();
            response(200, lines.join("\r\n"))
        }
        Answer::Bytes(bytes) => response(200, bytes),
        Answer::Ends => {
            shared.end.notify_one();
            std::future::pending().await
        }
    }
}

fn response(status: u16, body: impl Into<Body>) -> Response {
    let body = if status == 204 { Body::empty() } else { body.into() };
    let answer = Response::builder().status(StatusCode::from_u16(status).unwrap());
    answer.header("content-type", "application/json").body(body).unwrap()
}

/// An engine that is well, has any image and holds nothing.
fn by_default(asked: &str) -> Answer {
    let (method, path) = asked.split_once(' ').unwrap();
    let parts = path.trim_start_matches('/').split('/').collect::<Vec<_>>();
    match (method, parts.as_slice()) {
        ("GET", ["version"]) => Answer::Json(200, version("27.3.1", "1.47")),
        ("GET", ["info"]) => Answer::Json(200, info(8_000_000_000, "2")),
        ("GET", ["networks"] | ["images" | "containers", "json"]) => Answer::Json(200, json!([])),
        ("GET", ["volumes"]) => Answer::Json(200, json!({"Volumes": [], "Warnings": []})),
        ("GET", ["images", .., "json"]) => Answer::Json(200, image("amd64")),
        ("GET", _) => Answer::refuses(404, "no such thing"),
        ("POST", ["volumes", "create"]) => Answer::Json(
            201,
            json!({"Name": "v", "Driver": "local", "Mountpoint": "", "Labels": {}, "Scope": "local",
                "Options": {}}),
        ),
        ("POST", ["images", "create"]) => Answer::Lines(vec![json!({"id": "a", "status": "Pull complete"})]),
        ("POST", [_, "create"]) => Answer::Json(201, json!({"Id": "made", "Warning": "", "Warnings": []})),
        ("POST", ["build"]) => Answer::Lines(vec![json!({"stream": "built"})]),
        _ => Answer::Json(204, Value::Null),
    }
}

/// What an engine calls itself.
pub(crate) fn version(version: &str, api: &str) -> Value {
    json!({"Version": version, "ApiVersion": api, "Arch": "amd64", "Os": "linux",
        "Components": [{"Name": "Engine", "Version": version}]})
}

/// What an engine tells about its machine.
pub(crate) fn info(memory: u64, cgroup: &str) -> Value {
    json!({"OperatingSystem": "Stand-in Linux", "MemTotal": memory, "NCPU": 2, "CgroupVersion": cgroup,
        "SecurityOptions": ["name=seccomp"], "DockerRootDir": ""})
}

/// An image of an engine.
pub(crate) fn image(architecture: &str) -> Value {
    json!({"Id": format!("sha256:{}", "0".repeat(64)), "Architecture": architecture, "Os": "linux", "Size": 1_000_000,
        "RepoDigests": [format!("a/b@sha256:{}", "1".repeat(64))], "Config": {"Labels": {}}})
}
