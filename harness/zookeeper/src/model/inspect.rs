//! Looking at an ensemble from outside: four-letter words, snapshots.

use std::collections::BTreeMap;

use bytes::Bytes;
use stacklab_machine::Time;

use super::{ConnectionId, Ensemble, Stat};

/// Numbers about an ensemble, as `srvr` and `mntr` print them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Figures {
    /// The last transaction.
    pub zxid: i64,
    /// Nodes; the root counts twice, as in the original.
    pub nodes: usize,
    /// Ephemeral nodes.
    pub ephemerals: usize,
    /// Bytes of paths and data.
    pub data_size: usize,
}

/// A node as a snapshot shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeView {
    /// Its path.
    pub path: String,
    /// Its data; `None` for null.
    pub data: Option<Bytes>,
    /// Its figures.
    pub stat: Stat,
}

/// Watches of one server's connections.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WatchFigures {
    /// How many watches, data and child together.
    pub total: usize,
    /// Data watches by path: the sessions that watch it. Child watches are not listed, as in the original.
    pub by_path: BTreeMap<String, Vec<i64>>,
    /// Data watches by session: the paths it watches.
    pub by_session: BTreeMap<i64, Vec<String>>,
}

impl Ensemble {
    /// Numbers for `srvr` and `mntr`.
    pub fn figures(&self) -> Figures {
        Figures {
            zxid: self.zxid,
            nodes: self.tree.node_count(),
            ephemerals: self.tree.ephemeral_count(),
            data_size: self.tree.data_size(),
        }
    }

    /// Every node, parents before children, in order.
    pub fn snapshot(&self) -> Vec<NodeView> {
        let mut nodes = Vec::new();
        self.tree.walk(|path, data, stat| {
            nodes.push(NodeView { path: path.to_owned(), data: data.cloned(), stat });
        });
        nodes
    }

    /// The watches of a server's connections.
    pub fn watches(&self, server: u32) -> WatchFigures {
        let mut figures = WatchFigures::default();
        for (connection, paths) in self.child_watches.by_watcher() {
            if self.session_at(*connection, server).is_some() {
                figures.total += paths.len();
            }
        }
        for (connection, paths) in self.data_watches.by_watcher() {
            let Some(session) = self.session_at(*connection, server) else { continue };
            figures.total += paths.len();
            for path in paths {
                figures.by_path.entry(path.to_string()).or_default().push(session);
            }
            figures.by_session.insert(session, paths.iter().map(|path| path.to_string()).collect());
        }
        figures
    }

    fn session_at(&self, connection: ConnectionId, server: u32) -> Option<i64> {
        self.connections.get(&connection).filter(|one| one.server == server).map(|one| one.session)
    }

    /// By tick (ms since the epoch): the sessions that expire then if nothing is heard of them; none for a tick that
    /// all its sessions have left again.
    pub fn expiries(&self, now: Time) -> BTreeMap<u64, Vec<i64>> {
        self.sessions.due(now.as_millis())
    }

    /// Sessions that have or had ephemeral nodes, with those that are there.
    pub fn ephemerals(&self) -> impl Iterator<Item = (i64, Vec<String>)> {
        self.tree
            .ephemerals()
            .map(|(session, paths)| (session, paths.into_iter().map(str::to_owned).collect()))
    }
}
