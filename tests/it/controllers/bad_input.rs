//! What is wrong with a source or its files is bounded, told on the object, and stops nobody else.

use std::collections::BTreeMap;

use atelier::controllers::Clock;
use atelier::objects::flux::{GitRepository, HelmRelease, Kustomization};
use k8s_openapi::api::core::v1::ConfigMap;
use kube::ResourceExt as _;
use kube::api::{DeleteParams, ListParams, Patch, PatchParams};
use kube::runtime::wait::await_condition;
use serde_json::{Value, json};

use super::flux::{Lab, NAMESPACE, files};

fn kustomization(name: &str, path: &str, more: &Value) -> Value {
    let mut spec = json!({ "interval": "1m", "path": path, "prune": true, "retryInterval": "10s",
        "sourceRef": { "kind": "GitRepository", "name": "dev1-apps" }, "targetNamespace": NAMESPACE });
    spec.as_object_mut().unwrap().extend(more.as_object().cloned().unwrap_or_default());
    json!({ "apiVersion": "kustomize.toolkit.fluxcd.io/v1", "kind": "Kustomization",
        "metadata": { "name": name, "namespace": NAMESPACE }, "spec": spec })
}

/// What `Ready` says.
fn ready(object: &Value) -> String {
    let conditions = object["status"]["conditions"].as_array().unwrap();
    let one = conditions.iter().find(|condition| condition["type"] == "Ready").unwrap();
    let text = |field: &str| one[field].as_str().unwrap();
    format!("{} {}: {}", text("status"), text("reason"), text("message"))
}

/// Asks a source to look now, and waits until it has.
async fn look(lab: &Lab, at: &str) -> Value {
    let request =
        Patch::Merge(json!({ "metadata": { "annotations": { "reconcile.fluxcd.io/requestedAt": at } } }));
    lab.api::<GitRepository>().patch("dev1-apps", &PatchParams::default(), &request).await.unwrap();
    let handled = |source: &GitRepository| {
        source.status.as_ref().and_then(|status| status.last_handled_reconcile_at.as_deref()) == Some(at)
    };
    serde_json::to_value(lab.until("dev1-apps", handled).await).unwrap()
}

