//! What a Kafka 0.8.2 broker and its high-level consumer are, without sockets, clocks and threads: everything
//! here is told the time, and says what is to be done.
//!
//! The wire format is [`crate::codec`]'s business; ZooKeeper is seen through the few operations of [`zk`].

pub mod assignment;
pub mod bridge;
pub mod broker;
mod error_code;
mod names;

pub mod compression;
pub mod consumer;
pub mod controller;
pub mod io;
pub mod log;
pub mod message;
pub mod message_set;
pub mod zk;
pub mod znodes;

pub use error_code::ErrorCode;
pub use names::{Endpoint, OFFSETS_TOPIC, TopicPartition, is_legal_topic};
