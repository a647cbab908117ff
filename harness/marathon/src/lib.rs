//! Marathon 0.15 as a machine: apps, tasks, health checks, the launch queue and deployments, behind its HTTP API.
//!
//! [`Marathon`] is a framework of Mesos and a program like any other: it hears [`SchedulerEvent`]s and HTTP requests, and
//! says [`SchedulerCall`]s and responses. Its state lives in memory only; it knows nothing of Stack Deploy.
//!
//! [`SchedulerEvent`]: stacklab_mesos::SchedulerEvent
//! [`SchedulerCall`]: stacklab_mesos::SchedulerCall

mod api;
mod app;
mod backoff;
mod config;
mod deployment;
mod launch;
mod machine;
mod task;
#[cfg(test)]
mod testing;

pub use config::MarathonConfig;
pub use machine::Marathon;
