//! Kustomizations against the recordings, one test per behaviour.

use atelier::controllers::Clock;
use atelier::objects::flux::{GitRepository, Kustomization};
use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::Service;
use kube::ResourceExt as _;
use kube::api::{DeleteParams, Patch, PatchParams};
use kube::runtime::wait::await_condition;
use serde_json::{Value, json};

use super::flux::{Lab, NAMESPACE, files, recorded, status};

fn kustomization(name: &str, path: &str, more: &Value) -> Value {
    let mut spec = json!({ "interval": "1m", "path": path, "prune": true, "retryInterval": "10s",
        "serviceAccountName": "dev1", "sourceRef": { "kind": "GitRepository", "name": "dev1-apps" },
        "targetNamespace": NAMESPACE, "timeout": "20s" });
    spec.as_object_mut().unwrap().extend(more.as_object().cloned().unwrap_or_default());
    json!({ "apiVersion": "kustomize.toolkit.fluxcd.io/v1", "kind": "Kustomization",
        "metadata": { "name": name, "namespace": NAMESPACE }, "spec": spec })
}

async fn request(lab: &Lab) -> Kustomization {
    let at = format!("{:?}", std::time::Instant::now());
    let patch = json!({ "metadata": { "annotations": { "reconcile.fluxcd.io/requestedAt": at } } });
    lab.api::<Kustomization>().patch("good", &PatchParams::default(), &Patch::Merge(patch)).await.unwrap();
    let handled = |object: &Kustomization| {
        object.status.as_ref().and_then(|status| status.last_handled_reconcile_at.as_deref())
            == Some(at.as_str())
    };
    lab.until::<Kustomization>("good", handled).await
}

async fn good(lab: &Lab) -> Value {
    lab.apply(&kustomization("good", "./good/aspicot", &json!({}))).await;
    lab.until_ready::<Kustomization>("good", "True").await
}

