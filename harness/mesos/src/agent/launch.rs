//! From a task to a container: fetching, starting, and what a program is given.

use std::sync::Arc;

use stacklab_machine::timeline::What;
use stacklab_machine::{Outbox, Time, uuid_v4};

use super::AgentOutput;
use super::container::{AgentTask, Container, Phase};
use super::machine::{Agent, AgentFramework};
use crate::ids::{ContainerId, ExecutorId, FrameworkId};
use crate::messages::StartSpec;
use crate::v1::{CommandInfo, ContainerStatus, ExecutorEvent, FrameworkInfo, Reason, TaskInfo, TaskState};

impl Agent {
    pub(super) fn run_task(
        &mut self,
        now: Time,
        framework_id: FrameworkId,
        info: Arc<FrameworkInfo>,
        task: Arc<TaskInfo>,
        out: &mut Outbox<AgentOutput>,
    ) {
        let framework = self
            .frameworks
            .entry(framework_id.clone())
            .or_insert_with(|| AgentFramework { info: Arc::clone(&info), terminating: false });
        framework.info = info;
        if framework.terminating {
            return;
        }
        let executor_id = match &task.executor {
            Some(executor) => executor.executor_id.clone(),
            None => ExecutorId::new(task.task_id.as_str()),
        };
        let existing = self.executors.get(&(framework_id.clone(), executor_id.clone())).cloned();
        match existing.filter(|_| task.executor.is_some()) {
            Some(container) => self.add_task(now, &container, task, out),
            None => self.new_container(now, framework_id, executor_id, task, out),
        }
    }

    fn add_task(
        &mut self,
        now: Time,
        container_id: &ContainerId,
        task: Arc<TaskInfo>,
        out: &mut Outbox<AgentOutput>,
    ) {
        let Some(container) = self.containers.get_mut(container_id) else { return };
        if container.ending {
            let (framework, executor) = (container.framework_id.clone(), container.executor_id.clone());
            let why = (TaskState::Dropped, Reason::ExecutorTerminated);
            let message = "Executor terminating".to_owned();
            self.own_status(now, &framework, (&task.task_id, Some(&executor)), why, message, out);
            return;
        }
        let delivered = container.phase == Phase::Subscribed;
        let (id, info) = (task.task_id.clone(), Arc::clone(&task));
        container.tasks.insert(id.clone(), AgentTask { info, state: TaskState::Staging, delivered });
        if delivered {
            let event = ExecutorEvent::Launch(task);
            out.push(AgentOutput::ToExecutor { container: container_id.clone(), event });
        } else {
            container.queued.push(id);
        }
    }

    fn new_container(
        &mut self,
        now: Time,
        framework_id: FrameworkId,
        executor_id: ExecutorId,
        task: Arc<TaskInfo>,
        out: &mut Outbox<AgentOutput>,
    ) {
        let id = ContainerId::new(uuid_v4(&mut self.rng));
        let network = serde_json::json!({ "ip_addresses": [{ "ip_address": self.config.address.ip }] });
        let status = ContainerStatus { container_id: Some(id.clone()), network_infos: vec![network] };
        let executor = task.executor.clone().map(Arc::new);
        let mut container = Container {
            id: id.clone(),
            framework_id: framework_id.clone(),
            executor_id: executor_id.clone(),
            executor,
            phase: Phase::Fetching,
            status: Arc::new(status),
            tasks: std::collections::BTreeMap::new(),
            queued: vec![task.task_id.clone()],
            // The clock runs from here: fetching counts, as many a user of large archives has found.
            register_by: Some(now + self.config.executor_registration_timeout),
            ending: false,
            force_at: None,
            cause: None,
        };
        let task_id = task.task_id.clone();
        let entry = AgentTask { info: task, state: TaskState::Staging, delivered: false };
        container.tasks.insert(task_id, entry);
        let uris = command_of(&container).map(|command| command.uris.clone()).unwrap_or_default();
        let sandbox = self.sandbox(&container);
        if !uris.is_empty() {
            let (task, count) = (container.any_task(), uris.len());
            out.note_with(|| What::FetchStarted { task, count });
        }
        self.executors.insert((framework_id, executor_id), id.clone());
        self.containers.insert(id.clone(), container);
        if uris.is_empty() {
            self.start(&id, out);
        } else {
            out.push(AgentOutput::Fetch { container: id, uris, sandbox });
        }
    }

