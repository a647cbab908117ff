//! The master: frameworks, agents, offers, tasks.
//!
//! It is always elected and recovered; another one after it is a new value with a new id.

mod agents;
mod allocator;
mod calls;
mod config;
mod drivers;
mod faults;
mod frameworks;
mod machine;
mod offers;
mod share;
pub(crate) mod state;
mod subscribe;
mod tasks;
mod validation;

pub use config::{MasterConfig, MasterInput, MasterOutput};
pub use faults::Reached;
pub use machine::Master;
