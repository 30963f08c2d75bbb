//! Releases against the recordings, one test per behaviour.

use std::time::Duration;

use atelier::controllers::Clock;
use atelier::objects::flux::{HelmChart, HelmRelease};
use futures::StreamExt as _;
use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::{ConfigMap, Pod, Secret};
use kube::ResourceExt as _;
use kube::api::{DeleteParams, ListParams, Patch, PatchParams};
use kube::runtime::wait::await_condition;
use kube::runtime::{WatchStreamExt as _, watcher};
use serde_json::{Value, json};

use super::flux::{CHART, CHART_TEMPLATE, Lab, NAMESPACE, recorded, redact, status};
use super::helmchart::registry;

fn release(name: &str, more: &Value) -> Value {
    let chart = json!({ "spec": { "chart": "./charts/carapuce", "reconcileStrategy": "Revision",
        "sourceRef": { "kind": "GitRepository", "name": "dev1-apps" } } });
    let mut spec =
        json!({ "chart": chart, "interval": "1m", "serviceAccountName": "dev1", "timeout": "20s" });
    spec.as_object_mut().unwrap().extend(more.as_object().cloned().unwrap_or_default());
    json!({ "apiVersion": "helm.toolkit.fluxcd.io/v2", "kind": "HelmRelease",
        "metadata": { "name": name, "namespace": NAMESPACE }, "spec": spec })
}

/// A release of a range of versions in the registry, as the lessons have it.
fn of_registry(version: &str, more: &Value) -> Value {
    let mut all = json!({ "chart": { "spec": { "chart": "carapuce", "version": version, "interval": "1m",
        "sourceRef": { "kind": "HelmRepository", "name": "charts" } } },
        "values": { "message": "bonjour" } });
    all.as_object_mut().unwrap().extend(more.as_object().cloned().unwrap_or_default());
    release("carapuce", &all)
}

async fn registry_lab() -> Lab {
    let lab = Lab::on(Clock::faster(40)).await;
    lab.add_secrets().await;
    lab.apply(&registry()).await;
    lab
}

