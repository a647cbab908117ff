//! Tasks after their launch: updates, acknowledgements, reconciliation, kills.

use stacklab_machine::timeline::What;
use stacklab_machine::{Outbox, Time};

use super::MasterOutput;
use super::machine::Master;
use super::state::Task;
use crate::ids::{AgentId, FrameworkId, StatusUuid, TaskId};
use crate::messages::MasterToAgent;
use crate::v1::{KillPolicy, Reason, SchedulerEvent, Source, TaskState, TaskStatus};

impl Master {
    /// Makes a status and sends it; the task's record, if there is one, is not touched.
    #[allow(clippy::too_many_arguments)] // Every part of a status that differs from one to the next.
    pub(super) fn master_status(
        &self,
        now: Time,
        id: &FrameworkId,
        task_id: &TaskId,
        agent_id: Option<&AgentId>,
        (state, reason): (TaskState, Reason),
        message: String,
        out: &mut Outbox<MasterOutput>,
    ) {
        let mut status = TaskStatus::new(task_id.clone(), state).because(Source::Master, reason);
        status.message = Some(message);
        status.agent_id = agent_id.cloned();
        status.timestamp = Some(now);
        note_status(id, &status, out);
        self.tell(id, SchedulerEvent::Update(status), out);
    }

    /// An update from an agent: on to the framework, and into the task's record.
    pub(super) fn agent_update(
        &mut self,
        now: Time,
        id: &FrameworkId,
        status: TaskStatus,
        latest: TaskState,
        out: &mut Outbox<MasterOutput>,
    ) {
        let Some(framework) = self.frameworks.get_mut(id) else {
            self.counters.invalid_updates += 1;
            return;
        };
        let task = framework.tasks.get_mut(&status.task_id);
        let pending = status.uuid.map(|uuid| (status.state, uuid));
        let repeated = task.as_ref().is_some_and(|task| task.pending == pending);
        if !repeated {
            note_status(id, &status, out);
        }
        if let Some(task) = task {
            task.pending = pending;
            if !repeated {
                task.record(&status, now);
            }
        } else {
            self.counters.invalid_updates += 1;
        }
        let task_id = status.task_id.clone();
        self.tell(id, SchedulerEvent::Update(status), out);
        self.set_state(now, id, &task_id, latest);
    }

    /// Sets a task's state; at its end, its resources come back.
    pub(super) fn set_state(&mut self, now: Time, id: &FrameworkId, task_id: &TaskId, state: TaskState) {
        let task = self.frameworks.get_mut(id).and_then(|framework| framework.tasks.get_mut(task_id));
        let Some(task) = task.filter(|task| !task.state.is_terminal()) else { return };
        task.state = state;
        if !state.is_terminal() {
            return;
        }
        *self.counters.ended.entry(state).or_default() += 1;
        let (agent_id, role) = (task.agent_id.clone(), task.role.clone());
        let resources = task.info.resources.clone();
        self.recover(now, id, &agent_id, &role, &resources);
    }

    pub(super) fn acknowledge(
        &mut self,
        id: &FrameworkId,
        agent_id: &AgentId,
        task_id: TaskId,
        uuid: StatusUuid,
        out: &mut Outbox<MasterOutput>,
    ) {
        let Some(link) = self.agents.get(agent_id).and_then(|agent| agent.link) else {
            self.counters.invalid_acknowledgements += 1;
            return;
        };
        #[cfg(feature = "planted-bugs")]
        if stacklab_machine::planted::is_planted(stacklab_machine::planted::Bug::LosesAcknowledgements)
            && self.agents.get(agent_id).is_some_and(|agent| agent.reregistered.is_some())
        {
            return;
        }
        let framework = self.frameworks.get(id);
        if let Some(task) = framework.and_then(|framework| framework.tasks.get(&task_id)) {
            match task.pending {
                None => {
                    self.counters.invalid_acknowledgements += 1;
                    return;
                }
                Some((state, pending)) if pending == uuid && state.is_terminal() => {
                    self.complete_task(id, &task_id);
                }
                Some(_) => {}
            }
        }
        let message = MasterToAgent::Acknowledge { framework_id: id.clone(), task_id, uuid };
        out.push(MasterOutput::ToAgent { link, message });
    }

    /// Moves an ended task to the completed ones.
    pub(super) fn complete_task(&mut self, id: &FrameworkId, task_id: &TaskId) {
        let Some(task) = self.forget_task(id, task_id) else { return };
        let most = self.config.max_completed_tasks;
        if let Some(framework) = self.frameworks.get_mut(id) {
            framework.completed_tasks.push_back(task);
            while framework.completed_tasks.len() > most {
                framework.completed_tasks.pop_front();
            }
        }
    }