#[tokio::test(flavor = "multi_thread")]
async fn folder_is_applied() {
    let lab = Lab::with_source().await;
    let object = good(&lab).await;
    assert_eq!(status(&object), status(&recorded("kustomization-good")));
    lab.until::<Kustomization>("good", |_| true).await;
    let deployment = lab.api::<Deployment>().get("aspicot").await.unwrap();
    assert_eq!(deployment.labels()["kustomize.toolkit.fluxcd.io/name"], "good");
    assert_eq!(deployment.labels()["kustomize.toolkit.fluxcd.io/namespace"], NAMESPACE);
    let managers = deployment.managed_fields().iter().map(|entry| entry.manager.clone().unwrap());
    assert_eq!(managers.collect::<Vec<_>>(), ["kustomize-controller"]);
    // The last event follows the verdict; a request makes sure that it is written.
    request(&lab).await;
    assert_eq!(
        lab.events("good").await[..2],
        [
            "Normal Progressing Service/dev1-ns/aspicot created\nDeployment/dev1-ns/aspicot created",
            "Normal ReconciliationSucceeded Reconciliation finished in <took>, next run in 1m0s",
        ]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_is_told_as_flux_does() {
    let lab = Lab::with_source().await;
    let none = json!({});
    for (name, path, more) in [
        ("bad-path", "./nowhere", none.clone()),
        ("bad-resource", "./bad", none.clone()),
        ("broken-yaml", "./broken", none.clone()),
        ("invalid", "./invalid", none.clone()),
        ("forbidden", "./forbidden", none.clone()),
        (
            "no-source",
            "./good/aspicot",
            json!({ "sourceRef": { "kind": "GitRepository", "name": "missing" } }),
        ),
        ("depends", "./good/aspicot", json!({ "dependsOn": [{ "name": "bad-path" }], "timeout": "15s" })),
    ] {
        lab.apply(&kustomization(name, path, &more)).await;
        let object = lab.until_ready::<Kustomization>(name, "False").await;
        assert_eq!(status(&object), status(&recorded(&format!("kustomization-{name}"))), "{name}");
    }
    let events = lab.events("depends").await;
    assert_eq!(
        events,
        ["Normal DependencyNotReady Dependencies do not meet ready condition, retrying in 30s"]
    );
}

/// An apply takes over what `kustomize-controller` has updated, so status and finalizer have an owner of their own.
#[tokio::test(flavor = "multi_thread")]
async fn status_and_finalizer_are_not_for_an_apply_to_take_over() {
    let lab = Lab::with_source().await;
    good(&lab).await;
    let object = lab.api::<Kustomization>().get("good").await.unwrap();
    let owner = |entry: &k8s_openapi::apimachinery::pkg::apis::meta::v1::ManagedFieldsEntry| {
        let fields = entry.fields_v1.as_ref().unwrap().0.to_string();
        let status = entry.subresource.as_deref() == Some("status") || fields.contains("finalizers");
        status.then(|| entry.manager.clone().unwrap())
    };
    let owners = object.managed_fields().iter().filter_map(owner).collect::<Vec<_>>();
    assert_eq!(owners, ["gotk-kustomize-controller", "gotk-kustomize-controller"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn push_is_applied_at_once_and_removed_objects_are_pruned() {
    let lab = Lab::with_source().await;
    good(&lab).await;
    let mut files = files();
    files.remove("good/aspicot/service.yaml");
    let commit = lab.push(&files, "without service").await;
    let patch = json!({ "metadata": { "annotations": { "reconcile.fluxcd.io/requestedAt": "now" } } });
    lab.api::<GitRepository>()
        .patch("dev1-apps", &PatchParams::default(), &Patch::Merge(patch))
        .await
        .unwrap();
    let revision = format!("main@sha1:{commit}");
    let applied = |object: &Kustomization| {
        object.status.as_ref().and_then(|status| status.last_applied_revision.as_ref()) == Some(&revision)
    };
    let object = lab.until::<Kustomization>("good", applied).await;
    let inventory = object.status.unwrap().inventory.unwrap().entries;
    assert_eq!(
        inventory.iter().map(|entry| entry.id.as_str()).collect::<Vec<_>>(),
        ["dev1-ns_aspicot_apps_Deployment"]
    );
    assert!(lab.api::<Service>().get_opt("aspicot").await.unwrap().is_none());
    assert!(
        lab.events("good").await.contains(&"Normal Progressing Service/dev1-ns/aspicot deleted".to_owned())
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn changes_by_hand_are_undone_on_request() {
    let lab = Lab::with_source().await;
    good(&lab).await;
    let api = lab.api::<Deployment>();
    let by =
        |manager: &str| PatchParams { field_manager: Some(manager.to_owned()), ..PatchParams::default() };
    let scaled = json!({ "spec": { "replicas": 7 } });
    api.patch("aspicot", &by("kubectl-edit"), &Patch::Merge(scaled)).await.unwrap();
    let labelled = json!({ "metadata": { "labels": { "by": "hand" }, "annotations": { "note": "hand" } } });
    api.patch("aspicot", &by("kubectl-label"), &Patch::Merge(labelled)).await.unwrap();
    let other = json!({ "apiVersion": "apps/v1", "kind": "Deployment",
        "metadata": { "name": "aspicot", "labels": { "team": "x" } } });
    api.patch("aspicot", &PatchParams::apply("somebody"), &Patch::Apply(other)).await.unwrap();

    request(&lab).await;
    let healed = api.get("aspicot").await.unwrap();
    assert_eq!(healed.spec.as_ref().unwrap().replicas, Some(5));
    let labels = healed.labels().keys().map(String::as_str).collect::<Vec<_>>();
    let own = ["app", "kustomize.toolkit.fluxcd.io/name", "kustomize.toolkit.fluxcd.io/namespace", "team"];
    assert_eq!(labels, own);
    assert!(!healed.annotations().contains_key("note"));

    let version = healed.resource_version();
    request(&lab).await;
    assert_eq!(
        api.get("aspicot").await.unwrap().resource_version(),
        version,
        "nothing to change, nothing written"
    );

    api.delete("aspicot", &DeleteParams::background()).await.unwrap();
    request(&lab).await;
    assert_eq!(api.get("aspicot").await.unwrap().spec.unwrap().replicas, Some(5));
}

#[tokio::test(flavor = "multi_thread")]
async fn health_is_waited_for_and_its_failure_told() {
    let lab = Lab::with_source_on(Clock::faster(20)).await;
    lab.apply(&kustomization("wait", "./good/aspicot", &json!({ "wait": true, "timeout": "15s" }))).await;
    let waits = |object: &Kustomization| {
        let conditions = object.status.iter().flat_map(|status| &status.conditions);
        conditions.into_iter().any(|one| one.kind == "Healthy")
    };
    let object = serde_json::to_value(lab.until::<Kustomization>("wait", waits).await).unwrap();
    assert_eq!(status(&object), status(&recorded("kustomization-wait")));
    let object = lab.until_ready::<Kustomization>("wait", "False").await;
    let conditions = status(&object)["conditions"].take();
    assert_eq!(conditions[2]["reason"], "HealthCheckFailed");
    let expected = "timeout waiting for: [Deployment/dev1-ns/aspicot status: 'InProgress']";
    assert_eq!(conditions[2]["message"], expected);
    assert!(conditions[1]["message"].as_str().unwrap().ends_with(expected));

    let ready = json!({ "status": { "observedGeneration": 1, "replicas": 5, "updatedReplicas": 5, "readyReplicas": 5,
        "availableReplicas": 5, "conditions": [{ "type": "Available", "status": "True" }] } });
    let api = lab.api::<Deployment>();
    api.patch_status("aspicot", &PatchParams::default(), &Patch::Merge(ready)).await.unwrap();
    let object = lab.until_ready::<Kustomization>("wait", "True").await;
    assert_eq!(status(&object)["conditions"][1]["type"], "Healthy");
    assert_eq!(status(&object)["conditions"][1]["status"], "True");
}

#[tokio::test(flavor = "multi_thread")]
async fn suspended_is_left_alone() {
    let lab = Lab::with_source().await;
    lab.apply(&kustomization("suspended", "./good/aspicot", &json!({ "suspend": true, "timeout": "15s" })))
        .await;
    let seen = |object: &Kustomization| !object.finalizers().is_empty();
    lab.until::<Kustomization>("suspended", seen).await;
    good(&lab).await;
    let object = serde_json::to_value(lab.api::<Kustomization>().get("suspended").await.unwrap()).unwrap();
    assert_eq!(status(&object), status(&recorded("kustomization-suspended")));
}

#[tokio::test(flavor = "multi_thread")]
async fn deleted_kustomization_takes_its_objects_along() {
    let lab = Lab::with_source().await;
    good(&lab).await;
    let api = lab.api::<Kustomization>();
    api.delete("good", &DeleteParams::default()).await.unwrap();
    let gone = await_condition(api, "good", |object: Option<&Kustomization>| object.is_none());
    tokio::time::timeout(std::time::Duration::from_secs(30), gone).await.unwrap().unwrap();
    assert!(lab.api::<Service>().get_opt("aspicot").await.unwrap().is_none());
    assert!(lab.api::<Deployment>().get_opt("aspicot").await.unwrap().is_none());
    let told =
        "Normal ReconciliationSucceeded Deployment/dev1-ns/aspicot deleted\nService/dev1-ns/aspicot deleted";
    assert!(lab.events("good").await.contains(&told.to_owned()));
}
