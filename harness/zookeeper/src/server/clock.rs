//! The wall clock, made to never go back.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use stacklab_machine::Time;

/// The time of day when it was made, plus what passed since.
#[derive(Clone, Copy, Debug)]
pub(super) struct Clock {
    started: Instant,
    base: Time,
}

impl Clock {
    pub(super) fn new() -> Self {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
        Self { started: Instant::now(), base: Time::ZERO + since }
    }

    pub(super) fn now(&self) -> Time {
        self.base + self.started.elapsed()
    }

    /// How long to wait until `at`.
    pub(super) fn until(&self, at: Time) -> Duration {
        at.since(self.now())
    }
}
