//! Workloads through the model alone: messages, rows, queries, no socket.
#![allow(clippy::unwrap_used)] // In helpers, too.

use std::collections::BTreeSet;
use std::time::Duration;

use proptest::prelude::*;
use stacklab_machine::http::decode_form;
use stacklab_machine::{Rng, Time};
use stacklab_traces::{Generated, LoadConfig, Readback, gen_traces, load};
use stacklab_zipkin::model::{
    Intake, IntakeConfig, Parameters, QueryDefaults, SpanTables, TraceQuery, message,
};

const NOW: Time = Time::SIM_START;

fn stored(workload: &Generated) -> SpanTables {
    let mut intake = Intake::new(IntakeConfig::default(), Rng::new(1));
    let mut tables = SpanTables::new();
    for message in &workload.messages {
        for write in intake.accept(message.at, &message::decode(&message.value).unwrap()) {
            tables.write(write);
        }
    }
    tables
}

fn query(text: &str) -> TraceQuery {
    let parameters = Parameters::new(decode_form(text));
    TraceQuery::parse(&parameters, NOW + Duration::from_secs(600), QueryDefaults::default()).unwrap()
}

/// Everything that the workload expects is found, and nothing else.
fn comes_back_whole(workload: &Generated) {
    let tables = stored(workload);
    let mut readback = Readback::new(&workload.messages);
    assert!(tables.spans().all(|blob| readback.stored(blob)));
    let expected = &workload.expectation;
    for (id, trace) in &expected.traces {
        let spans = tables.trace(*id).unwrap().unwrap();
        assert_eq!(spans.iter().map(|span| span.id).collect::<BTreeSet<_>>(), trace.span_ids);
        spans.iter().for_each(|span| assert!(readback.queried(*id, span.id)));
    }
    assert!(readback.is_complete());
    assert!(tables.service_names().eq(expected.span_names.keys()));
    for (service, names) in &expected.span_names {
        assert!(tables.span_names(service).eq(names));
        let found = tables.traces(&query(&format!("limit=100000&serviceName={service}"))).unwrap();
        let found: BTreeSet<_> = found.iter().map(|trace| trace[0].trace_id).collect();
        let wanted = expected.traces.iter().filter(|(_, trace)| trace.found_by.contains(service));
        assert_eq!(found, wanted.map(|(id, _)| *id).collect());
    }
}

#[test]
fn gen_traces_comes_back() {
    let workload = gen_traces(5, NOW, 1);
    comes_back_whole(&workload);
    let tables = stored(&workload);
    let found = tables.traces(&query("serviceName=serviceBar&annotationQuery=Completed+Processing")).unwrap();
    let [trace] = found.as_slice() else { panic!("{found:?}") };
    // The two halves are one span, under the name of the first.
    let shown: Vec<_> =
        trace.iter().map(|span| (span.name.as_str(), span.timestamp, span.duration)).collect();
    let start = NOW.as_micros() as i64;
    assert_eq!(shown, [("somerequest", Some(start), Some(3_000_000)), ("otherrequest", None, None)]);
    assert!(tables.traces(&query("lookback=1000")).unwrap().is_empty());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn loads_come_back(seed: u64, traces in 1_usize..20, services in 1_usize..12, depth in 1_usize..5) {
        let config = LoadConfig { traces, services, depth, fan_out: 3, error_rate: 0.1 };
        comes_back_whole(&load(seed, NOW, config).unwrap());
    }
}
