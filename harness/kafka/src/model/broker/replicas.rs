//! The controller's orders about partitions, the replicas in sync, and the retention of logs.

use std::collections::BTreeMap;

use stacklab_machine::process::ExchangeId;

use super::partition::{Replica, Role};
use super::timers::Timer;
use super::{Broker, Out, Then, log, respond};
use crate::codec::{Acknowledged, LeaderAndIsr, LeaderState, Response, StopReplica, TopicAndError};
use crate::model::log::{Dropped, LogLimits};
use crate::model::zk::{Answer, ZkFault, ZkReply};
use crate::model::znodes::{self, PartitionState};
use crate::model::{ErrorCode, OFFSETS_TOPIC, TopicPartition};

/// The code for orders that a later one has overtaken; the published list skips it.
const STALE_LEADER_EPOCH: ErrorCode = ErrorCode(13);

impl Broker {
    pub(super) fn replica(&self, topic: &str, partition: i32) -> Option<&Replica> {
        self.replicas.get(topic)?.get(&partition)
    }

    pub(super) fn replica_mut(&mut self, topic: &str, partition: i32) -> Option<&mut Replica> {
        self.replicas.get_mut(topic)?.get_mut(&partition)
    }

    /// The limits of a topic's logs. The offsets topic is compacted by the original, so nothing of it goes by age.
    fn limits(&self, topic: &str) -> LogLimits {
        let compact = topic == OFFSETS_TOPIC;
        LogLimits {
            segment_bytes: if compact { 104_857_600 } else { self.config.log_segment_bytes },
            message_max_bytes: self.config.message_max_bytes,
            retention_bytes: u64::try_from(self.config.log_retention_bytes).ok().filter(|_| !compact),
            retention: if compact { std::time::Duration::MAX } else { self.config.log_retention },
            memory_bytes: self.config.log_memory_bytes,
        }
    }

    fn is_stale(&mut self, controller_epoch: i32, controller: i32, out: &mut Out) -> bool {
        if controller_epoch < self.controller_epoch {
            log(out, || {
                format!(
                    "Broker {} received an order from an old controller {controller} with epoch {controller_epoch}. \
                     Latest known controller epoch is {}",
                    self.config.id, self.controller_epoch
                )
            });
            return true;
        }
        self.controller_epoch = controller_epoch;
        false
    }

    /// Whether an order of UpdateMetadata comes from a controller that is no more.
    pub(super) fn is_stale_controller(&mut self, epoch: i32, controller: i32, out: &mut Out) -> bool {
        self.is_stale(epoch, controller, out)
    }

    pub(super) fn lead_and_follow(&mut self, exchange: ExchangeId, request: LeaderAndIsr, out: &mut Out) {
        if self.is_stale(request.controller_epoch, request.controller_id, out) {
            let error = ErrorCode::STALE_CONTROLLER_EPOCH;
            let answer = Acknowledged { error, partitions: Vec::new() };
            return respond(exchange, Response::LeaderAndIsr(answer), out);
        }
        // The last word on each partition.
        let states: BTreeMap<_, _> =
            request.partitions.iter().map(|state| ((&state.topic, state.partition), state)).collect();
        let mut partitions = Vec::with_capacity(states.len());
        for ((topic, partition), state) in states {
            let known = request.live_leaders.iter().any(|node| node.id == state.leader);
            if let Some(error) = self.take_state(state, known, out) {
                partitions.push(TopicAndError { topic: topic.clone(), partition, error });
            }
        }
        for node in request.live_leaders {
            if node.id != self.config.id {
                self.know_leader(node.id, node.endpoint, out);
            }
        }
        self.drop_idle_fetchers();
        self.moved = true;
        let answer = Acknowledged { error: ErrorCode::NONE, partitions };
        respond(exchange, Response::LeaderAndIsr(answer), out);
    }

