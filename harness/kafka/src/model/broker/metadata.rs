//! Metadata: what the controller told this broker of the cluster, and topics made because somebody asks for them.

use std::collections::{BTreeMap, BTreeSet};

use stacklab_machine::process::ExchangeId;

use super::parked::Parked;
use super::{Broker, Out, respond};
use crate::codec::{LeaderState, Metadata, Node, PartitionMetadata, Response, TopicMetadata, UpdateMetadata};
use crate::model::controller::LEADER_DURING_DELETE;
use crate::model::{Endpoint, ErrorCode, OFFSETS_TOPIC, assignment, is_legal_topic};

/// Zero bytes behind a Metadata answer: enough for librdkafka in every case that was tried.
const PADDING: usize = 64;

/// What the controller said last.
#[derive(Debug, Default)]
pub(super) struct MetadataCache {
    pub(super) live: BTreeMap<i32, Endpoint>,
    topics: BTreeMap<String, BTreeMap<i32, LeaderState>>,
}

/// A Metadata request that waits for topics to be made.
#[derive(Debug)]
pub(super) struct PendingMetadata {
    /// What is answered about, in order.
    topics: Vec<String>,
    /// What was asked for, as it was.
    asked: Vec<String>,
    /// Those being made.
    waits: BTreeSet<String>,
    /// One could not be made: with that the whole request has failed.
    error: Option<ErrorCode>,
    /// Those that were made, or are still without a leader: answered with error 5 and no partitions.
    made: BTreeSet<String>,
}

impl MetadataCache {
    fn update(&mut self, request: UpdateMetadata) {
        self.live = request.live_brokers.into_iter().map(|node| (node.id, node.endpoint)).collect();
        for state in request.partitions {
            if state.leader == LEADER_DURING_DELETE {
                if let Some(topic) = self.topics.get_mut(&state.topic) {
                    topic.remove(&state.partition);
                }
                self.topics.retain(|_, topic| !topic.is_empty());
            } else {
                self.topics.entry(state.topic.clone()).or_default().insert(state.partition, state);
            }
        }
    }

    /// Whether this broker was told of the topic.
    pub(super) fn has_topic(&self, topic: &str) -> bool {
        self.topics.contains_key(topic)
    }

    /// Whether this broker was told of the partition.
    pub(super) fn knows(&self, topic: &str, partition: i32) -> bool {
        self.topics.get(topic).is_some_and(|topic| topic.contains_key(&partition))
    }

    fn brokers(&self) -> Vec<Node> {
        self.live.iter().map(|(id, endpoint)| Node { id: *id, endpoint: endpoint.clone() }).collect()
    }

    fn topic(&self, topic: &str) -> Option<TopicMetadata> {
        let states = self.topics.get(topic)?;
        let order = assignment::mutable_order(states.keys().copied());
        let partitions =
            order.iter().filter_map(|id| states.get(id)).map(|state| self.partition(state)).collect();
        Some(TopicMetadata { error: ErrorCode::NONE, topic: topic.to_owned(), partitions })
    }

    fn partition(&self, state: &LeaderState) -> PartitionMetadata {
        let alive = |ids: &[i32]| -> Vec<i32> {
            ids.iter().copied().filter(|id| self.live.contains_key(id)).collect()
        };
        let replicas = alive(&state.replicas);
        let partition = state.partition;
        if !self.live.contains_key(&state.leader) {
            let error = ErrorCode::LEADER_NOT_AVAILABLE;
            return PartitionMetadata { error, partition, leader: -1, replicas, isr: Vec::new() };
        }
        let isr = alive(&state.isr);
        let whole = replicas.len() == state.replicas.len() && isr.len() == state.isr.len();
        let error = if whole { ErrorCode::NONE } else { ErrorCode::REPLICA_NOT_AVAILABLE };
        PartitionMetadata { error, partition, leader: state.leader, replicas, isr }
    }

    /// The leader of a partition, if it lives.
    pub(super) fn leader(&self, topic: &str, partition: i32) -> Option<Node> {
        let id = self.topics.get(topic)?.get(&partition)?.leader;
        self.live.get(&id).map(|endpoint| Node { id, endpoint: endpoint.clone() })
    }
}

