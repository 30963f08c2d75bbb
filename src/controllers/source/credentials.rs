//! User and password from Secrets, in the two forms that Flux reads.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use k8s_openapi::api::core::v1::Secret;
use kube::{Api, Client};
use serde_json::Value;

use super::Failure;

/// A user and a password; both empty for nobody.
#[derive(Clone, Default)]
pub(in crate::controllers) struct Credentials {
    pub(in crate::controllers) user: String,
    pub(in crate::controllers) password: String,
}

/// Reads the Secret `name`: `username` and `password`, or those of `host` in a Docker configuration.
pub(in crate::controllers) async fn credentials(
    client: &Client,
    namespace: &str,
    name: Option<&str>,
    host: &str,
) -> Result<Credentials, Failure> {
    let Some(name) = name else { return Ok(Credentials::default()) };
    let wrong = |reason: &str| {
        let message =
            format!("failed to get credential: failed to get secret '{namespace}/{name}': {reason}");
        Failure::new("FetchFailed", "AuthenticationFailed", message)
    };
    let found = Api::<Secret>::namespaced(client.clone(), namespace).get(name).await;
    let found = found.map_err(|error| match error {
        kube::Error::Api(status) => wrong(&status.message),
        error => wrong(&error.to_string()),
    })?;
    let data = found.data.unwrap_or_default();
    let field = |name: &str| data.get(name).map(|bytes| String::from_utf8_lossy(&bytes.0).into_owned());
    if let Some(text) = field(".dockerconfigjson") {
        return docker(&text, host)
            .ok_or_else(|| wrong(&format!("it has nothing for the registry `{host}`")));
    }
    match (field("username"), field("password")) {
        (Some(user), Some(password)) => Ok(Credentials { user, password }),
        (None, None) => Ok(Credentials::default()),
        _ => Err(wrong("required fields 'username' and 'password'")),
    }
}

/// The entry of a host in a Docker configuration.
fn docker(text: &str, host: &str) -> Option<Credentials> {
    let config: Value = serde_json::from_str(text).ok()?;
    let bare = |key: &str| {
        let key = key.split_once("://").map_or(key, |(_, rest)| rest);
        key.split('/').next().unwrap_or_default().to_owned()
    };
    let (_, entry) = config["auths"].as_object()?.iter().find(|(key, _)| bare(key) == host)?;
    if let (Some(user), Some(password)) = (entry["username"].as_str(), entry["password"].as_str()) {
        return Some(Credentials { user: user.to_owned(), password: password.to_owned() });
    }
    let pair = String::from_utf8(STANDARD.decode(entry["auth"].as_str()?).ok()?).ok()?;
    let (user, password) = pair.split_once(':')?;
    Some(Credentials { user: user.to_owned(), password: password.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_docker_configuration_has_credentials_by_host() {
        let text = r#"{"auths": {"https://a:1/v1/": {"username": "u", "password": "p"},
            "b": {"auth": "dTI6cDI="}, "c": {}}}"#;
        let found = |host: &str| docker(text, host).map(|found| (found.user, found.password));
        let pair = |user: &str, password: &str| Some((user.to_owned(), password.to_owned()));
        assert_eq!(found("a:1"), pair("u", "p"));
        assert_eq!(found("b"), pair("u2", "p2"));
        assert_eq!(found("c"), None);
        assert_eq!(found("d"), None);
    }
}
