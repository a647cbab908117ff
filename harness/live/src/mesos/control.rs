//! What can be asked of an agent from outside: its tasks, and their ends.

use std::time::Duration;

use stacklab_machine::timeline::EventId;
use stacklab_mesos::{Agent, AgentId, AgentInput, ContainerId, LiveTask, TaskEnd, TaskId};
use tokio::sync::{mpsc, oneshot};

use super::agent::Message;

/// How long an agent may take to answer; one on which nothing moves never does.
const LIMIT: Duration = Duration::from_secs(2);

/// What an agent is asked.
#[derive(Debug)]
pub(super) enum Control {
    Look(oneshot::Sender<AgentView>),
    End(TaskId, TaskEnd, Option<EventId>),
    Kill(ContainerId),
}

impl Control {
    /// Answers what is to be answered; gives what is for the machine.
    pub(super) fn answer(self, agent: &Agent) -> Option<(AgentInput, Option<EventId>)> {
        match self {
            Self::Look(reply) => {
                // Who asked may have given up.
                let _ = reply.send(AgentView { id: agent.id().cloned(), tasks: agent.live_tasks() });
                None
            }
            Self::End(task_id, end, cause) => Some((AgentInput::EndTask { task_id, end }, cause)),
            Self::Kill(_) => None,
        }
    }
}

/// What an agent is and runs.
#[derive(Clone, Debug, Default)]
pub struct AgentView {
    /// Its id, once it is registered.
    pub id: Option<AgentId>,
    /// Its tasks that have not ended.
    pub tasks: Vec<LiveTask>,
}

/// The way to an agent. Clones lead to the same one.
#[derive(Clone, Debug)]
pub struct AgentHandle(mpsc::Sender<Message>);

impl AgentHandle {
    pub(super) fn new(agent: mpsc::Sender<Message>) -> Self {
        Self(agent)
    }

    /// What it is and runs; nothing if it does not answer.
    pub async fn look(&self) -> Option<AgentView> {
        let (reply, answer) = oneshot::channel();
        self.0.try_send(Message::Control(Control::Look(reply))).ok()?;
        tokio::time::timeout(LIMIT, answer).await.ok()?.ok()
    }

    /// Ends a task with a status of the agent's, because of an event. False if it takes nothing any more.
    pub fn end_task(&self, task_id: TaskId, end: TaskEnd, cause: Option<EventId>) -> bool {
        self.0.try_send(Message::Control(Control::End(task_id, end, cause))).is_ok()
    }

    /// Kills the processes of a container, from outside. False if it takes nothing any more.
    pub fn kill(&self, container: ContainerId) -> bool {
        self.0.try_send(Message::Control(Control::Kill(container))).is_ok()
    }
}
