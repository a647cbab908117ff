//! The test task `genTraces` of Zipkin-Mesos, which uses Brave 3.0.0.

use std::time::Duration;

use stacklab_machine::{Streams, Time};

use super::{Generated, Message, micros};
use crate::{Annotation, Dialect, Endpoint, Id, Span};

/// One run of `genTraces`: one trace, two span ids, three messages, 1.5 s apart. The first and the third are two
/// halves of one span under different names, and nothing of it ever ends: no `cr`, no `ss`.
///
/// `ipv4` is the address of the host that sends. Time stamps are whole milliseconds, as Brave's are.
pub fn gen_traces(seed: u64, start: Time, ipv4: u32) -> Generated {
    let mut ids = Streams::new(seed).stream("gen-traces/ids");
    let (trace_id, child) = (Id(ids.next_u64()), Id(ids.next_u64()));
    let (caller, callee) = (Endpoint::new("serviceFoo", ipv4), Endpoint::new("serviceBar", ipv4));
    let at = |step: u32| start + Duration::from_millis(1500) * step;
    let stamp = |step: u32| micros(at(step)) / 1000 * 1000;
    let span = |name: &str, id: Id, parent_id: Option<Id>, annotations: Vec<Annotation>| Span {
        trace_id,
        name: name.to_owned(),
        id,
        parent_id,
        annotations,
        ..Span::default()
    };
    let received = vec![
        Annotation::new(stamp(2), "sr", &callee),
        Annotation::new(stamp(2), "Completed Processing", &callee),
    ];
    let spans = [
        span("someRequest", trace_id, None, vec![Annotation::new(stamp(0), "cs", &caller)]),
        span("otherRequest", child, Some(trace_id), vec![Annotation::new(stamp(1), "cs", &callee)]),
        span("unknown_request", trace_id, None, received),
    ];
    Generated::new(
        spans.into_iter().zip(0..).map(|(span, step)| Message::new(at(step), span, Dialect::Brave)).collect(),
    )
}
