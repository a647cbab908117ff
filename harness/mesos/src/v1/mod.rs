//! The messages of the v1 API, as Rust types. Serde turns them into exactly the JSON that Mesos 1.11 writes.
//!
//! Parts that nothing here looks into (container, health check, discovery) stay JSON values.

mod executor;
mod framework;
pub(crate) mod json;
mod master;
mod names;
mod offer;
mod scheduler;
mod status;
mod task;

pub use executor::{ExecutorCall, ExecutorEvent};
pub use framework::{FrameworkInfo, Label, Labels};
pub use master::{Address, AgentInfo, MasterInfo};
pub use names::{Capability, Reason, Source, TaskState};
pub use offer::Offer;
pub use scheduler::{SchedulerCall, SchedulerEvent};
pub use status::{ContainerStatus, TaskStatus};
pub use task::{CommandInfo, Environment, ExecutorInfo, KillPolicy, Nanoseconds, TaskInfo, Uri, Variable};
