//! The tree: nodes, their figures, their ephemeral owners. Knows neither sessions nor watches.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;

use super::{Acl, Code, CreateMode, Identity, Stat, acl, perms};
use super::{java, path};

/// The transaction that a change belongs to.
#[derive(Clone, Copy, Debug)]
pub(super) struct Txn {
    pub(super) zxid: i64,
    pub(super) now_ms: i64,
}

/// A new node's access control list.
#[derive(Clone, Copy, Debug)]
pub(super) enum Access<'a> {
    /// `world:anyone` may do everything: the usual case, at no cost.
    Open,
    /// The list that was sent.
    List(&'a [Acl]),
}

/// Index of a node.
type Id = u32;
const ROOT: Id = 0;

#[derive(Clone, Debug)]
struct Node {
    parent: Id,
    data: Option<Bytes>,
    /// Absent for the open list, which nearly every node has.
    acl: Option<Arc<[Acl]>>,
    stat: Stat,
    /// Children ever created: the source of sequence numbers.
    created: i32,
    /// When it was created, among all nodes: decides between names that Java's tables put into one place.
    born: u64,
    children: BTreeMap<Box<str>, Id>,
    /// The most children it had at a time.
    most: usize,
}

/// A session's ephemeral nodes. Once there, it stays until the session ends.
#[derive(Clone, Debug, Default)]
struct Owned {
    /// Path, and when it was created.
    paths: BTreeMap<Box<str>, u64>,
    /// The most there were at a time.
    most: usize,
}

impl Owned {
    /// As the original's set gives them.
    fn in_order(&self) -> Vec<&str> {
        let mut paths: Vec<(&str, u64)> = self.paths.iter().map(|(path, born)| (&**path, *born)).collect();
        java::sort(&mut paths, java::table(OWNED_TABLE, self.most), |(path, _)| path, |(_, born)| *born);
        paths.into_iter().map(|(path, _)| path).collect()
    }
}

/// What the original makes its sets of children and of ephemeral nodes for.
const CHILDREN_TABLE: usize = 8;
const OWNED_TABLE: usize = 16;

impl Node {
    fn new(parent: Id, data: Option<Bytes>) -> Self {
        let (children, most) = (BTreeMap::new(), 0);
        Self { parent, data, acl: None, stat: Stat::default(), created: 0, born: 0, children, most }
    }

    fn stat(&self) -> Stat {
        let num_children = i32::try_from(self.children.len()).unwrap_or(i32::MAX);
        Stat {
            // What the original shows: every child created counts, and every one that is gone again.
            cversion: self.created.wrapping_mul(2).wrapping_sub(num_children),
            data_length: i32::try_from(length(self.data.as_ref())).unwrap_or(i32::MAX),
            num_children,
            ..self.stat
        }
    }

    fn allows(&self, wanted: i32, caller: &[Identity]) -> Result<(), Code> {
        acl::check(self.acl.as_deref(), wanted, caller)
    }
}

/// How to take a change back: kept while a transaction of several parts runs.
#[derive(Debug)]
enum Undo {
    Create { path: String, pzxid: i64, most: usize, owned: Option<usize> },
    Delete { path: String, node: Node, pzxid: i64 },
    Set { id: Id, data: Option<Bytes>, stat: Stat },
}

/// All nodes. The root, `/zookeeper` and `/zookeeper/quota` are there from the start.
#[derive(Debug)]
pub(super) struct Tree {
    nodes: Vec<Option<Node>>,
    free: Vec<Id>,
    ephemerals: BTreeMap<i64, Owned>,
    /// Nodes ever created.
    born: u64,
    /// Bytes of all paths and data, as `mntr` counts them.
    size: usize,
    journal: Option<Vec<Undo>>,
}

impl Tree {
    pub(super) fn new() -> Self {
        let empty = || Some(Bytes::new());
        let mut root = Node::new(ROOT, empty());
        root.children.insert("zookeeper".into(), 1);
        root.most = 1;
        let mut zookeeper = Node::new(ROOT, empty());
        zookeeper.children.insert("quota".into(), 2);
        zookeeper.most = 1;
        let nodes = vec![Some(root), Some(zookeeper), Some(Node::new(1, empty()))];
        let size = "/".len() + "/zookeeper".len() + "/zookeeper/quota".len();
        Self { nodes, free: Vec::new(), ephemerals: BTreeMap::new(), born: 0, size, journal: None }
    }

