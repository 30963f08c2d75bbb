//! Who makes a request: the identity that came with it, and the one that it may act as.
//! <https://kubernetes.io/docs/reference/access-authn-authz/authentication/#user-impersonation>

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use http::{HeaderMap, header};

use super::access::{Attributes, Object};
use super::audit;
use super::server::Server;
use super::status::{Named, Status};
use crate::accounts::Identity;

const EXTRA: &str = "impersonate-extra-";

/// Gives every request an identity: nobody's at least. Answers 401 where what it shows is wrong.
pub(crate) async fn establish(
    State(server): State<Arc<Server>>,
    mut request: Request,
    next: Next,
) -> Response {
    let known = request.extensions_mut().remove::<Identity>();
    match authenticate(&server, known, request.headers()) {
        Ok(identity) => {
            request.extensions_mut().insert(identity);
            next.run(request).await
        }
        Err(status) => {
            audit::refused(&server, &request, status.to_value());
            status.into_response()
        }
    }
}

/// Lets a request act as whom it wants to, where it may. Answers 403 where it may not.
pub(crate) async fn act(State(server): State<Arc<Server>>, mut request: Request, next: Next) -> Response {
    let may = |identity: &Identity, attributes: Attributes| server.access.authorize(identity, &attributes);
    let own = request.extensions_mut().remove::<Identity>().unwrap_or_else(Identity::anonymous);
    match acting_as(own.clone(), request.headers(), may) {
        Ok(identity) => {
            if identity != own
                && let Some(notes) = request.extensions().get::<audit::Notes>()
            {
                notes.acting(&identity);
            }
            request.extensions_mut().insert(identity);
            next.run(request).await
        }
        Err(status) => status.into_response(),
    }
}

/// Who somebody is by what they show; a certificate has been looked at by whoever accepted the connection.
fn authenticate(server: &Server, known: Option<Identity>, headers: &HeaderMap) -> Result<Identity, Status> {
    match (known, bearer(headers)) {
        (Some(identity), _) => Ok(identity.with_system_group()),
        (None, Some(token)) => {
            let shown = server.bearer(token, &[]);
            shown.map(|(identity, _)| identity).ok_or_else(Status::unauthorized)
        }
        (None, None) => Ok(Identity::anonymous().with_system_group()),
    }
}

/// The token that a request shows.
fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    Some(token.trim()).filter(|token| scheme.eq_ignore_ascii_case("bearer") && !token.is_empty())
}

/// Whom a request acts as, if `may` allows each part of it.
fn acting_as(
    identity: Identity,
    headers: &HeaderMap,
    may: impl Fn(&Identity, Attributes) -> Result<(), Status>,
) -> Result<Identity, Status> {
    let text = |value: &http::HeaderValue| value.to_str().map(str::to_owned).ok();
    let one = |name: &str| headers.get(name).and_then(text).filter(|value| !value.is_empty());
    let groups: Vec<String> = headers.get_all("impersonate-group").iter().filter_map(text).collect();
    let uid = one("impersonate-uid").unwrap_or_default();
    let extra = headers.iter().filter_map(|(name, value)| {
        let key = name.as_str().strip_prefix(EXTRA)?;
        let key = percent_encoding::percent_decode_str(key).decode_utf8_lossy().into_owned();
        Some((key, text(value)?))
    });
    let extra: Vec<(String, String)> = extra.collect();
    let Some(username) = one("impersonate-user") else {
        let what = if !groups.is_empty() {
            "Group"
        } else if !uid.is_empty() {
            "Uid"
        } else if !extra.is_empty() {
            "Extra"
        } else {
            return Ok(identity);
        };
        let message = format!("requested {what} impersonation without impersonating a user");
        return Err(Status::bad_request(message));
    };
    let ask = |group: &str, plural: &str, name: &str, namespace: &str, below: &str| {
        let mut attributes = Attributes::resource("impersonate", Named { group, plural, name }, namespace);
        if let Object::Resource { subresource, .. } = &mut attributes.object {
            below.clone_into(subresource);
        }
        may(&identity, attributes)
    };
    let mut acting = if let Some((namespace, name)) = service_account(&username) {
        ask("", "serviceaccounts", name, namespace, "")?;
        Identity::service_account(namespace, name)
    } else {
        ask("", "users", &username, "", "")?;
        Identity::new(&username, &[])
    };
    if !groups.is_empty() {
        for group in &groups {
            ask("", "groups", group, "", "")?;
        }
        acting.groups = groups;
    }
    if !uid.is_empty() {
        ask("authentication.k8s.io", "uids", &uid, "", "")?;
        acting.uid = uid;
    }
    for (key, value) in extra {
        ask("authentication.k8s.io", "userextras", &value, "", &key)?;
        acting.extra.entry(key).or_default().push(value);
    }
    Ok(acting.with_system_group())
}

fn service_account(username: &str) -> Option<(&str, &str)> {
    username.strip_prefix("system:serviceaccount:")?.split_once(':')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn acting(pairs: &[(&'static str, &str)]) -> Result<Identity, String> {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(*name, value.parse().unwrap());
        }
        let may = |identity: &Identity, attributes: Attributes| match &attributes.object {
            Object::Resource { name, .. } if name == "forbidden" => {
                Err(attributes.refusal(&identity.username, ""))
            }
            _ => Ok(()),
        };
        let acting = acting_as(Identity::administrator(), &headers, may);
        acting.map_err(|status| status.message().to_owned())
    }

    #[test]
    fn impersonation() {
        assert_eq!(acting(&[]), Ok(Identity::administrator()));
        assert_eq!(
            acting(&[("impersonate-user", "dev2")]),
            Ok(Identity::new("dev2", &["system:authenticated"]))
        );
        assert_eq!(
            acting(&[("impersonate-user", "system:serviceaccount:dev1-ns:dev1")]),
            Ok(Identity::service_account("dev1-ns", "dev1").with_system_group())
        );
        assert_eq!(
            acting(&[("impersonate-user", "a"), ("impersonate-group", "b"), ("impersonate-group", "c")]),
            Ok(Identity::new("a", &["b", "c", "system:authenticated"]))
        );
        let more =
            acting(&[("impersonate-user", "a"), ("impersonate-uid", "7"), ("impersonate-extra-scopes", "x")]);
        let more = more.unwrap();
        assert_eq!((more.uid.as_str(), more.extra["scopes"].as_slice()), ("7", &["x".to_owned()][..]));
        assert_eq!(
            acting(&[("impersonate-group", "b")]),
            Err("requested Group impersonation without impersonating a user".to_owned())
        );
        assert_eq!(
            acting(&[("impersonate-user", "forbidden")]),
            Err("users \"forbidden\" is forbidden: User \"system:admin\" cannot impersonate resource \"users\" in \
                 API group \"\" at the cluster scope"
                .to_owned())
        );
        assert_eq!(
            acting(&[("impersonate-user", "a"), ("impersonate-extra-scopes", "forbidden")]),
            Err("userextras.authentication.k8s.io \"forbidden\" is forbidden: User \"system:admin\" cannot \
                 impersonate resource \"userextras/scopes\" in API group \"authentication.k8s.io\" at the cluster \
                 scope"
                .to_owned())
        );
    }
}
