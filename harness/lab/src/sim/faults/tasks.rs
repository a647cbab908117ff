//! Tasks that end without their own doing, or do not begin.

use std::time::Duration;

use stacklab_machine::Time;
use stacklab_machine::timeline::EventId;
use stacklab_mesos::{AgentInput, MasterToAgent, TaskEnd};

use super::World;

/// A task that was launched a moment ago is not there yet: its agent is looked at for so long.
const PATIENCE: Duration = Duration::from_secs(5);

/// What becomes of a launch on its way to the agent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::sim) enum LaunchDelay {
    /// It arrives as always.
    None,
    /// It arrives so much later.
    By(Duration),
    /// It never arrives.
    ForEver,
}

/// The next launch of a task that does not come to what it should.
#[derive(Debug)]
pub(super) struct Launch {
    task: String,
    delay: LaunchDelay,
}

/// How a task is to end.
#[derive(Clone, Debug)]
pub(super) enum How {
    /// With a status of this kind.
    End(TaskEnd),
    /// As if somebody had asked its agent.
    Kill,
}

/// A task that is to end and was not found yet.
#[derive(Debug)]
pub(super) struct End {
    task: String,
    how: How,
    cause: Option<EventId>,
    until: Time,
}

impl World {
    pub(super) fn break_launch(&mut self, task: String, delay: LaunchDelay) {
        if let Some(faults) = &mut self.faults {
            faults.launches.push(Launch { task, delay });
        }
    }

    /// What is to become of a message to an agent.
    pub(in crate::sim) fn launch_delay(&mut self, message: &MasterToAgent) -> LaunchDelay {
        let Some(faults) = self.faults.as_mut().filter(|faults| !faults.launches.is_empty()) else {
            return LaunchDelay::None;
        };
        let MasterToAgent::RunTask { task, .. } = message else { return LaunchDelay::None };
        let meant = |one: &Launch| task.name.contains(&one.task) || task.task_id.as_str().contains(&one.task);
        match faults.launches.iter().position(meant) {
            Some(place) => faults.launches.remove(place).delay,
            None => LaunchDelay::None,
        }
    }

    pub(super) fn end_task(&mut self, task: String, how: How, cause: Option<EventId>) {
        let end = End { task, how, cause, until: self.now + PATIENCE };
        if let Some(end) = self.try_end(end)
            && let Some(faults) = &mut self.faults
        {
            faults.ends.push(end);
        }
    }

    /// Ends what has come to its agent meanwhile.
    pub(in crate::sim) fn end_what_came(&mut self) {
        let Some(faults) = self.faults.as_mut().filter(|faults| !faults.ends.is_empty()) else { return };
        let waiting = std::mem::take(&mut faults.ends);
        let mut left = Vec::new();
        for end in waiting {
            if end.until >= self.now {
                left.extend(self.try_end(end));
            }
        }
        if let Some(faults) = &mut self.faults {
            faults.ends.append(&mut left);
        }
    }

    /// Ends a task; gives the wish back if there is no such task.
    fn try_end(&mut self, end: End) -> Option<End> {
        for index in 0..self.agents.len() {
            let agent = &self.agents[index];
            let live = if agent.away { Vec::new() } else { agent.machine.live_tasks() };
            let meant = live
                .iter()
                .find(|one| one.name.contains(&end.task) || one.task_id.as_str().contains(&end.task));
            let Some(found) = meant else { continue };
            let (task_id, framework_id) = (found.task_id.clone(), found.framework_id.clone());
            let input = match end.how {
                How::End(how) => AgentInput::EndTask { task_id, end: how },
                How::Kill => {
                    AgentInput::Master(MasterToAgent::Kill { framework_id, task_id, kill_policy: None })
                }
            };
            self.agent_hears(index, input, end.cause);
            return None;
        }
        Some(end)
    }
}
