//! What Zipkin 1.14.1 decides, as functions and small state: no socket, no clock, no randomness of its own.
//!
//! A span comes in as a [`message`], the [`Intake`] turns it into rows ([`Write`]); a [`TraceQuery`] says which
//! index rows lead to traces, and [`merge`] and [`skew`] make of stored spans what is shown. [`SpanTables`] is the
//! keyspace of a simulation.

mod answer;
mod counters;
mod dependencies;
mod intake;
mod span_tables;
mod trace_query;

pub mod merge;
pub mod message;
pub mod schema;
pub mod skew;

pub use answer::{ApiError, names_response, trace_response, traces_response};
pub use counters::{CollectorCounts, Counters, Transport, TransportCounters};
pub use dependencies::{
    DependencyLink, decode_dependencies, dependency_days, encode_dependencies, merge_links, write_json_links,
};
pub use intake::{Intake, IntakeConfig, Write};
pub use span_tables::SpanTables;
pub use trace_query::{Parameters, QueryDefaults, TraceIndex, TraceQuery, intersect};

use stacklab_traces::Span;

/// Makes of the stored spans of one trace what is shown: merged by id, times derived, clocks corrected.
pub fn adjusted(stored: Vec<Span>) -> Result<Vec<Span>, skew::NoTimestamp> {
    skew::correct(merge::by_id(stored))
}

/// Brings traces into the order in which a search answers them: the newest first. None of them may be empty.
pub fn sort_traces(traces: &mut [Vec<Span>]) {
    traces.sort_by(|a, b| merge::order(b.first(), a.first()));
}
