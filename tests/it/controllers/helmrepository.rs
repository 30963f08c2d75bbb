//! Chart repositories: an index over HTTP, and charts from it.

use atelier::artifacts::{Chart, Files};
use atelier::objects::flux::{HelmChart, HelmRepository};
use axum::routing::get;
use serde_json::json;

use super::flux::{CHART, CHART_TEMPLATE, Lab, NAMESPACE, status};
use super::helmchart::{chart, registry};

/// Serves an index with one chart; returns the address.
pub(crate) async fn serve() -> String {
    let files = [("Chart.yaml", CHART), ("templates/cm.yaml", CHART_TEMPLATE)];
    let files = files.map(|(path, text)| (path.to_owned(), text.as_bytes().to_vec()));
    let packaged = Chart::package(files.into_iter().collect::<Files>(), None, None).unwrap();
    let index = "apiVersion: v1\nentries:\n  carapuce:\n  - name: carapuce\n    version: 0.1.0\n    urls: [files/c.tgz]\n";
    let router = axum::Router::new()
        .route("/charts/index.yaml", get(move || async move { index }))
        .route("/charts/files/c.tgz", get(move || async move { packaged.archive.clone() }));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await });
    format!("http://{address}/charts")
}

#[tokio::test(flavor = "multi_thread")]
async fn an_index_is_kept_and_charts_come_from_it() {
    let lab = Lab::open().await;
    let url = serve().await;
    lab.apply(&json!({ "apiVersion": "source.toolkit.fluxcd.io/v1", "kind": "HelmRepository",
        "metadata": { "name": "web", "namespace": NAMESPACE }, "spec": { "interval": "1m", "url": url } }))
        .await;
    let object = lab.until_ready::<HelmRepository>("web", "True").await;
    let message = "stored artifact: revision 'sha256:<digest>'";
    let condition = |kind: &str| {
        json!({ "lastTransitionTime": "<time>", "message": message, "observedGeneration": 1,
            "reason": "Succeeded", "status": "True", "type": kind })
    };
    let mut found = status(&object);
    let artifact = found["artifact"].take();
    assert_eq!(
        found,
        json!({ "artifact": null, "conditions": [condition("Ready"), condition("ArtifactInStorage")],
            "observedGeneration": 1, "url": "http://<storage>/helmrepository/dev1-ns/web/index.yaml" })
    );
    assert_eq!(artifact["revision"], "sha256:<digest>");
    let event =
        format!("Normal NewArtifact stored fetched index of size 105B from '{}'", super::flux::redact(&url));
    assert_eq!(lab.events("web").await, [event]);

    let source = json!({ "kind": "HelmRepository", "name": "web" });
    for (name, version, status, words) in [
        ("good", "0.x", "True", "pulled 'carapuce' chart with version '0.1.0'"),
        (
            "bad",
            "1.x",
            "False",
            "invalid chart reference: failed to get chart version for remote reference: no \
          'carapuce' chart with version matching '1.x' found",
        ),
    ] {
        let spec = json!({ "chart": "carapuce", "version": version, "interval": "1m", "sourceRef": source });
        lab.apply(&chart(name, &spec)).await;
        let object = lab.until_ready::<HelmChart>(name, status).await;
        let conditions = object["status"]["conditions"].as_array().unwrap();
        let ready = conditions.iter().find(|one| one["type"] == "Ready").unwrap();
        assert_eq!(ready["message"], words, "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_index_that_is_not_there_is_told() {
    let lab = Lab::open().await;
    lab.apply(&json!({ "apiVersion": "source.toolkit.fluxcd.io/v1", "kind": "HelmRepository",
        "metadata": { "name": "web", "namespace": NAMESPACE },
        "spec": { "interval": "1m", "url": "http://127.0.0.1:1/charts" } }))
        .await;
    let object = lab.until_ready::<HelmRepository>("web", "False").await;
    let shown = serde_json::to_string(&object["status"]["conditions"]).unwrap();
    assert!(
        shown.contains("failed to fetch Helm repository index: Get \\\"http://127.0.0.1:1/charts/index.yaml"),
        "{shown}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_registry_is_a_mere_description() {
    let lab = Lab::open().await;
    lab.add_secrets().await;
    lab.apply(&registry()).await;
    // Its chart's verdict comes after the repository was seen.
    let spec = json!({ "chart": "none", "version": "1.0.0", "interval": "1m",
        "sourceRef": { "kind": "HelmRepository", "name": "charts" } });
    lab.apply(&chart("none", &spec)).await;
    lab.until_ready::<HelmChart>("none", "False").await;
    let object = lab.api::<HelmRepository>().get("charts").await.unwrap();
    assert_eq!(object.metadata.finalizers, None);
    assert_eq!(object.status.unwrap().conditions, []);
}
