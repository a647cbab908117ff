//! Runs one program (Marathon, a scheduler, an executor, the run of a stack): a loop that owns the machine and
//! carries out what it asks for.

mod notes;

use std::collections::BTreeMap;
use std::future::Future;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;

use stacklab_machine::http::{Request, Response};
use stacklab_machine::process::{CallId, ExchangeId, Input, Output, Program, ZkError, ZkOp, ZkReply};
use stacklab_machine::service::{ServiceEvent, ServiceSpec};
use stacklab_machine::timeline::{EventId, What};
use stacklab_machine::{Outbox, Step};
use tokio::sync::{mpsc, oneshot};
use tokio::task::{JoinHandle, JoinSet};

use self::notes::{no_space, note_service, path_of};
use crate::http::{Answer, Handler, Server};
use crate::image::ImageTask;
use crate::mishap::{Party, Surroundings};
use crate::names::Names;
use crate::recorder::Recorder;
use crate::sandbox::Sandbox;
use crate::script;
use crate::zk::ZkSessions;

pub use self::notes::address_of;

/// Inputs that may wait for one program; senders wait while it is full.
const INBOX: usize = 1024;
/// Requests and other calls of one program that may be under way at a time; further ones are answered as refused.
const MAX_CALLS: usize = 512;
/// ZooKeeper's code for a session that is over.
const SESSION_EXPIRED: i32 = -112;
/// Carries the causing event from our client to our server: invisible to the machines.
const CAUSE_HEADER: &str = "x-stacklab-cause";

/// Starts services for executors: the embedded servers, or containers.
pub trait Services: Send + Sync {
    /// Runs a service to its end. Events go to `events`, the last one is [`ServiceEvent::Exited`]; `stop` asks for a
    /// clean end, dropping the future is a kill. What a service keeps on disk lasts as long as `sandbox`.
    fn run(
        &self,
        spec: ServiceSpec,
        sandbox: &Sandbox,
        events: mpsc::Sender<ServiceEvent>,
        stop: oneshot::Receiver<()>,
    ) -> Pin<Box<dyn Future<Output = ()> + Send>>;

    /// Runs an image that a task brings along, with events and `stop` as [`run`](Self::run) has them; nothing where
    /// there are no containers.
    fn image(
        &self,
        task: ImageTask,
        events: mpsc::Sender<ServiceEvent>,
        stop: oneshot::Receiver<()>,
    ) -> Option<Pin<Box<dyn Future<Output = ()> + Send>>> {
        let _ = (task, events, stop);
        None
    }
}

/// Takes what a program says to Mesos.
pub trait MesosLink<C>: Send {
    /// Which master the calls go to from now on.
    fn attach(&mut self, master: &str);
    /// One call.
    fn call(&mut self, call: C, cause: Option<EventId>);
}

/// The link of a program that does not speak to Mesos.
#[derive(Debug)]
pub struct NoMesos;

impl<C> MesosLink<C> for NoMesos {
    fn attach(&mut self, _: &str) {}

    fn call(&mut self, _: C, _: Option<EventId>) {}
}

/// Where a program runs and what it may use.
#[derive(Clone)]
pub struct Place {
    /// Its name in the timeline.
    pub name: String,
    /// Its task id, or its name where there is no task.
    pub task: String,
    /// The address it listens on.
    pub address: IpAddr,
    /// The timeline.
    pub recorder: Recorder,
    /// Host names of the cluster.
    pub names: Names,
    /// Its files.
    pub sandbox: Sandbox,
    /// Who starts services.
    pub services: Arc<dyn Services>,
    /// What can go wrong there.
    pub surroundings: Surroundings,
}

impl Place {
    /// The program, as an end of a link.
    pub fn party(&self) -> Party {
        Party::new(self.surroundings.host.name(), &self.name, &self.task)
    }
}

/// How a program ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exit {
    /// Its exit code.
    pub code: i32,
}

/// What waits for a program.
#[derive(Debug)]
enum Message<E> {
    Input(Input<E>, Option<EventId>),
    Request(Request, oneshot::Sender<Response>),
}

/// The way to a program. Clones reach the same one.
#[derive(Debug)]
pub struct Inbox<E>(mpsc::Sender<Message<E>>);

impl<E> Clone for Inbox<E> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<E: Send + 'static> Inbox<E> {
    /// Delivers an input; waits while the inbox is full. False if the program is no longer there.
    pub async fn send(&self, input: Input<E>, cause: Option<EventId>) -> bool {
        self.0.send(Message::Input(input, cause)).await.is_ok()
    }
}

/// A running program. Dropping it kills the program: no last words, listeners and services gone.
#[derive(Debug)]
pub struct Running<E> {
    inbox: Inbox<E>,
    task: JoinHandle<Exit>,
}

impl<E: Send + 'static> Running<E> {
    /// The way to it.
    pub fn inbox(&self) -> &Inbox<E> {
        &self.inbox
    }

    /// Waits for its end.
    pub async fn exited(&mut self) -> Exit {
        // 134: what a shell sees of a process that aborted.
        (&mut self.task).await.unwrap_or(Exit { code: 134 })
    }

    /// Kills it, and returns when its port is free.
    pub async fn kill(mut self) {
        self.task.abort();
        if !self.task.is_finished() {
            self.exited().await;
        }
    }
}

