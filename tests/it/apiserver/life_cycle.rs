//! What follows from a deletion: owned objects, namespaces with their contents, finalizers, grace.

use serde_json::{Value, json};

use super::world::{CONFIG_MAPS, World};

fn owner(object: &Value) -> Value {
    json!([{
        "apiVersion": "v1", "kind": "ConfigMap", "name": object["metadata"]["name"],
        "uid": object["metadata"]["uid"], "blockOwnerDeletion": true, "controller": true
    }])
}

#[tokio::test]
async fn owned_objects_follow_in_the_background() {
    let world = World::new().await;
    let top = world.config_map("top", &json!({})).await;
    let middle = world.config_map("middle", &json!({"ownerReferences": owner(&top)})).await;
    world.config_map("bottom", &json!({"ownerReferences": owner(&middle)})).await;
    let mut watch =
        world.watch(&format!("{CONFIG_MAPS}?watch=true&resourceVersion={}", world.server.revision())).await;
    let answer = world.delete(&format!("{CONFIG_MAPS}/top"), &json!({})).await.ok();
    let details = json!({"name": "top", "kind": "configmaps", "uid": top["metadata"]["uid"]});
    let status = json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "details": details});
    assert_eq!(answer, status);
    for expected in ["DELETED top", "DELETED middle", "DELETED bottom"] {
        assert_eq!(watch.brief().await, expected);
    }
}

#[tokio::test]
async fn owned_objects_go_first_in_the_foreground() {
    let world = World::new().await;
    let top = world.config_map("top", &json!({})).await;
    let held = json!({"ownerReferences": owner(&top), "finalizers": ["example.org/hold"]});
    world.config_map("middle", &held).await;
    let mut watch =
        world.watch(&format!("{CONFIG_MAPS}?watch=true&resourceVersion={}", world.server.revision())).await;
    let policy = json!({"kind": "DeleteOptions", "apiVersion": "v1", "propagationPolicy": "Foreground"});
    let answer = world.delete(&format!("{CONFIG_MAPS}/top"), &policy).await.ok();
    assert_eq!(answer["metadata"]["finalizers"], json!(["foregroundDeletion"]));
    assert_eq!(watch.brief().await, "MODIFIED top");
    assert_eq!(watch.brief().await, "MODIFIED middle");
    let middle = world.get(&format!("{CONFIG_MAPS}/middle")).await.ok();
    assert!(middle["metadata"]["deletionTimestamp"].is_string());
    let release = json!([{"op": "remove", "path": "/metadata/finalizers"}]);
    world.patch(&format!("{CONFIG_MAPS}/middle"), "json", &release).await.ok();
    assert_eq!(watch.brief().await, "DELETED middle");
    assert_eq!(watch.brief().await, "DELETED top");
}

#[tokio::test]
async fn orphans_stay() {
    let world = World::new().await;
    let top = world.config_map("top", &json!({})).await;
    world.config_map("orphan", &json!({"ownerReferences": owner(&top)})).await;
    let mut watch =
        world.watch(&format!("{CONFIG_MAPS}?watch=true&resourceVersion={}", world.server.revision())).await;
    world.delete(&format!("{CONFIG_MAPS}/top?propagationPolicy=Orphan"), &Value::Null).await.ok();
    watch.until("DELETED", "top").await;
    let orphan = world.get(&format!("{CONFIG_MAPS}/orphan")).await.ok();
    assert_eq!(orphan["metadata"].get("ownerReferences"), None);
}

#[tokio::test]
async fn an_object_of_a_missing_owner_is_collected() {
    let world = World::new().await;
    let mut watch =
        world.watch(&format!("{CONFIG_MAPS}?watch=true&resourceVersion={}", world.server.revision())).await;
    let gone = json!({"metadata": {"name": "gone", "uid": "7d9f8a52-0000-4000-8000-000000000000"}});
    world.config_map("late", &json!({"ownerReferences": owner(&gone)})).await;
    watch.until("DELETED", "late").await;
}

#[tokio::test]
async fn finalizers_hold_and_cannot_be_added_late() {
    let world = World::new().await;
    let path = format!("{CONFIG_MAPS}/held");
    world.config_map("held", &json!({"finalizers": ["example.org/a"]})).await;
    let marked = world.delete(&path, &json!({})).await.ok();
    assert_eq!(marked["kind"], "ConfigMap");
    let more = json!({"metadata": {"finalizers": ["example.org/a", "example.org/b"]}});
    let refused = world.patch(&path, "merge", &more).await;
    let message = "ConfigMap \"held\" is invalid: metadata.finalizers: Forbidden: no new finalizers can be added if \
                   the object is being deleted, found new finalizers []string{\"example.org/b\"}";
    assert_eq!(refused.refusal(), (422, "Invalid", message));
    world.patch(&path, "merge", &json!({"metadata": {"finalizers": null}})).await.ok();
    assert_eq!(world.get(&path).await.code, 404);
}

