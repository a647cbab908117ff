//! ZooKeeper as a broker and a consumer use it: a few operations, and calls made of several of them.
//!
//! Whoever asks says with each call what it is for; that comes back with the answer, once the whole call is done.
//! Operations that a lost connection swallowed are repeated after it is back, as the original's client does it.

use std::collections::BTreeMap;

use bytes::Bytes;
use stacklab_machine::process::CallId;

/// One operation. Paths are absolute on the server, chroot included.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs)] // Fields are explained by the sentence above each variant.
pub enum ZkOp {
    /// Is there a node? With `watch`, tell when that changes.
    Exists { path: String, watch: bool },
    /// Its data; with `watch`, tell when they change.
    Get { path: String, watch: bool },
    /// Its children; with `watch`, tell when they change.
    Children { path: String, watch: bool },
    /// Create it, open to everyone.
    Create { path: String, data: Option<Bytes>, ephemeral: bool },
    /// Overwrite its data; version −1 means any.
    Set { path: String, data: Bytes, version: i32 },
    /// Delete it, whatever its version.
    Delete { path: String },
}

/// What an operation, or a whole call, came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ZkReply {
    /// Done, or: it exists.
    Done,
    /// Data and their version.
    Data(Option<Bytes>, i32),
    /// The new version.
    Version(i32),
    /// Names of the children.
    Children(Vec<String>),
    /// Children with data and version; those that went meanwhile are left out. Answers [`ZkCalls::list`].
    Nodes(Vec<(String, Option<Bytes>, i32)>),
}

/// Why an operation was not done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ZkFault {
    /// No such node, or no such parent.
    #[error("no node")]
    NoNode,
    /// The node exists.
    #[error("node exists")]
    NodeExists,
    /// The version is another one.
    #[error("bad version")]
    BadVersion,
    /// The connection went before the answer came.
    #[error("connection loss")]
    ConnectionLoss,
    /// The session is no more.
    #[error("session expired")]
    Expired,
    /// Anything else, by ZooKeeper's code.
    #[error("ZooKeeper answered {0}")]
    Other(i32),
}

/// What a session tells by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ZkEvent {
    /// A new session is there.
    Connected,
    /// The connection is gone; the session may be saved.
    Disconnected,
    /// The session's connection is back, watches included.
    Reconnected,
    /// The session is no more; a new one must be asked for.
    Expired,
    /// Something happened to the node, or to its children, that a watch was set for. Path as on the server.
    Fired(String),
    /// Events may have been missed: whatever is watched should be looked at again.
    Missed,
}

/// A finished call: what it was for, and what it came to.
pub type Finished<K> = (K, Answer);

/// What a call came to.
pub type Answer = Result<ZkReply, ZkFault>;

#[derive(Debug)]
enum Kind<K> {
    /// The answer goes back as it is.
    Plain(K),
    /// Create with parents. `missing` are the nodes still to create, the next one last.
    Deep { missing: Vec<String>, data: Option<Bytes>, ephemeral: bool, then: K },
    /// Overwrite, or else create with parents.
    Upsert { data: Bytes, then: K },
    /// Children first, then their data.
    List { watch_data: bool, then: K },
    /// The data of one child of a listing.
    Item { listing: CallId, name: String },
}

#[derive(Debug)]
struct Listing<K> {
    open: usize,
    nodes: Vec<(String, Option<Bytes>, i32)>,
    then: K,
}

/// The calls under way.
#[derive(Debug)]
pub struct ZkCalls<K> {
    chroot: String,
    last: u64,
    pending: BTreeMap<CallId, (ZkOp, Kind<K>)>,
    listings: BTreeMap<CallId, Listing<K>>,
    /// Waiting to be taken to ZooKeeper.
    ready: Vec<(CallId, ZkOp)>,
    /// Swallowed by a lost connection.
    swallowed: Vec<CallId>,
    connected: bool,
}

impl<K> ZkCalls<K> {
    /// Calls below this chroot (empty for none).
    pub fn new(chroot: &str) -> Self {
        Self {
            chroot: chroot.to_owned(),
            last: 0,
            pending: BTreeMap::new(),
            listings: BTreeMap::new(),
            ready: Vec::new(),
            swallowed: Vec::new(),
            connected: false,
        }
    }

