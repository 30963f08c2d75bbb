//! The lab's clock: all waits of the controllers run on it, so that a rehearsal can make it faster.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

/// What machines need for their own work, which no clock makes faster.
const WORK: Duration = Duration::from_secs(2);

/// How fast time goes for who waits. Clones are the same clock: [`Clock::set`] reaches all of them.
#[derive(Clone, Debug)]
pub struct Clock {
    speed: Arc<AtomicU32>,
}

impl Clock {
    /// The clock on the wall.
    #[must_use]
    pub fn real() -> Self {
        Self::faster(1)
    }

    /// A clock on which waits are `speed` times shorter; none is faster than real for zero.
    #[must_use]
    pub fn faster(speed: u32) -> Self {
        let clock = Self { speed: Arc::default() };
        clock.set(speed);
        clock
    }

    /// Makes waits that begin from now on `speed` times shorter than real ones.
    pub fn set(&self, speed: u32) {
        self.speed.store(speed.max(1), Ordering::Relaxed);
    }

    /// How long `duration` takes for the machine.
    #[must_use]
    pub fn shorten(&self, duration: Duration) -> Duration {
        duration / self.speed.load(Ordering::Relaxed)
    }

    /// How long others may take whose time-out is `timeout`: their waits are shorter, their work is not.
    #[must_use]
    pub fn patience(&self, timeout: Duration) -> Duration {
        let work = timeout.min(WORK);
        work + self.shorten(timeout.saturating_sub(work))
    }

    /// Waits for `duration`.
    pub async fn sleep(&self, duration: Duration) {
        tokio::time::sleep(self.shorten(duration)).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patience_leaves_time_for_work() {
        let cases = [(1, 30_000, 30_000), (10, 30_000, 4800), (10, 1000, 1000), (1000, 300_000, 2298)];
        for (speed, timeout, expected) in cases {
            let patience = Clock::faster(speed).patience(Duration::from_millis(timeout));
            assert_eq!(patience, Duration::from_millis(expected), "{timeout} ms at speed {speed}");
        }
    }
}
