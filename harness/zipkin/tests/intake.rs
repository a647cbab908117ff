//! Which rows a span becomes.
#![allow(clippy::unwrap_used)] // In helpers, too.

use std::time::Duration;

use expect_test::expect;
use stacklab_machine::{Rng, Time};
use stacklab_traces::{Annotation, AnnotationType, BinaryAnnotation, Endpoint, Id, Span, gen_traces};
use stacklab_zipkin::model::{Intake, IntakeConfig, Write, schema};

const NOW: Time = Time::SIM_START;

fn intake() -> Intake {
    Intake::new(IntakeConfig::default(), Rng::new(1))
}

/// One line a row, without blobs and buckets.
fn told(writes: &[Write]) -> String {
    let line = |write: &Write| match write {
        Write::Span { trace_id, ts, span_name, span } => {
            format!("traces {trace_id} {ts} {span_name} ({} bytes)", span.len())
        }
        Write::ServiceName { service_name } => format!("service_names {service_name}"),
        Write::SpanName { service_name, span_name } => format!("span_names {service_name} {span_name}"),
        Write::ByService { ts, trace_id, service_name, bucket } => {
            assert!((0..10).contains(bucket));
            format!("service_name_index {service_name} {ts} {trace_id}")
        }
        Write::BySpan { ts, trace_id, service_span_name } => {
            format!("service_span_name_index {service_span_name} {ts} {trace_id}")
        }
        Write::ByAnnotation { ts, trace_id, annotation, bucket } => {
            assert!((0..10).contains(bucket));
            format!("annotations_index {} {ts} {trace_id}", String::from_utf8_lossy(annotation))
        }
    };
    writes.iter().map(|write| line(write) + "\n").collect()
}

fn span(id: u64, annotations: &[(i64, &str)]) -> Span {
    let host = Endpoint::new("web", 1);
    let annotations = annotations.iter().map(|(at, value)| Annotation::new(*at, value, &host)).collect();
    Span { trace_id: Id(9), id: Id(id), name: "get".into(), annotations, ..Span::default() }
}

