//! Sources against the recordings.

use atelier::objects::flux::GitRepository;
use serde_json::Value;

use super::flux::{Lab, NAMESPACE, files, recorded, status};

#[tokio::test(flavor = "multi_thread")]
async fn source_is_fetched_and_stored() {
    let lab = Lab::with_source().await;
    let object = lab.api::<GitRepository>().get("dev1-apps").await.unwrap();
    let object: Value = serde_json::to_value(object).unwrap();
    assert_eq!(status(&object), status(&recorded("gitrepository-dev1-apps")));
    assert_eq!(object["metadata"]["finalizers"], serde_json::json!(["finalizers.fluxcd.io"]));
    assert_eq!(lab.events("dev1-apps").await, ["Normal NewArtifact stored artifact for commit 'manifests'"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_is_told_as_flux_does() {
    let lab = Lab::open().await;
    lab.push(&files(), "manifests").await;
    for (name, url, branch) in [
        ("unreachable", "http://127.0.0.1:1/dev1/nope.git", "main"),
        ("wrong-branch", "http://forge.atelier.internal:3000/dev1/dev1-apps.git", "nope"),
        ("wrong-url", "http://forge.atelier.internal:3000/dev1/nope.git", "main"),
    ] {
        lab.apply(&Lab::source(name, url, branch)).await;
        let object = lab.until_ready::<GitRepository>(name, "False").await;
        assert_eq!(status(&object), status(&recorded(&format!("gitrepository-{name}"))), "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn deleted_source_takes_its_artifacts_along() {
    let lab = Lab::with_source().await;
    let stored = lab.folder.path().join("artifacts/gitrepository").join(NAMESPACE).join("dev1-apps");
    assert_eq!(std::fs::read_dir(&stored).unwrap().count(), 1);
    let api = lab.api::<GitRepository>();
    api.delete("dev1-apps", &kube::api::DeleteParams::default()).await.unwrap();
    let gone = kube::runtime::wait::await_condition(api, "dev1-apps", |object: Option<&GitRepository>| {
        object.is_none()
    });
    tokio::time::timeout(std::time::Duration::from_secs(30), gone).await.unwrap().unwrap();
    assert!(!stored.exists());
}
