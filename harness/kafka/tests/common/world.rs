//! Brokers, consumers and a ZooKeeper in virtual time: nothing but machines and one queue.

use std::collections::BTreeMap;
use std::time::Duration;

use stacklab_kafka::BrokerConfig;
use stacklab_kafka::codec::{Request, Response};
use stacklab_kafka::consumer::ConsumerConfig;
use stacklab_kafka::model::Endpoint;
use stacklab_kafka::model::bridge::{to_answer, to_event, to_request};
use stacklab_kafka::model::broker::Broker;
use stacklab_kafka::model::consumer::Consumer;
use stacklab_kafka::model::io::{Ending, Input, Output, PeerFault, Record};
use stacklab_kafka::model::zk::{ZkEvent, ZkOp};
use stacklab_machine::process::{CallId, ExchangeId};
use stacklab_machine::timeline::What;
use stacklab_machine::{Machine, Outbox, Queue, Rng, Step, Time, earliest};
use stacklab_zookeeper::model as zk;

/// How long everything takes that goes from one machine to another.
const HOP: Duration = Duration::from_millis(1);

pub(crate) enum Member {
    Broker(Box<Broker>),
    Consumer(Box<Consumer>),
}

impl Member {
    fn machine(&mut self) -> &mut dyn Machine<Input = Input, Output = Output> {
        match self {
            Self::Broker(broker) => &mut **broker,
            Self::Consumer(consumer) => &mut **consumer,
        }
    }

    fn wake_at(&self) -> Option<Time> {
        match self {
            Self::Broker(broker) => broker.wake_at(),
            Self::Consumer(consumer) => consumer.wake_at(),
        }
    }
}

pub(crate) struct Node {
    pub(crate) member: Member,
    endpoint: Endpoint,
    session_ms: i32,
    connection: zk::ConnectionId,
    /// Operations under way: what for, and whether they set data.
    asked: BTreeMap<i32, (CallId, bool)>,
    pub(crate) ending: Option<Ending>,
    pub(crate) records: Vec<Record>,
}

/// What is on its way.
enum Due {
    Input(u32, Input),
    Zk(u32, CallId, ZkOp),
    NewSession(u32),
    /// From a member, or from the test itself (0).
    Ask(u32, CallId, Endpoint, Request),
    Ping(u32),
}

pub(crate) struct World {
    pub(crate) now: Time,
    pub(crate) zk: zk::Ensemble,
    queue: Queue<Due>,
    pub(crate) nodes: BTreeMap<u32, Node>,
    exchanges: BTreeMap<ExchangeId, (u32, CallId)>,
    last: u64,
    /// Answers to the test's own questions.
    answers: BTreeMap<CallId, Result<Response, PeerFault>>,
    pub(crate) log: Vec<String>,
    /// How many things have happened.
    pub(crate) steps: usize,
}

impl World {
    pub(crate) fn new() -> Self {
        Self {
            now: Time::SIM_START,
            zk: zk::Ensemble::new(zk::EnsembleConfig::standalone("zk")),
            queue: Queue::new(),
            nodes: BTreeMap::new(),
            exchanges: BTreeMap::new(),
            last: 0,
            answers: BTreeMap::new(),
            log: Vec::new(),
            steps: 0,
        }
    }

    pub(crate) fn broker(&mut self, id: u32, more: &[(&str, &str)]) {
        let text = id.to_string();
        let base = [("broker.id", text.as_str()), ("zookeeper.connect", "zk:2181/kafka")];
        let pairs = base.iter().chain(more).map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
        let config = BrokerConfig::from_properties(&pairs.collect()).unwrap();
        let endpoint = Endpoint { host: format!("host{id}"), port: 9092 };
        let session_ms = config.zookeeper_session_timeout.as_millis() as i32;
        let broker = Broker::new(config, endpoint.clone(), Rng::new(id.into()));
        self.start(id, Member::Broker(Box::new(broker)), endpoint, session_ms);
    }

    pub(crate) fn consumer(&mut self, id: u32, topic: &str) {
        let config = ConsumerConfig::new("zk:2181/kafka", "zipkin", topic);
        let consumer = Consumer::new(config, Rng::new(id.into()));
        let nowhere = Endpoint { host: String::new(), port: 0 };
        self.start(id, Member::Consumer(Box::new(consumer)), nowhere, 6000);
    }

    fn start(&mut self, id: u32, member: Member, endpoint: Endpoint, session_ms: i32) {
        let node = Node {
            member,
            endpoint,
            session_ms,
            connection: zk::ConnectionId(0),
            asked: BTreeMap::new(),
            ending: None,
            records: Vec::new(),
        };
        self.nodes.insert(id, node);
        self.queue.push(self.now, Due::Input(id, Input::Start));
        self.queue.push(self.now + HOP, Due::NewSession(id));
    }

