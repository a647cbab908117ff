//! A Marathon with a hand-driven master, for tests.

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use stacklab_machine::http::{Failure, Method, Request, Response};
use stacklab_machine::process::{CallId, ExchangeId, Input, Output};
use stacklab_machine::timeline::What;
use stacklab_machine::{Machine, Outbox, Pace, Step, Streams, Time};
use stacklab_mesos::v1::{Address, MasterInfo};
use stacklab_mesos::{
    FrameworkId, Offer, SchedulerCall, SchedulerEvent, StatusUuid, TaskInfo, TaskState, TaskStatus,
};

use crate::{Marathon, MarathonConfig};

pub(crate) struct Bench {
    pub(crate) marathon: Marathon,
    pub(crate) now: Time,
    out: Outbox<Output<SchedulerCall>>,
    /// What Marathon said to Mesos, but for revivals and acknowledgements.
    pub(crate) calls: Vec<SchedulerCall>,
    pub(crate) revivals: usize,
    pub(crate) acknowledged: usize,
    /// Health checks that wait for an answer.
    pub(crate) checks: Vec<(CallId, String)>,
    pub(crate) events: Vec<What>,
    pub(crate) exit: Option<i32>,
    response: Option<Response>,
    offers: u32,
}

impl Bench {
    /// A Marathon that is registered.
    pub(crate) fn new() -> Self {
        Self::at_pace(Pace::REAL)
    }

    pub(crate) fn at_pace(pace: Pace) -> Self {
        let mut config = MarathonConfig::new("10.0.0.1", 8080, "zk://10.0.0.1:2181/mesos");
        config.pace = pace;
        let mut bench = Self {
            marathon: Marathon::new(config, Streams::new(1)),
            now: Time::SIM_START,
            out: Outbox::new(),
            calls: Vec::new(),
            revivals: 0,
            acknowledged: 0,
            checks: Vec::new(),
            events: Vec::new(),
            exit: None,
            response: None,
            offers: 0,
        };
        bench.input(Input::Start);
        bench.subscribed();
        bench.calls.clear();
        bench
    }

    pub(crate) fn subscribed(&mut self) {
        let address = Address { hostname: "m".into(), ip: "10.0.0.1".into(), port: 5050 };
        let master = MasterInfo { id: "m".into(), address, pid: "master@m".into(), version: "1.11.0".into() };
        self.mesos(SchedulerEvent::Subscribed {
            framework_id: FrameworkId::from("fw-0000"),
            heartbeat_interval: Duration::from_secs(15),
            master: Arc::new(master),
        });
    }

    pub(crate) fn input(&mut self, input: Input<SchedulerEvent>) {
        self.marathon.handle(self.now, input, &mut self.out);
        self.collect();
    }

    pub(crate) fn mesos(&mut self, event: SchedulerEvent) {
        self.input(Input::Mesos(event));
    }

    fn collect(&mut self) {
        for step in self.out.drain() {
            match step {
                Step::Event(what) => self.events.push(what),
                Step::Output(Output::Mesos(SchedulerCall::Revive { .. })) => self.revivals += 1,
                Step::Output(Output::Mesos(SchedulerCall::Acknowledge { .. })) => self.acknowledged += 1,
                Step::Output(Output::Mesos(call)) => self.calls.push(call),
                Step::Output(Output::Respond { response, .. }) => self.response = Some(response),
                Step::Output(Output::Http { call, request, .. }) => self.checks.push((call, request.url)),
                Step::Output(Output::Exit { code }) => self.exit = Some(code),
                Step::Output(_) => {}
            }
        }
    }

    /// Lets time pass, waking Marathon exactly when it wants to be woken.
    pub(crate) fn pass(&mut self, seconds: f64) {
        let end = self.now + Duration::from_secs_f64(seconds);
        for _ in 0..10_000 {
            let Some(at) = self.marathon.wake_at().filter(|at| *at <= end) else { break };
            self.now = self.now.max(at);
            self.marathon.wake(self.now, &mut self.out);
            self.collect();
            assert_ne!(self.marathon.wake_at(), Some(at), "wakes at the same moment for ever");
        }
        self.now = end;
    }

