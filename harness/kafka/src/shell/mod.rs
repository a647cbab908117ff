//! The live shell of a machine: one task owns the machine and hands it whatever comes, in turn; other tasks speak
//! to ZooKeeper, to brokers and to clients.
//!
//! All tasks belong to the first: when it ends or is aborted, sockets and ZooKeeper connections go with it.

mod peers;
mod zookeeper;

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use stacklab_machine::process::ExchangeId;
use stacklab_machine::timeline::What;
use stacklab_machine::{Machine, Outbox, Step, Time};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;

use self::peers::Peers;
use self::zookeeper::{Session, ZkCommand};
use crate::codec::Response;
use crate::model::io::{Ending, Input, Output, Record};
use crate::server::LogSink;

/// Inputs that may wait for the machine; whoever has more waits.
const INPUTS: usize = 256;
/// How long closing the ZooKeeper session may take.
const CLOSE_LIMIT: Duration = Duration::from_secs(2);

/// What a client's connection is to do with its request.
#[derive(Debug)]
pub(crate) enum Reply {
    /// Send this.
    Answer(Response),
    /// Send nothing and go on.
    Nothing,
    /// Close.
    HangUp,
}

/// Something for the machine.
pub(crate) enum Task<M> {
    Input(Input),
    /// A client's request, and whom to tell.
    Request(crate::codec::Request, oneshot::Sender<Reply>),
    /// Anything else that wants the machine for a moment.
    With(Visit<M>),
}

/// What is to be done with a machine.
pub(crate) type Visit<M> = Box<dyn FnOnce(&mut M, Time, &mut Outbox<Output>) + Send>;

/// What a machine says to the one who started it.
#[derive(Debug)]
pub(crate) enum Word {
    Ready,
    Records(Vec<Record>),
    Committed(bool),
}

/// Where a machine's session is, and what to call it in its log.
#[derive(Debug, Clone)]
pub(crate) struct ShellConfig {
    /// `host:port[,host:port…]` without a chroot.
    pub(crate) servers: String,
    pub(crate) session_timeout: Duration,
}

/// The wall clock.
pub(crate) fn now() -> Time {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Time::from_micros(u64::try_from(since.as_micros()).unwrap_or(u64::MAX))
}

/// A channel for what is to be brought before a machine.
pub(crate) fn inbox<M>() -> (mpsc::Sender<Task<M>>, mpsc::Receiver<Task<M>>) {
    mpsc::channel(INPUTS)
}

/// Runs a machine to its end.
pub(crate) struct Shell<M> {
    machine: M,
    outbox: Outbox<Output>,
    log: LogSink,
    words: mpsc::UnboundedSender<Word>,
    exchanges: BTreeMap<ExchangeId, oneshot::Sender<Reply>>,
    last_exchange: u64,
    zk: mpsc::UnboundedSender<ZkCommand>,
    peers: Peers<M>,
    /// Never shown a time before the last one, whatever the wall clock does.
    last_now: Time,
}

