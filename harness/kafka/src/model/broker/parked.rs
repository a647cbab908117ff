//! Exchanges that wait: for replicas, for messages, for ZooKeeper, for a topic to be created.

use stacklab_machine::process::ExchangeId;

use super::groups::ZkOffsets;
use super::metadata::PendingMetadata;
use super::produce::PendingProduce;
use super::timers::Timer;
use super::{Broker, Out, respond};
use crate::codec::{Fetch, Remaining, Response};
use crate::model::ErrorCode;

/// An exchange that waits.
#[derive(Debug)]
pub(super) enum Parked {
    Produce(PendingProduce),
    Fetch(Fetch),
    Metadata(PendingMetadata),
    /// The coordinator of this group, once the offsets topic is made.
    Coordinator(String),
    Offsets(ZkOffsets),
    Leaver,
}

impl Broker {
    /// Answers what need not wait any longer.
    pub(super) fn look_at_parked(&mut self, out: &mut Out) {
        let waiting: Vec<ExchangeId> = self
            .parked
            .iter()
            .filter(|(_, parked)| matches!(parked, Parked::Produce(_) | Parked::Fetch(_)))
            .map(|(exchange, _)| *exchange)
            .collect();
        for exchange in waiting {
            let done = match self.parked.get(&exchange) {
                Some(Parked::Produce(pending)) => self.is_produced(pending),
                Some(Parked::Fetch(request)) => self.has_enough(request),
                _ => false,
            };
            if done {
                self.expire(exchange, out);
            }
        }
    }

    /// Answers with what there is.
    pub(super) fn expire(&mut self, exchange: ExchangeId, out: &mut Out) {
        self.timers.cancel(Timer::Expire(exchange));
        match self.parked.remove(&exchange) {
            Some(Parked::Produce(pending)) => self.finish_produce(exchange, pending, out),
            Some(Parked::Fetch(request)) => self.answer_fetch(exchange, &request, out),
            Some(other) => {
                self.parked.insert(exchange, other);
            }
            None => {}
        }
    }

    /// The session is gone that would have answered.
    pub(super) fn abandon_zk_exchanges(&mut self, out: &mut Out) {
        let waiting: Vec<ExchangeId> = self
            .parked
            .iter()
            .filter(|(_, parked)| matches!(parked, Parked::Offsets(_)))
            .map(|(exchange, _)| *exchange)
            .collect();
        for exchange in waiting {
            if let Some(Parked::Offsets(offsets)) = self.parked.remove(&exchange) {
                respond(exchange, offsets.into_response(), out);
            }
        }
    }

    pub(super) fn park_leaver(&mut self, exchange: ExchangeId) {
        self.parked.insert(exchange, Parked::Leaver);
    }

    pub(super) fn answer_leaver(&mut self, exchange: ExchangeId, remaining: Remaining, out: &mut Out) {
        if self.parked.remove(&exchange).is_some() {
            respond(exchange, Response::ControlledShutdown(remaining), out);
        }
    }

    /// This broker is not the controller any more.
    pub(super) fn refuse_parked_leavers(&mut self, out: &mut Out) {
        let leavers: Vec<ExchangeId> = self
            .parked
            .iter()
            .filter(|(_, parked)| matches!(parked, Parked::Leaver))
            .map(|(exchange, _)| *exchange)
            .collect();
        for exchange in leavers {
            let remaining = Remaining { error: ErrorCode::UNKNOWN, partitions: Vec::new() };
            self.answer_leaver(exchange, remaining, out);
        }
    }
}
