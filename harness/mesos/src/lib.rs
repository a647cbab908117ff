//! Mesos as machines: the messages of its v1 API, resource arithmetic, the master with its allocator, the agent,
//! and the HTTP and JSON faces of both. The behaviour is that of Mesos 1.11.
//!
//! A scheduler is a [`stacklab_machine::process::Program`] that hears [`SchedulerEvent`]s and says
//! [`SchedulerCall`]s; an executor one that hears [`ExecutorEvent`]s and says [`ExecutorCall`]s.
//!
//! Nothing here knows Marathon, the frameworks, or which program plays a command line.

mod agent;
mod ids;
mod master;
mod messages;
mod words;

pub mod http;
pub mod recordio;
pub mod resources;
pub mod v0;
pub mod v1;

pub use agent::{Agent, AgentConfig, AgentInput, AgentOutput, LiveTask, TaskEnd};
pub use ids::{
    AgentId, ConnectionId, ContainerId, ExecutorId, FrameworkId, LinkId, OfferId, StatusUuid, StreamId,
    TaskId,
};
pub use master::{Master, MasterConfig, MasterInput, MasterOutput, Reached};
pub use messages::{AgentToMaster, ContainerEvent, Exit, MasterToAgent, Reregistration, Signal, StartSpec};
pub use resources::{Attribute, AttributeValue, Ranges, Resource, Resources, Scalar};
pub use v1::{
    Capability, CommandInfo, ExecutorCall, ExecutorEvent, ExecutorInfo, FrameworkInfo, Offer, Reason,
    SchedulerCall, SchedulerEvent, Source, TaskInfo, TaskState, TaskStatus, Uri,
};
