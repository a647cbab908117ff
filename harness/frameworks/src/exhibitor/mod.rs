//! Exhibitor-Mesos 0.1: ZooKeeper servers, each under an Exhibitor that the executor runs.
//!
//! The scheduler keeps a list of servers and tells each new Exhibitor about itself; Exhibitor keeps its shared
//! configuration in the platform's ZooKeeper and starts the ensemble's own servers from it.

mod api;
mod config;
mod ensemble;
mod executor;
mod keys;
mod offers;
mod options;
mod scheduler;
mod server;
mod shared;
mod spec;
mod stand_in;
mod status;
mod view;

pub use executor::ExhibitorExecutor;
pub use scheduler::ExhibitorScheduler;

/// Main class of the executor, as it stands in the command of an executor.
pub const EXECUTOR_CLASS: &str = "ly.stealth.mesos.exhibitor.Executor";

#[cfg(test)]
mod executor_tests;
#[cfg(test)]
mod race_tests;
#[cfg(test)]
mod scenario_tests;
#[cfg(test)]
mod scheduler_tests;
#[cfg(test)]
mod world;
