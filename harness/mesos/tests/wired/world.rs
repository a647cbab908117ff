//! A master, agents and scripted frameworks, wired together in memory. Messages arrive at once; time passes only
//! in [`World::pass`], from one wake-up to the next.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fmt::Write as _;
use std::time::Duration;

use stacklab_machine::http::{Request, Response};
use stacklab_machine::process::ExchangeId;
use stacklab_machine::timeline::What;
use stacklab_machine::{Machine, Outbox, Rng, Step, Time, earliest};
use stacklab_mesos::v0::{DriverCall, DriverEvent, Pid};
use stacklab_mesos::v1::Address;
use stacklab_mesos::*;

/// Number of the connection that replies go to.
const REPLY: u64 = 1_000_000;

pub(crate) struct World {
    pub(crate) now: Time,
    pub(crate) master: Master,
    pub(crate) agents: Vec<Agent>,
    /// Agents that can reach the master.
    pub(crate) up: BTreeSet<usize>,
    /// Programs that do not end on SIGTERM, by command.
    pub(crate) stubborn: bool,
    /// Whether updates are acknowledged as they come.
    pub(crate) acknowledge: bool,
    pub(crate) offers: Vec<Offer>,
    pub(crate) statuses: Vec<TaskStatus>,
    pub(crate) starts: Vec<StartSpec>,
    pub(crate) notes: Vec<What>,
    pub(crate) last_reply: Option<Response>,
    streams: BTreeMap<ConnectionId, (StreamId, Option<FrameworkId>)>,
    log: String,
    running: BTreeSet<ContainerId>,
    waiting: VecDeque<Message>,
}

enum Message {
    Master(MasterInput),
    Agent(usize, AgentInput),
    Call(ConnectionId, SchedulerCall),
}

pub(crate) fn address(last: usize, port: u16) -> Address {
    let ip = format!("127.77.0.{last}");
    Address { hostname: ip.clone(), ip, port }
}

impl World {
    pub(crate) fn new(agents: usize) -> Self {
        Self::with(agents, "cpus:4;mem:16384;ports:[31000-32000]", |_| {})
    }

    pub(crate) fn with(agents: usize, resources: &str, change: impl Fn(&mut MasterConfig)) -> Self {
        let mut config = MasterConfig::new("M", address(1, 5050), Rng::new(1));
        config.started = Time::SIM_START;
        change(&mut config);
        let make = |index| {
            let resources = resources.parse().unwrap();
            let mut config = AgentConfig::new(address(11 + index, 5051), resources, Rng::new(index as u64));
            config.limits_memory = true;
            Agent::new(config)
        };
        let mut world = Self {
            now: Time::SIM_START,
            master: Master::new(config),
            agents: (0..agents).map(make).collect(),
            up: (0..agents).collect(),
            stubborn: false,
            acknowledge: true,
            offers: Vec::new(),
            statuses: Vec::new(),
            starts: Vec::new(),
            notes: Vec::new(),
            last_reply: None,
            streams: BTreeMap::new(),
            log: String::new(),
            running: BTreeSet::new(),
            waiting: VecDeque::new(),
        };
        for index in 0..agents {
            world.agent(index, AgentInput::Connected);
        }
        world
    }

    pub(crate) fn agent(&mut self, index: usize, input: AgentInput) {
        self.waiting.push_back(Message::Agent(index, input));
        self.settle();
    }

    pub(crate) fn input(&mut self, input: MasterInput) {
        self.waiting.push_back(Message::Master(input));
        self.settle();
    }

    pub(crate) fn subscribe(&mut self, connection: u64, info: FrameworkInfo) {
        self.say(connection, SchedulerCall::Subscribe { info: Box::new(info), suppressed_roles: Vec::new() });
    }

    pub(crate) fn say(&mut self, connection: u64, call: SchedulerCall) {
        self.waiting.push_back(Message::Call(ConnectionId(connection), call));
        self.settle();
    }

    pub(crate) fn stream(&self, connection: u64) -> Option<StreamId> {
        self.streams.get(&ConnectionId(connection)).map(|(stream, _)| stream.clone())
    }

    pub(crate) fn launch(&mut self, connection: u64, offer: &Offer, tasks: Vec<TaskInfo>) {
        let offer_ids = vec![offer.id.clone()];
        self.say(connection, SchedulerCall::Accept { offer_ids, tasks, refuse_seconds: None });
    }

