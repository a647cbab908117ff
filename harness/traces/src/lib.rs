//! Traces: the Zipkin v1 span with its two encodings, the generators of known workloads, what must be found again
//! of them, and how far each span came.
//!
//! Everything is a function of its arguments. This crate knows nothing about Kafka, Cassandra or HTTP.

mod expectation;
mod gson;
mod java;
mod json_read;
mod json_write;
mod readback;
mod span;
mod span_thrift;

pub mod generate;
pub mod thrift;

pub use expectation::{Expectation, ExpectedTrace};
pub use generate::{
    Generated, GoZipkinConfig, LoadConfig, LoadError, Message, gen_traces, go_zipkin_sample, load,
};
pub use java::{annotations_hash, binary_annotations_hash, compare_texts};
pub use json_read::{JsonError, read_json_spans};
pub use json_write::{JsonOut, write_json_span, write_json_spans, write_json_traces};
pub use readback::{MessageId, Missing, Readback};
pub use span::{
    Annotation, AnnotationType, BinaryAnnotation, CORE_ANNOTATIONS, Endpoint, Id, Span, parse_lower_hex,
};
pub use span_thrift::{Dialect, decode_span, decode_spans, encode_span, encode_span_as, encode_spans};
pub use thrift::DecodeError;
