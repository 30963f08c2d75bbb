//! Patches through the whole server.

use serde_json::json;

use super::world::{CONFIG_MAPS, World};

#[tokio::test]
async fn server_side_apply_makes_changes_and_conflicts() {
    let world = World::new().await;
    let path = format!("{CONFIG_MAPS}/c2");
    let object = |value: &str| json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c2"}, "data": {"a": value}});
    let made = world.patch(&format!("{path}?fieldManager=one"), "apply", &object("1")).await;
    assert_eq!(made.code, 201);
    let made = made.ok();
    assert_eq!(made["metadata"]["managedFields"][0]["operation"], "Apply");
    let again = world.patch(&format!("{path}?fieldManager=one"), "apply", &object("1")).await;
    assert_eq!(again.code, 200);
    assert_eq!(again.ok()["metadata"]["resourceVersion"], made["metadata"]["resourceVersion"]);
    let conflict = world.patch(&format!("{path}?fieldManager=two"), "apply", &object("2")).await;
    let message = "Apply failed with 1 conflict: conflict with \"one\": .data.a";
    assert_eq!(conflict.refusal(), (409, "Conflict", message));
    let cause =
        json!({"reason": "FieldManagerConflict", "message": "conflict with \"one\"", "field": ".data.a"});
    assert_eq!(conflict.body["details"]["causes"], json!([cause]));
    let forced =
        world.patch(&format!("{path}?fieldManager=two&force=true"), "apply", &object("2")).await.ok();
    assert_eq!(forced["data"]["a"], "2");
    let empty = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c2"}});
    let dropped = world.patch(&format!("{path}?fieldManager=two"), "apply", &empty).await.ok();
    assert_eq!(dropped.get("data"), None);
    let nobody = world.patch(&path, "apply", &object("1")).await;
    let message =
        "PatchOptions.meta.k8s.io \"\" is invalid: fieldManager: Required value: is required for apply patch";
    assert_eq!(nobody.refusal(), (422, "Invalid", message));
}

#[tokio::test]
async fn server_side_apply_in_dry_run_stores_nothing() {
    let world = World::new().await;
    let before = world.server.revision();
    let object =
        json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "d"}, "data": {"a": "1"}});
    let path = format!("{CONFIG_MAPS}/d?fieldManager=one&dryRun=All&force=true");
    assert_eq!(world.patch(&path, "apply", &object).await.code, 201);
    assert_eq!(world.get(&format!("{CONFIG_MAPS}/d")).await.code, 404);
    assert_eq!(world.server.revision(), before);
}

#[tokio::test]
async fn applied_types_are_checked() {
    let world = World::new().await;
    let object = json!({
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "bad"}, "spec": {"replicas": "two"}
    });
    let path = "/apis/apps/v1/namespaces/default/deployments/bad?fieldManager=one";
    let refused = world.patch(path, "apply", &object).await;
    let message = "failed to create typed patch object (/bad; apps/v1, Kind=Deployment): .spec.replicas: \
                   expected numeric (int or float), got string";
    assert_eq!(refused.refusal(), (500, "", message));
}

#[tokio::test]
async fn json_merge_and_strategic() {
    let world = World::new().await;
    let path = "/apis/apps/v1/namespaces/default/deployments";
    let labels = json!({"app": "web"});
    let containers = json!([{"name": "web", "image": "web:1"}, {"name": "side", "image": "side:1"}]);
    let template = json!({"metadata": {"labels": labels}, "spec": {"containers": containers}});
    let spec = json!({"selector": {"matchLabels": labels}, "template": template});
    world.post(path, &json!({"metadata": {"name": "web"}, "spec": spec})).await.ok();
    let path = format!("{path}/web");
    let image = json!({"spec": {"template": {"spec": {"containers": [{"name": "web", "image": "web:2"}]}}}});
    let patched = world.patch(&path, "strategic-merge", &image).await.ok();
    let images = |object: &serde_json::Value| -> Vec<String> {
        let containers = object["spec"]["template"]["spec"]["containers"].as_array().unwrap().iter();
        containers.map(|container| container["image"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(images(&patched), ["web:2", "side:1"]);
    let test = json!([
        {"op": "test", "path": "/spec/replicas", "value": 1},
        {"op": "replace", "path": "/spec/replicas", "value": 3}
    ]);
    assert_eq!(world.patch(&path, "json", &test).await.ok()["spec"]["replicas"], 3);
    let refused = world.patch(&path, "json", &test).await;
    assert_eq!((refused.refusal().0, refused.refusal().1), (422, "Invalid"));
    let merged = world.patch(&path, "merge", &image).await.ok();
    assert_eq!(images(&merged), ["web:2"], "a merge patch replaces lists");
    let unknown = world.patch(&path, "wombat", &json!({})).await;
    assert_eq!((unknown.refusal().0, unknown.refusal().1), (415, "UnsupportedMediaType"));
}
