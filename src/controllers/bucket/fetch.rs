//! What a `Bucket` is told.

use std::time::Duration;

use async_trait::async_trait;

use crate::controllers::source::{Attempt, Failure, Fetch, Settled, SourceObject};
use crate::objects::flux::{Bucket, SourceStatus};
use crate::objects::parse_duration;

impl SourceObject for Bucket {
    const FOLDER: &'static str = "bucket";
    const LATEST: &'static str = "latest.tar.gz";

    fn status(&self) -> Option<&SourceStatus> {
        self.status.as_ref()
    }

    fn is_suspended(&self) -> bool {
        self.spec.suspend == Some(true)
    }

    fn interval(&self) -> Duration {
        parse_duration(&self.spec.interval).unwrap_or(Duration::from_secs(60))
    }
}

/// Fetches no `Buckets`.
pub(super) struct Buckets;

#[async_trait]
impl Fetch for Buckets {
    type Object = Bucket;

    async fn fetch(&self, attempt: &mut Attempt<'_, Bucket>) -> Result<Settled, Failure> {
        let spec = &attempt.object.spec;
        let message = format!(
            "this platform fetches no buckets, so nothing is read from '{}' at '{}': use a GitRepository or an \
             OCIRepository instead",
            spec.bucket_name, spec.endpoint
        );
        Err(Failure::new("FetchFailed", "NotSupported", message).stalled())
    }
}
