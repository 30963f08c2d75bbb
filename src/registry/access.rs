//! Who makes a request, and what that caller may do. Everybody with a token reads; who may push to an owner's
//! repositories is the owner, the organisation's writers, and administrators.

use axum::http::{HeaderMap, header};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::error::ApiError;
use super::name::Name;
use super::server::Shared;
use crate::accounts::{Permission, User};

/// Who makes a request.
#[derive(Clone, Debug, Default)]
pub(super) struct Caller {
    /// Nobody when anonymous.
    pub(super) user: Option<User>,
    /// Those of an access token; none when a password was given.
    pub(super) scopes: Option<Vec<String>>,
}

/// Reads the `Authorization` header; nothing when there is none.
pub(super) async fn identify(shared: &Shared, headers: &HeaderMap) -> Result<Option<Caller>, ApiError> {
    let Some(value) = headers.get(header::AUTHORIZATION) else { return Ok(None) };
    let text = value.to_str().map_err(|_| ApiError::BadCredentials)?;
    let (scheme, rest) = text.split_once(' ').ok_or(ApiError::BadCredentials)?;
    let rest = rest.trim();
    let caller = match scheme.to_ascii_lowercase().as_str() {
        "basic" => {
            let text = STANDARD.decode(rest).ok().and_then(|bytes| String::from_utf8(bytes).ok());
            let (login, secret) =
                text.as_deref().and_then(|text| text.split_once(':')).ok_or(ApiError::BadCredentials)?;
            let (login, secret, users) = (login.to_owned(), secret.to_owned(), shared.users.clone());
            // Comparing passwords takes milliseconds on purpose.
            let signed_in = tokio::task::spawn_blocking(move || users.sign_in(&login, &secret)).await;
            signed_in.ok().flatten().map(|(user, scopes)| Caller { user: Some(user), scopes })
        }
        "bearer" => shared.signer.verify(shared, rest).or_else(|| {
            let (user, scopes) = shared.users.token_owner(rest)?;
            Some(Caller { user: Some(user), scopes: Some(scopes) })
        }),
        _ => None,
    };
    caller.map(Some).ok_or(ApiError::BadCredentials)
}

/// The question for a token that an anonymous client gets.
pub(super) fn challenge(shared: &Shared, headers: &HeaderMap) -> ApiError {
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    let plain =
        |host: &&str| host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-:[]_".contains(&byte));
    let realm = format!("http://{}/v2/token", host.filter(plain).unwrap_or(&shared.name));
    ApiError::Unauthorized { realm }
}

impl Caller {
    fn has_scope(&self, wanted: &[&str]) -> bool {
        let Some(scopes) = &self.scopes else { return true };
        scopes.iter().any(|scope| scope == "all" || wanted.contains(&scope.as_str()))
    }

    pub(super) fn require_read(&self) -> Result<(), ApiError> {
        if self.has_scope(&["read:package", "write:package"]) { Ok(()) } else { Err(ApiError::Denied) }
    }

    pub(super) fn require_write(&self, shared: &Shared, name: &Name) -> Result<(), ApiError> {
        let owner = shared.users.get(name.owner()).ok_or(ApiError::OwnerUnknown)?;
        let user = self.user.as_ref().ok_or(ApiError::Denied)?;
        let team =
            || shared.users.team_permission(owner.id, user.id).is_some_and(|has| has >= Permission::Write);
        let may = user.is_admin || user.id == owner.id || team();
        if may && self.has_scope(&["write:package"]) { Ok(()) } else { Err(ApiError::Denied) }
    }
}
