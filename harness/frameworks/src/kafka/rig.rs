//! For tests: a scheduler or executor in a small world of its own. ZooKeeper and files answer at once,
//! everything else that the machine says is written down as text.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use stacklab_machine::http::Request;
use stacklab_machine::process::{ExchangeId, Input, Output, ZkError, ZkOp, ZkReply};
use stacklab_machine::timeline::What;
use stacklab_machine::{Machine, Outbox, Pace, Rng, Step, Time};
use stacklab_mesos::v1::{Address, MasterInfo};
use stacklab_mesos::{
    ExecutorCall, ExecutorEvent, Offer, SchedulerCall, SchedulerEvent, StatusUuid, TaskInfo, TaskState,
    TaskStatus,
};

use crate::base::{Context, Executor, Framework, Scheduler, Work};
use crate::registry::artifacts;

/// The machine under test, and what is around it.
pub(crate) struct Rig<M> {
    pub(crate) machine: M,
    pub(crate) now: Time,
    /// Data by path.
    pub(crate) zk: BTreeMap<String, String>,
    /// Data by name.
    pub(crate) files: BTreeMap<String, String>,
    /// The last task that was launched.
    pub(crate) task: Option<TaskInfo>,
    pub(crate) zk_down: bool,
    exchanges: u64,
    statuses: u128,
    lines: Vec<String>,
}

/// A context with these files.
pub(crate) fn context(files: &[&str]) -> Context {
    let mut context = Context::new("slave0", Rng::new(1), Pace::REAL);
    context.files.extend(files.iter().map(|file| (*file).to_owned()));
    context
}

/// An offer: `O1 slave0 cpus:4;mem:4096;ports:[31000-32000]`, attributes of the agent behind a blank.
pub(crate) fn offer(text: &str) -> Offer {
    let parts: Vec<&str> = text.split(' ').collect();
    let [id, host, resources, rest @ ..] = parts.as_slice() else { panic!("{text}") };
    let attributes =
        stacklab_mesos::resources::parse_attributes(rest.first().unwrap_or(&"")).expect("attributes");
    Offer {
        id: (*id).into(),
        framework_id: "F1".into(),
        agent_id: format!("S-{host}").into(),
        hostname: (*host).into(),
        address: Arc::new(address(host)),
        resources: resources.parse().expect("resources"),
        attributes: attributes.into(),
        executor_ids: Vec::new(),
        allocation_role: None,
    }
}

fn address(host: &str) -> Address {
    Address { hostname: host.into(), ip: "127.0.0.1".into(), port: 5051 }
}

impl<M> Rig<M> {
    fn around(machine: M) -> Self {
        Self {
            machine,
            now: Time::SIM_START,
            zk: BTreeMap::new(),
            files: BTreeMap::new(),
            task: None,
            zk_down: false,
            exchanges: 0,
            statuses: 0,
            lines: Vec::new(),
        }
    }

    fn answer_zk(&mut self, connect: &str, op: ZkOp) -> Result<ZkReply, ZkError> {
        if self.zk_down {
            return Err(ZkError::Unreachable { connect: connect.into(), why: "refused".into() });
        }
        let text = |data: Vec<u8>| String::from_utf8(data).expect("text");
        match op {
            ZkOp::Create { path, .. } if self.zk.contains_key(&path) => Err(ZkError::NodeExists(path)),
            ZkOp::Create { path, data, .. } | ZkOp::Put { path, data } => {
                self.zk.insert(path, text(data));
                Ok(ZkReply::Done)
            }
            ZkOp::Set { path, data, .. } => match self.zk.get_mut(&path) {
                None => Err(ZkError::NoNode(path)),
                Some(node) => {
                    *node = text(data);
                    Ok(ZkReply::Done)
                }
            },
            ZkOp::Get { path } => match self.zk.get(&path) {
                None => Err(ZkError::NoNode(path)),
                Some(node) => Ok(ZkReply::Data { data: node.clone().into_bytes(), version: 0 }),
            },
            ZkOp::Children { path } => {
                let below = format!("{path}/");
                let names: Vec<String> = self
                    .zk
                    .keys()
                    .filter_map(|node| node.strip_prefix(&below))
                    .map(|rest| rest.split('/').next().unwrap_or_default().to_owned())
                    .collect();
                let mut names = names;
                names.dedup();
                if names.is_empty() { Err(ZkError::NoNode(path)) } else { Ok(ZkReply::Children(names)) }
            }
            ZkOp::Delete { path, .. } => {
                self.zk.remove(&path);
                Ok(ZkReply::Done)
            }
        }
    }

