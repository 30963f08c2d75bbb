//! The audit log: its events beside those that Kubernetes writes, and what never gets into it.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::time::Duration;

use atelier::accounts::Identity;
use atelier::apiserver::{ApiServer, Audit, Config};
use axum::body::Body;
use http::Request;
use serde_json::{Value, json};

use super::world::World;

const POLICY: &str = "
apiVersion: audit.k8s.io/v1
kind: Policy
rules:
- {level: None, users: [quiet]}
- {level: Metadata, verbs: [get, list]}
- {level: RequestResponse, omitStages: [RequestReceived], omitManagedFields: true}
";

async fn world() -> World {
    let folder = tempfile::tempdir().unwrap();
    let config = Config {
        data: folder.path().join("cluster"),
        kubelet_token: String::new(),
        ca_certificate: String::new(),
        audit: Some(Audit { log: folder.path().join("audit.log"), policy: POLICY.to_owned() }),
    };
    let server = ApiServer::open(config).await.unwrap();
    World { folder, server }
}

/// The events of a log once there are so many.
async fn events(folder: &Path, count: usize) -> Vec<Value> {
    let path = folder.join("audit.log");
    let read = async {
        loop {
            let text = std::fs::read_to_string(&path).unwrap();
            let lines: Vec<_> = text.split_inclusive('\n').filter(|line| line.ends_with('\n')).collect();
            if lines.len() >= count {
                return lines.iter().map(|line| serde_json::from_str(line).unwrap()).collect();
            }
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), read).await.expect("the log has that many events")
}

/// An event without what differs from run to run.
fn redacted(mut event: Value) -> Value {
    for field in ["auditID", "requestReceivedTimestamp", "stageTimestamp"] {
        assert!(event[field].is_string(), "{event}");
        event.as_object_mut().unwrap().shift_remove(field);
    }
    for field in ["requestObject", "responseObject"] {
        for name in ["uid", "resourceVersion", "creationTimestamp"] {
            if let Some(metadata) = event.pointer_mut(&format!("/{field}/metadata")) {
                metadata.as_object_mut().unwrap().shift_remove(name);
            }
        }
    }
    event
}

fn user() -> Value {
    json!({"username": "system:admin", "groups": ["system:masters", "system:authenticated"]})
}

#[tokio::test]
async fn events_are_those_of_kubernetes() {
    let world = world().await;
    world
        .post(
            "/api/v1/namespaces/default/limitranges",
            &json!({"metadata": {"name": "a"}, "spec": {"limits": []}}),
        )
        .await
        .ok();
    world.get("/apis/apps/v1/namespaces/default/deployments/web").await;
    let quiet = Request::get("/api/v1/namespaces").body(Body::empty()).unwrap();
    world.send_as(Some(&Identity::new("quiet", &["system:masters"])), quiet).await.ok();
    let acting =
        Request::delete("/api/v1/namespaces/default/pods/web?x=y").header("impersonate-user", "dev1");
    world.send(acting.header("user-agent", "test/2").body(Body::empty()).unwrap()).await;
    let all = events(world.folder.path(), 4).await;
    let all: Vec<_> = all.into_iter().map(redacted).collect();
    let object = json!({"metadata": {"name": "a"}, "spec": {"limits": []}});
    let answered = json!({
        "kind": "LimitRange", "apiVersion": "v1", "metadata": {"name": "a", "namespace": "default"},
        "spec": {"limits": []}
    });
    let allowed = json!({"authorization.k8s.io/decision": "allow", "authorization.k8s.io/reason": ""});
    let get = json!({
        "kind": "Event", "apiVersion": "audit.k8s.io/v1", "level": "Metadata", "stage": "RequestReceived",
        "requestURI": "/apis/apps/v1/namespaces/default/deployments/web", "verb": "get", "user": user(),
        "sourceIPs": ["127.0.0.1"], "userAgent": "test/1",
        "objectRef": {
            "resource": "deployments", "namespace": "default", "name": "web", "apiGroup": "apps", "apiVersion": "v1"
        },
    });
    let mut got = get.clone();
    got["stage"] = "ResponseComplete".into();
    got["annotations"] = allowed.clone();
    got["responseStatus"] = json!({
        "metadata": {}, "status": "Failure", "message": "deployments.apps \"web\" not found", "reason": "NotFound",
        "details": {"name": "web", "group": "apps", "kind": "deployments"}, "code": 404
    });
    let expected = [
        json!({
            "kind": "Event", "apiVersion": "audit.k8s.io/v1", "level": "RequestResponse", "stage": "ResponseComplete",
            "requestURI": "/api/v1/namespaces/default/limitranges", "verb": "create", "user": user(),
            "sourceIPs": ["127.0.0.1"], "userAgent": "test/1",
            "objectRef": {"resource": "limitranges", "namespace": "default", "apiVersion": "v1", "name": "a"},
            "responseStatus": {"metadata": {}, "code": 201}, "requestObject": object, "responseObject": answered,
            "annotations": allowed
        }),
        get,
        got,
        json!({
            "kind": "Event", "apiVersion": "audit.k8s.io/v1", "level": "RequestResponse", "stage": "ResponseComplete",
            "requestURI": "/api/v1/namespaces/default/pods/web?x=y", "verb": "delete", "user": user(),
            "impersonatedUser": {"username": "dev1", "groups": ["system:authenticated"]},
            "sourceIPs": ["127.0.0.1"], "userAgent": "test/2",
            "objectRef": {"resource": "pods", "namespace": "default", "name": "web", "apiVersion": "v1"},
            "responseStatus": {
                "metadata": {}, "status": "Failure",
                "message": "pods \"web\" is forbidden: User \"dev1\" cannot delete resource \"pods\" in API group \"\" \
                            in the namespace \"default\"",
                "reason": "Forbidden", "details": {"name": "web", "kind": "pods"}, "code": 403
            },
            "annotations": {"authorization.k8s.io/decision": "forbid", "authorization.k8s.io/reason": ""}
        }),
    ];
    for (ours, expected) in all.iter().zip(&expected) {
        assert_eq!(ours, expected);
    }
    let mode = std::fs::metadata(world.folder.path().join("audit.log")).unwrap().permissions().mode();
    assert_eq!((all.len(), mode & 0o777), (4, 0o600));
}