    pub(crate) fn drop_stream(&mut self, connection: u64) {
        self.streams.remove(&ConnectionId(connection));
        self.input(MasterInput::Disconnected { connection: ConnectionId(connection) });
    }

    pub(crate) fn cut(&mut self, index: usize) {
        self.up.remove(&index);
        self.input(MasterInput::AgentDisconnected { link: LinkId(index as u64) });
        self.agent(index, AgentInput::Disconnected);
    }

    pub(crate) fn restore(&mut self, index: usize) {
        self.up.insert(index);
        self.agent(index, AgentInput::Connected);
    }

    pub(crate) fn get(&mut self, url: &str) -> Response {
        self.http(Request::get(url))
    }

    pub(crate) fn http(&mut self, request: Request) -> Response {
        self.input(MasterInput::Http { exchange: ExchangeId(1), request });
        self.last_reply.take().expect("an answer at once")
    }

    /// Lets time pass.
    pub(crate) fn pass(&mut self, wait: Duration) {
        let end = self.now + wait;
        loop {
            let agents = self.agents.iter().map(Machine::wake_at);
            let next = agents.fold(self.master.wake_at(), earliest);
            let Some(at) = next.filter(|at| *at <= end) else { break };
            self.now = self.now.max(at);
            let mut out = Outbox::new();
            self.master.wake(self.now, &mut out);
            self.take_master(&mut out);
            for index in 0..self.agents.len() {
                let mut out = Outbox::new();
                self.agents[index].wake(self.now, &mut out);
                self.take_agent(index, &mut out);
            }
            self.settle();
        }
        self.now = end;
    }

    /// What schedulers heard since the last time, a line each.
    pub(crate) fn heard(&mut self) -> String {
        std::mem::take(&mut self.log)
    }

    fn settle(&mut self) {
        while let Some(message) = self.waiting.pop_front() {
            match message {
                Message::Master(input) => self.tell_master(input),
                Message::Agent(index, input) => {
                    let mut out = Outbox::new();
                    self.agents[index].handle(self.now, input, &mut out);
                    self.take_agent(index, &mut out);
                }
                Message::Call(connection, call) => self.call(connection, call),
            }
        }
    }

    fn tell_master(&mut self, input: MasterInput) {
        let mut out = Outbox::new();
        self.master.handle(self.now, input, &mut out);
        self.take_master(&mut out);
    }

    fn call(&mut self, connection: ConnectionId, call: SchedulerCall) {
        let (stream_id, framework_id) = match self.streams.get(&connection) {
            Some((stream, framework)) => (Some(stream.clone()), framework.clone()),
            None => (None, None),
        };
        let is_subscribe = matches!(call, SchedulerCall::Subscribe { .. });
        let connection = if is_subscribe { connection } else { ConnectionId(REPLY) };
        self.tell_master(MasterInput::Call { connection, framework_id, stream_id, call });
    }

    fn take_master(&mut self, out: &mut Outbox<MasterOutput>) {
        for step in out.drain().collect::<Vec<_>>() {
            match step {
                Step::Event(what) => self.notes.push(what),
                Step::Output(MasterOutput::Reply { response, .. }) => {
                    if response.status != 202 {
                        writeln!(self.log, "{} {}", response.status, response.text()).unwrap();
                    }
                    self.last_reply = Some(response);
                }
                Step::Output(MasterOutput::Respond { response, .. }) => self.last_reply = Some(response),
                Step::Output(MasterOutput::Stream { connection, stream_id }) => {
                    self.streams.insert(connection, (stream_id, None));
                }
                Step::Output(MasterOutput::Event { connection, event }) => self.hear(connection, event),
                Step::Output(MasterOutput::Close { connection }) => {
                    self.streams.remove(&connection);
                    writeln!(self.log, "{} CLOSED", connection.0).unwrap();
                }
                Step::Output(MasterOutput::Post { pid, event }) => self.deliver(&pid, event),
                Step::Output(MasterOutput::ToAgent { link, message }) => {
                    let index = link.0 as usize;
                    if self.up.contains(&index) {
                        self.waiting.push_back(Message::Agent(index, AgentInput::Master(message)));
                    }
                }
            }
        }
    }

