//! Zipkin 1.14.1, as far as a client, a browser, Kafka or Cassandra can tell: collector, query service and web UI.
//!
//! - [`model`]: what Zipkin decides, without sockets and clocks: which rows a span becomes, what a query means, how
//!   spans are merged and corrected, what is answered.
//! - [`storage`]: spans in Cassandra, ours or the original.
//! - `collector`, `query`, `web`: the three components on sockets of their own; [`start`] starts one.

mod collector;
mod handle;
mod http;
mod query;
mod settings;
mod web;

pub mod model;
pub mod storage;

pub use handle::{BadMessage, Exit, Handle, LogSink, Options, Pages, StartError, StorageAtStart, start};
pub use model::{CollectorCounts, Counters};
pub use settings::SettingError;
