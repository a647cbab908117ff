//! Kafka-Mesos 0.9.2.0: a scheduler that keeps Kafka 0.8 brokers running, and the executor that is one of
//! them.

mod broker;
mod broker_api;
mod cluster;
mod executor;
mod failover;
mod launch;
mod offers;
mod options;
mod scheduler;
mod topic;
mod topic_call;

pub(crate) mod api;
pub(crate) mod document;
pub(crate) mod params;
pub(crate) mod stickiness;

pub use broker::{Broker, Task, TaskState};
pub use cluster::Cluster;
pub use document::Fault;
pub use executor::BrokerWork;
pub use failover::Failover;
pub use scheduler::{KafkaMesos, Wait};
pub use stickiness::Stickiness;

/// Main class of the executor, as it stands in the command of an executor.
pub const EXECUTOR_CLASS: &str = "ly.stealth.mesos.kafka.Executor";

#[cfg(test)]
mod executor_tests;
#[cfg(test)]
pub(crate) mod rig;
#[cfg(test)]
mod scheduler_tests;
