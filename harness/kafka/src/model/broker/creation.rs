//! Topics made on demand.

use std::collections::BTreeSet;

use super::{Broker, Out, Then, log};
use crate::model::zk::{Answer, ZkFault, ZkReply};
use crate::model::{ErrorCode, OFFSETS_TOPIC, assignment, znodes};

/// The topics that are being made.
#[derive(Debug, Default)]
pub(super) struct Creations {
    topics: BTreeSet<String>,
}

/// What a call was for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Step {
    Brokers(String),
    Looked(String, bytes::Bytes),
    Configured(String, bytes::Bytes),
    Created(String),
}

impl Broker {
    pub(super) fn create_topic(&mut self, topic: &str) {
        if self.creations.topics.insert(topic.to_owned()) {
            let then = Then::Creation(Step::Brokers(topic.to_owned()));
            self.zk.children(znodes::BROKER_IDS, false, then);
        }
    }

    pub(super) fn creation_step(&mut self, step: Step, result: Answer, out: &mut Out) {
        match (step, result) {
            (Step::Brokers(topic), Ok(ZkReply::Children(names))) => {
                let mut brokers: Vec<i32> = names.iter().filter_map(|name| name.parse().ok()).collect();
                brokers.sort_unstable();
                match self.place(&topic, &brokers) {
                    Ok(data) => {
                        let path = znodes::topic_path(&topic);
                        self.zk.exists(&path, false, Then::Creation(Step::Looked(topic, data)));
                    }
                    Err(error) => {
                        log(out, || format!("Auto creation of topic {topic} failed: {error}"));
                        self.creation_done(&topic, Some(ErrorCode::UNKNOWN), out);
                    }
                }
            }
            (Step::Looked(topic, data), Err(ZkFault::NoNode)) => {
                let pairs: &[(&str, &str)] = if topic == OFFSETS_TOPIC {
                    &[("segment.bytes", "104857600"), ("cleanup.policy", "compact")]
                } else {
                    &[]
                };
                let path = znodes::topic_config_path(&topic);
                let then = Then::Creation(Step::Configured(topic, data));
                self.zk.upsert(&path, znodes::topic_config(pairs), then);
            }
            (Step::Configured(topic, data), Ok(_) | Err(ZkFault::NodeExists)) => {
                let path = znodes::topic_path(&topic);
                self.zk.create_deep(&path, Some(data), false, Then::Creation(Step::Created(topic)));
            }
            (Step::Created(topic), Ok(_)) => {
                log(out, || format!("Auto creation of topic {topic} is successful!"));
                self.creation_done(&topic, None, out);
            }
            // Somebody else was quicker, which is as good.
            (Step::Looked(topic, _), Ok(_)) | (Step::Created(topic), Err(ZkFault::NodeExists)) => {
                self.creation_done(&topic, None, out);
            }
            (
                Step::Brokers(topic)
                | Step::Looked(topic, _)
                | Step::Configured(topic, _)
                | Step::Created(topic),
                result,
            ) => {
                log(out, || format!("Auto creation of topic {topic} failed: {result:?}"));
                self.creation_done(&topic, Some(ErrorCode::UNKNOWN), out);
            }
        }
    }

    /// Draws the replicas of a topic and writes its document.
    fn place(&mut self, topic: &str, brokers: &[i32]) -> Result<bytes::Bytes, assignment::AssignmentError> {
        let count = brokers.len() as u64;
        let (partitions, replicas) = if topic == OFFSETS_TOPIC {
            let most = u32::try_from(count).unwrap_or(u32::MAX).max(1);
            (self.config.offsets_partitions, self.config.offsets_replication_factor.min(most))
        } else {
            (self.config.num_partitions, self.config.default_replication_factor)
        };
        let (start, shift) = (self.rng.below(count) as usize, self.rng.below(count) as usize);
        let assignment = assignment::replicas_to_brokers(brokers, partitions, replicas, start, shift)?;
        Ok(znodes::topic(&assignment))
    }

    fn creation_done(&mut self, topic: &str, error: Option<ErrorCode>, out: &mut Out) {
        self.creations.topics.remove(topic);
        self.topic_made(topic, error, out);
    }

    /// The session that was to make them is gone.
    pub(super) fn abandon_creations(&mut self, out: &mut Out) {
        for topic in std::mem::take(&mut self.creations.topics) {
            self.topic_made(&topic, None, out);
        }
    }
}
