//! When a scheduler asks Mesos again what became of its tasks.

use std::time::Duration;

use stacklab_machine::Time;

/// How often and how many times a framework asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reconcile {
    /// Least time between two passes.
    pub spacing: Duration,
    /// Passes before it gives up.
    pub tries: u32,
}

/// What a pass does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pass {
    /// Nothing: nothing is open, or the last pass was just now.
    Skip,
    /// Ask about everything.
    All,
    /// Ask about the tasks that are still reconciling.
    Open,
    /// Give those up.
    GiveUp,
}

/// Counts passes.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Passes {
    last: Option<Time>,
    count: u32,
}

impl Passes {
    /// Decides about a pass at `now`; `all` after a (re)registration, otherwise driven by an offer batch. The spacing
    /// swallows a pass of either kind that comes too early, as in the originals.
    pub(crate) fn next(&mut self, now: Time, plan: Reconcile, all: bool, open: bool) -> Pass {
        if !all && !open {
            self.count = 0;
            return Pass::Skip;
        }
        if self.last.is_some_and(|last| now.since(last) < plan.spacing) {
            return Pass::Skip;
        }
        if !open {
            self.count = 0;
        }
        self.count += 1;
        self.last = Some(now);
        if self.count > plan.tries {
            Pass::GiveUp
        } else if all {
            Pass::All
        } else {
            Pass::Open
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn asks_three_times_then_gives_up() {
        let plan = Reconcile { spacing: Duration::from_secs(10), tries: 3 };
        let at = |seconds| Time::SIM_START + Duration::from_secs(seconds);
        let mut passes = Passes::default();
        let seen: Vec<_> =
            [(0, true, false), (5, false, true), (10, false, true), (12, true, true), (20, false, true)]
                .map(|(second, all, open)| passes.next(at(second), plan, all, open))
                .to_vec();
        assert_eq!(seen, [Pass::All, Pass::Skip, Pass::Open, Pass::Skip, Pass::Open]);
        assert_eq!(passes.next(at(30), plan, false, true), Pass::GiveUp);
        assert_eq!(passes.next(at(40), plan, false, true), Pass::GiveUp);
        assert_eq!(passes.next(at(41), plan, false, false), Pass::Skip);
        assert_eq!(passes.next(at(60), plan, false, true), Pass::Open);
    }
}