    fn take_lines(&mut self) -> String {
        let lines = std::mem::take(&mut self.lines);
        lines.iter().map(|line| format!("{line}\n")).collect()
    }
}

impl<E, C, M> Rig<M>
where
    M: Machine<Input = Input<E>, Output = Output<C>>,
    C: Tell,
{
    /// One input and all that follows from it at once.
    pub(crate) fn give(&mut self, input: Input<E>) -> String {
        let mut out = Outbox::new();
        self.machine.handle(self.now, input, &mut out);
        self.settle(out);
        self.take_lines()
    }

    fn settle(&mut self, mut out: Outbox<Output<C>>) {
        let mut answers = Vec::new();
        for step in out.drain().collect::<Vec<_>>() {
            match step {
                Step::Event(what) => self.lines.extend(event(&what)),
                Step::Output(Output::Zk { call, connect, op }) => {
                    let result = self.answer_zk(&connect, op);
                    answers.push(Input::Zk { call, result });
                }
                Step::Output(Output::ReadFile { call, path }) => {
                    let data = self.files.get(&path).map(|data| data.clone().into_bytes());
                    answers.push(Input::File { call, data });
                }
                Step::Output(Output::WriteFile { path, data }) => {
                    self.files.insert(path, String::from_utf8(data).expect("text"));
                }
                Step::Output(output) => self.say(output),
            }
        }
        for answer in answers {
            let mut out = Outbox::new();
            self.machine.handle(self.now, answer, &mut out);
            self.settle(out);
        }
    }

    fn say(&mut self, output: Output<C>) {
        let line = match output {
            Output::Listen { port } => format!("listen {port}"),
            Output::Respond { exchange, response } => {
                let text = response.text();
                format!("reply {}: {} {}", exchange.0, response.status, text.trim_end())
            }
            Output::Mesos(call) => call.tell(&mut self.task),
            Output::Attach { master } => format!("attach {master}"),
            Output::Log(line) => format!("log {}", line.replace('\n', " | ")),
            Output::Exit { code } => format!("exit {code}"),
            Output::StartService(spec) => format!("start {}", spec.kind()),
            Output::StopService => "stop service".to_owned(),
            other => format!("{other:?}", other = std::mem::discriminant(&other)),
        };
        if !line.is_empty() {
            self.lines.push(line);
        }
    }

    /// Time passes, with all wake-ups on the way.
    pub(crate) fn pass(&mut self, seconds: u64) -> String {
        let end = self.now + Duration::from_secs(seconds);
        while let Some(at) = self.machine.wake_at().filter(|at| *at <= end) {
            self.now = self.now.max(at);
            let mut out = Outbox::new();
            self.machine.wake(self.now, &mut out);
            self.settle(out);
        }
        self.now = end;
        self.take_lines()
    }
}

impl<F: Framework> Rig<Scheduler<F>> {
    /// A scheduler with its command line, not started yet.
    pub(crate) fn scheduler(line: &str, files: &[&str]) -> Self {
        let words = line.split_whitespace().map(str::to_owned).collect();
        Self::around(Scheduler::new(words, context(files)))
    }

    /// Starts it, and lets the master accept it.
    pub(crate) fn begin(&mut self) -> String {
        self.give(Input::Start) + &self.subscribed()
    }

    /// The master accepts it.
    pub(crate) fn subscribed(&mut self) -> String {
        let master = MasterInfo {
            id: "m".into(),
            address: address("master"),
            pid: "master@127.0.0.1:5050".into(),
            version: "1.11.0".into(),
        };
        self.mesos(SchedulerEvent::Subscribed {
            framework_id: "F1".into(),
            heartbeat_interval: Duration::from_secs(15),
            master: Arc::new(master),
        })
    }

    /// Mesos says something.
    pub(crate) fn mesos(&mut self, event: SchedulerEvent) -> String {
        self.give(Input::Mesos(event))
    }

    /// One offer.
    pub(crate) fn offers(&mut self, text: &str) -> String {
        self.mesos(SchedulerEvent::Offers(vec![offer(text)]))
    }

