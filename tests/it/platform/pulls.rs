//! Pulls by a real engine. Its registry is ours on 127.0.0.1, a stand-in for a public one, behind a gate that notes who
//! asks for what and can refuse as public registries do. Skipped, with the reason, where no engine answers.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::sync::{Arc, Mutex};

use atelier::platform::k3d::{Engine, Settings, Site};
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::response::Response;
use base64::Engine as _;
use serde_json::json;

use super::engine::{engine, lab};
use super::{settings, site, told};
use crate::registry::world::{MANIFEST, PASSWORD, World, digest};
use crate::support::Redaction;

/// What the gate answers instead of the registry, to the request with this path, which is the so-many-th.
pub(super) type Script = fn(path: &str, number: usize) -> Option<(u16, String)>;

/// A manifest that has not the digest under which it is given.
const LIE: &str = r#"{"schemaVersion": 2, "mediaType": "application/vnd.docker.distribution.manifest.v2+json",
    "config": {"mediaType": "application/vnd.docker.container.image.v1+json", "size": 2, "digest":
    "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"}, "layers": []}"#;

/// A registry, a gate before it, and a lab's place in the engine that pulls from there.
pub(super) struct Pulls {
    world: World,
    host: String,
    asked: Arc<Mutex<Vec<String>>>,
    name: String,
    pub(super) home: tempfile::TempDir,
    pub(super) settings: Settings,
}

#[derive(Clone)]
struct Gate {
    to: String,
    script: Script,
    asked: Arc<Mutex<Vec<String>>>,
    http: reqwest::Client,
}

async fn pass(State(gate): State<Gate>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let path = parts.uri.path_and_query().map_or("/", |path| path.as_str()).to_owned();
    let header =
        |name: &str| parts.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let basic = header("authorization").strip_prefix("Basic ").map(str::to_owned).unwrap_or_default();
    let login = base64::engine::general_purpose::STANDARD.decode(basic).unwrap_or_default();
    let user = String::from_utf8(login).unwrap().split(':').next().unwrap().to_owned();
    let number = {
        let mut asked = gate.asked.lock().unwrap();
        let plain = parts.uri.path();
        let who = if user.is_empty() { "nobody" } else { &user };
        asked.push(format!("{} {plain} as {who}", parts.method));
        asked.iter().filter(|line| line.contains(plain)).count()
    };
    if let Some((status, text)) = (gate.script)(&path, number) {
        let answer = Response::builder().status(status).header("content-type", MANIFEST);
        return answer.body(Body::from(text)).unwrap();
    }
    let body = to_bytes(body, 1 << 24).await.unwrap();
    let request = gate.http.request(parts.method.clone(), format!("{}{path}", gate.to));
    let request =
        ["host", "authorization", "accept"].into_iter().fold(request, |request, name| match header(name) {
            "" => request,
            value => request.header(name, value),
        });
    let answer = request.body(body).send().await.unwrap();
    let mut response = Response::builder().status(answer.status());
    *response.headers_mut().unwrap() = answer.headers().clone();
    response.headers_mut().unwrap().remove("transfer-encoding");
    response.body(Body::from(answer.bytes().await.unwrap())).unwrap()
}

impl Pulls {
    /// None where no engine answers.
    pub(super) async fn open(test: &str, script: Script) -> Option<Self> {
        let engine: Engine = engine().await?;
        let world = World::open().await;
        let asked = Arc::<Mutex<Vec<String>>>::default();
        let gate = Gate { to: world.url.clone(), script, asked: asked.clone(), http: world.http.clone() };
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let host = listener.local_addr().unwrap().to_string();
        let router = Router::new().fallback(pass).with_state(gate);
        tokio::spawn(async move { axum::serve(listener, router).await });
        let (name, home) = (lab(test), tempfile::tempdir().unwrap());
        Some(Self { world, host, asked, name, home, settings: settings(engine.address()) })
    }

