//! What becomes of containers, tasks and executors once they are started.

use std::sync::Arc;

use stacklab_machine::timeline::What;
use stacklab_machine::{Outbox, Time};

use super::AgentOutput;
use super::container::{Container, Phase};
use super::machine::Agent;
use crate::ids::{ContainerId, ExecutorId, FrameworkId, StatusUuid, TaskId};
use crate::messages::{AgentToMaster, ContainerEvent, Exit, Signal};
use crate::v1::{Capability, ExecutorCall, ExecutorEvent, KillPolicy, Reason, Source, TaskState, TaskStatus};
use crate::words;

/// Between SIGTERM and SIGKILL where a task does not say otherwise.
const KILL_GRACE: std::time::Duration = std::time::Duration::from_secs(3);

impl Agent {
    pub(super) fn container_event(
        &mut self,
        now: Time,
        id: &ContainerId,
        event: ContainerEvent,
        out: &mut Outbox<AgentOutput>,
    ) {
        let Some(container) = self.containers.get_mut(id) else { return };
        match event {
            ContainerEvent::Fetched if container.phase == Phase::Fetching => {
                let (task, count) = (container.any_task(), uri_count(container));
                out.note_with(|| What::ArtifactsFetched { task, count });
                self.start(id, out);
            }
            ContainerEvent::FetchFailed { uri, why } => {
                let task = container.any_task();
                out.note_with(|| What::ArtifactMissing { task, uri, why });
                let why = format!("Failed to fetch all URIs for container '{id}': exited with status 1");
                self.launch_failed(now, id, &why, out);
            }
            ContainerEvent::Started => self.started(now, id, out),
            ContainerEvent::StartFailed { why } => self.launch_failed(now, id, &why, out),
            ContainerEvent::Exited(exit) => self.exited(now, id, Some(exit), out),
            ContainerEvent::Fetched => {}
        }
    }

    fn launch_failed(&mut self, now: Time, id: &ContainerId, why: &str, out: &mut Outbox<AgentOutput>) {
        if let Some(container) = self.containers.get_mut(id) {
            let text = format!("Failed to launch container: {why}");
            container.cause.get_or_insert((Reason::ContainerLaunchFailed, text));
        }
        self.exited(now, id, None, out);
    }

    fn started(&mut self, now: Time, id: &ContainerId, out: &mut Outbox<AgentOutput>) {
        let Some(container) = self.containers.get_mut(id) else { return };
        if container.phase != Phase::Starting {
            return;
        }
        container.phase = Phase::Started;
        if container.executor.is_some() {
            return;
        }
        container.register_by = None;
        container.queued.clear();
        for task in container.tasks.values_mut() {
            task.delivered = true;
        }
        for state in [TaskState::Starting, TaskState::Running] {
            self.command_status(now, id, state, None, out);
        }
    }

    /// A status as the command executor makes it.
    fn command_status(
        &mut self,
        now: Time,
        id: &ContainerId,
        state: TaskState,
        message: Option<String>,
        out: &mut Outbox<AgentOutput>,
    ) {
        let Some(container) = self.containers.get_mut(id) else { return };
        let Some((task_id, task)) = container.tasks.iter_mut().next() else { return };
        task.state = state;
        let mut status = TaskStatus::new(task_id.clone(), state);
        status.message = message;
        status.source = Some(Source::Executor);
        status.executor_id = Some(container.executor_id.clone());
        status.container_status = Some(Arc::clone(&container.status));
        let framework = container.framework_id.clone();
        self.send_status(now, &framework, status, out);
    }

    /// The container is no more; `None` if its program never ran.
    fn exited(&mut self, now: Time, id: &ContainerId, exit: Option<Exit>, out: &mut Outbox<AgentOutput>) {
        let Some(container) = self.containers.get(id) else { return };
        let is_command = container.executor.is_none();
        match exit.filter(|_| is_command && container.cause.is_none() && container.phase == Phase::Started) {
            Some(exit) => {
                let (state, message) = command_end(exit, container.ending);
                self.command_status(now, id, state, Some(message), out);
            }
            None => self.fail_live_tasks(now, id, out),
        }
        let Some(container) = self.containers.remove(id) else { return };
        let key = (container.framework_id, container.executor_id);
        if self.executors.get(&key) == Some(id) {
            self.executors.remove(&key);
        }
        let (framework_id, executor_id) = key;
        if !is_command {
            let status = exit.map_or(-1, Exit::wait_status);
            let id = framework_id.clone();
            let message = AgentToMaster::ExecutorExited { framework_id: id, executor_id, status };
            out.push(AgentOutput::ToMaster(message));
        }
        self.forget_idle_framework(&framework_id);
    }

