//! `images`: what the lab needs is in the engine. What is missing is pulled, unless the configuration says that
//! nothing is.

use std::time::Duration;

use super::engine::Image;
use super::site::Tell;
use super::{Error, Pull, Site, credentials};
use crate::platform;

/// How often a pull is tried.
const ATTEMPTS: u32 = 3;
/// Before the second attempt; the third waits twice as long.
const PAUSE: Duration = Duration::from_secs(2);

impl Site {
    /// Makes sure that the engine has an image that runs there. Whether it had to be pulled.
    async fn ensure_image(&self, reference: &str, tell: Tell<'_>) -> Result<bool, Error> {
        let wanted = self.settings.local(reference);
        if let Some(image) = self.engine.image(&wanted).await? {
            return self.check(&wanted, &image).await.map(|()| false);
        }
        if self.settings.pull == Pull::Never {
            let reason = "it is not in the engine, and `images.pull` is `never`".to_owned();
            return Err(Error::Image { image: wanted, reason });
        }
        let from = self.settings.redirected(reference);
        self.pull(&from, tell).await?;
        if from != wanted {
            self.engine.tag(&from, &wanted).await?;
        }
        let image = self.engine.image(&wanted).await?;
        let vanished =
            || Error::Image { image: wanted.clone(), reason: "it was pulled and is gone".to_owned() };
        self.check(&wanted, &image.ok_or_else(vanished)?).await?;
        Ok(true)
    }

    /// Makes sure that the engine has an image, and writes it down when it had to be pulled.
    pub async fn ensure_pulled(&self, reference: &str, tell: Tell<'_>) -> Result<bool, platform::Error> {
        let pulled = self.ensure_image(reference, tell).await?;
        if pulled {
            self.keep_pulled(reference)?;
        }
        Ok(pulled)
    }

    /// Whether the engine has an image.
    pub async fn has_image(&self, reference: &str) -> Result<bool, Error> {
        Ok(self.engine.image(&self.settings.local(reference)).await?.is_some())
    }

    async fn pull(&self, reference: &str, tell: Tell<'_>) -> Result<(), Error> {
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
            match self.engine.pull(reference, login.clone(), progress).await {
                Ok(()) => return Ok(()),
                Err(error) => {
                    last = reason(&error);
                    // A wrong name stays wrong.
                    if last.contains("not found")
                        || last.contains("manifest unknown")
                        || last.contains("denied")
                    {
                        break;
                    }
                }
            }
        }
        Err(Error::Image { image: reference.to_owned(), reason: last })
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

/// The innermost cause, which is the registry's or the engine's own sentence.
fn reason(error: &dyn std::error::Error) -> String {
    let mut cause = error;
    while let Some(next) = cause.source() {
        cause = next;
    }
    cause.to_string()
}
