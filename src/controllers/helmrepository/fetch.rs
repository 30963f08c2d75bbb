//! From an index over HTTP to an artifact.

use std::time::Duration;

use async_trait::async_trait;
use kube::ResourceExt as _;
use sha2::{Digest as _, Sha256};

use super::Index;
use crate::controllers::Context;
use crate::controllers::source::{
    Attempt, Failure, Fetch, Kept, Settled, SourceObject, credentials_of_charts, fetch,
};
use crate::objects::flux::{HelmRepository, SourceStatus};
use crate::objects::parse_duration;

impl SourceObject for HelmRepository {
    const FOLDER: &'static str = "helmrepository";
    const LATEST: &'static str = "index.yaml";

    fn status(&self) -> Option<&SourceStatus> {
        self.status.as_ref()
    }

    fn is_suspended(&self) -> bool {
        self.spec.suspend == Some(true)
    }

    fn interval(&self) -> Duration {
        let given = self.spec.interval.as_deref().and_then(|text| parse_duration(text).ok());
        given.unwrap_or(Duration::from_secs(60))
    }
}

/// Fetches `HelmRepositories`.
pub(super) struct Repositories {
    context: Context,
}

impl Repositories {
    pub(super) fn new(context: Context) -> Self {
        Self { context }
    }
}

/// A size as people read it, in thousands.
#[expect(clippy::cast_precision_loss, reason = "four digits are shown")]
fn human(size: usize) -> String {
    let units = ["B", "kB", "MB", "GB"];
    let mut rest = size as f64;
    let mut unit = 0;
    while rest >= 1000.0 && unit + 1 < units.len() {
        rest /= 1000.0;
        unit += 1;
    }
    // Four digits that count, without the zeros behind them.
    let digits = if rest >= 100.0 {
        1
    } else if rest >= 10.0 {
        2
    } else {
        3
    };
    let text = format!("{rest:.digits$}");
    format!("{}{}", text.trim_end_matches('0').trim_end_matches('.'), units[unit])
}

#[async_trait]
impl Fetch for Repositories {
    type Object = HelmRepository;

    fn is_static(&self, object: &HelmRepository) -> bool {
        object.spec.is_oci()
    }

    async fn fetch(&self, attempt: &mut Attempt<'_, HelmRepository>) -> Result<Settled, Failure> {
        let object = attempt.object;
        let spec = &object.spec;
        if spec.url.starts_with("oci://") {
            let message = "invalid Helm repository URL: 'oci' URL scheme cannot be used with 'default' \
                           HelmRepository type";
            return Err(Failure::new("FetchFailed", "URLInvalid", message.to_owned()).stalled());
        }
        let namespace = object.namespace().unwrap_or_default();
        let credentials = credentials_of_charts(&self.context.client, &namespace, object).await?;
        let limit = spec.timeout.as_deref().and_then(|text| parse_duration(text).ok());
        let url = format!("{}/index.yaml", spec.url.trim_end_matches('/'));
        let fetched = fetch(&self.context, &url, &credentials, limit.unwrap_or(Duration::from_secs(60)));
        let bytes = fetched.await.map_err(|reason| {
            let message = format!("failed to fetch Helm repository index: {reason}");
            Failure::new("FetchFailed", "Failed", message)
        })?;
        let revision = format!("sha256:{:x}", Sha256::digest(&bytes));
        let settled = |kept, size: usize| Settled {
            kept,
            reason: "Succeeded",
            message: format!("stored artifact: revision '{revision}'"),
            event: (
                "NewArtifact",
                format!("stored fetched index of size {} from '{}'", human(size), spec.url),
            ),
        };
        if attempt.has(&revision) {
            return Ok(settled(Kept::Same, bytes.len()));
        }
        let index = Index::read(&String::from_utf8_lossy(&bytes)).map_err(|reason| {
            let message = format!("failed to load Helm repository from index YAML: {reason}");
            Failure::new("FetchFailed", "IndexationFailed", message)
        })?;
        attempt.announce("NewRevision", &format!("new index revision '{revision}'")).await?;
        let written = index.write();
        let size = written.len();
        let file = format!("index-{}.yaml", revision.trim_start_matches("sha256:"));
        attempt.store(file, revision.clone(), written, None).await?;
        Ok(settled(Kept::New, size))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_shown_as_docker_does() {
        for (size, shown) in
            [(7, "7B"), (999, "999B"), (1234, "1.234kB"), (56_780, "56.78kB"), (1_500_000, "1.5MB")]
        {
            assert_eq!(human(size), shown);
        }
    }
}
