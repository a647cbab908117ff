//! Committed offsets: version 0 in ZooKeeper, version 1 in the offsets topic, led by the group's coordinator.

use std::collections::BTreeMap;

use bytes::{Buf, BufMut, Bytes};
use stacklab_machine::process::ExchangeId;

use super::parked::Parked;
use super::{Broker, Out, Then, respond};
use crate::codec::{
    CommitPart, CommittedOffset, CommittedPart, OffsetCommit, OffsetFetch, Produce, ProducePart, Response,
    Topic,
};
use crate::model::assignment::java_hash;
use crate::model::compression::Codec;
use crate::model::message::put_message;
use crate::model::message_set;
use crate::model::zk::{Answer, ZkFault, ZkReply};
use crate::model::{ErrorCode, OFFSETS_TOPIC, znodes};

/// How long a commit waits for the replicas of the offsets topic (`offsets.commit.timeout.ms`).
const COMMIT_TIMEOUT_MS: i32 = 5000;

/// An offset with what was noted beside it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Noted {
    offset: i64,
    /// A null is given back as one, but written to the log as an empty text.
    metadata: Option<String>,
}

/// Group, topic and partition.
type Key = (String, String, i32);

/// The offsets that this broker coordinates, by partition of the offsets topic.
#[derive(Debug, Default)]
pub(super) struct Groups {
    offsets: BTreeMap<i32, BTreeMap<Key, Noted>>,
}

/// A request that waits for ZooKeeper.
#[derive(Debug)]
pub(super) enum ZkOffsets {
    Commit(usize, Vec<Topic<CommittedPart>>),
    Fetch(usize, Vec<Topic<CommittedOffset>>),
}

/// What a call was for: the exchange, and which topic and part of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Step {
    exchange: ExchangeId,
    topic: usize,
    part: usize,
}

impl ZkOffsets {
    pub(super) fn into_response(self) -> Response {
        match self {
            Self::Commit(_, topics) => Response::OffsetCommit(topics),
            Self::Fetch(_, topics) => Response::OffsetFetch(topics),
        }
    }

    /// Takes one answer in; true if it was the last.
    fn take(&mut self, step: Step, result: &Answer) -> bool {
        match self {
            Self::Commit(open, topics) => {
                topics[step.topic].partitions[step.part].error =
                    if result.is_ok() { ErrorCode::NONE } else { ErrorCode::UNKNOWN };
                *open -= 1;
                *open == 0
            }
            Self::Fetch(open, topics) => {
                let part = &mut topics[step.topic].partitions[step.part];
                match result {
                    Ok(ZkReply::Data(data, _)) => match data.as_deref().and_then(znodes::parse_offset) {
                        Some(offset) => (part.offset, part.error) = (offset, ErrorCode::NONE),
                        None => part.error = ErrorCode::UNKNOWN,
                    },
                    Err(ZkFault::NoNode) => {}
                    _ => part.error = ErrorCode::UNKNOWN,
                }
                *open -= 1;
                *open == 0
            }
        }
    }
}

/// Puts the error of an append into the answer to the commit that it carried out.
pub(super) fn with_commit_error(answer: Response, error: Option<ErrorCode>) -> Response {
    let (Response::OffsetCommit(mut topics), Some(error)) = (answer.clone(), error) else { return answer };
    let code = match error {
        ErrorCode::UNKNOWN_TOPIC_OR_PARTITION => ErrorCode::CONSUMER_COORDINATOR_NOT_AVAILABLE,
        ErrorCode::NOT_LEADER_FOR_PARTITION => ErrorCode::NOT_COORDINATOR_FOR_CONSUMER,
        other => other,
    };
    for part in topics.iter_mut().flat_map(|topic| &mut topic.partitions) {
        if part.error.is_none() {
            part.error = code;
        }
    }
    Response::OffsetCommit(topics)
}

impl Broker {
    /// The partition of the offsets topic that holds a group's offsets.
    fn partition_of(&self, group: &str) -> i32 {
        let count = i32::try_from(self.config.offsets_partitions).unwrap_or(i32::MAX);
        java_hash(group).checked_abs().unwrap_or(0) % count
    }

    pub(super) fn coordinator(&mut self, exchange: ExchangeId, group: &str, out: &mut Out) {
        if self.cache.knows(OFFSETS_TOPIC, 0) {
            return self.answer_coordinator(exchange, group, out);
        }
        self.parked.insert(exchange, Parked::Coordinator(group.to_owned()));
        self.create_topic(OFFSETS_TOPIC);
    }

    pub(super) fn answer_coordinator(&self, exchange: ExchangeId, group: &str, out: &mut Out) {
        let coordinator = self.cache.leader(OFFSETS_TOPIC, self.partition_of(group));
        let error = match coordinator {
            Some(_) => ErrorCode::NONE,
            None => ErrorCode::CONSUMER_COORDINATOR_NOT_AVAILABLE,
        };
        respond(exchange, Response::ConsumerMetadata { error, coordinator }, out);
    }

