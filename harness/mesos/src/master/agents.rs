//! Agents: registration, health, loss, return.

use std::sync::Arc;

use stacklab_machine::timeline::What;
use stacklab_machine::{Outbox, Time};

use super::MasterOutput;
use super::machine::Master;
use super::state::{Agent, Executor, Framework, Task};
use super::tasks::{nanoseconds, note_status};
use crate::ids::{AgentId, ExecutorId, FrameworkId, LinkId, TaskId};
use crate::messages::{AgentToMaster, MasterToAgent, Reregistration};
use crate::resources::Word;
use crate::v1::{AgentInfo, Reason, SchedulerEvent, Source, TaskInfo, TaskState, TaskStatus};

/// How many unreachable tasks a framework's record holds.
const MAX_UNREACHABLE_TASKS: usize = 1000;

impl Master {
    pub(super) fn agent_says(
        &mut self,
        now: Time,
        link: LinkId,
        message: AgentToMaster,
        out: &mut Outbox<MasterOutput>,
    ) {
        let registers = matches!(message, AgentToMaster::Register { .. } | AgentToMaster::Reregister(_));
        if !registers && !self.links.contains_key(&link) {
            // It was given up while it could not be heard: it is to come back properly.
            self.counters.dropped_messages += 1;
            out.push(MasterOutput::ToAgent { link, message: MasterToAgent::Ping { connected: false } });
            return;
        }
        match message {
            AgentToMaster::Register { info } => self.register(now, link, info, out),
            AgentToMaster::Reregister(report) => self.reregister(now, link, *report, out),
            AgentToMaster::Update { framework_id, status, latest_state } => {
                self.agent_update(now, &framework_id, status, latest_state, out);
            }
            AgentToMaster::Unregister => {
                if let Some(agent_id) = self.links.get(&link).cloned() {
                    self.remove_agent(now, &agent_id, "the agent unregistered", out);
                }
            }
            AgentToMaster::Pong => {
                let agent = self.links.get(&link).and_then(|agent_id| self.agents.get_mut(agent_id));
                if let Some(agent) = agent {
                    agent.pings_unanswered = 0;
                }
            }
            AgentToMaster::Message { framework_id, executor_id, data } => {
                if let Some(agent_id) = self.links.get(&link).cloned() {
                    let event = SchedulerEvent::Message { agent_id, executor_id, data };
                    self.tell(&framework_id, event, out);
                }
            }
            AgentToMaster::ExecutorExited { framework_id, executor_id, status } => {
                self.executor_exited(now, link, &framework_id, executor_id, status, out);
            }
        }
    }

    fn register(&mut self, now: Time, link: LinkId, info: Arc<AgentInfo>, out: &mut Outbox<MasterOutput>) {
        if let Some(agent_id) = self.links.get(&link).cloned() {
            // The answer got lost, or the agent was too quick to ask again.
            out.push(MasterOutput::ToAgent { link, message: MasterToAgent::Registered { agent_id } });
            return;
        }
        let same = |agent: &&Agent| agent.address.ip == info.ip && agent.address.port == info.port;
        if let Some(old) = self.agents.values().find(same).map(|agent| agent.id.clone()) {
            self.remove_agent(now, &old, "a new agent registered at the same address", out);
        }
        let agent_id = AgentId::new(format!("{}-S{}", self.config.id, self.next_agent));
        self.next_agent += 1;
        self.counters.agent_registrations += 1;
        self.add_agent(now, link, &agent_id, info);
        self.note_registered(&agent_id, out);
        let message = MasterToAgent::Registered { agent_id: agent_id.clone() };
        out.push(MasterOutput::ToAgent { link, message });
        self.allocate(now, Some(&agent_id), out);
    }

    fn add_agent(&mut self, now: Time, link: LinkId, agent_id: &AgentId, info: Arc<AgentInfo>) {
        self.total.add(&info.resources);
        let mut agent = Agent::new(agent_id.clone(), info, now);
        agent.link = Some(link);
        self.links.insert(link, agent_id.clone());
        self.agents.insert(agent_id.clone(), agent);
    }

    fn note_registered(&self, agent_id: &AgentId, out: &mut Outbox<MasterOutput>) {
        let Some(agent) = self.agents.get(agent_id) else { return };
        out.note_with(|| What::AgentRegistered {
            agent: agent_id.to_string(),
            host: agent.hostname.to_string(),
            resources: agent.info.resources.to_string(),
        });
    }

