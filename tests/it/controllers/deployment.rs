//! Rollouts.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use k8s_openapi::api::apps::v1::{Deployment, ReplicaSet};
use k8s_openapi::api::core::v1::{Pod, Service};
use kube::ResourceExt as _;
use kube::api::ListParams;
use serde_json::{Value, json};

use crate::workloads::{Cluster, container, deployment, is_rolled_out, service};

const VERSION: &str = "/api/v1/namespaces/app/services/web:80/proxy/version";

/// Kinds and reasons of a Deployment's conditions.
fn conditions(deployment: &Deployment) -> Vec<(String, String, String)> {
    let conditions = deployment.status.as_ref().unwrap().conditions.clone().unwrap();
    conditions.into_iter().map(|it| (it.type_, it.status, it.reason.unwrap())).collect()
}

fn told(list: &[(&str, &str, &str)]) -> Vec<(String, String, String)> {
    list.iter().map(|(kind, status, reason)| ((*kind).into(), (*status).into(), (*reason).into())).collect()
}

async fn sets(cluster: &Cluster) -> Vec<ReplicaSet> {
    let mut sets = cluster.api::<ReplicaSet>().list(&ListParams::default()).await.unwrap().items;
    sets.sort_by_key(|set| set.annotations()["deployment.kubernetes.io/revision"].clone());
    sets
}

fn image(tag: &str) -> Value {
    json!({ "spec": { "template": { "spec": { "containers": [container(tag)] } } } })
}

