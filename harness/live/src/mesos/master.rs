//! The master behind its HTTP port.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use stacklab_machine::http::{Request, Response};
use stacklab_machine::process::ExchangeId;
use stacklab_machine::timeline::EventId;
use stacklab_machine::{Machine, Outbox, Step};
use stacklab_mesos::http::{SchedulerRequest, event_json, scheduler_call};
use stacklab_mesos::v0::{self, DriverCall, Pid};
use stacklab_mesos::v1::MasterInfo;
use stacklab_mesos::{
    AgentToMaster, ConnectionId, FrameworkId, LinkId, Master, MasterConfig, MasterInput, MasterOutput,
    MasterToAgent, SchedulerEvent, StreamId, recordio,
};
use tokio::sync::{mpsc, oneshot};
use tokio::task::{AbortHandle, JoinHandle};

use super::drivers::{DriverLink, Drivers};
use super::master_faults::Order;
use crate::http::{Answer, Server};
use crate::mishap::{Mishaps, Party};
use crate::recorder::Recorder;

/// Name in the timeline.
pub(super) const WHO: &str = "mesos-master";
/// Messages that may wait for the master; senders wait while it is full.
const INBOX: usize = 4096;
/// Events that may wait for one scheduler; one that does not read loses its stream.
const STREAM: usize = 1024;

/// What an agent hears, with the event that led to it.
pub(super) type ToAgent = (MasterToAgent, Option<EventId>);

pub(super) enum Message {
    /// For those who want to break something.
    Order(Order),
    Call(Box<SchedulerRequest>, oneshot::Sender<Answer>),
    Http(Request, oneshot::Sender<Answer>),
    StreamClosed(ConnectionId),
    Driver(Pid, DriverCall),
    DriverEnded(Pid, DriverLink),
    AgentConnected(LinkId, mpsc::Sender<ToAgent>),
    Agent(LinkId, AgentToMaster, Option<EventId>),
    AgentDisconnected(LinkId),
}

/// The way to a running master, for agents. Clones reach the same one, and after a restart its successor.
#[derive(Clone, Debug)]
pub struct MasterHandle(Arc<Mutex<mpsc::Sender<Message>>>);

impl std::fmt::Debug for Message {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Order(..) => "Order",
            Self::Call(..) => "Call",
            Self::Http(..) => "Http",
            Self::StreamClosed(..) => "StreamClosed",
            Self::Driver(..) => "Driver",
            Self::DriverEnded(..) => "DriverEnded",
            Self::AgentConnected(..) => "AgentConnected",
            Self::Agent(..) => "Agent",
            Self::AgentDisconnected(..) => "AgentDisconnected",
        })
    }
}

impl MasterHandle {
    pub(super) fn inbox(&self) -> mpsc::Sender<Message> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Opens an agent's link. False if the master is gone.
    pub(super) async fn connect(&self, link: LinkId, to_agent: mpsc::Sender<ToAgent>) -> bool {
        self.inbox().send(Message::AgentConnected(link, to_agent)).await.is_ok()
    }

    /// An agent says something.
    pub(super) async fn say(&self, link: LinkId, message: AgentToMaster, cause: Option<EventId>) -> bool {
        self.inbox().send(Message::Agent(link, message, cause)).await.is_ok()
    }

    /// An agent's link breaks; not waited for, as its end may be a kill.
    pub(super) fn disconnect(&self, link: LinkId) {
        let to = self.inbox();
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(async move { to.send(Message::AgentDisconnected(link)).await });
        }
    }
}

/// A running master. Dropping it kills it.
#[derive(Debug)]
pub struct MasterHost {
    handle: MasterHandle,
    address: SocketAddr,
    /// None between two masters.
    server: Option<Server>,
    mishaps: Mishaps,
    recorder: Recorder,
    info: Arc<MasterInfo>,
    task: JoinHandle<()>,
}

impl MasterHost {
    /// Starts a master on `address`.
    ///
    /// # Errors
    /// The address is taken.
    pub async fn start(config: MasterConfig, address: SocketAddr, recorder: Recorder) -> io::Result<Self> {
        Self::start_among(config, address, recorder, Mishaps::default()).await
    }

    /// Starts a master on `address`, in a lab in which things go wrong.
    ///
    /// # Errors
    /// The address is taken.
    pub async fn start_among(
        config: MasterConfig,
        address: SocketAddr,
        recorder: Recorder,
        mishaps: Mishaps,
    ) -> io::Result<Self> {
        let (sender, receiver) = mpsc::channel(INBOX);
        let handle = MasterHandle(Arc::new(Mutex::new(sender.clone())));
        let server = listen(&handle, address, &mishaps).await?;
        let address = server.address();
        let master = Master::new(config);
        let info = Arc::clone(master.info());
        let task = tokio::spawn(run(master, recorder.clone(), sender, receiver));
        Ok(Self { handle, address, server: Some(server), mishaps, recorder, info, task })
    }

    /// Ends the master, and nobody takes its place until [`begin`](Self::begin): its port is closed, all event
    /// streams and connections to drivers end.
    pub async fn end(&mut self) {
        self.server = None;
        // Whoever wants to say something finds nobody.
        *self.handle.0.lock().unwrap_or_else(PoisonError::into_inner) = mpsc::channel(1).0;
        self.task.abort();
        let _ = (&mut self.task).await;
    }

