//! Logs and proxies, through a stand-in for a kubelet.

use axum::Router;
use axum::extract::OriginalUri;
use axum::routing::get;
use http::{HeaderMap, StatusCode};
use serde_json::json;

use super::world::{KUBELET_TOKEN, World};

async fn kubelet() -> u16 {
    let answer = |OriginalUri(uri): OriginalUri, headers: HeaderMap| async move {
        assert_eq!(headers["authorization"], format!("Bearer {KUBELET_TOKEN}"));
        if uri.path().contains("waiting") {
            return (
                StatusCode::BAD_REQUEST,
                "container \"waiting\" in pod \"a\" is waiting to start".to_owned(),
            );
        }
        (StatusCode::OK, uri.to_string())
    };
    let router = Router::new().fallback(get(answer));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move { axum::serve(listener, router).await });
    port
}

async fn world_with_pod() -> World {
    let world = World::new().await;
    let endpoint = json!({"kubeletEndpoint": {"Port": kubelet().await}});
    let addresses = json!([{"type": "InternalIP", "address": "127.0.0.1"}]);
    let node = json!({
        "metadata": {"name": "node"}, "status": {"addresses": addresses, "daemonEndpoints": endpoint}
    });
    world.post("/api/v1/nodes", &node).await.ok();
    let ports = json!([{"name": "http", "containerPort": 8080}]);
    let containers = json!([
        {"name": "web", "image": "web:1", "ports": ports}, {"name": "waiting", "image": "x:1"}
    ]);
    let pod = json!({
        "metadata": {"name": "a", "labels": {"app": "web"}},
        "spec": {"nodeName": "node", "containers": containers}
    });
    world.post("/api/v1/namespaces/default/pods", &pod).await.ok();
    world
}

const POD: &str = "/api/v1/namespaces/default/pods/a";

#[tokio::test]
async fn logs_come_from_the_kubelet() {
    let world = world_with_pod().await;
    let log = world.get(&format!("{POD}/log?container=web&tailLines=3&follow=true&pretty=true")).await;
    assert_eq!(log.text, "/containerLogs/default/a/web?follow=true&tailLines=3");
    let message = "a container name must be specified for pod a, choose one of: [web waiting]";
    assert_eq!(world.get(&format!("{POD}/log")).await.refusal(), (400, "BadRequest", message));
    let message = "container x is not valid for pod a";
    assert_eq!(world.get(&format!("{POD}/log?container=x")).await.refusal(), (400, "BadRequest", message));
    let message = "container \"waiting\" in pod \"a\" is waiting to start";
    assert_eq!(
        world.get(&format!("{POD}/log?container=waiting")).await.refusal(),
        (400, "BadRequest", message)
    );
}

#[tokio::test]
async fn services_and_pods_are_proxied() {
    let world = world_with_pod().await;
    let page = world.get(&format!("{POD}:8080/proxy/a/b%20c?d=e")).await;
    assert_eq!(page.text, "/podProxy/default/a/8080/a/b%20c?d=e");
    let bare = world.get(&format!("{POD}/proxy")).await;
    assert_eq!(
        (bare.code.as_u16(), &bare.headers["location"]),
        (301, &format!("{POD}/proxy/").parse().unwrap())
    );
    let ports = json!([{"name": "web", "port": 80, "targetPort": "http"}]);
    let service = json!({"metadata": {"name": "web"}, "spec": {"selector": {"app": "web"}, "ports": ports}});
    let services = "/api/v1/namespaces/default/services";
    world.post(services, &service).await.ok();
    let none = world.get(&format!("{services}/web:80/proxy/")).await;
    let message = "no endpoints available for service \"web:80\"";
    assert_eq!(none.refusal(), (503, "ServiceUnavailable", message));
    let ready = json!({"status": {"conditions": [{"type": "Ready", "status": "True"}]}});
    world.patch(&format!("{POD}/status"), "merge", &ready).await.ok();
    for port in ["web:80", "web:web", "http:web:80", "web"] {
        let page = world.get(&format!("{services}/{port}/proxy/index.html")).await;
        assert_eq!(page.text, "/podProxy/default/a/8080/index.html", "{port}");
    }
    assert_eq!(world.get(&format!("{services}/gone/proxy/")).await.code, 404);
}