    /// Takes a task out of its framework and its agent.
    pub(super) fn forget_task(&mut self, id: &FrameworkId, task_id: &TaskId) -> Option<Task> {
        let task = self.frameworks.get_mut(id)?.tasks.remove(task_id)?;
        if let Some(agent) = self.agents.get_mut(&task.agent_id) {
            agent.tasks.remove(&(id.clone(), task_id.clone()));
        }
        Some(task)
    }

    pub(super) fn reconcile(
        &mut self,
        now: Time,
        id: &FrameworkId,
        tasks: &[(TaskId, Option<AgentId>)],
        out: &mut Outbox<MasterOutput>,
    ) {
        let Some(framework) = self.frameworks.get(id) else { return };
        let all: Vec<_>;
        let asked = if tasks.is_empty() {
            let each = framework.tasks.values();
            all = each.map(|task| (task.info.task_id.clone(), Some(task.agent_id.clone()))).collect();
            &all[..]
        } else {
            tasks
        };
        for (task_id, agent_id) in asked {
            self.reconcile_one(now, id, task_id, agent_id.as_ref(), out);
        }
    }

    fn reconcile_one(
        &self,
        now: Time,
        id: &FrameworkId,
        task_id: &TaskId,
        agent_id: Option<&AgentId>,
        out: &mut Outbox<MasterOutput>,
    ) {
        let Some(framework) = self.frameworks.get(id) else { return };
        let mut status = TaskStatus::new(task_id.clone(), TaskState::Unknown)
            .because(Source::Master, Reason::Reconciliation);
        status.agent_id = agent_id.cloned();
        status.timestamp = Some(now);
        let text = if let Some(task) = framework.tasks.get(task_id) {
            status.state = task.state;
            status.agent_id = Some(task.agent_id.clone());
            status.executor_id = task.executor_id().cloned();
            let last = task.statuses.last();
            status.healthy = last.and_then(|record| record.healthy);
            status.container_status = last.and_then(|record| record.container_status.clone());
            "Latest task state"
        } else if let Some((_, since)) = agent_id.and_then(|agent_id| self.unreachable.get(agent_id)) {
            status.state = self.state_for(id, TaskState::Unreachable);
            status.unreachable_time = Some(nanoseconds(*since));
            "Task is unreachable"
        } else if agent_id.is_some_and(|agent_id| self.agents.contains_key(agent_id)) {
            status.state = self.state_for(id, TaskState::Gone);
            "Task is unknown to the agent"
        } else {
            status.state = self.state_for(id, TaskState::Unknown);
            "Task is unknown"
        };
        status.message = Some(format!("Reconciliation: {text}"));
        self.tell(id, SchedulerEvent::Update(status), out);
    }

    pub(super) fn kill(
        &mut self,
        now: Time,
        id: &FrameworkId,
        task_id: TaskId,
        agent_id: Option<&AgentId>,
        kill_policy: Option<KillPolicy>,
        out: &mut Outbox<MasterOutput>,
    ) {
        let framework = self.frameworks.get(id);
        let Some(task) = framework.and_then(|framework| framework.tasks.get(&task_id)) else {
            self.reconcile_one(now, id, &task_id, agent_id, out);
            return;
        };
        if agent_id.is_some_and(|agent_id| task.agent_id != *agent_id) {
            return;
        }
        let Some(agent) = self.agents.get_mut(&task.agent_id) else { return };
        match agent.link {
            Some(link) => {
                let message = MasterToAgent::Kill { framework_id: id.clone(), task_id, kill_policy };
                out.push(MasterOutput::ToAgent { link, message });
            }
            None => {
                let kill = (id.clone(), task_id);
                if !agent.pending_kills.contains(&kill) {
                    agent.pending_kills.push(kill);
                }
            }
        }
    }
}

/// Puts a status into the timeline.
pub(super) fn note_status(id: &FrameworkId, status: &TaskStatus, out: &mut Outbox<MasterOutput>) {
    out.note_with(|| What::TaskStatus {
        task: status.task_id.to_string(),
        framework: id.to_string(),
        agent: status.agent_id.as_ref().map(ToString::to_string).unwrap_or_default(),
        state: status.state.to_string(),
        source: status.source.map(|source| source.to_string()).unwrap_or_default(),
        reason: status.reason.map(|reason| reason.to_string()),
        message: status.message.clone(),
    });
}

/// A moment as protobuf's TimeInfo.
pub(super) fn nanoseconds(at: Time) -> serde_json::Value {
    serde_json::json!({ "nanoseconds": at.as_micros().saturating_mul(1000) })
}
