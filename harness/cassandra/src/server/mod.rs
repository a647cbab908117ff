//! The live shell: one listening socket a node, any number of nodes a ring.

mod connection;
mod node;
mod ring;

pub use node::{LogSink, Node, NodeConfig, NodeHandle, StartError};
pub use ring::{Clock, Ring, Rings};
