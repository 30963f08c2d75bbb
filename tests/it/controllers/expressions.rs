//! Readiness of dependencies and health of custom resources by expressions.

use atelier::controllers::Clock;
use atelier::objects::flux::{HelmRelease, Kustomization};
use kube::api::{DynamicObject, Patch, PatchParams};
use kube::core::{ApiResource, GroupVersionKind};
use serde_json::{Value, json};

use super::flux::{Lab, NAMESPACE, files};

fn kustomization(name: &str, path: &str, more: &Value) -> Value {
    let mut spec = json!({ "interval": "1m", "path": path, "prune": true,
        "sourceRef": { "kind": "GitRepository", "name": "dev1-apps" }, "targetNamespace": NAMESPACE });
    spec.as_object_mut().unwrap().extend(more.as_object().cloned().unwrap_or_default());
    json!({ "apiVersion": "kustomize.toolkit.fluxcd.io/v1", "kind": "Kustomization",
        "metadata": { "name": name, "namespace": NAMESPACE, "labels": { "wave": name } }, "spec": spec })
}

/// What a condition says.
fn said(object: &Value, kind: &str) -> String {
    let mut conditions = object["status"]["conditions"].as_array().into_iter().flatten();
    let found = conditions.find(|condition| condition["type"] == kind);
    found.map_or("nothing".to_owned(), |one| {
        let text = |field: &str| one[field].as_str().unwrap();
        format!("{} {}: {}", text("status"), text("reason"), text("message"))
    })
}

const WRONG: &str =
    "False InvalidCELExpression: Reconciliation failed terminally due to configuration error: ";

