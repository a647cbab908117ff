//! How fast the waits pass that are only there to be lived through.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// Divides waits that decide nothing (allocation interval, health checks, polls, Exhibitor's first join).
///
/// Time-outs that decide an outcome against a slow service are never divided: a machine asks
/// [`wait`](Self::wait) for the first kind only. Where the original bounds a wait by a number of polls, the
/// number grows as the poll shrinks ([`tries`](Self::tries)), so that the bound in seconds stays.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pace {
    divisor: u32,
}

impl Default for Pace {
    fn default() -> Self {
        Self::REAL
    }
}

impl Pace {
    /// The originals' own durations.
    pub const REAL: Self = Self { divisor: 1 };
    /// What `--pace fast` means: waits a two-hundredth as long, so that 1 s polls take 5 ms.
    pub const FAST: Self = Self { divisor: 200 };

    /// A pace of one's own; 0 counts as 1.
    pub const fn new(divisor: u32) -> Self {
        Self { divisor: if divisor == 0 { 1 } else { divisor } }
    }

    /// By what waits are divided, at least 1.
    pub const fn divisor(self) -> u32 {
        self.divisor
    }

    /// The wait as it passes at this pace, never below 1 ms unless it was shorter from the start.
    pub fn wait(self, original: Duration) -> Duration {
        (original / self.divisor).max(original.min(Duration::from_millis(1)))
    }

    /// The number of polls that takes as long in all at this pace as `original` polls did at the original's.
    pub const fn tries(self, original: u32) -> u32 {
        original.saturating_mul(self.divisor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_the_whole_wait() {
        let poll = Duration::from_secs(1);
        assert_eq!(Pace::FAST.wait(poll) * Pace::FAST.tries(601), poll * 601);
        assert_eq!(Pace::REAL.wait(poll), poll);
        assert_eq!(Pace::new(0), Pace::REAL);
        assert_eq!(Pace::FAST.wait(Duration::from_millis(5)), Duration::from_millis(1));
        assert_eq!(Pace::FAST.wait(Duration::ZERO), Duration::ZERO);
    }
}
