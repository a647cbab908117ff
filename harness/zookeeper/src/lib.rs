//! ZooKeeper 3.4: a server that clients cannot tell from the original, and a client of our own.
//!
//! - [`model`]: the tree, sessions, watches, access control, as a machine. No socket, no clock.
//! - [`codec`]: bytes to values and back.
//! - [`server`]: the machine behind TCP ports, with the four-letter words.
//! - [`client`]: a client for 3.4 servers, ours or the original.
//!
//! Everything speaks the protocol of ZooKeeper 3.4 and nothing younger: operations of 3.5 are refused as the
//! original refuses them.

pub mod client;
pub mod codec;
pub mod model;
pub mod server;
