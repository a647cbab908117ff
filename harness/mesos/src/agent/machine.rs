//! The agent as a machine: registration, dispatch, timers.

use std::collections::BTreeMap;
use std::sync::Arc;

use stacklab_machine::{Machine, Outbox, Rng, Time, earliest};

use super::container::Container;
use super::updates::Updates;
use super::{AgentConfig, AgentInput, AgentOutput};
use crate::ids::{AgentId, ContainerId, ExecutorId, FrameworkId, StatusUuid, TaskId};
use crate::messages::{AgentToMaster, MasterToAgent, Reregistration};
use crate::v1::{AgentInfo, Capability, FrameworkInfo, Reason, Source, TaskState, TaskStatus};

/// Where the agent stands with the master.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Standing {
    /// No link.
    Offline,
    /// It has asked, and asks again at this time.
    Asking(Time),
    /// It is registered.
    Registered,
}

/// A framework that the agent runs something for.
#[derive(Debug)]
pub(super) struct AgentFramework {
    pub(super) info: Arc<FrameworkInfo>,
    /// It is gone; its updates are discarded.
    pub(super) terminating: bool,
}

/// A Mesos agent with its containers and the executors of command tasks.
#[derive(Debug)]
pub struct Agent {
    pub(super) config: AgentConfig,
    pub(super) rng: Rng,
    pub(super) info: Arc<AgentInfo>,
    pub(super) id: Option<AgentId>,
    standing: Standing,
    pub(super) frameworks: BTreeMap<FrameworkId, AgentFramework>,
    pub(super) containers: BTreeMap<ContainerId, Container>,
    pub(super) executors: BTreeMap<(FrameworkId, ExecutorId), ContainerId>,
    pub(super) updates: Updates,
}

impl Agent {
    /// Makes an agent that is not registered and runs nothing.
    pub fn new(config: AgentConfig) -> Self {
        let info = AgentInfo {
            hostname: config.address.hostname.clone(),
            port: config.address.port,
            resources: config.resources.clone(),
            attributes: config.attributes.clone(),
            id: config.recovered.clone(),
            ip: config.address.ip.clone(),
        };
        let config_id = config.recovered.clone();
        Self {
            rng: config.rng.clone(),
            updates: Updates::new(config.status_retry),
            config,
            info: Arc::new(info),
            id: config_id,
            standing: Standing::Offline,
            frameworks: BTreeMap::new(),
            containers: BTreeMap::new(),
            executors: BTreeMap::new(),
        }
    }

    /// Its id, once it is registered.
    pub fn id(&self) -> Option<&AgentId> {
        self.id.as_ref()
    }

    /// The container of a framework's executor; that of a command task has the task's id as its executor id.
    pub fn container_of(&self, framework: &FrameworkId, executor: &ExecutorId) -> Option<&ContainerId> {
        self.executors.get(&(framework.clone(), executor.clone()))
    }

    fn ask(&mut self, now: Time, out: &mut Outbox<AgentOutput>) {
        self.standing = Standing::Asking(now + self.config.registration_backoff);
        let message = match self.id.clone() {
            None => AgentToMaster::Register { info: Arc::clone(&self.info) },
            Some(agent_id) => AgentToMaster::Reregister(Box::new(self.report(agent_id))),
        };
        out.push(AgentOutput::ToMaster(message));
    }

    fn report(&self, agent_id: AgentId) -> Reregistration {
        let going_on = |id: &FrameworkId| self.frameworks.get(id).is_some_and(|one| !one.terminating);
        let containers: Vec<_> =
            self.containers.values().filter(|container| going_on(&container.framework_id)).collect();
        let executors = containers.iter().filter_map(|container| {
            container.executor.as_ref().map(|info| (container.framework_id.clone(), Arc::clone(info)))
        });
        let tasks = containers.iter().flat_map(|container| {
            let id = &container.framework_id;
            container.tasks.values().map(|task| (id.clone(), Arc::clone(&task.info), task.state))
        });
        let frameworks = self.frameworks.iter().filter(|(_, framework)| !framework.terminating);
        Reregistration {
            agent_id,
            info: Arc::clone(&self.info),
            frameworks: frameworks.map(|(id, one)| (id.clone(), Arc::clone(&one.info))).collect(),
            executors: executors.collect(),
            tasks: tasks.collect(),
        }
    }

    fn registered(&mut self, now: Time, agent_id: AgentId, out: &mut Outbox<AgentOutput>) {
        self.standing = Standing::Registered;
        if self.id.as_ref() != Some(&agent_id) {
            Arc::make_mut(&mut self.info).id = Some(agent_id.clone());
            self.id = Some(agent_id);
        }
        self.updates.send_all(now, out);
    }

    pub(super) fn is_registered(&self) -> bool {
        self.standing == Standing::Registered
    }