#[tokio::test]
async fn no_secret_gets_into_it() {
    let world = world().await;
    let secret = "c3dvcmRmaXNo";
    let object = json!({"metadata": {"name": "s"}, "data": {"password": secret}});
    world.post("/api/v1/namespaces/default/secrets", &object).await.ok();
    let patch = json!({"data": {"more": secret}});
    world.patch("/api/v1/namespaces/default/secrets/s", "merge", &patch).await.ok();
    let map = json!({"metadata": {"name": "m"}, "data": {"password": secret}});
    world.post("/api/v1/namespaces/default/configmaps", &map).await.ok();
    let token = world.post("/api/v1/namespaces/default/serviceaccounts/default/token", &json!({})).await.ok();
    let token = token["status"]["token"].as_str().unwrap();
    let review = json!({"spec": {"token": token}});
    world.post("/apis/authentication.k8s.io/v1/tokenreviews", &review).await.ok();
    let request =
        Request::get("/api").header("authorization", "Bearer swordfish").body(Body::empty()).unwrap();
    assert_eq!(world.send_as(None, request).await.code, 401);
    let all = events(world.folder.path(), 6).await;
    let text = serde_json::to_string(&all).unwrap();
    for secret in [secret, token, "swordfish"] {
        assert!(!text.contains(secret), "{text}");
    }
    let brief = |event: &Value| {
        let text = |pointer: &str| event.pointer(pointer).map(ToString::to_string).unwrap_or_default();
        format!("{} {} {}", text("/level"), text("/objectRef/resource"), text("/responseStatus/code"))
            .replace('"', "")
    };
    let expected = [
        "Metadata secrets 201",
        "Metadata secrets 200",
        "Metadata configmaps 201",
        "Metadata serviceaccounts 201",
        "Metadata tokenreviews 201",
        "Metadata  401",
    ];
    assert_eq!(all.iter().map(brief).collect::<Vec<_>>(), expected);
}

#[tokio::test]
async fn a_watch_has_two_events_and_a_policy_its_notes() {
    let world = world().await;
    let watch = world.watch("/api/v1/namespaces?watch=true&timeoutSeconds=600").await;
    drop(watch);
    let base = "/apis/admissionregistration.k8s.io/v1/validatingadmissionpolic";
    let rule = json!({"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["configmaps"]});
    let spec = json!({
        "matchConstraints": {"resourceRules": [rule]}, "validations": [{"expression": "false", "message": "never"}],
        "auditAnnotations": [{"key": "name", "valueExpression": "'it is ' + object.metadata.name"}]
    });
    world.post(&format!("{base}ies"), &json!({"metadata": {"name": "p"}, "spec": spec})).await.ok();
    let spec = json!({"policyName": "p", "validationActions": ["Audit"]});
    world.post(&format!("{base}ybindings"), &json!({"metadata": {"name": "b"}, "spec": spec})).await.ok();
    world.post("/api/v1/namespaces/default/configmaps", &json!({"metadata": {"name": "m"}})).await.ok();
    let all = events(world.folder.path(), 5).await;
    let stages: Vec<_> =
        all.iter().map(|event| format!("{} {}", event["verb"], event["stage"]).replace('"', "")).collect();
    let expected = [
        "watch ResponseStarted",
        "watch ResponseComplete",
        "create ResponseComplete",
        "create ResponseComplete",
        "create ResponseComplete",
    ];
    assert_eq!(stages, expected);
    let failure = json!([{
        "message": "never", "policy": "p", "binding": "b", "expressionIndex": 0, "validationActions": ["Audit"]
    }]);
    let expected = json!({
        "authorization.k8s.io/decision": "allow", "authorization.k8s.io/reason": "", "p/name": "it is m",
        "validation.policy.admission.k8s.io/validation_failure": failure.to_string()
    });
    assert_eq!(all[4]["annotations"], expected);
}
