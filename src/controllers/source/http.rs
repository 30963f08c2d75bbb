//! Fetches files over HTTP, within limits.

use std::time::Duration;

use super::{Credentials, Relay};
use crate::controllers::Context;

/// The largest file that is read.
const LIMIT: usize = 50 << 20;

/// Reads a file. The error is in Helm's words where it has some.
pub(in crate::controllers) async fn fetch(
    context: &Context,
    url: &str,
    credentials: &Credentials,
    limit: Duration,
) -> Result<Vec<u8>, String> {
    let reached = match url.strip_prefix("http://") {
        Some(rest) => {
            let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
            format!("http://{}{path}", (context.resolve)(authority))
        }
        None => url.to_owned(),
    };
    let relay = Relay::to(&reached, &credentials.tls).await?;
    let reached = relay.as_ref().map_or_else(|| reached.clone(), |relay| relay.reached(&reached));
    let http = reqwest::Client::builder().no_proxy().timeout(limit).build().map_err(|e| e.to_string())?;
    let mut request = http.get(reached);
    if !credentials.user.is_empty() {
        request = request.basic_auth(&credentials.user, Some(&credentials.password));
    }
    let failed = |error: reqwest::Error| {
        let mut reason: &dyn std::error::Error = &error;
        while let Some(source) = reason.source() {
            reason = source;
        }
        format!("Get \"{url}\": {reason}")
    };
    let mut answer = request.send().await.map_err(failed)?;
    if let Some(trouble) = relay.as_ref().and_then(Relay::trouble) {
        return Err(trouble);
    }
    if !answer.status().is_success() {
        return Err(format!("failed to fetch {url} : {}", answer.status()));
    }
    let mut bytes = Vec::new();
    while let Some(part) = answer.chunk().await.map_err(failed)? {
        if bytes.len() + part.len() > LIMIT {
            return Err(format!("{url} is larger than {LIMIT} bytes"));
        }
        bytes.extend_from_slice(&part);
    }
    Ok(bytes)
}
