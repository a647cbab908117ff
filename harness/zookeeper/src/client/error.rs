//! Why something could not be done.

use crate::model::Code;

/// Why a client could not do something.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// There is no such node, or no such parent.
    #[error("no node {0}")]
    NoNode(String),
    /// The node exists.
    #[error("node {0} exists")]
    NodeExists(String),
    /// The version is another one.
    #[error("another version of {0}")]
    BadVersion(String),
    /// The node has children.
    #[error("node {0} has children")]
    NotEmpty(String),
    /// The parent is ephemeral.
    #[error("the parent of {0} is ephemeral")]
    NoChildrenForEphemerals(String),
    /// Access denied.
    #[error("no permission for {0}")]
    NoAuth(String),
    /// The access control list is empty or names an unknown scheme.
    #[error("the access control list for {0} is not valid")]
    InvalidAcl(String),
    /// The path is none, or cannot be used so.
    #[error("{0:?} is not a path that can be used here")]
    BadArguments(String),
    /// Any other answer, by ZooKeeper's code.
    #[error("ZooKeeper answered {code} for {path}")]
    Other {
        /// The path.
        path: String,
        /// The code, negative.
        code: i32,
    },
    /// The connection broke: what was asked may or may not have been done. The client connects again by itself.
    #[error("the connection to {0} broke")]
    ConnectionLoss(String),
    /// The session is over; this client is of no use any more.
    #[error("the ZooKeeper session has expired")]
    Expired,
    /// The client was closed.
    #[error("the client was closed")]
    Closed,
    /// No server took the first connection in time.
    #[error("cannot reach ZooKeeper at {connect}: {why}")]
    Unreachable {
        /// The connect string.
        connect: String,
        /// What the last try said.
        why: String,
    },
    /// The connect string is none.
    #[error("bad connect string {connect:?}: {why}")]
    BadConnectString {
        /// The connect string.
        connect: String,
        /// What is wrong with it.
        why: String,
    },
    /// The server answered with something else than what was asked for.
    #[error("unexpected answer for {0}")]
    Protocol(String),
}

impl Error {
    /// The error of an answer about `path`.
    pub(super) fn from_code(code: Code, path: &str) -> Self {
        let path = path.to_owned();
        match code {
            Code::NoNode => Self::NoNode(path),
            Code::NodeExists => Self::NodeExists(path),
            Code::BadVersion => Self::BadVersion(path),
            Code::NotEmpty => Self::NotEmpty(path),
            Code::NoChildrenForEphemerals => Self::NoChildrenForEphemerals(path),
            Code::NoAuth => Self::NoAuth(path),
            Code::InvalidAcl => Self::InvalidAcl(path),
            Code::BadArguments => Self::BadArguments(path),
            Code::SessionExpired => Self::Expired,
            other => Self::Other { path, code: other.number() },
        }
    }
}
