//! DSE-Mesos 0.2.0.0: a scheduler that keeps Cassandra nodes running, and the executor that is one of them.

mod api;
mod cluster;
mod executor;
mod launch;
mod node;
mod offers;
mod options;
mod ports;
mod scheduler;

pub use cluster::{DEFAULT, Nodes, Ring};
pub use executor::NodeWork;
pub use node::{Node, Runtime, State};
pub use ports::{Port, Reservation};
pub use scheduler::{DseMesos, Wait};

/// Main class of the executor, as it stands in the command of an executor.
pub const EXECUTOR_CLASS: &str = "net.elodina.mesos.dse.Executor";

#[cfg(test)]
mod executor_tests;
#[cfg(test)]
mod scheduler_tests;
