//! Webhooks.

use atelier::controllers::receiver_router;
use atelier::objects::flux::{GitRepository, Receiver};
use axum::body::Body;
use axum::http::{Request, StatusCode};
use kube::ResourceExt as _;
use serde_json::json;
use tower::ServiceExt as _;

use super::flux::{Lab, NAMESPACE, recorded, status};

async fn call(lab: &Lab, path: &str, body: &str) -> StatusCode {
    let request = Request::post(path).body(Body::from(body.to_owned())).unwrap();
    receiver_router(lab.client.clone()).oneshot(request).await.unwrap().status()
}

#[tokio::test(flavor = "multi_thread")]
async fn call_asks_for_reconciliations_and_tells_of_missing_resources() {
    let lab = Lab::with_source().await;
    let secret = json!({ "apiVersion": "v1", "kind": "Secret", "metadata": { "name": "hook", "namespace": NAMESPACE },
        "stringData": { "token": "secret" } });
    lab.apply(&secret).await;
    let receiver = |kind: &str, resources: serde_json::Value| {
        json!({ "apiVersion": "notification.toolkit.fluxcd.io/v1", "kind": "Receiver",
            "metadata": { "name": "apps", "namespace": NAMESPACE },
            "spec": { "events": ["push", "ping"], "secretRef": { "name": "hook" }, "type": kind,
                "resources": resources } })
    };
    let source = json!({ "kind": "GitRepository", "name": "dev1-apps" });
    lab.apply(&receiver("github", json!([source]))).await;
    let object = lab.until_ready::<Receiver>("apps", "True").await;
    assert_eq!(status(&object), status(&recorded("receiver")));
    let path = object["status"]["webhookPath"].as_str().unwrap().to_owned();

    assert_eq!(call(&lab, &path, "{}").await, StatusCode::BAD_REQUEST, "the signature is missing");
    assert_eq!(call(&lab, "/hook/0", "{}").await, StatusCode::NOT_FOUND);

    let missing = json!({ "kind": "GitRepository", "name": "missing" });
    lab.apply(&receiver("generic", json!([missing, source]))).await;
    assert_eq!(call(&lab, &path, "{}").await, StatusCode::INTERNAL_SERVER_ERROR, "one resource is missing");
    let asked = |object: &GitRepository| {
        let request = object.annotations().get("reconcile.fluxcd.io/requestedAt");
        request.is_some() && object.status.as_ref().unwrap().last_handled_reconcile_at.as_ref() == request
    };
    lab.until::<GitRepository>("dev1-apps", asked).await;
}
