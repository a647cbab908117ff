//! What an executor says to its agent, and what it hears.

use std::sync::Arc;

use super::framework::FrameworkInfo;
use super::master::AgentInfo;
use super::status::TaskStatus;
use super::task::{ExecutorInfo, KillPolicy, TaskInfo};
use crate::ids::{ContainerId, StatusUuid, TaskId};

/// What an executor says. Framework and executor id are filled in by the shell, which knows the container.
#[derive(Clone, Debug, PartialEq)]
#[allow(clippy::large_enum_variant)] // Nearly every call is an update.
pub enum ExecutorCall {
    /// Open the event stream. It has to come within a minute of the start.
    Subscribe,
    /// A task has a new state. The agent fills in what is absent: uuid, source, time, agent and executor id.
    Update(TaskStatus),
    /// Bytes for the scheduler.
    Message {
        /// The bytes.
        data: Vec<u8>,
    },
}

/// What an executor hears.
#[derive(Clone, Debug, PartialEq)]
pub enum ExecutorEvent {
    /// The stream is open; tasks follow.
    Subscribed {
        /// Itself.
        executor_info: Arc<ExecutorInfo>,
        /// Its framework.
        framework_info: Arc<FrameworkInfo>,
        /// Its agent.
        agent_info: Arc<AgentInfo>,
        /// Its container.
        container_id: ContainerId,
    },
    /// Run a task.
    Launch(Arc<TaskInfo>),
    /// Kill a task.
    Kill {
        /// Which.
        task_id: TaskId,
        /// How.
        kill_policy: Option<KillPolicy>,
    },
    /// The scheduler has an update.
    Acknowledged {
        /// The update's task.
        task_id: TaskId,
        /// The update's uuid.
        uuid: StatusUuid,
    },
    /// Bytes from the scheduler.
    Message {
        /// The bytes.
        data: Vec<u8>,
    },
    /// End; after 5 s the agent ends it.
    Shutdown,
    /// The agent refuses the executor, and closes the stream.
    Error {
        /// In its words.
        message: String,
    },
    /// Made by the shell: a call was answered with an error.
    Refused {
        /// HTTP status.
        status: u16,
        /// Body of the answer.
        text: String,
    },
}
