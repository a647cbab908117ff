//! A server with a store in memory and a cluster that answers from a script, in virtual time.

use std::collections::BTreeMap;

use stacklab_machine::http::{Failure, Method, Request, Response};
use stacklab_machine::process::{ExchangeId, Input, Output, ScriptEnd, ZkError, ZkOp, ZkReply};
use stacklab_machine::{Machine, Outbox, Time};

use crate::server::{
    Asked, Heard, Keys, MemoryStore, Mode, Role, Server, ServerConfig, StoreError, StoreOp, User, hash_key,
};
use crate::{OnceReply, OnceRequest, ScheduledTask};

/// A regular user, and the key.
pub(super) const JOE: (&str, &str) = ("joe", "joe's key");
const ADMIN: (&str, &str) = ("admin", "admin's key");

/// Keys that a test can foresee.
struct Numbered(u32);

impl Keys for Numbered {
    fn fresh(&mut self) -> String {
        self.0 += 1;
        format!("key-{}", self.0)
    }
}

type Answers = Box<dyn FnMut(&Request) -> Option<Result<Response, Failure>>>;

pub(super) struct Rig {
    pub(super) server: Server,
    pub(super) store: MemoryStore,
    /// What the cluster answers; `None` is no answer at all.
    pub(super) answers: Answers,
    pub(super) files: BTreeMap<String, Vec<u8>>,
    pub(super) znodes: BTreeMap<String, Vec<u8>>,
    pub(super) zookeeper_is_there: bool,
    /// Text that every operation of the store fails with.
    pub(super) store_fails: Option<String>,
    pub(super) printed: Vec<String>,
    pub(super) log: Vec<String>,
    pub(super) calls: Vec<String>,
    pub(super) ops: Vec<StoreOp>,
    pub(super) exit: Option<i32>,
    /// The id with which the framework was started, once it was.
    pub(super) framework: Option<Option<String>>,
    pub(super) scheduled: Vec<ScheduledTask>,
    /// Name and text of what was run.
    pub(super) scripts: Vec<(String, String)>,
    pub(super) listens: bool,
    responses: BTreeMap<ExchangeId, Response>,
    out: Outbox<Output<Asked>>,
    now: Time,
    last_exchange: u64,
}

impl Rig {
    /// A server that has not begun.
    pub(super) fn waiting(config: ServerConfig) -> Self {
        let once = config.faithful && config.mode == Mode::Developer;
        Self {
            server: Server::new(config, Box::new(Numbered(0))),
            store: if once { MemoryStore::writing_states_once() } else { MemoryStore::new() },
            answers: Box::new(|request| Some(obliging(request))),
            files: BTreeMap::new(),
            znodes: BTreeMap::new(),
            zookeeper_is_there: true,
            store_fails: None,
            printed: Vec::new(),
            log: Vec::new(),
            calls: Vec::new(),
            ops: Vec::new(),
            exit: None,
            framework: None,
            scheduled: Vec::new(),
            scripts: Vec::new(),
            listens: false,
            responses: BTreeMap::new(),
            out: Outbox::without_events(),
            now: Time::SIM_START,
            last_exchange: 0,
        }
    }

    pub(super) fn start(&mut self) {
        self.server.handle(self.now, Input::Start, &mut self.out);
        self.settle();
    }

    /// A server that listens, with an admin and a regular user if it is one for production.
    pub(super) fn started(mut config: ServerConfig) -> Self {
        if config.mode == Mode::Production {
            config.storage = "file:record".into();
        }
        let mut rig = Self::waiting(config);
        for ((name, key), role) in [(ADMIN, Role::Admin), (JOE, Role::Regular)] {
            let user = User { name: name.into(), key_hash: hash_key(key), role };
            rig.store.perform(StoreOp::PutUser(user)).unwrap();
        }
        rig.start();
        assert!(rig.listens, "{:?}", rig.log);
        rig.calls.clear();
        rig.ops.clear();
        rig
    }

    pub(super) fn production() -> Self {
        Self::started(ServerConfig::new(Mode::Production))
    }

    pub(super) fn developer() -> Self {
        Self::started(ServerConfig::new(Mode::Developer))
    }

    pub(super) fn faithful_developer() -> Self {
        Self::started(ServerConfig { faithful: true, ..ServerConfig::new(Mode::Developer) })
    }

    /// Something that its framework says by itself.
    pub(super) fn hear(&mut self, reply: OnceReply) {
        self.server.handle(self.now, Input::Mesos(Heard::Once(reply)), &mut self.out);
        self.settle();
    }

    /// What the admin gets for a request; `None` if no answer comes.
    pub(super) fn ask(&mut self, path: &str, body: &str) -> Option<Response> {
        self.ask_as(ADMIN, path, body)
    }

    pub(super) fn ask_as(&mut self, user: (&str, &str), path: &str, body: &str) -> Option<Response> {
        let exchange = self.send(user, path, body);
        self.settle();
        self.responses.remove(&exchange)
    }

    /// Sends a request without waiting for anything.
    pub(super) fn send(&mut self, (user, key): (&str, &str), path: &str, body: &str) -> ExchangeId {
        self.last_exchange += 1;
        let exchange = ExchangeId(self.last_exchange);
        let mut headers = vec![("x-api-user".to_owned(), user.to_owned())];
        headers.push(("x-api-key".to_owned(), key.to_owned()));
        let body = body.as_bytes().to_vec();
        let request = Request { method: Method::Post, url: path.into(), headers, body };
        self.server.handle(self.now, Input::Http { exchange, request }, &mut self.out);
        exchange
    }

