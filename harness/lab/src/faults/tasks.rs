//! Tasks: failed, lost, killed, hanging, late.

use std::sync::Arc;
use std::time::Duration;

use stacklab_faults::Reaction;
use stacklab_live::mesos::AgentHandle;
use stacklab_live::mishap::TaskFault;
use stacklab_machine::timeline::EventId;
use stacklab_mesos::{LiveTask, TaskEnd};
use tokio::time::Instant;

use super::{CannotBreak, Controls, lock, seconds};

/// How long a task may take to be on its agent: the master says that it is launched before the agent knows of it.
const APPEARS: Duration = Duration::from_secs(3);
/// How often it is looked for.
const LOOK: Duration = Duration::from_millis(5);

impl Controls {
    pub(super) async fn break_task(
        self: &Arc<Self>,
        reaction: &Reaction,
        cause: Option<EventId>,
    ) -> Result<(), CannotBreak> {
        let end = match reaction {
            Reaction::HangTask { task } => {
                self.mishaps.break_launch(task, TaskFault::Hang);
                return Ok(());
            }
            Reaction::DelayTask { task, by } => {
                self.mishaps.break_launch(task, TaskFault::Delay(seconds(self.pace, *by)));
                return Ok(());
            }
            Reaction::FailTask { message, .. } => Some(TaskEnd::Failed(message.clone())),
            Reaction::LoseTask { .. } => Some(TaskEnd::Lost),
            _ => None,
        };
        let (Reaction::FailTask { task, .. } | Reaction::LoseTask { task } | Reaction::KillTask { task }) =
            reaction
        else {
            return Ok(());
        };
        let (agent, found) = self.task(task).await?;
        let heard = match end {
            Some(end) => agent.end_task(found.task_id, end, cause),
            None => agent.kill(found.container),
        };
        let refused = || CannotBreak::failed("ending the task", "its agent takes nothing any more");
        if heard { Ok(()) } else { Err(refused()) }
    }

    /// The newest task whose name or id contains this text, with its agent; waited for, but not long.
    async fn task(&self, wanted: &str) -> Result<(AgentHandle, LiveTask), CannotBreak> {
        let until = Instant::now() + APPEARS;
        loop {
            let mut there = Vec::new();
            for seat in &self.agents {
                let Some(agent) = lock(&seat.host).as_ref().map(|host| host.handle().clone()) else {
                    continue;
                };
                for task in agent.look().await.unwrap_or_default().tasks {
                    if task.name.contains(wanted) || task.task_id.as_str().contains(wanted) {
                        return Ok((agent, task));
                    }
                    there.push(task.name);
                }
            }
            if Instant::now() >= until {
                return Err(CannotBreak::Nothing { what: "task", wanted: wanted.to_owned(), there });
            }
            tokio::time::sleep(LOOK).await;
        }
    }

    /// Which agent a task runs on.
    pub(super) async fn agent_of(&self, task: &str) -> Option<usize> {
        for (index, seat) in self.agents.iter().enumerate() {
            let agent = lock(&seat.host).as_ref().map(|host| host.handle().clone());
            let Some(agent) = agent else { continue };
            let tasks = agent.look().await.unwrap_or_default().tasks;
            if tasks.iter().any(|one| one.name.contains(task) || one.task_id.as_str().contains(task)) {
                return Some(index);
            }
        }
        None
    }
}
