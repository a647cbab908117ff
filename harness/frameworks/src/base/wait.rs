//! Calls that are answered only when instances have reached a state, or when their time is over.

use std::collections::VecDeque;
use std::time::Duration;

use stacklab_machine::Time;
use stacklab_machine::process::ExchangeId;

/// The most calls that may wait at a time. The originals run out of threads long before.
pub const MAX_WAITS: usize = 1000;

/// One waiting call. It looks at one instance after the other and gives each the full time, as the originals do.
#[derive(Debug)]
pub(crate) struct Waiting<W> {
    pub(crate) exchange: ExchangeId,
    pub(crate) what: W,
    left: VecDeque<String>,
    timeout: Duration,
    deadline: Time,
}

/// How a waiting call stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Progress {
    /// All instances are where they should be.
    Reached,
    /// The time of one of them is over.
    TimedOut,
    /// Neither.
    Waits,
}

impl<W> Waiting<W> {
    pub(crate) fn new(now: Time, exchange: ExchangeId, what: W, ids: Vec<String>, timeout: Duration) -> Self {
        Self { exchange, what, left: ids.into(), timeout, deadline: now + timeout }
    }

    /// Goes on as far as it can. `reached` tells of one instance whether it is where it should be.
    pub(crate) fn look(&mut self, now: Time, reached: impl Fn(&W, &str) -> bool) -> Progress {
        while let Some(id) = self.left.front() {
            if !reached(&self.what, id) {
                return if now >= self.deadline { Progress::TimedOut } else { Progress::Waits };
            }
            self.left.pop_front();
            self.deadline = now + self.timeout;
        }
        Progress::Reached
    }

    pub(crate) fn deadline(&self) -> Time {
        self.deadline
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gives_each_instance_the_full_time() {
        let at = |seconds| Time::SIM_START + Duration::from_secs(seconds);
        let ids = ["0", "1"].map(str::to_owned).to_vec();
        let mut wait = Waiting::new(at(0), ExchangeId(1), (), ids, Duration::from_secs(60));
        assert_eq!(wait.look(at(59), |(), _| false), Progress::Waits);
        assert_eq!(wait.look(at(59), |(), id| id == "0"), Progress::Waits);
        assert_eq!(wait.deadline(), at(119));
        assert_eq!(wait.look(at(118), |(), _| false), Progress::Waits);
        assert_eq!(wait.look(at(119), |(), _| false), Progress::TimedOut);
        assert_eq!(wait.look(at(119), |(), id| id == "1"), Progress::Reached);
    }
}
