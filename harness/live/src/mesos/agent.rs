//! An agent: the machine, its link to the master, its containers.

use std::collections::BTreeMap;
use std::sync::Arc;

use stacklab_frameworks::registry::UnknownProgram;
use stacklab_machine::timeline::{EventId, What};
use stacklab_machine::{Machine, Outbox, Pace, Step, Streams};
use stacklab_mesos::{
    Agent, AgentConfig, AgentInput, AgentOutput, ContainerEvent, ContainerId, ExecutorCall, ExecutorEvent,
    Exit, LinkId, MasterToAgent, Signal, StartSpec, Uri,
};
use tokio::sync::mpsc;
use tokio::task::{AbortHandle, JoinHandle, JoinSet};

use super::command::{Commands, Downloads};
use super::container::{Container, Ground, model_command, name_of, run_command, run_image, start};
use super::control::{AgentHandle, Control};
use super::fetch::Artifacts;
use super::master::MasterHandle;
use super::master_link::{MasterLink, Mouth};
use crate::mishap::{Surroundings, TaskFault};
use crate::names::Names;
use crate::program::Services;
use crate::recorder::Recorder;

/// Messages that may wait for an agent.
const INBOX: usize = 4096;
/// Orders that may wait for one container.
const ORDERS: usize = 256;
const SIGKILL: i32 = 9;

/// What waits for an agent.
#[derive(Debug)]
pub(super) enum Message {
    Container(ContainerId, ContainerEvent, Option<EventId>),
    Executor(ContainerId, ExecutorCall, Option<EventId>),
    /// Something of the master's that was held up.
    Late(MasterToAgent, Option<EventId>),
    Control(Control),
}

/// Where an agent runs, and with what.
#[derive(Clone)]
pub struct AgentPlace {
    /// Its name in the timeline: `agent-1`.
    pub name: String,
    /// Its number, different from every other agent's of the master.
    pub link: LinkId,
    /// The timeline.
    pub recorder: Recorder,
    /// Who starts services for executors.
    pub services: Arc<dyn Services>,
    /// Host names of the cluster.
    pub names: Names,
    /// How fast the programs' waits pass.
    pub pace: Pace,
    /// Where the programs' random numbers come from.
    pub streams: Streams,
    /// Where artifacts come from.
    pub artifacts: Artifacts,
    /// What becomes of commands that no program plays.
    pub commands: Commands,
    /// What can go wrong there.
    pub surroundings: Surroundings,
}

/// A running agent. Dropping it kills it with everything on it.
#[derive(Debug)]
pub struct AgentHost {
    task: JoinHandle<()>,
    link: LinkId,
    master: MasterHandle,
    handle: AgentHandle,
}

impl AgentHost {
    /// Starts an agent under a master.
    pub fn start(config: AgentConfig, place: AgentPlace, master: &MasterHandle) -> Self {
        let (sender, receiver) = mpsc::channel(INBOX);
        let ground = Ground {
            recorder: place.recorder.clone(),
            services: Arc::clone(&place.services),
            names: place.names.clone(),
            pace: place.pace,
            streams: place.streams,
            agent: sender.clone(),
            surroundings: place.surroundings.clone(),
        };
        let link = place.link;
        let keeper = Keeper {
            mouth: Mouth::new(&place, master.clone()),
            place,
            ground,
            master: master.clone(),
            containers: BTreeMap::new(),
            fetching: BTreeMap::new(),
            tasks: JoinSet::new(),
        };
        let task = tokio::spawn(run(Agent::new(config), keeper, receiver));
        Self { task, link, master: master.clone(), handle: AgentHandle::new(sender) }
    }

    /// The way to it, for those who want to break something there.
    pub fn handle(&self) -> &AgentHandle {
        &self.handle
    }
}

impl Drop for AgentHost {
    fn drop(&mut self) {
        self.task.abort();
        self.master.disconnect(self.link);
    }
}

async fn run(mut agent: Agent, mut keeper: Keeper, mut messages: mpsc::Receiver<Message>) {
    let clock = keeper.place.recorder.clock();
    let machine = keeper.place.surroundings.host.clone();
    let mut link = MasterLink::new(&keeper.place, keeper.master.clone());
    let mut out = Outbox::new();
    loop {
        let heard = tokio::select! {
            (input, cause) = link.next() => keeper.launches(input, cause),
            Some(message) = messages.recv() => keeper.admit(&agent, message).await,
            () = machine.until(clock, agent.wake_at()) => {
                machine.moving().await;
                agent.wake(machine.now(clock), &mut out);
                keeper.carry_out(&mut out, None).await;
                continue;
            }
        };
        machine.moving().await;
        let Some((input, cause)) = heard else { continue };
        agent.handle(machine.now(clock), input, &mut out);
        keeper.carry_out(&mut out, cause).await;
    }
}