    fn reregister(
        &mut self,
        now: Time,
        link: LinkId,
        report: Reregistration,
        out: &mut Outbox<MasterOutput>,
    ) {
        let agent_id = report.agent_id.clone();
        let known = self.agents.get(&agent_id);
        if known.is_some_and(|agent| agent.address.ip != report.info.ip) {
            let message = "Agent attempted to reregister with different IP / hostname".to_owned();
            out.push(MasterOutput::ToAgent { link, message: MasterToAgent::Shutdown { message } });
            return;
        }
        let came_back = known.is_some();
        let was_unreachable = self.unreachable.remove(&agent_id).is_some();
        if came_back {
            self.links.retain(|_, other| *other != agent_id);
            self.links.insert(link, agent_id.clone());
        } else {
            self.add_agent(now, link, &agent_id, Arc::clone(&report.info));
        }
        self.counters.agent_reregistrations += 1;
        if let Some(agent) = self.agents.get_mut(&agent_id) {
            agent.link = Some(link);
            agent.reregistered = Some(now);
            agent.lost_at = None;
            agent.pings_unanswered = 0;
            agent.next_ping = now;
        }
        self.note_registered(&agent_id, out);
        let unknown_tasks = self.tasks_not_in(&agent_id, &report);
        let message = MasterToAgent::Reregistered { agent_id: agent_id.clone(), unknown_tasks };
        out.push(MasterOutput::ToAgent { link, message });
        let text =
            if was_unreachable { "Unreachable agent re-reregistered" } else { "Unknown agent reregistered" };
        self.take_over(now, link, &agent_id, report, text, out);
        self.send_pending_kills(&agent_id, link, out);
        self.allocate(now, Some(&agent_id), out);
    }

    /// Tasks that the master believes on the agent and the agent did not report.
    fn tasks_not_in(&self, agent_id: &AgentId, report: &Reregistration) -> Vec<(FrameworkId, TaskId)> {
        let reported = |id: &FrameworkId, task_id: &TaskId| {
            report.tasks.iter().any(|(other, task, _)| other == id && task.task_id == *task_id)
        };
        let Some(agent) = self.agents.get(agent_id) else { return Vec::new() };
        agent.tasks.iter().filter(|(id, task_id)| !reported(id, task_id)).cloned().collect()
    }

    /// Takes over what the agent reports: frameworks, executors and tasks that are not known here.
    fn take_over(
        &mut self,
        now: Time,
        link: LinkId,
        agent_id: &AgentId,
        report: Reregistration,
        text: &str,
        out: &mut Outbox<MasterOutput>,
    ) {
        for (id, info) in report.frameworks {
            if self.completed.iter().any(|framework| framework.id == id) {
                let message = MasterToAgent::ShutdownFramework { framework_id: id };
                out.push(MasterOutput::ToAgent { link, message });
                continue;
            }
            self.frameworks.entry(id.clone()).or_insert_with(|| {
                let mut framework = Framework::new(id, info, now);
                framework.recovered = true;
                framework
            });
        }
        for (id, info) in report.executors {
            let Some(framework) = self.frameworks.get_mut(&id) else { continue };
            let role = first_role(framework);
            let Some(agent) = self.agents.get_mut(agent_id) else { continue };
            let key = (id, info.executor_id.clone());
            if !agent.executors.contains_key(&key) {
                agent.available.subtract(&info.resources);
                framework.share(&role).held.add(&info.resources);
                agent.executors.insert(key, Executor { info, role });
            }
        }
        for (id, info, state) in report.tasks {
            let known = |framework: &Framework| framework.tasks.contains_key(&info.task_id);
            match self.frameworks.get(&id) {
                Some(framework) if known(framework) => self.set_state(now, &id, &info.task_id, state),
                Some(_) => self.readmit_task(now, &id, info, state, text, out),
                None => {}
            }
        }
    }

