//! For tests: one scheduler, its executors, and everything between them, in one queue of events.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use stacklab_machine::http::{Failure, Request, Response};
use stacklab_machine::process::{CallId, ExchangeId, Input, Output, ZkError, ZkOp, ZkReply};
use stacklab_machine::service::{ServiceEvent, ServiceSpec};
use stacklab_machine::timeline::What;
use stacklab_machine::{Machine, Outbox, Pace, Queue, Rng, Step, Time, earliest};
use stacklab_mesos::v1::{Address, MasterInfo};
use stacklab_mesos::{ExecutorCall, ExecutorEvent, SchedulerCall, SchedulerEvent, TaskInfo, TaskStatus};

use super::{ExhibitorExecutor, ExhibitorScheduler};
use crate::base::{Context, Executor, Scheduler};
use crate::kafka::rig::{context, offer};

pub(super) const LINE: &str =
    "--api http://master:31991 --master m:5050 --debug true --storage zk:zk0:2181/exhibitor-mesos";
pub(super) const FILES: [&str; 4] =
    ["mesos-exhibitor-0.1.jar", "exhibitor-1.5.5-all.jar", "jdk-7u79-linux-x64.tar.gz", "zookeeper.tar.gz"];

/// Who an answer goes to.
#[derive(Clone, Copy, Debug)]
enum Who {
    Scheduler,
    Executor(usize),
    Client,
}

enum Event {
    ToScheduler(Input<SchedulerEvent>),
    ToExecutor(usize, Input<ExecutorEvent>),
}

/// An executor on its host.
struct Host {
    name: String,
    machine: Executor<ExhibitorExecutor>,
    port: Option<u16>,
}

/// The cluster.
pub(super) struct World {
    pub(super) now: Time,
    pub(super) scheduler: Scheduler<ExhibitorScheduler>,
    hosts: Vec<Host>,
    pub(super) zk: BTreeMap<String, (Vec<u8>, i32)>,
    pub(super) zk_down: bool,
    queue: Queue<Event>,
    exchanges: BTreeMap<ExchangeId, (Who, CallId)>,
    next_exchange: u64,
    /// Answers to the client, by number of the call.
    answers: BTreeMap<ExchangeId, Response>,
    /// What was logged and noted.
    pub(super) lines: Vec<String>,
    /// Started services, as text.
    pub(super) services: Vec<String>,
    pace: Pace,
    began: Time,
}

impl World {
    /// A cluster whose scheduler is registered.
    pub(super) fn new(pace: Pace) -> Self {
        let mut own = context(&FILES);
        own.pace = pace;
        let words = LINE.split_whitespace().map(str::to_owned).collect();
        let mut world = Self {
            now: Time::SIM_START,
            scheduler: Scheduler::new(words, own),
            hosts: Vec::new(),
            zk: BTreeMap::new(),
            zk_down: false,
            queue: Queue::new(),
            exchanges: BTreeMap::new(),
            next_exchange: 0,
            answers: BTreeMap::new(),
            lines: Vec::new(),
            services: Vec::new(),
            pace,
            began: Time::SIM_START,
        };
        world.push(Event::ToScheduler(Input::Start));
        world.pass(1.0);
        world
    }

    fn push(&mut self, event: Event) {
        self.queue.push(self.now + Duration::from_millis(1), event);
    }

    /// Seconds since the beginning.
    pub(super) fn clock(&self) -> f64 {
        self.now.since(self.began).as_secs_f64()
    }

    /// Lets time pass.
    pub(super) fn pass(&mut self, seconds: f64) {
        let end = self.now + Duration::from_secs_f64(seconds);
        while self.step(end) {}
        self.now = end;
    }

    /// Lets time pass until something holds; false if it does not within the time.
    pub(super) fn until(&mut self, seconds: f64, holds: impl Fn(&Self) -> bool) -> bool {
        let end = self.now + Duration::from_secs_f64(seconds);
        while !holds(self) {
            if !self.step(end) {
                return false;
            }
        }
        true
    }

    fn step(&mut self, end: Time) -> bool {
        let wake = self.hosts.iter().filter_map(|host| host.machine.wake_at()).min();
        let wake = earliest(self.scheduler.wake_at(), wake);
        let Some(next) = earliest(wake, self.queue.next_at()).filter(|next| *next <= end) else {
            return false;
        };
        self.now = self.now.max(next);
        if self.queue.next_at().is_some_and(|at| at <= self.now) {
            match self.queue.pop() {
                Some((_, Event::ToScheduler(input))) => self.feed_scheduler(Some(input)),
                Some((_, Event::ToExecutor(index, input))) => self.feed_executor(index, Some(input)),
                None => {}
            }
            return true;
        }
        if self.scheduler.wake_at().is_some_and(|at| at <= self.now) {
            self.feed_scheduler(None);
            return true;
        }
        let due = |host: &Host| host.machine.wake_at().is_some_and(|at| at <= self.now);
        if let Some(index) = self.hosts.iter().position(due) {
            self.feed_executor(index, None);
        }
        true
    }

