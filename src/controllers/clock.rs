//! The lab's clock: all waits of the controllers run on it, so that a rehearsal can make it faster.

use std::time::Duration;

/// How fast time goes for who waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Clock {
    speed: u32,
}

impl Clock {
    /// The clock on the wall.
    #[must_use]
    pub fn real() -> Self {
        Self { speed: 1 }
    }

    /// A clock on which waits are `speed` times shorter; none is faster than real for zero.
    #[must_use]
    pub fn faster(speed: u32) -> Self {
        Self { speed: speed.max(1) }
    }

    /// How long `duration` takes for the machine.
    #[must_use]
    pub fn shorten(self, duration: Duration) -> Duration {
        duration / self.speed
    }

    /// Waits for `duration`.
    pub async fn sleep(self, duration: Duration) {
        tokio::time::sleep(self.shorten(duration)).await;
    }
}
