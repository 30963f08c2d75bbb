//! The samples in Pods: a jukebox finds its Redis by the name of a Service, hooks ask it, failures are on purpose.

use k8s_openapi::api::core::v1::{ConfigMap, Pod, Service};
use serde_json::{Value, json};

use crate::workloads::{Cluster, JUKEBOX};

fn jukebox(more: &Value) -> Value {
    let mut container = json!({
        "name": "jukebox",
        "image": format!("{JUKEBOX}:1.0.0"),
        "ports": [{ "name": "http", "containerPort": 8080 }],
        "readinessProbe": { "httpGet": { "path": "/readyz", "port": "http" }, "periodSeconds": 1 },
    });
    json_patch::merge(&mut container, more);
    json!({
        "metadata": { "name": "jukebox", "labels": { "app": "jukebox" } },
        "spec": {
            "containers": [container],
            "volumes": [{ "name": "settings", "configMap": { "name": "jukebox" } }],
        },
    })
}

fn service(name: &str, port: i32, target: i32) -> Value {
    json!({
        "metadata": { "name": name },
        "spec": { "selector": { "app": name }, "ports": [{ "port": port, "targetPort": target }] },
    })
}

fn is_ready(pod: &Value) -> bool {
    pod["status"]["containerStatuses"][0]["ready"] == true
}

impl Cluster {
    async fn jukebox(&self, method: &str, path: &str, body: &str) -> String {
        let path = format!("/api/v1/namespaces/app/pods/jukebox:8080/proxy{path}");
        let request = http::Request::builder().method(method).uri(path).body(body.into()).unwrap();
        match self.client.request_text(request).await {
            Ok(text) => text,
            Err(kube::Error::Api(status)) => format!("{} {}", status.code, status.message),
            Err(error) => error.to_string(),
        }
    }

    async fn probe(&self, name: &str, words: &[&str]) -> (String, String) {
        let command = ["/usr/local/bin/atelier", "sample", "probe"].iter().chain(words).collect::<Vec<_>>();
        let container = json!({ "name": "probe", "image": format!("{JUKEBOX}:1.0.0"), "command": command });
        let spec = json!({ "restartPolicy": "Never", "containers": [container] });
        self.create::<Pod>(json!({ "metadata": { "name": name }, "spec": spec })).await;
        let ended =
            |pod: &Value| ["Succeeded", "Failed"].iter().any(|phase| pod["status"]["phase"] == **phase);
        let pod = self.until::<Pod>(name, ended).await;
        let logs = self.get(&format!("/api/v1/namespaces/app/pods/{name}/log")).await.unwrap();
        (pod.status.unwrap().phase.unwrap(), logs)
    }
}

#[tokio::test]
async fn jukebox_is_ready_when_its_redis_is() {
    let folder = tempfile::tempdir().unwrap();
    let cluster = Cluster::open(folder.path()).await;
    let data = json!({ "message": "Play it again.\n" });
    cluster.create::<ConfigMap>(json!({ "metadata": { "name": "jukebox" }, "data": data })).await;
    cluster.create::<Service>(service("songs", 6379, 6379)).await;
    cluster.create::<Service>(service("jukebox", 80, 8080)).await;
    cluster
        .create::<Pod>(jukebox(&json!({
            "env": [
                { "name": "JUKEBOX_REDIS", "value": "songs:6379" },
                { "name": "JUKEBOX_MESSAGE_FILE", "value": "/etc/jukebox/message" },
            ],
            "volumeMounts": [{ "name": "settings", "mountPath": "/etc/jukebox/" }],
        })))
        .await;
    let events = cluster.events("jukebox", "Unhealthy").await;
    let unhealthy = "Warning Unhealthy: Readiness probe failed: HTTP probe failed with statuscode: 503";
    assert!(events.iter().any(|event| event == unhealthy), "{events:?}");
    let missing = "the redis at `songs:6379` does not answer: Connection refused (os error 111)";
    let told = cluster.jukebox("GET", "/readyz", "").await;
    assert!(told.contains(missing), "{told}");

    let redis = json!({ "name": "redis", "image": "redis:7.4-alpine", "ports": [{ "containerPort": 6379 }] });
    let metadata = json!({ "name": "songs", "labels": { "app": "songs" } });
    cluster.create::<Pod>(json!({ "metadata": metadata, "spec": { "containers": [redis] } })).await;
    cluster.until::<Pod>("jukebox", is_ready).await;
    assert_eq!(cluster.jukebox("POST", "/api/songs", "Blue Moon").await, r#"{"added":"Blue Moon"}"#);
    let told = cluster.jukebox("GET", "/api", "").await;
    let expected = r#"{"version":"1.0.0","environment":"nowhere","message":"Play it again.","redis":"songs:6379","songs":1,"error":null}"#;
    assert_eq!(told, expected);
    let metrics = cluster.jukebox("GET", "/metrics", "").await;
    assert!(
        metrics.contains("\njukebox_redis_up 1\n") && metrics.contains("\njukebox_songs 1\n"),
        "{metrics}"
    );

    let asked = cluster.probe("good", &["http://jukebox/api/songs", "--contains=Blue"]).await;
    let line = "level=info message=\"GET http://jukebox/api/songs: 200, as expected\"\n";
    assert_eq!(asked, ("Succeeded".to_owned(), line.to_owned()));
    let asked = cluster.probe("bad", &["http://jukebox/nothing"]).await;
    let line = "level=error message=\"GET http://jukebox/nothing: 404, expected 200\"\n";
    assert_eq!(asked, ("Failed".to_owned(), line.to_owned()));
    let asked = cluster.probe("nobody", &["http://nobody/", "--within=0"]).await;
    let line = "level=error message=\"GET http://nobody/: failed to lookup address information: Name or service not known\"\n";
    assert_eq!(asked, ("Failed".to_owned(), line.to_owned()));

    cluster.api::<Pod>().delete("songs", &kube::api::DeleteParams::default()).await.unwrap();
    cluster.until::<Pod>("jukebox", |pod| !is_ready(pod)).await;
    let logs = cluster.get("/api/v1/namespaces/app/pods/jukebox/log").await.unwrap();
    let lines = logs.lines().filter(|line| line.contains("ready")).collect::<Vec<_>>();
    assert_eq!(lines[0], format!("level=error message=\"is not ready\" lacks=\"{missing}\""));
    assert_eq!(lines[1], "level=info message=\"is ready again\"");
}

#[tokio::test]
async fn jukebox_crashes_when_it_is_told_to() {
    let folder = tempfile::tempdir().unwrap();
    let cluster = Cluster::open(folder.path()).await;
    cluster.create::<ConfigMap>(json!({ "metadata": { "name": "jukebox" } })).await;
    let env = json!([{ "name": "JUKEBOX_FAILURE", "value": "crash_after=2" }]);
    cluster.create::<Pod>(jukebox(&json!({ "env": env }))).await;
    let crashed = |pod: &Value| pod["status"]["containerStatuses"][0]["restartCount"] == 1;
    let pod = cluster.until::<Pod>("jukebox", crashed).await;
    let status = serde_json::to_value(pod.status.unwrap()).unwrap();
    assert_eq!(status["containerStatuses"][0]["lastState"]["terminated"]["exitCode"], 1);
    let logs = cluster.get("/api/v1/namespaces/app/pods/jukebox/log?previous=true").await.unwrap();
    assert_eq!(logs.lines().last(), Some(r#"level=error message="crashes, as it was told to""#));
}
