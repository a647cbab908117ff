//! One machine shared by its servers: a lock around it, and the way from its outputs to sockets.

use std::collections::BTreeMap;
use std::fmt;
use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use stacklab_machine::timeline::What;
use stacklab_machine::{Machine as _, Outbox, Step, Time};
use tokio::sync::{mpsc, watch};

use super::clock::Clock;
use super::listener::LogSink;
use crate::codec;
use crate::model::{
    Code, ConnectRequest, ConnectionId, Ensemble, EnsembleConfig, Input, NodeView, Output, Request, Role,
    SessionId, Stat,
};

/// How many messages may wait for one connection. Who lets more pile up is cut off.
const QUEUE: usize = 65_536;

/// Something on its way to a client.
#[derive(Debug)]
pub(super) enum ToPeer {
    /// The answer to the handshake: the session it is for, or 0.
    Connected { session: i64, timeout_ms: i32, frame: Bytes },
    /// An answer.
    Reply { xid: i32, zxid: i64, frame: Bytes },
    /// A watch event.
    Event(Bytes),
    /// Close, once everything before is sent.
    Close,
}

/// One tree with its sessions, for all servers that share it. Clones are the same ensemble.
#[derive(Clone)]
pub struct EnsembleHandle {
    shared: Arc<Shared>,
}

struct Shared {
    state: Mutex<State>,
    clock: Clock,
    /// When the machine next wants to be woken; servers wait for it.
    wake_at: watch::Sender<Option<Time>>,
    sink: Box<dyn Fn(What) + Send + Sync>,
    next_connection: AtomicU64,
}

struct State {
    ensemble: Ensemble,
    outbox: Outbox<Output>,
    lines: BTreeMap<ConnectionId, mpsc::Sender<ToPeer>>,
    logs: BTreeMap<u32, LogSink>,
}

impl fmt::Debug for EnsembleHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EnsembleHandle").field("name", &self.lock().ensemble.name()).finish_non_exhaustive()
    }
}

impl EnsembleHandle {
    /// An empty ensemble that tells nobody what is written.
    pub fn new(config: EnsembleConfig) -> Self {
        Self::build(config, Outbox::without_events(), |_| {})
    }

    /// An empty ensemble that tells `sink` of every node written or deleted, in order. The sink is called while
    /// the ensemble is locked: it must be quick and must not call back.
    pub fn with_sink(config: EnsembleConfig, sink: impl Fn(What) + Send + Sync + 'static) -> Self {
        Self::build(config, Outbox::new(), sink)
    }

    fn build(
        config: EnsembleConfig,
        outbox: Outbox<Output>,
        sink: impl Fn(What) + Send + Sync + 'static,
    ) -> Self {
        let ensemble = Ensemble::new(config);
        let state = State { ensemble, outbox, lines: BTreeMap::new(), logs: BTreeMap::new() };
        let shared = Shared {
            state: Mutex::new(state),
            clock: Clock::new(),
            wake_at: watch::channel(None).0,
            sink: Box::new(sink),
            next_connection: AtomicU64::new(1),
        };
        Self { shared: Arc::new(shared) }
    }

    /// Looks at the model: nodes, sessions, figures.
    pub fn read<R>(&self, look: impl FnOnce(&Ensemble) -> R) -> R {
        look(&self.lock().ensemble)
    }

    /// Changes the model as a simulation does, without a connection: [`Ensemble::create`] and its like. Watchers
    /// are told.
    pub fn change<R>(&self, change: impl FnOnce(&mut Ensemble, Time, &mut Outbox<Output>) -> R) -> R {
        let mut state = self.lock();
        let State { ensemble, outbox, .. } = &mut *state;
        let result = change(ensemble, self.shared.clock.now(), outbox);
        self.dispatch(&mut state);
        result
    }

    /// Ends a session as its timeout would, at once: its ephemeral nodes go, its connection is closed, its client
    /// finds it expired. False if there is no such session.
    pub fn expire_session(&self, session: SessionId) -> bool {
        self.change(|ensemble, now, out| ensemble.expire_session(now, session, out))
    }

    /// All sessions.
    pub fn sessions(&self) -> Vec<SessionId> {
        self.read(|ensemble| ensemble.sessions().collect())
    }

    /// Every node, parents before children, in order.
    pub fn snapshot(&self) -> Vec<NodeView> {
        self.read(Ensemble::snapshot)
    }

