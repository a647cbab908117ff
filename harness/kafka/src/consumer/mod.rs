//! The high-level ZooKeeper consumer of Kafka 0.8, with what Zipkin's collector sets: the live shell of the
//! consumer machine.

mod config;
mod handle;

pub use crate::model::io::Record;
pub use config::{ConsumerConfig, OffsetReset};
pub use handle::{Consumer, ConsumerError};
