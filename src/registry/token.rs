//! `GET /v2/token`: bearer tokens for an hour, which clients get for a name and a password. What somebody may do is
//! decided when the token is used, not when it is given. <https://distribution.github.io/distribution/spec/auth/token/>

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, Mac};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::Sha256;

use super::access::{self, Caller};
use super::error::ApiError;
use super::server::Shared;
use crate::accounts::random_hex;

const SECONDS: i64 = 3600;

/// Signs and checks tokens. The key lives as long as the process: clients ask again after a refusal.
pub(super) struct Signer {
    key: String,
}

#[derive(Serialize, Deserialize)]
struct Claims {
    /// Nobody's when absent.
    user: Option<u64>,
    scopes: Option<Vec<String>>,
    until: i64,
}

impl Signer {
    pub(super) fn new() -> Self {
        Self { key: random_hex(32) }
    }

    fn mac(&self, text: &str) -> Hmac<Sha256> {
        let keyed =
            Hmac::<Sha256>::new_from_slice(self.key.as_bytes()).expect("HMAC takes keys of any length");
        keyed.chain_update(text)
    }

    fn sign(&self, caller: &Caller) -> String {
        let user = caller.user.as_ref().map(|user| user.id);
        let claims =
            Claims { user, scopes: caller.scopes.clone(), until: Timestamp::now().as_second() + SECONDS };
        let text = URL_SAFE_NO_PAD.encode(json!(claims).to_string());
        let mac = URL_SAFE_NO_PAD.encode(self.mac(&text).finalize().into_bytes());
        format!("{text}.{mac}")
    }

    /// Who the token was given to, if it is ours and not too old.
    pub(super) fn verify(&self, shared: &Shared, token: &str) -> Option<Caller> {
        let (text, mac) = token.split_once('.')?;
        self.mac(text).verify_slice(&URL_SAFE_NO_PAD.decode(mac).ok()?).ok()?;
        let claims: Claims = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(text).ok()?).ok()?;
        if claims.until < Timestamp::now().as_second() {
            return None;
        }
        let user = match claims.user {
            Some(id) => Some(shared.users.by_id(id)?),
            None => None,
        };
        Some(Caller { user, scopes: claims.scopes })
    }
}

pub(super) async fn get(
    State(shared): State<Arc<Shared>>,
    headers: HeaderMap,
) -> Result<Json<Value>, ApiError> {
    let caller = access::identify(&shared, &headers).await?.unwrap_or_default();
    Ok(Json(json!({"token": shared.signer.sign(&caller)})))
}