    /// Starts another master after [`end`](Self::end).
    ///
    /// # Errors
    /// Somebody else has taken the address meanwhile.
    pub async fn begin(&mut self, config: MasterConfig) -> io::Result<()> {
        self.server = Some(listen(&self.handle, self.address, &self.mishaps).await?);
        self.put_in_place(config);
        Ok(())
    }

    fn put_in_place(&mut self, config: MasterConfig) {
        let (sender, receiver) = mpsc::channel(INBOX);
        *self.handle.0.lock().unwrap_or_else(PoisonError::into_inner) = sender.clone();
        let master = Master::new(config);
        self.info = Arc::clone(master.info());
        self.task = tokio::spawn(run(master, self.recorder.clone(), sender, receiver));
    }

    /// Ends the master and starts another one in its place, as a supervisor does: all event streams and connections
    /// to drivers end, agents find the new one, and it knows nobody until they come back to it.
    pub async fn restart(&mut self, config: MasterConfig) {
        self.task.abort();
        // Its end is waited for: the new one does not begin among the streams of the old.
        let _ = (&mut self.task).await;
        self.put_in_place(config);
    }

    /// The way to it.
    pub fn handle(&self) -> &MasterHandle {
        &self.handle
    }

    /// The master, as it describes itself to those who look for the leader.
    pub fn info(&self) -> &MasterInfo {
        &self.info
    }

    /// Its address.
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

async fn listen(handle: &MasterHandle, address: SocketAddr, mishaps: &Mishaps) -> io::Result<Server> {
    let (requests, mishaps) = (handle.clone(), mishaps.clone());
    let party = Party::new("lab", WHO, "");
    mishaps.listens(address, party.clone());
    let handler = Arc::new(move |request: Request| {
        let (requests, fault) = (requests.clone(), mishaps.http_fault(&party));
        let answer: std::pin::Pin<Box<dyn Future<Output = Answer> + Send>> = Box::pin(async move {
            match fault {
                Some(fault) => fault.answer().await,
                None => requests.answer(request).await,
            }
        });
        answer
    });
    Server::start(address, handler).await
}

impl Drop for MasterHost {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl MasterHandle {
    async fn answer(&self, request: Request) -> Answer {
        if let Some((pid, name)) = v0::sender(&request) {
            // Answered before anybody has looked at it, and whatever it is worth.
            if let Ok(call) = DriverCall::decode(name, &request.body) {
                let _ = self.inbox().send(Message::Driver(pid, call)).await;
            }
            return Answer::Whole(Response::empty(202));
        }
        let (reply, answer) = oneshot::channel();
        let is_call =
            matches!(request.path().trim_end_matches('/'), "/api/v1/scheduler" | "/master/api/v1/scheduler");
        let message = if is_call {
            match scheduler_call(&request) {
                Ok(call) => Message::Call(Box::new(call), reply),
                Err(refusal) => return Answer::Whole(refusal),
            }
        } else {
            Message::Http(request, reply)
        };
        let sent = self.inbox().send(message).await;
        let answer = if sent.is_ok() { answer.await.ok() } else { None };
        answer.unwrap_or_else(|| Answer::Whole(Response::new(503, "text/plain", "the master is gone")))
    }
}

async fn run(
    mut master: Master,
    recorder: Recorder,
    inbox: mpsc::Sender<Message>,
    mut messages: mpsc::Receiver<Message>,
) {
    let drivers = Drivers::new(master.info().pid.clone());
    let mut keeper = Keeper {
        recorder,
        inbox,
        next: 0,
        waiting: BTreeMap::new(),
        streams: BTreeMap::new(),
        agents: BTreeMap::new(),
        drivers,
        rescind_next: BTreeSet::new(),
    };
    let clock = keeper.recorder.clock();
    let mut out = Outbox::new();
    loop {
        let message = tokio::select! {
            message = messages.recv() => message,
            () = clock.until(master.wake_at()) => {
                master.wake(clock.now(), &mut out);
                keeper.carry_out(&mut out, None);
                continue;
            }
        };
        let Some(message) = message else { return };
        if let Message::Order(order) = message {
            if let Some(input) = keeper.obey(&master, order) {
                master.handle(clock.now(), input, &mut out);
            }
            keeper.carry_out(&mut out, None);
            continue;
        }
        if let Some(input) = keeper.rescinds(&message) {
            master.handle(clock.now(), input, &mut out);
            keeper.carry_out(&mut out, None);
        }
        let Some((input, cause)) = keeper.admit(message) else { continue };
        master.handle(clock.now(), input, &mut out);
        keeper.carry_out(&mut out, cause);
    }
}

/// A scheduler's event stream. Dropping it ends the stream: after what was sent, the client sees the end.
pub(super) struct Stream {
    pieces: mpsc::Sender<Bytes>,
    /// Tells the master when the client goes away. It holds the stream open, too.
    watcher: AbortHandle,
}

impl Drop for Stream {
    fn drop(&mut self) {
        self.watcher.abort();
    }
}

/// Everything around the master that has to do with sockets.
pub(super) struct Keeper {
    recorder: Recorder,
    inbox: mpsc::Sender<Message>,
    next: u64,
    waiting: BTreeMap<u64, oneshot::Sender<Answer>>,
    /// `None` for a stream that was cut off, until the master has been told.
    pub(super) streams: BTreeMap<ConnectionId, Option<Stream>>,
    agents: BTreeMap<LinkId, mpsc::Sender<ToAgent>>,
    pub(super) drivers: Drivers,
    /// Whose offers are taken back when it is about to accept them.
    pub(super) rescind_next: BTreeSet<FrameworkId>,
}

impl Keeper {
    fn admit(&mut self, message: Message) -> Option<(MasterInput, Option<EventId>)> {
        let input = match message {
            Message::Call(request, reply) => {
                let connection = ConnectionId(self.wait(reply));
                let SchedulerRequest { framework_id, stream_id, call } = *request;
                MasterInput::Call { connection, framework_id, stream_id, call }
            }
            Message::Http(request, reply) => {
                let exchange = ExchangeId(self.wait(reply));
                MasterInput::Http { exchange, request }
            }
            Message::StreamClosed(connection) => {
                // Closed by the master itself: it knows.
                self.streams.remove(&connection)?;
                MasterInput::Disconnected { connection }
            }
            Message::Driver(pid, call) => MasterInput::Driver { pid, call },
            Message::DriverEnded(pid, link) => {
                if !self.drivers.end(&pid, link) {
                    return None;
                }
                MasterInput::DriverGone { pid }
            }
            // Obeyed before it comes here.
            Message::Order(_) => return None,
            Message::AgentConnected(link, to_agent) => {
                self.agents.insert(link, to_agent);
                return None;
            }
            Message::Agent(link, message, cause) => {
                return Some((MasterInput::Agent { link, message }, cause));
            }
            Message::AgentDisconnected(link) => {
                self.agents.remove(&link);
                MasterInput::AgentDisconnected { link }
            }
        };
        Some((input, None))
    }

