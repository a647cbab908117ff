//! Ends that nothing on the agent brings about: what a test or a plan of faults asks for.

use stacklab_machine::{Outbox, Time};

use super::AgentOutput;
use super::machine::Agent;
use crate::ids::{ContainerId, FrameworkId, TaskId};
use crate::v1::{Reason, Source, TaskState, TaskStatus};

/// How a task is to end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TaskEnd {
    /// TASK_FAILED, with this message or that of a program that exits with 1.
    Failed(Option<String>),
    /// TASK_LOST, from the agent.
    Lost,
}

/// A task of an agent that has not ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LiveTask {
    /// Its id.
    pub task_id: TaskId,
    /// Its name.
    pub name: String,
    /// Its framework.
    pub framework_id: FrameworkId,
    /// The container it is in, perhaps with others.
    pub container: ContainerId,
}

impl Agent {
    /// The tasks that have not ended, in order of their containers.
    pub fn live_tasks(&self) -> Vec<LiveTask> {
        let mut found = Vec::new();
        for container in self.containers.values() {
            for (task_id, task) in container.tasks.iter().filter(|(_, task)| !task.state.is_terminal()) {
                let (task_id, framework_id) = (task_id.clone(), container.framework_id.clone());
                let (name, container) = (task.info.name.clone(), container.id.clone());
                found.push(LiveTask { task_id, name, framework_id, container });
            }
        }
        found
    }

    /// An agent of the same kind in the place of this one, as on a machine whose disk is empty: it has no id and runs
    /// nothing. The random numbers go on, so that no id comes twice.
    #[must_use]
    pub fn without_memory(&self) -> Self {
        let mut config = self.config.clone();
        config.rng = self.rng.clone();
        Self::new(config)
    }

    /// Ends a task with a status, and the container that it is in. Nothing happens if there is no such task.
    pub(super) fn end_task(
        &mut self,
        now: Time,
        task_id: &TaskId,
        end: TaskEnd,
        out: &mut Outbox<AgentOutput>,
    ) {
        let live = self.live_tasks();
        let Some(id) = live.into_iter().find(|task| task.task_id == *task_id).map(|task| task.container)
        else {
            return;
        };
        let Some(container) = self.containers.get_mut(&id) else { return };
        let is_command = container.executor.is_none();
        let (state, source, text) = match end {
            TaskEnd::Failed(Some(text)) => (TaskState::Failed, Source::Executor, text),
            TaskEnd::Failed(None) if is_command => {
                (TaskState::Failed, Source::Executor, "Command exited with status 1".to_owned())
            }
            TaskEnd::Failed(None) => (TaskState::Failed, Source::Agent, "Executor terminated".to_owned()),
            TaskEnd::Lost => (TaskState::Lost, Source::Agent, "Executor terminated".to_owned()),
        };
        let mut status = TaskStatus::new(task_id.clone(), state);
        status.source = Some(source);
        status.reason = (source == Source::Agent).then_some(Reason::ExecutorTerminated);
        status.executor_id = Some(container.executor_id.clone());
        status.message = Some(text.clone());
        if let Some(task) = container.tasks.get_mut(task_id) {
            task.state = state;
        }
        let framework = container.framework_id.clone();
        self.send_status(now, &framework, status, out);
        self.destroy(now, &id, Some((Reason::ExecutorTerminated, text)), out);
    }
}
