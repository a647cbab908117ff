//! A client for ZooKeeper 3.4 servers: ours or the original.
//!
//! A [`Client`] keeps one session. When its connection breaks, what was under way ends in
//! [`Error::ConnectionLoss`], and the client connects again in the background, to any server of its connect
//! string, with its session and its watches. When the session is over the client is too: every operation answers
//! [`Error::Expired`], and a new session takes a new client.
//!
//! When the last clone of a client is dropped, its connection is cut as by a crash: ephemeral nodes stay until the
//! session expires. [`Client::close`] ends the session at once.

mod actor;
mod apply;
mod connect_string;
mod error;
mod event;
mod handle;
mod link;
mod watches;

pub use crate::model::{CreateMode, EventKind, MultiOp, MultiResult, Stat};
pub use connect_string::{ConnectString, DEFAULT_PORT};
pub use error::Error;
pub use event::{Event, Events};
pub use handle::{Client, Options};