    fn find(&self, path: &str) -> Option<Id> {
        if path.is_empty() || path == "/" {
            return Some(ROOT);
        }
        let mut id = ROOT;
        for name in path.strip_prefix('/')?.split('/') {
            id = *self.node(id)?.children.get(name)?;
        }
        Some(id)
    }

    fn node(&self, id: Id) -> Option<&Node> {
        self.nodes.get(id as usize)?.as_ref()
    }

    fn node_mut(&mut self, id: Id) -> Result<&mut Node, Code> {
        self.nodes.get_mut(id as usize).and_then(Option::as_mut).ok_or(Code::NoNode)
    }

    fn at(&self, path: &str) -> Result<(Id, &Node), Code> {
        let id = self.find(path).ok_or(Code::NoNode)?;
        Ok((id, self.node(id).ok_or(Code::NoNode)?))
    }

    /// Creates a node and gives its real path.
    pub(super) fn create(
        &mut self,
        txn: Txn,
        asked: &str,
        data: Option<Bytes>,
        access: Access<'_>,
        flags: i32,
        (owner, caller): (i64, &[Identity]),
    ) -> Result<String, Code> {
        let (parent_path, _) =
            path::split(asked).filter(|_| !asked.contains('\0')).ok_or(Code::BadArguments)?;
        let list = match access {
            Access::Open => None,
            Access::List(list) => Some(acl::fix_up(list, caller)?).filter(|list| !Acl::is_open(list)),
        };
        let (parent, above) = self.at(parent_path)?;
        above.allows(perms::CREATE, caller)?;
        let mode = CreateMode::from_flags(flags).ok_or(Code::BadArguments)?;
        let real =
            if mode.is_sequential() { format!("{asked}{:010}", above.created) } else { asked.to_owned() };
        if !path::is_path(&real) {
            return Err(Code::BadArguments);
        }
        let name = &real[parent_path.len() + 1..];
        if name.is_empty() || above.children.contains_key(name) {
            return Err(Code::NodeExists);
        }
        if above.stat.ephemeral_owner != 0 {
            return Err(Code::NoChildrenForEphemerals);
        }
        let (most, owned) = (above.most, self.ephemerals.get(&owner).map(|owned| owned.most));
        let mut node = Node::new(parent, data);
        node.acl = list.map(Arc::from);
        node.born = self.next_born();
        node.stat = Stat {
            czxid: txn.zxid,
            mzxid: txn.zxid,
            pzxid: txn.zxid,
            ctime: txn.now_ms,
            mtime: txn.now_ms,
            ephemeral_owner: if mode.is_ephemeral() { owner } else { 0 },
            ..Stat::default()
        };
        let pzxid = self.link(&real, name, node)?;
        let above = self.node_mut(parent)?;
        above.created = above.created.wrapping_add(1);
        above.stat.pzxid = txn.zxid;
        self.record(|| Undo::Create { path: real.clone(), pzxid, most, owned });
        Ok(real)
    }

    fn next_born(&mut self) -> u64 {
        self.born += 1;
        self.born
    }

    /// Puts a node into its place; gives its parent's pzxid as it is.
    fn link(&mut self, path: &str, name: &str, node: Node) -> Result<i64, Code> {
        let (parent, owner) = (node.parent, node.stat.ephemeral_owner);
        self.size += path.len() + length(node.data.as_ref());
        if owner != 0 {
            let owned = self.ephemerals.entry(owner).or_default();
            owned.paths.insert(path.into(), node.born);
            owned.most = owned.most.max(owned.paths.len());
        }
        let id = match self.free.pop() {
            Some(id) => {
                self.nodes[id as usize] = Some(node);
                id
            }
            None => {
                self.nodes.push(Some(node));
                // Four billion nodes do not fit into memory.
                Id::try_from(self.nodes.len() - 1).unwrap_or(Id::MAX)
            }
        };
        let above = self.node_mut(parent)?;
        above.children.insert(name.into(), id);
        above.most = above.most.max(above.children.len());
        Ok(above.stat.pzxid)
    }

    /// Takes a node out of its place; gives it and its parent's pzxid as it is.
    fn unlink(&mut self, path: &str) -> Result<(Node, i64), Code> {
        let (id, _) = self.at(path)?;
        let node = self.nodes.get_mut(id as usize).and_then(Option::take).ok_or(Code::NoNode)?;
        self.free.push(id);
        self.size -= path.len() + length(node.data.as_ref());
        let owner = node.stat.ephemeral_owner;
        if owner != 0
            && let Some(owned) = self.ephemerals.get_mut(&owner)
        {
            owned.paths.remove(path);
        }
        let above = self.node_mut(node.parent)?;
        above.children.remove(path::split(path).map_or("", |(_, name)| name));
        let pzxid = above.stat.pzxid;
        Ok((node, pzxid))
    }

