//! Sources that this platform does not fetch: they exist, say so, and what refers to them says what Flux says.

use atelier::objects::flux::{Bucket, ExternalArtifact, HelmChart, HelmRelease, Kustomization};
use kube::api::{Patch, PatchParams, PostParams};
use serde_json::{Value, json};

use super::flux::{Lab, NAMESPACE};

const SOURCES: &str = "source.toolkit.fluxcd.io/v1";

fn object(api_version: &str, kind: &str, name: &str, spec: Value) -> Value {
    json!({ "apiVersion": api_version, "kind": kind, "metadata": { "name": name, "namespace": NAMESPACE },
        "spec": spec })
}

fn bucket(name: &str, more: &Value) -> Value {
    let mut spec = json!({ "bucketName": "podinfo", "endpoint": "minio.example.com", "interval": "5m" });
    spec.as_object_mut().unwrap().extend(more.as_object().cloned().unwrap_or_default());
    object(SOURCES, "Bucket", name, spec)
}

/// The conditions, as lines.
fn conditions(object: &Value) -> Vec<String> {
    let text = |one: &Value, field: &str| one[field].as_str().unwrap().to_owned();
    let line = |one: &Value| {
        let [kind, status, reason, message] =
            ["type", "status", "reason", "message"].map(|field| text(one, field));
        format!("{kind} {status} {reason}: {message}")
    };
    object["status"]["conditions"].as_array().unwrap().iter().map(line).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bucket_says_that_it_is_not_fetched() {
    let lab = Lab::open().await;
    lab.apply(&bucket("files", &json!({}))).await;
    let found = lab.until_ready::<Bucket>("files", "False").await;
    let told = "NotSupported: this platform fetches no buckets, so nothing is read from 'podinfo' at \
                'minio.example.com': use a GitRepository or an OCIRepository instead";
    assert_eq!(
        conditions(&found),
        [format!("Stalled True {told}"), format!("Ready False {told}"), format!("FetchFailed True {told}"),]
    );
    assert_eq!(found["status"]["observedGeneration"], 1);
    assert_eq!(found["spec"]["provider"], "generic");
    let spec = json!({ "interval": "1m", "prune": true, "path": "./",
        "sourceRef": { "kind": "Bucket", "name": "files" } });
    lab.apply(&object("kustomize.toolkit.fluxcd.io/v1", "Kustomization", "of-bucket", spec)).await;
    let found = lab.until_ready::<Kustomization>("of-bucket", "False").await;
    assert_eq!(
        conditions(&found),
        ["Ready False ArtifactFailed: Source artifact not found, retrying in 30s"]
    );
    for (name, source, expected) in [
        ("of-bucket", "files", "NoSourceArtifact: no artifact available for Bucket source 'files'"),
        (
            "of-nothing",
            "nope",
            "SourceUnavailable: failed to get source: buckets.source.toolkit.fluxcd.io \"nope\" not found",
        ),
    ] {
        let spec = json!({ "chart": "./chart", "interval": "1m", "sourceRef": { "kind": "Bucket", "name": source } });
        lab.apply(&object(SOURCES, "HelmChart", name, spec)).await;
        let found = lab.until_ready::<HelmChart>(name, "False").await;
        assert!(conditions(&found).contains(&format!("Ready False {expected}")), "{found:#}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_bucket_may_not_have_is_refused_as_the_real_definition_does() {
    let lab = Lab::open().await;
    for (more, expected) in [
        (
            json!({ "serviceAccountName": "x" }),
            "ServiceAccountName is not supported for the 'generic' Bucket provider",
        ),
        (
            json!({ "provider": "gcp", "sts": { "provider": "aws", "endpoint": "https://a" } }),
            "STS configuration is only supported for the 'aws' and 'generic' Bucket providers",
        ),
        (
            json!({ "provider": "aws", "secretRef": { "name": "a" }, "serviceAccountName": "x" }),
            "cannot set both .spec.secretRef and .spec.serviceAccountName",
        ),
    ] {
        let bucket: Bucket = serde_json::from_value(bucket("wrong", &more)).unwrap();
        let error = lab.api::<Bucket>().create(&PostParams::default(), &bucket).await.unwrap_err();
        assert!(error.to_string().contains(expected), "{error}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_external_artifact_waits_for_somebody_who_makes_it() {
    let lab = Lab::open().await;
    let spec = json!({ "sourceRef": { "kind": "ArtifactGenerator", "name": "mono" } });
    lab.apply(&object(SOURCES, "ExternalArtifact", "outside", spec)).await;
    let found = lab.until_ready::<ExternalArtifact>("outside", "False").await;
    let told = "NotSupported: this platform has no controller that makes an artifact from ArtifactGenerator 'mono': \
                use a GitRepository or an OCIRepository instead";
    assert_eq!(conditions(&found), [format!("Stalled True {told}"), format!("Ready False {told}")]);

    // Somebody else's status is theirs.
    let artifact = json!({ "digest": "sha256:00", "lastUpdateTime": "2026-11-21T00:00:00Z", "path": "a/b.tar.gz",
        "revision": "latest@sha256:00", "url": "http://elsewhere/a/b.tar.gz" });
    let status = Patch::Merge(json!({ "status": { "artifact": artifact } }));
    lab.api::<ExternalArtifact>().patch_status("outside", &PatchParams::default(), &status).await.unwrap();
    let silent =
        |one: &ExternalArtifact| one.status.as_ref().is_some_and(|status| status.conditions.is_empty());
    lab.until::<ExternalArtifact>("outside", silent).await;

    let denied = format!(
        "AccessDenied: can't access 'ExternalArtifact/{NAMESPACE}/outside', ExternalArtifact feature gate is disabled"
    );
    let expected = [format!("Stalled True {denied}"), format!("Ready False {denied}")];
    let spec = json!({ "interval": "1m", "prune": true, "path": "./",
        "sourceRef": { "kind": "ExternalArtifact", "name": "outside" } });
    lab.apply(&object("kustomize.toolkit.fluxcd.io/v1", "Kustomization", "outside", spec)).await;
    assert_eq!(conditions(&lab.until_ready::<Kustomization>("outside", "False").await), expected);
    let spec = json!({ "interval": "1m", "chartRef": { "kind": "ExternalArtifact", "name": "outside" } });
    lab.apply(&object("helm.toolkit.fluxcd.io/v2", "HelmRelease", "outside", spec)).await;
    assert_eq!(conditions(&lab.until_ready::<HelmRelease>("outside", "False").await), expected);
}