    /// Leads or follows as it is told; `leader_known`: where the leader is was told too. Nothing is answered about
    /// a partition of which this broker is no replica.
    fn take_state(&mut self, state: &LeaderState, leader_known: bool, out: &mut Out) -> Option<ErrorCode> {
        let (own, now) = (self.config.id, self.now);
        let limits = self.limits(&state.topic);
        let topic = self.replicas.entry(state.topic.clone()).or_default();
        let replica = topic.entry(state.partition).or_insert_with(|| Replica::new(now, limits));
        if replica.leader_epoch >= state.leader_epoch {
            return Some(STALE_LEADER_EPOCH);
        }
        if !state.replicas.contains(&own) {
            return None;
        }
        let leads = state.leader == own;
        if !leads && !leader_known {
            // It stays what it was, and says that all is well.
            log(out, || {
                format!(
                    "Broker {own} cannot become a follower of [{},{}] since the new leader {} is unavailable",
                    state.topic, state.partition, state.leader
                )
            });
            return Some(ErrorCode::NONE);
        }
        if leads {
            replica.lead(own, state, now);
        } else {
            replica.follow(state, now);
        }
        if leads && replica.has_followers() {
            self.timers.start(Timer::Isr, now + self.config.replica_lag_time);
        }
        log(out, || {
            let what = if leads { "leader".to_owned() } else { format!("follower of {}", state.leader) };
            let epoch = state.leader_epoch;
            format!(
                "Broker {own} is {what} for [{},{}] in leader epoch {epoch}",
                state.topic, state.partition
            )
        });
        if state.topic == OFFSETS_TOPIC {
            self.reload_groups(state.partition);
        }
        Some(ErrorCode::NONE)
    }

    pub(super) fn stop_replicas(&mut self, exchange: ExchangeId, request: StopReplica, out: &mut Out) {
        if self.is_stale(request.controller_epoch, request.controller_id, out) {
            let error = ErrorCode::STALE_CONTROLLER_EPOCH;
            let answer = Acknowledged { error, partitions: Vec::new() };
            return respond(exchange, Response::StopReplica(answer), out);
        }
        let mut partitions = Vec::new();
        for at in request.partitions {
            if request.delete == 1 {
                if let Some(topic) = self.replicas.get_mut(&at.topic) {
                    topic.remove(&at.partition);
                }
                self.replicas.retain(|_, topic| !topic.is_empty());
            } else if let Some(replica) = self.replica_mut(&at.topic, at.partition)
                && matches!(replica.role, Role::Follower(_))
            {
                // A leader goes on leading.
                replica.role = Role::Idle;
            }
            partitions.push(TopicAndError {
                topic: at.topic,
                partition: at.partition,
                error: ErrorCode::NONE,
            });
        }
        self.drop_idle_fetchers();
        self.moved = true;
        let answer = Acknowledged { error: ErrorCode::NONE, partitions };
        respond(exchange, Response::StopReplica(answer), out);
    }

    /// A follower fetches from `offset`; false if it is no replica of the partition.
    pub(super) fn note_follower(&mut self, follower: i32, topic: &str, partition: i32, offset: i64) -> bool {
        let (own, now) = (self.config.id, self.now);
        let Some(replica) = self.replica_mut(topic, partition) else { return false };
        if !replica.follower_at(follower, offset, now) {
            return false;
        }
        // Whoever waits for a number of replicas counts this one now, even if the watermark stays.
        replica.raise_high_watermark(own);
        let grown = replica.grown_isr(follower);
        self.moved = true;
        if let Some(isr) = grown {
            self.write_isr(topic, partition, isr);
        }
        true
    }

    fn write_isr(&mut self, topic: &str, partition: i32, isr: Vec<i32>) {
        let own = self.config.id;
        let Some(replica) = self.replica_mut(topic, partition) else { return };
        replica.isr_writing = true;
        let state = PartitionState {
            controller_epoch: replica.controller_epoch,
            leader: own,
            leader_epoch: replica.leader_epoch,
            isr: isr.clone(),
        };
        let version = replica.zk_version;
        let then = Then::IsrWritten(TopicPartition::new(topic, partition), isr);
        self.zk.set(&znodes::state_path(topic, partition), znodes::state(&state), version, then);
    }

