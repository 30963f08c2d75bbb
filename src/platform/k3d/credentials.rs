//! The user's logins to registries, from Docker's own configuration: what is written there, else what its credential
//! helper tells. Nothing is kept of it.

use std::path::Path;
use std::time::Duration;

use bollard::auth::DockerCredentials;
use serde_json::Value;

use super::settings::split;
use crate::process::Command;

/// Docker Hub's name in Docker's configuration.
const HUB: &str = "https://index.docker.io/v1/";

/// The login to the registry of an image, if the user has one.
pub(super) async fn find(config: Option<&Path>, reference: &str) -> Option<DockerCredentials> {
    let text = std::fs::read(config?.join("config.json")).ok()?;
    let config: Value = serde_json::from_slice(&text).ok()?;
    let (registry, _) = split(reference);
    let server = if registry == "docker.io" { HUB } else { registry };
    if let Some(auth) = config["auths"][server]["auth"].as_str().filter(|auth| !auth.is_empty()) {
        return written(server, auth);
    }
    let helper = config["credHelpers"][server].as_str().or_else(|| config["credsStore"].as_str())?;
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    if !helper.bytes().all(plain) {
        return None;
    }
    let command = Command::new(format!("docker-credential-{helper}")).arg("get").input(server);
    let output = command.limit(Duration::from_secs(20)).run().await.ok()?;
    let told: Value = serde_json::from_str(&output.stdout).ok()?;
    let (user, secret) = (told["Username"].as_str()?.to_owned(), told["Secret"].as_str()?.to_owned());
    let mut credentials =
        DockerCredentials { serveraddress: Some(server.to_owned()), ..DockerCredentials::default() };
    // The helpers' way to say that the secret is a token and not a password.
    if user == "<token>" {
        credentials.identitytoken = Some(secret);
    } else {
        credentials.username = Some(user);
        credentials.password = Some(secret);
    }
    Some(credentials)
}

fn written(server: &str, auth: &str) -> Option<DockerCredentials> {
    use base64::Engine as _;
    let decoded = base64::engine::general_purpose::STANDARD.decode(auth).ok()?;
    let decoded = String::from_utf8(decoded).ok()?;
    let (user, password) = decoded.split_once(':')?;
    Some(DockerCredentials {
        username: Some(user.to_owned()),
        password: Some(password.to_owned()),
        serveraddress: Some(server.to_owned()),
        ..DockerCredentials::default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn written_logins_are_found_by_registry() {
        let folder = tempfile::tempdir().unwrap();
        // printf ann:secret | base64
        let config =
            r#"{"auths": {"ghcr.io": {"auth": "YW5uOnNlY3JldA=="}, "https://index.docker.io/v1/": {}}}"#;
        std::fs::write(folder.path().join("config.json"), config).unwrap();
        let found = find(Some(folder.path()), "ghcr.io/a/b:1").await.unwrap();
        assert_eq!((found.username.as_deref(), found.password.as_deref()), (Some("ann"), Some("secret")));
        assert!(find(Some(folder.path()), "redis:7").await.is_none());
    }
}