#[tokio::test]
async fn preconditions_are_checked() {
    let world = World::new().await;
    let made = world.config_map("a", &json!({})).await;
    let options = json!({"preconditions": {"uid": "other"}});
    let refused = world.delete(&format!("{CONFIG_MAPS}/a"), &options).await;
    let message = format!(
        "Operation cannot be fulfilled on ConfigMap \"a\": the UID in the precondition (other) does not match the UID in \
         record ({}). The object might have been deleted and then recreated",
        made["metadata"]["uid"].as_str().unwrap()
    );
    assert_eq!(refused.refusal(), (409, "Conflict", message.as_str()));
}

#[tokio::test]
async fn pods_on_nodes_are_given_time() {
    let world = World::new().await;
    let path = "/api/v1/namespaces/default/pods";
    let pod = |name: &str, node: Value| {
        let containers = json!([{"name": "web", "image": "web:1"}]);
        json!({"metadata": {"name": name}, "spec": {"nodeName": node, "containers": containers}})
    };
    let made = world.post(path, &pod("a", "node".into())).await.ok();
    assert_eq!(made["spec"]["serviceAccountName"], "default");
    assert_eq!(made["status"], json!({"phase": "Pending", "qosClass": "BestEffort"}));
    let marked = world.delete(&format!("{path}/a"), &json!({})).await.ok();
    assert_eq!(marked["metadata"]["deletionGracePeriodSeconds"], 30);
    let again = world.delete(&format!("{path}/a"), &json!({})).await.ok();
    assert_eq!(again["metadata"]["resourceVersion"], marked["metadata"]["resourceVersion"]);
    world.delete(&format!("{path}/a"), &json!({"gracePeriodSeconds": 0})).await.ok();
    assert_eq!(world.get(&format!("{path}/a")).await.code, 404);
    world.post(path, &pod("b", Value::Null)).await.ok();
    world.delete(&format!("{path}/b"), &json!({})).await.ok();
    assert_eq!(world.get(&format!("{path}/b")).await.code, 404, "no node has it");
}

#[tokio::test]
async fn a_namespace_goes_after_its_contents() {
    let world = World::new().await;
    world.namespace("team").await;
    let path = "/api/v1/namespaces/team";
    let made = world.get(path).await.ok();
    assert_eq!(made["metadata"]["labels"], json!({"kubernetes.io/metadata.name": "team"}));
    assert_eq!(made["spec"], json!({"finalizers": ["kubernetes"]}));
    assert_eq!(made["status"], json!({"phase": "Active"}));
    world.get(&format!("{path}/serviceaccounts/default")).await.ok();
    world.get(&format!("{path}/configmaps/kube-root-ca.crt")).await.ok();
    let held = json!({"metadata": {"name": "held", "finalizers": ["example.org/hold"]}});
    world.post(&format!("{path}/secrets"), &held).await.ok();
    let revision = world.server.revision();
    let mut watch = world.watch(&format!("/api/v1/namespaces?watch=true&resourceVersion={revision}")).await;
    let marked = world.delete(path, &json!({})).await.ok();
    assert_eq!(marked["status"]["phase"], "Terminating");
    let waiting = loop {
        let object = watch.until("MODIFIED", "team").await;
        if object["status"]["conditions"].is_array() {
            break object;
        }
    };
    let conditions = waiting["status"]["conditions"].as_array().unwrap();
    let found = conditions.iter().find(|one| one["type"] == "NamespaceContentRemaining").unwrap();
    assert_eq!(found["message"], "Some resources are remaining: secrets. has 1 resource instances");
    let refused = world.post(&format!("{path}/secrets"), &json!({"metadata": {"name": "late"}})).await;
    let message = "secrets \"late\" is forbidden: unable to create new content in namespace team because it is being \
                   terminated";
    assert_eq!(refused.refusal(), (403, "Forbidden", message));
    let release = json!({"metadata": {"finalizers": []}});
    world.patch(&format!("{path}/secrets/held"), "merge", &release).await.ok();
    watch.until("DELETED", "team").await;
    assert_eq!(world.get(path).await.code, 404);
    let kept = world.delete("/api/v1/namespaces/default", &json!({})).await;
    let message = "namespaces \"default\" is forbidden: this namespace may not be deleted";
    assert_eq!(kept.refusal(), (403, "Forbidden", message));
}