/// A lab whose repository has other files beside the good ones.
async fn with_files(more: impl IntoIterator<Item = (&'static str, String)>) -> Lab {
    let lab = Lab::on(Clock::faster(20)).await;
    let mut files: BTreeMap<_, _> = files();
    files.extend(more);
    lab.push(&files, "manifests").await;
    lab.apply(&Lab::source("dev1-apps", "http://forge.atelier.internal:3000/dev1/dev1-apps.git", "main"))
        .await;
    lab.until_ready::<GitRepository>("dev1-apps", "True").await;
    lab
}

/// A neighbour is applied as ever.
async fn neighbour(lab: &Lab) {
    lab.apply(&kustomization("neighbour", "./good/aspicot", &json!({}))).await;
    lab.until_ready::<Kustomization>("neighbour", "True").await;
}

fn config_map(name: &str, text: &str) -> String {
    format!("apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {name}}}\ndata: {{a: \"{text}\"}}\n")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repository_that_vanishes_leaves_what_it_gave() {
    let lab = with_files([]).await;
    neighbour(&lab).await;
    std::fs::remove_dir_all(lab.folder.path().join("forge")).unwrap();
    let source = look(&lab, "after").await;
    assert!(ready(&source).starts_with("False GitOperationFailed: "), "{source:#}");
    assert!(source["status"]["artifact"]["revision"].is_string(), "{source:#}");
    // What is applied stays, and what is stored can be applied again.
    lab.api::<Kustomization>().delete("neighbour", &DeleteParams::default()).await.unwrap();
    let gone = await_condition(lab.api::<Kustomization>(), "neighbour", |object: Option<&Kustomization>| {
        object.is_none()
    });
    tokio::time::timeout(std::time::Duration::from_secs(30), gone).await.unwrap().unwrap();
    neighbour(&lab).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_too_large_is_not_read() {
    let lab = with_files([]).await;
    let mut files = files();
    // Git keeps a header with the size: the file itself is never unpacked.
    files.insert("large.bin", "0".repeat((50 << 20) + 1));
    lab.push(&files, "a large file").await;
    let source = look(&lab, "large").await;
    assert_eq!(
        ready(&source),
        "False GitOperationFailed: failed to checkout and determine revision: unable to clone \
         'http://forge.atelier.internal:3000/dev1/dev1-apps.git': `large.bin` makes the tree larger than 52428800 bytes"
    );
    neighbour(&lab).await;
    files.remove("large.bin");
    lab.push(&files, "without it").await;
    assert!(ready(&look(&lab, "small").await).starts_with("True Succeeded: "));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_out_of_the_tree_leads_nowhere() {
    let lab = with_files([
        ("leak/kustomization.yaml", "configMapGenerator:\n- name: leak\n  files: [passwd, up]\n".to_owned()),
        ("leak/passwd", "-> /etc/passwd".to_owned()),
        ("leak/up", "-> ../../../../../../etc/passwd".to_owned()),
    ])
    .await;
    lab.apply(&kustomization("leak", "./leak", &json!({}))).await;
    let said = ready(&lab.until_ready::<Kustomization>("leak", "False").await);
    assert!(
        said.starts_with("False BuildFailed: ") && said.ends_with("passwd: no such file or directory"),
        "{said}"
    );
    neighbour(&lab).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn manifests_that_grow_are_cut_off() {
    let mut bomb =
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: bomb}\nx: &a [x, x, x, x, x, x, x, x, x]\n"
            .to_owned();
    for (name, before) in ["b", "c", "d", "e", "f", "g", "h", "i"].iter().zip("abcdefgh".chars()) {
        let items = vec![format!("*{before}"); 9].join(", ");
        bomb = format!("{bomb}{name}: &{name} [{items}]\n");
    }
    let many = (0..10_001)
        .map(|number| config_map(&format!("many-{number}"), "1"))
        .collect::<Vec<_>>()
        .join("---\n");
    let lab = with_files([
        ("bomb/bomb.yaml", bomb),
        ("many/many.yaml", many),
        ("round/kustomization.yaml", "resources: [../round]\n".to_owned()),
    ])
    .await;
    for (name, expected) in [
        ("bomb", "failed to decode Kubernetes YAML from"),
        ("many", "more than 10000 documents"),
        ("round", "cycle detected: candidate root"),
    ] {
        lab.apply(&kustomization(name, &format!("./{name}"), &json!({}))).await;
        let object = lab.until_ready::<Kustomization>(name, "False").await;
        let said = ready(&object);
        assert!(said.starts_with("False BuildFailed: ") && said.contains(expected), "{said}");
    }
    neighbour(&lab).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_objects_are_applied_while_others_go_on() {
    let all = (0..1_000).map(|number| config_map(&format!("many-{number:04}"), "1")).collect::<Vec<_>>();
    let lab = with_files([("many/many.yaml", all.join("---\n"))]).await;
    lab.apply(&kustomization("many", "./many", &json!({}))).await;
    neighbour(&lab).await;
    let object = lab.until_ready::<Kustomization>("many", "True").await;
    assert_eq!(object["status"]["inventory"]["entries"].as_array().unwrap().len(), 1_000);
    let owned = ListParams::default().labels("kustomize.toolkit.fluxcd.io/name=many");
    assert_eq!(lab.api::<ConfigMap>().list(&owned).await.unwrap().items.len(), 1_000);
}

#[tokio::test(flavor = "multi_thread")]
async fn dependencies_in_a_circle_wait_and_say_so() {
    let lab = with_files([]).await;
    for (name, other) in [("one", "two"), ("two", "one"), ("self", "self")] {
        let more = json!({ "dependsOn": [{ "name": other }] });
        lab.apply(&kustomization(name, "./good/aspicot", &more)).await;
    }
    for (name, other) in [("one", "two"), ("two", "one"), ("self", "self")] {
        let waits = format!("False DependencyNotReady: dependency 'dev1-ns/{other}' is not ready");
        let settled = |object: &Kustomization| {
            object.status.as_ref().is_some_and(|status| !status.conditions.is_empty())
                && ready(&serde_json::to_value(object).unwrap()) == waits
        };
        lab.until::<Kustomization>(name, settled).await;
    }
    neighbour(&lab).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_object_of_two_owners_is_of_the_last_and_not_pruned_by_the_other() {
    let lab = with_files([
        ("left/cm.yaml", config_map("shared", "left")),
        ("right/cm.yaml", config_map("shared", "right")),
    ])
    .await;
    for name in ["left", "right"] {
        lab.apply(&kustomization(name, &format!("./{name}"), &json!({ "interval": "60m" }))).await;
        lab.until_ready::<Kustomization>(name, "True").await;
    }
    let shared = lab.api::<ConfigMap>().get("shared").await.unwrap();
    assert_eq!(shared.data.as_ref().unwrap()["a"], "right");
    assert_eq!(shared.labels()["kustomize.toolkit.fluxcd.io/name"], "right");
    lab.api::<Kustomization>().delete("left", &DeleteParams::default()).await.unwrap();
    let gone = await_condition(lab.api::<Kustomization>(), "left", |object: Option<&Kustomization>| {
        object.is_none()
    });
    tokio::time::timeout(std::time::Duration::from_secs(30), gone).await.unwrap().unwrap();
    assert!(lab.api::<ConfigMap>().get_opt("shared").await.unwrap().is_some(), "it is the other's");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_chart_that_includes_itself_ends() {
    let about = "apiVersion: v2\nname: round\nversion: 1.0.0\n".to_owned();
    let lab = with_files([
        ("charts/round/Chart.yaml", about),
        (
            "charts/round/templates/cm.yaml",
            "{{ define \"round\" }}{{ include \"round\" . }}{{ end }}{{ include \"round\" . }}".to_owned(),
        ),
    ])
    .await;
    let release = |name: &str, chart: &str| {
        json!({ "apiVersion": "helm.toolkit.fluxcd.io/v2", "kind": "HelmRelease",
            "metadata": { "name": name, "namespace": NAMESPACE },
            "spec": { "interval": "1m", "values": { "message": "hello" }, "chart": { "spec": { "chart": chart,
                "sourceRef": { "kind": "GitRepository", "name": "dev1-apps" } } } } })
    };
    lab.apply(&release("round", "./charts/round")).await;
    lab.apply(&release("good", "./charts/carapuce")).await;
    lab.until_ready::<HelmRelease>("good", "True").await;
    // The end of the chain of includes is cut off: a condition has room for 32,000 characters.
    let failed = |release: &HelmRelease| {
        let conditions = release.status.iter().flat_map(|status| &status.conditions);
        conditions.into_iter().any(|one| one.kind == "Ready" && one.reason == "InstallFailed")
    };
    let object = serde_json::to_value(lab.until::<HelmRelease>("round", failed).await).unwrap();
    let said = ready(&object);
    assert!(
        said.starts_with("False InstallFailed: Helm install failed for release dev1-ns/round "),
        "{said}"
    );
    assert!(said.contains("error calling include: template: round/templates/cm.yaml:1:"), "{said}");
}