    pub(super) fn isr_written(&mut self, at: &TopicPartition, isr: Vec<i32>, result: &Answer, out: &mut Out) {
        let own = self.config.id;
        let Some(replica) = self.replica_mut(&at.topic, at.partition) else { return };
        // A new order of the controller's has come meanwhile, and overruled it.
        if !std::mem::take(&mut replica.isr_writing) {
            return;
        }
        match result {
            Ok(ZkReply::Version(version)) => {
                replica.zk_version = *version;
                replica.isr = isr;
                replica.raise_high_watermark(own);
                let text = format!("Partition {at} on broker {own}: ISR is now {:?}", replica.isr);
                log(out, || text);
                self.moved = true;
            }
            Err(ZkFault::BadVersion) => {
                let version = replica.zk_version;
                log(out, || {
                    format!(
                        "Partition {at} on broker {own}: Cached zkVersion [{version}] not equal to that in \
                         zookeeper, skip updating ISR"
                    )
                });
            }
            _ => {}
        }
    }

    /// The session that was to write them is gone.
    pub(super) fn forget_isr_writes(&mut self) {
        for replica in self.replicas.values_mut().flat_map(|topic| topic.values_mut()) {
            replica.isr_writing = false;
        }
    }

    /// Takes followers that have fallen behind out of the replicas in sync.
    pub(super) fn shrink_all(&mut self, out: &mut Out) {
        let (own, now) = (self.config.id, self.now);
        let (time, messages) = (self.config.replica_lag_time, self.config.replica_lag_messages);
        let mut shrunk = Vec::new();
        let mut any = false;
        for (topic, partitions) in &self.replicas {
            for (partition, replica) in partitions {
                any |= replica.has_followers();
                if let Some(isr) = replica.shrunk_isr(own, now, time, messages) {
                    shrunk.push((topic.clone(), *partition, isr));
                }
            }
        }
        for (topic, partition, isr) in shrunk {
            log(out, || format!("Partition [{topic},{partition}] on broker {own}: Shrinking ISR to {isr:?}"));
            self.write_isr(&topic, partition, isr);
        }
        if any {
            self.timers.start(Timer::Isr, now + time);
        }
    }

    /// After an append: memory is given back if need be, and the retention is looked after.
    pub(super) fn after_append(&mut self, topic: &str, partition: i32, out: &mut Out) {
        let now = self.now;
        self.timers.start(Timer::Retention, now + self.config.log_retention_check);
        let memory = self.config.log_memory_bytes;
        let Some(replica) = self.replica_mut(topic, partition) else { return };
        if let Some(dropped) = replica.log.fit_memory(now) {
            replica.high_watermark = replica.high_watermark.max(dropped.start);
            log(out, || {
                dropped_text(topic, partition, dropped, &format!("it may have {memory} bytes of memory"))
            });
        }
    }

    pub(super) fn drop_old_segments(&mut self, out: &mut Out) {
        let now = self.now;
        let mut any = false;
        for (topic, partitions) in &mut self.replicas {
            for (partition, replica) in partitions {
                if let Some(dropped) = replica.log.retain(now) {
                    replica.high_watermark = replica.high_watermark.max(dropped.start);
                    log(out, || dropped_text(topic, *partition, dropped, "of the retention"));
                }
                any |= replica.log.len_bytes() > 0;
            }
        }
        if any {
            self.timers.start(Timer::Retention, now + self.config.log_retention_check);
        }
    }
}

fn dropped_text(topic: &str, partition: i32, dropped: Dropped, why: &str) -> String {
    let Dropped { segments, bytes, start } = dropped;
    format!(
        "Log {topic}-{partition}: dropped {segments} segments with {bytes} bytes because {why}; it now starts at \
         offset {start}"
    )
}
