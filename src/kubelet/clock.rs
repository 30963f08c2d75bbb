//! The lab's clock, as far as the kubelet waits, and every duration that it waits for.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use k8s_openapi::jiff::Timestamp;

/// How long an image takes to be pulled.
pub(super) const PULL: Duration = Duration::from_millis(100);
/// How long a container takes to be started.
pub(super) const START: Duration = Duration::from_millis(20);
/// How long a container goes on after it was told to stop, in real time: it answers what was on its way to it.
pub(super) const STOP: Duration = Duration::from_millis(500);
/// How long an error is shown before the kubelet looks again and begins to back off.
pub(super) const LOOK_AGAIN: Duration = Duration::from_secs(1);
/// The first wait of a back-off; it doubles each time.
pub(super) const BACK_OFF: Duration = Duration::from_secs(10);
/// The longest wait of a back-off.
pub(super) const BACK_OFF_LIMIT: Duration = Duration::from_secs(300);
/// A container that ran for so long has its back-off forgotten.
pub(super) const BACK_OFF_FORGOTTEN: Duration = Duration::from_secs(600);
/// How often a node renews its lease.
pub(super) const LEASE: Duration = Duration::from_secs(10);
/// How long a refused write to the API server is left alone.
pub(super) const RETRY: Duration = Duration::from_millis(500);

/// How fast the simulated nodes' time goes. Object timestamps stay real. Clones are the same clock.
#[derive(Clone, Debug)]
pub struct Clock {
    /// The bits of a number that is positive and finite.
    speed: Arc<AtomicU64>,
}

impl Default for Clock {
    fn default() -> Self {
        Self::with_speed(1.0)
    }
}

impl Clock {
    /// A clock on which waits take `1 / speed` of their time. A speed that is no positive number counts as 1.
    pub fn with_speed(speed: f64) -> Self {
        let clock = Self { speed: Arc::default() };
        clock.set(speed);
        clock
    }

    /// Makes waits that begin from now on take `1 / speed` of their time.
    pub fn set(&self, speed: f64) {
        let speed = if speed.is_finite() && speed > 0.0 { speed } else { 1.0 };
        self.speed.store(speed.to_bits(), Ordering::Relaxed);
    }

    /// Waits.
    pub(super) async fn wait(&self, duration: Duration) {
        tokio::time::sleep(self.real(duration)).await;
    }

    /// How long `duration` takes on the wall clock.
    pub fn real(&self, duration: Duration) -> Duration {
        duration.div_f64(f64::from_bits(self.speed.load(Ordering::Relaxed)))
    }
}

/// The wait before attempt number `failures` + 1: nothing after none, then 10 s, doubling up to 5 minutes.
pub(super) fn back_off(failures: u32) -> Duration {
    match failures {
        0 => Duration::ZERO,
        _ => BACK_OFF.saturating_mul(1_u32 << (failures - 1).min(10)).min(BACK_OFF_LIMIT),
    }
}

/// The time as Kubernetes objects carry it: whole seconds.
pub(super) fn now() -> Timestamp {
    Timestamp::from_second(Timestamp::now().as_second()).expect("the present is a time")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn back_off_doubles_up_to_its_limit() {
        let seconds = [0, 1, 2, 3, 4, 5, 6, 7, 50].map(|failures| back_off(failures).as_secs());
        assert_eq!(seconds, [0, 10, 20, 40, 80, 160, 300, 300, 300]);
    }

    #[test]
    fn speed_shortens_waits() {
        assert_eq!(Clock::with_speed(10.0).real(BACK_OFF), Duration::from_secs(1));
        assert_eq!(Clock::with_speed(0.0).real(BACK_OFF), BACK_OFF);
        let clock = Clock::default();
        clock.clone().set(5.0);
        assert_eq!(clock.real(BACK_OFF), Duration::from_secs(2));
    }
}
