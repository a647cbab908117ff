//! Generators of known workloads: functions of a seed and a start time that yield messages for the span topic and
//! what must be found again of them.

mod gen_traces;
mod go_zipkin;
mod graph;
mod load;

use stacklab_machine::Time;

use crate::{Dialect, Expectation, Span, encode_span_as};

pub use gen_traces::gen_traces;
pub use go_zipkin::{GoZipkinConfig, go_zipkin_sample};
pub use load::{LoadConfig, LoadError, load};

/// One message for the span topic: one span in Thrift, without a list around it.
#[derive(Clone, Debug, PartialEq)]
pub struct Message {
    /// When the original would send it.
    pub at: Time,
    /// The message's key, if it has one.
    pub key: Option<Vec<u8>>,
    /// The message's value.
    pub value: Vec<u8>,
    /// The span that the value says.
    pub span: Span,
}

impl Message {
    fn new(at: Time, span: Span, dialect: Dialect) -> Self {
        Self { at, key: None, value: encode_span_as(&span, dialect), span }
    }
}

/// A workload.
#[derive(Clone, Debug, PartialEq)]
pub struct Generated {
    /// The messages, in the order in which they are sent.
    pub messages: Vec<Message>,
    /// What must be found of them.
    pub expectation: Expectation,
}

impl Generated {
    fn new(messages: Vec<Message>) -> Self {
        let expectation = Expectation::of(messages.iter().map(|message| &message.span));
        Self { messages, expectation }
    }
}

/// µs since the epoch, as spans count them.
fn micros(at: Time) -> i64 {
    i64::try_from(at.as_micros()).unwrap_or(i64::MAX)
}
