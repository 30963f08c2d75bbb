//! What the API server dials: logs and programs, for who has the token.

use k8s_openapi::api::core::v1::Pod;
use kube::api::LogParams;
use serde_json::json;

use crate::workloads::{Cluster, container};

async fn ask(port: u16, path: &str, token: Option<&str>) -> (u16, String) {
    let mut request = reqwest::Client::new().get(format!("http://127.0.0.1:{port}{path}"));
    if let Some(token) = token {
        request = request.bearer_auth(token);
    }
    let answer = request.send().await.unwrap();
    (answer.status().as_u16(), answer.text().await.unwrap())
}

#[tokio::test]
async fn logs_and_programs_are_for_who_has_the_token() {
    let folder = tempfile::tempdir().unwrap();
    let cluster = Cluster::open(folder.path()).await;
    let pod = json!({ "metadata": { "name": "web" }, "spec": { "containers": [container("1.0.0")] } });
    cluster.create::<Pod>(pod).await;
    cluster.until::<Pod>("web", |pod| pod["status"]["containerStatuses"][0]["ready"] == true).await;

    let token = Some("token-of-the-kubelet");
    let path = "/podProxy/app/web/8080/version?x=1";
    assert_eq!(ask(cluster.kubelet, path, None).await, (401, "Unauthorized\n".to_owned()));
    assert_eq!(ask(cluster.kubelet, path, Some("another")).await, (401, "Unauthorized\n".to_owned()));
    assert_eq!(ask(cluster.kubelet, path, token).await, (200, r#"{"version":"1.0.0"}"#.to_owned()));
    let refused = "dial tcp app/web:9999: connect: connection refused\n".to_owned();
    assert_eq!(ask(cluster.kubelet, "/podProxy/app/web/9999/", token).await, (502, refused));
    let missing = r#"container "other" not found in pod "web_app""#.to_owned();
    assert_eq!(ask(cluster.kubelet, "/containerLogs/app/web/other", token).await, (404, missing));

    let logs = cluster.api::<Pod>().logs("web", &LogParams::default()).await.unwrap();
    let begun =
        "level=info message=\"listens on port 8080\" sample=postcard version=1.0.0 environment=nowhere\n";
    let asked = "level=info message=request method=GET path=/version status=200\n";
    assert_eq!(logs, format!("{begun}{asked}"));
    let last = LogParams { tail_lines: Some(1), ..LogParams::default() };
    assert_eq!(cluster.api::<Pod>().logs("web", &last).await.unwrap(), asked);
}