    /// Deletes a node.
    pub(super) fn delete(
        &mut self,
        txn: Txn,
        path: &str,
        version: i32,
        caller: &[Identity],
    ) -> Result<(), Code> {
        let (parent_path, _) =
            path::split(path).filter(|_| !path.contains('\0')).ok_or(Code::BadArguments)?;
        if path::is_special(path) {
            return Err(Code::BadArguments);
        }
        let (_, above) = self.at(parent_path)?;
        let (_, node) = self.at(path)?;
        above.allows(perms::DELETE, caller)?;
        check_version(version, node.stat.version)?;
        if !node.children.is_empty() {
            return Err(Code::NotEmpty);
        }
        self.remove(txn, path)
    }

    /// Deletes a childless node, whoever asks: what the end of a session does.
    pub(super) fn remove(&mut self, txn: Txn, path: &str) -> Result<(), Code> {
        let (node, pzxid) = self.unlink(path)?;
        self.node_mut(node.parent)?.stat.pzxid = txn.zxid;
        self.record(|| Undo::Delete { path: path.to_owned(), node, pzxid });
        Ok(())
    }

    /// Replaces data.
    pub(super) fn set(
        &mut self,
        txn: Txn,
        path: &str,
        data: Option<Bytes>,
        version: i32,
        caller: &[Identity],
    ) -> Result<Stat, Code> {
        let (id, node) = self.at(path)?;
        node.allows(perms::WRITE, caller)?;
        check_version(version, node.stat.version)?;
        let (before, after) = (length(node.data.as_ref()), length(data.as_ref()));
        self.size = self.size - before + after;
        let node = self.node_mut(id)?;
        let (old_data, old_stat) = (std::mem::replace(&mut node.data, data), node.stat);
        node.stat.mzxid = txn.zxid;
        node.stat.mtime = txn.now_ms;
        node.stat.version = node.stat.version.wrapping_add(1);
        let stat = node.stat();
        self.record(|| Undo::Set { id, data: old_data, stat: old_stat });
        Ok(stat)
    }

    /// Replaces an access control list.
    pub(super) fn set_acl(
        &mut self,
        path: &str,
        list: &[Acl],
        version: i32,
        caller: &[Identity],
    ) -> Result<Stat, Code> {
        let list = acl::fix_up(list, caller)?;
        let (id, node) = self.at(path)?;
        node.allows(perms::ADMIN, caller)?;
        check_version(version, node.stat.aversion)?;
        let node = self.node_mut(id)?;
        node.acl = if Acl::is_open(&list) { None } else { Some(list.into()) };
        node.stat.aversion = node.stat.aversion.wrapping_add(1);
        Ok(node.stat())
    }

    /// Checks a version.
    pub(super) fn check(&self, path: &str, version: i32, caller: &[Identity]) -> Result<(), Code> {
        let (_, node) = self.at(path)?;
        node.allows(perms::READ, caller)?;
        check_version(version, node.stat.version)
    }

    pub(super) fn stat(&self, path: &str) -> Result<Stat, Code> {
        self.at(path).map(|(_, node)| node.stat())
    }

    pub(super) fn get(&self, path: &str, caller: &[Identity]) -> Result<(Option<Bytes>, Stat), Code> {
        let (_, node) = self.at(path)?;
        node.allows(perms::READ, caller)?;
        Ok((node.data.clone(), node.stat()))
    }

    /// A node's list, for those who may read the node or change the list; only the latter see digests.
    pub(super) fn acl(&self, path: &str, caller: &[Identity]) -> Result<(Vec<Acl>, Stat), Code> {
        let (_, node) = self.at(path)?;
        node.allows(perms::READ | perms::ADMIN, caller)?;
        let mut list = node.acl.as_deref().map_or_else(Acl::open, <[Acl]>::to_vec);
        if node.allows(perms::ADMIN, caller).is_err() {
            acl::hide_digests(&mut list);
        }
        Ok((list, node.stat()))
    }

    /// Names in order.
    pub(super) fn children(
        &self,
        path: &str,
        caller: &[Identity],
    ) -> Result<(impl ExactSizeIterator<Item = &str>, Stat), Code> {
        let (_, node) = self.at(path)?;
        node.allows(perms::READ, caller)?;
        Ok((node.children.keys().map(AsRef::as_ref), node.stat()))
    }

