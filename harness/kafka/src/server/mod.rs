//! A broker on a socket of its own: the live shell of the broker machine.

mod handle;

pub use handle::{Broker, BrokerHandle, Exit, LogSink, PartitionOffsets, StartError};
