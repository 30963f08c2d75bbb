//! `images`: what the lab needs is in the engine. What is missing is pulled, unless the configuration says that
//! nothing is.

use std::time::Duration;

use super::engine::Image;
use super::error::innermost;
use super::settings::{never_pulled, split, tagged};
use super::site::Tell;
use super::{Error, Site, credentials};
use crate::platform;

/// How often a pull is tried.
const ATTEMPTS: u32 = 3;
/// Before the second attempt; the third waits twice as long.
const PAUSE: Duration = Duration::from_secs(2);

impl Site {
    /// Makes sure that the engine has an image that runs there. Whether it had to be pulled, which is written down.
    pub async fn ensure_pulled(&self, reference: &str, tell: Tell<'_>) -> Result<bool, platform::Error> {
        let wanted = self.settings.local(reference);
        if let Some(image) = self.engine.image(&wanted).await? {
            return Ok(self.check(&wanted, &image).await.map(|()| false)?);
        }
        if let Some(why) = never_pulled(&self.settings, reference) {
            let reason = format!("it is not in the engine, and {why}");
            return Err(Error::Image { image: wanted, reason }.into());
        }
        let from = self.settings.redirected(reference);
        let known = from != wanted && self.engine.image(&from).await?.is_some();
        self.pull(&from, None, tell).await?;
        if from != wanted {
            self.engine.tag(&from, &wanted).await?;
            // A second name that nobody asked for would keep the image when `--purge` takes the first one away.
            if !known {
                self.engine.remove_image(&from).await?;
            }
        }
        self.keep_pulled(reference)?;
        let image = self.engine.image(&wanted).await?;
        let vanished =
            || Error::Image { image: wanted.clone(), reason: "it was pulled and is gone".to_owned() };
        self.check(&wanted, &image.ok_or_else(vanished)?).await?;
        Ok(true)
    }

    /// Whether the engine has an image.
    pub async fn has_image(&self, reference: &str) -> Result<bool, Error> {
        Ok(self.engine.image(&self.settings.local(reference)).await?.is_some())
    }

    /// Pulls an image, for another platform than the engine's if one is named.
    pub(super) async fn pull(
        &self,
        reference: &str,
        platform: Option<&str>,
        tell: Tell<'_>,
    ) -> Result<(), Error> {
        // An engine that is told no tag pulls all of them.
        let reference = &tagged(reference);
        tell(format!("image {reference} is pulled"));
        let login = credentials::find(self.settings.search.config.as_deref(), reference).await;
        let mut last = String::new();
        for attempt in 0..ATTEMPTS {
            if attempt > 0 {
                tokio::time::sleep(PAUSE * attempt).await;
                tell(format!("image {reference} is pulled, attempt {} of {ATTEMPTS}: {last}", attempt + 1));
            }
            let progress = |now: super::engine::Progress| {
                let (bytes, of) = (now.bytes / 1_000_000, now.of / 1_000_000);
                tell(format!("image {reference}: {} of {} layers, {bytes} of {of} MB", now.done, now.layers));
            };
            let error = match self.engine.pull(reference, platform, login.clone(), progress).await {
                Ok(()) => return Ok(()),
                Err(error @ (Error::Full { .. } | Error::Gone { .. })) => return Err(error),
                Err(error) => error,
            };
            last = match error.message() {
                "" => innermost(&error),
                message => message.to_owned(),
            };
            let (image, registry) = (reference.clone(), split(reference).0.to_owned());
            match verdict(&last) {
                Verdict::Passing => {}
                Verdict::Lasting => break,
                Verdict::Limited => return Err(Error::Limited { image, registry, reason: last }),
                Verdict::Denied => return Err(Error::Denied { image, registry, reason: last }),
            }
        }
        Err(Error::Image { image: reference.clone(), reason: last })
    }

    async fn check(&self, reference: &str, image: &Image) -> Result<(), Error> {
        if let Some((_, digest)) = reference.split_once('@')
            && !image.digests.iter().any(|found| found.ends_with(digest))
        {
            return Err(Error::Digest { image: reference.to_owned(), found: image.digests.join(", ") });
        }
        let facts = self.engine.facts().await?;
        if image.architecture.is_empty() || image.architecture == facts.architecture {
            return Ok(());
        }
        Err(Error::Architecture {
            image: reference.to_owned(),
            found: image.architecture.clone(),
            wanted: facts.architecture,
        })
    }
}

/// What a registry's refusal means for another attempt.
#[derive(Debug, PartialEq, Eq)]
enum Verdict {
    /// It may be gone in a moment.
    Passing,
    /// A wrong name stays wrong.
    Lasting,
    /// It counts pulls, and has counted enough.
    Limited,
    /// It wants to know who asks.
    Denied,
}

/// Told by the engine's words: it answers 500 to all of them. The words in capitals are the registry's codes.
/// <https://github.com/opencontainers/distribution-spec/blob/main/spec.md#error-codes>
fn verdict(words: &str) -> Verdict {
    let words = words.to_ascii_lowercase();
    let says = |texts: &[&str]| texts.iter().any(|text| words.contains(text));
    if says(&["toomanyrequests", "too many requests", "rate limit"]) {
        Verdict::Limited
    } else if says(&["unauthorized", "denied", "no basic auth credentials", "authentication required"]) {
        Verdict::Denied
    } else if says(&["not found", "manifest unknown", "verification failed", "no matching manifest"]) {
        Verdict::Lasting
    } else {
        Verdict::Passing
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_are_told_apart_by_their_words() {
        let cases = [
            ("toomanyrequests: You have reached your unauthenticated pull rate limit.", Verdict::Limited),
            ("error parsing HTTP 429 response body: Too Many Requests", Verdict::Limited),
            ("unauthorized: authentication required", Verdict::Denied),
            (
                "pull access denied for a/b, repository does not exist or may require 'docker login'",
                Verdict::Denied,
            ),
            ("Get \"http://127.0.0.1:5/v2/a/manifests/1\": no basic auth credentials", Verdict::Denied),
            ("manifest for a/b:2 not found: manifest unknown: manifest unknown", Verdict::Lasting),
            ("manifest verification failed for digest sha256:0", Verdict::Lasting),
            ("Get \"https://a/v2/\": dial tcp 10.0.0.1:443: i/o timeout", Verdict::Passing),
            ("received unexpected HTTP status: 503 Service Unavailable", Verdict::Passing),
        ];
        for (words, expected) in cases {
            assert_eq!(verdict(words), expected, "{words}");
        }
    }
}
