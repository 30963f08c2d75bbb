//! Custom resource definitions: served at once, checked, and gone with their objects.

use serde_json::{Value, json};

use super::world::World;

const DEFINITIONS: &str = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";

fn definition() -> Value {
    let spec = json!({
        "type": "object", "required": ["size"],
        "properties": {
            "size": {"type": "integer", "minimum": 1}, "colour": {"type": "string", "default": "red"}
        }
    });
    let schema = json!({
        "type": "object",
        "properties": {"spec": spec, "status": {"type": "object", "x-kubernetes-preserve-unknown-fields": true}}
    });
    let column = json!({"name": "Size", "type": "integer", "jsonPath": ".spec.size"});
    let version = json!({
        "name": "v1", "served": true, "storage": true, "schema": {"openAPIV3Schema": schema},
        "subresources": {"status": {}}, "additionalPrinterColumns": [column]
    });
    let names = json!({"plural": "wombats", "singular": "wombat", "kind": "Wombat", "shortNames": ["wb"]});
    json!({
        "metadata": {"name": "wombats.example.org"},
        "spec": {"group": "example.org", "scope": "Namespaced", "names": names, "versions": [version]}
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn definitions_that_come_side_by_side_are_all_served() {
    let world = World::new().await;
    for round in 0..10 {
        let made = (0..8).map(|number| {
            let mut one = definition();
            let (group, plural) = (format!("g{round}.example.org"), format!("wombats{number}"));
            one["metadata"]["name"] = json!(format!("{plural}.{group}"));
            one["spec"]["group"] = json!(group);
            one["spec"]["names"] =
                json!({"plural": plural, "singular": plural, "kind": format!("Wombat{number}")});
            let world = &world;
            async move { world.post(DEFINITIONS, &one).await.ok() }
        });
        futures::future::join_all(made).await;
        for number in 0..8 {
            let path = format!("/apis/g{round}.example.org/v1/wombats{number}");
            assert_eq!(world.get(&path).await.code, 200, "{path}");
        }
    }
}

#[tokio::test]
async fn served_from_the_first_moment() {
    let world = World::new().await;
    let path = "/apis/example.org/v1/namespaces/default/wombats";
    assert_eq!(world.get(path).await.code, 404);
    let made = world.post(DEFINITIONS, &definition()).await.ok();
    let conditions = made["status"]["conditions"].as_array().unwrap();
    let told: Vec<_> = conditions.iter().map(|one| format!("{}={}", one["type"], one["status"])).collect();
    assert_eq!(told, ["\"NamesAccepted\"=\"True\"", "\"Established\"=\"True\""]);
    assert_eq!(made["status"]["storedVersions"], json!(["v1"]));
    let resources = world.get("/apis/example.org/v1").await.ok();
    assert_eq!(resources["resources"][0]["shortNames"], json!(["wb"]));
    assert_eq!(resources["resources"][1]["name"], "wombats/status");
    let object = json!({"apiVersion": "example.org/v1", "kind": "Wombat", "metadata": {"name": "a"}, "spec": {"size": 2, "tail": true}, "status": {"x": 1}});
    let wombat = world.post(path, &object).await.ok();
    assert_eq!(wombat["spec"], json!({"size": 2, "colour": "red"}), "pruned and completed");
    assert_eq!(wombat.get("status"), None);
    assert_eq!(wombat["metadata"]["generation"], 1);
    let status =
        world.patch(&format!("{path}/a/status"), "merge", &json!({"status": {"ready": true}})).await.ok();
    assert_eq!(status["status"], json!({"ready": true}));
    assert_eq!(status["metadata"]["generation"], 1);
    let list = world.get(path).await.ok();
    assert_eq!(list["kind"], "WombatList");
    assert_eq!(list["items"][0]["kind"], "Wombat");
    let strategic = world.patch(&format!("{path}/a"), "strategic-merge", &json!({})).await;
    assert_eq!((strategic.refusal().0, strategic.refusal().1), (415, "UnsupportedMediaType"));
    let unversioned = json!({"apiVersion": "example.org/v1", "kind": "Wombat", "metadata": {"name": "a"}, "spec": {"size": 3}});
    let message = "wombats.example.org \"a\" is invalid: metadata.resourceVersion: Invalid value: 0: must be \
                   specified for an update";
    assert_eq!(world.put(&format!("{path}/a"), &unversioned).await.refusal(), (422, "Invalid", message));
    let bad = world
        .post(
            path,
            &json!({"apiVersion": "example.org/v1", "kind": "Wombat", "metadata": {"name": "b"}, "spec": {}}),
        )
        .await;
    assert_eq!((bad.refusal().0, bad.refusal().1), (422, "Invalid"));
    assert!(bad.refusal().2.contains("spec.size: Required value"), "{}", bad.refusal().2);
}

#[tokio::test]
async fn goes_after_its_objects() {
    let world = World::new().await;
    world.post(DEFINITIONS, &definition()).await.ok();
    let path = "/apis/example.org/v1/namespaces/default/wombats";
    let object = json!({"apiVersion": "example.org/v1", "kind": "Wombat", "metadata": {"name": "a", "finalizers": ["example.org/hold"]}, "spec": {"size": 2}});
    world.post(path, &object).await.ok();
    let revision = world.server.revision();
    let mut definitions = world.watch(&format!("{DEFINITIONS}?watch=true&resourceVersion={revision}")).await;
    let mut wombats =
        world.watch(&format!("/apis/example.org/v1/wombats?watch=true&resourceVersion={revision}")).await;
    let marked = world.delete(&format!("{DEFINITIONS}/wombats.example.org"), &json!({})).await.ok();
    assert!(marked["metadata"]["deletionTimestamp"].is_string());
    assert_eq!(wombats.brief().await, "MODIFIED a");
    world.patch(&format!("{path}/a"), "merge", &json!({"metadata": {"finalizers": []}})).await.ok();
    assert_eq!(wombats.brief().await, "DELETED a");
    definitions.until("DELETED", "wombats.example.org").await;
    assert_eq!(world.get(path).await.text, "404 page not found\n");
}

#[tokio::test]
async fn a_wrong_name_is_refused() {
    let world = World::new().await;
    let mut wrong = definition();
    wrong["metadata"]["name"] = "wombats.example.com".into();
    let message = "CustomResourceDefinition.apiextensions.k8s.io \"wombats.example.com\" is invalid: metadata.name: \
                   Invalid value: \"wombats.example.com\": must be spec.names.plural+\".\"+spec.group";
    assert_eq!(world.post(DEFINITIONS, &wrong).await.refusal(), (422, "Invalid", message));
}

#[tokio::test]
async fn the_status_alone_is_applied() {
    let world = World::new().await;
    world.post(DEFINITIONS, &definition()).await.ok();
    let path = "/apis/example.org/v1/namespaces/default/wombats";
    world.post(path, &json!({"apiVersion": "example.org/v1", "kind": "Wombat", "metadata": {"name": "a"}, "spec": {"size": 2}})).await.ok();
    let applied = json!({
        "apiVersion": "example.org/v1", "kind": "Wombat", "metadata": {"name": "a", "labels": {"a": "b"}},
        "spec": {"size": 3}, "status": {"ready": true}
    });
    let status = world.patch(&format!("{path}/a/status?fieldManager=keeper"), "apply", &applied).await.ok();
    assert_eq!((&status["spec"]["size"], &status["status"]), (&json!(2), &json!({"ready": true})));
    assert_eq!(status["metadata"].get("labels"), None);
    let managers = status["metadata"]["managedFields"].as_array().unwrap();
    let keeper = managers.iter().find(|one| one["manager"] == "keeper").unwrap();
    assert_eq!(keeper["subresource"], "status");
    assert_eq!(keeper["fieldsV1"], json!({"f:status": {"f:ready": {}}}));
}
