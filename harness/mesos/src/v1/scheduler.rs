//! What a scheduler says to the master, and what it hears.

use std::sync::Arc;
use std::time::Duration;

use super::framework::FrameworkInfo;
use super::master::MasterInfo;
use super::offer::Offer;
use super::status::TaskStatus;
use super::task::{KillPolicy, TaskInfo};
use crate::ids::{AgentId, ExecutorId, FrameworkId, OfferId, StatusUuid, TaskId};

/// What a scheduler says.
///
/// The framework id is not part of a call: the shell fills in the one of the last
/// [`SchedulerEvent::Subscribed`], together with the stream id. A scheduler that comes back puts its id into
/// [`FrameworkInfo::id`] of its Subscribe.
#[derive(Clone, Debug, PartialEq)]
pub enum SchedulerCall {
    /// Open the event stream.
    Subscribe {
        /// Who is there.
        info: Box<FrameworkInfo>,
        /// Roles in which it wants no offers yet.
        suppressed_roles: Vec<String>,
    },
    /// Leave for good: all tasks are killed, the id is refused from then on.
    Teardown,
    /// Launch tasks on offers of one agent; without tasks it is a decline.
    Accept {
        /// The offers; used up whatever comes of it.
        offer_ids: Vec<OfferId>,
        /// The tasks, in order.
        tasks: Vec<TaskInfo>,
        /// For how long the rest is not offered again; 5 s if absent.
        refuse_seconds: Option<f64>,
    },
    /// Give offers back. Unknown ones are ignored.
    Decline {
        /// The offers.
        offer_ids: Vec<OfferId>,
        /// For how long they are not offered again; 5 s if absent.
        refuse_seconds: Option<f64>,
    },
    /// Clear filters and suppression.
    Revive {
        /// In these roles; all if empty.
        roles: Vec<String>,
    },
    /// No more offers until Revive.
    Suppress {
        /// In these roles; all if empty.
        roles: Vec<String>,
    },
    /// Kill a task.
    Kill {
        /// Which.
        task_id: TaskId,
        /// Where; a wrong one makes the master ignore the call.
        agent_id: Option<AgentId>,
        /// How, instead of the task's own policy.
        kill_policy: Option<KillPolicy>,
    },
    /// Shut an executor down.
    Shutdown {
        /// Which.
        executor_id: ExecutorId,
        /// Where.
        agent_id: AgentId,
    },
    /// An update has arrived. Every update with a `uuid` needs one.
    Acknowledge {
        /// The update's agent.
        agent_id: AgentId,
        /// The update's task.
        task_id: TaskId,
        /// The update's uuid.
        uuid: StatusUuid,
    },
    /// Tell me the state of these tasks; of all if empty.
    Reconcile {
        /// Tasks, with their agents where known.
        tasks: Vec<(TaskId, Option<AgentId>)>,
    },
    /// Hand bytes to an executor, if it is there.
    Message {
        /// Where.
        agent_id: AgentId,
        /// To whom.
        executor_id: ExecutorId,
        /// What.
        data: Vec<u8>,
    },
    /// Ask for resources; without effect, as with Mesos' own allocator.
    Request,
}

/// What a scheduler hears.
#[derive(Clone, Debug, PartialEq)]
pub enum SchedulerEvent {
    /// The stream is open.
    Subscribed {
        /// Its id, now and in future.
        framework_id: FrameworkId,
        /// How often [`Heartbeat`](Self::Heartbeat) comes: 15 s.
        heartbeat_interval: Duration,
        /// The master.
        master: Arc<MasterInfo>,
    },
    /// New offers.
    Offers(Vec<Offer>),
    /// An offer is no longer valid.
    Rescind(OfferId),
    /// A task has a new state.
    Update(TaskStatus),
    /// Bytes from an executor.
    Message {
        /// Where.
        agent_id: AgentId,
        /// From whom.
        executor_id: ExecutorId,
        /// What.
        data: Vec<u8>,
    },
    /// An agent is lost, or, if `executor_id` is there, an executor ended.
    Failure {
        /// The agent.
        agent_id: Option<AgentId>,
        /// The executor.
        executor_id: Option<ExecutorId>,
        /// Its wait status.
        status: Option<i32>,
    },
    /// The master refuses the framework, and closes the stream.
    Error {
        /// In its words.
        message: String,
    },
    /// The master is still there.
    Heartbeat,
    /// Made by the shell: the stream ended, or never opened.
    Disconnected {
        /// What was seen.
        why: String,
    },
    /// Made by the shell: a call was answered with an error.
    Refused {
        /// HTTP status.
        status: u16,
        /// Body of the answer.
        text: String,
    },
}
