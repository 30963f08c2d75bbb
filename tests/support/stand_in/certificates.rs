//! `CertificateSigningRequest` of a stand-in's node, which the embedded API server does not have: made, approved,
//! signed at once by the node's authority, listed, deleted. They are forgotten when the node stops.
//! <https://kubernetes.io/docs/reference/access-authn-authz/certificate-signing-requests/>

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex};

use atelier::accounts::Identity;
use axum::extract::{Path as Segment, Query, Request, State};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{delete, get, patch};
use axum::{Json, Router};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::StatusCode;
use rcgen::{CertificateSigningRequestParams, ExtendedKeyUsagePurpose, Issuer, KeyPair};
use serde_json::{Value, json};

use super::Error;

const REQUESTS: &str = "/apis/certificates.k8s.io/v1/certificatesigningrequests";

struct Requests {
    objects: Mutex<BTreeMap<String, Value>>,
    issuer: Issuer<'static, KeyPair>,
}

/// The routes, which sign with the authority in the folder `pki`.
pub(crate) fn router(pki: &Path) -> Result<Router, Error> {
    let read = |name: &str| std::fs::read_to_string(pki.join(name));
    let key = KeyPair::from_pem(&read("ca-key.pem")?)?;
    let issuer = Issuer::from_ca_cert_pem(&read("ca.pem")?, key)?;
    let requests = Arc::new(Requests { objects: Mutex::default(), issuer });
    Ok(Router::new()
        .route(REQUESTS, get(list).post(create))
        .route(&format!("{REQUESTS}/{{name}}"), delete(remove))
        .route(&format!("{REQUESTS}/{{name}}/approval"), patch(approve))
        .layer(middleware::from_fn(only_administrators))
        .with_state(requests))
}

async fn only_administrators(request: Request, next: Next) -> Response {
    let masters = |identity: &Identity| identity.groups.iter().any(|group| group == "system:masters");
    if request.extensions().get::<Identity>().is_some_and(masters) {
        return next.run(request).await;
    }
    status(StatusCode::FORBIDDEN, "certificatesigningrequests.certificates.k8s.io is forbidden")
}

fn status(code: StatusCode, message: &str) -> Response {
    let body = json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
        "message": message, "reason": code.canonical_reason(), "code": code.as_u16()});
    (code, Json(body)).into_response()
}

async fn create(State(requests): State<Arc<Requests>>, Json(mut object): Json<Value>) -> Response {
    let unique = uuid::Uuid::new_v4().to_string();
    let prefix = object["metadata"]["generateName"].as_str().unwrap_or_default().to_owned();
    let name = format!("{prefix}{}", &unique[..5]);
    object["metadata"]["name"] = json!(name);
    object["metadata"]["uid"] = json!(unique);
    object["metadata"]["resourceVersion"] = json!("1");
    requests.objects.lock().unwrap().insert(name, object.clone());
    (StatusCode::CREATED, Json(object)).into_response()
}

/// A watch never tells anything: what is asked for is signed before anybody looks.
async fn list(
    State(requests): State<Arc<Requests>>,
    Query(query): Query<BTreeMap<String, String>>,
) -> Response {
    if query.get("watch").is_some_and(|watch| watch == "true" || watch == "1") {
        let nothing = futures::stream::pending::<Result<bytes::Bytes, std::io::Error>>();
        return ([("content-type", "application/json")], axum::body::Body::from_stream(nothing))
            .into_response();
    }
    let named = query.get("fieldSelector").and_then(|field| field.strip_prefix("metadata.name="));
    let objects = requests.objects.lock().unwrap();
    let items = objects.iter().filter(|(name, _)| named.is_none_or(|named| named == *name));
    let items = items.map(|(_, object)| object.clone()).collect::<Vec<_>>();
    Json(json!({"kind": "CertificateSigningRequestList", "apiVersion": "certificates.k8s.io/v1",
        "metadata": {"resourceVersion": "1"}, "items": items}))
    .into_response()
}

async fn remove(State(requests): State<Arc<Requests>>, Segment(name): Segment<String>) -> Response {
    match requests.objects.lock().unwrap().remove(&name) {
        Some(object) => Json(object).into_response(),
        None => status(StatusCode::NOT_FOUND, "certificatesigningrequests.certificates.k8s.io not found"),
    }
}

async fn approve(
    State(requests): State<Arc<Requests>>,
    Segment(name): Segment<String>,
    Json(approval): Json<Value>,
) -> Response {
    let mut objects = requests.objects.lock().unwrap();
    let Some(object) = objects.get_mut(&name) else {
        return status(StatusCode::NOT_FOUND, "certificatesigningrequests.certificates.k8s.io not found");
    };
    match sign(&requests.issuer, &object["spec"]) {
        Ok(certificate) => {
            object["status"] = json!({"conditions": approval["status"]["conditions"],
                "certificate": STANDARD.encode(certificate)});
            Json(object.clone()).into_response()
        }
        Err(error) => status(StatusCode::UNPROCESSABLE_ENTITY, &error.to_string()),
    }
}

/// A client certificate, PEM, for whom the request names. The signer refuses members of `system:masters`.
fn sign(issuer: &Issuer<'static, KeyPair>, spec: &Value) -> Result<String, Error> {
    let request = String::from_utf8(STANDARD.decode(spec["request"].as_str().unwrap_or_default())?)?;
    let mut request = CertificateSigningRequestParams::from_pem(&request)?;
    let masters = |value: &rcgen::DnValue| format!("{value:?}").contains("system:masters");
    if request.params.distinguished_name.iter().any(|(_, value)| masters(value)) {
        return Err(
            "use of kubernetes.io/kube-apiserver-client signer with system:masters group is not allowed"
                .into(),
        );
    }
    let now = time::OffsetDateTime::now_utc();
    let seconds = spec["expirationSeconds"].as_i64().unwrap_or(365 * 24 * 3600);
    request.params.not_before = now - time::Duration::minutes(5);
    request.params.not_after = now + time::Duration::seconds(seconds);
    request.params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    Ok(request.signed_by(issuer)?.pem())
}
