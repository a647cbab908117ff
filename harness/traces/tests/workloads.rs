//! The generators, what must be found of them, and how far it came.
#![allow(clippy::unwrap_used)] // In helpers, too.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use expect_test::expect;
use stacklab_machine::timeline::{Stage, What};
use stacklab_machine::{Outbox, Step, Time};
use stacklab_traces::{
    Generated, GoZipkinConfig, LoadConfig, LoadError, MessageId, Readback, decode_span, encode_span,
    gen_traces, go_zipkin_sample, load,
};

const START: Time = Time::SIM_START;
const HOST: u32 = 0x7f4d_000b;

/// One line a message; ids are numbered in the order in which they appear.
fn told(workload: &Generated) -> String {
    let mut ids = Vec::new();
    let mut number = |id| {
        ids.iter().position(|&other| other == id).unwrap_or_else(|| {
            ids.push(id);
            ids.len() - 1
        })
    };
    let mut text = String::new();
    for message in &workload.messages {
        assert_eq!(decode_span(&message.value).unwrap(), message.span);
        let span = &message.span;
        let _ = write!(
            text,
            "+{} ms {} trace {} id {} parent {:?}:",
            message.at.since(START).as_millis(),
            span.name,
            number(span.trace_id),
            number(span.id),
            span.parent_id.map(&mut number)
        );
        for annotation in &span.annotations {
            let host = annotation.endpoint.as_ref().unwrap();
            let at = annotation.timestamp - START.as_micros() as i64;
            let _ = write!(text, " {}@{}:{:x}+{at}", annotation.value, host.service_name, host.ipv4);
        }
        text.push('\n');
    }
    text
}