    /// A node's data and figures.
    ///
    /// # Errors
    /// [`Code::NoNode`], [`Code::NoAuth`].
    pub fn get(&self, path: &str) -> Result<(Option<Bytes>, Stat), Code> {
        self.read(|ensemble| ensemble.get(path))
    }

    /// Forgets every node and session and closes all connections, as when all data directories are lost.
    pub fn wipe(&self) {
        self.change(|ensemble, _, out| ensemble.wipe(out));
    }

    /// Breaks all connections without a word; sessions go on until they expire, and clients come back.
    pub fn drop_connections(&self) {
        let lines = std::mem::take(&mut self.lock().lines);
        for connection in lines.into_keys() {
            self.handle(Input::ConnectionClosed { connection });
        }
    }

    /// What a server is at the moment.
    pub fn role(&self, server: u32) -> Role {
        self.read(|ensemble| ensemble.role(server))
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // A panic of some sink leaves the model whole: it is called between inputs.
        self.shared.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn clock(&self) -> Clock {
        self.shared.clock
    }

    pub(super) fn wakes(&self) -> watch::Receiver<Option<Time>> {
        self.shared.wake_at.subscribe()
    }

    pub(super) fn wake(&self) {
        self.change(|ensemble, now, out| ensemble.wake(now, out));
    }

    pub(super) fn server_started(&self, server: u32, log: LogSink) {
        self.lock().logs.insert(server, log);
        self.handle(Input::ServerStarted { server });
    }

    pub(super) fn server_stopped(&self, server: u32) {
        self.handle(Input::ServerStopped { server });
        self.lock().logs.remove(&server);
    }

    /// A connection whose first frame has come.
    pub(super) fn connect(
        &self,
        server: u32,
        peer: IpAddr,
        request: ConnectRequest,
    ) -> (ConnectionId, mpsc::Receiver<ToPeer>) {
        let connection = ConnectionId(self.shared.next_connection.fetch_add(1, Ordering::Relaxed));
        let (sender, receiver) = mpsc::channel(QUEUE);
        self.lock().lines.insert(connection, sender);
        self.handle(Input::Connect { connection, server, peer, request });
        (connection, receiver)
    }

    pub(super) fn request(&self, connection: ConnectionId, xid: i32, request: Request) {
        self.handle(Input::Request { connection, xid, request });
    }

    pub(super) fn closed(&self, connection: ConnectionId) {
        self.lock().lines.remove(&connection);
        self.handle(Input::ConnectionClosed { connection });
    }

    fn handle(&self, input: Input) {
        self.change(|ensemble, now, out| ensemble.handle(now, input, out));
    }

    /// Hands out what the machine said, still under its lock: so everybody gets it in the machine's order.
    fn dispatch(&self, state: &mut State) {
        let State { ensemble, outbox, lines, logs } = state;
        for step in outbox.drain() {
            match step {
                Step::Event(what) => (self.shared.sink)(what),
                Step::Output(Output::Log { server, line }) => {
                    let leads = |id: &u32| matches!(ensemble.role(*id), Role::Leader | Role::Standalone);
                    let server = server.or_else(|| logs.keys().copied().find(leads));
                    if let Some(log) = server.and_then(|server| logs.get(&server)) {
                        log(line);
                    }
                }
                Step::Output(output) => deliver(lines, output),
            }
        }
        let next = ensemble.wake_at();
        self.shared.wake_at.send_if_modified(|wake_at| std::mem::replace(wake_at, next) != next);
    }
}

fn deliver(lines: &mut BTreeMap<ConnectionId, mpsc::Sender<ToPeer>>, output: Output) {
    let (connection, message) = match output {
        Output::Connected { connection, reply } => {
            let frame = codec::encode_connect_reply(&reply);
            let (session, timeout_ms) = (reply.session_id, reply.timeout_ms);
            (connection, ToPeer::Connected { session, timeout_ms, frame })
        }
        Output::Reply { connection, reply } => {
            let frame = codec::encode_reply(&reply);
            (connection, ToPeer::Reply { xid: reply.xid, zxid: reply.zxid, frame })
        }
        Output::Event { connection, event } => (connection, ToPeer::Event(codec::encode_event(&event))),
        Output::Close { connection } => (connection, ToPeer::Close),
        Output::Log { .. } => return,
    };
    let last = matches!(message, ToPeer::Close);
    let Some(line) = lines.get(&connection) else { return };
    // A full line, or one whose connection is gone: without its sender the connection ends.
    if line.try_send(message).is_err() || last {
        lines.remove(&connection);
    }
}
