//! One machine of the cluster: whether anything on it moves, what time it believes it is, whether its disk is full.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use stacklab_machine::Time;
use tokio::sync::watch;

use crate::clock::Clock;
use crate::sandbox::{Sandbox, SandboxWitness};

/// Sandboxes that are remembered of one machine.
const MAX_SANDBOXES: usize = 1000;

#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Condition {
    paused: bool,
    /// How far its clock goes ahead, in µs; behind, if negative.
    skew: i64,
    disk_full: bool,
}

/// A machine. Clones are the same one.
#[derive(Clone, Debug, Default)]
pub struct Host {
    name: Arc<str>,
    condition: Arc<watch::Sender<Condition>>,
    sandboxes: Arc<Mutex<Sandboxes>>,
}

#[derive(Debug, Default)]
struct Sandboxes {
    seen: Vec<SandboxWitness>,
    held: Vec<Sandbox>,
}

impl Host {
    /// A machine of this name on which all is well.
    pub fn new(name: &str) -> Self {
        Self { name: name.into(), ..Self::default() }
    }

    /// Its name: `agent-1`, `lab`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Stops everything on it, or lets it go on.
    pub fn pause(&self, paused: bool) {
        self.condition.send_modify(|condition| condition.paused = paused);
    }

    /// Whether nothing on it moves.
    pub fn is_paused(&self) -> bool {
        self.condition.borrow().paused
    }

    /// Sets its clock ahead of the lab's by so many seconds, or behind, if negative.
    pub fn skew(&self, seconds: f64) {
        self.condition.send_modify(|condition| condition.skew = (seconds * 1e6) as i64);
    }

    /// Fills its disk, or frees it.
    pub fn fill_disk(&self, full: bool) {
        self.condition.send_modify(|condition| condition.disk_full = full);
    }

    /// Whether nothing can be written on it.
    pub fn disk_is_full(&self) -> bool {
        self.condition.borrow().disk_full
    }

    /// Waits until its disk is full.
    pub async fn disk_full(&self) {
        // The sender lives in this very value.
        let _ = self.condition.subscribe().wait_for(|condition| condition.disk_full).await;
    }

    /// Waits until things move on it; no time at all if they do.
    pub async fn moving(&self) {
        if self.is_paused() {
            let _ = self.condition.subscribe().wait_for(|condition| !condition.paused).await;
        }
    }

    /// Waits until nothing moves on it.
    pub async fn paused(&self) {
        let _ = self.condition.subscribe().wait_for(|condition| condition.paused).await;
    }

    /// What its clock says.
    pub fn now(&self, clock: Clock) -> Time {
        shifted(clock.now(), self.condition.borrow().skew)
    }

    /// Waits until its clock says `at`, or for ever if there is no such moment.
    pub async fn until(&self, clock: Clock, at: Option<Time>) {
        let Some(at) = at else { return std::future::pending().await };
        let mut changes = self.condition.subscribe();
        loop {
            let wait = at.since(shifted(clock.now(), changes.borrow_and_update().skew));
            tokio::select! {
                () = tokio::time::sleep(wait) => return,
                // Its clock may have been set.
                _ = changes.changed() => {}
            }
        }
    }

    /// Takes note of a sandbox on it.
    pub(crate) fn has(&self, sandbox: &Sandbox) {
        let mut sandboxes = self.sandboxes.lock().unwrap_or_else(PoisonError::into_inner);
        sandboxes.seen.retain(SandboxWitness::is_there);
        if sandboxes.seen.len() < MAX_SANDBOXES {
            sandboxes.seen.push(sandbox.witness());
        }
    }

    /// Keeps the sandboxes that are there, as a disk does that outlives its machine's programs.
    pub fn hold_sandboxes(&self) {
        let mut sandboxes = self.sandboxes.lock().unwrap_or_else(PoisonError::into_inner);
        sandboxes.held = sandboxes.seen.iter().filter_map(SandboxWitness::sandbox).collect();
    }

    /// Lets go of what was kept.
    pub fn drop_sandboxes(&self) {
        self.sandboxes.lock().unwrap_or_else(PoisonError::into_inner).held.clear();
    }
}

fn shifted(time: Time, micros: i64) -> Time {
    let by = Duration::from_micros(micros.unsigned_abs());
    if micros < 0 { time - by } else { time + by }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_clock_that_is_set_ahead_wakes_who_waits() {
        let (host, clock) = (Host::new("agent-1"), Clock::new());
        let hour = Duration::from_secs(3600);
        let waiting = {
            let host = host.clone();
            tokio::spawn(async move { host.until(clock, Some(clock.now() + hour)).await })
        };
        assert!(!waiting.is_finished());
        host.skew(3600.0);
        waiting.await.unwrap();
        assert!(host.now(clock).since(clock.now()) > hour - Duration::from_secs(5));
        host.skew(-3600.0);
        assert!(clock.now().since(host.now(clock)) > hour - Duration::from_secs(5));
    }

    #[tokio::test]
    async fn nothing_moves_while_paused() {
        let host = Host::new("agent-1");
        host.moving().await;
        host.pause(true);
        let waiting = {
            let host = host.clone();
            tokio::spawn(async move { host.moving().await })
        };
        host.paused().await;
        assert!(!waiting.is_finished());
        host.pause(false);
        waiting.await.unwrap();
    }
}