    fn check_commit(&self, part: &CommitPart) -> ErrorCode {
        // Characters as Java counts them.
        let len = part.metadata.as_ref().map_or(0, |text| text.encode_utf16().count());
        if len > self.config.offset_metadata_max_bytes {
            ErrorCode::OFFSET_METADATA_TOO_LARGE
        } else {
            ErrorCode::NONE
        }
    }

    pub(super) fn commit_offsets(&mut self, exchange: ExchangeId, request: OffsetCommit, out: &mut Out) {
        if request.version == 0 {
            self.commit_to_zookeeper(exchange, &request, out);
        } else {
            self.commit_to_topic(exchange, request, out);
        }
    }

    fn commit_to_zookeeper(&mut self, exchange: ExchangeId, request: &OffsetCommit, out: &mut Out) {
        let mut writes = Vec::new();
        let mut topics = Vec::new();
        for (at, topic) in request.topics.iter().enumerate() {
            let mut partitions = Vec::new();
            for (index, part) in topic.partitions.iter().enumerate() {
                let mut error = self.check_commit(part);
                let path = znodes::offset_path(&request.group, &topic.name, part.partition);
                if !self.cache.has_topic(&topic.name) {
                    error = ErrorCode::UNKNOWN_TOPIC_OR_PARTITION;
                } else if error.is_none() && !znodes::is_valid_path(&path) {
                    error = ErrorCode::UNKNOWN;
                }
                if error.is_none() {
                    writes.push((path, part.offset, Step { exchange, topic: at, part: index }));
                    // What is to be said if the session ends first.
                    error = ErrorCode::UNKNOWN;
                }
                partitions.push(CommittedPart { partition: part.partition, error });
            }
            topics.push(Topic { name: topic.name.clone(), partitions });
        }
        if writes.is_empty() {
            return respond(exchange, Response::OffsetCommit(topics), out);
        }
        self.parked.insert(exchange, Parked::Offsets(ZkOffsets::Commit(writes.len(), topics)));
        for (path, offset, step) in writes {
            self.zk.upsert(&path, offset.to_string().into(), Then::Offsets(step));
        }
    }

    pub(super) fn fetch_offsets(&mut self, exchange: ExchangeId, request: &OffsetFetch, out: &mut Out) {
        if request.version != 0 {
            let topics = self.fetch_from_topic(request);
            return respond(exchange, Response::OffsetFetch(topics), out);
        }
        let mut reads = Vec::new();
        let mut topics = Vec::new();
        for (at, topic) in request.topics.iter().enumerate() {
            let mut partitions = Vec::with_capacity(topic.partitions.len());
            for (index, partition) in topic.partitions.iter().enumerate() {
                let path = znodes::offset_path(&request.group, &topic.name, *partition);
                let mut error = ErrorCode::UNKNOWN;
                if znodes::is_valid_path(&path) {
                    reads.push((path, Step { exchange, topic: at, part: index }));
                    error = ErrorCode::UNKNOWN_TOPIC_OR_PARTITION;
                }
                partitions.push(no_offset(*partition, error));
            }
            topics.push(Topic { name: topic.name.clone(), partitions });
        }
        if reads.is_empty() {
            return respond(exchange, Response::OffsetFetch(topics), out);
        }
        self.parked.insert(exchange, Parked::Offsets(ZkOffsets::Fetch(reads.len(), topics)));
        for (path, step) in reads {
            self.zk.get(&path, false, Then::Offsets(step));
        }
    }

    pub(super) fn offsets_step(&mut self, step: Step, result: &Answer, out: &mut Out) {
        let Some(Parked::Offsets(offsets)) = self.parked.get_mut(&step.exchange) else { return };
        if !offsets.take(step, result) {
            return;
        }
        if let Some(Parked::Offsets(offsets)) = self.parked.remove(&step.exchange) {
            respond(step.exchange, offsets.into_response(), out);
        }
    }

    fn fetch_from_topic(&self, request: &OffsetFetch) -> Vec<Topic<CommittedOffset>> {
        let partition = self.partition_of(&request.group);
        let leads = self.replica(OFFSETS_TOPIC, partition).is_some_and(super::Replica::is_leader);
        let known = self.groups.offsets.get(&partition);
        let find = |topic: &str, partition: i32| {
            if !self.cache.knows(topic, partition) {
                return no_offset(partition, ErrorCode::UNKNOWN_TOPIC_OR_PARTITION);
            }
            if !leads {
                return no_offset(partition, ErrorCode::NOT_COORDINATOR_FOR_CONSUMER);
            }
            let key = (request.group.clone(), topic.to_owned(), partition);
            match known.and_then(|known| known.get(&key)) {
                Some(Noted { offset, metadata }) => CommittedOffset {
                    partition,
                    offset: *offset,
                    metadata: metadata.clone(),
                    error: ErrorCode::NONE,
                },
                None => no_offset(partition, ErrorCode::NONE),
            }
        };
        let topic = |topic: &Topic<i32>| Topic {
            name: topic.name.clone(),
            partitions: topic.partitions.iter().map(|partition| find(&topic.name, *partition)).collect(),
        };
        request.topics.iter().map(topic).collect()
    }

