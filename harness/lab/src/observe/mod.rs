//! Looks at a deployed stack as a person would: over HTTP, with a ZooKeeper client, with librdkafka, with a CQL
//! driver. What was seen goes into the timeline; the snapshot is made from there.

mod cql;
mod http;
mod look;
mod zookeeper;

pub use cql::{Cql, CqlError};
pub use look::{Subjects, look};
pub use zookeeper::ZkView;
