//! Produce: append, and wait for as many replicas as the client wants.

use std::time::Duration;

use bytes::Bytes;
use stacklab_machine::process::ExchangeId;

use super::parked::Parked;
use super::timers::Timer;
use super::{Broker, Out, log, not_led, respond};
use crate::codec::{Produce, ProducedPart, Response, Topic};
use crate::model::ErrorCode;
use crate::model::io::Output;
use crate::model::log::Appended;

/// An append that waits for replicas.
#[derive(Debug)]
pub(super) struct PendingProduce {
    acks: i16,
    /// The answer; parts that wait stand at error 7.
    topics: Vec<Topic<ProducedPart>>,
    /// For each part that waits: topic and part by index, and the offset that must be reached.
    waits: Vec<(usize, usize, i64)>,
    /// A commit of offsets that this append carries out, rather than a client's own.
    pub(super) commit: Option<Response>,
}

impl PendingProduce {
    fn part(&self, topic: usize, part: usize) -> Option<(&str, i32)> {
        let topic = self.topics.get(topic)?;
        Some((&topic.name, topic.partitions.get(part)?.partition))
    }
}

impl Broker {
    pub(super) fn produce(&mut self, exchange: ExchangeId, request: &Produce, out: &mut Out) {
        let pending = self.append_all(request, None, out);
        let failed = pending.topics.iter().flat_map(|topic| &topic.partitions);
        let failed =
            failed.filter(|part| !matches!(part.error, ErrorCode::NONE | ErrorCode::REQUEST_TIMED_OUT));
        if request.acks != 0 {
            self.await_replicas(exchange, pending, request.timeout_ms, out);
        } else if failed.count() > 0 {
            // There is no answer that could carry the error: the client sees its connection go.
            log(out, || {
                "Send the close connection response due to error handling produce request with Ack=0".into()
            });
            out.push(Output::HangUp(exchange));
        } else {
            out.push(Output::Respond { exchange, response: None });
        }
    }

    /// Appends to every partition. Parts that have to wait stand at error 7.
    pub(super) fn append_all(
        &mut self,
        request: &Produce,
        commit: Option<Response>,
        out: &mut Out,
    ) -> PendingProduce {
        let acks = request.acks;
        let mut pending = PendingProduce { acks, topics: Vec::new(), waits: Vec::new(), commit };
        for (at, topic) in request.topics.iter().enumerate() {
            let mut partitions = Vec::with_capacity(topic.partitions.len());
            for (index, part) in topic.partitions.iter().enumerate() {
                let result = self.append(&topic.name, part.partition, &part.set, acks, out);
                let (error, base_offset) = match result {
                    Ok(appended) if acks == 0 || acks == 1 => (ErrorCode::NONE, appended.first),
                    Ok(appended) => {
                        pending.waits.push((at, index, appended.next));
                        (ErrorCode::REQUEST_TIMED_OUT, appended.first)
                    }
                    Err(error) => (error, -1),
                };
                partitions.push(ProducedPart { partition: part.partition, error, base_offset });
            }
            pending.topics.push(Topic { name: topic.name.clone(), partitions });
        }
        pending
    }

    fn append(
        &mut self,
        topic: &str,
        partition: i32,
        set: &Bytes,
        acks: i16,
        out: &mut Out,
    ) -> Result<Appended, ErrorCode> {
        let (own, now) = (self.config.id, self.now);
        let replica = self.replica_mut(topic, partition).ok_or(not_led(false))?;
        if !replica.is_leader() {
            return Err(not_led(true));
        }
        if acks == -1 && replica.isr.len() < replica.min_insync_replicas {
            return Err(ErrorCode::NOT_ENOUGH_REPLICAS);
        }
        let appended = replica.log.append(now, set)?;
        replica.raise_high_watermark(own);
        self.moved = true;
        self.after_append(topic, partition, out);
        Ok(appended)
    }

    /// Answers at once if nothing has to be waited for, or else parks the exchange.
    pub(super) fn await_replicas(
        &mut self,
        exchange: ExchangeId,
        pending: PendingProduce,
        timeout_ms: i32,
        out: &mut Out,
    ) {
        if self.is_produced(&pending) {
            return self.finish_produce(exchange, pending, out);
        }
        let timeout = Duration::from_millis(u64::try_from(timeout_ms).unwrap_or(0));
        self.parked.insert(exchange, Parked::Produce(pending));
        self.timers.set(Timer::Expire(exchange), self.now + timeout);
    }

    /// The error of a part that waits, once it need not wait any longer.
    fn outcome(&self, pending: &PendingProduce, topic: usize, part: usize, next: i64) -> Option<ErrorCode> {
        let (name, partition) = pending.part(topic, part)?;
        let Some(replica) = self.replica(name, partition).filter(|replica| replica.is_leader()) else {
            return Some(not_led(self.replica(name, partition).is_some()));
        };
        if pending.acks < 0 {
            let enough = replica.isr.len() >= replica.min_insync_replicas;
            let code = if enough { ErrorCode::NONE } else { ErrorCode::NOT_ENOUGH_REPLICAS_AFTER_APPEND };
            return (replica.high_watermark >= next).then_some(code);
        }
        let count = replica.in_sync_at(self.config.id, next);
        (count >= usize::try_from(pending.acks).unwrap_or(0)).then_some(ErrorCode::NONE)
    }

    /// Whether no part has to wait any longer.
    pub(super) fn is_produced(&self, pending: &PendingProduce) -> bool {
        pending.waits.iter().all(|(topic, part, next)| self.outcome(pending, *topic, *part, *next).is_some())
    }

    /// Answers with what has been reached by now.
    pub(super) fn finish_produce(
        &mut self,
        exchange: ExchangeId,
        mut pending: PendingProduce,
        out: &mut Out,
    ) {
        for (topic, part, next) in std::mem::take(&mut pending.waits) {
            if let Some(error) = self.outcome(&pending, topic, part, next) {
                pending.topics[topic].partitions[part].error = error;
            }
        }
        match pending.commit.take() {
            None => respond(exchange, Response::Produce(pending.topics), out),
            Some(answer) => {
                let parts = pending.topics.iter().flat_map(|topic| &topic.partitions);
                let error = parts.map(|part| part.error).find(|error| !error.is_none());
                respond(exchange, super::groups::with_commit_error(answer, error), out);
            }
        }
    }
}