    /// A status.
    pub(crate) fn status(&mut self, task: &str, state: TaskState, data: &str) -> String {
        let mut status = TaskStatus::new(task.into(), state);
        self.statuses += 1;
        status.uuid = Some(StatusUuid(self.statuses.to_be_bytes()));
        status.agent_id = Some("S-slave0".into());
        status.data = (!data.is_empty()).then(|| data.as_bytes().to_vec());
        self.mesos(SchedulerEvent::Update(status))
    }

    /// A GET.
    pub(crate) fn get(&mut self, url: &str) -> String {
        self.exchanges += 1;
        let exchange = ExchangeId(self.exchanges);
        self.give(Input::Http { exchange, request: Request::get(url) })
    }
}

/// The sandbox of a launched task: what its artifacts bring along.
pub(crate) fn sandbox(task: &TaskInfo) -> Vec<String> {
    let command = task.executor.as_ref().and_then(|executor| executor.command.as_ref()).expect("a command");
    let fetch = |uri: &stacklab_mesos::Uri| {
        artifacts::fetch(&uri.value, uri.extract.unwrap_or(true)).expect("a known artifact")
    };
    command.uris.iter().flat_map(fetch).collect()
}

impl<W: Work> Rig<Executor<W>> {
    /// An executor in a sandbox with these files.
    pub(crate) fn executor(work: W, files: &[&str]) -> Self {
        Self::around(Executor::new(work, context(files)))
    }

    /// Its agent says something.
    pub(crate) fn agent(&mut self, event: ExecutorEvent) -> String {
        self.give(Input::Mesos(event))
    }
}

/// What a machine says to Mesos, as text.
pub(crate) trait Tell {
    /// The text; a launched task is kept.
    fn tell(self, task: &mut Option<TaskInfo>) -> String;
}

impl Tell for SchedulerCall {
    fn tell(self, kept: &mut Option<TaskInfo>) -> String {
        let seconds =
            |refuse: Option<f64>| refuse.map(|seconds| format!(" for {seconds} s")).unwrap_or_default();
        match self {
            Self::Subscribe { info, .. } => format!("SUBSCRIBE {} as {:?}", info.name, info.id),
            Self::Accept { offer_ids, mut tasks, refuse_seconds } => {
                let task = tasks.remove(0);
                let line =
                    format!("ACCEPT {} for {}{}", offer_ids[0], task.resources, seconds(refuse_seconds));
                *kept = Some(task);
                line
            }
            Self::Decline { offer_ids, refuse_seconds } => {
                format!("DECLINE {}{}", offer_ids[0], seconds(refuse_seconds))
            }
            Self::Kill { task_id, .. } => format!("KILL {task_id}"),
            Self::Reconcile { tasks } => {
                let tasks: Vec<_> = tasks.iter().map(|(task, _)| task.as_str()).collect();
                format!("RECONCILE [{}]", tasks.join(" "))
            }
            Self::Message { executor_id, data, .. } => {
                format!("MESSAGE {} to {executor_id}", String::from_utf8_lossy(&data))
            }
            Self::Acknowledge { .. } => String::new(),
            other => format!("{other:?}"),
        }
    }
}

impl Tell for ExecutorCall {
    fn tell(self, _kept: &mut Option<TaskInfo>) -> String {
        match self {
            Self::Subscribe => "SUBSCRIBE".to_owned(),
            Self::Update(status) => {
                let data =
                    status.data.map(|data| String::from_utf8_lossy(&data).into_owned()).unwrap_or_default();
                format!("{} {data}{}", status.state, status.message.unwrap_or_default()).trim_end().to_owned()
            }
            Self::Message { data } => format!("MESSAGE {}", String::from_utf8_lossy(&data)),
        }
    }
}

fn event(what: &What) -> Option<String> {
    match what {
        What::InstanceState { instance, from, to, .. } => Some(format!("event {instance} {from} -> {to}")),
        What::OfferDeclined { offer, refusals, .. } => {
            let reasons: Vec<_> =
                refusals.iter().map(|refusal| format!("[{}] {}", refusal.instance, refusal.reason)).collect();
            Some(format!("event declined {offer}: {}", reasons.join(", ")))
        }
        _ => None,
    }
}
