//! Stack Deploy as a program: its command line, which scripts written for the original can use, and the live shell of
//! its server, which the original's command line can talk to.
//!
//! [`cli`] takes a command line, [`client`] does the commands that talk to a server, [`server`] puts the machine
//! [`stacklab_stack::server::Server`] on the network.

pub mod cli;
pub mod client;
pub mod go;
pub mod server;