    fn master_says(&mut self, now: Time, message: MasterToAgent, out: &mut Outbox<AgentOutput>) {
        match message {
            MasterToAgent::Registered { agent_id } => self.registered(now, agent_id, out),
            MasterToAgent::Reregistered { agent_id, unknown_tasks } => {
                self.registered(now, agent_id, out);
                for (framework_id, task_id) in unknown_tasks {
                    self.disown(now, &framework_id, &task_id, out);
                }
            }
            MasterToAgent::Ping { connected } => {
                if connected {
                    out.push(AgentOutput::ToMaster(AgentToMaster::Pong));
                } else if self.is_registered() {
                    self.ask(now, out);
                }
            }
            MasterToAgent::RunTask { framework_id, framework, task } => {
                self.run_task(now, framework_id, framework, task, out);
            }
            MasterToAgent::Kill { framework_id, task_id, kill_policy } => {
                self.kill(now, &framework_id, task_id, kill_policy, out);
            }
            MasterToAgent::Acknowledge { framework_id, task_id, uuid } => {
                self.acknowledged(now, &framework_id, task_id, uuid, out);
            }
            MasterToAgent::ShutdownFramework { framework_id } => {
                self.shutdown_framework(now, &framework_id, out);
            }
            MasterToAgent::ShutdownExecutor { framework_id, executor_id } => {
                if let Some(id) = self.container_of(&framework_id, &executor_id).cloned() {
                    self.shutdown_container(now, &id, out);
                }
            }
            MasterToAgent::Message { framework_id, executor_id, data } => {
                self.message(&framework_id, &executor_id, data, out);
            }
            MasterToAgent::Shutdown { .. } => self.shutdown(now, out),
        }
    }

    /// What the real agent does here is to end; its supervisor starts another, without memory.
    fn shutdown(&mut self, now: Time, out: &mut Outbox<AgentOutput>) {
        for container in self.containers.keys() {
            out.push(AgentOutput::Destroy { container: container.clone() });
        }
        self.containers.clear();
        self.executors.clear();
        self.frameworks.clear();
        self.updates.clear();
        self.id = None;
        Arc::make_mut(&mut self.info).id = None;
        self.standing = Standing::Asking(now + self.config.registration_backoff);
    }

    /// The master believes a task here that is not.
    fn disown(&mut self, now: Time, framework: &FrameworkId, task: &TaskId, out: &mut Outbox<AgentOutput>) {
        if self.updates.has(framework, task) {
            return;
        }
        let message = "Reconciliation: task unknown to the agent".to_owned();
        let why = (TaskState::Dropped, Reason::Reconciliation);
        self.own_status(now, framework, (task, None), why, message, out);
    }

    /// Makes a status of the agent's own. The state is the one for frameworks that tell the finer ones apart.
    pub(super) fn own_status(
        &mut self,
        now: Time,
        framework: &FrameworkId,
        (task, executor): (&TaskId, Option<&ExecutorId>),
        (state, reason): (TaskState, Reason),
        message: String,
        out: &mut Outbox<AgentOutput>,
    ) {
        let aware = |one: &AgentFramework| one.info.can(Capability::PartitionAware);
        let finer = matches!(state, TaskState::Dropped | TaskState::Gone);
        let state = match finer && !self.frameworks.get(framework).is_some_and(aware) {
            true => TaskState::Lost,
            false => state,
        };
        let mut status = TaskStatus::new(task.clone(), state).because(Source::Agent, reason);
        status.message = Some(message);
        status.executor_id = executor.cloned();
        self.send_status(now, framework, status, out);
    }

    /// Completes a status and queues it. Those of a framework that is gone are discarded.
    pub(super) fn send_status(
        &mut self,
        now: Time,
        framework: &FrameworkId,
        mut status: TaskStatus,
        out: &mut Outbox<AgentOutput>,
    ) {
        if self.frameworks.get(framework).is_some_and(|one| one.terminating) {
            return;
        }
        if status.uuid.is_none() {
            status.uuid = Some(StatusUuid::draw(&mut self.rng));
        }
        status.timestamp.get_or_insert(now);
        status.agent_id.clone_from(&self.id);
        let online = self.is_registered();
        self.updates.push(now, framework, status, online, out);
    }
}

impl Machine for Agent {
    type Input = AgentInput;
    type Output = AgentOutput;

    fn handle(&mut self, now: Time, input: AgentInput, out: &mut Outbox<AgentOutput>) {
        match input {
            AgentInput::Connected => self.ask(now, out),
            AgentInput::Disconnected => self.standing = Standing::Offline,
            AgentInput::Master(message) => self.master_says(now, message, out),
            AgentInput::Container { container, event } => self.container_event(now, &container, event, out),
            AgentInput::Executor { container, call } => self.executor_call(now, &container, call, out),
            AgentInput::EndTask { task_id, end } => self.end_task(now, &task_id, end, out),
        }
    }

    fn wake_at(&self) -> Option<Time> {
        let mut next = match self.standing {
            Standing::Offline => None,
            Standing::Asking(again) => Some(again),
            Standing::Registered => self.updates.wake_at(),
        };
        for container in self.containers.values() {
            next = earliest(next, container.wake_at());
        }
        next
    }

    fn wake(&mut self, now: Time, out: &mut Outbox<AgentOutput>) {
        match self.standing {
            Standing::Asking(again) if again <= now => self.ask(now, out),
            Standing::Registered => self.updates.resend(now, out),
            _ => {}
        }
        self.end_overdue(now, out);
    }
}