/// Everything around the agent that has to do with the outside.
struct Keeper {
    place: AgentPlace,
    ground: Ground,
    master: MasterHandle,
    mouth: Mouth,
    /// The way to each running container; without it the container is killed.
    containers: BTreeMap<ContainerId, mpsc::Sender<Order>>,
    fetching: BTreeMap<ContainerId, AbortHandle>,
    /// Fetches and containers: they end with the agent.
    tasks: JoinSet<()>,
}

impl Keeper {
    async fn admit(&mut self, agent: &Agent, message: Message) -> Option<(AgentInput, Option<EventId>)> {
        while self.tasks.try_join_next().is_some() {}
        let input = match message {
            Message::Late(message, cause) => (AgentInput::Master(message), cause),
            Message::Control(control) => {
                if let Control::Kill(container) = &control {
                    self.order(container, Order::Kill).await;
                }
                return control.answer(agent);
            }
            Message::Container(container, event, cause) => {
                match event {
                    ContainerEvent::Fetched => {
                        self.fetching.remove(&container);
                    }
                    ContainerEvent::FetchFailed { .. } => {
                        self.fetching.remove(&container);
                        self.containers.remove(&container);
                    }
                    ContainerEvent::Exited(_) | ContainerEvent::StartFailed { .. } => {
                        self.containers.remove(&container);
                    }
                    _ => {}
                }
                (AgentInput::Container { container, event }, cause)
            }
            Message::Executor(container, call, cause) => (AgentInput::Executor { container, call }, cause),
        };
        Some(input)
    }

    /// Lets what the master says pass, unless it is a launch that comes to nothing, or comes later.
    fn launches(
        &mut self,
        input: AgentInput,
        cause: Option<EventId>,
    ) -> Option<(AgentInput, Option<EventId>)> {
        let AgentInput::Master(MasterToAgent::RunTask { task, .. }) = &input else {
            return Some((input, cause));
        };
        match self.place.surroundings.lab.launch_fault(&task.name, task.task_id.as_str()) {
            None => return Some((input, cause)),
            Some(TaskFault::Hang) => {}
            Some(TaskFault::Delay(by)) => {
                let agent = self.ground.agent.clone();
                if let AgentInput::Master(message) = input {
                    self.tasks.spawn(async move {
                        tokio::time::sleep(by).await;
                        let _ = agent.send(Message::Late(message, cause)).await;
                    });
                }
            }
        }
        None
    }

    async fn carry_out(&mut self, out: &mut Outbox<AgentOutput>, cause: Option<EventId>) {
        let mut cause = cause;
        for step in out.drain() {
            match step {
                Step::Event(what) => cause = Some(self.place.recorder.record(&self.place.name, cause, what)),
                Step::Output(output) => self.perform(output, cause).await,
            }
        }
    }

    async fn perform(&mut self, output: AgentOutput, cause: Option<EventId>) {
        match output {
            AgentOutput::ToMaster(message) => {
                self.mouth.say(message, cause).await;
            }
            AgentOutput::Fetch { container, uris, .. } => self.fetch(container, uris, cause),
            AgentOutput::Start(spec) => self.start(&spec, cause),
            AgentOutput::Signal { container, signal } => {
                let order = match signal {
                    Signal::Term => Order::Terminate,
                    Signal::Kill => Order::Kill,
                };
                self.order(&container, order).await;
            }
            AgentOutput::ToExecutor { container, event } => {
                self.order(&container, Order::Tell(event, cause)).await
            }
            AgentOutput::Destroy { container } => {
                if let Some(fetch) = self.fetching.remove(&container) {
                    fetch.abort();
                }
                self.order(&container, Order::Kill).await;
            }
        }
    }

    async fn order(&self, container: &ContainerId, order: Order) {
        if let Some(to_container) = self.containers.get(container) {
            // Gone already: its exit is on the way.
            let _ = to_container.send(order).await;
        }
    }

    fn fetch(&mut self, container: ContainerId, uris: Vec<Uri>, cause: Option<EventId>) {
        let (artifacts, pace) = (self.artifacts(), self.place.pace);
        let host = self.place.surroundings.host.clone();
        let (agent, id) = (self.ground.agent.clone(), container.clone());
        let downloads = self.downloads();
        let fetch = self.tasks.spawn(async move {
            let event = if let Some(uri) = uris.first().filter(|_| host.disk_is_full()) {
                let why = format!("Failed to create file for {}: No space left on device", uri.file_name());
                ContainerEvent::FetchFailed { uri: uri.value.clone(), why }
            } else {
                artifacts.fetch(&id, uris, downloads, pace).await
            };
            let _ = agent.send(Message::Container(id, event, cause)).await;
        });
        self.fetching.insert(container, fetch);
    }

