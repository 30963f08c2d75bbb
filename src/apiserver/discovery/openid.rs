//! How others can tell that a service account's token is of this cluster.
//! <https://kubernetes.io/docs/tasks/configure-pod-container/configure-service-account/#service-account-issuer-discovery>

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use http::header;
use serde_json::{Value, json};

use crate::accounts::TOKEN_ISSUER;
use crate::apiserver::server::Server;

/// `/.well-known/openid-configuration`
pub(crate) async fn openid_configuration() -> Json<Value> {
    Json(json!({
        "issuer": TOKEN_ISSUER, "jwks_uri": format!("{TOKEN_ISSUER}/openid/v1/jwks"),
        "response_types_supported": ["id_token"], "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["ES256"]
    }))
}

/// `/openid/v1/jwks`
pub(crate) async fn openid_keys(State(server): State<Arc<Server>>) -> Response {
    let keys = server.service_account_key.public_keys().to_string();
    ([(header::CONTENT_TYPE, "application/jwk-set+json")], keys).into_response()
}