    fn hear(&mut self, connection: ConnectionId, event: SchedulerEvent) {
        let number = connection.0;
        match event {
            SchedulerEvent::Subscribed { framework_id, .. } => {
                writeln!(self.log, "{number} SUBSCRIBED {framework_id}").unwrap();
                self.streams.get_mut(&connection).expect("a stream first").1 = Some(framework_id);
            }
            SchedulerEvent::Offers(offers) => {
                for offer in &offers {
                    writeln!(self.log, "{number} OFFER {} {}", offer.id, offer.resources).unwrap();
                }
                self.offers.extend(offers);
            }
            SchedulerEvent::Update(status) => {
                writeln!(self.log, "{number} {}", line(&status)).unwrap();
                if let (Some(uuid), true) = (status.uuid, self.acknowledge) {
                    let agent_id = status.agent_id.clone().expect("an agent where there is a uuid");
                    let task_id = status.task_id.clone();
                    let call = SchedulerCall::Acknowledge { agent_id, task_id, uuid };
                    self.waiting.push_back(Message::Call(connection, call));
                }
                self.statuses.push(status);
            }
            SchedulerEvent::Heartbeat => {}
            other => writeln!(self.log, "{number} {other:?}").unwrap(),
        }
    }

    /// What a driver hears; it acknowledges as drivers do.
    fn deliver(&mut self, pid: &Pid, event: DriverEvent) {
        let (id, name) = (pid.id(), event.name().trim_end_matches("Message"));
        match event {
            DriverEvent::Registered { framework_id, .. } => {
                writeln!(self.log, "{id} {name} {framework_id}").unwrap();
            }
            DriverEvent::Offers(offers) => {
                for offer in &offers {
                    writeln!(self.log, "{id} {name} {} {}", offer.id, offer.resources).unwrap();
                }
                self.offers.extend(offers);
            }
            DriverEvent::Update { framework_id, status, sender } => {
                writeln!(self.log, "{id} {} from {}", line(&status), sender.as_deref().unwrap_or("-"))
                    .unwrap();
                if let (Some(uuid), true) = (status.uuid, self.acknowledge) {
                    let agent_id = status.agent_id.clone().expect("an agent where there is a uuid");
                    let call = SchedulerCall::Acknowledge { agent_id, task_id: status.task_id.clone(), uuid };
                    let call = DriverCall::Call { framework_id, call };
                    self.waiting.push_back(Message::Master(MasterInput::Driver { pid: pid.clone(), call }));
                }
                self.statuses.push(*status);
            }
            DriverEvent::Error { message } => writeln!(self.log, "{id} {name} {message:?}").unwrap(),
            other => writeln!(self.log, "{id} {other:?}").unwrap(),
        }
    }

    fn take_agent(&mut self, index: usize, out: &mut Outbox<AgentOutput>) {
        for step in out.drain().collect::<Vec<_>>() {
            match step {
                Step::Event(what) => self.notes.push(what),
                Step::Output(AgentOutput::ToMaster(message)) => {
                    if self.up.contains(&index) {
                        let link = LinkId(index as u64);
                        self.waiting.push_back(Message::Master(MasterInput::Agent { link, message }));
                    }
                }
                Step::Output(output) => self.play(index, output),
            }
        }
    }

    /// Plays the shell and the executors: artifacts named `missing` are, commands named `sleep` take their time
    /// to start, executors named `mute` never subscribe.
    fn play(&mut self, index: usize, output: AgentOutput) {
        match output {
            AgentOutput::Fetch { container, uris, .. } => {
                if uris.iter().any(|uri| uri.value.contains("slow")) {
                    return;
                }
                let missing = uris.iter().find(|uri| uri.value.contains("missing"));
                let why = "Error downloading resource, received HTTP return code 404".to_owned();
                let event = match missing {
                    Some(uri) => ContainerEvent::FetchFailed { uri: uri.value.clone(), why },
                    None => ContainerEvent::Fetched,
                };
                self.container(index, container, event);
            }
            AgentOutput::Start(spec) => {
                let (container, command) = (spec.container.clone(), spec.command.clone());
                self.starts.push(*spec);
                if command.contains("unstartable") {
                    let why = "no such program".to_owned();
                    return self.container(index, container, ContainerEvent::StartFailed { why });
                }
                self.running.insert(container.clone());
                self.container(index, container.clone(), ContainerEvent::Started);
                let custom = self.starts.last().is_some_and(|spec| spec.executor.is_some());
                if custom && command != "mute" {
                    self.executor(index, &container, ExecutorCall::Subscribe);
                }
            }
            AgentOutput::Signal { container, signal } => {
                let number = if signal == Signal::Term { 15 } else { 9 };
                if signal == Signal::Kill || !self.stubborn {
                    self.end(index, container, Exit::Signal(number));
                }
            }
            AgentOutput::Destroy { container } => self.end(index, container, Exit::Signal(9)),
            AgentOutput::ToExecutor { container, event } => self.executor_hears(index, container, event),
            AgentOutput::ToMaster(_) => {}
        }
    }

