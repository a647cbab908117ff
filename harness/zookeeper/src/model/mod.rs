//! ZooKeeper's state and rules, without any input or output: what a live server and a simulation share.
//!
//! An [`Ensemble`] is one tree with its sessions and watches, however many servers serve it. A live server feeds
//! it [`Input`]s as a machine; a simulation may call it directly, without connections: see
//! [`Ensemble::open_session`] and what follows it.

mod acl;
mod apply;
mod code;
mod connection;
mod direct;
mod ensemble;
mod inspect;
mod java;
mod message;
mod path;
mod quorum;
mod request;
mod session;
mod stat;
mod tree;
mod watch;

pub use acl::{Acl, Identity, digest, perms};
pub use code::Code;
pub use ensemble::{ConnectionId, Ensemble, EnsembleConfig, Input, Output, SessionId};
pub use inspect::{Figures, NodeView, WatchFigures};
pub use message::{
    ConnectReply, ConnectRequest, CreateMode, EventKind, MultiOp, MultiResult, Reply, Request, Response,
    WatchEvent, opcode,
};
pub(crate) use path::is_path;
pub use quorum::Role;
pub use stat::Stat;
