//! User and password from Secrets, in the two forms that Flux reads, and certificates.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use k8s_openapi::api::core::v1::Secret;
use kube::{Api, Client};
use serde_json::Value;

use super::tls::Unusable;
use super::{Failure, Repository, Tls};
use crate::objects::flux::HelmRepository;

/// A user and a password, both empty for nobody, and what a server behind TLS is met with.
#[derive(Clone, Default)]
pub(in crate::controllers) struct Credentials {
    pub(in crate::controllers) user: String,
    pub(in crate::controllers) password: String,
    pub(in crate::controllers) tls: Tls,
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
        (Some(user), Some(password)) => Ok(of(&user, &password)),
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
        return Some(of(user, password));
    }
    let pair = String::from_utf8(STANDARD.decode(entry["auth"].as_str()?).ok()?).ok()?;
    let (user, password) = pair.split_once(':')?;
    Some(of(user, password))
}

/// What the repository of charts itself is asked with.
pub(in crate::controllers) async fn credentials_of_charts(
    client: &Client,
    namespace: &str,
    source: &HelmRepository,
) -> Result<Credentials, Failure> {
    let failed = |message| Failure::new("FetchFailed", "AuthenticationFailed", message);
    let tls = match &source.spec.cert_secret_ref {
        None => Tls::default(),
        Some(secret) => Tls::of_secret(client, namespace, &secret.name).await.map_err(|reason| {
            failed(match reason {
                Unusable::NotRead(reason) => {
                    format!("failed to get TLS authentication secret '{namespace}/{}': {reason}", secret.name)
                }
                Unusable::Incomplete(reason) => {
                    format!("failed to construct Helm client's TLS config: {reason}")
                }
            })
        })?,
    };
    let secret = source.spec.secret_ref.as_ref().map(|secret| secret.name.as_str());
    let host = Repository::host_of(&source.spec.url);
    Ok(Credentials { tls, ..credentials(client, namespace, secret, host).await? })
}

fn of(user: &str, password: &str) -> Credentials {
    Credentials { user: user.to_owned(), password: password.to_owned(), tls: Tls::default() }
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
