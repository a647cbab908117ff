//! The wire format of Kafka 0.8.2: bytes to requests and responses, and back. No sockets.
//!
//! A frame is an `i32` length and so many bytes; a length of 0, a negative one, or one above the limit closes the
//! connection, and so does everything that cannot be read.

mod refusal;
mod request;
mod response;
mod types;
mod wire;

#[cfg(test)]
mod tests;

pub use request::{
    ApiKey, Fetch, Header, Heartbeat, JoinGroup, LeaderAndIsr, OffsetCommit, OffsetFetch, Offsets, Produce,
    Request, StopReplica, UpdateMetadata,
};
pub use response::{Acknowledged, Metadata, Remaining, Response};
pub use types::{
    CommitPart, CommittedOffset, CommittedPart, FetchPart, FetchedPart, FoundOffsets, LeaderState, Node,
    OffsetsPart, PartitionMetadata, ProducePart, ProducedPart, Topic, TopicAndError, TopicAndPartition,
    TopicMetadata,
};
pub use wire::DecodeError;

/// Reads a frame's length; `None` if the connection is to be closed for it.
pub fn frame_len(bytes: [u8; 4], limit: usize) -> Option<usize> {
    usize::try_from(i32::from_be_bytes(bytes)).ok().filter(|len| (1..=limit).contains(len))
}
