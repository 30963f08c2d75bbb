//! Where the operator's manifest comes from, and that it is the one that was meant.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::{Arc, Mutex};

use atelier::platform::k3d::{Settings, manifests};
use axum::Router;
use axum::extract::State;

use super::{settings, site, told};
use crate::support::Redaction;
use crate::support::engine::EngineStandIn;

/// A manifest as small as one can be.
const GOOD: &str = "kind: Deployment\nmetadata: {name: source-controller}\n";
const OTHER: &str = "kind: Deployment\nmetadata: {name: kustomize-controller}\n";

type Shared<T> = Arc<Mutex<T>>;

/// A stand-in for the place where releases are published.
struct Releases {
    url: String,
    body: Shared<String>,
    asked: Shared<Vec<String>>,
}

impl Releases {
    async fn open() -> Self {
        let (body, asked) = (Arc::new(Mutex::new(GOOD.to_owned())), Shared::<Vec<String>>::default());
        let state = (body.clone(), asked.clone());
        let answer = async |State((body, asked)): State<(Shared<String>, Shared<Vec<String>>)>,
                            uri: axum::http::Uri| {
            asked.lock().unwrap().push(uri.path().to_owned());
            let body = body.lock().unwrap().clone();
            match body.as_str() {
                "" => Err(axum::http::StatusCode::NOT_FOUND),
                _ => Ok(body),
            }
        };
        let router = Router::new().fallback(answer).with_state(state);
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/{{version}}/install.yaml", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { url, body, asked }
    }

    fn serves(&self, text: &str) {
        text.clone_into(&mut self.body.lock().unwrap());
    }
}

