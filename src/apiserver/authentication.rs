//! Who makes a request: the identity that came with it, or the one that it may act as.
//! <https://kubernetes.io/docs/reference/access-authn-authz/authentication/#user-impersonation>

use axum::extract::Request;
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use http::HeaderMap;

use super::status::Status;
use crate::accounts::Identity;

/// Answers 401 to requests without identity, and replaces the identity of those that impersonate.
pub(crate) async fn require(mut request: Request, next: Next) -> Response {
    let Some(identity) = request.extensions().get::<Identity>() else {
        return Status::unauthorized().into_response();
    };
    match acting_as(identity, request.headers()) {
        Ok(identity) => {
            request.extensions_mut().insert(identity);
            next.run(request).await
        }
        Err(status) => status.into_response(),
    }
}

fn acting_as(identity: &Identity, headers: &HeaderMap) -> Result<Identity, Status> {
    let text = |value: &http::HeaderValue| value.to_str().map(str::to_owned).ok();
    let user = headers.get("impersonate-user").and_then(text);
    let groups: Vec<String> = headers.get_all("impersonate-group").iter().filter_map(text).collect();
    let Some(username) = user else {
        return if groups.is_empty() {
            Ok(identity.clone())
        } else {
            Err(Status::bad_request("requested Group impersonation without impersonating a user"))
        };
    };
    let mut acting = match service_account(&username) {
        Some((namespace, name)) => Identity::service_account(namespace, name),
        None => Identity { username, groups: Vec::new() },
    };
    if !groups.is_empty() {
        acting.groups = groups;
    }
    Ok(acting)
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
        acting_as(&Identity::administrator(), &headers).map_err(|status| status.message().to_owned())
    }

    #[test]
    fn impersonation() {
        assert_eq!(acting(&[]), Ok(Identity::administrator()));
        assert_eq!(acting(&[("impersonate-user", "dev2")]), Ok(Identity::new("dev2", &[])));
        assert_eq!(
            acting(&[("impersonate-user", "system:serviceaccount:dev1-ns:dev1")]),
            Ok(Identity::service_account("dev1-ns", "dev1"))
        );
        assert_eq!(
            acting(&[("impersonate-user", "a"), ("impersonate-group", "b"), ("impersonate-group", "c")]),
            Ok(Identity::new("a", &["b", "c"]))
        );
        assert_eq!(
            acting(&[("impersonate-group", "b")]),
            Err("requested Group impersonation without impersonating a user".to_owned())
        );
    }
}
