//! The ensemble as a machine: one tree, its sessions, its watches, and the connections of its servers.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::Duration;

use stacklab_machine::timeline::What;
use stacklab_machine::{Machine, Outbox, Time};

use super::quorum::Quorum;
use super::session::Sessions;
use super::tree::{Tree, Txn};
use super::watch::WatchTable;
use super::{ConnectReply, ConnectRequest, EventKind, Identity, Reply, Request, WatchEvent, path};

/// A connection to one of the ensemble's servers; the shell chooses the number and uses none twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConnectionId(pub u64);

/// A session, by the number that clients know it by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SessionId(pub i64);

impl SessionId {
    /// Nobody's: enough to write persistent nodes.
    pub const NONE: Self = Self(0);
}

/// What an ensemble is made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EnsembleConfig {
    /// What the timeline calls it.
    pub name: String,
    /// `tickTime`. Session timeouts lie between 2 and 20 ticks, and sessions expire on whole ticks.
    pub tick: Duration,
    /// The ids of its servers. It serves while more than half of them are started; with one it is stand-alone.
    /// If there are none here, it is stand-alone and serves always, through any server.
    pub servers: Vec<u32>,
}

impl EnsembleConfig {
    /// A stand-alone ensemble that serves always, with ticks of 2 s.
    pub fn standalone(name: impl Into<String>) -> Self {
        Self { name: name.into(), tick: Duration::from_millis(2000), servers: Vec::new() }
    }

    /// An ensemble of these servers, with ticks of 2 s.
    pub fn of_servers(name: impl Into<String>, servers: impl IntoIterator<Item = u32>) -> Self {
        Self { servers: servers.into_iter().collect(), ..Self::standalone(name) }
    }
}

/// What reaches the ensemble.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs)] // Fields are explained by the sentence above each variant.
pub enum Input {
    /// The first frame of a connection to `server`, from `peer`.
    Connect { connection: ConnectionId, server: u32, peer: IpAddr, request: ConnectRequest },
    /// A later frame.
    Request { connection: ConnectionId, xid: i32, request: Request },
    /// The peer is gone.
    ConnectionClosed { connection: ConnectionId },
    /// A server runs now.
    ServerStarted { server: u32 },
    /// A server runs no longer.
    ServerStopped { server: u32 },
}

/// What the ensemble wants done.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs)] // Fields are explained by the sentence above each variant.
pub enum Output {
    /// Answer the first frame.
    Connected { connection: ConnectionId, reply: ConnectReply },
    /// Answer a later one.
    Reply { connection: ConnectionId, reply: Reply },
    /// Tell a watcher.
    Event { connection: ConnectionId, event: WatchEvent },
    /// Close a connection once everything before this is sent. The machine has forgotten it.
    Close { connection: ConnectionId },
    /// A line of a server's log; the leader's if no server is named.
    Log { server: Option<u32>, line: String },
}

/// Who speaks through a connection.
#[derive(Debug)]
pub(super) struct Connection {
    pub(super) server: u32,
    /// 0 if its session is over or was refused.
    pub(super) session: i64,
    pub(super) identities: Vec<Identity>,
}

/// One tree with its sessions and watches, served by one or more servers.
#[derive(Debug)]
pub struct Ensemble {
    pub(super) name: String,
    pub(super) tick_ms: u64,
    pub(super) tree: Tree,
    /// The last transaction.
    pub(super) zxid: i64,
    pub(super) sessions: Sessions,
    /// By server: the next session id.
    pub(super) next_session: BTreeMap<u32, i64>,
    pub(super) connections: BTreeMap<ConnectionId, Connection>,
    pub(super) data_watches: WatchTable,
    pub(super) child_watches: WatchTable,
    pub(super) quorum: Quorum,
}

impl Ensemble {
    /// An empty ensemble: nothing but `/zookeeper/quota`.
    pub fn new(config: EnsembleConfig) -> Self {
        let tick_ms = u64::try_from(config.tick.as_millis()).unwrap_or(u64::MAX).clamp(1, 3_600_000);
        Self {
            name: config.name,
            tick_ms,
            tree: Tree::new(),
            zxid: 0,
            sessions: Sessions::new(tick_ms),
            next_session: BTreeMap::new(),
            connections: BTreeMap::new(),
            data_watches: WatchTable::default(),
            child_watches: WatchTable::default(),
            quorum: Quorum::new(config.servers),
        }
    }