impl<E> Drop for Running<E> {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Starts a program. `link` makes its way to Mesos out of the program's inbox.
pub fn spawn<E, C, L>(
    program: Box<Program<E, C>>,
    place: Place,
    link: impl FnOnce(Inbox<E>) -> L,
) -> Running<E>
where
    E: Send + 'static,
    C: Send + 'static,
    L: MesosLink<C> + 'static,
{
    let (sender, receiver) = mpsc::channel(INBOX);
    let inbox = Inbox(sender);
    let link = link(inbox.clone());
    let host = Host {
        zk: ZkSessions::new(&place.surroundings.lab, &place.party()),
        party: place.party(),
        place,
        link,
        inbox: inbox.clone(),
        calls: JoinSet::new(),
        servers: Vec::new(),
        exchanges: BTreeMap::new(),
        next_exchange: 0,
        service: None,
        exit: None,
    };
    let task = tokio::spawn(run(program, host, receiver));
    Running { inbox, task }
}

async fn run<E, C, L>(
    mut program: Box<Program<E, C>>,
    mut host: Host<E, L>,
    mut messages: mpsc::Receiver<Message<E>>,
) -> Exit
where
    E: Send + 'static,
    C: Send + 'static,
    L: MesosLink<C>,
{
    let clock = host.place.recorder.clock();
    let machine = host.place.surroundings.host.clone();
    let mut out = Outbox::new();
    program.handle(machine.now(clock), Input::Start, &mut out);
    host.carry_out(&mut out, None).await;
    while host.exit.is_none() {
        let message = tokio::select! {
            message = messages.recv() => Some(message),
            () = machine.until(clock, program.wake_at()) => None,
        };
        machine.moving().await;
        let Some(message) = message else {
            program.wake(machine.now(clock), &mut out);
            host.carry_out(&mut out, None).await;
            continue;
        };
        // The host itself holds a sender: there is always one.
        let Some(message) = message else { break };
        let (input, cause) = host.admit(message);
        program.handle(machine.now(clock), input, &mut out);
        host.carry_out(&mut out, cause).await;
    }
    host.exit.unwrap_or(Exit { code: 0 })
}

struct Host<E, L> {
    place: Place,
    party: Party,
    link: L,
    inbox: Inbox<E>,
    calls: JoinSet<()>,
    servers: Vec<Server>,
    exchanges: BTreeMap<ExchangeId, oneshot::Sender<Response>>,
    next_exchange: u64,
    service: Option<(oneshot::Sender<()>, JoinSet<()>)>,
    zk: ZkSessions,
    exit: Option<Exit>,
}

impl<E: Send + 'static, L> Host<E, L> {
    fn admit(&mut self, message: Message<E>) -> (Input<E>, Option<EventId>) {
        match message {
            Message::Input(input, cause) => (input, cause),
            Message::Request(mut request, reply) => {
                let cause = request.header(CAUSE_HEADER).and_then(|id| id.parse().ok()).map(EventId);
                request.headers.retain(|(name, _)| name != CAUSE_HEADER);
                let exchange = ExchangeId(self.next_exchange);
                self.next_exchange += 1;
                self.exchanges.retain(|_, waiting| !waiting.is_closed());
                self.exchanges.insert(exchange, reply);
                (Input::Http { exchange, request }, cause)
            }
        }
    }

    async fn carry_out<C>(&mut self, out: &mut Outbox<Output<C>>, cause: Option<EventId>)
    where
        L: MesosLink<C>,
    {
        let mut cause = cause;
        for step in out.drain() {
            match step {
                Step::Event(what) => cause = Some(self.place.recorder.record(&self.place.name, cause, what)),
                Step::Output(output) => self.perform(output, cause).await,
            }
        }
    }

    async fn perform<C>(&mut self, output: Output<C>, cause: Option<EventId>)
    where
        L: MesosLink<C>,
    {
        match output {
            Output::Listen { port } => self.listen(port).await,
            Output::Respond { exchange, response } => {
                if let Some(reply) = self.exchanges.remove(&exchange) {
                    // The client may be gone; then nobody wants the answer.
                    let _ = reply.send(response);
                }
            }
            Output::Http { call, request, timeout } => self.http(call, request, timeout, cause),
            Output::Attach { master } => self.link.attach(&self.place.names.resolve(&master)),
            Output::Mesos(call) => self.link.call(call, cause),
            Output::Zk { call, connect, op } => {
                let connect = self.place.names.resolve(&connect);
                self.zookeeper(call, &connect, op, cause);
            }
            Output::ReadFile { call, path } => {
                let data = self.place.sandbox.read(&path);
                self.later(Input::File { call, data }, cause);
            }
            Output::WriteFile { path, data } => {
                let full = self.place.surroundings.host.disk_is_full();
                let written = if full { Err(no_space(&path)) } else { self.place.sandbox.write(&path, data) };
                if let Err(why) = written {
                    self.log(why);
                }
            }
            Output::Script { call, name, text } => self.script(call, name, text, cause),
            Output::StartService(spec) => {
                let spec = self.place.names.resolve_spec(*spec);
                self.start_service(spec, cause);
            }
            Output::StopService => {
                if let Some((stop, _)) = &mut self.service {
                    let (used, _) = oneshot::channel();
                    let _ = std::mem::replace(stop, used).send(());
                }
            }
            Output::Log(line) => self.log(line),
            Output::Exit { code } => self.exit = Some(Exit { code }),
        }
    }

