//! kube-rs against the server, in process.

use atelier::accounts::Identity;
use futures::{StreamExt as _, TryStreamExt as _};
use k8s_openapi::api::core::v1::{ConfigMap, Event, ObjectReference};
use kube::api::{Api, DeleteParams, ListParams, Patch, PatchParams, PostParams, WatchEvent, WatchParams};
use kube::runtime::events::{Event as NewEvent, EventType, Recorder, Reporter};
use kube::runtime::{WatchStreamExt as _, watcher};
use serde_json::json;

use super::world::World;

fn config_map(name: &str) -> ConfigMap {
    let object = json!({"metadata": {"name": name}, "data": {"a": "1"}});
    serde_json::from_value(object).unwrap()
}

#[tokio::test]
async fn typed_objects() {
    let world = World::new().await;
    let maps: Api<ConfigMap> = Api::default_namespaced(world.server.client(Identity::administrator()));
    let made = maps.create(&PostParams::default(), &config_map("a")).await.unwrap();
    assert!(made.metadata.uid.is_some());
    let patch = json!({"apiVersion": "v1", "kind": "ConfigMap", "data": {"b": "2"}});
    let applied = maps.patch("a", &PatchParams::apply("test"), &Patch::Apply(&patch)).await.unwrap();
    assert_eq!(applied.data.unwrap().len(), 2);
    let list = maps.list(&ListParams::default()).await.unwrap();
    assert_eq!(list.items.len(), 2);
    let error = maps.get("nope").await.unwrap_err();
    let kube::Error::Api(status) = error else { panic!("{error}") };
    assert!(status.is_not_found());
    maps.delete("a", &DeleteParams::default()).await.unwrap();
    let mut watch = maps.watch(&WatchParams::default(), "0").await.unwrap().boxed();
    let Some(WatchEvent::Added(first)) = watch.try_next().await.unwrap() else { panic!("no event") };
    assert_eq!(first.metadata.name.as_deref(), Some("kube-root-ca.crt"));
}

#[tokio::test]
async fn watchers_of_both_kinds() {
    let world = World::new().await;
    let maps: Api<ConfigMap> = Api::default_namespaced(world.server.client(Identity::administrator()));
    for config in [watcher::Config::default(), watcher::Config::default().streaming_lists()] {
        let mut events = watcher(maps.clone(), config).applied_objects().boxed();
        let first = events.try_next().await.unwrap().unwrap();
        assert_eq!(first.metadata.name.as_deref(), Some("kube-root-ca.crt"));
        maps.create(&PostParams::default(), &config_map("b")).await.unwrap();
        let next = events.try_next().await.unwrap().unwrap();
        assert_eq!(next.metadata.name.as_deref(), Some("b"));
        maps.delete("b", &DeleteParams::default()).await.unwrap();
    }
}

#[tokio::test]
async fn new_events_are_read_as_old_ones() {
    let world = World::new().await;
    let client = world.server.client(Identity::administrator());
    let reporter = Reporter { controller: "source-controller".to_owned(), instance: None };
    let recorder = Recorder::new(client.clone(), reporter);
    let about = ObjectReference {
        kind: Some("ConfigMap".to_owned()),
        name: Some("a".to_owned()),
        namespace: Some("default".to_owned()),
        ..ObjectReference::default()
    };
    let event = NewEvent {
        type_: EventType::Normal,
        reason: "Fetched".to_owned(),
        note: Some("got it".to_owned()),
        action: "Fetch".to_owned(),
        secondary: None,
    };
    recorder.publish(&event, &about).await.unwrap();
    recorder.publish(&event, &about).await.unwrap();
    let events: Api<Event> = Api::default_namespaced(client);
    let list = events.list(&ListParams::default().fields("involvedObject.name=a")).await.unwrap();
    assert_eq!(list.items.len(), 1);
    assert_eq!(list.items[0].message.as_deref(), Some("got it"));
    assert_eq!(list.items[0].reporting_component.as_deref(), Some("source-controller"));
    assert_eq!(list.items[0].series.as_ref().unwrap().count, Some(2));
}
