//! The client as its users see it.

use std::time::Duration;

use bytes::Bytes;
use tokio::sync::{broadcast, mpsc, oneshot};

use super::actor::{Actor, Command, Failure};
use super::connect_string::ConnectString;
use super::event::CAPACITY;
use super::{Error, Events};
use crate::model::{Acl, Code, CreateMode, MultiOp, MultiResult, Request, Response, Stat, is_path};

/// How many requests may wait to be sent; more callers wait.
const QUEUE: usize = 256;
/// Data of more bytes than this, with the path, does not fit into a server's frame.
const MAX_DATA: usize = 1_048_500;

/// How a client connects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    /// Wanted session timeout; the server clamps it (4 to 40 s with its usual tick).
    pub session_timeout: Duration,
    /// How long [`Client::connect_with`] tries.
    pub connect_timeout: Duration,
}

impl Default for Options {
    /// 30 s each, as the frameworks' ZkClient.
    fn default() -> Self {
        Self { session_timeout: Duration::from_secs(30), connect_timeout: Duration::from_secs(30) }
    }
}

/// A session with a ZooKeeper ensemble. Clones share it.
///
/// Every operation may be cancelled (its future dropped): it may or may not have been done then, and the client
/// stays usable. Paths are relative to the chroot of the connect string.
#[derive(Clone, Debug)]
pub struct Client {
    connect: ConnectString,
    commands: mpsc::Sender<Command>,
    events: broadcast::WeakSender<super::Event>,
    session_id: i64,
    session_timeout: Duration,
}

impl Client {
    /// Opens a session: `connect` is `host:port[,host:port…][/chroot]`. `timeout` is both the wanted session
    /// timeout and how long it is tried.
    ///
    /// # Errors
    /// [`Error::BadConnectString`], [`Error::Unreachable`].
    pub async fn connect(connect: &str, timeout: Duration) -> Result<Self, Error> {
        Self::connect_with(connect, Options { session_timeout: timeout, connect_timeout: timeout }).await
    }

    /// As [`connect`](Self::connect), with both times of their own.
    ///
    /// # Errors
    /// As [`connect`](Self::connect).
    pub async fn connect_with(connect: &str, options: Options) -> Result<Self, Error> {
        let connect = ConnectString::parse(connect)?;
        let (commands, receiver) = mpsc::channel(QUEUE);
        let (events, _) = broadcast::channel(CAPACITY);
        let weak = events.downgrade();
        let Options { session_timeout, connect_timeout } = options;
        let (actor, link) =
            Actor::connect(connect.clone(), session_timeout, connect_timeout, receiver, events).await?;
        let (session_id, session_timeout) = actor.session();
        tokio::spawn(actor.run(link));
        Ok(Self { connect, commands, events: weak, session_id, session_timeout })
    }

    /// The session's id.
    pub const fn session_id(&self) -> i64 {
        self.session_id
    }

    /// The timeout that was negotiated.
    pub const fn session_timeout(&self) -> Duration {
        self.session_timeout
    }

    /// Where it is connected.
    pub const fn connect_string(&self) -> &ConnectString {
        &self.connect
    }

    /// The events from now on: call this before setting the first watch. Each receiver gets all of them.
    pub fn events(&self) -> Events {
        match self.events.upgrade() {
            Some(sender) => Events::new(sender.subscribe()),
            // The client's task has ended: a receiver without a sender says so.
            None => Events::new(broadcast::channel(1).1),
        }
    }

    /// Creates a node that everybody may read and write, and gives its real path.
    ///
    /// # Errors
    /// [`Error::NodeExists`]; [`Error::NoNode`] if the parent is missing; [`Error::NoChildrenForEphemerals`];
    /// those of the connection.
    pub async fn create(&self, path: &str, data: Option<&[u8]>, mode: CreateMode) -> Result<String, Error> {
        self.create_with_acl(path, data, mode, Acl::open()).await
    }

    /// As [`create`](Self::create), with an access control list.
    ///
    /// # Errors
    /// As [`create`](Self::create), and [`Error::InvalidAcl`].
    pub async fn create_with_acl(
        &self,
        path: &str,
        data: Option<&[u8]>,
        mode: CreateMode,
        acl: Vec<Acl>,
    ) -> Result<String, Error> {
        // The number of a sequential node may be all there is of its name.
        let checked = if mode.is_sequential() { format!("{path}1") } else { path.to_owned() };
        if !is_path(&checked) {
            return Err(Error::BadArguments(path.to_owned()));
        }
        let data = data.map(|data| check_size(data, path)).transpose()?;
        let server = self.connect.to_server(path);
        let request = Request::Create { path: server, data, acl: Some(acl), flags: mode.flags() };
        match self.call(request, path).await? {
            Response::Path(real) => Ok(self.connect.to_client(real)),
            _ => Err(Error::Protocol(path.to_owned())),
        }
    }

