//! What a program may do that runs on the cluster or beside it: Marathon, a framework's scheduler, an executor,
//! the run of a stack. The live shell gives these values sockets; a simulation hands them from machine to
//! machine.
//!
//! `E` is what Mesos tells the program, `C` what it tells Mesos: the scheduler's or the executor's event and
//! call, or [`Never`] for a program that does not speak to Mesos.

use std::time::Duration;

use crate::service::{ServiceEvent, ServiceSpec};
use crate::{Machine, http};

/// A program, whatever it is.
pub type Program<E, C> = dyn Machine<Input = Input<E>, Output = Output<C>> + Send;

/// A value that cannot exist.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Never {}

/// Number of a request that somebody made to this program; the shell chooses it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ExchangeId(pub u64);

/// Number of something that this program asked for; the program chooses it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CallId(pub u64);

/// What reaches a program.
#[derive(Debug, Clone, PartialEq)]
#[allow(missing_docs)] // Fields are explained by the sentence above each variant.
pub enum Input<E> {
    /// The program begins. The first input, and once only.
    Start,
    /// A request on the port the program listens on; answered by [`Output::Respond`], at once or later. A client
    /// that goes away is not told to the program: a response to it is dropped.
    Http { exchange: ExchangeId, request: http::Request },
    /// The answer to [`Output::Http`].
    HttpReply { call: CallId, result: Result<http::Response, http::Failure> },
    /// Mesos says something.
    Mesos(E),
    /// The answer to [`Output::Zk`].
    Zk { call: CallId, result: Result<ZkReply, ZkError> },
    /// The answer to [`Output::ReadFile`]: `None` if there is no such file.
    File { call: CallId, data: Option<Vec<u8>> },
    /// The answer to [`Output::Script`]: how it ended, or why it could not be run.
    Script { call: CallId, result: Result<ScriptEnd, String> },
    /// Something about a service that the program started.
    Service(ServiceEvent),
    /// SIGTERM. A kill is not announced: the program is just no longer there.
    Terminate,
}

/// What a program asks for.
#[derive(Debug, Clone, PartialEq)]
#[allow(missing_docs)] // Fields are explained by the sentence above each variant.
pub enum Output<C> {
    /// Listen for HTTP on this port, on the address of the program's host. If the port is taken the shell ends
    /// the program with exit code 1 and a log line.
    Listen { port: u16 },
    /// Answer a request.
    Respond { exchange: ExchangeId, response: http::Response },
    /// Make a request; `request.url` is absolute. Answered by [`Input::HttpReply`], after `timeout` (if any) with
    /// [`http::Failure::TimedOut`].
    Http { call: CallId, request: http::Request, timeout: Option<Duration> },
    /// Which Mesos master the calls that follow go to: `host:port` or `zk://…`, as given on the command line.
    Attach { master: String },
    /// Say something to Mesos.
    Mesos(C),
    /// Do something in a ZooKeeper; `connect` is a connect string, `host:port[,host:port…]` without a chroot.
    /// The shell keeps one session a program and connect string; it ends with the program.
    Zk { call: CallId, connect: String, op: ZkOp },
    /// Read a file of the sandbox.
    ReadFile { call: CallId, path: String },
    /// Write a file of the sandbox, over what is there.
    WriteFile { path: String, data: Vec<u8> },
    /// Run a shell script of this file name and text on the program's own machine: its output goes to the program's
    /// log, and it ends with the program. Answered by [`Input::Script`].
    Script { call: CallId, name: String, text: String },
    /// Start a service under this program; at most one at a time.
    StartService(Box<ServiceSpec>),
    /// Stop the service; [`ServiceEvent::Exited`] follows.
    StopService,
    /// A line of the program's log.
    Log(String),
    /// End. Nothing is delivered afterwards; the service, listener and sessions go with the program.
    Exit { code: i32 },
}

/// How a script ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ScriptEnd {
    /// With this exit code.
    Code(i32),
    /// By this signal.
    Signal(i32),
}

/// Something to be done in a ZooKeeper: what the frameworks need of it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs)] // Fields are explained by the sentence above each variant.
pub enum ZkOp {
    /// Create a node, with its missing parents (null data) if `parents`.
    Create { path: String, data: Vec<u8>, parents: bool, ephemeral: bool },
    /// Create the node or overwrite its data; never checks a version. The parent must exist.
    Put { path: String, data: Vec<u8> },
    /// Overwrite the data; `version` −1 means any.
    Set { path: String, data: Vec<u8>, version: i32 },
    /// Read data.
    Get { path: String },
    /// Names of the children.
    Children { path: String },
    /// Delete a node, with all below it if `recursive`.
    Delete { path: String, recursive: bool },
}

/// What came of a [`ZkOp`].
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs)] // Fields are explained by the sentence above each variant.
pub enum ZkReply {
    /// Done.
    Done,
    /// The data (empty if null) and its version.
    Data { data: Vec<u8>, version: i32 },
    /// The children, sorted.
    Children(Vec<String>),
}

/// Why a [`ZkOp`] was not done.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ZkError {
    /// No server of the connect string answered within the client's 30 s.
    #[error("cannot reach ZooKeeper at {connect}: {why}")]
    Unreachable {
        /// The connect string.
        connect: String,
        /// What the last try said.
        why: String,
    },
    /// There is no such node, or no such parent.
    #[error("no node {0}")]
    NoNode(String),
    /// The node exists.
    #[error("node {0} exists")]
    NodeExists(String),
    /// The version is another one.
    #[error("another version of {0}")]
    BadVersion(String),
    /// Anything else, by ZooKeeper's code.
    #[error("ZooKeeper answered {code} for {path}")]
    Other {
        /// The path.
        path: String,
        /// ZooKeeper's error code, negative.
        code: i32,
    },
}