    /// A `kill -9`: the session is left to expire.
    pub(crate) fn kill(&mut self, id: u32) {
        let node = self.nodes.remove(&id).unwrap();
        self.ask_zk(zk::Input::ConnectionClosed { connection: node.connection });
    }

    pub(crate) fn expire(&mut self, id: u32) {
        let connection = self.nodes[&id].connection;
        let session = self.zk.sessions().find(|session| self.connection_of(*session) == Some(connection));
        let mut out = Outbox::without_events();
        self.zk.expire_session(self.now, session.unwrap(), &mut out);
        self.zk_outputs(&mut out);
    }

    /// The connection that a session's ephemeral nodes tell of is not to be had: the order of both is the same.
    fn connection_of(&self, session: zk::SessionId) -> Option<zk::ConnectionId> {
        let at = self.zk.sessions().position(|other| other == session)?;
        let mut connections: Vec<_> = self.nodes.values().map(|node| node.connection).collect();
        connections.sort();
        connections.get(at).copied()
    }

    pub(crate) fn tell(&mut self, id: u32, input: Input) {
        self.queue.push(self.now, Due::Input(id, input));
    }

    /// Asks a broker and runs until it has answered.
    pub(crate) fn ask(&mut self, broker: u32, request: Request) -> Response {
        self.last += 1;
        let call = CallId(self.last);
        let to = self.nodes[&broker].endpoint.clone();
        self.queue.push(self.now, Due::Ask(0, call, to, request));
        self.run_until("an answer", |world| world.answers.contains_key(&call));
        self.answers.remove(&call).unwrap().unwrap()
    }

    pub(crate) fn run_until(&mut self, what: &str, holds: impl Fn(&Self) -> bool) {
        let deadline = self.now + Duration::from_secs(120);
        while !holds(self) {
            assert!(self.now < deadline, "waited in vain: {what}\n{}", self.log.join("\n"));
            self.step();
        }
    }

    pub(crate) fn run_for(&mut self, wait: Duration) {
        let end = self.now + wait;
        while self.next_at().is_some_and(|at| at <= end) {
            self.step();
        }
        self.now = end;
    }

    fn next_at(&self) -> Option<Time> {
        let wakes = self.nodes.values().filter_map(|node| node.member.wake_at());
        let machines = wakes.min();
        earliest(earliest(self.queue.next_at(), machines), self.zk.wake_at())
    }

    fn step(&mut self) {
        self.steps += 1;
        let at = self.next_at().expect("something to come");
        self.now = self.now.max(at);
        if self.queue.next_at().is_some_and(|next| next <= self.now)
            && let Some((_, due)) = self.queue.pop()
        {
            return self.happen(due);
        }
        let mut out = Outbox::without_events();
        self.zk.wake(self.now, &mut out);
        self.zk_outputs(&mut out);
        let ids: Vec<u32> = self.nodes.keys().copied().collect();
        for id in ids {
            let node = self.nodes.get_mut(&id).unwrap();
            if node.member.wake_at().is_some_and(|at| at <= self.now) {
                let mut out = Outbox::new();
                node.member.machine().wake(self.now, &mut out);
                self.outputs(id, &mut out);
            }
        }
    }

    fn happen(&mut self, due: Due) {
        match due {
            Due::Input(id, input) => {
                let Some(node) = self.nodes.get_mut(&id) else { return };
                let mut out = Outbox::new();
                node.member.machine().handle(self.now, input, &mut out);
                self.outputs(id, &mut out);
            }
            Due::Zk(id, call, op) => {
                let Some(node) = self.nodes.get_mut(&id) else { return };
                let xid = call.0 as i32;
                node.asked.insert(xid, (call, matches!(op, ZkOp::Set { .. })));
                let connection = node.connection;
                self.ask_zk(zk::Input::Request { connection, xid, request: to_request(op) });
            }
            Due::NewSession(id) => self.open_session(id),
            Due::Ask(from, call, to, request) => self.serve(from, call, &to, request),
            Due::Ping(id) => {
                let Some(node) = self.nodes.get(&id) else { return };
                let wait = Duration::from_millis(node.session_ms as u64 / 3);
                let connection = node.connection;
                self.queue.push(self.now + wait, Due::Ping(id));
                self.ask_zk(zk::Input::Request { connection, xid: -2, request: zk::Request::Ping });
            }
        }
    }

    fn open_session(&mut self, id: u32) {
        self.last += 1;
        let connection = zk::ConnectionId(self.last);
        let Some(node) = self.nodes.get_mut(&id) else { return };
        node.connection = connection;
        let request = zk::ConnectRequest { timeout_ms: node.session_ms, ..zk::ConnectRequest::default() };
        let peer = "127.0.0.1".parse().unwrap();
        self.ask_zk(zk::Input::Connect { connection, server: 0, peer, request });
        self.queue.push(self.now, Due::Ping(id));
    }