    fn readmit_task(
        &mut self,
        now: Time,
        id: &FrameworkId,
        info: Arc<TaskInfo>,
        state: TaskState,
        text: &str,
        out: &mut Outbox<MasterOutput>,
    ) {
        let Some(framework) = self.frameworks.get_mut(id) else { return };
        let Some(agent) = self.agents.get_mut(&info.agent_id) else { return };
        framework.unreachable_tasks.retain(|task| task.info.task_id != info.task_id);
        let role = first_role(framework);
        if !state.is_terminal() {
            agent.available.subtract(&info.resources);
            framework.share(&role).held.add(&info.resources);
        }
        agent.tasks.insert((id.clone(), info.task_id.clone()));
        let task_id = info.task_id.clone();
        let agent_id = info.agent_id.clone();
        framework.tasks.insert(task_id.clone(), Task::new(info, role, state));
        let why = (state, Reason::AgentReregistered);
        self.master_status(now, id, &task_id, Some(&agent_id), why, text.to_owned(), out);
    }

    fn send_pending_kills(&mut self, agent_id: &AgentId, link: LinkId, out: &mut Outbox<MasterOutput>) {
        let Some(agent) = self.agents.get_mut(agent_id) else { return };
        for (framework_id, task_id) in agent.pending_kills.drain(..) {
            let message = MasterToAgent::Kill { framework_id, task_id, kill_policy: None };
            out.push(MasterOutput::ToAgent { link, message });
        }
    }

    pub(super) fn agent_disconnected(&mut self, now: Time, link: LinkId, out: &mut Outbox<MasterOutput>) {
        let Some(agent_id) = self.links.remove(&link) else { return };
        let Some(agent) = self.agents.get_mut(&agent_id) else { return };
        agent.link = None;
        agent.lost_at = Some(now + self.config.agent_reregister_timeout);
        let message = format!("Agent {} disconnected", agent.hostname);
        let owners: Vec<FrameworkId> = self
            .frameworks
            .values()
            .filter(|framework| !framework.info.checkpoint)
            .map(|framework| framework.id.clone())
            .collect();
        self.rescind_offers_on(now, &agent_id, "agent disconnected", out);
        for id in owners {
            let why = (TaskState::Lost, Reason::AgentDisconnected);
            self.lose_tasks(now, &agent_id, Some(&id), why, &message, out);
            self.lose_executors(now, &agent_id, Some(&id));
        }
    }

    pub(super) fn ping_agents(&mut self, now: Time, out: &mut Outbox<MasterOutput>) {
        let mut lost: Vec<(AgentId, String)> = Vec::new();
        let most = self.config.max_agent_ping_timeouts;
        let wait = self.config.agent_ping_timeout;
        for agent in self.agents.values_mut() {
            if agent.lost_at.is_some_and(|at| at <= now) {
                let text = "agent did not reregister within 10mins after disconnecting";
                lost.push((agent.id.clone(), text.into()));
            } else if agent.next_ping <= now {
                if agent.pings_unanswered >= most {
                    lost.push((agent.id.clone(), "health check timed out".into()));
                    continue;
                }
                agent.pings_unanswered += 1;
                agent.next_ping = now + wait;
                if let Some(link) = agent.link {
                    let message = MasterToAgent::Ping { connected: true };
                    out.push(MasterOutput::ToAgent { link, message });
                }
            }
        }
        for (agent_id, cause) in lost {
            self.agent_unreachable(now, &agent_id, &cause, out);
        }
    }

    fn agent_unreachable(
        &mut self,
        now: Time,
        agent_id: &AgentId,
        cause: &str,
        out: &mut Outbox<MasterOutput>,
    ) {
        let Some(info) = self.agents.get(agent_id).map(|agent| Arc::clone(&agent.info)) else { return };
        let why = (TaskState::Unreachable, Reason::AgentRemoved);
        self.lose_tasks(now, agent_id, None, why, cause, out);
        self.drop_agent(now, agent_id, cause, out);
        self.unreachable.insert(agent_id.clone(), (info, now));
    }

    /// Removes an agent for good: its tasks are lost, whatever the framework can tell apart.
    fn remove_agent(&mut self, now: Time, agent_id: &AgentId, cause: &str, out: &mut Outbox<MasterOutput>) {
        let Some(host) = self.agents.get(agent_id).map(|agent| Arc::clone(&agent.hostname)) else { return };
        let message = format!("Agent {host} removed: {cause}");
        let why = (TaskState::Lost, Reason::AgentRemoved);
        self.lose_tasks(now, agent_id, None, why, &message, out);
        self.drop_agent(now, agent_id, cause, out);
        self.counters.agent_removals += 1;
    }

