//! Artifacts of registries as sources.

use atelier::objects::flux::OCIRepository;
use serde_json::{Value, json};

use super::flux::{CHART, CHART_TEMPLATE, Lab, NAMESPACE, status};

pub(crate) fn source(name: &str, more: &Value) -> Value {
    let mut spec = json!({ "interval": "1m", "insecure": true, "secretRef": { "name": "pull" },
        "url": "oci://forge.atelier.internal:3000/dev1/carapuce" });
    spec.as_object_mut().unwrap().extend(more.as_object().cloned().unwrap_or_default());
    json!({ "apiVersion": "source.toolkit.fluxcd.io/v1", "kind": "OCIRepository",
        "metadata": { "name": name, "namespace": NAMESPACE }, "spec": spec })
}

const CHART_LAYER: &str = "application/vnd.cncf.helm.chart.content.v1.tar+gzip";

async fn lab() -> Lab {
    let lab = Lab::open().await;
    lab.add_secrets().await;
    let files = [("Chart.yaml", CHART.to_owned()), ("templates/cm.yaml", CHART_TEMPLATE.to_owned())];
    for version in ["0.1.0", "0.1.1", "0.2.0"] {
        lab.push_chart(&files, version).await;
    }
    lab
}

#[tokio::test(flavor = "multi_thread")]
async fn a_layer_is_kept_as_it_is_or_unpacked() {
    let lab = lab().await;
    let copied = json!({ "ref": { "semver": "0.1.x" },
        "layerSelector": { "mediaType": CHART_LAYER, "operation": "copy" } });
    let unpacked = json!({ "ref": { "tag": "0.2.0" }, "ignore": "templates/" });
    let layer = copied["layerSelector"].clone();
    for (name, more, tag, paths) in [
        ("copied", copied.clone(), "0.1.1", ["carapuce/Chart.yaml", "carapuce/templates/cm.yaml"].as_slice()),
        ("unpacked", unpacked, "0.2.0", ["carapuce/Chart.yaml"].as_slice()),
    ] {
        lab.apply(&source(name, &more)).await;
        let object = lab.until_ready::<OCIRepository>(name, "True").await;
        let mut found = status(&object);
        let condition = |kind: &str| {
            json!({ "lastTransitionTime": "<time>", "observedGeneration": 1, "reason": "Succeeded",
                "message": format!("stored artifact for digest '{tag}@sha256:<digest>'"),
                "status": "True", "type": kind })
        };
        let mut expected = json!({
            "artifact": { "digest": "sha256:<digest>", "lastUpdateTime": "<time>",
                "metadata": { "org.opencontainers.image.title": "carapuce",
                    "org.opencontainers.image.version": tag },
                "path": format!("ocirepository/dev1-ns/{name}/sha256:<digest>.tar.gz"),
                "revision": format!("{tag}@sha256:<digest>"), "size": 1,
                "url": format!("http://<storage>/ocirepository/dev1-ns/{name}/sha256:<digest>.tar.gz") },
            "conditions": [condition("Ready"), condition("ArtifactInStorage")],
            "observedGeneration": 1,
            "url": format!("http://<storage>/ocirepository/dev1-ns/{name}/latest.tar.gz"),
        });
        if name == "copied" {
            expected["observedLayerSelector"] = layer.clone();
        } else {
            expected["observedIgnore"] = "templates/".into();
        }
        found.as_object_mut().unwrap().sort_keys();
        expected.as_object_mut().unwrap().sort_keys();
        assert_eq!(found, expected, "{name}");
        let path = object["status"]["artifact"]["path"].as_str().unwrap();
        let bytes = std::fs::read(lab.folder.path().join("artifacts").join(path)).unwrap();
        let files = atelier::artifacts::unpack(&bytes).unwrap();
        assert_eq!(files.keys().collect::<Vec<_>>(), paths, "{name}");
        let event = format!(
            "Normal NewArtifact stored artifact with revision '{tag}@sha256:<digest>' from \
             'oci://<forge>/dev1/carapuce'"
        );
        assert_eq!(lab.events(name).await, [event]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_is_told() {
    let lab = lab().await;
    for (name, more, expected) in [
        (
            "range",
            json!({ "ref": { "semver": "9.x" } }),
            "ReadOperationFailed failed to determine the artifact tag for 'oci://<forge>/dev1/carapuce': no match found \
          for semver: 9.x",
        ),
        (
            "tag",
            json!({ "ref": { "tag": "nope" } }),
            "OCIArtifactPullFailed failed to determine artifact digest: GET \
          http://<forge>/v2/dev1/carapuce/manifests/nope: MANIFEST_UNKNOWN: manifest unknown",
        ),
        (
            "secret",
            json!({ "secretRef": { "name": "nope" } }),
            "AuthenticationFailed failed to get credential: failed to get secret 'dev1-ns/nope': secrets \"nope\" not \
          found",
        ),
        (
            "layer",
            json!({ "ref": { "tag": "0.1.0" }, "layerSelector": { "mediaType": "a/b" } }),
            "OCIArtifactLayerOperationFailed failed to find layer with media type 'a/b' in artifact",
        ),
        (
            "url",
            json!({ "url": "oci://forge.atelier.internal:3000/dev1/carapuce:0.1.0" }),
            "URLInvalid URL validation failed for 'oci://<forge>/dev1/carapuce:0.1.0': URL must not contain a tag; \
          remove ':0.1.0'",
        ),
    ] {
        lab.apply(&source(name, &more)).await;
        let object = lab.until_ready::<OCIRepository>(name, "False").await;
        let found = status(&object);
        let conditions = found["conditions"].as_array().unwrap();
        let ready = conditions.iter().find(|one| one["type"] == "Ready").unwrap();
        let told = format!("{} {}", ready["reason"].as_str().unwrap(), ready["message"].as_str().unwrap());
        assert_eq!(told, expected, "{name}");
        let stalled = conditions.iter().any(|one| one["type"] == "Stalled");
        assert_eq!(stalled, name == "url", "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_artifact_is_applied_by_a_kustomization() {
    let lab = Lab::open().await;
    lab.add_secrets().await;
    let map = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: applied}\ndata: {a: b}\n".to_owned();
    lab.push_chart(&[("Chart.yaml", CHART.to_owned()), ("deploy/cm.yaml", map)], "0.1.0").await;
    lab.apply(&source("apps", &json!({ "ref": { "semver": "0.x" } }))).await;
    lab.apply(&json!({ "apiVersion": "kustomize.toolkit.fluxcd.io/v1", "kind": "Kustomization",
        "metadata": { "name": "apps", "namespace": NAMESPACE },
        "spec": { "interval": "1m", "path": "carapuce/deploy", "prune": true, "targetNamespace": NAMESPACE,
            "sourceRef": { "kind": "OCIRepository", "name": "apps" } } }))
        .await;
    let object = lab.until_ready::<atelier::objects::flux::Kustomization>("apps", "True").await;
    assert_eq!(status(&object)["lastAppliedRevision"], "0.1.0@sha256:<digest>");
    lab.api::<k8s_openapi::api::core::v1::ConfigMap>().get("applied").await.unwrap();
}
