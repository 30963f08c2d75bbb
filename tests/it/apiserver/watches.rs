//! Watches: from a revision, with the state first, with selectors, and when they are too late.

use serde_json::{Value, json};

use super::world::{CONFIG_MAPS, World};

#[tokio::test]
async fn changes_after_a_revision_in_order() {
    let world = World::new().await;
    let made = world.config_map("a", &json!({})).await;
    let revision = made["metadata"]["resourceVersion"].as_str().unwrap().to_owned();
    world.config_map("b", &json!({})).await;
    let mut watch = world.watch(&format!("{CONFIG_MAPS}?watch=1&resourceVersion={revision}")).await;
    world.patch(&format!("{CONFIG_MAPS}/a"), "merge", &json!({"data": {"a": "2"}})).await.ok();
    world.delete(&format!("{CONFIG_MAPS}/b"), &Value::Null).await.ok();
    let other = "/api/v1/namespaces/kube-public/configmaps";
    world.post(other, &json!({"metadata": {"name": "elsewhere"}})).await.ok();
    world.config_map("c", &json!({})).await;
    let mut last = 0;
    for expected in ["ADDED b", "MODIFIED a", "DELETED b", "ADDED c"] {
        let event = watch.next().await.unwrap();
        let object = &event["object"]["metadata"];
        assert_eq!(
            format!("{} {}", event["type"].as_str().unwrap(), object["name"].as_str().unwrap()),
            expected
        );
        let revision = object["resourceVersion"].as_str().unwrap().parse::<u64>().unwrap();
        assert!(revision > last, "{event}");
        last = revision;
    }
}

#[tokio::test]
async fn state_first_then_a_bookmark() {
    let world = World::new().await;
    world.config_map("a", &json!({})).await;
    let path = format!(
        "{CONFIG_MAPS}?watch=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true"
    );
    let mut watch = world.watch(&path).await;
    assert_eq!(watch.brief().await, "ADDED a");
    assert_eq!(watch.brief().await, "ADDED kube-root-ca.crt");
    let bookmark = watch.next().await.unwrap();
    let revision = world.server.revision().to_string();
    let annotations = json!({"k8s.io/initial-events-end": "true"});
    let metadata = json!({"resourceVersion": revision, "annotations": annotations});
    let object = json!({"kind": "ConfigMap", "apiVersion": "v1", "metadata": metadata});
    assert_eq!(bookmark, json!({"type": "BOOKMARK", "object": object}));
    world.config_map("b", &json!({})).await;
    assert_eq!(watch.brief().await, "ADDED b");
    let without = world.get(&format!("{CONFIG_MAPS}?watch=true&sendInitialEvents=true")).await;
    let message = "ListOptions.meta.k8s.io \"\" is invalid: resourceVersionMatch: Forbidden: sendInitialEvents \
                   requires setting resourceVersionMatch to NotOlderThan";
    assert_eq!(without.refusal(), (422, "Invalid", message));
}

#[tokio::test]
async fn selectors_turn_changes_into_comings_and_goings() {
    let world = World::new().await;
    world.config_map("a", &json!({"labels": {"app": "web"}})).await;
    let path = format!("{CONFIG_MAPS}?watch=true&labelSelector=app%3Dweb");
    let mut watch = world.watch(&path).await;
    assert_eq!(watch.brief().await, "ADDED a");
    let label = |value: &str| json!({"metadata": {"labels": {"app": value}}});
    for value in ["api", "api2", "web", "web"] {
        world.patch(&format!("{CONFIG_MAPS}/a"), "merge", &label(value)).await.ok();
    }
    world.patch(&format!("{CONFIG_MAPS}/a"), "merge", &json!({"data": {"b": "2"}})).await.ok();
    let gone = watch.next().await.unwrap();
    assert_eq!(gone["type"], "DELETED");
    assert_eq!(gone["object"]["metadata"]["labels"], json!({"app": "web"}), "as it was seen last");
    assert_eq!(watch.brief().await, "ADDED a");
    assert_eq!(watch.brief().await, "MODIFIED a");
}

#[tokio::test]
async fn too_late_is_said() {
    let world = World::new().await;
    let made = world.config_map("a", &json!({})).await;
    let first = made["metadata"]["resourceVersion"].as_str().unwrap().to_owned();
    for number in 0..1100 {
        let patch = json!({"data": {"a": number.to_string()}});
        world.patch(&format!("{CONFIG_MAPS}/a"), "merge", &patch).await.ok();
    }
    let late = world.get(&format!("{CONFIG_MAPS}?watch=true&resourceVersion={first}")).await;
    assert_eq!((late.refusal().0, late.refusal().1), (410, "Expired"));
    assert!(late.refusal().2.starts_with(&format!("too old resource version: {first} (")), "{}", late.text);
    let quiet =
        world.get(&format!("/api/v1/secrets?watch=true&timeoutSeconds=1&resourceVersion={first}")).await;
    assert_eq!(quiet.code, 200, "what changes seldom is kept for long");
    let path = format!("{CONFIG_MAPS}?resourceVersion=999999&resourceVersionMatch=NotOlderThan");
    let future = world.get(&path).await;
    assert_eq!((future.refusal().0, future.refusal().1), (504, "Timeout"));
}

#[tokio::test]
async fn a_watch_ends_when_it_should() {
    let world = World::new().await;
    let revision = world.server.revision();
    let path = format!("{CONFIG_MAPS}?watch=true&timeoutSeconds=1&resourceVersion={revision}");
    let mut watch = world.watch(&path).await;
    assert_eq!(watch.next().await, None);
}

#[tokio::test]
async fn tables_are_watched_with_columns_once() {
    let world = World::new().await;
    let accept = "application/json;as=Table;g=meta.k8s.io;v=v1,application/json";
    let path = format!("{CONFIG_MAPS}?watch=true&fieldSelector=metadata.name%3Da");
    world.config_map("a", &json!({})).await;
    let mut watch = world.watch_as(&path, accept).await;
    let first = watch.next().await.unwrap();
    assert_eq!(first["object"]["kind"], "Table");
    assert_eq!(first["object"]["rows"][0]["cells"][0], "a");
    assert_eq!(first["object"]["rows"][0]["object"]["kind"], "PartialObjectMetadata");
    assert_eq!(first["object"]["columnDefinitions"][0]["name"], "Name");
    world.patch(&format!("{CONFIG_MAPS}/a"), "merge", &json!({"data": {"b": "2"}})).await.ok();
    assert_eq!(watch.next().await.unwrap()["object"]["columnDefinitions"], Value::Null);
}
