//! What goes wrong in a simulation: the plan is followed after every step, and what a reaction changes for a while is
//! kept here. Runs without faults have none of it, and their timelines are what they were before there was any.

mod agents;
mod control;
mod http;
mod links;
mod names;
mod react;
mod services;
mod tasks;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use stacklab_faults::{Fault, Hits, Injector};
use stacklab_machine::timeline::What;
use stacklab_machine::{Pace, Streams, Time};

use super::item::{Due, Item, Seat};
use super::world::World;
use crate::occupant::is_occupant;

pub(super) use tasks::LaunchDelay;

/// The plan, and what is out of order at the moment.
pub(super) struct Faults {
    injector: Injector,
    /// Events of the timeline that the plan has seen.
    seen: usize,
    /// An entry of the queue wakes us then.
    alarm: Option<Time>,
    pub(super) links: links::Links,
    launches: Vec<tasks::Launch>,
    ends: Vec<tasks::End>,
    http: Vec<http::Rule>,
    /// Agents on which nothing moves, and until when.
    paused: BTreeMap<usize, Time>,
    /// How far clocks go ahead, in µs; behind, if negative.
    skews: BTreeMap<usize, i64>,
    /// Agents whose disk is full.
    full: BTreeSet<usize>,
    /// Artifacts that do not come whole.
    corrupt: BTreeSet<String>,
    /// Addresses at which somebody from outside listens.
    taken: Vec<String>,
    /// No fault happens any more.
    over: bool,
    master_gone: bool,
    /// Masters so far, beyond the first.
    masters: u32,
    /// Occupants and rivals so far.
    strangers: u32,
}

impl Faults {
    /// A plan as of the start of a simulation; nothing for an empty one.
    pub(super) fn new(plan: &[Fault], streams: Streams) -> Option<Box<Self>> {
        if plan.is_empty() {
            return None;
        }
        Some(Box::new(Self {
            injector: Injector::new(plan.to_vec(), streams, Pace::REAL, Time::SIM_START),
            seen: 0,
            alarm: None,
            links: links::Links::default(),
            launches: Vec::new(),
            ends: Vec::new(),
            http: Vec::new(),
            paused: BTreeMap::new(),
            skews: BTreeMap::new(),
            full: BTreeSet::new(),
            corrupt: BTreeSet::new(),
            taken: Vec::new(),
            over: false,
            master_gone: false,
            masters: 0,
            strangers: 0,
        }))
    }
}

impl World {
    /// Shows the plan what is new in the timeline, and does what is due.
    pub(super) fn look_for_faults(&mut self) {
        loop {
            let Some(faults) = self.faults.as_mut().filter(|faults| !faults.over) else { return };
            for event in self.timeline.events().iter().skip(faults.seen) {
                faults.injector.see(event);
                faults.seen += 1;
            }
            let due = faults.injector.due(self.now);
            if due.is_empty() {
                break;
            }
            for fired in due {
                let cause = self.record("lab", fired.trigger, What::FaultFired { fault: fired.text });
                self.react(fired.reaction, cause);
            }
        }
        self.settle_faults();
    }

    /// No fault happens any more, and what they changed for good is undone. What ends by itself does so.
    pub(in crate::sim) fn end_faults(&mut self) {
        let Some(faults) = &mut self.faults else { return };
        faults.over = true;
        faults.links = links::Links::default();
        faults.launches.clear();
        faults.ends.clear();
        faults.http.clear();
        faults.skews.clear();
        faults.full.clear();
        faults.corrupt.clear();
        for address in std::mem::take(&mut faults.taken) {
            self.ports.remove(&address);
        }
        self.artifacts.missing.clear();
        self.artifacts.slow.clear();
        let strangers = self.master.framework_names().into_iter().filter(|name| is_occupant(name));
        for name in strangers.collect::<Vec<_>>() {
            self.tear_down_framework(&name, None);
        }
    }

    fn settle_faults(&mut self) {
        let Some(faults) = &mut self.faults else { return };
        let Some(wanted) = faults.injector.wake_at() else { return };
        if faults.alarm.is_none_or(|alarm| alarm <= self.now || wanted < alarm) {
            faults.alarm = Some(wanted);
            self.queue.push(wanted, Item { what: Due::Faults, cause: None });
        }
    }

    /// An entry of the queue, unless it has to wait: nothing moves on an agent that is paused.
    pub(super) fn let_pass(&mut self, item: Item) -> Option<Item> {
        let Some(until) = self.paused_until(&item.what) else { return Some(item) };
        match item.what {
            Due::Wake(seat) => self.wake_later(seat, until),
            _ => self.queue.push(until, item),
        }
        None
    }

    fn paused_until(&self, what: &Due) -> Option<Time> {
        let faults = self.faults.as_ref()?;
        if faults.paused.is_empty() {
            return None;
        }
        let seat = match what {
            Due::Agent(index, _) | Due::Boot { agent: index, .. } => Seat::Agent(*index),
            Due::Program(id, _) | Due::Service { program: id, .. } => Seat::Program(*id),
            Due::Request { request, .. } => self.seat_of(request)?,
            Due::Wake(seat) => *seat,
            _ => return None,
        };
        let until = faults.paused.get(&self.agent_under(seat)?).copied();
        until.filter(|until| *until > self.now)
    }

    /// The agent that a machine is on.
    fn agent_under(&self, seat: Seat) -> Option<usize> {
        match seat {
            Seat::Agent(index) => Some(index),
            Seat::Program(id) => self.programs.get(id)?.place.as_ref().map(|(agent, _)| *agent),
            Seat::Master | Seat::ZooKeeper(_) => None,
        }
    }

    /// What the clock says where a machine is.
    pub(super) fn local_time(&self, seat: Seat) -> Time {
        match self.skew(seat) {
            0 => self.now,
            skew => shifted(self.now, skew),
        }
    }

    /// When it is in the world what a machine's clock says.
    pub(super) fn worlds_time(&self, seat: Seat, at: Time) -> Time {
        match self.skew(seat) {
            0 => at,
            skew => shifted(at, -skew),
        }
    }

    fn skew(&self, seat: Seat) -> i64 {
        let Some(faults) = self.faults.as_ref().filter(|faults| !faults.skews.is_empty()) else { return 0 };
        self.agent_under(seat).and_then(|agent| faults.skews.get(&agent)).copied().unwrap_or(0)
    }

    /// How often each fault was asked for and happened.
    pub(super) fn hits(&self) -> Vec<Hits> {
        self.faults.as_ref().map(|faults| faults.injector.hits()).unwrap_or_default()
    }
}

fn shifted(at: Time, by: i64) -> Time {
    Time::from_micros(at.as_micros().saturating_add_signed(by))
}

/// Seconds of a plan; nothing for what makes no sense, which is said before anything runs.
fn seconds(seconds: f64) -> Duration {
    Duration::try_from_secs_f64(seconds).unwrap_or_default()
}