    /// Pushes an image with a layer for each text.
    pub(super) async fn push(&self, tag: &str, architecture: &str, texts: &[&str]) -> String {
        let image = format!("dev1/{}", self.name);
        let (mut layers, mut plain) = (Vec::new(), Vec::new());
        for text in texts {
            let mut archive = tar::Builder::new(Vec::new());
            let mut header = tar::Header::new_gnu();
            let content = format!("{text} of {}", self.name);
            header.set_size(content.len() as u64);
            header.set_mode(0o644);
            archive.append_data(&mut header, format!("{text}.txt"), content.as_bytes()).unwrap();
            let archive = archive.into_inner().unwrap();
            plain.push(digest(&archive));
            let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
            packed.write_all(&archive).unwrap();
            let packed = packed.finish().unwrap();
            let pushed = self.world.push_blob(&image, &packed).await;
            layers.push(json!({"mediaType": "application/vnd.docker.image.rootfs.diff.tar.gzip",
                "digest": pushed, "size": packed.len()}));
        }
        let config = json!({"architecture": architecture, "os": "linux", "config": {"Cmd": ["x"],
            "Labels": {"atelier.test": self.name}}, "rootfs": {"type": "layers", "diff_ids": plain}});
        let config = config.to_string();
        let pushed = self.world.push_blob(&image, config.as_bytes()).await;
        let manifest = json!({"schemaVersion": 2, "mediaType": MANIFEST, "layers": layers, "config": {
            "mediaType": "application/vnd.docker.container.image.v1+json", "digest": pushed, "size": config.len()}});
        let answer = self.world.push_manifest(&image, tag, &manifest.to_string()).await;
        assert_eq!(answer.status, 201, "{}", answer.text());
        digest(manifest.to_string().as_bytes())
    }

    /// The image's name at the gate, with what comes after it: `:tag`, `@digest` or nothing.
    pub(super) fn reference(&self, rest: &str) -> String {
        format!("{}/dev1/{}{rest}", self.host, self.name)
    }

    async fn site(&self) -> Site {
        site(self.home.path(), &self.name, &self.settings).await
    }

    /// Pulls; what is told on the way, and what it came to.
    pub(super) async fn pull(&self, reference: &str) -> String {
        let lines = Mutex::new(Vec::new());
        let pulled =
            self.site().await.ensure_pulled(reference, &|text| lines.lock().unwrap().push(text)).await;
        let end = match pulled {
            Ok(true) => "pulled\n".to_owned(),
            Ok(false) => "it was there\n".to_owned(),
            Err(error) => told(error),
        };
        let text =
            lines.into_inner().unwrap().iter().fold(String::new(), |text, line| text + "… " + line + "\n");
        self.redact(&(text + &end))
    }

    /// Pulls in vain, once. The words between ours and the hint are the engine's, and differ from one to the next.
    async fn refuses(&self, rest: &str, error: &str, hint: &str) {
        let told = self.pull(&self.reference(rest)).await;
        let lines = told.lines().collect::<Vec<_>>();
        assert!(lines.len() == 4 && lines[1].starts_with(error), "{told}");
        assert_eq!([lines[2], lines[3]], [hint, "exit code 4"], "{told}");
    }

    pub(super) fn redact(&self, text: &str) -> String {
        let names = vec![(self.host.clone(), "<registry>"), (self.name.clone(), "<image>")];
        Redaction::new(names).apply(text)
    }

    /// The images that were pulled for the lab; they are removed.
    pub(super) async fn purge(&self) -> Vec<String> {
        let site = self.site().await;
        let pulled = site.pulled().await.unwrap();
        site.purge(&pulled).await.unwrap();
        assert_eq!(site.pulled().await.unwrap(), []);
        let left = ["", ":1", ":latest"].map(|rest| self.reference(rest));
        for name in left {
            assert!(!site.has_image(&name).await.unwrap(), "{name}");
        }
        pulled.into_iter().map(|(name, _)| self.redact(&name)).collect()
    }
}

pub(super) fn nothing(_: &str, _: usize) -> Option<(u16, String)> {
    None
}

