//! Sources against the recordings.

use atelier::accounts::Authority;
use atelier::apiserver;
use atelier::objects::flux::GitRepository;
use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::response::Response;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use super::flux::{Lab, NAMESPACE, files, recorded, status};

#[tokio::test(flavor = "multi_thread")]
async fn source_is_fetched_and_stored() {
    let lab = Lab::with_source().await;
    let object = lab.api::<GitRepository>().get("dev1-apps").await.unwrap();
    let object: Value = serde_json::to_value(object).unwrap();
    assert_eq!(status(&object), status(&recorded("gitrepository-dev1-apps")));
    assert_eq!(object["metadata"]["finalizers"], serde_json::json!(["finalizers.fluxcd.io"]));
    assert_eq!(lab.events("dev1-apps").await, ["Normal NewArtifact stored artifact for commit 'manifests'"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_is_told_as_flux_does() {
    let lab = Lab::open().await;
    lab.push(&files(), "manifests").await;
    for (name, url, branch) in [
        ("unreachable", "http://127.0.0.1:1/dev1/nope.git", "main"),
        ("wrong-branch", "http://forge.atelier.internal:3000/dev1/dev1-apps.git", "nope"),
        ("wrong-url", "http://forge.atelier.internal:3000/dev1/nope.git", "main"),
    ] {
        lab.apply(&Lab::source(name, url, branch)).await;
        let object = lab.until_ready::<GitRepository>(name, "False").await;
        assert_eq!(status(&object), status(&recorded(&format!("gitrepository-{name}"))), "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn deleted_source_takes_its_artifacts_along() {
    let lab = Lab::with_source().await;
    let stored = lab.folder.path().join("artifacts/gitrepository").join(NAMESPACE).join("dev1-apps");
    assert_eq!(std::fs::read_dir(&stored).unwrap().count(), 1);
    let api = lab.api::<GitRepository>();
    api.delete("dev1-apps", &kube::api::DeleteParams::default()).await.unwrap();
    let gone = kube::runtime::wait::await_condition(api, "dev1-apps", |object: Option<&GitRepository>| {
        object.is_none()
    });
    tokio::time::timeout(std::time::Duration::from_secs(30), gone).await.unwrap().unwrap();
    assert!(!stored.exists());
}

/// A server in front of the forge that is reached by TLS and asked for by another name first; where it is.
fn in_front(lab: &Lab, authority: Authority, shutdown: CancellationToken) -> String {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let forge = lab.forge.clone();
    let relay = move |request: Request| {
        let forge = forge.clone();
        async move {
            let (parts, body) = request.into_parts();
            let path = parts.uri.path_and_query().unwrap().to_string();
            if let Some(rest) = path.strip_prefix("/old/") {
                let place = format!("https://{address}/dev1/{rest}");
                return Response::builder()
                    .status(301)
                    .header("location", place)
                    .body(Body::empty())
                    .unwrap();
            }
            let client = reqwest::Client::builder().no_proxy().build().unwrap();
            let body = axum::body::to_bytes(body, 1 << 20).await.unwrap();
            let mut asked = client.request(parts.method, format!("http://{forge}{path}")).body(body);
            for name in ["authorization", "content-type", "accept"] {
                if let Some(value) = parts.headers.get(name) {
                    asked = asked.header(name, value);
                }
            }
            let answer = asked.send().await.unwrap();
            let made = Response::builder().status(answer.status());
            let made = made.header("content-type", answer.headers()["content-type"].clone());
            made.body(Body::from(answer.bytes().await.unwrap())).unwrap()
        }
    };
    let router = Router::new().fallback(relay);
    tokio::spawn(async move { apiserver::serve(router, listener, &authority, shutdown).await });
    address.to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_behind_tls_is_trusted_by_the_certificate_of_a_secret() {
    let lab = Lab::open().await;
    lab.push(&files(), "manifests").await;
    let authority = Authority::open(&lab.folder.path().join("pki-of-another")).unwrap();
    let certificate = authority.certificate().to_owned();
    let shutdown = CancellationToken::new();
    let _end = shutdown.clone().drop_guard();
    let server = in_front(&lab, authority, shutdown);
    lab.apply(&json!({
        "apiVersion": "v1", "kind": "Secret", "metadata": { "name": "trust", "namespace": NAMESPACE },
        "stringData": { "ca.crt": certificate },
    }))
    .await;
    let url = format!("https://{server}/old/dev1-apps.git");

    lab.apply(&Lab::source("stranger", &url, "main")).await;
    let told = lab.until_ready::<GitRepository>("stranger", "False").await;
    let conditions = told["status"]["conditions"].as_array().unwrap();
    let ready = conditions.iter().find(|condition| condition["type"] == "Ready").unwrap();
    assert_eq!(
        ready["message"].as_str().unwrap().replace(&server, "<server>"),
        "failed to checkout and determine revision: unable to clone 'https://<server>/old/dev1-apps.git': Get \
         \"https://<server>/old/dev1-apps.git/info/refs?service=git-upload-pack\": tls: failed to verify \
         certificate: x509: certificate signed by unknown authority"
    );

    let mut source = Lab::source("trusted", &url, "main");
    source["spec"]["secretRef"] = json!({ "name": "trust" });
    lab.apply(&source).await;
    let done = lab.until_ready::<GitRepository>("trusted", "True").await;
    let ready = &done["status"]["artifact"]["revision"];
    assert!(ready.as_str().unwrap().starts_with("main@sha1:"), "{ready}");
}
