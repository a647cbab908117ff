//! Fetch and Offsets.

use std::time::Duration;

use bytes::Bytes;
use stacklab_machine::process::ExchangeId;

use super::parked::Parked;
use super::partition::Replica;
use super::timers::Timer;
use super::{Broker, Out, not_led, respond};
use crate::codec::{Fetch, FetchPart, FetchedPart, FoundOffsets, Offsets, OffsetsPart, Response, Topic};
use crate::model::ErrorCode;

/// A consumer that may read replicas which do not lead.
const DEBUGGING_CONSUMER: i32 = -2;

impl Broker {
    pub(super) fn fetch(&mut self, exchange: ExchangeId, request: Fetch, out: &mut Out) {
        if request.replica_id >= 0 {
            self.note_followers(&request);
        }
        let at_once = request.max_wait_ms <= 0 || request.topics.is_empty();
        if at_once || self.can_send_enough(&request) || self.has_enough(&request) {
            return self.answer_fetch(exchange, &request, out);
        }
        let wait = Duration::from_millis(request.max_wait_ms.unsigned_abs().into());
        self.parked.insert(exchange, Parked::Fetch(request));
        self.timers.set(Timer::Expire(exchange), self.now + wait);
    }

    /// What a follower wants next tells what it has. An offset out of range tells nothing.
    fn note_followers(&mut self, request: &Fetch) {
        for topic in &request.topics {
            for part in &topic.partitions {
                let in_range = self
                    .replica(&topic.name, part.partition)
                    .is_some_and(|replica| (replica.log.start()..=replica.log.end()).contains(&part.offset));
                if in_range {
                    self.note_follower(request.replica_id, &topic.name, part.partition, part.offset);
                }
            }
        }
    }

    /// The replica that is asked for: the leader, unless it is for debugging.
    fn replica_for(&self, replica_id: i32, topic: &str, partition: i32) -> Result<&Replica, ErrorCode> {
        let replica = self.replica(topic, partition);
        if replica_id == DEBUGGING_CONSUMER {
            return replica.ok_or(ErrorCode::REPLICA_NOT_AVAILABLE);
        }
        let replica = replica.ok_or(not_led(false))?;
        if replica.is_leader() { Ok(replica) } else { Err(not_led(true)) }
    }

    /// The replica that a request may read, and below which offset.
    fn readable(&self, replica_id: i32, topic: &str, partition: i32) -> Result<(&Replica, i64), ErrorCode> {
        let replica = self.replica_for(replica_id, topic, partition)?;
        if replica_id < 0 {
            return Ok((replica, replica.high_watermark));
        }
        if replica_id == self.config.id || !replica.replicas.contains(&replica_id) {
            return Err(ErrorCode::UNKNOWN);
        }
        Ok((replica, i64::MAX))
    }

    /// Whether a fetch need not wait: what would be sent is enough, or something is wrong.
    fn can_send_enough(&self, request: &Fetch) -> bool {
        let mut bytes: usize = 0;
        for topic in &request.topics {
            for part in &topic.partitions {
                let Ok((replica, below)) = self.readable(request.replica_id, &topic.name, part.partition)
                else {
                    return true;
                };
                match replica.log.available(part.offset, part.max_bytes, below) {
                    Ok(available) => bytes += available,
                    Err(_) => return true,
                }
            }
        }
        i64::try_from(bytes).unwrap_or(i64::MAX) >= i64::from(request.min_bytes)
    }

    /// Whether a fetch that waits need not wait any longer. Here the original counts what there is, whatever the
    /// request's limits are, and takes all of an older segment as enough.
    pub(super) fn has_enough(&self, request: &Fetch) -> bool {
        let mut bytes: usize = 0;
        for topic in &request.topics {
            for part in &topic.partitions {
                let Some(replica) = self.replica(&topic.name, part.partition) else { return true };
                let end = if request.replica_id < 0 { replica.high_watermark } else { replica.log.end() };
                let places = (replica.log.place(part.offset), replica.log.place(end));
                let (Some((from, start)), Some((to, stop))) = places else { return true };
                if !replica.is_leader() || from != to {
                    return true;
                }
                bytes += stop.saturating_sub(start);
            }
        }
        i64::try_from(bytes).unwrap_or(i64::MAX) >= i64::from(request.min_bytes)
    }

    pub(super) fn answer_fetch(&mut self, exchange: ExchangeId, request: &Fetch, out: &mut Out) {
        let read = |name: &str, part: &FetchPart| {
            let result =
                self.readable(request.replica_id, name, part.partition).and_then(|(replica, below)| {
                    Ok((replica.log.read(part.offset, part.max_bytes, below)?, replica.high_watermark))
                });
            let (error, (set, high_watermark)) = match result {
                Ok(read) => (ErrorCode::NONE, read),
                Err(error) => (error, (Bytes::new(), -1)),
            };
            FetchedPart { partition: part.partition, error, high_watermark, set }
        };
        let topics = request
            .topics
            .iter()
            .map(|topic| {
                let partitions = topic.partitions.iter().map(|part| read(&topic.name, part)).collect();
                Topic { name: topic.name.clone(), partitions }
            })
            .collect();
        respond(exchange, Response::Fetch(topics), out);
    }

    pub(super) fn offsets(&mut self, exchange: ExchangeId, request: &Offsets, out: &mut Out) {
        let find = |name: &str, part: &OffsetsPart| {
            let (error, offsets) = match self.find_offsets(request.replica_id, name, part) {
                Ok(offsets) => (ErrorCode::NONE, offsets),
                Err(error) => (error, Vec::new()),
            };
            FoundOffsets { partition: part.partition, error, offsets }
        };
        let topics = request
            .topics
            .iter()
            .map(|topic| {
                let partitions = topic.partitions.iter().map(|part| find(&topic.name, part)).collect();
                Topic { name: topic.name.clone(), partitions }
            })
            .collect();
        respond(exchange, Response::Offsets(topics), out);
    }

    fn find_offsets(&self, replica_id: i32, topic: &str, part: &OffsetsPart) -> Result<Vec<i64>, ErrorCode> {
        let replica = self.replica_for(replica_id, topic, part.partition)?;
        let max = usize::try_from(part.max_offsets).map_err(|_| ErrorCode::UNKNOWN)?;
        let mut offsets = replica.log.offsets_before(self.now, part.time, max);
        let readable = replica.high_watermark;
        // A consumer is not told of offsets that it may not read yet.
        if replica_id < 0 && offsets.iter().any(|offset| *offset > readable) {
            offsets.retain(|offset| *offset <= readable);
            if !offsets.contains(&readable) {
                offsets.insert(0, readable);
            }
        }
        Ok(offsets)
    }
}
