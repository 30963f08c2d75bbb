//! Images that somebody pushed to the lab's own registry.

use std::collections::BTreeMap;
use std::sync::Arc;

use atelier::accounts::{NewUser, Users};
use atelier::artifacts::{Entry, pack};
use atelier::kubelet;
use atelier::registry::{Config, Registry};
use axum::body::Body;
use http::{Method, Request, StatusCode};
use k8s_openapi::api::core::v1::Pod;
use kube::api::LogParams;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use tower::ServiceExt as _;

use crate::workloads::Cluster;

const HOST: &str = "forge.atelier.internal:3000";
const CREDENTIALS: &str = "Basic ZGV2MTpMYWItcGFzcy0xMg==";

fn digest(bytes: &[u8]) -> String {
    format!("sha256:{:x}", Sha256::digest(bytes))
}

async fn send(router: &axum::Router, method: Method, path: &str, kind: &str, body: Vec<u8>) {
    let request = Request::builder().method(method).uri(path).header("host", HOST);
    let request = request.header("authorization", CREDENTIALS).header("content-type", kind);
    let answer = router.clone().oneshot(request.body(Body::from(body)).unwrap()).await.unwrap();
    assert_eq!(answer.status(), StatusCode::CREATED, "{path}");
}

/// Pushes an image of one layer; returns its size and its digest.
async fn push(
    router: &axum::Router,
    name: &str,
    tag: &str,
    config: &Value,
    files: &[(&str, &str)],
) -> (usize, String) {
    let entry = |(path, text): &(&str, &str)| ((*path).to_owned(), Entry::File(text.as_bytes().to_vec()));
    let layer = pack(&files.iter().map(entry).collect::<BTreeMap<_, _>>()).unwrap();
    let config =
        serde_json::to_vec(&json!({ "architecture": "amd64", "os": "linux", "config": config })).unwrap();
    for blob in [&layer, &config] {
        let path = format!("/v2/dev1/{name}/blobs/uploads/?digest={}", digest(blob));
        send(router, Method::POST, &path, "application/octet-stream", blob.clone()).await;
    }
    let part =
        |kind: &str, bytes: &[u8]| json!({ "mediaType": kind, "digest": digest(bytes), "size": bytes.len() });
    let kind = "application/vnd.oci.image.manifest.v1+json";
    let manifest = json!({
        "schemaVersion": 2, "mediaType": kind,
        "config": part("application/vnd.oci.image.config.v1+json", &config),
        "layers": [part("application/vnd.oci.image.layer.v1.tar+gzip", &layer)],
    });
    let manifest = serde_json::to_vec(&manifest).unwrap();
    let path = format!("/v2/dev1/{name}/manifests/{tag}");
    send(router, Method::PUT, &path, kind, manifest.clone()).await;
    (layer.len() + config.len(), digest(&manifest))
}

fn pod(name: &str, image: &str, more: &Value) -> Value {
    let mut container = json!({ "name": "c", "image": format!("{HOST}/dev1/{image}") });
    json_patch::merge(&mut container, more);
    json!({ "metadata": { "name": name }, "spec": { "containers": [container], "restartPolicy": "Never" } })
}

fn is_ready(pod: &Value) -> bool {
    pod["status"]["containerStatuses"][0]["ready"] == true
}

#[tokio::test]
async fn pushed_images_do_what_is_in_them() {
    let folder = tempfile::tempdir().unwrap();
    let users = Arc::new(Users::open(&folder.path().join("users.json")).unwrap());
    let (login, password) = ("dev1".to_owned(), Some("Lab-pass-12".to_owned()));
    users.create(NewUser { login, password, ..NewUser::default() }).unwrap();
    let config = Config { data: folder.path().join("registry"), users, name: HOST.to_owned() };
    let router = Registry::open(config).await.unwrap().router();
    let registry = kubelet::Registry { name: HOST.to_owned(), router: router.clone() };
    let cluster = Cluster::with_registry(&folder.path().join("data"), Some(registry)).await;

    // What is not there yet is waited for, and started as soon as it was pushed.
    cluster.create::<Pod>(pod("site", "site:1", &json!({}))).await;
    let image = format!("{HOST}/dev1/site:1");
    let told = cluster.events("site", "BackOff").await;
    let missing = format!(
        r#"Warning Failed: Failed to pull image "{image}": rpc error: code = NotFound desc = failed to pull and unpack image "{image}": failed to resolve reference "{image}": {image}: not found"#
    );
    assert!(told.contains(&missing), "{told:?}");
    let server = json!({ "Cmd": ["nginx", "-g", "daemon off;"], "ExposedPorts": { "8000/tcp": {} } });
    let page = [("usr/share/nginx/html/index.html", "<h1>Hello</h1>"), ("etc/nginx/nginx.conf", "")];
    let (size, digest) = push(&router, "site", "1", &server, &page).await;
    let ready = cluster.until::<Pod>("site", is_ready).await;
    let status = ready.status.unwrap().container_statuses.unwrap().remove(0);
    assert_eq!(status.image_id, format!("{HOST}/dev1/site@{digest}"));
    let answer = cluster.get("/api/v1/namespaces/app/pods/site:8000/proxy/").await.unwrap();
    assert_eq!(answer, "<h1>Hello</h1>");
    let told = cluster.events("site", "Pulled").await;
    let pulled = told.iter().find(|line| line.starts_with("Normal Pulled: ")).unwrap();
    assert!(pulled.ends_with(&format!("ms including waiting). Image size: {size} bytes.")), "{pulled}");

    let sample = json!({
        "Entrypoint": ["/usr/local/bin/atelier", "sample", "postcard"],
        "Labels": { "org.opencontainers.image.version": "2.5.0" },
    });
    push(&router, "card", "latest", &sample, &[]).await;
    cluster.create::<Pod>(pod("card", "card", &json!({}))).await;
    cluster.until::<Pod>("card", is_ready).await;
    let answer = cluster.get("/api/v1/namespaces/app/pods/card:8080/proxy/version").await.unwrap();
    assert_eq!(answer, r#"{"version":"2.5.0"}"#);

    let task = json!({ "Entrypoint": ["/bin/echo"], "Cmd": ["nothing"], "Env": ["WHO=you"] });
    push(&router, "task", "1", &task, &[]).await;
    for (name, more, said) in [
        ("plain", json!({}), "nothing\n"),
        ("told", json!({ "args": ["to", "$(WHO)"] }), "to you\n"),
        ("other", json!({ "command": ["sh", "-c", "echo hello $WHO"] }), "hello you\n"),
    ] {
        cluster.create::<Pod>(pod(name, "task:1", &more)).await;
        cluster.until::<Pod>(name, |pod| pod["status"]["phase"] == "Succeeded").await;
        let logs = cluster.api::<Pod>().logs(name, &LogParams::default()).await.unwrap();
        assert_eq!(logs, said, "{name}");
    }
    cluster.close().await;
}
