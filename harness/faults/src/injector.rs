//! The machine that reads the timeline and says when a fault is to happen. It knows nothing of what a reaction does.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::Duration;

use stacklab_machine::timeline::{Event, EventId, kinds};
use stacklab_machine::{Pace, Rng, Streams, Time};

use crate::matching::matches;
use crate::{Fault, Reaction, Times, When};

/// How often a fault happens at most that happens always: a fault that is its own trigger has to end somewhere.
pub const ALWAYS: u32 = 1_000;

/// A fault that is due.
#[derive(Clone, Debug, PartialEq)]
pub struct Fired {
    /// Its place in the plan.
    pub index: usize,
    /// What is to be done.
    pub reaction: Reaction,
    /// The event on which it happens; none for a fault with a time.
    pub trigger: Option<EventId>,
    /// In words, for [`FaultFired`](stacklab_machine::timeline::What::FaultFired).
    pub text: String,
}

/// How often a fault was asked for and happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hits {
    /// Its place in the plan.
    pub index: usize,
    /// Events that fitted (for a fault with a time: that it came), whether it happened then or not.
    pub matched: u32,
    /// How often it happened.
    pub fired: u32,
}

/// One fault and what became of it.
#[derive(Clone, Debug)]
struct Entry {
    fault: Fault,
    matched: u32,
    fired: u32,
    /// How often it may still be planned.
    left: u32,
    /// Only where there is something to draw.
    rng: Option<Rng>,
}

impl Entry {
    fn new(index: usize, fault: Fault, streams: Streams) -> Self {
        let left = match fault.times {
            Times::Always => ALWAYS,
            Times::Count(count) => count.min(ALWAYS),
        };
        let rng = fault.probability.map(|_| streams.stream(&format!("fault/{index}")));
        Self { fault, matched: 0, fired: 0, left, rng }
    }

    /// Whether it happens this time. Draws only if it could.
    fn strikes(&mut self) -> bool {
        self.matched = self.matched.saturating_add(1);
        if self.left == 0 {
            return false;
        }
        let strikes = match (&mut self.rng, self.fault.probability) {
            (Some(rng), Some(probability)) => rng.chance(probability),
            _ => true,
        };
        self.left -= u32::from(strikes);
        strikes
    }
}

/// When something is planned, in the order in which it was; the trigger is kept for the timeline.
type Planned = Reverse<(Time, u64, usize, Option<EventId>)>;

/// Reads events, keeps the time of what is planned, counts. Equal plans, events and seeds give equal firings.
///
/// A shell shows it every event that it records ([`see`](Self::see)), also the `FaultFired` of earlier faults, and
/// asks for what is [`due`](Self::due) behind that and at [`wake_at`](Self::wake_at).
#[derive(Clone, Debug)]
pub struct Injector {
    entries: Vec<Entry>,
    /// Entries that wait for a kind of event, by the kind's number.
    waiting: Vec<Vec<usize>>,
    planned: BinaryHeap<Planned>,
    sequence: u64,
    pace: Pace,
}

impl Injector {
    /// A plan as of `started`, which `at` counts from. Times pass at `pace`. A plan that [`check`](crate::check) does
    /// not like does no harm: what cannot match never does.
    pub fn new(plan: Vec<Fault>, streams: Streams, pace: Pace, started: Time) -> Self {
        let entries: Vec<Entry> =
            plan.into_iter().enumerate().map(|(index, fault)| Entry::new(index, fault, streams)).collect();
        let mut injector =
            Self { entries, waiting: Vec::new(), planned: BinaryHeap::new(), sequence: 0, pace };
        injector.plan_all(started);
        injector
    }

    fn plan_all(&mut self, started: Time) {
        let names = kinds();
        for index in 0..self.entries.len() {
            let fault = &self.entries[index].fault;
            let (when, after) = (&fault.when, fault.after);
            match when {
                _ if fault.off => {}
                When::At(at) => {
                    let wait = seconds(self.pace, *at) + seconds(self.pace, after);
                    self.put(started + wait, index, None);
                }
                When::On(pattern) => {
                    let Some(kind) = names.iter().position(|name| *name == pattern.event) else { continue };
                    self.waiting.resize(names.len(), Vec::new());
                    self.waiting[kind].push(index);
                }
            }
        }
    }

    fn put(&mut self, at: Time, index: usize, trigger: Option<EventId>) {
        self.planned.push(Reverse((at, self.sequence, index, trigger)));
        self.sequence += 1;
    }

    /// Takes note of an event; true if a fault was planned because of it.
    ///
    /// Costs one look into a table where no fault waits for events of its kind.
    pub fn see(&mut self, event: &Event) -> bool {
        let Some(waiting) = self.waiting.get(event.what.kind()) else { return false };
        if waiting.is_empty() {
            return false;
        }
        let mut planned = Vec::new();
        for index in waiting {
            let Some(entry) = self.entries.get_mut(*index) else { continue };
            let When::On(pattern) = &entry.fault.when else { continue };
            if matches(pattern, event) && entry.strikes() {
                planned.push((*index, event.at + seconds(self.pace, entry.fault.after)));
            }
        }
        for (index, at) in &planned {
            self.put(*at, *index, Some(event.id));
        }
        !planned.is_empty()
    }

    /// When the next fault is due.
    pub fn wake_at(&self) -> Option<Time> {
        self.planned.peek().map(|Reverse((at, ..))| *at)
    }

    /// Takes out what is due at `now`, in the order of times, and of the plan where they are equal.
    pub fn due(&mut self, now: Time) -> Vec<Fired> {
        let mut due = Vec::new();
        while let Some(Reverse((at, _, index, trigger))) = self.planned.peek().copied() {
            if at > now {
                break;
            }
            self.planned.pop();
            let Some(entry) = self.entries.get_mut(index) else { continue };
            // What waits for an event has drawn when the event came.
            if matches!(entry.fault.when, When::At(_)) && !entry.strikes() {
                continue;
            }
            entry.fired += 1;
            let reaction = entry.fault.reaction.clone();
            let text = reaction.to_string();
            due.push(Fired { index, reaction, trigger, text });
        }
        due
    }

    /// How often each fault was asked for and happened, in the order of the plan.
    pub fn hits(&self) -> Vec<Hits> {
        let hits =
            |(index, entry): (usize, &Entry)| Hits { index, matched: entry.matched, fired: entry.fired };
        self.entries.iter().enumerate().map(hits).collect()
    }

    /// Faults that never happened and are neither optional nor off.
    pub fn never_fired(&self) -> Vec<usize> {
        let never = |entry: &Entry| entry.fired == 0 && !entry.fault.optional && !entry.fault.off;
        self.entries.iter().enumerate().filter(|(_, entry)| never(entry)).map(|(index, _)| index).collect()
    }

    /// The plan.
    pub fn plan(&self) -> impl Iterator<Item = &Fault> {
        self.entries.iter().map(|entry| &entry.fault)
    }
}

/// Seconds at the original's pace as they pass at this one; nothing for a time that makes no sense.
fn seconds(pace: Pace, seconds: f64) -> Duration {
    Duration::try_from_secs_f64(seconds).map_or(Duration::ZERO, |wait| pace.wait(wait))
}