    fn feed_scheduler(&mut self, input: Option<Input<SchedulerEvent>>) {
        let mut out = Outbox::new();
        match input {
            Some(input) => self.scheduler.handle(self.now, input, &mut out),
            None => self.scheduler.wake(self.now, &mut out),
        }
        for step in out.drain().collect::<Vec<_>>() {
            match step {
                Step::Event(what) => self.note(&what),
                Step::Output(Output::Mesos(call)) => self.master(call),
                Step::Output(other) => {
                    if let Some(other) = self.common(Who::Scheduler, other) {
                        self.lines.push(other);
                    }
                }
            }
        }
    }

    fn feed_executor(&mut self, index: usize, input: Option<Input<ExecutorEvent>>) {
        let mut out = Outbox::new();
        match input {
            Some(input) => self.hosts[index].machine.handle(self.now, input, &mut out),
            None => self.hosts[index].machine.wake(self.now, &mut out),
        }
        for step in out.drain().collect::<Vec<_>>() {
            match step {
                Step::Event(what) => self.note(&what),
                Step::Output(Output::Mesos(ExecutorCall::Update(status))) => self.update(status),
                Step::Output(Output::Listen { port }) => self.hosts[index].port = Some(port),
                Step::Output(Output::StartService(spec)) => self.start(index, &spec),
                Step::Output(Output::StopService) => {
                    let exited = ServiceEvent::Exited { code: 143, message: String::new() };
                    self.push(Event::ToExecutor(index, Input::Service(exited)));
                }
                Step::Output(other) => {
                    let name = self.hosts[index].name.clone();
                    if let Some(line) = self.common(Who::Executor(index), other) {
                        self.lines.push(format!("{name}: {line}"));
                    }
                }
            }
        }
    }

    /// What schedulers and executors ask for alike; gives back what is to be written down.
    fn common<C>(&mut self, who: Who, output: Output<C>) -> Option<String> {
        match output {
            Output::Zk { call, op, .. } => {
                let result = self.zookeeper(op);
                match who {
                    Who::Executor(index) => {
                        self.push(Event::ToExecutor(index, Input::Zk { call, result }));
                    }
                    _ => self.push(Event::ToScheduler(Input::Zk { call, result })),
                }
            }
            Output::Http { call, request, .. } => self.route(who, call, request),
            Output::Respond { exchange, response } => match self.exchanges.remove(&exchange) {
                Some((Who::Client, _)) | None => {
                    self.answers.insert(exchange, response);
                }
                Some((who, call)) => self.reply(who, call, Ok(response)),
            },
            Output::Log(line) => return Some(line),
            Output::Exit { code } => return Some(format!("exit {code}")),
            _ => {}
        }
        None
    }

    fn route(&mut self, who: Who, call: CallId, request: Request) {
        let authority = request.authority();
        let listens =
            |host: &Host| host.port.is_some_and(|port| format!("{}:{port}", host.name) == authority);
        match self.hosts.iter().position(listens) {
            None => self.reply(who, call, Err(Failure::Refused(authority))),
            Some(index) => {
                self.next_exchange += 1;
                let exchange = ExchangeId(self.next_exchange);
                self.exchanges.insert(exchange, (who, call));
                self.push(Event::ToExecutor(index, Input::Http { exchange, request }));
            }
        }
    }

    fn reply(&mut self, who: Who, call: CallId, result: Result<Response, Failure>) {
        match who {
            Who::Scheduler => self.push(Event::ToScheduler(Input::HttpReply { call, result })),
            Who::Executor(index) => {
                self.push(Event::ToExecutor(index, Input::HttpReply { call, result }));
            }
            Who::Client => {}
        }
    }

    fn start(&mut self, index: usize, spec: &ServiceSpec) {
        let ServiceSpec::ZooKeeper(spec) = spec else { panic!("no ZooKeeper: {spec:?}") };
        let peers: Vec<String> =
            spec.servers.iter().map(|peer| format!("{}@{}", peer.id, peer.host)).collect();
        let text = format!(
            "{:.1} {}@{}:{} of {}",
            self.clock(),
            spec.server_id,
            spec.host,
            spec.client_port,
            peers.join(",")
        );
        self.services.push(text);
        self.push(Event::ToExecutor(index, Input::Service(ServiceEvent::Started)));
        self.push(Event::ToExecutor(index, Input::Service(ServiceEvent::Ready)));
    }