    fn start(&mut self, spec: &StartSpec, cause: Option<EventId>) {
        let (agent, id) = (self.ground.agent.clone(), spec.container.clone());
        let corrupt = self.artifacts().broken_jar(spec);
        let broken = corrupt.map(|line| UnknownProgram::Ends { code: 1, line });
        match broken.map_or_else(|| start(&self.ground, spec, cause), Err) {
            Ok(container) => {
                let (to_container, orders) = mpsc::channel(ORDERS);
                self.containers.insert(id.clone(), to_container);
                self.tasks.spawn(keep(id, container, orders, agent, cause));
            }
            Err(unknown) if spec.executor.is_none() && self.is_ours(spec, &unknown) => {
                self.start_command(spec, cause);
            }
            Err(UnknownProgram::Ends { code, line }) => {
                self.place.recorder.record(&name_of(spec), cause, What::Log { line });
                self.tasks.spawn(async move {
                    let _ = agent.send(Message::Container(id.clone(), ContainerEvent::Started, cause)).await;
                    let exited = ContainerEvent::Exited(Exit::Code(code));
                    let _ = agent.send(Message::Container(id, exited, cause)).await;
                });
            }
            Err(unknown) => {
                let why = unknown.to_string();
                self.tasks.spawn(async move {
                    let event = ContainerEvent::StartFailed { why };
                    let _ = agent.send(Message::Container(id, event, cause)).await;
                });
            }
        }
    }
}

impl Keeper {
    /// Where artifacts come from at this moment.
    fn artifacts(&self) -> Artifacts {
        self.place.surroundings.lab.artifacts(&self.place.artifacts)
    }

    fn downloads(&self) -> Option<Downloads> {
        match &self.place.commands {
            Commands::Real { folder } => Some(Downloads::new(folder)),
            Commands::Modelled { .. } => None,
        }
    }

    /// Whether a command is for [`Commands`] to decide on, or for the image that it runs in. What ends at once need not
    /// be modelled.
    fn is_ours(&self, spec: &StartSpec, unknown: &UnknownProgram) -> bool {
        matches!(unknown, UnknownProgram::NotPlayed { .. })
            || spec.docker_image().is_some()
            || matches!(self.place.commands, Commands::Real { .. })
    }

    fn start_command(&mut self, spec: &StartSpec, cause: Option<EventId>) {
        let (ground, spec, commands) = (self.ground.clone(), spec.clone(), self.place.commands.clone());
        let (to_container, mut orders) = mpsc::channel(ORDERS);
        self.containers.insert(spec.container.clone(), to_container);
        self.tasks.spawn(async move {
            let agent = ground.agent.clone();
            let started = tokio::select! {
                started = start_command(&ground, &spec, &commands, cause) => started,
                // Whatever is ordered is its end: there is nobody yet to be told anything.
                _ = orders.recv() => Err(ContainerEvent::Exited(Exit::Signal(SIGKILL))),
            };
            match started {
                Ok(container) => keep(spec.container, container, orders, agent, cause).await,
                Err(event) => {
                    let _ = agent.send(Message::Container(spec.container, event, cause)).await;
                }
            }
        });
    }
}

/// Starts a command that no machine plays, with all its artifacts: those that every lab knows by name are only
/// downloaded when somebody really wants them.
async fn start_command(
    ground: &Ground,
    spec: &StartSpec,
    commands: &Commands,
    cause: Option<EventId>,
) -> Result<Container, ContainerEvent> {
    if let Some(image) = run_image(ground, spec, cause).await {
        return image.map_err(|why| ContainerEvent::StartFailed { why });
    }
    let folder = match commands {
        Commands::Modelled { runs_for } => return Ok(model_command(ground, spec, *runs_for, cause)),
        Commands::Real { folder } => folder,
    };
    let downloads = Downloads::new(folder);
    let command = spec.task.as_ref().and_then(|task| task.command.as_ref());
    let uris = command.map(|command| &command.uris[..]).unwrap_or_default();
    downloads
        .fetch(&spec.container, uris)
        .await
        .map_err(|(uri, why)| ContainerEvent::FetchFailed { uri, why })?;
    let sandbox = downloads.sandbox(&spec.container);
    run_command(ground, spec, &sandbox, cause)
        .map_err(|why| ContainerEvent::StartFailed { why: why.to_string() })
}

/// What the agent orders a container to do.
#[derive(Debug)]
enum Order {
    Tell(ExecutorEvent, Option<EventId>),
    Terminate,
    Kill,
}

/// Keeps one container until its program ends.
async fn keep(
    id: ContainerId,
    mut container: Container,
    mut orders: mpsc::Receiver<Order>,
    agent: mpsc::Sender<Message>,
    cause: Option<EventId>,
) {
    let _ = agent.send(Message::Container(id.clone(), ContainerEvent::Started, cause)).await;
    let exit = loop {
        tokio::select! {
            exit = container.exited() => break exit,
            order = orders.recv() => match order {
                Some(Order::Tell(event, cause)) => container.tell(event, cause).await,
                Some(Order::Terminate) => container.terminate().await,
                Some(Order::Kill) | None => break Exit::Signal(SIGKILL),
            }
        }
    };
    container.end(exit).await;
    let _ = agent.send(Message::Container(id, ContainerEvent::Exited(exit), None)).await;
}