    /// Whether the session has a connection.
    pub fn is_connected(&self) -> bool {
        self.connected
    }

    /// Whether nothing is under way.
    pub fn is_idle(&self) -> bool {
        self.pending.is_empty()
    }

    /// A path as the server sees it.
    pub fn absolute(&self, path: &str) -> String {
        format!("{}{path}", self.chroot)
    }

    /// A server's path as seen from below the chroot; `None` if it lies outside.
    pub fn relative<'a>(&self, path: &'a str) -> Option<&'a str> {
        path.strip_prefix(self.chroot.as_str())
    }

    /// Is there a node?
    pub fn exists(&mut self, path: &str, watch: bool, then: K) {
        self.ask(ZkOp::Exists { path: self.absolute(path), watch }, Kind::Plain(then));
    }

    /// Reads a node.
    pub fn get(&mut self, path: &str, watch: bool, then: K) {
        self.ask(ZkOp::Get { path: self.absolute(path), watch }, Kind::Plain(then));
    }

    /// Names the children of a node.
    pub fn children(&mut self, path: &str, watch: bool, then: K) {
        self.ask(ZkOp::Children { path: self.absolute(path), watch }, Kind::Plain(then));
    }

    /// Creates a node whose parent is there.
    pub fn create(&mut self, path: &str, data: Option<Bytes>, ephemeral: bool, then: K) {
        self.ask(ZkOp::Create { path: self.absolute(path), data, ephemeral }, Kind::Plain(then));
    }

    /// Creates a node, leaf first; if the parent is missing walks up, then down again.
    pub fn create_deep(&mut self, path: &str, data: Option<Bytes>, ephemeral: bool, then: K) {
        let path = self.absolute(path);
        self.deep(path, data, ephemeral, then);
    }

    fn deep(&mut self, path: String, data: Option<Bytes>, ephemeral: bool, then: K) {
        let op = ZkOp::Create { path: path.clone(), data: data.clone(), ephemeral };
        self.ask(op, Kind::Deep { missing: vec![path], data, ephemeral, then });
    }

    /// Overwrites a node of this version (−1: any).
    pub fn set(&mut self, path: &str, data: Bytes, version: i32, then: K) {
        self.ask(ZkOp::Set { path: self.absolute(path), data, version }, Kind::Plain(then));
    }

    /// Overwrites a node, or creates it with its parents.
    pub fn upsert(&mut self, path: &str, data: Bytes, then: K) {
        let op = ZkOp::Set { path: self.absolute(path), data: data.clone(), version: -1 };
        self.ask(op, Kind::Upsert { data, then });
    }

    /// Deletes a node.
    pub fn delete(&mut self, path: &str, then: K) {
        self.ask(ZkOp::Delete { path: self.absolute(path) }, Kind::Plain(then));
    }

    /// Reads all children of a node with their data, watching the children and, if wanted, each one's data.
    pub fn list(&mut self, path: &str, watch: bool, watch_data: bool, then: K) {
        self.ask(ZkOp::Children { path: self.absolute(path), watch }, Kind::List { watch_data, then });
    }

    fn ask(&mut self, op: ZkOp, kind: Kind<K>) -> CallId {
        self.last += 1;
        let call = CallId(self.last);
        if self.connected {
            self.ready.push((call, op.clone()));
        } else {
            self.swallowed.push(call);
        }
        self.pending.insert(call, (op, kind));
        call
    }

    /// Takes the operations that are to be done now, in order.
    pub fn take_ready(&mut self) -> std::vec::Drain<'_, (CallId, ZkOp)> {
        self.ready.drain(..)
    }

    /// The connection is there (again): what was swallowed is asked again.
    pub fn connect(&mut self) {
        self.connected = true;
        for call in std::mem::take(&mut self.swallowed) {
            if let Some((op, _)) = self.pending.get(&call) {
                self.ready.push((call, op.clone()));
            }
        }
    }

    /// The connection is gone.
    pub fn disconnect(&mut self) {
        self.connected = false;
    }

    /// The session is gone, and every call with it.
    pub fn clear(&mut self) {
        self.connected = false;
        self.pending.clear();
        self.listings.clear();
        self.ready.clear();
        self.swallowed.clear();
    }

    /// Takes an operation's answer; gives the call back if that finishes it.
    pub fn answer(&mut self, call: CallId, result: Answer) -> Option<Finished<K>> {
        match result {
            // After `clear` nothing is pending and answers of the old session find nobody.
            Err(ZkFault::Expired) => return None,
            Err(ZkFault::ConnectionLoss) => {
                let (op, _) = self.pending.get(&call)?;
                if self.connected {
                    // The loss was noticed and mended before its answers came.
                    self.ready.push((call, op.clone()));
                } else {
                    self.swallowed.push(call);
                }
                return None;
            }
            _ => {}
        }
        let (op, kind) = self.pending.remove(&call)?;
        match kind {
            Kind::Plain(then) => Some((then, result)),
            Kind::Deep { missing, data, ephemeral, then } => {
                self.continue_deep(missing, data, ephemeral, then, result)
            }
            Kind::Upsert { data, then } => match (result, op) {
                (Err(ZkFault::NoNode), ZkOp::Set { path, .. }) => {
                    self.deep(path, Some(data), false, then);
                    None
                }
                (result, _) => Some((then, result)),
            },
            Kind::List { watch_data, then } => self.begin_items(op, watch_data, then, result),
            Kind::Item { listing, name } => self.add_item(listing, name, result),
        }
    }

    fn continue_deep(
        &mut self,
        mut missing: Vec<String>,
        data: Option<Bytes>,
        ephemeral: bool,
        then: K,
        result: Answer,
    ) -> Option<Finished<K>> {
        let is_target = missing.len() == 1;
        match result {
            Err(ZkFault::NoNode) => {
                let parent = missing.last().and_then(|path| path.rsplit_once('/')).map(|(parent, _)| parent);
                match parent {
                    Some(parent) if !parent.is_empty() => missing.push(parent.to_owned()),
                    _ => return Some((then, Err(ZkFault::NoNode))),
                }
            }
            Ok(_) | Err(ZkFault::NodeExists) if !is_target => {
                missing.pop();
            }
            result => return Some((then, result)),
        }
        let path = missing.last().cloned().unwrap_or_default();
        let (data_now, ephemeral_now) =
            if missing.len() == 1 { (data.clone(), ephemeral) } else { (None, false) };
        let op = ZkOp::Create { path, data: data_now, ephemeral: ephemeral_now };
        self.ask(op, Kind::Deep { missing, data, ephemeral, then });
        None
    }

    fn begin_items(&mut self, op: ZkOp, watch_data: bool, then: K, result: Answer) -> Option<Finished<K>> {
        let (names, parent) = match (result, op) {
            (Ok(ZkReply::Children(names)), ZkOp::Children { path, .. }) => (names, path),
            (result, _) => return Some((then, result)),
        };
        if names.is_empty() {
            return Some((then, Ok(ZkReply::Nodes(Vec::new()))));
        }
        self.last += 1;
        let listing = CallId(self.last);
        self.listings.insert(listing, Listing { open: names.len(), nodes: Vec::new(), then });
        for name in names {
            let op = ZkOp::Get { path: format!("{parent}/{name}"), watch: watch_data };
            self.ask(op, Kind::Item { listing, name });
        }
        None
    }

    fn add_item(&mut self, listing: CallId, name: String, result: Answer) -> Option<Finished<K>> {
        let entry = self.listings.get_mut(&listing)?;
        entry.open -= 1;
        if let Ok(ZkReply::Data(data, version)) = result {
            entry.nodes.push((name, data, version));
        }
        if entry.open > 0 {
            return None;
        }
        let Listing { nodes, then, .. } = self.listings.remove(&listing)?;
        Some((then, Ok(ZkReply::Nodes(nodes))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Answers every operation from a table of nodes, and gives what was asked, in order.
    fn run(calls: &mut ZkCalls<u8>, nodes: &mut BTreeMap<String, Bytes>) -> (Vec<String>, Vec<Finished<u8>>) {
        let (mut asked, mut finished) = (Vec::new(), Vec::new());
        loop {
            let ready: Vec<_> = calls.take_ready().collect();
            if ready.is_empty() {
                return (asked, finished);
            }
            for (call, op) in ready {
                let (text, result) = answer(op, nodes);
                asked.push(text);
                finished.extend(calls.answer(call, result));
            }
        }
    }

    fn answer(op: ZkOp, nodes: &mut BTreeMap<String, Bytes>) -> (String, Answer) {
        let known = |path: &str| nodes.contains_key(path);
        match op {
            ZkOp::Create { path, data, .. } => {
                let parent = path.rsplit_once('/').map(|(parent, _)| parent.to_owned()).unwrap_or_default();
                let result = if known(&path) {
                    Err(ZkFault::NodeExists)
                } else if parent.is_empty() || known(&parent) {
                    nodes.insert(path.clone(), data.unwrap_or_default());
                    Ok(ZkReply::Done)
                } else {
                    Err(ZkFault::NoNode)
                };
                (format!("create {path}"), result)
            }
            ZkOp::Set { path, data, .. } => {
                let result = match nodes.get_mut(&path) {
                    Some(node) => {
                        *node = data;
                        Ok(ZkReply::Version(1))
                    }
                    None => Err(ZkFault::NoNode),
                };
                (format!("set {path}"), result)
            }
            ZkOp::Get { path, .. } => {
                let result =
                    nodes.get(&path).map(|data| ZkReply::Data(Some(data.clone()), 0)).ok_or(ZkFault::NoNode);
                (format!("get {path}"), result)
            }
            ZkOp::Children { path, .. } => {
                (format!("children {path}"), Ok(ZkReply::Children(vec!["a".into(), "b".into()])))
            }
            ZkOp::Exists { path, .. } | ZkOp::Delete { path } => {
                let result = if known(&path) { Ok(ZkReply::Done) } else { Err(ZkFault::NoNode) };
                (format!("exists or delete {path}"), result)
            }
        }
    }

    #[test]
    fn creates_leaf_first_and_walks_up() {
        let (mut calls, mut nodes) = (ZkCalls::new("/k"), BTreeMap::new());
        calls.connect();
        calls.upsert("/a/b", Bytes::from_static(b"1"), 7);
        let (asked, finished) = run(&mut calls, &mut nodes);
        assert_eq!(
            asked,
            ["set /k/a/b", "create /k/a/b", "create /k/a", "create /k", "create /k/a", "create /k/a/b"]
        );
        assert_eq!(finished, [(7, Ok(ZkReply::Done))]);
        calls.create_deep("/a/b", None, false, 8);
        assert_eq!(run(&mut calls, &mut nodes).1, [(8, Err(ZkFault::NodeExists))]);
    }

    #[test]
    fn lists_what_is_still_there() {
        let mut nodes = BTreeMap::from([("/x/b".to_owned(), Bytes::from_static(b"2"))]);
        let mut calls = ZkCalls::new("");
        calls.connect();
        calls.list("/x", true, true, 1);
        let (_, finished) = run(&mut calls, &mut nodes);
        let found = vec![("b".to_owned(), Some(Bytes::from_static(b"2")), 0)];
        assert_eq!(finished, [(1, Ok(ZkReply::Nodes(found)))]);
        assert!(calls.is_idle());
    }

    #[test]
    fn repeats_what_a_lost_connection_swallowed() {
        let mut calls = ZkCalls::new("");
        calls.exists("/x", false, 1);
        assert_eq!(calls.take_ready().count(), 0, "there is no connection yet");
        calls.connect();
        let (call, op) = calls.take_ready().next().unwrap();
        calls.disconnect();
        assert_eq!(calls.answer(call, Err(ZkFault::ConnectionLoss)), None);
        calls.connect();
        assert_eq!(calls.take_ready().collect::<Vec<_>>(), [(call, op)]);
        calls.clear();
        assert_eq!(calls.answer(call, Ok(ZkReply::Done)), None);
    }
}
