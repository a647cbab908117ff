//! A Cassandra 2.2 node that real drivers cannot tell from the original: CQL 3.3, native protocol versions 3 and 4.
//!
//! [`cql`] reads statements, [`model`] keeps keyspaces, tables and rows (both pure: told the time, no input or
//! output), [`codec`] turns frames into values and back, [`server`] listens, and [`client`] talks to such a server or
//! to a real one. This crate knows nothing about Mesos, about the framework that starts Cassandra, or about Zipkin.

pub mod client;
pub mod codec;
pub mod cql;
pub mod model;
pub mod server;

mod consistency;
mod error;
mod types;
mod value;

pub use consistency::Consistency;
pub use error::CqlError;
pub use types::CqlType;
pub use value::{Value, ValueError};
