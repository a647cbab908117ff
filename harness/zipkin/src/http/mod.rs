//! HTTP on sockets: a server that hands out requests as values, and a client for the web UI's way to the query
//! service. Everything is bounded: bodies, connections, headers, waits.

mod client;
mod server;

pub(crate) use client::forward;
pub(crate) use server::{Handler, serve};

/// Longest body in either direction of what a client sends.
pub(crate) const MAX_BODY: usize = 1 << 20;
