//! Frameworks going away: for a while, or for good.

use stacklab_machine::timeline::What;
use stacklab_machine::{Outbox, Time};

use super::MasterOutput;
use super::machine::Master;
use super::state::Channel;
use crate::ids::{AgentId, ConnectionId, ExecutorId, FrameworkId, TaskId};
use crate::messages::MasterToAgent;
use crate::v1::{Reason, SchedulerEvent, Source, TaskState, TaskStatus};

impl Master {
    pub(super) fn stream_closed(
        &mut self,
        now: Time,
        connection: ConnectionId,
        out: &mut Outbox<MasterOutput>,
    ) {
        if let Some(id) = self.streams.remove(&connection) {
            self.disconnected(now, &id, out);
        }
    }

    /// The way to a framework is gone: its time to come back starts.
    pub(super) fn disconnected(&mut self, now: Time, id: &FrameworkId, out: &mut Outbox<MasterOutput>) {
        let Some(framework) = self.frameworks.get_mut(id) else { return };
        framework.channel = None;
        framework.filters.clear();
        for share in &mut framework.shares {
            share.suppressed = false;
        }
        let timeout = framework.info.failover_timeout;
        // Negative never ends; what does not fit was refused at the subscription.
        framework.removed_at = std::time::Duration::try_from_secs_f64(timeout).ok().map(|wait| now + wait);
        let name = &framework.info.name;
        out.note_with(|| What::FrameworkDisconnected { framework: id.to_string(), name: name.clone() });
        self.take_back_offers_of(now, id, "framework disconnected", out);
        #[cfg(feature = "planted-bugs")]
        self.offer_twice(now, id);
        if timeout == 0.0 {
            self.remove_framework(now, id, "failover timeout of 0 s", out);
        }
    }

    pub(super) fn remove_overdue_frameworks(&mut self, now: Time, out: &mut Outbox<MasterOutput>) {
        let overdue = |at: Option<Time>| at.is_some_and(|at| at <= now);
        let due = self.frameworks.values().filter(|framework| overdue(framework.removed_at));
        let ids: Vec<_> = due.map(|framework| framework.id.clone()).collect();
        for id in ids {
            self.remove_framework(now, &id, "failover timeout", out);
        }
    }

    /// Removes a framework for good: its tasks count as killed, its agents end what is left of it.
    pub(crate) fn remove_framework(
        &mut self,
        now: Time,
        id: &FrameworkId,
        cause: &str,
        out: &mut Outbox<MasterOutput>,
    ) {
        let Some(framework) = self.frameworks.get_mut(id) else { return };
        match framework.channel.take() {
            Some(Channel::Stream(stream)) => {
                self.streams.remove(&stream.connection);
                out.push(MasterOutput::Close { connection: stream.connection });
            }
            Some(Channel::Driver(pid)) => {
                self.drivers.remove(&pid);
            }
            None => {}
        }
        let name = &framework.info.name;
        out.note_with(|| What::FrameworkRemoved {
            framework: id.to_string(),
            name: name.clone(),
            cause: cause.to_owned(),
        });
        let tasks: Vec<TaskId> = framework.tasks.keys().cloned().collect();
        self.take_back_offers_of(now, id, cause, out);
        for task_id in tasks {
            self.end_task_of_removed(now, id, &task_id);
        }
        self.leave_agents(now, id, out);
        if let Some(mut framework) = self.frameworks.remove(id) {
            framework.unregistered = Some(now);
            framework.removed_at = None;
            self.completed.push_back(framework);
            while self.completed.len() > self.config.max_completed_frameworks {
                self.completed.pop_front();
            }
        }
    }

    /// Recorded in the state only; the framework is never told.
    fn end_task_of_removed(&mut self, now: Time, id: &FrameworkId, task_id: &TaskId) {
        let task = self.frameworks.get_mut(id).and_then(|framework| framework.tasks.get_mut(task_id));
        if let Some(task) = task.filter(|task| !task.state.is_terminal()) {
            let status = TaskStatus::new(task_id.clone(), TaskState::Killed)
                .because(Source::Master, Reason::FrameworkRemoved)
                .with_message(format!("Framework {id} removed"));
            task.record(&status, now);
        }
        self.set_state(now, id, task_id, TaskState::Killed);
        self.complete_task(id, task_id);
    }

    fn leave_agents(&mut self, now: Time, id: &FrameworkId, out: &mut Outbox<MasterOutput>) {
        let mut executors: Vec<(AgentId, ExecutorId)> = Vec::new();
        for agent in self.agents.values_mut() {
            let mine = agent.executors.keys().filter(|(owner, _)| owner == id);
            executors.extend(mine.map(|(_, executor)| (agent.id.clone(), executor.clone())));
            agent.pending_kills.retain(|(owner, _)| owner != id);
            if let Some(link) = agent.link {
                let message = MasterToAgent::ShutdownFramework { framework_id: id.clone() };
                out.push(MasterOutput::ToAgent { link, message });
            }
        }
        for (agent_id, executor_id) in executors {
            self.forget_executor(now, &agent_id, id, &executor_id);
        }
    }

    /// Drops an executor; its resources come back. Whether it was there.
    pub(super) fn forget_executor(
        &mut self,
        now: Time,
        agent_id: &AgentId,
        id: &FrameworkId,
        executor_id: &ExecutorId,
    ) -> bool {
        let key = (id.clone(), executor_id.clone());
        let executor = self.agents.get_mut(agent_id).and_then(|agent| agent.executors.remove(&key));
        let Some(executor) = executor else { return false };
        self.recover(now, id, agent_id, &executor.role, &executor.info.resources);
        true
    }

    /// Tells all frameworks that an agent is lost.
    pub(super) fn tell_all_lost(&self, agent_id: &AgentId, out: &mut Outbox<MasterOutput>) {
        for id in self.frameworks.keys() {
            let agent_id = Some(agent_id.clone());
            self.tell(id, SchedulerEvent::Failure { agent_id, executor_id: None, status: None }, out);
        }
    }
}