    fn drop_agent(&mut self, now: Time, agent_id: &AgentId, cause: &str, out: &mut Outbox<MasterOutput>) {
        self.rescind_offers_on(now, agent_id, cause, out);
        self.lose_executors(now, agent_id, None);
        let Some(agent) = self.agents.remove(agent_id) else { return };
        self.total.subtract(&agent.info.resources);
        self.links.retain(|_, other| other != agent_id);
        for framework in self.frameworks.values_mut() {
            framework.filters.retain(|filter| filter.agent_id != *agent_id);
        }
        out.note_with(|| What::AgentLost {
            agent: agent_id.to_string(),
            host: agent.hostname.to_string(),
            cause: cause.to_owned(),
        });
        self.tell_all_lost(agent_id, out);
    }

    fn lose_tasks(
        &mut self,
        now: Time,
        agent_id: &AgentId,
        only: Option<&FrameworkId>,
        (state, reason): (TaskState, Reason),
        message: &str,
        out: &mut Outbox<MasterOutput>,
    ) {
        let Some(agent) = self.agents.get(agent_id) else { return };
        let mine = agent.tasks.iter().filter(|(id, _)| only.is_none_or(|only| only == id));
        let lost: Vec<_> = mine.cloned().collect();
        for (id, task_id) in lost {
            let told =
                if state == TaskState::Unreachable { self.state_for(&id, state) } else { TaskState::Lost };
            let mut status = TaskStatus::new(task_id.clone(), told).because(Source::Master, reason);
            status.message = Some(message.to_owned());
            status.agent_id = Some(agent_id.clone());
            status.timestamp = Some(now);
            status.unreachable_time = (state == TaskState::Unreachable).then(|| nanoseconds(now));
            self.lose_task(now, &id, status, state == TaskState::Unreachable, out);
        }
    }

    fn lose_task(
        &mut self,
        now: Time,
        id: &FrameworkId,
        status: TaskStatus,
        unreachable: bool,
        out: &mut Outbox<MasterOutput>,
    ) {
        let Some(mut task) = self.forget_task(id, &status.task_id) else { return };
        if task.state.is_terminal() {
            self.keep_lost(id, task, false);
            return;
        }
        let (agent_id, role, resources) =
            (task.agent_id.clone(), task.role.clone(), task.info.resources.clone());
        self.recover(now, id, &agent_id, &role, &resources);
        task.record(&status, now);
        task.state = status.state;
        if status.state.is_terminal() {
            *self.counters.ended.entry(status.state).or_default() += 1;
        }
        self.keep_lost(id, task, unreachable);
        note_status(id, &status, out);
        self.tell(id, SchedulerEvent::Update(status), out);
    }

    fn keep_lost(&mut self, id: &FrameworkId, task: Task, unreachable: bool) {
        let most = self.config.max_completed_tasks;
        let Some(framework) = self.frameworks.get_mut(id) else { return };
        let (list, most) = if unreachable {
            (&mut framework.unreachable_tasks, MAX_UNREACHABLE_TASKS)
        } else {
            (&mut framework.completed_tasks, most)
        };
        list.push_back(task);
        while list.len() > most {
            list.pop_front();
        }
    }

    fn lose_executors(&mut self, now: Time, agent_id: &AgentId, only: Option<&FrameworkId>) {
        let Some(agent) = self.agents.get(agent_id) else { return };
        let mine = agent.executors.keys().filter(|(id, _)| only.is_none_or(|only| only == id));
        let lost: Vec<_> = mine.cloned().collect();
        for (id, executor_id) in lost {
            self.forget_executor(now, agent_id, &id, &executor_id);
        }
    }

    fn executor_exited(
        &mut self,
        now: Time,
        link: LinkId,
        id: &FrameworkId,
        executor_id: ExecutorId,
        status: i32,
        out: &mut Outbox<MasterOutput>,
    ) {
        let Some(agent_id) = self.links.get(&link).cloned() else { return };
        if !self.forget_executor(now, &agent_id, id, &executor_id) {
            return;
        }
        let event = SchedulerEvent::Failure {
            agent_id: Some(agent_id),
            executor_id: Some(executor_id),
            status: Some(status),
        };
        self.tell(id, event, out);
    }
}

/// The role that a task or executor reported by an agent is counted under.
fn first_role(framework: &Framework) -> Word {
    framework.shares.first().map_or(Word::STAR, |share| share.role.clone())
}
