//! The answer to a request of which nothing was done, with one error for all of it.

use bytes::Bytes;

use super::request::Request;
use super::response::{Acknowledged, Metadata, Remaining, Response};
use super::types::{
    CommittedOffset, CommittedPart, FetchedPart, FoundOffsets, ProducedPart, Topic, TopicMetadata,
};
use crate::model::ErrorCode;

impl Request {
    /// Whether an answer is expected: to all but what is appended without acknowledgement.
    pub fn is_answered(&self) -> bool {
        !matches!(self, Self::Produce(produce) if produce.acks == 0)
    }

    /// What a broker answers that does nothing of it.
    pub fn refused(&self, error: ErrorCode) -> Response {
        match self {
            Self::Produce(produce) => Response::Produce(each(&produce.topics, |part| ProducedPart {
                partition: part.partition,
                error,
                base_offset: -1,
            })),
            Self::Fetch(fetch) => Response::Fetch(each(&fetch.topics, |part| FetchedPart {
                partition: part.partition,
                error,
                high_watermark: -1,
                set: Bytes::new(),
            })),
            Self::Offsets(offsets) => Response::Offsets(each(&offsets.topics, |part| FoundOffsets {
                partition: part.partition,
                error,
                offsets: Vec::new(),
            })),
            Self::Metadata(topics) => {
                let of =
                    |topic: &String| TopicMetadata { error, topic: topic.clone(), partitions: Vec::new() };
                let topics = topics.iter().map(of).collect();
                Response::Metadata { metadata: Metadata { brokers: Vec::new(), topics }, padding: 0 }
            }
            Self::LeaderAndIsr(_) => Response::LeaderAndIsr(Acknowledged { error, partitions: Vec::new() }),
            Self::StopReplica(_) => Response::StopReplica(Acknowledged { error, partitions: Vec::new() }),
            Self::UpdateMetadata(_) => Response::UpdateMetadata(error),
            Self::ControlledShutdown(_) => {
                Response::ControlledShutdown(Remaining { error, partitions: Vec::new() })
            }
            Self::OffsetCommit(commit) => Response::OffsetCommit(each(&commit.topics, |part| {
                CommittedPart { partition: part.partition, error }
            })),
            Self::OffsetFetch(fetch) => Response::OffsetFetch(each(&fetch.topics, |partition| {
                CommittedOffset { partition: *partition, offset: -1, metadata: Some(String::new()), error }
            })),
            Self::ConsumerMetadata(_) => Response::ConsumerMetadata { error, coordinator: None },
            Self::JoinGroup(_) => Response::JoinGroup,
            Self::Heartbeat(_) => Response::Heartbeat,
        }
    }
}

fn each<T, U>(topics: &[Topic<T>], of: impl Fn(&T) -> U) -> Vec<Topic<U>> {
    let one = |topic: &Topic<T>| Topic {
        name: topic.name.clone(),
        partitions: topic.partitions.iter().map(&of).collect(),
    };
    topics.iter().map(one).collect()
}
