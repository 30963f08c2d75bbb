//! The process ends and begins again.

use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::{Pod, Service};
use kube::ResourceExt as _;
use serde_json::json;

use crate::workloads::{Cluster, deployment, is_rolled_out, service};

#[tokio::test]
async fn running_pods_are_taken_over() {
    let folder = tempfile::tempdir().unwrap();
    let cluster = Cluster::open(folder.path()).await;
    cluster.create::<Service>(service()).await;
    cluster.create::<Deployment>(deployment(2, "1.0.0", &json!({}))).await;
    cluster.until::<Deployment>("web", is_rolled_out).await;
    let before = cluster.pods("app=web").await;
    cluster.close().await;

    let cluster = Cluster::open(folder.path()).await;
    let later = json!({
        "metadata": { "name": "later" },
        "spec": { "containers": [{ "name": "idle", "image": "registry.k8s.io/pause:3.10" }] },
    });
    cluster.create::<Pod>(later).await;
    let later = cluster.until::<Pod>("later", |pod| pod["status"]["phase"] == "Running").await;
    assert_eq!(later.status.unwrap().pod_ip.as_deref(), Some("10.42.0.4"));
    let version = cluster.get("/api/v1/namespaces/app/services/web/proxy/version").await.unwrap();
    assert_eq!(version, r#"{"version":"1.0.0"}"#);
    let known =
        |pods: &[Pod]| pods.iter().map(|pod| (pod.name_any(), pod.status.clone())).collect::<Vec<_>>();
    assert_eq!(known(&cluster.pods("app=web").await), known(&before));
}
