//! Links that are slow or carry nothing. What is sent on a link that carries nothing arrives when it does again, as
//! with TCP, which sends again until then; nothing is lost that the other end did not give up.

use std::time::Duration;

use stacklab_faults::Link;
use stacklab_machine::Time;

use super::World;
use crate::sim::item::Seat;

/// Links that are not as they should be.
#[derive(Debug, Default)]
pub(in crate::sim) struct Links(Vec<Trouble>);

#[derive(Debug)]
pub(super) struct Trouble {
    pub(super) from: End,
    pub(super) to: End,
    pub(super) until: Time,
    /// How much later things arrive; none if they do not arrive before `until`.
    pub(super) delay: Option<Duration>,
}

/// One end of a link.
#[derive(Debug)]
pub(super) enum End {
    /// By its name in the plan.
    Named(String),
    /// This very machine.
    Seat(Seat),
}

impl End {
    fn is(&self, world: &World, seat: Seat) -> bool {
        match self {
            Self::Named(name) => world.is_called(seat, name),
            Self::Seat(own) => *own == seat,
        }
    }
}

impl Links {
    pub(super) fn add(&mut self, now: Time, trouble: Trouble) {
        self.0.retain(|trouble| trouble.until > now);
        self.0.push(trouble);
    }

    /// When a message arrives that would arrive at `at`.
    pub(in crate::sim) fn arrival(&self, world: &World, (from, to): (Seat, Seat), at: Time) -> Time {
        let mut arrival = at;
        for trouble in &self.0 {
            if trouble.until <= world.now || !trouble.from.is(world, from) || !trouble.to.is(world, to) {
                continue;
            }
            arrival = match trouble.delay {
                Some(delay) => arrival + delay,
                // It still has to travel.
                None => arrival.max(trouble.until + at.since(world.now)),
            };
        }
        arrival
    }
}

impl World {
    pub(super) fn trouble_link(&mut self, link: Link, lasts: Duration, delay: Option<Duration>) {
        let (from, to) = (End::Named(link.from), End::Named(link.to));
        self.trouble(from, to, lasts, delay);
    }

    pub(super) fn trouble(&mut self, from: End, to: End, lasts: Duration, delay: Option<Duration>) {
        let (now, until) = (self.now, self.now + lasts);
        if let Some(faults) = &mut self.faults {
            faults.links.add(now, Trouble { from, to, until, delay });
        }
    }
}