impl<M> Shell<M>
where
    M: Machine<Input = Input, Output = Output> + Send + 'static,
{
    /// Runs until the machine exits or the other end of `leash` is dropped, which is a `kill -9`. `children` are
    /// tasks that are to end with it: afterwards their sockets are closed.
    pub(crate) async fn run(
        machine: M,
        config: ShellConfig,
        log: LogSink,
        words: mpsc::UnboundedSender<Word>,
        inputs: (mpsc::Sender<Task<M>>, mpsc::Receiver<Task<M>>),
        mut children: JoinSet<()>,
        leash: oneshot::Receiver<()>,
    ) -> Ending {
        let (sender, receiver) = inputs;
        let (zk, zk_commands) = mpsc::unbounded_channel();
        children.spawn(Session::new(config, zk_commands, sender.clone()).run());
        let mut shell = Self {
            machine,
            outbox: Outbox::new(),
            log,
            words,
            exchanges: BTreeMap::new(),
            last_exchange: 0,
            zk,
            peers: Peers::new(sender),
            last_now: Time::ZERO,
        };
        let ending = tokio::select! {
            ending = shell.serve(receiver, &mut children) => ending,
            _ = leash => Ending::Stopped,
        };
        children.shutdown().await;
        ending
    }

    async fn serve(&mut self, mut inputs: mpsc::Receiver<Task<M>>, children: &mut JoinSet<()>) -> Ending {
        let mut ending = self.input(Input::Start);
        loop {
            if let Some(ending) = ending {
                self.close(&ending).await;
                return ending;
            }
            let now = self.now();
            // Rounded up, for an early wake-up would only come again.
            let wait = self.machine.wake_at().map(|at| at.since(now) + Duration::from_micros(500));
            ending = tokio::select! {
                task = inputs.recv() => match task {
                    Some(task) => self.task(task),
                    None => Some(Ending::Stopped),
                },
                () = tokio::time::sleep(wait.unwrap_or_default()), if wait.is_some() => {
                    let now = self.now();
                    self.machine.wake(now, &mut self.outbox);
                    self.drain()
                }
                // Reaps tasks that have ended.
                Some(_) = children.join_next() => None,
            };
        }
    }

    fn now(&mut self) -> Time {
        self.last_now = self.last_now.max(now());
        self.last_now
    }

    fn input(&mut self, input: Input) -> Option<Ending> {
        let now = self.now();
        self.machine.handle(now, input, &mut self.outbox);
        self.drain()
    }

    fn task(&mut self, task: Task<M>) -> Option<Ending> {
        match task {
            Task::Input(input) => self.input(input),
            Task::Request(request, reply) => {
                self.last_exchange += 1;
                let exchange = ExchangeId(self.last_exchange);
                self.exchanges.insert(exchange, reply);
                self.input(Input::Request { exchange, request })
            }
            Task::With(act) => {
                let now = self.now();
                act(&mut self.machine, now, &mut self.outbox);
                self.drain()
            }
        }
    }

    fn drain(&mut self) -> Option<Ending> {
        let mut ending = None;
        let mut outbox = std::mem::take(&mut self.outbox);
        for step in outbox.drain() {
            match step {
                Step::Event(What::Log { line }) => (self.log)(&line),
                Step::Event(_) => {}
                Step::Output(Output::Exit(end)) => ending = Some(end),
                Step::Output(output) => self.output(output),
            }
        }
        self.outbox = outbox;
        ending
    }

    fn output(&mut self, output: Output) {
        match output {
            // The session's task lives as long as this one.
            Output::Zk { call, op } => drop(self.zk.send(ZkCommand::Do(call, op))),
            Output::NewSession => drop(self.zk.send(ZkCommand::Open)),
            Output::Respond { exchange, response } => {
                self.reply(exchange, response.map_or(Reply::Nothing, Reply::Answer));
            }
            Output::HangUp(exchange) => self.reply(exchange, Reply::HangUp),
            Output::Peer { call, purpose, to, client_id, request, timeout } => {
                self.peers.send(purpose, to, peers::Call { call, client_id, request, timeout });
            }
            // Whoever started the machine may have lost interest.
            Output::Ready => drop(self.words.send(Word::Ready)),
            Output::Records(records) => drop(self.words.send(Word::Records(records))),
            Output::Committed(done) => drop(self.words.send(Word::Committed(done))),
            Output::Exit(_) => {}
        }
    }

    fn reply(&mut self, exchange: ExchangeId, reply: Reply) {
        if let Some(sender) = self.exchanges.remove(&exchange) {
            // The client may be gone.
            drop(sender.send(reply));
        }
    }

    async fn close(&mut self, ending: &Ending) {
        if *ending != Ending::Stopped {
            return;
        }
        let (done, closed) = oneshot::channel();
        if self.zk.send(ZkCommand::Close(done)).is_ok() {
            // Not reached in time: the session expires by itself.
            let _ = tokio::time::timeout(CLOSE_LIMIT, closed).await;
        }
    }
}