    /// Names in the order in which the original lists them.
    pub(super) fn list(&self, path: &str, caller: &[Identity]) -> Result<(Vec<String>, Stat), Code> {
        let (_, node) = self.at(path)?;
        node.allows(perms::READ, caller)?;
        let born = |id: &Id| self.node(*id).map_or(0, |child| child.born);
        let mut names: Vec<(&str, u64)> =
            node.children.iter().map(|(name, id)| (&**name, born(id))).collect();
        java::sort(&mut names, java::table(CHILDREN_TABLE, node.most), |(name, _)| name, |(_, born)| *born);
        Ok((names.into_iter().map(|(name, _)| name.to_owned()).collect(), node.stat()))
    }

    /// Ends a session's ownership: its ephemeral nodes, in the order in which they go.
    pub(super) fn disown(&mut self, session: i64) -> Vec<String> {
        let owned = self.ephemerals.remove(&session).unwrap_or_default();
        owned.in_order().into_iter().map(str::to_owned).collect()
    }

    /// Sessions that have or had ephemeral nodes, with those that are there.
    pub(super) fn ephemerals(&self) -> impl Iterator<Item = (i64, Vec<&str>)> {
        self.ephemerals.iter().map(|(session, owned)| (*session, owned.in_order()))
    }

    /// How many ephemeral nodes there are.
    pub(super) fn ephemeral_count(&self) -> usize {
        self.ephemerals.values().map(|owned| owned.paths.len()).sum()
    }

    /// Nodes as the original counts them: the root counts twice there.
    pub(super) fn node_count(&self) -> usize {
        self.nodes.len() - self.free.len() + 1
    }

    /// Bytes of all paths and data.
    pub(super) const fn data_size(&self) -> usize {
        self.size
    }

    /// Every path with data and figures, in depth-first order, the root first.
    pub(super) fn walk(&self, mut visit: impl FnMut(&str, Option<&Bytes>, Stat)) {
        let mut open = vec![("/".to_owned(), ROOT)];
        while let Some((path, id)) = open.pop() {
            let Some(node) = self.node(id) else { continue };
            visit(&path, node.data.as_ref(), node.stat());
            let prefix = if path == "/" { "" } else { path.as_str() };
            open.extend(node.children.iter().rev().map(|(name, id)| (format!("{prefix}/{name}"), *id)));
        }
    }

    /// From here on changes can be taken back with [`roll_back`](Self::roll_back).
    pub(super) fn begin(&mut self) {
        self.journal = Some(Vec::new());
    }

    /// Keeps what was done since [`begin`](Self::begin).
    pub(super) fn commit(&mut self) {
        self.journal = None;
    }

    /// Takes back what was done since [`begin`](Self::begin).
    pub(super) fn roll_back(&mut self) {
        for undo in self.journal.take().unwrap_or_default().into_iter().rev() {
            // Each step finds what the change behind it left: there is nothing to fail.
            let _ = self.undo(undo);
        }
    }

    fn record(&mut self, undo: impl FnOnce() -> Undo) {
        if let Some(journal) = &mut self.journal {
            journal.push(undo());
        }
    }

    fn undo(&mut self, undo: Undo) -> Result<(), Code> {
        match undo {
            Undo::Create { path, pzxid, most, owned } => {
                let (node, _) = self.unlink(&path)?;
                let owner = node.stat.ephemeral_owner;
                match (owned, self.ephemerals.get_mut(&owner)) {
                    (Some(most), Some(of_session)) => of_session.most = most,
                    _ => drop(self.ephemerals.remove(&owner)),
                }
                let above = self.node_mut(node.parent)?;
                above.most = most;
                above.created = above.created.wrapping_sub(1);
                above.stat.pzxid = pzxid;
            }
            Undo::Delete { path, node, pzxid } => {
                let parent = node.parent;
                self.link(&path, path::split(&path).map_or("", |(_, name)| name), node)?;
                self.node_mut(parent)?.stat.pzxid = pzxid;
            }
            Undo::Set { id, data, stat } => {
                let node = self.node_mut(id)?;
                node.stat = stat;
                let replaced = std::mem::replace(&mut node.data, data);
                let restored = length(node.data.as_ref());
                self.size = self.size + restored - length(replaced.as_ref());
            }
        }
        Ok(())
    }
}

fn length(data: Option<&Bytes>) -> usize {
    data.map_or(0, Bytes::len)
}

fn check_version(wanted: i32, found: i32) -> Result<(), Code> {
    if wanted == -1 || wanted == found { Ok(()) } else { Err(Code::BadVersion) }
}