fn chart_files(more: &[(&'static str, String)]) -> Vec<(&'static str, String)> {
    let mut files = vec![("Chart.yaml", CHART.to_owned()), ("templates/cm.yaml", CHART_TEMPLATE.to_owned())];
    files.extend(more.iter().cloned());
    files
}

/// What a condition says.
fn says(object: &HelmRelease, kind: &str) -> Option<String> {
    let conditions = &object.status.as_ref()?.conditions;
    let found = conditions.iter().find(|condition| condition.kind == kind)?;
    Some(redact(&format!("{} {}: {}", found.status, found.reason, found.message)))
}

async fn until_says(lab: &Lab, kind: &str, words: &str) -> HelmRelease {
    lab.until::<HelmRelease>("carapuce", |object| says(object, kind).is_some_and(|said| said.contains(words)))
        .await
}

async fn secrets(lab: &Lab) -> Vec<String> {
    let params = ListParams::default().labels("owner=helm");
    let list = lab.api::<Secret>().list(&params).await.unwrap();
    let shown = list.items.into_iter().map(|secret| {
        let labels = secret.labels();
        format!(
            "{} {} {} {}",
            secret.name_any(),
            secret.type_.as_deref().unwrap(),
            labels["version"],
            labels["status"]
        )
    });
    shown.collect()
}

/// Ends Pods as their annotation `ends` says, as a kubelet would.
fn play_kubelet(lab: &Lab) {
    let api = lab.api::<Pod>();
    let mut pods = watcher(api.clone(), watcher::Config::default()).applied_objects().boxed();
    tokio::spawn(async move {
        while let Some(Ok(pod)) = pods.next().await {
            let Some(phase) = pod.annotations().get("ends") else { continue };
            let patch = Patch::Merge(json!({ "status": { "phase": phase } }));
            let _ = api.patch_status(&pod.name_any(), &PatchParams::default(), &patch).await;
        }
    });
}

fn pod(name: &str, hook: &str, ends: &str) -> String {
    format!(
        "apiVersion: v1\nkind: Pod\nmetadata:\n  name: {name}\n  annotations: {{helm.sh/hook: {hook}, ends: {ends}}}\n\
         spec:\n  restartPolicy: Never\n  containers: [{{name: a, image: a:1}}]\n"
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn a_chart_is_installed_and_upgraded() {
    let lab = Lab::with_source().await;
    lab.apply(&release("carapuce", &json!({ "values": { "message": "bonjour" } }))).await;
    let object = lab.until_ready::<HelmRelease>("carapuce", "True").await;
    assert_eq!(status(&object), status(&recorded("helmrelease-carapuce")));
    assert_eq!(object["metadata"]["finalizers"], json!(["finalizers.fluxcd.io"]));
    let map = lab.api::<ConfigMap>().get("carapuce-carapuce").await.unwrap();
    assert_eq!(map.data.as_ref().unwrap()["message"], "bonjour");
    let labels = json!({ "app": "carapuce", "app.kubernetes.io/managed-by": "Helm",
        "helm.toolkit.fluxcd.io/name": "carapuce", "helm.toolkit.fluxcd.io/namespace": NAMESPACE });
    assert_eq!(json!(map.labels()), labels);
    let annotations =
        json!({ "meta.helm.sh/release-name": "carapuce", "meta.helm.sh/release-namespace": NAMESPACE });
    assert_eq!(json!(map.annotations()), annotations);

    lab.apply(&release("carapuce", &json!({ "values": { "message": "salut" } }))).await;
    let upgraded = |object: &HelmRelease| {
        says(object, "Ready").is_some_and(|said| said.starts_with("True UpgradeSucceeded"))
            && says(object, "Reconciling").is_none()
    };
    let object = lab.until::<HelmRelease>("carapuce", upgraded).await;
    let object = serde_json::to_value(object).unwrap();
    assert_eq!(status(&object), status(&recorded("helmrelease-carapuce-upgraded")));
    let map = lab.api::<ConfigMap>().get("carapuce-carapuce").await.unwrap();
    assert_eq!(map.data.unwrap()["message"], "salut");
    assert_eq!(
        secrets(&lab).await,
        [
            "sh.helm.release.v1.carapuce.v1 helm.sh/release.v1 1 superseded",
            "sh.helm.release.v1.carapuce.v2 helm.sh/release.v1 2 deployed",
        ]
    );
    assert_eq!(
        lab.events("carapuce").await,
        [
            "Normal HelmChartCreated Created HelmChart/dev1-ns/dev1-ns-carapuce with SourceRef \
             'GitRepository/dev1-ns/dev1-apps'",
            "Normal InstallSucceeded Helm install succeeded for release dev1-ns/carapuce.v1 with chart \
             carapuce@0.1.0+<commit>",
            "Normal UpgradeSucceeded Helm upgrade succeeded for release dev1-ns/carapuce.v2 with chart \
             carapuce@0.1.0+<commit>",
        ]
    );
    let chart = lab.api::<HelmChart>().get("dev1-ns-carapuce").await.unwrap();
    let chart = serde_json::to_value(chart).unwrap();
    let expected = recorded("helmchart-carapuce");
    assert_eq!(chart["spec"], expected["spec"]);
    assert_eq!(chart["metadata"]["labels"], expected["metadata"]["labels"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_is_told_as_flux_does() {
    let lab = Lab::with_source().await;
    lab.apply(&release("bad-values", &json!({ "values": { "message": "" } }))).await;
    let failed = |object: &HelmRelease| {
        says(object, "Ready").is_some_and(|said| said.starts_with("False"))
            && object.status.as_ref().is_some_and(|status| status.failures > 0)
    };
    let object = lab.until::<HelmRelease>("bad-values", failed).await;
    let object = serde_json::to_value(object).unwrap();
    assert_eq!(status(&object), status(&recorded("helmrelease-bad-values")));
    assert_eq!(secrets(&lab).await, [""; 0]);

    let spec =
        |name: &str| json!({ "chart": name, "sourceRef": { "kind": "GitRepository", "name": "dev1-apps" } });
    for (name, more, expected) in [
        (
            "no-chart",
            json!({ "chart": { "spec": spec("./charts/nope") } }),
            "False SourceNotReady: HelmChart 'dev1-ns/dev1-ns-no-chart' is not ready: invalid chart reference: stat \
          <tmpdir>/source/charts/nope: no such file or directory",
        ),
        (
            "no-values",
            json!({ "valuesFrom": [{ "kind": "Secret", "name": "nope" }] }),
            "False ValuesError: could not resolve Secret chart values reference 'dev1-ns/nope' with key 'values.yaml': \
          secrets \"nope\" not found",
        ),
        (
            "depends",
            json!({ "dependsOn": [{ "name": "bad-values" }] }),
            "False DependencyNotReady: dependency 'dev1-ns/bad-values' is not ready",
        ),
        (
            "no-ref",
            json!({ "chart": null, "chartRef": { "kind": "OCIRepository", "name": "nope" } }),
            "False ArtifactFailed: could not get Source object: ocirepositories.source.toolkit.fluxcd.io \"nope\" not \
          found",
        ),
    ] {
        let mut object = release(name, &more);
        object["spec"].as_object_mut().unwrap().retain(|_, value| !value.is_null());
        lab.apply(&object).await;
        let told = |object: &HelmRelease| says(object, "Ready").as_deref() == Some(expected);
        lab.until::<HelmRelease>(name, told).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_release_takes_everything_along() {
    let lab = Lab::with_source().await;
    lab.apply(&release("carapuce", &json!({ "values": { "message": "bonjour" } }))).await;
    lab.until_ready::<HelmRelease>("carapuce", "True").await;
    let api = lab.api::<HelmRelease>();
    api.delete("carapuce", &DeleteParams::default()).await.unwrap();
    let gone = await_condition(api, "carapuce", |object: Option<&HelmRelease>| object.is_none());
    tokio::time::timeout(Duration::from_secs(30), gone).await.unwrap().unwrap();
    assert!(lab.api::<ConfigMap>().get_opt("carapuce-carapuce").await.unwrap().is_none());
    assert_eq!(secrets(&lab).await, [""; 0]);
    let chart = await_condition(lab.api::<HelmChart>(), "dev1-ns-carapuce", |chart: Option<&HelmChart>| {
        chart.is_none()
    });
    tokio::time::timeout(Duration::from_secs(30), chart).await.unwrap().unwrap();
    let events = lab.events("carapuce").await;
    let expected = "Normal UninstallSucceeded Helm uninstall succeeded for release dev1-ns/carapuce.v1 with chart \
                    carapuce@0.1.0+<commit>";
    assert!(events.contains(&expected.to_owned()), "{events:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_version_in_the_range_is_released_with_values_from_elsewhere() {
    let lab = registry_lab().await;
    lab.push_chart(&chart_files(&[]), "0.1.0").await;
    let map = json!({ "apiVersion": "v1", "kind": "ConfigMap", "metadata": { "name": "v", "namespace": NAMESPACE },
        "data": { "values.yaml": "message: from the map\n" } });
    let secret = json!({ "apiVersion": "v1", "kind": "Secret", "metadata": { "name": "v", "namespace": NAMESPACE },
        "stringData": { "greeting": "from the secret" } });
    lab.apply(&map).await;
    lab.apply(&secret).await;
    let from = json!([{ "kind": "ConfigMap", "name": "v" },
        { "kind": "ConfigMap", "name": "nope", "optional": true },
        { "kind": "Secret", "name": "v", "valuesKey": "greeting", "targetPath": "message" }]);
    lab.apply(&of_registry("0.1.x", &json!({ "values": {}, "valuesFrom": from }))).await;
    until_says(
        &lab,
        "Ready",
        "Helm install succeeded for release dev1-ns/carapuce.v1 with chart carapuce@0.1.0",
    )
    .await;
    let map = lab.api::<ConfigMap>().get("carapuce-carapuce").await.unwrap();
    assert_eq!(map.data.unwrap()["message"], "from the secret");
    // Seen at the interval, which the clock makes short.
    lab.push_chart(&chart_files(&[]), "0.1.1").await;
    lab.push_chart(&chart_files(&[]), "0.2.0").await;
    until_says(
        &lab,
        "Ready",
        "Helm upgrade succeeded for release dev1-ns/carapuce.v2 with chart carapuce@0.1.1",
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn hooks_run_and_tests_are_told() {
    let lab = registry_lab().await;
    play_kubelet(&lab);
    let hook = pod("prepare", "pre-install", "Succeeded");
    let good =
        [("templates/hook.yaml", hook.clone()), ("templates/test.yaml", pod("good", "test", "Succeeded"))];
    lab.push_chart(&chart_files(&good), "0.1.0").await;
    lab.apply(&of_registry("0.1.x", &json!({ "test": { "enable": true } }))).await;
    let object = until_says(&lab, "Ready", "TestSucceeded").await;
    assert_eq!(
        says(&object, "Ready").unwrap(),
        "True TestSucceeded: Helm test succeeded for release dev1-ns/carapuce.v1 with chart carapuce@0.1.0: 1 test \
         hook completed successfully"
    );
    let tests = object.status.as_ref().unwrap().history[0].test_hooks.clone().unwrap();
    assert_eq!(tests["good"].phase.as_deref(), Some("Succeeded"));
    assert!(lab.api::<Pod>().get_opt("prepare").await.unwrap().is_some(), "hooks stay without a policy");

    let bad = [("templates/test.yaml", pod("bad", "test", "Failed"))];
    lab.push_chart(&chart_files(&bad), "0.1.1").await;
    let object = until_says(&lab, "Stalled", "RetriesExceeded").await;
    assert_eq!(
        says(&object, "Ready").unwrap(),
        "False TestFailed: Helm test failed for release dev1-ns/carapuce.v2 with chart carapuce@0.1.1: timeout waiting \
         for: [Pod/dev1-ns/bad status: 'Failed']"
    );
    assert_eq!(
        says(&object, "Stalled").unwrap(),
        "True RetriesExceeded: Failed to upgrade after 1 attempt(s)"
    );
    assert!(says(&object, "Released").unwrap().starts_with("True UpgradeSucceeded"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broken_upgrade_is_rolled_back_and_the_next_goes_forward() {
    let lab = registry_lab().await;
    lab.push_chart(&chart_files(&[]), "0.1.0").await;
    // Nothing makes its Pods here, so that it is never ready.
    let broken = [("templates/web.yaml", super::flux::DEPLOYMENT.to_owned())];
    let remediation = json!({ "upgrade": { "remediation": { "remediateLastFailure": true } } });
    lab.apply(&of_registry("*", &remediation)).await;
    until_says(&lab, "Ready", "InstallSucceeded").await;
    lab.push_chart(&chart_files(&broken), "0.2.0").await;
    let object = until_says(&lab, "Stalled", "RetriesExceeded").await;
    let conditions = ["Ready", "Released", "Remediated", "Stalled"].map(|kind| says(&object, kind).unwrap());
    assert_eq!(
        conditions,
        [
            "False RollbackSucceeded: Helm rollback to previous release dev1-ns/carapuce.v1 with chart \
             carapuce@0.1.0 succeeded",
            "False UpgradeFailed: Helm upgrade failed for release dev1-ns/carapuce with chart carapuce@0.2.0: timeout \
             waiting for: [Deployment/dev1-ns/aspicot status: 'InProgress']",
            "True RollbackSucceeded: Helm rollback to previous release dev1-ns/carapuce.v1 with chart carapuce@0.1.0 \
             succeeded",
            "True RetriesExceeded: Failed to upgrade after 1 attempt(s)",
        ]
    );
    assert!(lab.api::<Deployment>().get_opt("aspicot").await.unwrap().is_none());
    assert_eq!(
        secrets(&lab).await,
        [
            "sh.helm.release.v1.carapuce.v1 helm.sh/release.v1 1 superseded",
            "sh.helm.release.v1.carapuce.v2 helm.sh/release.v1 2 failed",
            "sh.helm.release.v1.carapuce.v3 helm.sh/release.v1 3 deployed",
        ]
    );
    lab.push_chart(&chart_files(&[]), "0.2.1").await;
    let object = until_says(&lab, "Ready", "UpgradeSucceeded").await;
    assert_eq!(
        says(&object, "Ready").unwrap(),
        "True UpgradeSucceeded: Helm upgrade succeeded for release dev1-ns/carapuce.v4 with chart carapuce@0.2.1"
    );
    assert_eq!(says(&object, "Remediated"), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_installation_is_uninstalled_and_tried_again() {
    let lab = registry_lab().await;
    let broken = [("templates/web.yaml", super::flux::DEPLOYMENT.to_owned())];
    lab.push_chart(&chart_files(&broken), "0.1.0").await;
    let install = json!({ "install": { "remediation": { "retries": 1, "remediateLastFailure": true } } });
    lab.apply(&of_registry("*", &install)).await;
    let object = until_says(&lab, "Stalled", "RetriesExceeded").await;
    assert_eq!(
        says(&object, "Stalled").unwrap(),
        "True RetriesExceeded: Failed to install after 2 attempt(s)"
    );
    let ready = says(&object, "Ready").unwrap();
    assert!(ready.starts_with("False UninstallSucceeded: Helm uninstall remediation for release"), "{ready}");
    assert!(lab.api::<Deployment>().get_opt("aspicot").await.unwrap().is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn drift_is_undone_or_only_told() {
    let lab = registry_lab().await;
    lab.push_chart(&chart_files(&[]), "0.1.0").await;
    let api = lab.api::<ConfigMap>();
    let change = Patch::Merge(json!({ "data": { "message": "by hand", "own": "x" } }));
    let by_hand = PatchParams { field_manager: Some("kubectl-edit".to_owned()), ..PatchParams::default() };

    lab.apply(&of_registry("*", &json!({ "driftDetection": { "mode": "warn" } }))).await;
    until_says(&lab, "Ready", "InstallSucceeded").await;
    api.patch("carapuce-carapuce", &by_hand, &change).await.unwrap();
    let object = until_says(&lab, "Drifted", "True DriftDetected").await;
    assert_eq!(
        says(&object, "Drifted").unwrap(),
        "True DriftDetected: Cluster state of release dev1-ns/carapuce.v1 has drifted from the desired \
         state:\nConfigMap/dev1-ns/carapuce-carapuce changed (0 additions, 1 changes, 0 removals)"
    );
    assert_eq!(api.get("carapuce-carapuce").await.unwrap().data.unwrap()["message"], "by hand");

    let ignore = json!([{ "paths": ["/data/message"], "target": { "kind": "ConfigMap" } }]);
    lab.apply(&of_registry("*", &json!({ "driftDetection": { "mode": "enabled", "ignore": ignore } }))).await;
    until_says(&lab, "Drifted", "NoDriftDetected").await;
    assert_eq!(api.get("carapuce-carapuce").await.unwrap().data.unwrap()["message"], "by hand");

    lab.apply(&of_registry("*", &json!({ "driftDetection": { "mode": "enabled" } }))).await;
    let healed = await_condition(api, "carapuce-carapuce", |map: Option<&ConfigMap>| {
        map.and_then(|map| map.data.as_ref()).is_some_and(|data| data["message"] == "bonjour")
    });
    tokio::time::timeout(Duration::from_secs(30), healed).await.unwrap().unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_chart_of_an_artifact_is_released_after_renderers() {
    let lab = registry_lab().await;
    lab.push_chart(&chart_files(&[]), "0.1.0").await;
    let layer =
        json!({ "mediaType": "application/vnd.cncf.helm.chart.content.v1.tar+gzip", "operation": "copy" });
    lab.apply(&super::ocirepository::source(
        "carapuce",
        &json!({ "ref": { "tag": "0.1.0" }, "layerSelector": layer }),
    ))
    .await;
    let patch = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: not-used}\ndata: {added: here}\n";
    let more = json!({ "chartRef": { "kind": "OCIRepository", "name": "carapuce" },
        "values": { "message": "bonjour" }, "commonMetadata": { "labels": { "team": "dev1" } },
        "postRenderers": [{ "kustomize": { "patches": [{ "patch": patch, "target": { "kind": "ConfigMap" } }] } }] });
    let mut object = release("carapuce", &more);
    object["spec"].as_object_mut().unwrap().remove("chart");
    lab.apply(&object).await;
    let object = until_says(&lab, "Ready", "InstallSucceeded").await;
    let message = "True InstallSucceeded: Helm install succeeded for release dev1-ns/carapuce.v1 with chart \
                   carapuce@0.1.0+<commit>";
    assert_eq!(says(&object, "Ready").unwrap(), message);
    let status = object.status.unwrap();
    assert!(status.history[0].oci_digest.as_ref().unwrap().starts_with("sha256:"));
    assert_eq!(status.helm_chart, None);
    let map = lab.api::<ConfigMap>().get("carapuce-carapuce").await.unwrap();
    assert_eq!(map.labels()["team"], "dev1");
    assert_eq!(map.data.unwrap()["added"], "here");
}

/// Reads and writes what a release's Secret holds.
fn repacked(secret: &Secret, change: impl Fn(&mut Value)) -> (Value, String) {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    use std::io::{Read as _, Write as _};
    let packed = STANDARD.decode(&secret.data.as_ref().unwrap()["release"].0).unwrap();
    let mut text = String::new();
    flate2::read::GzDecoder::new(packed.as_slice()).read_to_string(&mut text).unwrap();
    let mut stored: Value = serde_json::from_str(&text).unwrap();
    let before = stored.clone();
    change(&mut stored);
    let mut writer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    writer.write_all(stored.to_string().as_bytes()).unwrap();
    (before, STANDARD.encode(STANDARD.encode(writer.finish().unwrap())))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_release_is_stored_as_helm_does_and_unlocked_when_it_was_left() {
    let lab = Lab::with_source().await;
    lab.apply(&release("carapuce", &json!({ "values": { "message": "bonjour" } }))).await;
    lab.until_ready::<HelmRelease>("carapuce", "True").await;
    let api = lab.api::<Secret>();
    let secret = api.get("sh.helm.release.v1.carapuce.v1").await.unwrap();
    let mut labels = secret.labels().clone();
    for time in ["createdAt", "modifiedAt"] {
        assert!(labels.remove(time).unwrap().parse::<i64>().is_ok());
    }
    assert_eq!(
        json!(labels),
        json!({ "name": "carapuce", "owner": "helm", "status": "deployed", "version": "1" })
    );
    let (stored, packed) = repacked(&secret, |stored| stored["info"]["status"] = "pending-upgrade".into());
    let shown = redact(&serde_json::to_string(&stored).unwrap());
    let mut shown: Value = serde_json::from_str(&shown).unwrap();
    for time in ["first_deployed", "last_deployed"] {
        shown["info"][time].as_str().unwrap().parse::<jiff::Timestamp>().unwrap();
        shown["info"][time] = "<time>".into();
    }
    shown["chart"]["templates"][0]["data"] = "<data>".into();
    assert_eq!(
        shown,
        json!({
            "name": "carapuce", "namespace": NAMESPACE, "version": 1, "apply_method": "ssa", "hooks": [],
            "info": { "first_deployed": "<time>", "last_deployed": "<time>", "deleted": "",
                "description": "Install complete", "status": "deployed" },
            "config": { "message": "bonjour" },
            "chart": { "metadata": { "name": "carapuce", "version": "0.1.0+<commit>", "apiVersion": "v2",
                    "appVersion": "1.0.0" },
                "lock": null, "schema": null, "values": {}, "files": [],
                "templates": [{ "name": "templates/cm.yaml", "data": "<data>" }] },
            "manifest": "---\n# Source: carapuce/templates/cm.yaml\napiVersion: v1\ndata:\n  message: bonjour\nkind: \
                ConfigMap\nmetadata:\n  labels:\n    app: carapuce\n    helm.toolkit.fluxcd.io/name: carapuce\n    \
                helm.toolkit.fluxcd.io/namespace: dev1-ns\n  name: carapuce-carapuce\n",
        })
    );
    let patch = Patch::Merge(json!({ "data": { "release": packed } }));
    api.patch("sh.helm.release.v1.carapuce.v1", &PatchParams::default(), &patch).await.unwrap();
    let asked =
        Patch::Merge(json!({ "metadata": { "annotations": { "reconcile.fluxcd.io/requestedAt": "now" } } }));
    lab.api::<HelmRelease>().patch("carapuce", &PatchParams::default(), &asked).await.unwrap();
    until_says(&lab, "Ready", "Helm upgrade succeeded for release dev1-ns/carapuce.v2").await;
    let events = lab.events("carapuce").await;
    let unlocked = "Normal PendingRelease Unlocked Helm release dev1-ns/carapuce.v1 with chart \
                    carapuce@0.1.0+<commit> in pending-upgrade state";
    assert!(events.contains(&unlocked.to_owned()), "{events:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_release_may_go_to_a_namespace_of_its_own_with_its_definitions() {
    let lab = registry_lab().await;
    let definition = "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: \
                      songs.example.com}\nspec:\n  group: example.com\n  scope: Namespaced\n  names: {kind: Song, plural: \
                      songs, singular: song, listKind: SongList}\n  versions:\n  - name: v1\n    served: true\n    storage: \
                      true\n    schema: {openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}}\n";
    let song = "apiVersion: example.com/v1\nkind: Song\nmetadata: {name: one}\n";
    let files = [("crds/songs.yaml", definition.to_owned()), ("templates/song.yaml", song.to_owned())];
    lab.push_chart(&chart_files(&files), "0.1.0").await;
    let more = json!({ "targetNamespace": "elsewhere", "install": { "createNamespace": true } });
    let mut object = of_registry("*", &more);
    object["spec"].as_object_mut().unwrap().remove("serviceAccountName");
    lab.apply(&object).await;
    let object = until_says(&lab, "Ready", "InstallSucceeded").await;
    let message = "True InstallSucceeded: Helm install succeeded for release elsewhere/elsewhere-carapuce.v1 with \
                   chart carapuce@0.1.0";
    assert_eq!(says(&object, "Ready").unwrap(), message);
    let entries = object.status.unwrap().inventory.unwrap().entries;
    assert_eq!(
        entries.iter().map(|entry| entry.id.as_str()).collect::<Vec<_>>(),
        [
            "elsewhere_elsewhere-carapuce-carapuce__ConfigMap",
            "elsewhere_one_example.com_Song",
            "_songs.example.com_apiextensions.k8s.io_CustomResourceDefinition",
        ]
    );
    assert_eq!(
        secrets(&lab).await,
        ["sh.helm.release.v1.elsewhere-carapuce.v1 helm.sh/release.v1 1 deployed"],
        "releases are stored beside the object"
    );
}