#[tokio::test(flavor = "multi_thread")]
async fn no_request_fails_while_a_new_version_is_rolled_out() {
    let folder = tempfile::tempdir().unwrap();
    let cluster = Arc::new(Cluster::open(folder.path()).await);
    let careful = json!({ "strategy": { "rollingUpdate": { "maxSurge": 1, "maxUnavailable": 0 } } });
    cluster.create::<Service>(service()).await;
    cluster.create::<Deployment>(deployment(3, "1.0.0", &careful)).await;
    cluster.until::<Deployment>("web", is_rolled_out).await;
    assert_eq!(cluster.get(VERSION).await.unwrap(), r#"{"version":"1.0.0"}"#);

    let done = Arc::new(AtomicBool::new(false));
    let visitor = tokio::spawn({
        let (cluster, done) = (Arc::clone(&cluster), Arc::clone(&done));
        async move {
            let mut seen = Vec::new();
            while !done.load(Ordering::Relaxed) {
                seen.push(cluster.get(VERSION).await.map_err(|error| error.to_string()));
            }
            seen
        }
    });
    cluster.patch::<Deployment>("web", image("1.0.1")).await;
    let deployment = cluster.until::<Deployment>("web", is_rolled_out).await;
    done.store(true, Ordering::Relaxed);
    let mut seen = visitor.await.unwrap();
    seen.dedup();
    seen.sort();
    seen.dedup();
    let versions = [Ok(r#"{"version":"1.0.0"}"#.to_owned()), Ok(r#"{"version":"1.0.1"}"#.to_owned())];
    assert!(seen.iter().all(|answer| versions.contains(answer)), "{seen:?}");
    assert_eq!(cluster.get(VERSION).await.unwrap(), r#"{"version":"1.0.1"}"#);

    assert_eq!(deployment.annotations()["deployment.kubernetes.io/revision"], "2");
    let expected = [
        ("Available", "True", "MinimumReplicasAvailable"),
        ("Progressing", "True", "NewReplicaSetAvailable"),
    ];
    assert_eq!(conditions(&deployment), told(&expected));
    let [old, new] = sets(&cluster).await.try_into().unwrap();
    let events = cluster.events("web", "ScalingReplicaSet").await;
    let (old, new) = (old.name_any(), new.name_any());
    let step = |direction: &str, set: &str, from: i32, to: i32| {
        format!("Normal ScalingReplicaSet: Scaled {direction} replica set {set} from {from} to {to}")
    };
    let expected = [
        step("up", &old, 0, 3),
        step("up", &new, 0, 1),
        step("down", &old, 3, 2),
        step("up", &new, 1, 2),
        step("down", &old, 2, 1),
        step("up", &new, 2, 3),
        step("down", &old, 1, 0),
    ];
    assert_eq!(events, expected);
}

#[tokio::test]
async fn image_that_does_not_exist_leaves_the_old_version_running_and_undo_brings_it_back() {
    let folder = tempfile::tempdir().unwrap();
    let cluster = Cluster::open(folder.path()).await;
    cluster.create::<Deployment>(deployment(3, "1.0.0", &json!({}))).await;
    let first = cluster.until::<Deployment>("web", is_rolled_out).await;
    cluster.patch::<Deployment>("web", image("9.9.9")).await;
    let stuck = cluster
        .until::<Deployment>("web", |it| {
            it["status"]["unavailableReplicas"] == 1 && it["status"]["updatedReplicas"] == 1
        })
        .await;
    let mut status = serde_json::to_value(stuck.status.clone().unwrap()).unwrap();
    status.as_object_mut().unwrap().remove("conditions");
    let expected = json!({
        "observedGeneration": 2, "replicas": 4, "updatedReplicas": 1, "readyReplicas": 3, "availableReplicas": 3,
        "unavailableReplicas": 1,
    });
    assert_eq!(status, expected);
    let expected =
        [("Available", "True", "MinimumReplicasAvailable"), ("Progressing", "True", "ReplicaSetUpdated")];
    assert_eq!(conditions(&stuck), told(&expected));

    let template = serde_json::to_value(first.spec.unwrap().template).unwrap();
    cluster.patch::<Deployment>("web", json!({ "spec": { "template": template } })).await;
    let undone = cluster.until::<Deployment>("web", is_rolled_out).await;
    assert_eq!(undone.annotations()["deployment.kubernetes.io/revision"], "3");
    let sets = sets(&cluster).await;
    let seen = sets
        .iter()
        .map(|set| {
            let annotation =
                |name: &str| set.annotations().get(&format!("deployment.kubernetes.io/{name}")).cloned();
            (annotation("revision"), annotation("revision-history"), set.spec.as_ref().unwrap().replicas)
        })
        .collect::<Vec<_>>();
    let some = |text: &str| Some(text.to_owned());
    assert_eq!(seen, [(some("2"), None, Some(0)), (some("3"), some("1"), Some(3))]);
}

#[tokio::test]
async fn recreate_has_never_two_versions_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let cluster = Cluster::open(folder.path()).await;
    cluster
        .create::<Deployment>(deployment(2, "1.0.0", &json!({ "strategy": { "type": "Recreate" } })))
        .await;
    cluster.until::<Deployment>("web", is_rolled_out).await;
    let old = cluster.pods("app=web").await.iter().map(|pod| pod.uid().unwrap()).collect::<Vec<_>>();
    cluster.patch::<Deployment>("web", image("1.0.1")).await;
    // The first Pod of the new template comes when none of the old is left, not even one on its way out.
    let mut changes =
        Box::pin(kube::runtime::watcher(cluster.api::<Pod>(), kube::runtime::watcher::Config::default()));
    crate::workloads::patiently(async {
        use futures::TryStreamExt as _;
        use kube::runtime::watcher::Event as Change;
        loop {
            match changes.try_next().await.unwrap().unwrap() {
                Change::Apply(pod) | Change::InitApply(pod) if !old.contains(&pod.uid().unwrap()) => return,
                _ => {}
            }
        }
    })
    .await;
    let present = cluster.api::<Pod>().list(&ListParams::default()).await.unwrap().items;
    assert!(present.iter().all(|pod| !old.contains(&pod.uid().unwrap())), "{present:?}");
    cluster.until::<Deployment>("web", is_rolled_out).await;
}

#[tokio::test]
async fn paused_deployment_scales_and_does_not_roll_out() {
    let folder = tempfile::tempdir().unwrap();
    let cluster = Cluster::open(folder.path()).await;
    cluster.create::<Deployment>(deployment(1, "1.0.0", &json!({}))).await;
    cluster.until::<Deployment>("web", is_rolled_out).await;
    cluster.patch::<Deployment>("web", json!({ "spec": { "paused": true } })).await;
    let mut change = image("1.0.1");
    change["spec"]["replicas"] = 2.into();
    cluster.patch::<Deployment>("web", change).await;
    let paused = cluster.until::<Deployment>("web", |it| it["status"]["availableReplicas"] == 2).await;
    assert_eq!(paused.status.as_ref().unwrap().updated_replicas, None);
    assert_eq!(sets(&cluster).await.len(), 1);
    assert!(conditions(&paused).contains(&told(&[("Progressing", "Unknown", "DeploymentPaused")])[0]));
    cluster.patch::<Deployment>("web", json!({ "spec": { "paused": false } })).await;
    cluster.until::<Deployment>("web", is_rolled_out).await;
    assert_eq!(sets(&cluster).await.len(), 2);
}

#[tokio::test]
async fn history_has_its_limit() {
    let folder = tempfile::tempdir().unwrap();
    let cluster = Cluster::open(folder.path()).await;
    cluster.create::<Deployment>(deployment(1, "1.0.0", &json!({ "revisionHistoryLimit": 1 }))).await;
    cluster.until::<Deployment>("web", is_rolled_out).await;
    let first = sets(&cluster).await[0].name_any();
    for message in ["one", "two"] {
        let environment = json!([{ "name": "POSTCARD_MESSAGE", "value": message }]);
        let mut container = container("1.0.0");
        container["env"] = environment;
        let change = json!({ "spec": { "template": { "spec": { "containers": [container] } } } });
        cluster.patch::<Deployment>("web", change).await;
        cluster.until::<Deployment>("web", is_rolled_out).await;
    }
    cluster.until_gone::<ReplicaSet>(&first).await;
    assert_eq!(sets(&cluster).await.len(), 2);
}