#[tokio::test(flavor = "multi_thread")]
async fn an_image_comes_layer_by_layer_from_a_stand_in_for_a_public_registry() {
    let Some(pulls) = Pulls::open("layers", nothing).await else { return };
    pulls.push("latest", "amd64", &["one", "two"]).await;
    pulls.push("other", "amd64", &["one", "three"]).await;
    let first = pulls.pull(&pulls.reference("")).await;
    let lines = first.lines().collect::<Vec<_>>();
    assert_eq!(lines[0], "… image <registry>/dev1/<image>:latest is pulled");
    assert!(lines.contains(&"… image <registry>/dev1/<image>:latest: 2 of 2 layers, 0 of 0 MB"), "{first}");
    assert_eq!(*lines.last().unwrap(), "pulled");
    assert_eq!(pulls.pull(&pulls.reference("")).await, "it was there\n");
    let site = pulls.site().await;
    assert!(!site.has_image(&pulls.reference(":other")).await.unwrap(), "one tag is pulled, not all");
    assert_eq!(pulls.purge().await, ["<registry>/dev1/<image>"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mirror_is_asked_instead_and_leaves_no_name() {
    let Some(mut pulls) = Pulls::open("mirror", nothing).await else { return };
    pulls.push("1", "amd64", &["one"]).await;
    pulls.settings.mirrors = BTreeMap::from([("docker.io".to_owned(), pulls.host.clone())]);
    let hub = format!("dev1/{}:1", pulls.name);
    let pulled = pulls.pull(&hub).await;
    assert!(pulled.starts_with("… image <registry>/dev1/<image>:1 is pulled\n"), "{pulled}");
    assert!(pulled.ends_with("pulled\n"), "{pulled}");
    assert!(pulls.site().await.has_image(&hub).await.unwrap());
    assert_eq!(pulls.purge().await, ["dev1/<image>:1"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_login_is_the_one_that_docker_has() {
    let Some(mut pulls) = Pulls::open("login", nothing).await else { return };
    pulls.push("1", "amd64", &["one"]).await;
    let config = tempfile::tempdir().unwrap();
    let write = |password: &str| {
        let auth = base64::engine::general_purpose::STANDARD.encode(format!("dev1:{password}"));
        let text = json!({"auths": {&pulls.host: {"auth": auth}}}).to_string();
        std::fs::write(config.path().join("config.json"), text).unwrap();
    };
    write("wrong");
    pulls.settings.search.config = Some(config.path().to_owned());
    pulls.refuses(
        ":1",
        "error: image `<registry>/dev1/<image>:1` cannot be had: <registry> does not let this machine have it: ",
        "hint: log in with `docker login REGISTRY`, or set another image; `atelier config` shows how",
    )
    .await;
    write(PASSWORD);
    assert!(pulls.pull(&pulls.reference(":1")).await.ends_with("pulled\n"));
    let asked = pulls.asked.lock().unwrap().clone();
    assert!(asked.contains(&"GET /v2/token as dev1".to_owned()), "{asked:#?}");
    pulls.purge().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_image_than_the_digest_says_is_refused() {
    let lie: Script = |path, _| path.ends_with(&"3".repeat(64)).then(|| (200, LIE.to_owned()));
    let Some(pulls) = Pulls::open("digest", lie).await else { return };
    let good = pulls.push("1", "amd64", &["one"]).await;
    let digest = |digest: &str| pulls.reference(&format!("@{digest}"));
    assert!(pulls.pull(&digest(&good)).await.ends_with("pulled\n"));
    for wrong in ["2", "3"] {
        pulls
            .refuses(
                &format!("@sha256:{}", wrong.repeat(64)),
                "error: image `<registry>/dev1/<image>@sha256:<sha256>` cannot be had: manifest ",
                "hint: `atelier config` shows the images and how to set them",
            )
            .await;
    }
    assert_eq!(pulls.purge().await, ["<registry>/dev1/<image>@sha256:<sha256>"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_registry_that_has_counted_enough_pulls_is_explained_and_not_asked_again() {
    // Docker Hub's own words. <https://docs.docker.com/docker-hub/usage/pulls/>
    let limit: Script = |path, _| {
        let text = "You have reached your unauthenticated pull rate limit. https://www.docker.com/increase-rate-limit";
        let body = json!({"errors": [{"code": "TOOMANYREQUESTS", "message": text}]});
        path.contains("/manifests/").then(|| (429, body.to_string()))
    };
    let Some(pulls) = Pulls::open("limit", limit).await else { return };
    pulls.refuses(
        ":1",
        "error: image `<registry>/dev1/<image>:1` cannot be had: <registry> takes no more pulls from here for now: \
         toomanyrequests: You have reached your unauthenticated pull rate limit.",
        "hint: all who are behind one address are counted together: wait, log in with `docker login`, or name a \
         mirror with `--set images.mirrors=docker.io=MIRROR`",
    )
    .await;
    let asked = pulls.asked.lock().unwrap().clone();
    // The engine asks twice by itself: for the list of architectures, and for the image.
    let manifests = asked.iter().filter(|line| line.contains("/manifests/")).count();
    assert!(manifests <= 2, "{asked:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_registry_that_is_down_for_a_moment_is_asked_again() {
    let once: Script = |path, number| {
        (path.contains("/manifests/") && number < 2).then(|| (503, "down for maintenance".to_owned()))
    };
    let Some(pulls) = Pulls::open("retry", once).await else { return };
    pulls.push("1", "amd64", &["one"]).await;
    let pulled = pulls.pull(&pulls.reference(":1")).await;
    assert!(pulled.contains("is pulled, attempt 2 of 3: "), "{pulled}");
    assert!(pulled.ends_with("pulled\n"), "{pulled}");
    pulls.purge().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_image_for_other_machines_is_refused_and_can_be_purged() {
    let Some(pulls) = Pulls::open("arch", nothing).await else { return };
    pulls.push("1", "s390x", &["one"]).await;
    let pulled = pulls.pull(&pulls.reference(":1")).await;
    let expected = "error: image `<registry>/dev1/<image>:1` is for s390x, and the engine runs ";
    assert!(pulled.contains(expected), "{pulled}");
    assert_eq!(pulls.purge().await, ["<registry>/dev1/<image>:1"]);
}