    /// Forgets every node and session, as when all data directories are deleted: connections are closed, clients
    /// find their sessions expired.
    pub fn wipe(&mut self, out: &mut Outbox<Output>) {
        self.close_all(out);
        self.tree = Tree::new();
        self.sessions = Sessions::new(self.tick_ms);
        self.zxid = 0;
    }

    /// The name given at construction.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// `tickTime`.
    pub const fn tick(&self) -> Duration {
        Duration::from_millis(self.tick_ms)
    }

    /// The shortest and the longest session timeout in ms: 2 and 20 ticks.
    pub(super) const fn timeouts_ms(&self) -> (u64, u64) {
        (self.tick_ms * 2, self.tick_ms * 20)
    }

    /// A transaction of its own for something that is tried now.
    pub(super) fn next_txn(&mut self, now: Time) -> Txn {
        self.zxid += 1;
        Txn { zxid: self.zxid, now_ms: millis(now) }
    }

    /// A node is there that was not.
    pub(super) fn created(&mut self, path: &str, out: &mut Outbox<Output>) {
        self.note_written(path, 0, out);
        self.fire_data(path, EventKind::Created, out);
        self.fire_child(path::event_parent(path), EventKind::ChildrenChanged, out);
    }

    /// A node's data changed.
    pub(super) fn changed(&mut self, path: &str, version: i32, out: &mut Outbox<Output>) {
        self.note_written(path, version, out);
        self.fire_data(path, EventKind::DataChanged, out);
    }

    /// A node is gone. Who watched both its data and its children hears it once.
    pub(super) fn deleted(&mut self, path: &str, out: &mut Outbox<Output>) {
        out.note_with(|| What::ZnodeDeleted { server: self.name.clone(), path: path.to_owned() });
        let mut watchers = self.data_watches.take(path);
        watchers.append(&mut self.child_watches.take(path));
        tell(watchers, EventKind::Deleted, path, out);
        self.fire_child(path::event_parent(path), EventKind::ChildrenChanged, out);
    }

    fn note_written(&self, path: &str, version: i32, out: &mut Outbox<Output>) {
        out.note_with(|| What::ZnodeWritten { server: self.name.clone(), path: path.to_owned(), version });
    }

    fn fire_data(&mut self, path: &str, kind: EventKind, out: &mut Outbox<Output>) {
        tell(self.data_watches.take(path), kind, path, out);
    }

    fn fire_child(&mut self, path: &str, kind: EventKind, out: &mut Outbox<Output>) {
        tell(self.child_watches.take(path), kind, path, out);
    }

    /// Ends a session: its ephemeral nodes go, each in its own right but in one transaction.
    pub(super) fn end_session(&mut self, now: Time, session: i64, out: &mut Outbox<Output>) {
        let txn = self.next_txn(now);
        for path in self.tree.disown(session) {
            if self.tree.remove(txn, &path).is_ok() {
                self.deleted(&path, out);
            }
        }
        self.sessions.remove(session);
    }
}

impl Machine for Ensemble {
    type Input = Input;
    type Output = Output;

    fn handle(&mut self, now: Time, input: Input, out: &mut Outbox<Output>) {
        match input {
            Input::Connect { connection, server, peer, request } => {
                self.connect(now, connection, (server, peer), &request, out);
            }
            Input::Request { connection, xid, request } => self.request(now, connection, xid, request, out),
            Input::ConnectionClosed { connection } => self.forget(connection),
            Input::ServerStarted { server } => self.server_started(now, server, out),
            Input::ServerStopped { server } => self.server_stopped(now, server, out),
        }
    }

    fn wake_at(&self) -> Option<Time> {
        if !self.is_serving() {
            return None;
        }
        self.sessions.next_deadline_ms().map(Time::from_millis)
    }

    fn wake(&mut self, now: Time, out: &mut Outbox<Output>) {
        while self.is_serving()
            && let Some(session) = self.sessions.first_due(now.as_millis())
        {
            self.expire(now, session, out);
        }
    }
}

fn tell(
    watchers: impl IntoIterator<Item = ConnectionId>,
    kind: EventKind,
    path: &str,
    out: &mut Outbox<Output>,
) {
    for connection in watchers {
        out.push(Output::Event { connection, event: WatchEvent { kind, path: path.to_owned() } });
    }
}

/// Milliseconds as the protocol counts them.
pub(super) fn millis(now: Time) -> i64 {
    i64::try_from(now.as_millis()).unwrap_or(i64::MAX)
}
