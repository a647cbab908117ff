//! The sample of go-zipkin: a producer and a consumer of one topic, each of which reports its half.

use std::time::Duration;

use stacklab_machine::{Rng, Streams, Time};

use super::{Generated, Message, micros};
use crate::{Annotation, Dialect, Endpoint, Id, Span};

/// How the sample is run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GoZipkinConfig {
    /// How many seconds it runs: one trace a second.
    pub traces: u32,
    /// Address of the host; not seen with `quirks`.
    pub ipv4: u32,
    /// The original's bugs: every address is 0, and every start of the process repeats the same ids.
    pub quirks: bool,
}

/// Runs the sample: a trace a second of one span and two messages, `cs` by `sample-producer` and `cr` by
/// `sample-consumer`. A root's id is not its trace's id. Ids are non-negative 63-bit numbers.
pub fn go_zipkin_sample(seed: u64, start: Time, config: GoZipkinConfig) -> Generated {
    // Unseeded in the original: the same numbers in every run.
    let mut ids = Streams::new(if config.quirks { 1 } else { seed }).stream("go-zipkin/ids");
    let mut delays = Streams::new(seed).stream("go-zipkin/delays");
    let ipv4 = if config.quirks { 0 } else { config.ipv4 };
    let (producer, consumer) =
        (Endpoint::new("sample-producer", ipv4), Endpoint::new("sample-consumer", ipv4));
    let mut messages = Vec::new();
    for second in 0..config.traces {
        let sent = start + Duration::from_secs(u64::from(second));
        let consumed = sent + Duration::from_micros(delays.between(2_000, 20_000));
        let (trace_id, id) = (positive_id(&mut ids), positive_id(&mut ids));
        let half = |at: Time, value: &str, host: &Endpoint| Span {
            trace_id,
            name: "kafka_msg".to_owned(),
            id,
            annotations: vec![Annotation::new(micros(at), value, host)],
            ..Span::default()
        };
        messages.push(Message::new(sent, half(sent, "cs", &producer), Dialect::Zipkin));
        messages.push(Message::new(consumed, half(consumed, "cr", &consumer), Dialect::Zipkin));
    }
    Generated::new(messages)
}

fn positive_id(ids: &mut Rng) -> Id {
    Id(ids.next_u64() >> 1)
}
