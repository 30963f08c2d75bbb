//! Discovery, plain and aggregated, and what belongs to it.

use axum::body::Body;
use http::Request;
use serde_json::{Value, json};

use super::world::World;

const AGGREGATED: &str =
    "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json";

#[tokio::test]
async fn plain_documents() {
    let world = World::new().await;
    let api = world.get("/api").await.ok();
    assert_eq!(api["versions"], json!(["v1"]));
    let groups = world.get("/apis").await.ok();
    let apps = groups["groups"].as_array().unwrap().iter().find(|group| group["name"] == "apps").unwrap();
    let version = json!({"groupVersion": "apps/v1", "version": "v1"});
    assert_eq!(*apps, json!({"name": "apps", "versions": [version], "preferredVersion": version}));
    let apps = world.get("/apis/apps/v1").await.ok();
    let resources: Vec<_> =
        apps["resources"].as_array().unwrap().iter().map(|one| one["name"].as_str().unwrap()).collect();
    let expected = [
        "controllerrevisions",
        "daemonsets",
        "daemonsets/status",
        "deployments",
        "deployments/scale",
        "deployments/status",
        "replicasets",
        "replicasets/scale",
        "replicasets/status",
        "statefulsets",
        "statefulsets/scale",
        "statefulsets/status",
    ];
    assert_eq!(resources, expected);
    let scale = &apps["resources"][4];
    let recorded = json!({
        "name": "deployments/scale", "singularName": "", "namespaced": true, "group": "autoscaling", "version": "v1",
        "kind": "Scale", "verbs": ["get", "patch", "update"]
    });
    assert_eq!(*scale, recorded);
    assert_eq!(world.get("/version").await.ok()["gitVersion"], "v1.34.1");
    assert_eq!(world.get("/readyz").await.text, "ok");
}

#[tokio::test]
async fn aggregated_document_has_a_tag() {
    let world = World::new().await;
    let first = world.get_as("/apis", AGGREGATED).await;
    assert_eq!(
        first.headers["content-type"],
        "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"
    );
    let tag = first.headers["etag"].clone();
    let groups = first.body["items"].as_array().unwrap();
    let apps = groups.iter().find(|group| group["metadata"]["name"] == "apps").unwrap();
    let resources = apps["versions"][0]["resources"].as_array().unwrap();
    let deployments = resources.iter().find(|resource| resource["resource"] == "deployments").unwrap();
    assert_eq!(deployments["scope"], "Namespaced");
    assert_eq!(deployments["shortNames"], json!(["deploy"]));
    let request = Request::get("/apis").header("accept", AGGREGATED).header("if-none-match", &tag);
    let again = world.send(request.body(Body::empty()).unwrap()).await;
    assert_eq!((again.code.as_u16(), again.body), (304, Value::Null));
}

#[tokio::test]
async fn reviews_are_answered() {
    let world = World::new().await;
    let path = "/apis/authentication.k8s.io/v1/selfsubjectreviews";
    let review = world.post(path, &json!({"kind": "SelfSubjectReview"})).await.ok();
    let user = json!({"username": "system:admin", "groups": ["system:masters", "system:authenticated"]});
    assert_eq!(review["status"]["userInfo"], user);
    let request = Request::post(path).header("impersonate-user", "system:serviceaccount:dev1-ns:dev1");
    let review = world.send(request.body(Body::from("{}")).unwrap()).await.ok();
    assert_eq!(review["status"]["userInfo"]["username"], "system:serviceaccount:dev1-ns:dev1");
    let path = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews";
    let review = world.post(path, &json!({"spec": {"resourceAttributes": {"verb": "get"}}})).await.ok();
    assert_eq!(review["status"]["allowed"], true);
}
