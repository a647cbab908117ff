//! Responses, all in the layouts of 0.8.2.

use bytes::Bytes;

use super::request::ApiKey;
use super::types::{
    CommittedOffset, CommittedPart, FetchedPart, FoundOffsets, Node, ProducedPart, Topic, TopicAndError,
    TopicAndPartition, TopicMetadata,
};
use super::wire::{DecodeError, Wire, layout};
use crate::model::{Endpoint, ErrorCode};

layout! {
    /// Who there is, and who leads what.
    pub Metadata {
        /// The brokers that live, as far as this one was told.
        brokers: Vec<Node>,
        /// The topics.
        topics: Vec<TopicMetadata>,
    }
}

layout! {
    /// What a broker made of the controller's word.
    pub Acknowledged {
        /// Error of the whole.
        error: ErrorCode,
        /// The partitions.
        partitions: Vec<TopicAndError>,
    }
}

layout! {
    /// What a broker that wants to go still leads.
    pub Remaining {
        /// Error.
        error: ErrorCode,
        /// Partitions that nobody else can lead.
        partitions: Vec<TopicAndPartition>,
    }
}

/// A response without its header.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs)] // Each variant's content says it.
pub enum Response {
    Produce(Vec<Topic<ProducedPart>>),
    Fetch(Vec<Topic<FetchedPart>>),
    Offsets(Vec<Topic<FoundOffsets>>),
    /// With so many zero bytes behind it. They make librdkafka 2.2 and later reserve enough memory to read it,
    /// and nobody looks at them.
    Metadata {
        metadata: Metadata,
        padding: usize,
    },
    LeaderAndIsr(Acknowledged),
    StopReplica(Acknowledged),
    UpdateMetadata(ErrorCode),
    ControlledShutdown(Remaining),
    OffsetCommit(Vec<Topic<CommittedPart>>),
    OffsetFetch(Vec<Topic<CommittedOffset>>),
    ConsumerMetadata {
        error: ErrorCode,
        coordinator: Option<Node>,
    },
    /// Error −1, generation −1, and nothing.
    JoinGroup,
    /// Error −1.
    Heartbeat,
}

impl Response {
    /// The bytes of a frame, without its length.
    pub fn encode(&self, correlation: i32) -> Vec<u8> {
        let mut to = Vec::new();
        correlation.put(&mut to);
        match self {
            Self::Produce(topics) => topics.put(&mut to),
            Self::Fetch(topics) => topics.put(&mut to),
            Self::Offsets(topics) => topics.put(&mut to),
            Self::Metadata { metadata, padding } => {
                metadata.put(&mut to);
                to.resize(to.len() + padding, 0);
            }
            Self::LeaderAndIsr(answer) | Self::StopReplica(answer) => answer.put(&mut to),
            Self::UpdateMetadata(error) => error.put(&mut to),
            Self::ControlledShutdown(answer) => answer.put(&mut to),
            Self::OffsetCommit(topics) => topics.put(&mut to),
            Self::OffsetFetch(topics) => topics.put(&mut to),
            Self::ConsumerMetadata { error, coordinator } => {
                error.put(&mut to);
                let nobody = || Node { id: -1, endpoint: Endpoint { host: String::new(), port: -1 } };
                coordinator.clone().unwrap_or_else(nobody).put(&mut to);
            }
            Self::JoinGroup => {
                ErrorCode::UNKNOWN.put(&mut to);
                (-1_i32).put(&mut to);
                // No member id, and no partitions.
                to.resize(to.len() + 6, 0);
            }
            Self::Heartbeat => ErrorCode::UNKNOWN.put(&mut to),
        }
        to
    }

    /// Reads a frame without its length: the answer to a request of this kind.
    pub fn decode(key: ApiKey, frame: Bytes) -> Result<(i32, Self), DecodeError> {
        let mut from = frame;
        let correlation = i32::get(&mut from)?;
        let from = &mut from;
        let response = match key {
            ApiKey::Produce => Self::Produce(Wire::get(from)?),
            ApiKey::Fetch => Self::Fetch(Wire::get(from)?),
            ApiKey::Offsets => Self::Offsets(Wire::get(from)?),
            ApiKey::Metadata => {
                let metadata = Wire::get(from)?;
                Self::Metadata { metadata, padding: from.len() }
            }
            ApiKey::LeaderAndIsr => Self::LeaderAndIsr(Wire::get(from)?),
            ApiKey::StopReplica => Self::StopReplica(Wire::get(from)?),
            ApiKey::UpdateMetadata => Self::UpdateMetadata(Wire::get(from)?),
            ApiKey::ControlledShutdown => Self::ControlledShutdown(Wire::get(from)?),
            ApiKey::OffsetCommit => Self::OffsetCommit(Wire::get(from)?),
            ApiKey::OffsetFetch => Self::OffsetFetch(Wire::get(from)?),
            ApiKey::ConsumerMetadata => {
                let (error, node): (ErrorCode, Node) = (Wire::get(from)?, Wire::get(from)?);
                Self::ConsumerMetadata { error, coordinator: (node.id >= 0).then_some(node) }
            }
            ApiKey::JoinGroup => Self::JoinGroup,
            ApiKey::Heartbeat => Self::Heartbeat,
        };
        Ok((correlation, response))
    }
}