/// Gets the manifest for a lab of the state folder `home`; the outcome in words.
async fn get(home: &Path, lab: &str, settings: &Settings) -> String {
    let got = site(home, lab, settings).await.ensure_manifest(home, &|_| ()).await;
    let text = match got {
        Ok((outcome, detail)) => format!("{outcome:?}: {detail}\n"),
        Err(error) => told(error),
    };
    let home = home.display().to_string();
    let temporary = regex::Regex::new(r"\S+/\.tmp\w+/manifest.yaml").unwrap();
    Redaction::new(vec![(home, "<home>")]).apply(&temporary.replace_all(&text, "<file>"))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_goes_before_everything_and_may_change() {
    let (home, engine) = (tempfile::tempdir().unwrap(), EngineStandIn::start());
    let file = home.path().join("flux.yaml");
    let settings = Settings { flux_manifest: Some(file.clone()), ..settings(&engine.address()) };
    let mut told = get(home.path(), "one", &settings).await;
    for text in [GOOD, GOOD, OTHER, "kind: Service\n"] {
        std::fs::write(&file, text).unwrap();
        told += &get(home.path(), "one", &settings).await;
    }
    insta::assert_snapshot!(told, @"
    error: the operator's manifest `<home>/flux.yaml` cannot be used: No such file or directory (os error 2)
    hint: name a file with `--set flux.manifest=FILE`; `atelier config` shows what is set
    exit code 4
    Created: <home>/flux.yaml, sha256 <sha256>
    Unchanged: <home>/flux.yaml, sha256 <sha256>
    Updated: <home>/flux.yaml, sha256 <sha256>
    error: the operator's manifest `<home>/flux.yaml` cannot be used: it holds no Deployment
    hint: name a file with `--set flux.manifest=FILE`; `atelier config` shows what is set
    exit code 4
    ");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_download_is_made_once_and_kept_for_other_labs() {
    let (home, engine, releases) =
        (tempfile::tempdir().unwrap(), EngineStandIn::start(), Releases::open().await);
    let settings = Settings { flux_url: Some(releases.url.clone()), ..settings(&engine.address()) };
    let told = [
        get(home.path(), "one", &settings).await,
        get(home.path(), "one", &settings).await,
        get(home.path(), "two", &settings).await,
    ];
    insta::assert_snapshot!(told.concat(), @"
    Created: http://127.0.0.1:<port>/v2.9.0/install.yaml, sha256 <sha256>
    Unchanged: http://127.0.0.1:<port>/v2.9.0/install.yaml, sha256 <sha256>
    Created: <home>/cache/flux-v2.9.0-<hash>.yaml, sha256 <sha256>
    ");
    assert_eq!(*releases.asked.lock().unwrap(), ["/v2.9.0/install.yaml"]);
    let kept = manifests(home.path());
    assert_eq!(kept.iter().map(|(_, size)| *size).collect::<Vec<_>>(), [GOOD.len() as u64]);
    // What was cut short is got again.
    std::fs::write(&kept[0].0, "kind: Deploy").unwrap();
    get(home.path(), "three", &settings).await;
    assert_eq!(releases.asked.lock().unwrap().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn another_manifest_than_the_configured_or_the_first_one_is_refused() {
    let (home, engine, releases) =
        (tempfile::tempdir().unwrap(), EngineStandIn::start(), Releases::open().await);
    let mut settings = Settings { flux_url: Some(releases.url.clone()), ..settings(&engine.address()) };
    settings.flux_sha256 = Some("0".repeat(64));
    let pinned = get(home.path(), "one", &settings).await;
    assert_eq!(manifests(home.path()), [], "what is refused is not kept");
    settings.flux_sha256 = None;
    get(home.path(), "one", &settings).await;
    // The lab's copy and the cache are gone, and the place has another one than at first.
    std::fs::remove_file(home.path().join("labs/one/flux.yaml")).unwrap();
    std::fs::remove_dir_all(home.path().join("cache")).unwrap();
    releases.serves(OTHER);
    let changed = get(home.path(), "one", &settings).await;
    releases.serves(GOOD);
    let again = get(home.path(), "one", &settings).await;
    insta::assert_snapshot!(format!("{pinned}{changed}{again}"), @"
    error: the operator's manifest `http://127.0.0.1:<port>/v2.9.0/install.yaml` has the checksum <sha256>, not <sha256>
    hint: find out why it differs; `--set flux.sha256=CHECKSUM` takes that very one, `--set flux.manifest=FILE` a file of yours
    exit code 4
    error: the operator's manifest `http://127.0.0.1:<port>/v2.9.0/install.yaml` has the checksum <sha256>, not <sha256>
    hint: find out why it differs; `--set flux.sha256=CHECKSUM` takes that very one, `--set flux.manifest=FILE` a file of yours
    exit code 4
    Created: http://127.0.0.1:<port>/v2.9.0/install.yaml, sha256 <sha256>
    ");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_place_that_has_no_manifest_is_named() {
    let (home, engine, releases) =
        (tempfile::tempdir().unwrap(), EngineStandIn::start(), Releases::open().await);
    let settings = Settings { flux_url: Some(releases.url.clone()), ..settings(&engine.address()) };
    releases.serves("");
    let missing = get(home.path(), "one", &settings).await;
    releases.serves("<html>sign in to this network</html>");
    let portal = get(home.path(), "one", &settings).await;
    assert!(missing.contains("returned error: 404") && missing.ends_with("exit code 4\n"), "{missing}");
    assert!(
        portal.starts_with("error: the operator's manifest `http://127.0.0.1:<port>/v2.9.0/install.yaml`"),
        "{portal}"
    );
    assert!(portal.ends_with("exit code 4\n"), "{portal}");
    assert_eq!(manifests(home.path()), []);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stand_in_for_flux_is_asked_where_no_place_is_configured() {
    let (home, engine) = (tempfile::tempdir().unwrap(), EngineStandIn::start());
    let program = home.path().join("flux");
    let script = "#!/bin/sh\n[ \"$*\" = 'install --export --version v2.9.0' ] || exit 1\n";
    std::fs::write(&program, format!("{script}cat <<'YAML'\n{GOOD}YAML\n")).unwrap();
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o700)).unwrap();
    let settings = Settings { flux: program, ..settings(&engine.address()) };
    insta::assert_snapshot!(get(home.path(), "one", &settings).await, @"
    Created: flux install --export --version v2.9.0, sha256 <sha256>
    ");
}