    fn fail_live_tasks(&mut self, now: Time, id: &ContainerId, out: &mut Outbox<AgentOutput>) {
        let Some(container) = self.containers.get(id) else { return };
        let default = || (Reason::ExecutorTerminated, "Executor terminated".to_owned());
        let (reason, message) = container.cause.clone().unwrap_or_else(default);
        let (framework, executor) = (container.framework_id.clone(), container.executor_id.clone());
        for task in container.live_tasks() {
            let why = (TaskState::Failed, reason);
            self.own_status(now, &framework, (&task, Some(&executor)), why, message.clone(), out);
        }
    }

    /// A framework that is gone is forgotten with its last container.
    fn forget_idle_framework(&mut self, id: &FrameworkId) {
        let busy = self.containers.values().any(|container| container.framework_id == *id);
        if !busy && self.frameworks.get(id).is_some_and(|framework| framework.terminating) {
            self.frameworks.remove(id);
        }
    }

    pub(super) fn kill(
        &mut self,
        now: Time,
        framework_id: &FrameworkId,
        task_id: TaskId,
        policy: Option<KillPolicy>,
        out: &mut Outbox<AgentOutput>,
    ) {
        let Some(framework) = self.frameworks.get(framework_id) else { return };
        let says_killing = framework.info.can(Capability::TaskKillingState);
        let holds = |one: &&Container| one.framework_id == *framework_id && one.tasks.contains_key(&task_id);
        let Some(container) = self.containers.values().find(holds).map(|one| one.id.clone()) else {
            if !self.updates.has(framework_id, &task_id) {
                let why = (TaskState::Dropped, Reason::ExecutorTerminated);
                let message = "Cannot find executor".to_owned();
                self.own_status(now, framework_id, (&task_id, None), why, message, out);
            }
            return;
        };
        let Some(one) = self.containers.get(&container) else { return };
        let Some(task) = one.tasks.get(&task_id).filter(|task| !task.state.is_terminal()) else { return };
        if !task.delivered {
            self.kill_undelivered(now, &container, &task_id, out);
        } else if one.executor.is_some() {
            let event = ExecutorEvent::Kill { task_id, kill_policy: policy };
            out.push(AgentOutput::ToExecutor { container, event });
        } else {
            let grace = policy.or(task.info.kill_policy).and_then(grace_of).unwrap_or(KILL_GRACE);
            self.kill_command(now, &container, grace, says_killing, out);
        }
    }

    fn kill_undelivered(
        &mut self,
        now: Time,
        id: &ContainerId,
        task_id: &TaskId,
        out: &mut Outbox<AgentOutput>,
    ) {
        let Some(container) = self.containers.get_mut(id) else { return };
        container.queued.retain(|queued| queued != task_id);
        container.tasks.remove(task_id);
        let (framework, executor) = (container.framework_id.clone(), container.executor_id.clone());
        let idle = container.tasks.is_empty();
        let why = (TaskState::Killed, Reason::TaskKilledDuringLaunch);
        let message = "Killed before delivery to the executor".to_owned();
        self.own_status(now, &framework, (task_id, Some(&executor)), why, message, out);
        if idle {
            self.destroy(now, id, None, out);
        }
    }

    fn kill_command(
        &mut self,
        now: Time,
        id: &ContainerId,
        grace: std::time::Duration,
        says_killing: bool,
        out: &mut Outbox<AgentOutput>,
    ) {
        let Some(container) = self.containers.get_mut(id) else { return };
        container.force_at = Some(now + grace);
        if container.ending {
            return;
        }
        container.ending = true;
        if says_killing {
            self.command_status(now, id, TaskState::Killing, None, out);
        }
        out.push(AgentOutput::Signal { container: id.clone(), signal: Signal::Term });
    }