    /// Creates a node and whichever of its parents are missing, those with null data: the leaf first, walking up
    /// while the parent is missing.
    ///
    /// # Errors
    /// As [`create`](Self::create).
    pub async fn create_with_parents(
        &self,
        path: &str,
        data: Option<&[u8]>,
        mode: CreateMode,
    ) -> Result<String, Error> {
        let mut missing = Vec::new();
        let mut at = path;
        loop {
            let created = if missing.is_empty() {
                self.create(path, data, mode).await
            } else {
                self.create(at, None, CreateMode::Persistent).await
            };
            match created {
                Ok(real) if missing.is_empty() => return Ok(real),
                Err(Error::NoNode(_)) => {
                    let parent = at.rsplit_once('/').map_or("", |(parent, _)| parent);
                    if parent.is_empty() {
                        return Err(Error::NoNode(at.to_owned()));
                    }
                    missing.push(at);
                    at = parent;
                }
                // Somebody else may have created a parent meanwhile, which is as good.
                Ok(_) => at = missing.pop().unwrap_or(path),
                Err(Error::NodeExists(_)) if !missing.is_empty() => at = missing.pop().unwrap_or(path),
                Err(error) => return Err(error),
            }
        }
    }

    /// Deletes a node without children; version −1 means any.
    ///
    /// # Errors
    /// [`Error::NoNode`], [`Error::BadVersion`], [`Error::NotEmpty`]; those of the connection.
    pub async fn delete(&self, path: &str, version: i32) -> Result<(), Error> {
        let server = self.server_path(path)?;
        self.call(Request::Delete { path: server, version }, path).await.map(|_| ())
    }

