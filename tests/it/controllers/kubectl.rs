//! Workloads as the real kubectl shows and steers them.

use std::path::Path;
use std::time::Duration;

use atelier::accounts::{Authority, Identity};
use atelier::apiserver::serve;
use atelier::process::Command;
use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::Service;
use serde_json::json;
use tokio_util::sync::CancellationToken;

use crate::support::redact::without_namespace;
use crate::workloads::{Cluster, POSTCARD, deployment, is_rolled_out, service};

/// A cluster on a socket; none, with the reason printed, on a machine without kubectl.
#[expect(clippy::explicit_write, reason = "the macro for it is kept for the user interface")]
pub(crate) async fn start(folder: &Path) -> Option<(Cluster, CancellationToken)> {
    if which::which("kubectl").is_err() {
        use std::io::Write as _;
        writeln!(std::io::stderr(), "skipped: there is no kubectl on PATH").unwrap();
        return None;
    }
    let cluster = Cluster::open(&folder.join("data")).await;
    let authority = Authority::open(&folder.join("ca")).unwrap();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let pair = authority.client(&Identity::administrator()).unwrap();
    let files =
        [("ca.pem", authority.certificate()), ("cert.pem", &pair.certificate), ("key.pem", &pair.key)];
    for (name, text) in files {
        std::fs::write(folder.join(name), text).unwrap();
    }
    let config = json!({
        "apiVersion": "v1", "kind": "Config", "current-context": "lab",
        "clusters": [{ "name": "lab", "cluster": {
            "server": format!("https://127.0.0.1:{port}"), "certificate-authority": "ca.pem" } }],
        "users": [{ "name": "admin", "user": { "client-certificate": "cert.pem", "client-key": "key.pem" } }],
        "contexts": [{ "name": "lab", "context": { "cluster": "lab", "user": "admin", "namespace": "app" } }],
    });
    std::fs::write(folder.join("kubeconfig"), config.to_string()).unwrap();
    let stop = CancellationToken::new();
    let (router, token) = (cluster.server.router(), stop.clone());
    tokio::spawn(async move { serve(router, listener, &authority, token).await });
    Some((cluster, stop))
}

/// kubectl with the cluster's configuration and nothing else of the machine's.
pub(crate) fn command(folder: &Path, arguments: &str) -> Command {
    let text = |name: &str| folder.join(name).to_string_lossy().into_owned();
    let command = Command::new("kubectl").args(arguments.split(' ')).clean_environment();
    let command = command.env("PATH", std::env::var("PATH").unwrap_or_default()).env("HOME", text("home"));
    command.env("KUBECONFIG", text("kubeconfig")).env("KUBECACHEDIR", text("cache"))
}

/// What kubectl prints, and its exit code.
pub(crate) async fn kubectl(folder: &Path, arguments: &str) -> (i32, String) {
    let output = command(folder, arguments).limit(Duration::from_secs(60)).output().await.unwrap();
    (output.code, format!("{}{}", output.stdout, output.stderr))
}

/// The same, which must succeed.
pub(crate) async fn told(folder: &Path, arguments: &str) -> String {
    let (code, output) = kubectl(folder, arguments).await;
    assert_eq!(code, 0, "kubectl {arguments}: {output}");
    without_namespace(&output)
}

#[tokio::test]
async fn rollout_is_watched_undone_and_listed() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let Some((cluster, stop)) = start(folder).await else { return };
    cluster.create::<Service>(service()).await;
    cluster.create::<Deployment>(deployment(3, "1.0.0", &json!({}))).await;
    let status = told(folder, "rollout status deploy web --timeout 30s").await;
    assert_eq!(status.lines().last(), Some(r#"deployment "web" successfully rolled out"#), "{status}");
    let updated = told(folder, &format!("set image deploy/web web={POSTCARD}:9.9.9")).await;
    assert_eq!(updated, "deployment.apps/web image updated\n");
    let bad =
        r#"Waiting for deployment "web" rollout to finish: 1 out of 3 new replicas have been updated..."#;
    let (code, status) = kubectl(folder, "rollout status deploy web --timeout 3s").await;
    let expected = format!("{bad}\nerror: timed out waiting for the condition\n");
    assert!(code == 1 && status.ends_with(&expected), "{status}");
    let history = told(folder, "rollout history deploy web").await;
    let expected = "deployment.apps/web \nREVISION  CHANGE-CAUSE\n1         <none>\n2         <none>\n\n";
    assert_eq!(history, expected);
    assert_eq!(told(folder, "rollout undo deploy web").await, "deployment.apps/web rolled back\n");
    cluster.until::<Deployment>("web", is_rolled_out).await;
    let status = told(folder, "rollout status deploy web").await;
    assert_eq!(status, "deployment \"web\" successfully rolled out\n");
    let described = told(folder, "describe deploy web").await;
    let counts = "Replicas:               3 desired | 3 updated | 3 total | 3 available | 0 unavailable";
    let conditions = "Conditions:\n  Type           Status  Reason\n  ----           ------  ------\n  \
                      Available      True    MinimumReplicasAvailable\n  Progressing    True    NewReplicaSetAvailable\n";
    assert!(described.contains(counts) && described.contains(conditions), "{described}");
    let logs = told(folder, "logs deploy/web").await;
    assert!(
        logs.contains("listens on port 8080\" sample=postcard version=1.0.0 environment=nowhere"),
        "{logs}"
    );
    assert_eq!(told(folder, "scale deploy web --replicas 1").await, "deployment.apps/web scaled\n");
    cluster.until::<Deployment>("web", is_rolled_out).await;
    let restarted = told(folder, "rollout restart deploy web").await;
    assert_eq!(restarted, "deployment.apps/web restarted\n");
    let status = told(folder, "rollout status deploy web --timeout 30s").await;
    assert_eq!(status.lines().last(), Some(r#"deployment "web" successfully rolled out"#), "{status}");
    assert_eq!(told(folder, "delete deploy web --timeout 30s").await, "deployment.apps \"web\" deleted\n");
    let gone = told(folder, "wait --for=delete pod -l app=web --timeout 30s").await;
    assert!(gone.is_empty() || gone.contains("condition met"), "{gone}");
    stop.cancel();
    cluster.close().await;
}