    /// Asks the shell to start the container's program.
    pub(super) fn start(&mut self, id: &ContainerId, out: &mut Outbox<AgentOutput>) {
        let Some(container) = self.containers.get_mut(id) else { return };
        container.phase = Phase::Starting;
        let Some(container) = self.containers.get(id) else { return };
        let Some(framework) = self.frameworks.get(&container.framework_id) else { return };
        let empty = CommandInfo::shell("");
        let command = command_of(container).unwrap_or(&empty);
        let sandbox = self.sandbox(container);
        let spec = StartSpec {
            container: id.clone(),
            framework_id: container.framework_id.clone(),
            executor_id: container.executor_id.clone(),
            task: container
                .executor
                .is_none()
                .then(|| container.tasks.values().next().map(|task| Arc::clone(&task.info)))
                .flatten(),
            executor: container.executor.clone(),
            command: command.value.clone().unwrap_or_default(),
            shell: command.shell,
            arguments: command.arguments.clone(),
            user: command.user.clone().unwrap_or_else(|| framework.info.user.clone()),
            environment: self.environment(container, &framework.info, command, &sandbox),
            files: command.uris.iter().map(|uri| uri.file_name().to_owned()).collect(),
            sandbox,
            hostname: self.config.address.hostname.clone(),
            ip: self.config.address.ip.clone(),
            memory: memory_of(container),
        };
        out.push(AgentOutput::Start(Box::new(spec)));
    }

    fn sandbox(&self, container: &Container) -> String {
        format!(
            "{}/slaves/{}/frameworks/{}/executors/{}/runs/{}",
            self.config.work_dir,
            self.id.as_ref().map_or("", |id| id.as_str()),
            container.framework_id,
            container.executor_id,
            container.id
        )
    }

    fn environment(
        &self,
        container: &Container,
        framework: &FrameworkInfo,
        command: &CommandInfo,
        sandbox: &str,
    ) -> Vec<(String, String)> {
        let agent = self.id.as_ref().map(ToString::to_string).unwrap_or_default();
        let endpoint = self.config.address.socket();
        let grace = self.config.executor_shutdown_grace_period.as_secs();
        let mut all: Vec<(String, String)> = Vec::with_capacity(16);
        let mut set = |name: &str, value: String| match all.iter_mut().find(|(known, _)| known == name) {
            Some(known) => known.1 = value,
            None => all.push((name.to_owned(), value)),
        };
        set("LIBPROCESS_PORT", "0".into());
        set("MESOS_FRAMEWORK_ID", container.framework_id.to_string());
        set("MESOS_EXECUTOR_ID", container.executor_id.to_string());
        set("MESOS_DIRECTORY", sandbox.to_owned());
        set("MESOS_SANDBOX", sandbox.to_owned());
        set("MESOS_SLAVE_ID", agent);
        set("MESOS_SLAVE_PID", format!("slave(1)@{endpoint}"));
        set("MESOS_AGENT_ENDPOINT", endpoint);
        set("MESOS_CHECKPOINT", u8::from(framework.checkpoint).to_string());
        set("MESOS_HTTP_COMMAND_EXECUTOR", "0".into());
        set("MESOS_EXECUTOR_SHUTDOWN_GRACE_PERIOD", format!("{grace}secs"));
        if framework.checkpoint {
            set("MESOS_RECOVERY_TIMEOUT", "15mins".into());
            set("MESOS_SUBSCRIPTION_BACKOFF_MAX", "2secs".into());
        }
        let role = framework.all_roles().first().map(|role| (*role).to_owned());
        set("MESOS_ALLOCATION_ROLE", role.unwrap_or_else(|| "*".into()));
        let own = command.environment.as_ref().map_or(&[][..], |environment| &environment.variables);
        for variable in own {
            set(&variable.name, variable.value.clone().unwrap_or_default());
        }
        all
    }
}

/// What a container has of memory, in MB.
fn memory_of(container: &Container) -> f64 {
    let executor = container.executor.iter().map(|executor| executor.resources.mem());
    executor.chain(container.tasks.values().map(|task| task.info.resources.mem())).sum()
}

fn command_of(container: &Container) -> Option<&CommandInfo> {
    match &container.executor {
        Some(executor) => executor.command.as_ref(),
        None => container.tasks.values().next().and_then(|task| task.info.command.as_ref()),
    }
}
