//! Mesos on sockets: the master behind its HTTP port, agents that start programs, and the schedulers' way to a
//! master.

mod agent;
mod command;
mod container;
mod drivers;
mod fetch;
mod image;
mod master;
mod scheduler;

pub use agent::{AgentHost, AgentPlace};
pub use command::Commands;
pub use fetch::Artifacts;
pub use master::{MasterHandle, MasterHost};
pub use scheduler::SchedulerLink;