    fn zookeeper(&mut self, op: ZkOp) -> Result<ZkReply, ZkError> {
        if self.zk_down {
            return Err(ZkError::Unreachable { connect: "zk0:2181".into(), why: "refused".into() });
        }
        match op {
            ZkOp::Create { path, .. } if self.zk.contains_key(&path) => Err(ZkError::NodeExists(path)),
            ZkOp::Create { path, data, .. } => {
                self.zk.insert(path, (data, 0));
                Ok(ZkReply::Done)
            }
            ZkOp::Put { path, data } => {
                let version = self.zk.get(&path).map_or(0, |node| node.1 + 1);
                self.zk.insert(path, (data, version));
                Ok(ZkReply::Done)
            }
            ZkOp::Set { path, data, version } => match self.zk.get_mut(&path) {
                None => Err(ZkError::NoNode(path)),
                Some(node) if version >= 0 && node.1 != version => Err(ZkError::BadVersion(path)),
                Some(node) => {
                    *node = (data, node.1 + 1);
                    Ok(ZkReply::Done)
                }
            },
            ZkOp::Get { path } => match self.zk.get(&path) {
                None => Err(ZkError::NoNode(path)),
                Some((data, version)) => Ok(ZkReply::Data { data: data.clone(), version: *version }),
            },
            other => panic!("{other:?}"),
        }
    }

    fn master(&mut self, call: SchedulerCall) {
        match call {
            SchedulerCall::Subscribe { .. } => {
                self.push(Event::ToScheduler(Input::Mesos(subscribed())));
            }
            SchedulerCall::Accept { tasks, .. } => {
                for task in tasks {
                    self.launch(task);
                }
            }
            SchedulerCall::Kill { task_id, agent_id, .. } => {
                let agent = agent_id.map(|agent| agent.to_string()).unwrap_or_default();
                let on = |host: &Host| format!("S-{}", host.name) == agent;
                if let Some(index) = self.hosts.iter().position(on) {
                    let kill = ExecutorEvent::Kill { task_id, kill_policy: None };
                    self.push(Event::ToExecutor(index, Input::Mesos(kill)));
                }
            }
            _ => {}
        }
    }

    fn launch(&mut self, task: TaskInfo) {
        let host = task.agent_id.as_str().trim_start_matches("S-").to_owned();
        let index = self.hosts.iter().position(|known| known.name == host).unwrap_or_else(|| {
            let context = Context::new(host.as_str(), Rng::new(1), self.pace);
            let machine = Executor::new(ExhibitorExecutor::new(), context);
            self.hosts.push(Host { name: host, machine, port: None });
            self.hosts.len() - 1
        });
        self.push(Event::ToExecutor(index, Input::Start));
        self.push(Event::ToExecutor(index, Input::Mesos(ExecutorEvent::Launch(Arc::new(task)))));
    }

    fn update(&mut self, mut status: TaskStatus) {
        status.agent_id = Some("S".into());
        self.push(Event::ToScheduler(Input::Mesos(SchedulerEvent::Update(status))));
    }

    /// Offers everything of a host.
    pub(super) fn offer(&mut self, host: &str) {
        let offer = offer(&format!("O-{host} {host} cpus:4;mem:16384;ports:[31000-32000]"));
        self.push(Event::ToScheduler(Input::Mesos(SchedulerEvent::Offers(vec![offer]))));
        self.pass(0.01);
    }

    /// Makes a call without waiting for its answer.
    pub(super) fn call(&mut self, url: &str) -> ExchangeId {
        self.next_exchange += 1;
        let exchange = ExchangeId(self.next_exchange);
        self.exchanges.insert(exchange, (Who::Client, CallId(0)));
        self.push(Event::ToScheduler(Input::Http { exchange, request: Request::get(url) }));
        self.pass(0.1);
        exchange
    }

    /// The answer to a call, if it is there.
    pub(super) fn answer(&mut self, exchange: ExchangeId) -> Option<String> {
        let response = self.answers.remove(&exchange)?;
        Some(response.text().trim_end().to_owned())
    }

    /// Makes a call that is answered at once.
    pub(super) fn get(&mut self, url: &str) -> String {
        let exchange = self.call(url);
        self.answer(exchange).unwrap_or_else(|| format!("no answer to {url}"))
    }

    /// What `status` shows of the ensemble, one view a server.
    pub(super) fn views(&mut self) -> Vec<String> {
        let value: serde_json::Value = serde_json::from_str(&self.get("/api/status")).expect("JSON");
        let statuses = value["value"]["serverStatuses"].as_array().expect("statuses");
        statuses.iter().map(|status| status["exhibitorClusterView"].to_string()).collect()
    }

    fn note(&mut self, what: &What) {
        if let What::InstanceState { instance, from, to, .. } = what {
            self.lines.push(format!("{instance}: {from} -> {to}"));
        }
    }
}

fn subscribed() -> SchedulerEvent {
    let address = Address { hostname: "m".into(), ip: "127.0.0.1".into(), port: 5050 };
    let pid = "master@127.0.0.1:5050".into();
    let master = MasterInfo { id: "m".into(), address, pid, version: "1.11.0".into() };
    SchedulerEvent::Subscribed {
        framework_id: "F1".into(),
        heartbeat_interval: Duration::from_secs(15),
        master: Arc::new(master),
    }
}
