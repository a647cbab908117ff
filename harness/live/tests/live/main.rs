//! The live shell with real clients: reqwest, and bytes on a socket where a client would be too well-behaved.
#![allow(clippy::unwrap_used)] // A test that cannot set up its cluster has failed.

mod agent;
mod cluster;
mod commands;
mod driver;
mod drivers;
mod http_client;
mod http_server;
mod master;
mod master_streams;
mod program;
mod protobuf;
mod scheduler_link;
mod script;
mod scripted;
mod support;
mod zookeeper;
