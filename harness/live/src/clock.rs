//! The wall clock, as the live shell hands it to machines.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use stacklab_machine::Time;

/// Unix time that never goes back: the wall clock at the start, and the monotonic clock from there on.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    started: Instant,
    at_start: Time,
}

impl Default for Clock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock {
    /// A clock that starts now.
    pub fn new() -> Self {
        let unix = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Self { started: Instant::now(), at_start: Time::ZERO + unix }
    }

    /// The present moment.
    pub fn now(&self) -> Time {
        self.at_start + self.started.elapsed()
    }

    /// How long the clock has been running.
    pub fn elapsed(&self) -> Duration {
        self.started.elapsed()
    }

    /// Waits until `at`, or for ever if there is no such moment.
    pub async fn until(&self, at: Option<Time>) {
        match at {
            Some(at) => tokio::time::sleep(at.since(self.now())).await,
            None => std::future::pending().await,
        }
    }
}