#[test]
fn writes_the_rows_of_gen_traces() {
    let mut intake = intake();
    let workload = gen_traces(7, Time::from_millis(1_000), 1);
    let mut text = String::new();
    for message in &workload.messages {
        text.push_str(&told(&intake.accept(NOW, &[message.span.clone().normalized()])));
    }
    expect![[r#"
        traces 5340500765863275162 1000 5340500765863275162_1028301507_1 (111 bytes)
        service_names servicefoo
        span_names servicefoo somerequest
        service_name_index servicefoo 1000 5340500765863275162
        service_span_name_index servicefoo.somerequest 1000 5340500765863275162
        traces 5340500765863275162 2500 -4719150683625815800_122677516_1 (123 bytes)
        service_names servicebar
        span_names servicebar otherrequest
        service_name_index servicebar 2500 5340500765863275162
        service_span_name_index servicebar.otherrequest 2500 5340500765863275162
        traces 5340500765863275162 4000 5340500765863275162_1094365664_1 (187 bytes)
        span_names servicebar unknown_request
        service_name_index servicebar 4000 5340500765863275162
        service_span_name_index servicebar.unknown_request 4000 5340500765863275162
        annotations_index servicebar:Completed Processing 4000 5340500765863275162
    "#]]
    .assert_eq(&text);
}

#[test]
fn names_rows_as_the_original_does() {
    let bare = Span { id: Id(3_327_091_397_886_482_642), ..span(0, &[]) };
    assert_eq!(told(&intake().accept(NOW, &[bare])), "traces 9 0 3327091397886482642_1_1 (49 bytes)\n");
    let negative = Span { id: Id::from_signed(-5), timestamp: Some(1_234_567), ..span(0, &[]) };
    assert_eq!(told(&intake().accept(NOW, &[negative])), "traces 9 1234 -5_1_1 (60 bytes)\n");
}

#[test]
fn indexes_only_what_has_a_start() {
    let half =
        Span { parent_id: Some(Id(1)), ..span(2, &[(5_000, "sr"), (6_000, "ss"), (5_500, "cache miss")]) };
    expect![[r#"
        traces 9 0 2_1476787483_1 (209 bytes)
        service_names web
        span_names web get
    "#]]
    .assert_eq(&told(&intake().accept(NOW, &[half.normalized()])));
}

#[test]
fn indexes_texts_up_to_256_letters() {
    let host = Endpoint::new("web", 1);
    let tag = |key: &str, value: &str| BinaryAnnotation::text(key, value, &host);
    let span = Span {
        timestamp: Some(1_000),
        name: String::new(),
        binary_annotations: vec![
            tag("a", &"ä".repeat(256)),
            tag("b", &"ä".repeat(257)),
            BinaryAnnotation { kind: AnnotationType::I32, ..tag("c", "1234") },
            BinaryAnnotation { kind: AnnotationType::Bool, ..tag("sa", "\u{1}") },
            BinaryAnnotation { endpoint: None, ..tag("d", "e") },
            tag("http.path", "/Index"),
        ],
        ..span(1, &[])
    };
    let rows = told(&intake().accept(NOW, &[span])).replace(&"ä".repeat(256), "ä*256");
    let rows: String = rows.lines().skip(1).map(|line| line.to_owned() + "\n").collect();
    expect![[r#"
        service_names web
        service_name_index web 1 9
        annotations_index web:a:ä*256 1 9
        annotations_index web:http.path:/Index 1 9
    "#]]
    .assert_eq(&rows);
}

#[test]
fn writes_again_only_what_widens_or_is_old() {
    let mut intake = intake();
    let mut rows = |after: u64, at: &[i64]| {
        let spans: Vec<Span> = at
            .iter()
            .map(|at| Span { timestamp: Some(at * 1000), name: String::new(), ..span(1, &[(0, "x")]) })
            .collect();
        let writes = intake.accept(NOW + Duration::from_secs(after), &spans);
        let index = writes.iter().filter_map(|write| match write {
            Write::ByService { ts, .. } => Some(*ts),
            _ => None,
        });
        (index.collect::<Vec<_>>(), writes.iter().any(|write| matches!(write, Write::ServiceName { .. })))
    };
    assert_eq!(rows(0, &[10, 20, 15]), (vec![10, 20], true));
    assert_eq!(rows(1, &[12]), (vec![], false));
    assert_eq!(rows(2, &[5, 12]), (vec![5], false));
    assert_eq!(rows(3, &[30]), (vec![30], false));
    // 60 s after the last change.
    assert_eq!(rows(62, &[12]), (vec![], false));
    assert_eq!(rows(63, &[12]), (vec![12], false));
    // An hour later, names too.
    assert_eq!(rows(3600, &[12]), (vec![12], true));
}

#[test]
fn tries_names_again_that_were_not_written() {
    let mut intake = intake();
    let spans = [span(1, &[(1_000, "cs")])];
    let first = intake.accept(NOW, &spans);
    for write in &first {
        intake.forget(write);
    }
    let names = |writes: &[Write]| {
        writes.iter().filter(|w| matches!(w, Write::ServiceName { .. } | Write::SpanName { .. })).count()
    };
    assert_eq!(
        (names(&first), names(&intake.accept(NOW, &spans)), names(&intake.accept(NOW, &spans))),
        (2, 2, 0)
    );
}

#[test]
fn forgets_the_oldest_when_full() {
    let config = IntakeConfig { index_cache_max: 2, ..IntakeConfig::default() };
    let mut intake = Intake::new(config, Rng::new(1));
    let mut indexed = |trace: u64| {
        let span = Span { trace_id: Id(trace), name: String::new(), ..span(1, &[(1_000, "cs")]) };
        intake.accept(NOW, &[span]).iter().any(|write| matches!(write, Write::ByService { .. }))
    };
    assert_eq!([1, 2, 1, 3, 2, 1].map(&mut indexed), [true, true, false, true, false, true]);
}

#[test]
fn creates_the_keyspace_in_the_originals_order() {
    let statements = schema::create("zipkin_test");
    let heads: Vec<&str> = statements.iter().map(|s| s.lines().next().unwrap()).collect();
    expect![[r#"
        CREATE KEYSPACE IF NOT EXISTS zipkin_test WITH replication = {'class': 'SimpleStrategy', 'replication_factor': '1'}
        CREATE TABLE IF NOT EXISTS zipkin_test.service_span_name_index (
        CREATE TABLE IF NOT EXISTS zipkin_test.service_name_index (
        CREATE TABLE IF NOT EXISTS zipkin_test.span_names (
        CREATE TABLE IF NOT EXISTS zipkin_test.annotations_index (
        CREATE TABLE IF NOT EXISTS zipkin_test.dependencies (
        CREATE TABLE IF NOT EXISTS zipkin_test.service_names (
        CREATE TABLE IF NOT EXISTS zipkin_test.traces ("#]].assert_eq(&heads.join("\n"));
    assert!(statements[2].contains("AND default_time_to_live =  259200"));
    expect![[r#"
        CREATE TABLE IF NOT EXISTS zipkin_test.traces (
            trace_id  bigint,
            ts        timestamp,
            span_name text,
            span      blob,
            PRIMARY KEY (trace_id, ts, span_name)
        )
            WITH compaction = {'class': 'org.apache.cassandra.db.compaction.DateTieredCompactionStrategy', 'max_window_size_seconds': '86400'}
            AND default_time_to_live =  604800"#]].assert_eq(&statements[7]);
}
