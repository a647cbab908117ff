//! The master: frameworks, agents, offers, tasks.

mod config;

pub use config::{MasterConfig, MasterInput, MasterOutput};
