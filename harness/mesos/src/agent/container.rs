//! Containers: one for each command task, one for each custom executor.

use std::collections::BTreeMap;
use std::sync::Arc;

use stacklab_machine::Time;

use crate::ids::{ContainerId, ExecutorId, FrameworkId, TaskId};
use crate::v1::{ContainerStatus, ExecutorInfo, Reason, TaskInfo, TaskState};

/// How far a container is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// Its artifacts are being fetched.
    Fetching,
    /// The shell was asked to start it.
    Starting,
    /// It runs. A custom executor has not subscribed yet.
    Started,
    /// A custom executor that has subscribed.
    Subscribed,
}

/// A task in a container.
#[derive(Debug)]
pub(super) struct AgentTask {
    pub(super) info: Arc<TaskInfo>,
    pub(super) state: TaskState,
    /// Whether the executor has it.
    pub(super) delivered: bool,
}

/// A container.
#[derive(Debug)]
pub(super) struct Container {
    pub(super) id: ContainerId,
    pub(super) framework_id: FrameworkId,
    pub(super) executor_id: ExecutorId,
    /// `None`: a command task.
    pub(super) executor: Option<Arc<ExecutorInfo>>,
    pub(super) phase: Phase,
    pub(super) status: Arc<ContainerStatus>,
    pub(super) tasks: BTreeMap<TaskId, AgentTask>,
    /// Tasks that wait for the executor, in order.
    pub(super) queued: Vec<TaskId>,
    /// When it must have subscribed (a command task: run).
    pub(super) register_by: Option<Time>,
    /// Somebody asked for its end.
    pub(super) ending: bool,
    /// When it is ended by force.
    pub(super) force_at: Option<Time>,
    /// Why it ends, if that is known before it does.
    pub(super) cause: Option<(Reason, String)>,
}

impl Container {
    /// Tasks that have not ended, in order of their ids.
    pub(super) fn live_tasks(&self) -> Vec<TaskId> {
        let live = self.tasks.iter().filter(|(_, task)| !task.state.is_terminal());
        live.map(|(id, _)| id.clone()).collect()
    }

    /// A task to name in the timeline.
    pub(super) fn any_task(&self) -> String {
        self.tasks.keys().next().map(ToString::to_string).unwrap_or_default()
    }

    /// When it wants the agent to act.
    pub(super) fn wake_at(&self) -> Option<Time> {
        stacklab_machine::earliest(self.register_by, self.force_at)
    }
}