    fn executor_hears(&mut self, index: usize, container: ContainerId, event: ExecutorEvent) {
        let update = |task_id, state| ExecutorCall::Update(TaskStatus::new(task_id, state));
        match event {
            ExecutorEvent::Launch(task) => {
                self.executor(index, &container, update(task.task_id.clone(), TaskState::Running));
            }
            ExecutorEvent::Kill { task_id, .. } => {
                self.executor(index, &container, update(task_id, TaskState::Killed));
            }
            ExecutorEvent::Message { data } => {
                self.executor(index, &container, ExecutorCall::Message { data });
            }
            ExecutorEvent::Shutdown if !self.stubborn => self.end(index, container, Exit::Code(0)),
            _ => {}
        }
    }

    pub(crate) fn executor(&mut self, index: usize, container: &ContainerId, call: ExecutorCall) {
        let container = container.clone();
        self.waiting.push_back(Message::Agent(index, AgentInput::Executor { container, call }));
    }

    fn container(&mut self, index: usize, container: ContainerId, event: ContainerEvent) {
        self.waiting.push_back(Message::Agent(index, AgentInput::Container { container, event }));
    }

    fn end(&mut self, index: usize, container: ContainerId, exit: Exit) {
        if self.running.remove(&container) {
            self.container(index, container, ContainerEvent::Exited(exit));
        }
    }

    /// Ends the program that was started last.
    pub(crate) fn exit_last(&mut self, index: usize, exit: Exit) {
        let container = self.starts.last().expect("something was started").container.clone();
        self.end(index, container, exit);
        self.settle();
    }
}

/// A status on one line; a container's id would change with every other draw.
fn line(status: &TaskStatus) -> String {
    let strip = |text: &str| text.split_once('_').map(|(_, rest)| rest.to_owned()).unwrap_or_default();
    let mut line = format!("UPDATE {} {}", status.task_id, status.state);
    for part in [status.source.map(|one| strip(one.as_str())), status.reason.map(|one| strip(one.as_str()))] {
        write!(line, " {}", part.unwrap_or_else(|| "-".into())).unwrap();
    }
    if let Some(message) = &status.message {
        let cut = message.find("container '").map_or(message.as_str(), |at| &message[..at]);
        write!(line, " {cut:?}").unwrap();
    }
    line
}

pub(crate) fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// A framework whose tasks survive its connection for a minute.
pub(crate) fn framework(name: &str) -> FrameworkInfo {
    let mut info = FrameworkInfo::new(name, "root");
    info.failover_timeout = 60.0;
    info.checkpoint = true;
    info
}

/// The same, with capabilities.
pub(crate) fn capable(name: &str, capabilities: &[Capability]) -> FrameworkInfo {
    FrameworkInfo { capabilities: capabilities.to_vec(), ..framework(name) }
}

/// A command task of 1 cpu and 128 MB.
pub(crate) fn task(id: &str, offer: &Offer, line: &str) -> TaskInfo {
    let mut task = TaskInfo::new(id, id, offer.agent_id.clone(), "cpus:1;mem:128".parse().unwrap());
    task.command = Some(CommandInfo::shell(line));
    task
}

/// A task for the custom executor `e`, which has 0.5 cpus and 64 MB of its own.
pub(crate) fn custom_task(id: &str, offer: &Offer, program: &str) -> TaskInfo {
    let mut task = TaskInfo::new(id, id, offer.agent_id.clone(), "cpus:1;mem:128".parse().unwrap());
    let own = "cpus:0.5;mem:64".parse().unwrap();
    task.executor = Some(ExecutorInfo::new("e", CommandInfo::shell(program), own));
    task
}
