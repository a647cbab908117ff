//! The parts that requests and responses are made of, each with its layout.

use bytes::Bytes;

use super::wire::{DecodeError, Wire, layout};
use crate::model::{Endpoint, ErrorCode};

/// A topic with something for each of its partitions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Topic<T> {
    /// Name.
    pub name: String,
    /// Its partitions, in the order of the wire.
    pub partitions: Vec<T>,
}

impl<T> Topic<T> {
    /// Puts the two together.
    pub fn new(name: &str, partitions: Vec<T>) -> Self {
        Self { name: name.to_owned(), partitions }
    }
}

impl<T: Wire> Wire for Topic<T> {
    fn get(from: &mut Bytes) -> Result<Self, DecodeError> {
        Ok(Self { name: Wire::get(from)?, partitions: Wire::get(from)? })
    }

    fn put(&self, to: &mut Vec<u8>) {
        self.name.put(to);
        self.partitions.put(to);
    }
}

impl Wire for ErrorCode {
    fn get(from: &mut Bytes) -> Result<Self, DecodeError> {
        i16::get(from).map(Self)
    }

    fn put(&self, to: &mut Vec<u8>) {
        self.0.put(to);
    }
}

impl Wire for Endpoint {
    fn get(from: &mut Bytes) -> Result<Self, DecodeError> {
        Ok(Self { host: Wire::get(from)?, port: Wire::get(from)? })
    }

    fn put(&self, to: &mut Vec<u8>) {
        self.host.put(to);
        self.port.put(to);
    }
}

layout! {
    /// A broker's id and address.
    pub Node {
        /// Broker id.
        id: i32,
        /// Where it is reached.
        endpoint: Endpoint,
    }
}

layout! {
    /// What is to be appended to one partition.
    pub ProducePart {
        /// Partition.
        partition: i32,
        /// Message set.
        set: Bytes,
    }
}

layout! {
    /// Where an append came to lie.
    pub ProducedPart {
        /// Partition.
        partition: i32,
        /// Error.
        error: ErrorCode,
        /// Offset of the first message; −1 with an error.
        base_offset: i64,
    }
}

layout! {
    /// What is wanted of one partition.
    pub FetchPart {
        /// Partition.
        partition: i32,
        /// From which offset on.
        offset: i64,
        /// So many bytes at most.
        max_bytes: i32,
    }
}

layout! {
    /// What there is of one partition.
    pub FetchedPart {
        /// Partition.
        partition: i32,
        /// Error.
        error: ErrorCode,
        /// Offset up to which consumers may read; −1 with an error.
        high_watermark: i64,
        /// Message set, the last message of which may be cut off.
        set: Bytes,
    }
}

layout! {
    /// Which offsets are asked for.
    pub OffsetsPart {
        /// Partition.
        partition: i32,
        /// Milliseconds since the epoch; −1 the end, −2 the start.
        time: i64,
        /// So many at most.
        max_offsets: i32,
    }
}

layout! {
    /// The offsets found.
    pub FoundOffsets {
        /// Partition.
        partition: i32,
        /// Error.
        error: ErrorCode,
        /// Offsets, newest first.
        offsets: Vec<i64>,
    }
}

layout! {
    /// What Metadata says of one partition.
    pub PartitionMetadata {
        /// Error; 9 beside a valid leader is as good as 0.
        error: ErrorCode,
        /// Partition.
        partition: i32,
        /// Leader, −1 for none.
        leader: i32,
        /// Replicas that live.
        replicas: Vec<i32>,
        /// Replicas in sync that live.
        isr: Vec<i32>,
    }
}

layout! {
    /// What Metadata says of one topic.
    pub TopicMetadata {
        /// Error.
        error: ErrorCode,
        /// Topic.
        topic: String,
        /// Its partitions; none while it is being created.
        partitions: Vec<PartitionMetadata>,
    }
}

layout! {
    /// What the controller says of one partition.
    pub LeaderState {
        /// Topic.
        topic: String,
        /// Partition.
        partition: i32,
        /// Epoch of the controller that made this state.
        controller_epoch: i32,
        /// Leader; −1 for none, −2 while its topic is being deleted.
        leader: i32,
        /// Epoch of the leader.
        leader_epoch: i32,
        /// Replicas in sync.
        isr: Vec<i32>,
        /// Version of the state's node in ZooKeeper.
        zk_version: i32,
        /// All replicas.
        replicas: Vec<i32>,
    }
}

layout! {
    /// A partition named by itself.
    pub TopicAndPartition {
        /// Topic.
        topic: String,
        /// Partition.
        partition: i32,
    }
}

layout! {
    /// A partition named by itself, with an error.
    pub TopicAndError {
        /// Topic.
        topic: String,
        /// Partition.
        partition: i32,
        /// Error.
        error: ErrorCode,
    }
}

layout! {
    /// Whether an offset was committed.
    pub CommittedPart {
        /// Partition.
        partition: i32,
        /// Error.
        error: ErrorCode,
    }
}

layout! {
    /// A committed offset.
    pub CommittedOffset {
        /// Partition.
        partition: i32,
        /// Offset; −1 for none.
        offset: i64,
        /// What the group noted beside it.
        metadata: Option<String>,
        /// Error.
        error: ErrorCode,
    }
}

/// An offset to be committed. Its layout depends on the version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommitPart {
    /// Partition.
    pub partition: i32,
    /// The next offset to be read.
    pub offset: i64,
    /// When, in ms; −1 for now. Version 1 only.
    pub timestamp: i64,
    /// What the group notes beside it.
    pub metadata: Option<String>,
}
