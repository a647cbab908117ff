//! Traces through the deployed stack: what is sent, how it is sent, and how it is found again. The clients are the
//! ones that users have: librdkafka, plain HTTP, the scylla driver.

mod kafka;
mod readback;
mod workload;

pub use kafka::{Brokers, KafkaError, Metadata, Partition};
pub use readback::{ReadBack, read_back, wait_for_produced};
pub use workload::{Workload, WorkloadError, workload};
