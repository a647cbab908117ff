//! The agent: containers, executors, and the updates of its tasks.

mod config;

pub use config::{AgentConfig, AgentInput, AgentOutput};
