//! `POST` to a service account's `token`: a token that ends by itself, and with its account.
//! <https://kubernetes.io/docs/reference/kubernetes-api/authentication-resources/token-request-v1/>

use axum::response::Response;
use http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

use super::review;
use crate::accounts::{Bound, Claims, Identity, Reference, TOKEN_ISSUER};
use crate::apiserver::router::Call;
use crate::apiserver::status::{Named, Status};
use crate::apiserver::types::{FieldError, Reason};
use crate::apiserver::{meta, respond};

/// An hour, when nothing else is asked for.
const DEFAULT_SECONDS: i64 = 3600;
const LEAST_SECONDS: i64 = 600;
const MOST_SECONDS: i64 = 1 << 32;

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Spec {
    audiences: Option<Vec<String>>,
    expiration_seconds: Option<i64>,
    bound_object_ref: Option<ObjectRef>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct ObjectRef {
    api_version: String,
    kind: String,
    name: String,
    uid: String,
}

/// Answers `POST`.
pub(super) async fn token(mut call: Call) -> Result<Response, Status> {
    let mut request = call.object().await?;
    review::posted(&call, &request)?;
    let namespace = call.target.namespace.clone().unwrap_or_default();
    let name = call.target.name.clone().unwrap_or_default();
    let account = call.server.reference("serviceaccounts", &namespace, &name);
    let account = account.ok_or_else(|| Status::not_found(call.target.named()))?;
    let spec = Option::<Spec>::deserialize(&request["spec"]);
    let spec = spec.map_err(|error| Status::bad_request(format!("TokenRequest in body: {error}")))?;
    let spec = spec.unwrap_or_default();
    let seconds = spec.expiration_seconds.unwrap_or(DEFAULT_SECONDS);
    check(seconds)?;
    let audiences = spec.audiences.filter(|audiences| !audiences.is_empty());
    let audiences = audiences.unwrap_or_else(|| vec![TOKEN_ISSUER.to_owned()]);
    let mut bound = Bound { namespace: namespace.clone(), serviceaccount: account, ..Bound::default() };
    if let Some(wanted) = &spec.bound_object_ref {
        bind(&call, &mut bound, wanted)?;
    }
    let now = jiff::Timestamp::now();
    let uid = bound.serviceaccount.uid.clone();
    let claims = Claims {
        aud: audiences.clone(),
        exp: now.as_second() + seconds,
        iat: now.as_second(),
        iss: TOKEN_ISSUER.to_owned(),
        jti: uuid::Uuid::new_v4().to_string(),
        bound,
        nbf: now.as_second(),
        sub: Identity::service_account(&namespace, &name).username,
    };
    let token = call.server.service_account_key.sign(&claims);
    let token = token.ok_or_else(|| Status::internal("the token could not be signed"))?;
    let end = now + jiff::SignedDuration::from_secs(seconds);
    request["kind"] = "TokenRequest".into();
    request["apiVersion"] = "authentication.k8s.io/v1".into();
    request["metadata"] =
        json!({"name": name, "namespace": namespace, "uid": uid, "creationTimestamp": meta::now()});
    if !request["spec"].is_object() {
        request["spec"] = json!({});
    }
    request["spec"]["audiences"] = json!(audiences);
    request["spec"]["expirationSeconds"] = seconds.into();
    if request["spec"].get("boundObjectRef").is_none() {
        request["spec"]["boundObjectRef"] = Value::Null;
    }
    let end = end.strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
    request["status"] = json!({"token": token, "expirationTimestamp": end});
    Ok(respond::value(&call.query, StatusCode::CREATED, &request))
}

fn check(seconds: i64) -> Result<(), Status> {
    let wrong = if seconds < LEAST_SECONDS {
        "may not specify a duration less than 10 minutes"
    } else if seconds > MOST_SECONDS {
        "may not specify a duration larger than 2^32 seconds"
    } else {
        return Ok(());
    };
    let error = FieldError {
        field: "spec.expirationSeconds".to_owned(),
        reason: Reason::Invalid,
        message: format!("Invalid value: {seconds}: {wrong}"),
    };
    Err(Status::invalid("TokenRequest", "authentication.k8s.io", "", &[error]))
}

/// Binds a token to an object that is there.
fn bind(call: &Call, bound: &mut Bound, wanted: &ObjectRef) -> Result<(), Status> {
    let ObjectRef { api_version, kind, name, uid } = wanted;
    let account = &bound.serviceaccount.name;
    let (resource, namespace) = match (api_version.as_str(), kind.as_str()) {
        ("v1", "Pod") => ("pods", bound.namespace.as_str()),
        ("v1", "Secret") => ("secrets", bound.namespace.as_str()),
        ("v1", "Node") => ("nodes", ""),
        _ => {
            let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
            let message = format!("cannot bind token to object of type {group}/{version}, Kind={kind}");
            return Err(Status::bad_request(message));
        }
    };
    let named = Named { group: "", plural: resource, name };
    let found = call.server.reference(resource, namespace, name).ok_or_else(|| Status::not_found(named))?;
    if !uid.is_empty() && *uid != found.uid {
        let message = format!(
            "the UID in the bound object reference ({uid}) does not match the UID in record. The object might have \
             been deleted and then recreated"
        );
        return Err(Status::conflict(Named { group: "", plural: kind, name }, &message));
    }
    match resource {
        "pods" => {
            let place = call.server.pod_place(namespace, name).unwrap_or_default();
            if place.service_account_name != *account {
                return Err(Status::bad_request(format!(
                    "cannot bind token for serviceaccount {account:?} to pod running with different serviceaccount \
                     name."
                )));
            }
            bound.node = (!place.node_name.is_empty()).then(|| {
                let known = call.server.reference("nodes", "", &place.node_name);
                known.unwrap_or(Reference { name: place.node_name, uid: String::new() })
            });
            bound.pod = Some(found);
        }
        "secrets" => bound.secret = Some(found),
        _ => bound.node = Some(found),
    }
    Ok(())
}