    fn wait(&mut self, reply: oneshot::Sender<Answer>) -> u64 {
        self.next += 1;
        self.waiting.insert(self.next, reply);
        self.next
    }

    fn carry_out(&mut self, out: &mut Outbox<MasterOutput>, cause: Option<EventId>) {
        let mut cause = cause;
        for step in out.drain() {
            match step {
                Step::Event(what) => cause = Some(self.recorder.record(WHO, cause, what)),
                Step::Output(output) => self.perform(output, cause),
            }
        }
    }

    fn perform(&mut self, output: MasterOutput, cause: Option<EventId>) {
        match output {
            MasterOutput::Reply { connection, response } => self.reply(connection.0, Answer::Whole(response)),
            MasterOutput::Respond { exchange, response } => self.reply(exchange.0, Answer::Whole(response)),
            MasterOutput::Stream { connection, stream_id } => self.open(connection, &stream_id),
            MasterOutput::Event { connection, event } => self.send(connection, &event),
            MasterOutput::Close { connection } => {
                self.streams.remove(&connection);
            }
            MasterOutput::Post { pid, event } => {
                let inbox = self.inbox.clone();
                self.drivers.post(&pid, &event, |pid, link| async move {
                    let _ = inbox.send(Message::DriverEnded(pid, link)).await;
                });
            }
            MasterOutput::ToAgent { link, message } => {
                // A full or closed link is a broken one: the agent's pings will tell.
                if let Some(agent) = self.agents.get(&link) {
                    let _ = agent.try_send((message, cause));
                }
            }
        }
    }

    fn reply(&mut self, number: u64, answer: Answer) {
        if let Some(reply) = self.waiting.remove(&number) {
            let _ = reply.send(answer);
        }
    }

    fn open(&mut self, connection: ConnectionId, stream_id: &StreamId) {
        let (pieces, receiver) = mpsc::channel(STREAM);
        let (closed, inbox) = (pieces.clone(), self.inbox.clone());
        let watcher = tokio::spawn(async move {
            closed.closed().await;
            let _ = inbox.send(Message::StreamClosed(connection)).await;
        });
        self.streams.insert(connection, Some(Stream { pieces, watcher: watcher.abort_handle() }));
        let head =
            Response::new(200, "application/json", "").with_header("Mesos-Stream-Id", stream_id.as_str());
        self.reply(connection.0, Answer::Stream(head, receiver));
    }

    fn send(&mut self, connection: ConnectionId, event: &SchedulerEvent) {
        let (Some(Some(stream)), Some(record)) = (self.streams.get(&connection), event_json(event)) else {
            return;
        };
        let mut framed = Vec::with_capacity(record.len() + 8);
        recordio::encode(&record, &mut framed);
        if stream.pieces.try_send(Bytes::from(framed)).is_err() {
            // Who does not read for so long is cut off, and has to subscribe again.
            self.streams.insert(connection, None);
            let inbox = self.inbox.clone();
            tokio::spawn(async move { inbox.send(Message::StreamClosed(connection)).await });
        }
    }
}
