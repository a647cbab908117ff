//! The ensemble behind TCP ports: connections, the clock, and the four-letter words.
//!
//! An [`EnsembleHandle`] holds the machine; each [`Server`] is one listener to it. Servers that share a handle
//! share tree and sessions, so that a client may move between them.

mod clock;
mod connection;
mod dump;
mod ensemble;
mod four_letter;
mod listener;
mod stats;

pub use ensemble::EnsembleHandle;
pub use listener::{LogSink, Server, ServerConfig, ServerHandle, StartError};