    fn log(&self, line: String) {
        self.place.recorder.record(&self.place.name, None, What::Log { line });
    }

    /// Delivers an input of the host's own making, behind what waits already.
    fn later(&mut self, input: Input<E>, cause: Option<EventId>) {
        let inbox = self.inbox.clone();
        self.calls.spawn(async move {
            inbox.send(input, cause).await;
        });
    }

    async fn listen(&mut self, port: u16) {
        let address = SocketAddr::new(self.place.address, port);
        match Server::start(address, self.handler()).await {
            Ok(server) => {
                self.place.surroundings.lab.listens(server.address(), self.party.clone());
                self.servers.push(server);
            }
            Err(why) => {
                self.log(format!("cannot listen on {address}: {why}"));
                self.exit = Some(Exit { code: 1 });
            }
        }
    }

    fn handler(&self) -> Handler {
        let (inbox, party) = (self.inbox.clone(), self.party.clone());
        let mishaps = self.place.surroundings.lab.clone();
        Arc::new(move |request| {
            let inbox = inbox.clone();
            let fault = mishaps.http_fault(&party);
            Box::pin(async move {
                if let Some(fault) = fault {
                    return fault.answer().await;
                }
                let (reply, answer) = oneshot::channel();
                let sent = inbox.0.send(Message::Request(request, reply)).await;
                let answer = if sent.is_ok() { answer.await.ok() } else { None };
                // A program that ended before it answered takes the connection with it.
                Answer::Whole(answer.unwrap_or_else(|| Response::empty(0)))
            })
        })
    }

    fn http(
        &mut self,
        call: CallId,
        mut request: Request,
        timeout: Option<std::time::Duration>,
        cause: Option<EventId>,
    ) {
        while self.calls.try_join_next().is_some() {}
        if self.calls.len() >= MAX_CALLS {
            let why = format!("{MAX_CALLS} calls of this program are under way already");
            return self.later(
                Input::HttpReply { call, result: Err(stacklab_machine::http::Failure::Refused(why)) },
                cause,
            );
        }
        if let Some(EventId(id)) = cause {
            request.headers.push((CAUSE_HEADER.to_owned(), id.to_string()));
        }
        let (inbox, from) = (self.inbox.clone(), self.party.clone());
        let mishaps = self.place.surroundings.lab.clone();
        self.calls.spawn(async move {
            let result = mishaps.request(&from, &request, timeout).await;
            inbox.send(Input::HttpReply { call, result }, cause).await;
        });
    }

    fn zookeeper(&mut self, call: CallId, connect: &str, op: ZkOp, cause: Option<EventId>) {
        let inbox = self.inbox.clone();
        if self.place.surroundings.lab.session_expired(&self.party) {
            self.zk = ZkSessions::new(&self.place.surroundings.lab, &self.party);
            let path = path_of(&op).to_owned();
            let result = Err(ZkError::Other { path, code: SESSION_EXPIRED });
            return self.later(Input::Zk { call, result }, cause);
        }
        self.zk.submit(connect, op, move |result: Result<ZkReply, ZkError>| {
            Box::pin(async move {
                inbox.send(Input::Zk { call, result }, cause).await;
            })
        });
    }

    fn script(&mut self, call: CallId, name: String, text: String, cause: Option<EventId>) {
        while self.calls.try_join_next().is_some() {}
        if self.calls.len() >= MAX_CALLS {
            let why = format!("{MAX_CALLS} calls of this program are under way already");
            return self.later(Input::Script { call, result: Err(why) }, cause);
        }
        let (inbox, place) = (self.inbox.clone(), self.place.clone());
        self.calls.spawn(async move {
            let log = |line| {
                place.recorder.record(&place.name, cause, What::Log { line });
            };
            let ended = |result| async {
                inbox.send(Input::Script { call, result }, cause).await;
            };
            script::run(&name, &text, log, ended).await;
        });
    }

    fn start_service(&mut self, spec: ServiceSpec, cause: Option<EventId>) {
        let (sender, mut events) = mpsc::channel(256);
        let (stop, stopped) = oneshot::channel();
        let running = self.place.services.run(spec.clone(), &self.place.sandbox, sender, stopped);
        let (place, inbox) = (self.place.clone(), self.inbox.clone());
        let mut tasks = JoinSet::new();
        tasks.spawn(running);
        tasks.spawn(async move {
            while let Some(event) = events.recv().await {
                let cause = note_service(&place, &spec, &event, cause);
                inbox.send(Input::Service(event), cause).await;
            }
        });
        self.service = Some((stop, tasks));
    }
}
