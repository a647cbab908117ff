//! ZooKeeper's state and rules, without any input or output: what a live server and a simulation share.

#[allow(dead_code)] // Until the tree that uses it is here.
mod acl;
mod code;
mod message;
mod stat;

pub use acl::{Acl, Identity, digest, perms};
pub use code::Code;
pub use message::{
    ConnectReply, ConnectRequest, CreateMode, EventKind, MultiOp, MultiResult, Reply, Request, Response,
    WatchEvent, opcode,
};
pub use stat::Stat;