#[tokio::test(flavor = "multi_thread")]
async fn a_dependency_is_ready_when_its_expression_says_so() {
    let lab = Lab::with_source().await;
    lab.apply(&kustomization("first", "./nowhere", &json!({}))).await;
    lab.until_ready::<Kustomization>("first", "False").await;
    for (name, expression, status, expected) in [
        // The condition of the dependency does not count any more.
        ("ready", "dep.metadata.labels['wave'] == 'first' && self.metadata.name == 'ready'", "True", None),
        (
            "not-ready",
            "dep.status.conditions.exists(one, one.type == 'Ready' && one.status == 'True')",
            "False",
            Some(
                "False DependencyNotReady: dependency 'dev1-ns/first' is not ready according to readyExpr eval"
                    .to_owned(),
            ),
        ),
        (
            "not-there",
            "dep.status.nope == 'x'",
            "False",
            Some(
                "False DependencyNotReady: failed to evaluate the CEL expression 'dep.status.nope == 'x'': no such key: \
                 nope"
                .to_owned(),
            ),
        ),
        (
            "no-truth",
            "dep.status.inventory",
            "False",
            Some(format!(
                "{WRONG}failed to evaluate dependency first: CEL expression output type mismatch: expected bool, got dyn"
            )),
        ),
    ] {
        let more = json!({ "dependsOn": [{ "name": "first", "readyExpr": expression }] });
        lab.apply(&kustomization(name, "./good/aspicot", &more)).await;
        let object = lab.until_ready::<Kustomization>(name, status).await;
        if let Some(expected) = expected {
            assert_eq!(said(&object, "Ready"), expected, "{name}");
        }
    }
    let object = lab.until_ready::<Kustomization>("no-truth", "False").await;
    assert!(said(&object, "Stalled").starts_with("True InvalidCELExpression: "), "{object:#}");
    assert_eq!(object["status"]["observedGeneration"], 1);
    // A better expression gets it going.
    let more = json!({ "dependsOn": [{ "name": "first", "readyExpr": "has(dep.status)" }] });
    lab.apply(&kustomization("no-truth", "./good/aspicot", &more)).await;
    let object = lab.until_ready::<Kustomization>("no-truth", "True").await;
    assert_eq!(said(&object, "Stalled"), "nothing");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_release_waits_for_its_dependency_by_expression() {
    let lab = Lab::with_source().await;
    let release = |name: &str, more: Value| {
        let mut spec = json!({ "interval": "1m", "values": { "message": "hello" },
            "chart": { "spec": { "chart": "./charts/carapuce",
                "sourceRef": { "kind": "GitRepository", "name": "dev1-apps" } } } });
        spec.as_object_mut().unwrap().extend(more.as_object().cloned().unwrap());
        json!({ "apiVersion": "helm.toolkit.fluxcd.io/v2", "kind": "HelmRelease",
            "metadata": { "name": name, "namespace": NAMESPACE }, "spec": spec })
    };
    lab.apply(&release("first", json!({ "suspend": true }))).await;
    let depends = |text: &str| json!({ "dependsOn": [{ "name": "first", "readyExpr": text }] });
    for (name, text, status, expected) in [
        ("ready", "dep.spec.suspend && self.metadata.namespace == 'dev1-ns'", "True", None),
        (
            "not-ready",
            "!dep.spec.suspend",
            "False",
            Some(
                "False DependencyNotReady: dependency 'dev1-ns/first' is not ready according to readyExpr eval"
                    .to_owned(),
            ),
        ),
        (
            "unknown",
            "other.spec == 1",
            "False",
            Some(format!(
                "{WRONG}failed to evaluate dependency first: failed to parse the CEL expression 'other.spec == 1': ERROR: \
                 <input>:1:1: undeclared reference to 'other' (in container '')\n | other.spec == 1\n | ^"
            )),
        ),
    ] {
        lab.apply(&release(name, depends(text))).await;
        let settled = |object: &HelmRelease| {
            let said = said(&serde_json::to_value(object).unwrap(), "Ready");
            expected.as_ref().map_or_else(|| said.starts_with(status), |expected| said == *expected)
        };
        lab.until::<HelmRelease>(name, settled).await;
    }
    let checks =
        json!({ "healthCheckExprs": [{ "apiVersion": "example.com/v1", "kind": "Widget", "current": "" }] });
    lab.apply(&release("wrong", checks)).await;
    let object = lab.until_ready::<HelmRelease>("wrong", "False").await;
    assert_eq!(
        said(&object, "Ready"),
        format!(
            "{WRONG}failed to create custom status evaluator for healthchecks[0]: expression Current not specified"
        )
    );
}

const WIDGETS: &str = "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: \
widgets.example.com}\nspec:\n  group: example.com\n  scope: Namespaced\n  names: {kind: Widget, plural: widgets, \
singular: widget}\n  versions:\n  - name: v1\n    served: true\n    storage: true\n    schema: {openAPIV3Schema: {type: \
object, x-kubernetes-preserve-unknown-fields: true}}\n";

#[tokio::test(flavor = "multi_thread")]
async fn the_health_of_custom_resources_is_what_the_expressions_say() {
    let lab = Lab::with_source_on(Clock::faster(20)).await;
    let mut files = files();
    files.insert("widgets/crd.yaml", WIDGETS.to_owned());
    files.insert(
        "widgets/widget.yaml",
        "apiVersion: example.com/v1\nkind: Widget\nmetadata: {name: one}\n".to_owned(),
    );
    let commit = lab.push(&files, "widgets").await;
    let request =
        Patch::Merge(json!({ "metadata": { "annotations": { "reconcile.fluxcd.io/requestedAt": "now" } } }));
    lab.api::<atelier::objects::flux::GitRepository>()
        .patch("dev1-apps", &PatchParams::default(), &request)
        .await
        .unwrap();
    let has = |source: &atelier::objects::flux::GitRepository| {
        let artifact = source.status.as_ref().and_then(|status| status.artifact.as_ref());
        artifact.is_some_and(|artifact| artifact.revision.ends_with(&commit))
    };
    lab.until("dev1-apps", has).await;
    let check = json!({ "apiVersion": "example.com/v1", "kind": "Widget", "current": "phase == 'Up'",
        "failed": "phase == 'Down'", "inProgress": "phase == 'Starting'" });
    let more = json!({ "wait": true, "timeout": "30s", "retryInterval": "2s", "healthCheckExprs": [check] });
    lab.apply(&kustomization("widgets", "./widgets", &more)).await;
    let kind = GroupVersionKind::gvk("example.com", "v1", "Widget");
    let resource = ApiResource::from_gvk(&kind);
    let api = kube::Api::<DynamicObject>::namespaced_with(lab.client.clone(), NAMESPACE, &resource);
    let late = "timeout waiting for: [Widget/dev1-ns/one status: ";
    for (phase, expected) in [
        (
            None,
            format!(
                "{late}'Unknown': failed to evaluate the CEL expression 'phase == 'Starting'': no such attribute(s): phase]"
            ),
        ),
        (Some("Starting"), format!("{late}'InProgress']")),
        (
            Some("Down"),
            "failed early due to stalled resources: [Widget/dev1-ns/one status: 'Failed']".to_owned(),
        ),
        (Some("Up"), format!("Applied revision: main@sha1:{commit}")),
    ] {
        if let Some(phase) = phase {
            // The state is not declared in Git, so that it stays who writes it.
            let object = json!({ "apiVersion": "example.com/v1", "kind": "Widget", "metadata": { "name": "one" },
                "phase": phase });
            api.patch("one", &PatchParams::apply("widgets"), &Patch::Apply(object)).await.unwrap();
        }
        let settled = |object: &Kustomization| {
            said(&serde_json::to_value(object).unwrap(), "Ready").ends_with(&expected)
        };
        lab.until::<Kustomization>("widgets", settled).await;
    }
}
