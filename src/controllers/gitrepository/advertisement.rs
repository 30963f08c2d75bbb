//! What a repository has, asked over HTTP as git does before a fetch.
//! <https://git-scm.com/docs/http-protocol>

use std::collections::BTreeMap;
use std::error::Error as _;
use std::time::Duration;

use crate::controllers::source::Tls;

/// The most that a repository may say of its references.
const BYTES_LIMIT: usize = 8 << 20;

/// References by full name, with their commits; those of annotated tags are peeled.
pub(super) type References = BTreeMap<String, String>;

/// Where a repository is: how it is called, and how it is reached.
#[derive(Clone)]
pub(super) struct Address {
    /// As it is in the object, for messages.
    pub(super) shown: String,
    /// As it is reached from here.
    pub(super) reached: String,
    /// The value of the header `Authorization`; never shown.
    pub(super) authorization: Option<String>,
    /// Whom it trusts, and what it shows.
    pub(super) tls: Tls,
}

/// Asks for the references. Failures are told in the words of the git library that Flux uses.
pub(super) async fn references(address: &Address, limit: Duration) -> Result<References, String> {
    match tokio::time::timeout(limit, ask(address)).await {
        Ok(result) => result,
        Err(_) => Err("context deadline exceeded".to_owned()),
    }
}

async fn ask(address: &Address) -> Result<References, String> {
    let shown = format!("{}/info/refs?service=git-upload-pack", address.shown);
    let client = reqwest::Client::builder().no_proxy().build().map_err(|error| error.to_string())?;
    let url = format!("{}/info/refs?service=git-upload-pack", address.reached);
    let mut request = client.get(url);
    if let Some(authorization) = &address.authorization {
        request = request.header("authorization", authorization);
    }
    let mut response = request.send().await.map_err(|error| unreachable(&shown, address, &error))?;
    let status = response.status().as_u16();
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| unreachable(&shown, address, &error))? {
        if body.len() + chunk.len() > BYTES_LIMIT {
            return Err(format!("more than {BYTES_LIMIT} bytes of references"));
        }
        body.extend_from_slice(&chunk);
    }
    let said = || String::from_utf8_lossy(&body[..body.len().min(1024)]).into_owned();
    match status {
        200 => parse(&body).ok_or_else(|| "invalid pkt-len found".to_owned()),
        401 => Err(format!("authentication required: {}", said())),
        403 => Err(format!("authorization failed: {}", said())),
        404 => Err(format!("repository not found: {}", said())),
        status => {
            Err(format!("unexpected client error: unexpected requesting \"{shown}\" status code: {status}"))
        }
    }
}

fn unreachable(shown: &str, address: &Address, error: &reqwest::Error) -> String {
    let mut source = error.source();
    let mut refused = false;
    while let Some(inner) = source {
        if let Some(io) = inner.downcast_ref::<std::io::Error>() {
            refused |= io.kind() == std::io::ErrorKind::ConnectionRefused;
        }
        source = inner.source();
    }
    let authority = |url: &str| {
        let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
        rest.split('/').next().unwrap_or_default().to_owned()
    };
    let with_port =
        |authority: String| if authority.contains(':') { authority } else { format!("{authority}:80") };
    let target = with_port(authority(&address.reached));
    let reason = if refused {
        format!("dial tcp {target}: connect: connection refused")
    } else if error.is_connect() {
        let host = target.rsplit_once(':').map_or(target.clone(), |(host, _)| host.to_owned());
        format!("dial tcp: lookup {host}: no such host")
    } else {
        "EOF".to_owned()
    };
    format!("Get \"{shown}\": {reason}")
}

/// Reads packet lines: a header, then `<commit> <reference>` each, capabilities after the first.
fn parse(body: &[u8]) -> Option<References> {
    let mut references = References::new();
    let mut rest = body;
    while !rest.is_empty() {
        let length = usize::from_str_radix(std::str::from_utf8(rest.get(..4)?).ok()?, 16).ok()?;
        if length == 0 {
            rest = &rest[4..];
            continue;
        }
        let line = rest.get(4..length)?;
        rest = &rest[length..];
        let line = String::from_utf8_lossy(line);
        let line = line.split('\0').next().unwrap_or_default().trim_end();
        let Some((commit, name)) = line.split_once(' ').filter(|_| !line.starts_with('#')) else { continue };
        if commit.bytes().all(|byte| byte == b'0') {
            continue;
        }
        let name = name.strip_suffix("^{}").unwrap_or(name);
        references.insert(name.to_owned(), commit.to_owned());
    }
    Some(references)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_read_and_tags_peeled() {
        let line = |text: &str| format!("{:04x}{text}", text.len() + 4);
        let (one, two) = ("1".repeat(40), "2".repeat(40));
        let body = line("# service=git-upload-pack\n")
            + "0000"
            + &line(&format!("{one} HEAD\0multi_ack side-band\n"))
            + &line(&format!("{one} refs/heads/main\n"))
            + &line(&format!("{one} refs/tags/v1\n"))
            + &line(&format!("{two} refs/tags/v1^{{}}\n"))
            + "0000";
        let expected = [("HEAD", &one), ("refs/heads/main", &one), ("refs/tags/v1", &two)];
        let expected = expected.map(|(name, commit)| (name.to_owned(), commit.clone())).into();
        assert_eq!(parse(body.as_bytes()), Some(expected));
        assert_eq!(parse(b"<html>"), None);
        assert_eq!(parse(b"ffff"), None);
    }

    #[tokio::test]
    async fn refused_connection_is_told_as_go_does() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        drop(listener);
        let reached = format!("http://127.0.0.1:{port}/dev1/nope.git");
        let address = Address { shown: reached.clone(), reached, authorization: None, tls: Tls::default() };
        let error = references(&address, Duration::from_secs(20)).await.unwrap_err();
        assert_eq!(
            error,
            format!(
                "Get \"http://127.0.0.1:{port}/dev1/nope.git/info/refs?service=git-upload-pack\": dial tcp \
                 127.0.0.1:{port}: connect: connection refused"
            )
        );
    }
}