    /// Ends a container at once. One whose program was never asked for is gone with that.
    pub(super) fn destroy(
        &mut self,
        now: Time,
        id: &ContainerId,
        cause: Option<(Reason, String)>,
        out: &mut Outbox<AgentOutput>,
    ) {
        let Some(container) = self.containers.get_mut(id) else { return };
        container.ending = true;
        container.force_at = None;
        container.register_by = None;
        if container.cause.is_none() {
            container.cause = cause;
        }
        let fetching = container.phase == Phase::Fetching;
        out.push(AgentOutput::Destroy { container: id.clone() });
        if fetching {
            self.exited(now, id, None, out);
        }
    }

    /// Ends what had to subscribe and did not, and what was asked to end and did not.
    pub(super) fn end_overdue(&mut self, now: Time, out: &mut Outbox<AgentOutput>) {
        let due = |at: Option<Time>| at.is_some_and(|at| at <= now);
        let overdue: Vec<_> = self
            .containers
            .values()
            .filter(|container| due(container.wake_at()))
            .map(|container| (container.id.clone(), due(container.register_by)))
            .collect();
        for (id, unregistered) in overdue {
            if unregistered {
                let wait = words::duration(self.config.executor_registration_timeout);
                let text = format!("Executor did not register within {wait}");
                let cause = (Reason::ExecutorRegistrationTimeout, text);
                self.destroy(now, &id, Some(cause), out);
                continue;
            }
            let Some(container) = self.containers.get_mut(&id) else { continue };
            container.force_at = None;
            if container.executor.is_none() {
                out.push(AgentOutput::Signal { container: id, signal: Signal::Kill });
            } else {
                self.destroy(now, &id, None, out);
            }
        }
    }

    pub(super) fn shutdown_framework(&mut self, now: Time, id: &FrameworkId, out: &mut Outbox<AgentOutput>) {
        let Some(framework) = self.frameworks.get_mut(id) else { return };
        framework.terminating = true;
        self.updates.forget_framework(id);
        let mine = self.containers.values().filter(|container| container.framework_id == *id);
        let ids: Vec<_> = mine.map(|container| container.id.clone()).collect();
        for container in ids {
            self.shutdown_container(now, &container, out);
        }
        self.forget_idle_framework(id);
    }

    pub(super) fn shutdown_container(&mut self, now: Time, id: &ContainerId, out: &mut Outbox<AgentOutput>) {
        let Some(container) = self.containers.get_mut(id) else { return };
        let grace = self.config.executor_shutdown_grace_period;
        match (container.phase, container.executor.is_some()) {
            (Phase::Subscribed, true) => {
                container.ending = true;
                container.force_at = Some(now + grace);
                let event = ExecutorEvent::Shutdown;
                out.push(AgentOutput::ToExecutor { container: id.clone(), event });
            }
            (Phase::Started, false) => {
                let grace = grace.min(KILL_GRACE);
                self.kill_command(now, id, grace, false, out);
            }
            _ => self.destroy(now, id, None, out),
        }
    }

    pub(super) fn acknowledged(
        &mut self,
        now: Time,
        framework_id: &FrameworkId,
        task_id: TaskId,
        uuid: StatusUuid,
        out: &mut Outbox<AgentOutput>,
    ) {
        let online = self.is_registered();
        if !self.updates.acknowledge(now, (framework_id, &task_id, uuid), online, out) {
            return;
        }
        let holds =
            |one: &&mut Container| one.framework_id == *framework_id && one.tasks.contains_key(&task_id);
        let Some(container) = self.containers.values_mut().find(holds) else { return };
        let subscribed = container.phase == Phase::Subscribed;
        let ended = container.tasks.get(&task_id).is_some_and(|task| task.state.is_terminal());
        if ended && self.updates.latest(framework_id, &task_id).is_none() && container.executor.is_some() {
            container.tasks.remove(&task_id);
        }
        if subscribed {
            let event = ExecutorEvent::Acknowledged { task_id, uuid };
            out.push(AgentOutput::ToExecutor { container: container.id.clone(), event });
        }
    }

    pub(super) fn message(
        &mut self,
        framework_id: &FrameworkId,
        executor_id: &ExecutorId,
        data: Vec<u8>,
        out: &mut Outbox<AgentOutput>,
    ) {
        let Some(container) = self.container_of(framework_id, executor_id).cloned() else { return };
        let subscribed = |one: &Container| one.phase == Phase::Subscribed;
        if self.containers.get(&container).is_some_and(subscribed) {
            let event = ExecutorEvent::Message { data };
            out.push(AgentOutput::ToExecutor { container, event });
        }
    }

