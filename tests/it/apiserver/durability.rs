//! What was acknowledged is there after the process is gone.

use serde_json::{Value, json};

use super::world::{CONFIG_MAPS, World, open};

#[tokio::test]
async fn a_reopened_server_has_everything() {
    let world = World::new().await;
    let made = world.config_map("a", &json!({})).await;
    world.config_map("b", &json!({})).await;
    world.delete(&format!("{CONFIG_MAPS}/b"), &Value::Null).await.ok();
    world.namespace("team").await;
    let revision = world.server.revision();
    let World { folder, server } = world;
    drop(server);
    let world = World { server: open(folder.path()).await, folder };
    assert_eq!(world.server.revision(), revision, "opening writes nothing new");
    assert_eq!(world.get(&format!("{CONFIG_MAPS}/a")).await.ok(), made);
    assert_eq!(world.get(&format!("{CONFIG_MAPS}/b")).await.code, 404);
    world.get("/api/v1/namespaces/team").await.ok();
    let late = world.get(&format!("{CONFIG_MAPS}?watch=true&resourceVersion={}", revision - 1)).await;
    assert_eq!(late.refusal().0, 410);
    let mut watch = world.watch(&format!("{CONFIG_MAPS}?watch=true&resourceVersion={revision}")).await;
    world.config_map("c", &json!({})).await;
    assert_eq!(watch.brief().await, "ADDED c");
}

#[tokio::test]
async fn a_deletion_that_was_cut_short_is_finished() {
    let world = World::new().await;
    let owner = world.config_map("owner", &json!({})).await;
    let references = json!([{
        "apiVersion": "v1", "kind": "ConfigMap", "name": "owner", "uid": owner["metadata"]["uid"]
    }]);
    world.config_map("owned", &json!({"ownerReferences": references})).await;
    // This thread runs all tasks, and none gets its turn between the deletion and the end of the server.
    world.delete(&format!("{CONFIG_MAPS}/owner"), &json!({})).await.ok();
    let World { folder, server } = world;
    drop(server);
    let world = World { server: open(folder.path()).await, folder };
    let path = format!("{CONFIG_MAPS}?watch=true&fieldSelector=metadata.name%3Downed");
    let revision = world.server.revision();
    if world.get(&format!("{CONFIG_MAPS}/owned")).await.code == 200 {
        world.watch(&format!("{path}&resourceVersion={revision}")).await.until("DELETED", "owned").await;
    }
    assert_eq!(world.get(&format!("{CONFIG_MAPS}/owned")).await.code, 404);
}
