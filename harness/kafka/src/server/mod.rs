//! A broker on a socket of its own: the live shell of the broker machine.

mod connections;
mod handle;

pub use crate::model::broker::PartitionOffsets;
pub use handle::{Broker, BrokerHandle, Exit, LogSink, StartError};