    pub(super) fn executor_call(
        &mut self,
        now: Time,
        id: &ContainerId,
        call: ExecutorCall,
        out: &mut Outbox<AgentOutput>,
    ) {
        let Some(container) = self.containers.get_mut(id).filter(|one| one.executor.is_some()) else {
            let text = "Executor cannot be found".to_owned();
            let event = ExecutorEvent::Refused { status: 400, text };
            out.push(AgentOutput::ToExecutor { container: id.clone(), event });
            return;
        };
        if call == ExecutorCall::Subscribe {
            self.executor_subscribes(id, out);
            self.hold_to_memory(now, id, out);
            return;
        }
        if container.phase != Phase::Subscribed {
            let text = "Executor is not subscribed".to_owned();
            let event = ExecutorEvent::Refused { status: 403, text };
            out.push(AgentOutput::ToExecutor { container: id.clone(), event });
            return;
        }
        match call {
            ExecutorCall::Update(mut status) => {
                if let Some(task) = container.tasks.get_mut(&status.task_id) {
                    task.state = status.state;
                }
                status.source = Some(Source::Executor);
                status.executor_id = Some(container.executor_id.clone());
                status.container_status.get_or_insert_with(|| Arc::clone(&container.status));
                let framework = container.framework_id.clone();
                self.send_status(now, &framework, status, out);
            }
            ExecutorCall::Message { data } => {
                let framework_id = container.framework_id.clone();
                let executor_id = container.executor_id.clone();
                let message = AgentToMaster::Message { framework_id, executor_id, data };
                out.push(AgentOutput::ToMaster(message));
            }
            ExecutorCall::Subscribe => {}
        }
    }

    fn executor_subscribes(&mut self, id: &ContainerId, out: &mut Outbox<AgentOutput>) {
        let Some(container) = self.containers.get_mut(id).filter(|container| !container.ending) else {
            return;
        };
        let Some(framework) = self.frameworks.get(&container.framework_id) else { return };
        let Some(executor_info) = container.executor.clone() else { return };
        container.phase = Phase::Subscribed;
        container.register_by = None;
        let event = ExecutorEvent::Subscribed {
            executor_info,
            framework_info: Arc::clone(&framework.info),
            agent_info: Arc::clone(&self.info),
            container_id: id.clone(),
        };
        out.push(AgentOutput::ToExecutor { container: id.clone(), event });
        for task_id in std::mem::take(&mut container.queued) {
            if let Some(task) = container.tasks.get_mut(&task_id) {
                task.delivered = true;
                let event = ExecutorEvent::Launch(Arc::clone(&task.info));
                out.push(AgentOutput::ToExecutor { container: id.clone(), event });
            }
        }
    }
}

fn uri_count(container: &Container) -> usize {
    let own = container.tasks.values().next().and_then(|task| task.info.command.as_ref());
    let command = container.executor.as_ref().and_then(|executor| executor.command.as_ref()).or(own);
    command.map_or(0, |command| command.uris.len())
}

fn grace_of(policy: KillPolicy) -> Option<std::time::Duration> {
    let nanoseconds = u64::try_from(policy.grace_period?.nanoseconds).unwrap_or(0);
    Some(std::time::Duration::from_nanos(nanoseconds))
}

/// State and message of a command task at its end. One that ends well has finished, asked to end or not.
fn command_end(exit: Exit, asked: bool) -> (TaskState, String) {
    let failed = if asked { TaskState::Killed } else { TaskState::Failed };
    match exit {
        Exit::Code(0) => (TaskState::Finished, "Command exited with status 0".into()),
        Exit::Code(code) => (failed, format!("Command exited with status {code}")),
        Exit::Signal(signal) => (failed, format!("Command terminated with signal {}", signal_name(signal))),
    }
}

/// What `strsignal` says on Linux.
fn signal_name(signal: i32) -> String {
    let name = match signal {
        1 => "Hangup",
        2 => "Interrupt",
        3 => "Quit",
        4 => "Illegal instruction",
        6 => "Aborted",
        7 => "Bus error",
        8 => "Floating point exception",
        9 => "Killed",
        11 => "Segmentation fault",
        13 => "Broken pipe",
        15 => "Terminated",
        other => return format!("Unknown signal {other}"),
    };
    name.into()
}
