//! Zipkin-Mesos 0.1: collectors, query services and web UIs, each a process that its executor starts and watches.

mod api;
mod component;
mod executor;
mod instance;
mod offers;
mod options;
mod scheduler;
mod stickiness;

pub use component::Component;
pub use executor::ZipkinExecutor;
pub use scheduler::ZipkinScheduler;

/// Main class of the executor, as it stands in the command of an executor.
pub const EXECUTOR_CLASS: &str = "net.elodina.mesos.zipkin.Executor";

#[cfg(test)]
mod api_tests;
#[cfg(test)]
mod offer_tests;