    fn serve(&mut self, from: u32, call: CallId, to: &Endpoint, request: Request) {
        let Some(id) = self.nodes.iter().find(|(_, node)| node.endpoint == *to).map(|(id, _)| *id) else {
            return self.answer(from, call, Err(PeerFault("connection refused".into())));
        };
        self.last += 1;
        let exchange = ExchangeId(self.last);
        self.exchanges.insert(exchange, (from, call));
        self.queue.push(self.now + HOP, Due::Input(id, Input::Request { exchange, request }));
    }

    fn answer(&mut self, to: u32, call: CallId, result: Result<Response, PeerFault>) {
        if to == 0 {
            self.answers.insert(call, result);
        } else {
            self.queue.push(self.now + HOP, Due::Input(to, Input::PeerReply { call, result }));
        }
    }

    fn outputs(&mut self, id: u32, out: &mut Outbox<Output>) {
        let steps: Vec<_> = out.drain().collect();
        for step in steps {
            match step {
                Step::Event(What::Log { line }) => self.log.push(format!("{} {id}: {line}", self.now)),
                Step::Event(_) => {}
                Step::Output(output) => self.output(id, output),
            }
        }
    }

    fn output(&mut self, id: u32, output: Output) {
        match output {
            Output::Zk { call, op } => self.queue.push(self.now + HOP, Due::Zk(id, call, op)),
            Output::NewSession => self.queue.push(self.now + HOP, Due::NewSession(id)),
            Output::Respond { exchange, response } => {
                if let (Some((to, call)), Some(response)) = (self.exchanges.remove(&exchange), response) {
                    self.answer(to, call, Ok(response));
                }
            }
            Output::HangUp(exchange) => {
                if let Some((to, call)) = self.exchanges.remove(&exchange) {
                    self.answer(to, call, Err(PeerFault("connection closed".into())));
                }
            }
            Output::Peer { call, to, request, .. } => {
                self.queue.push(self.now + HOP, Due::Ask(id, call, to, request));
            }
            Output::Records(records) => self.take(id, records),
            Output::Ready | Output::Committed(_) => {}
            Output::Exit(ending) => {
                let node = self.nodes.get_mut(&id).unwrap();
                node.ending = Some(ending);
                let connection = node.connection;
                let request = zk::Request::CloseSession;
                self.ask_zk(zk::Input::Request { connection, xid: -11, request });
            }
        }
    }

    fn take(&mut self, id: u32, records: Vec<Record>) {
        let Some(node) = self.nodes.get_mut(&id) else { return };
        let mut out = Outbox::new();
        if let Member::Consumer(consumer) = &mut node.member {
            for record in &records {
                consumer.taken(self.now, record.partition, record.offset, &mut out);
            }
        }
        node.records.extend(records);
        self.outputs(id, &mut out);
    }

    fn ask_zk(&mut self, input: zk::Input) {
        let mut out = Outbox::without_events();
        self.zk.handle(self.now, input, &mut out);
        self.zk_outputs(&mut out);
    }

    fn zk_outputs(&mut self, out: &mut Outbox<zk::Output>) {
        for output in out.take_outputs() {
            match output {
                zk::Output::Connected { connection, .. } => {
                    self.tell_node(connection, |_| Some(ZkEvent::Connected))
                }
                zk::Output::Event { connection, event } => {
                    self.tell_node(connection, |_| Some(to_event(event)));
                }
                zk::Output::Close { connection } => self.tell_node(connection, |node| {
                    node.asked.clear();
                    node.ending.is_none().then_some(ZkEvent::Expired)
                }),
                zk::Output::Reply { connection, reply } => {
                    let Some((id, node)) = self.nodes.iter_mut().find(|(_, n)| n.connection == connection)
                    else {
                        continue;
                    };
                    if let Some((call, set)) = node.asked.remove(&reply.xid) {
                        let input = Input::ZkReply { call, result: to_answer(set, reply) };
                        self.queue.push(self.now + HOP, Due::Input(*id, input));
                    }
                }
                zk::Output::Log { .. } => {}
            }
        }
    }

    fn tell_node(&mut self, connection: zk::ConnectionId, event: impl FnOnce(&mut Node) -> Option<ZkEvent>) {
        let Some((id, node)) = self.nodes.iter_mut().find(|(_, node)| node.connection == connection) else {
            return;
        };
        if let Some(event) = event(node) {
            self.queue.push(self.now + HOP, Due::Input(*id, Input::Zk(event)));
        }
    }
}
