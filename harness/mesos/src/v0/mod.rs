//! The protocol of schedulers before the v1 API: protobuf messages that libprocess posts from process to process.
//! Drivers such as mesos-go v0 speak it. It is a codec and nothing more: behind it is the master that the v1 API has.
//!
//! Field numbers are those of Mesos 0.28, which 1.11 still takes. Left out: authentication, inverse offers, and a
//! task's health check and discovery information.

mod calls;
mod container;
mod events;
mod messages;
mod names;
mod pid;
mod read;
mod scheduler_call;
mod transport;
mod wire;
mod write;

pub use calls::{DriverCall, Dropped};
pub use events::DriverEvent;
pub use pid::Pid;
pub use read::Missing;
pub use transport::{post, sender};
pub(crate) use write::agent_pid;

#[cfg(test)]
mod scheduler_call_tests;
#[cfg(test)]
mod tests;
