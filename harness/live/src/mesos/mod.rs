//! Mesos on sockets: the master behind its HTTP port, agents that start programs, and the schedulers' way to a
//! master.

mod agent;
mod command;
mod container;
mod control;
mod drivers;
mod fetch;
mod image;
mod master;
mod master_faults;
mod master_link;
mod scheduler;

pub use agent::{AgentHost, AgentPlace};
pub use command::Commands;
pub use control::{AgentHandle, AgentView};
pub use fetch::Artifacts;
pub use master::{MasterHandle, MasterHost};
pub use master_faults::NoFramework;
pub use scheduler::SchedulerLink;
