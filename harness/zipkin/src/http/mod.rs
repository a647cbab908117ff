//! HTTP on sockets: a server that hands out requests as values, and a client for the web UI's way to the query
//! service. Everything is bounded: bodies, connections, headers, waits.

mod accept;
mod client;
mod server;
mod tomcat;

pub(crate) use accept::{Accept, Page, content_type};
pub(crate) use client::forward;
pub(crate) use server::{Handler, serve};
pub(crate) use tomcat::{finish, of_unknown_length, parameters, tidy_path};

/// Longest body of what a client sends; the original has no limit.
pub(crate) const MAX_BODY: usize = 16 << 20;