#[test]
fn gen_traces_sends_its_three_messages() {
    let workload = gen_traces(7, START, HOST);
    expect![[r#"
        +0 ms someRequest trace 0 id 0 parent None: cs@serviceFoo:7f4d000b+0
        +1500 ms otherRequest trace 0 id 1 parent Some(0): cs@serviceBar:7f4d000b+1500000
        +3000 ms unknown_request trace 0 id 0 parent None: sr@serviceBar:7f4d000b+3000000 Completed Processing@serviceBar:7f4d000b+3000000
    "#]]
    .assert_eq(&told(&workload));
    // Brave writes neither times nor an empty list of binary annotations.
    assert_eq!(workload.messages[0].value.len(), 103);
    let found = workload.expectation.traces.values().next().unwrap();
    assert_eq!(found.span_ids.len(), 2);
    assert_eq!(found.found_by.iter().collect::<Vec<_>>(), ["servicebar", "servicefoo"]);
    let names: Vec<_> = workload.expectation.span_names["servicebar"].iter().collect();
    assert_eq!(names, ["otherrequest", "unknown_request"]);
    assert_ne!(gen_traces(8, START, HOST).messages, workload.messages);
    assert_eq!(gen_traces(7, START, HOST), workload);
}

#[test]
fn the_go_sample_has_its_quirks_if_wanted() {
    let config = GoZipkinConfig { traces: 2, ipv4: HOST, quirks: false };
    expect![[r#"
        +0 ms kafka_msg trace 0 id 1 parent None: cs@sample-producer:7f4d000b+0
        +12 ms kafka_msg trace 0 id 1 parent None: cr@sample-consumer:7f4d000b+12237
        +1000 ms kafka_msg trace 2 id 3 parent None: cs@sample-producer:7f4d000b+1000000
        +1011 ms kafka_msg trace 2 id 3 parent None: cr@sample-consumer:7f4d000b+1011972
    "#]]
    .assert_eq(&told(&go_zipkin_sample(1, START, config)));
    let quirky = |seed| go_zipkin_sample(seed, START, GoZipkinConfig { quirks: true, ..config });
    assert_eq!(quirky(1).messages[0].span.id, quirky(2).messages[0].span.id);
    assert!(quirky(1).messages.iter().all(|m| m.span.annotations[0].endpoint.as_ref().unwrap().ipv4 == 0));
    assert!(quirky(1).messages.iter().all(|m| m.span.id.signed() >= 0 && m.span.trace_id.signed() >= 0));
}

#[test]
fn a_load_is_what_it_says() {
    let config = LoadConfig { traces: 50, services: 8, depth: 4, fan_out: 3, error_rate: 0.2 };
    let workload = load(3, START, config).unwrap();
    assert_eq!(workload, load(3, START, config).unwrap());
    assert_eq!(workload.expectation.traces.len(), 50);
    assert!(workload.messages.is_sorted_by_key(|message| message.at));
    let tagged = workload
        .messages
        .iter()
        .filter(|message| message.span.binary_annotations.iter().any(|tag| tag.key == "error"));
    assert!(tagged.count() > 10);
    for message in &workload.messages {
        let span = &message.span;
        let [first, last] = span.annotations.as_slice() else { panic!("{span:?}") };
        assert!(first.timestamp < last.timestamp);
        match (first.value.as_str(), span.parent_id) {
            ("sr", Some(_)) => assert_eq!((span.timestamp, span.duration), (None, None)),
            _ => assert_eq!(
                (span.timestamp, span.duration),
                (Some(first.timestamp), Some(last.timestamp - first.timestamp))
            ),
        }
    }
    // Every parent is a span of its trace, and every client's half has its server's inside.
    for trace in workload.expectation.traces.values() {
        let of_trace = || workload.messages.iter().filter(|m| m.span.trace_id_hex() == trace.trace_id);
        let parents: BTreeSet<_> = of_trace().filter_map(|message| message.span.parent_id).collect();
        assert!(parents.is_subset(&trace.span_ids));
        assert_eq!(of_trace().count(), trace.span_ids.len() * 2 - 1);
    }
    let quiet = load(3, START, LoadConfig { error_rate: 0.0, depth: 1, ..config }).unwrap();
    assert_eq!(quiet.messages.len(), 50);
}

#[test]
fn a_load_has_bounds() {
    let too_many = LoadConfig { traces: 0, ..LoadConfig::default() };
    let error = load(1, START, too_many).unwrap_err();
    assert!(matches!(error, LoadError::Range { field: "traces", .. }));
    assert_eq!(error.to_string(), "load: traces is 0, must be 1 to 100000");
    assert!(load(1, START, LoadConfig { error_rate: f64::NAN, ..LoadConfig::default() }).is_err());
    let wide = LoadConfig { traces: 1, services: 1000, depth: 32, fan_out: 32, error_rate: 1.0 };
    let one = load(1, START, wide).unwrap();
    assert!(one.expectation.span_count() <= 500, "{}", one.expectation.span_count());
}

#[test]
fn says_how_far_each_span_came() {
    let workload = gen_traces(7, START, HOST);
    let mut readback = Readback::new(&workload.messages);
    let [first, second, third] = &workload.messages[..] else { panic!() };
    readback.produced(MessageId(0));
    readback.produced(MessageId(1));
    assert!(readback.in_log(&second.value));
    assert!(!readback.in_log(b"another"));
    assert!(readback.stored(&encode_span(&first.span.clone().normalized())));
    let mut out: Outbox<()> = Outbox::new();
    readback.note_progress(&mut out);
    readback.note_progress(&mut out);
    readback.note_missing(&mut out);
    let reached = |stage, spans| What::SpansReached { stage, spans, of: 3 };
    let missing = |message: &stacklab_traces::Message, reached| What::SpanMissing {
        trace: message.span.trace_id_hex(),
        span: message.span.id.to_string(),
        reached,
    };
    let expected = [
        reached(Stage::Produced, 2),
        reached(Stage::InLog, 2),
        reached(Stage::Consumed, 1),
        reached(Stage::Stored, 1),
        missing(first, Some(Stage::Stored)),
        missing(second, Some(Stage::InLog)),
        missing(third, None),
    ];
    assert_eq!(out.drain().collect::<Vec<_>>(), expected.map(Step::Event));

    // Both halves of one span are answered at once.
    assert!(readback.queried(first.span.trace_id, first.span.id));
    assert_eq!((readback.reached(Stage::Queried), readback.is_complete()), (2, false));
    assert!(readback.queried(second.span.trace_id, second.span.id));
    assert!(readback.is_complete());
    assert_eq!(readback.missing().count(), 0);
}