    pub(crate) fn ask(&mut self, request: Request) -> Response {
        self.input(Input::Http { exchange: ExchangeId(1), request });
        self.response.take().expect("every request is answered at once")
    }

    pub(crate) fn get(&mut self, url: &str) -> Value {
        json_of(&self.ask(Request::get(url)))
    }

    /// A request with a JSON body (or none): `POST /v2/apps`.
    pub(crate) fn send(&mut self, what: &str, body: &str) -> Response {
        let (method, url) = what.split_once(' ').unwrap();
        let method = match method {
            "DELETE" => Method::Delete,
            "POST" => Method::Post,
            "PUT" => Method::Put,
            _ => Method::Get,
        };
        self.ask(Request::json(method, url, body))
    }

    /// Offers an agent, and returns the tasks that were launched on it.
    pub(crate) fn offer(&mut self, host: &str, resources: &str) -> Vec<TaskInfo> {
        self.offers += 1;
        let offer = Offer {
            id: format!("O{}", self.offers).into(),
            framework_id: FrameworkId::from("fw-0000"),
            agent_id: format!("S-{host}").into(),
            hostname: host.into(),
            address: Arc::new(Address { hostname: host.into(), ip: "10.0.0.2".into(), port: 5051 }),
            resources: resources.parse().unwrap(),
            attributes: Arc::new([]),
            executor_ids: Vec::new(),
            allocation_role: None,
        };
        self.calls.clear();
        self.mesos(SchedulerEvent::Offers(vec![offer]));
        match self.calls.pop() {
            Some(SchedulerCall::Accept { tasks, .. }) => tasks,
            Some(SchedulerCall::Decline { refuse_seconds: Some(120.0), .. }) => Vec::new(),
            other => panic!("neither accepted nor declined: {other:?}"),
        }
    }

    /// An offer with room for everything.
    pub(crate) fn large_offer(&mut self, host: &str) -> Vec<TaskInfo> {
        self.offer(host, "cpus:8;mem:16384;disk:10000;ports:[31000-32000]")
    }

    pub(crate) fn status(&mut self, task: &TaskInfo, state: TaskState) {
        let mut status = TaskStatus::new(task.task_id.clone(), state).with_message("said so");
        status.agent_id = Some(task.agent_id.clone());
        status.uuid = Some(StatusUuid([7; 16]));
        self.mesos(SchedulerEvent::Update(status));
    }

    /// Answers all open health checks.
    pub(crate) fn answer_checks(&mut self, result: &Result<Response, Failure>) {
        for (call, _) in std::mem::take(&mut self.checks) {
            self.input(Input::HttpReply { call, result: result.clone() });
        }
    }

    /// Ids of the tasks that were to be killed since the last question.
    pub(crate) fn killed(&mut self) -> Vec<String> {
        let calls = std::mem::take(&mut self.calls).into_iter();
        let killed = calls.filter_map(|call| match call {
            SchedulerCall::Kill { task_id, .. } => Some(task_id.to_string()),
            _ => None,
        });
        killed.collect()
    }

    /// The last decline's reasons.
    pub(crate) fn refusals(&self) -> Vec<String> {
        let last = self.events.iter().rev().find_map(|event| match event {
            What::OfferDeclined { refusals, .. } => Some(refusals),
            _ => None,
        });
        let shown =
            last.into_iter().flatten().map(|refusal| format!("{}: {}", refusal.instance, refusal.reason));
        shown.collect()
    }
}

pub(crate) fn json_of(response: &Response) -> Value {
    serde_json::from_slice(&response.body).unwrap_or_else(|why| panic!("{why}: {}", response.text()))
}
