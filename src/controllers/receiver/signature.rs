//! Whether a call comes from who knows the Receiver's token.

use axum::http::HeaderMap;
use hmac::{Hmac, Mac as _};
use k8s_openapi::api::core::v1::Secret;
use kube::{Api, Client, ResourceExt as _};
use sha1::Sha1;
use sha2::{Sha256, Sha512};

use crate::objects::flux::Receiver;

/// Reads the token of a Receiver.
pub(super) async fn token(client: &Client, receiver: &Receiver) -> Result<String, String> {
    let namespace = receiver.namespace().unwrap_or_default();
    let name = receiver.spec.secret_ref.as_ref().map(|reference| reference.name.clone());
    let name = name.ok_or("spec.secretRef is required")?;
    let secret = Api::<Secret>::namespaced(client.clone(), &namespace).get(&name).await.map_err(|error| {
        let reason = match error {
            kube::Error::Api(status) => status.message.clone(),
            error => error.to_string(),
        };
        format!("unable to read token from secret '{namespace}/{name}' error: {reason}")
    })?;
    let token = secret.data.as_ref().and_then(|data| data.get("token"));
    let token =
        token.ok_or_else(|| format!("invalid '{namespace}/{name}' secret data: required fields 'token'"))?;
    Ok(String::from_utf8_lossy(&token.0).into_owned())
}

/// Checks a call. The error says what is wrong with it, and never what would be right.
pub(super) fn check(
    receiver: &Receiver,
    token: &str,
    headers: &HeaderMap,
    body: &[u8],
) -> Result<(), String> {
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    match receiver.spec.kind.as_str() {
        "generic" => Ok(()),
        "generic-hmac" => verify(header("x-signature"), token, body),
        "github" => {
            let signature = match header("x-hub-signature-256") {
                "" => header("x-hub-signature"),
                signature => signature,
            };
            verify(signature, token, body)?;
            allowed(receiver, header("x-github-event"))
        }
        "gitlab" => {
            let given = header("x-gitlab-token");
            // Compared by their digests, which takes as long for any wrong token.
            if digest(given) != digest(token) {
                return Err("the X-Gitlab-Token header value does not match the receiver token".to_owned());
            }
            allowed(receiver, header("x-gitlab-event"))
        }
        kind => Err(format!("receiver type `{kind}` is not served")),
    }
}

fn digest(text: &str) -> Vec<u8> {
    use sha2::Digest as _;
    Sha256::digest(text.as_bytes()).to_vec()
}

fn allowed(receiver: &Receiver, event: &str) -> Result<(), String> {
    let events = receiver.spec.events.as_deref().unwrap_or_default();
    if events.is_empty() || events.iter().any(|known| known.eq_ignore_ascii_case(event)) {
        return Ok(());
    }
    Err(format!("the event `{event}` is not authorised"))
}

/// Checks a signature of the form `<algorithm>=<hex>`.
fn verify(signature: &str, token: &str, body: &[u8]) -> Result<(), String> {
    let (algorithm, hex) = signature.split_once('=').ok_or("missing signature")?;
    let expected = unhex(hex).ok_or("the signature is not hexadecimal")?;
    let valid = match algorithm {
        "sha1" => Hmac::<Sha1>::new_from_slice(token.as_bytes())
            .is_ok_and(|mac| mac.chain_update(body).verify_slice(&expected).is_ok()),
        "sha256" => Hmac::<Sha256>::new_from_slice(token.as_bytes())
            .is_ok_and(|mac| mac.chain_update(body).verify_slice(&expected).is_ok()),
        "sha512" => Hmac::<Sha512>::new_from_slice(token.as_bytes())
            .is_ok_and(|mac| mac.chain_update(body).verify_slice(&expected).is_ok()),
        other => return Err(format!("unknown hash type prefix: `{other}`")),
    };
    if valid { Ok(()) } else { Err("payload signature check failed".to_owned()) }
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    if !text.len().is_multiple_of(2) || !text.is_ascii() {
        return None;
    }
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::objects::flux::ReceiverSpec;

    fn receiver(kind: &str) -> Receiver {
        let events = Some(vec!["push".to_owned(), "ping".to_owned()]);
        Receiver::new("apps", ReceiverSpec { kind: kind.to_owned(), events, ..ReceiverSpec::default() })
    }

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect()
    }

    #[test]
    fn signed_pushes_pass_and_all_else_does_not() {
        let mac = Hmac::<Sha256>::new_from_slice(b"token").unwrap().chain_update(b"{}");
        let hex = mac.finalize().into_bytes();
        let signature = hex.iter().fold("sha256=".to_owned(), |text, byte| format!("{text}{byte:02x}"));
        let call = |kind: &str, name: &'static str, signature: &str, event: &str, body: &[u8]| {
            check(&receiver(kind), "token", &headers(&[(name, signature), ("x-github-event", event)]), body)
        };
        let hub = "x-hub-signature-256";
        assert_eq!(call("github", hub, &signature, "push", b"{}"), Ok(()));
        assert_eq!(call("generic-hmac", "x-signature", &signature, "", b"{}"), Ok(()));
        for (name, signature, event, body, expected) in [
            (hub, signature.as_str(), "push", &b"{ }"[..], "payload signature check failed"),
            (hub, signature.as_str(), "star", b"{}", "the event `star` is not authorised"),
            (hub, "sha256=zz", "push", b"{}", "the signature is not hexadecimal"),
            (hub, "md5=00", "push", b"{}", "unknown hash type prefix: `md5`"),
            ("x-other", "", "push", b"{}", "missing signature"),
        ] {
            assert_eq!(call("github", name, signature, event, body), Err(expected.to_owned()));
        }
    }
}