    pub(super) fn response(&mut self, exchange: ExchangeId) -> Option<Response> {
        self.responses.remove(&exchange)
    }

    /// Lets everything happen that can happen.
    pub(super) fn settle(&mut self) {
        for _ in 0..100_000 {
            let outputs = self.out.take_outputs();
            if outputs.is_empty() {
                let Some(at) = self.server.wake_at().filter(|_| self.exit.is_none()) else { return };
                self.now = self.now.max(at);
                self.server.wake(self.now, &mut self.out);
                continue;
            }
            for output in outputs {
                if self.exit.is_none() {
                    self.carry_out(output);
                }
            }
        }
        panic!("the server does not come to rest");
    }

    fn carry_out(&mut self, output: Output<Asked>) {
        let input = match output {
            Output::Respond { exchange, response } => {
                assert!(self.responses.insert(exchange, response).is_none(), "answered twice");
                return;
            }
            Output::Http { call, request, .. } => {
                self.calls.push(format!("{} {}", request.method, request.url));
                match (self.answers)(&request) {
                    Some(result) => Input::HttpReply { call, result },
                    None => return,
                }
            }
            Output::Zk { call, op, .. } => Input::Zk { call, result: self.zookeeper(op) },
            Output::Mesos(Asked::Store { call, op }) => {
                self.ops.push(op.clone());
                let result = match &self.store_fails {
                    Some(text) => Err(StoreError(text.clone())),
                    None => self.store.perform(op),
                };
                Input::Mesos(Heard::Store { call, result })
            }
            Output::Mesos(Asked::ReadFile { call, path }) => {
                Input::Mesos(Heard::File { call, data: self.files.get(&path).cloned() })
            }
            Output::Mesos(Asked::WriteFile { path, data }) => {
                self.files.insert(path, data);
                return;
            }
            Output::Mesos(Asked::StartFramework(id)) => return self.framework = Some(id),
            Output::Mesos(Asked::Once(request)) => Input::Mesos(Heard::Once(match request {
                OnceRequest::List { call } => OnceReply::Listed { call, tasks: self.scheduled.clone() },
                OnceRequest::Remove { call, id } => {
                    let before = self.scheduled.len();
                    self.scheduled.retain(|task| task.id != id);
                    OnceReply::Removed { call, found: self.scheduled.len() < before }
                }
                OnceRequest::Run { call, application } => {
                    let result =
                        if application.command == "false" { Err("it failed".into()) } else { Ok(()) };
                    OnceReply::Ran { call, result }
                }
            })),
            Output::Script { call, name, text } => {
                self.scripts.push((name, text));
                Input::Script { call, result: Ok(ScriptEnd::Code(0)) }
            }
            Output::Mesos(Asked::Print(text)) => return self.printed.push(text),
            Output::Log(line) => return self.log.push(line),
            Output::Listen { .. } => {
                self.listens = true;
                return;
            }
            Output::Exit { code } => {
                self.exit = Some(code);
                return;
            }
            other => panic!("the server asks for {other:?}"),
        };
        self.server.handle(self.now, input, &mut self.out);
    }

    fn zookeeper(&mut self, op: ZkOp) -> Result<ZkReply, ZkError> {
        if !self.zookeeper_is_there {
            return Err(ZkError::Unreachable { connect: "zk:2181".into(), why: "refused".into() });
        }
        match op {
            ZkOp::Create { path, data, .. } => {
                if self.znodes.contains_key(&path) {
                    return Err(ZkError::NodeExists(path));
                }
                self.znodes.insert(path, data);
                Ok(ZkReply::Done)
            }
            ZkOp::Get { path } => {
                let data = self.znodes.get(&path).cloned().ok_or(ZkError::NoNode(path))?;
                Ok(ZkReply::Data { data, version: 0 })
            }
            ZkOp::Set { path, data, .. } => {
                self.znodes.insert(path, data);
                Ok(ZkReply::Done)
            }
            other => panic!("the server asks ZooKeeper for {other:?}"),
        }
    }
}

/// A stack of one plain app.
pub(super) fn stack_file(name: &str, from: &str) -> String {
    let from = if from.is_empty() { String::new() } else { format!("from: {from}\n") };
    format!(
        "name: {name}\n{from}applications:\n  app:\n    type: custom\n    id: {name}-app\n    cpu: 1\n    mem: 64\n    \
         launch_command: run ${{x}}\n"
    )
}

/// Status and body of a response; 0 and nothing if there is none.
pub(super) fn code(response: Option<Response>) -> (u16, String) {
    response.map_or((0, String::new()), |response| (response.status, response.text().into_owned()))
}

/// A cluster on which everything works.
pub(super) fn obliging(request: &Request) -> Result<Response, Failure> {
    let path = request.path().to_owned();
    let body = match path.as_str() {
        "/master/state.json" => r#"{"activated_slaves":1,"slaves":[]}"#,
        "/v2/info" => r#"{"marathon_config":{"master":"zk://zk:2181/mesos"}}"#,
        "/v2/apps" => r#"{"id":"/x"}"#,
        path if path.ends_with("/tasks") => r#"{"tasks":[{"host":"h","ports":[31000]}]}"#,
        path if path.starts_with("/v2/apps/") => r#"{"app":{"tasksRunning":1,"tasksHealthy":1}}"#,
        _ => r#"{"success":true}"#,
    };
    Ok(Response::json(200, body))
}
