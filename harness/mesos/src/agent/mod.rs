//! The agent: containers, executors, and the updates of its tasks.
//!
//! The executor that Mesos supplies for command tasks is folded in: an agent speaks for it.

mod config;
mod container;
mod faults;
mod launch;
mod lifecycle;
mod machine;
mod memory;
mod updates;

pub use config::{AgentConfig, AgentInput, AgentOutput};
pub use faults::{LiveTask, TaskEnd};
pub use machine::Agent;