    /// Deletes a node and everything below it; what is gone meanwhile does not matter.
    ///
    /// # Errors
    /// [`Error::NoNode`] if there was no node; [`Error::NotEmpty`] if others add faster than this deletes; those
    /// of the connection.
    pub async fn delete_recursive(&self, path: &str) -> Result<(), Error> {
        let mut order = vec![path.to_owned()];
        let mut next = 0;
        while let Some(parent) = order.get(next).cloned() {
            match self.children(&parent, false).await {
                Ok(names) => {
                    let prefix = if parent == "/" { "" } else { &parent };
                    order.extend(names.iter().map(|name| format!("{prefix}/{name}")));
                }
                Err(Error::NoNode(_)) if next > 0 => {}
                Err(error) => return Err(error),
            }
            next += 1;
        }
        for path in order.iter().rev() {
            match self.delete(path, -1).await {
                Ok(()) | Err(Error::NoNode(_)) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// The figures of a node; `None` if there is none. A watch hears of its creation, change or deletion.
    ///
    /// # Errors
    /// Those of the connection.
    pub async fn exists(&self, path: &str, watch: bool) -> Result<Option<Stat>, Error> {
        let server = self.server_path(path)?;
        match self.call(Request::Exists { path: server, watch }, path).await {
            Ok(Response::Stat(stat)) => Ok(Some(stat)),
            Err(Error::NoNode(_)) => Ok(None),
            Ok(_) => Err(Error::Protocol(path.to_owned())),
            Err(error) => Err(error),
        }
    }

    /// The data and figures of a node; data may be null. A watch hears of its change or deletion, and is not set
    /// if there is no node.
    ///
    /// # Errors
    /// [`Error::NoNode`], [`Error::NoAuth`]; those of the connection.
    pub async fn get(&self, path: &str, watch: bool) -> Result<(Option<Bytes>, Stat), Error> {
        let server = self.server_path(path)?;
        match self.call(Request::GetData { path: server, watch }, path).await? {
            Response::Data(data, stat) => Ok((data, stat)),
            _ => Err(Error::Protocol(path.to_owned())),
        }
    }

    /// Replaces a node's data; version −1 means any.
    ///
    /// # Errors
    /// [`Error::NoNode`], [`Error::BadVersion`]; those of the connection.
    pub async fn set(&self, path: &str, data: Option<&[u8]>, version: i32) -> Result<Stat, Error> {
        let server = self.server_path(path)?;
        let data = data.map(|data| check_size(data, path)).transpose()?;
        match self.call(Request::SetData { path: server, data, version }, path).await? {
            Response::Stat(stat) => Ok(stat),
            _ => Err(Error::Protocol(path.to_owned())),
        }
    }

    /// The names of a node's children, sorted. A watch hears when one comes or goes, and of the node's deletion,
    /// and is not set if there is no node.
    ///
    /// # Errors
    /// [`Error::NoNode`], [`Error::NoAuth`]; those of the connection.
    pub async fn children(&self, path: &str, watch: bool) -> Result<Vec<String>, Error> {
        let server = self.server_path(path)?;
        match self.call(Request::GetChildren { path: server, watch }, path).await? {
            Response::Children(mut names) => {
                names.sort_unstable();
                Ok(names)
            }
            _ => Err(Error::Protocol(path.to_owned())),
        }
    }

    /// Does all or nothing, and gives the results of all parts.
    ///
    /// # Errors
    /// That of the part that failed, with its path; those of the connection.
    pub async fn multi(&self, parts: Vec<MultiOp>) -> Result<Vec<MultiResult>, Error> {
        let paths: Vec<String> = parts.iter().map(|part| part.path().to_owned()).collect();
        let parts = parts.into_iter().map(|part| self.server_part(part)).collect::<Result<_, _>>()?;
        let Response::Multi(mut results) = self.call(Request::Multi(parts), "a transaction").await? else {
            return Err(Error::Protocol("a transaction".to_owned()));
        };
        for (result, path) in results.iter_mut().zip(&paths) {
            match result {
                MultiResult::Failed(Code::Other(0) | Code::RuntimeInconsistency) => {}
                MultiResult::Failed(code) => return Err(Error::from_code(*code, path)),
                MultiResult::Created(real) => *real = self.connect.to_client(std::mem::take(real)),
                MultiResult::Deleted | MultiResult::Set(_) | MultiResult::Checked => {}
            }
        }
        Ok(results)
    }

    /// Waits until the server it is connected to knows what the leader knows.
    ///
    /// # Errors
    /// Those of the connection.
    pub async fn sync(&self, path: &str) -> Result<(), Error> {
        let server = self.server_path(path)?;
        self.call(Request::Sync { path: server }, path).await.map(|_| ())
    }

    /// Ends the session: its ephemeral nodes go at once. Every clone is closed.
    ///
    /// If the server cannot be reached, the session is left to expire.
    pub async fn close(&self) {
        let (answer, answered) = oneshot::channel();
        if self.commands.send(Command { request: Request::CloseSession, answer }).await.is_ok() {
            // Whether the server's answer came or the connection broke first: it is over.
            let _ = answered.await;
        }
    }

    async fn call(&self, request: Request, path: &str) -> Result<Response, Error> {
        let (answer, answered) = oneshot::channel();
        self.commands.send(Command { request, answer }).await.map_err(|_| Error::Closed)?;
        match answered.await {
            Ok(Ok(response)) => Ok(response),
            Ok(Err(Failure::Refused(code))) => Err(Error::from_code(code, path)),
            Ok(Err(Failure::Lost(error))) => Err(error),
            Err(_) => Err(Error::Closed),
        }
    }

    fn server_path(&self, path: &str) -> Result<String, Error> {
        if is_path(path) {
            Ok(self.connect.to_server(path))
        } else {
            Err(Error::BadArguments(path.to_owned()))
        }
    }

    fn server_part(&self, mut part: MultiOp) -> Result<MultiOp, Error> {
        let sequential = matches!(&part, MultiOp::Create { flags, .. } if flags & 2 != 0);
        match &mut part {
            MultiOp::Create { path, .. }
            | MultiOp::Delete { path, .. }
            | MultiOp::SetData { path, .. }
            | MultiOp::Check { path, .. } => {
                let usable = is_path(path) || sequential && is_path(&format!("{path}1"));
                if !usable {
                    return Err(Error::BadArguments(std::mem::take(path)));
                }
                *path = self.connect.to_server(path);
            }
        }
        Ok(part)
    }
}

/// The server would close the connection without a word.
fn check_size(data: &[u8], path: &str) -> Result<Bytes, Error> {
    if data.len() + path.len() > MAX_DATA {
        return Err(Error::BadArguments(path.to_owned()));
    }
    Ok(Bytes::copy_from_slice(data))
}
