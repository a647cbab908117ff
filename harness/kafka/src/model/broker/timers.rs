//! When the broker next wants to be woken, and for what.

use std::collections::{BTreeMap, BTreeSet};

use stacklab_machine::Time;
use stacklab_machine::process::ExchangeId;

/// What is due. Each is set at most once at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Timer {
    /// ZooKeeper should have answered by now.
    ZooKeeper,
    /// Try to register again.
    Register,
    /// A parked exchange has waited long enough.
    Expire(ExchangeId),
    /// Fetch from this leader again.
    Follow(i32),
    /// Send this broker the controller's orders again.
    Order(i32),
    /// Look for followers that have fallen behind.
    Isr,
    /// Look for segments that are too old.
    Retention,
    /// Ask the controller again whether to go.
    Shutdown,
}

/// The timers that are set.
#[derive(Debug, Default)]
pub(super) struct Timers {
    order: BTreeSet<(Time, Timer)>,
    at: BTreeMap<Timer, Time>,
}

impl Timers {
    /// Sets a timer, or moves it.
    pub(super) fn set(&mut self, timer: Timer, at: Time) {
        self.cancel(timer);
        self.order.insert((at, timer));
        self.at.insert(timer, at);
    }

    /// Sets a timer unless it is set.
    pub(super) fn start(&mut self, timer: Timer, at: Time) {
        if !self.at.contains_key(&timer) {
            self.set(timer, at);
        }
    }

    /// Takes a timer back.
    pub(super) fn cancel(&mut self, timer: Timer) {
        if let Some(at) = self.at.remove(&timer) {
            self.order.remove(&(at, timer));
        }
    }

    /// Takes all timers back.
    pub(super) fn clear(&mut self) {
        self.order.clear();
        self.at.clear();
    }

    /// When the next one is due.
    pub(super) fn next(&self) -> Option<Time> {
        self.order.first().map(|(at, _)| *at)
    }

    /// Takes one that is due.
    pub(super) fn take_due(&mut self, now: Time) -> Option<Timer> {
        let (at, timer) = *self.order.first()?;
        if at > now {
            return None;
        }
        self.cancel(timer);
        Some(timer)
    }
}
