//! Kafka 0.8.2.2, as far as a client, a consumer or another broker can tell.
//!
//! - [`model`]: what a broker is, without sockets and clocks: message sets, partition logs, the documents in
//!   ZooKeeper, the controller, and the whole broker and the high-level consumer as machines.
//! - [`codec`]: the wire format of the requests and responses.
//! - [`server`]: a broker on a socket of its own, under a ZooKeeper.
//! - [`client`]: a small client for one broker, ours or the original.
//! - [`consumer`]: the high-level ZooKeeper consumer of 0.8, as Zipkin's collector uses it.

pub mod client;
pub mod codec;
pub mod config;
pub mod consumer;
pub mod model;
pub mod server;
mod shell;

pub use config::{BrokerConfig, ConfigError};
pub use consumer::{Consumer, ConsumerConfig, ConsumerError, OffsetReset, Record};
pub use server::{Broker, BrokerHandle, Exit, LogSink, PartitionOffsets, StartError};