    fn commit_to_topic(&mut self, exchange: ExchangeId, request: OffsetCommit, out: &mut Out) {
        let partition = self.partition_of(&request.group);
        let now = i64::try_from(self.now.as_millis()).unwrap_or(i64::MAX);
        let (mut set, mut noted, mut topics) = (Vec::new(), Vec::new(), Vec::new());
        for topic in request.topics {
            let mut partitions = Vec::new();
            for part in topic.partitions {
                let error = self.check_commit(&part);
                partitions.push(CommittedPart { partition: part.partition, error });
                let key = (request.group.clone(), topic.name.clone(), part.partition);
                let note = Noted { offset: part.offset, metadata: part.metadata };
                if error.is_none() {
                    let time = if part.timestamp == -1 { now } else { part.timestamp };
                    let (key_bytes, value) = (encode_key(&key), encode_value(&note, time));
                    put_message(&mut set, 0, Codec::None, Some(&key_bytes), Some(&value));
                }
                // With a note that is too long it is not written, but it is known, as long as the broker lives.
                noted.push((key, note));
            }
            topics.push(Topic { name: topic.name, partitions });
        }
        let answer = Response::OffsetCommit(topics);
        let part = ProducePart { partition, set: set.into() };
        let topics = vec![Topic::new(OFFSETS_TOPIC, vec![part])];
        let produce = Produce { acks: -1, timeout_ms: COMMIT_TIMEOUT_MS, topics };
        let pending = self.append_all(&produce, Some(answer), out);
        if self.replica(OFFSETS_TOPIC, partition).is_some_and(super::Replica::is_leader) {
            self.groups.offsets.entry(partition).or_default().extend(noted);
        }
        self.await_replicas(exchange, pending, COMMIT_TIMEOUT_MS, out);
    }

    /// This broker's part in a partition of the offsets topic has changed: if it leads, it reads what is there.
    pub(super) fn reload_groups(&mut self, partition: i32) {
        self.groups.offsets.remove(&partition);
        let Some(replica) = self.replica(OFFSETS_TOPIC, partition).filter(|replica| replica.is_leader())
        else {
            return;
        };
        let mut known = BTreeMap::new();
        let mut at = replica.log.start();
        while at < replica.log.end() {
            let Ok(set) = replica.log.read(at, i32::MAX, i64::MAX) else { break };
            let Ok(messages) = message_set::messages(set) else { break };
            let Some(last) = messages.last() else { break };
            at = last.offset + 1;
            for message in messages {
                let Some(key) = message.key.and_then(decode_key) else { continue };
                match message.value.and_then(decode_value) {
                    Some(note) => known.insert(key, note),
                    None => known.remove(&key),
                };
            }
        }
        self.groups.offsets.insert(partition, known);
    }
}

fn no_offset(partition: i32, error: ErrorCode) -> CommittedOffset {
    CommittedOffset { partition, offset: -1, metadata: Some(String::new()), error }
}

fn put_text(to: &mut Vec<u8>, text: &str) {
    // Group, topic and metadata came with 16-bit lengths themselves.
    to.put_u16(text.len() as u16);
    to.put_slice(text.as_bytes());
}

fn encode_key((group, topic, partition): &Key) -> Vec<u8> {
    let mut to = Vec::new();
    to.put_i16(0);
    put_text(&mut to, group);
    put_text(&mut to, topic);
    to.put_i32(*partition);
    to
}

fn encode_value(note: &Noted, time: i64) -> Vec<u8> {
    let mut to = Vec::new();
    to.put_i16(0);
    to.put_i64(note.offset);
    put_text(&mut to, note.metadata.as_deref().unwrap_or_default());
    to.put_i64(time);
    to
}

fn take_text(from: &mut Bytes) -> Option<String> {
    let len = from.try_get_u16().ok()?.into();
    (len <= from.len()).then(|| String::from_utf8(from.split_to(len).to_vec()).ok())?
}

fn decode_key(mut from: Bytes) -> Option<Key> {
    from.try_get_i16().ok().filter(|version| *version == 0)?;
    Some((take_text(&mut from)?, take_text(&mut from)?, from.try_get_i32().ok()?))
}

fn decode_value(mut from: Bytes) -> Option<Noted> {
    from.try_get_i16().ok().filter(|version| *version == 0)?;
    Some(Noted { offset: from.try_get_i64().ok()?, metadata: Some(take_text(&mut from)?) })
}