impl Broker {
    pub(super) fn update_metadata(&mut self, exchange: ExchangeId, request: UpdateMetadata, out: &mut Out) {
        let error = if self.is_stale_controller(request.controller_epoch, request.controller_id, out) {
            // The original has a code for this, and does not use it here.
            ErrorCode::UNKNOWN
        } else {
            self.cache.update(request);
            ErrorCode::NONE
        };
        respond(exchange, Response::UpdateMetadata(error), out);
    }

    pub(super) fn metadata(&mut self, exchange: ExchangeId, topics: Vec<String>, out: &mut Out) {
        let names = if topics.is_empty() {
            self.cache.topics.keys().cloned().collect()
        } else {
            assignment::scala_set(topics.clone())
        };
        let (mut known, mut missing): (Vec<_>, Vec<_>) =
            names.into_iter().partition(|topic| self.cache.topics.contains_key(topic));
        let auto = self.config.auto_create_topics;
        let mut to_make: Vec<String> =
            missing.iter().filter(|topic| auto || topic.as_str() == OFFSETS_TOPIC).cloned().collect();
        // They are made one after the other, up to the first that cannot be.
        let illegal = to_make.iter().position(|topic| !is_legal_topic(topic));
        to_make.truncate(illegal.unwrap_or(to_make.len()));
        let error = illegal.map(|_| ErrorCode::INVALID_TOPIC);
        known.append(&mut missing);
        let waits: BTreeSet<String> = to_make.into_iter().collect();
        let pending = PendingMetadata {
            topics: known,
            asked: topics,
            waits: waits.clone(),
            error,
            made: BTreeSet::new(),
        };
        if waits.is_empty() {
            return self.answer_metadata(exchange, &pending, out);
        }
        self.parked.insert(exchange, Parked::Metadata(pending));
        for topic in waits {
            self.create_topic(&topic);
        }
    }

    /// A topic was made, or could not be: whoever waits for it is answered.
    pub(super) fn topic_made(&mut self, topic: &str, error: Option<ErrorCode>, out: &mut Out) {
        let mut done = Vec::new();
        for (exchange, parked) in &mut self.parked {
            match parked {
                Parked::Metadata(pending) if pending.waits.contains(topic) => {
                    pending.waits.remove(topic);
                    pending.made.insert(topic.to_owned());
                    pending.error = pending.error.or(error);
                    if pending.waits.is_empty() {
                        done.push(*exchange);
                    }
                }
                Parked::Coordinator(_) if topic == OFFSETS_TOPIC => done.push(*exchange),
                _ => {}
            }
        }
        for exchange in done {
            match self.parked.remove(&exchange) {
                Some(Parked::Metadata(pending)) => self.answer_metadata(exchange, &pending, out),
                Some(Parked::Coordinator(group)) => self.answer_coordinator(exchange, &group, out),
                _ => {}
            }
        }
    }

    fn answer_metadata(&self, exchange: ExchangeId, pending: &PendingMetadata, out: &mut Out) {
        let empty =
            |topic: &str, error| TopicMetadata { error, topic: topic.to_owned(), partitions: Vec::new() };
        let topic = |topic: &String| {
            if pending.made.contains(topic) {
                empty(topic, ErrorCode::LEADER_NOT_AVAILABLE)
            } else {
                let unknown = || empty(topic, ErrorCode::UNKNOWN_TOPIC_OR_PARTITION);
                self.cache.topic(topic).unwrap_or_else(unknown)
            }
        };
        let (brokers, topics) = match pending.error {
            Some(error) => (Vec::new(), pending.asked.iter().map(|topic| empty(topic, error)).collect()),
            None => (self.cache.brokers(), pending.topics.iter().map(topic).collect()),
        };
        let padding = if self.config.strict { 0 } else { PADDING };
        let metadata = Metadata { brokers, topics };
        respond(exchange, Response::Metadata { metadata, padding }, out);
    }
}
