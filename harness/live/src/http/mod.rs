//! HTTP on sockets: turns bytes into the values of [`stacklab_machine::http`] and back.

mod client;
mod server;

pub use client::{MAX_RESPONSE, open_stream, request};
pub use server::{Answer, Handler, MAX_REQUEST, Server};
