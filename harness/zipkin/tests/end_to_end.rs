//! Spans on the whole way: produced with librdkafka, consumed and stored by the collector, looked at with a foreign
//! Cassandra driver, answered by the query service.
#![allow(clippy::unwrap_used)] // In helpers, too.

mod common;

use std::collections::BTreeSet;
use std::time::Duration;

use common::{Stack, now, stack, until};
use scylla::value::CqlTimestamp;
use serde_json::{Value, json};
use stacklab_traces::{
    Annotation, BinaryAnnotation, Endpoint, Expectation, Id, LoadConfig, Message, MessageId, Readback, Span,
    encode_span, encode_spans, gen_traces, load, parse_lower_hex, write_json_spans,
};
use stacklab_zipkin::{BadMessage, Options};

const MINUTE: Duration = Duration::from_secs(60);

/// Every value as text, sorted.
fn texts(list: &Value) -> BTreeSet<String> {
    list.as_array().unwrap().iter().map(|text| text.as_str().unwrap().to_owned()).collect()
}

/// Waits until so many spans have been stored or dropped.
async fn consumed(stack: &Stack, messages: u64) {
    until("messages consumed", || async {
        stack.collector.counters().get("kafka").is_some_and(|counts| counts.messages >= messages)
    })
    .await;
}

/// Asks for every trace and tells the readback what came.
async fn read_back(stack: &Stack, expectation: &Expectation, readback: &mut Readback) {
    for (id, trace) in &expectation.traces {
        let path = format!("/api/v1/trace/{}", trace.trace_id);
        let url = format!("http://{}{path}", stack.query.addresses()["query"]);
        let (status, text) = common::get(&url).await;
        if status == 404 {
            continue;
        }
        let spans: Value = serde_json::from_str(&text).unwrap();
        for span in spans.as_array().unwrap() {
            let (_, span) = parse_lower_hex(span["id"].as_str().unwrap()).unwrap();
            readback.queried(*id, span);
        }
    }
}

async fn send_all(stack: &Stack, messages: &[Message], readback: &mut Readback) {
    for (index, message) in messages.iter().enumerate() {
        stack.send(Some(&message.value)).await;
        readback.produced(MessageId(index));
    }
}

#[tokio::test]
async fn workloads_come_back_whole() {
    let stack = stack("127.88.4.1").await;
    let start = now() - MINUTE;
    let mut workload = load(11, start, LoadConfig { traces: 8, ..LoadConfig::default() }).unwrap();
    let generated = gen_traces(3, start, 0x7f58_0401);
    workload.messages.extend(generated.messages.clone());
    let expectation = Expectation::of(workload.messages.iter().map(|message| &message.span));
    let mut readback = Readback::new(&workload.messages);
    send_all(&stack, &workload.messages, &mut readback).await;
    consumed(&stack, workload.messages.len() as u64).await;
    let deadline = tokio::time::Instant::now() + Duration::from_secs(10);
    while !readback.is_complete() && tokio::time::Instant::now() < deadline {
        read_back(&stack, &expectation, &mut readback).await;
    }
    assert_eq!(readback.missing().collect::<Vec<_>>(), []);

    let services = texts(&stack.ask("/api/v1/services").await);
    assert_eq!(services, expectation.span_names.keys().cloned().collect());
    for (service, names) in &expectation.span_names {
        assert_eq!(
            texts(&stack.ask(&format!("/api/v1/spans?serviceName={service}")).await),
            *names,
            "{service}"
        );
        let found = stack.ask(&format!("/api/v1/traces?limit=1000&serviceName={service}")).await;
        let found: BTreeSet<String> = found
            .as_array()
            .unwrap()
            .iter()
            .map(|trace| trace[0]["traceId"].as_str().unwrap().to_owned())
            .collect();
        let wanted = expectation.traces.values().filter(|trace| trace.found_by.contains(service));
        assert_eq!(found, wanted.map(|trace| trace.trace_id.clone()).collect(), "{service}");
    }
    let all = stack.ask("/api/v1/traces?limit=1000").await;
    assert_eq!(all.as_array().unwrap().len(), expectation.traces.len());

    let session = stack.cassandra().await;
    let rows =
        session.query_unpaged("SELECT trace_id, ts, span_name, span FROM zipkin.traces", ()).await.unwrap();
    let rows = rows.into_rows_result().unwrap();
    let mut stored = Readback::new(&workload.messages);
    for row in rows.rows::<(i64, CqlTimestamp, String, Vec<u8>)>().unwrap() {
        let (trace, _, name, blob) = row.unwrap();
        assert!(stored.stored(&blob), "{trace} {name}");
    }
    assert_eq!(stored.reached(stacklab_machine::timeline::Stage::Stored), workload.messages.len());
    assert_eq!(stack.collector.counters()["kafka"].messages_dropped, 0);
}

fn span(trace: u64, id: u64, name: &str) -> Span {
    let at = i64::try_from((now() - MINUTE).as_micros()).unwrap();
    let web = Endpoint { port: 80, ..Endpoint::new("Web", 0x0a00_0001) };
    Span {
        trace_id: Id(trace),
        id: Id(id),
        name: name.into(),
        timestamp: Some(at),
        duration: Some(80_000),
        annotations: vec![
            Annotation::new(at, "cs", &web),
            Annotation::new(at + 10, "Cache Miss", &web),
            Annotation::new(at + 80_000, "cr", &web),
        ],
        binary_annotations: vec![BinaryAnnotation::text("http.path", "/Index", &web)],
        ..Span::default()
    }
}

#[tokio::test]
async fn takes_all_forms_and_survives_garbage() {
    let mut stack = stack("127.88.4.2").await;
    stack.send(Some(write_json_spans(&[span(1, 1, "Json")]).as_bytes())).await;
    stack.send(Some(&encode_spans(&[span(2, 2, "List"), span(3, 3, "List")]))).await;
    stack.send(Some(b"garbage")).await;
    stack.send(Some(b"")).await;
    stack.send(Some(&encode_span(&span(4, 4, "Single")))).await;
    consumed(&stack, 5).await;
    until("the last span", || async { texts(&stack.ask("/api/v1/spans?serviceName=WEB").await).len() == 3 })
        .await;
    assert_eq!(stack.ask("/api/v1/spans?serviceName=web").await, json!(["json", "list", "single"]));
    assert_eq!(stack.ask("/api/v1/traces?serviceName=web").await.as_array().unwrap().len(), 4);
    let counts = stack.collector.counters()["kafka"];
    assert_eq!((counts.messages, counts.messages_dropped, counts.spans, counts.spans_dropped), (5, 2, 4, 0));
    let (_, metrics) = stack.admin("/metrics").await;
    assert_eq!(metrics["counter.zipkin_collector.messages_dropped.kafka"], 2);
    let up = json!({"status": "UP"});
    let zipkin = json!({"status": "UP", "KafkaCollector": up, "CassandraStorage": up});
    let (status, health) = stack.admin("/health").await;
    assert_eq!((status, &health["status"], &health["zipkin"]), (200, &json!("UP"), &zipkin));
    assert_eq!(health["diskSpace"]["threshold"], 10_485_760);

    // A null value ends the stream for good; a restart recovers it.
    stack.send(None).await;
    until("the stream's death", || async { stack.admin("/health").await.0 == 503 }).await;
    let (_, health) = stack.admin("/health").await;
    let failure = health["zipkin"]["KafkaCollector"]["error"].as_str().unwrap();
    assert!(failure.starts_with("java.lang.NullPointerException"), "{failure}");
    stack.send(Some(&encode_span(&span(5, 5, "after")))).await;
    stack.restart_collector(Options::default()).await;
    until("the span behind the null", || async {
        texts(&stack.ask("/api/v1/spans?serviceName=web").await).contains("after")
    })
    .await;

    // The Scala collector's way: the first bad message ends the thread, and nobody is told.
    let options = Options { bad_message: BadMessage::StopThread, ..Options::default() };
    stack.restart_collector(options).await;
    stack.send(Some(b"garbage")).await;
    stack.send(Some(&encode_span(&span(6, 6, "lost")))).await;
    until("the bad message", || async {
        stack.collector.counters().get("kafka").is_some_and(|counts| counts.messages_dropped > 0)
    })
    .await;
    assert_eq!(stack.admin("/health").await.0, 200);
    assert!(!texts(&stack.ask("/api/v1/spans?serviceName=web").await).contains("lost"));
}

#[tokio::test]
async fn answers_as_the_original_does() {
    let stack = stack("127.88.4.3").await;
    let base = format!("http://{}", stack.query.addresses()["query"]);
    let wide = Span { trace_id_high: 0xfeed, ..span(0xabc1, 0xabc1, "Get") };
    let child = Span {
        parent_id: Some(Id(0xabc1)),
        timestamp: Some(wide.timestamp.unwrap() + 20),
        annotations: Vec::new(),
        ..span(0xabc1, 0xabc2, "Query")
    };
    let post = reqwest::Client::new().post(format!("{base}/api/v1/spans"));
    let posted = post.body(write_json_spans(&[wide.clone(), child])).send().await.unwrap();
    assert_eq!((posted.status().as_u16(), posted.text().await.unwrap().as_str()), (202, ""));
    until("both spans", || async {
        let (status, text) = common::get(&format!("{base}/api/v1/trace/abc1")).await;
        status == 200 && serde_json::from_str::<Value>(&text).unwrap().as_array().unwrap().len() == 2
    })
    .await;

    let trace = stack.ask("/api/v1/trace/000000000000feed000000000000abc1").await;
    assert_eq!(trace[0]["traceId"], "000000000000feed000000000000abc1");
    assert_eq!((&trace[0]["name"], &trace[1]["parentId"]), (&json!("get"), &json!("000000000000abc1")));
    assert_eq!(trace[0]["annotations"][1]["value"], "Cache Miss");
    assert_eq!(
        trace[0]["annotations"][1]["endpoint"],
        json!({"serviceName": "web", "ipv4": "10.0.0.1", "port": 80})
    );
    assert_eq!(stack.ask("/api/v1/trace/abc1?raw").await.as_array().unwrap().len(), 2);
    let missing = common::get(&format!("{base}/api/v1/trace/ffff")).await;
    assert_eq!(missing, (404, String::new()));

    let found = |query: &'static str| {
        let stack = &stack;
        async move { stack.ask(&format!("/api/v1/traces?{query}")).await.as_array().unwrap().len() }
    };
    assert_eq!(found("serviceName=Web&annotationQuery=Cache+Miss+and+http.path%3D/Index").await, 1);
    assert_eq!(found("serviceName=web&annotationQuery=http.path").await, 0);
    assert_eq!(found("serviceName=web&annotationQuery=http.path%3D/index").await, 0);
    assert_eq!(found("serviceName=web&spanName=GET&minDuration=300000").await, 1);
    assert_eq!(found("serviceName=web&spanName=other").await, 0);
    assert_eq!(found("serviceName=other").await, 0);
    assert_eq!(found("").await, 1);
    assert_eq!(found("lookback=1000").await, 0);
    assert_eq!(stack.ask("/api/v1/spans?serviceName=undefined").await, json!([]));
    assert_eq!(stack.ask("/api/v1/dependencies?endTs=0").await, json!([]));

    let today = now().as_millis() as i64 / 86_400_000 * 86_400_000;
    let link = |count| stacklab_zipkin::model::DependencyLink {
        parent: "web".into(),
        child: "db".into(),
        call_count: count,
    };
    let session = stack.cassandra().await;
    let insert = "INSERT INTO zipkin.dependencies (day, dependencies) VALUES (?, ?)";
    for (day, count) in [(today, 10), (today - 86_400_000, 2)] {
        let blob = stacklab_zipkin::model::encode_dependencies(day, day, &[link(count)]);
        session.query_unpaged(insert, (CqlTimestamp(day), blob)).await.unwrap();
    }
    let links = stack.ask(&format!("/api/v1/dependencies?endTs={}&lookback=86400000", today + 1)).await;
    assert_eq!(links, json!([{"parent": "web", "child": "db", "callCount": 12}]));
}

#[tokio::test]
async fn outlives_cassandra() {
    let mut stack = stack("127.88.4.4").await;
    stack.send(Some(&encode_span(&span(1, 1, "before")))).await;
    consumed(&stack, 1).await;
    until("the first span", || async {
        stack.ask("/api/v1/spans?serviceName=web").await == json!(["before"])
    })
    .await;
    let base = format!("http://{}", stack.query.addresses()["query"]);

    stack.stop_cassandra().await;
    assert_eq!(common::get(&format!("{base}/health")).await.0, 503);
    assert_eq!(common::get(&format!("{base}/api/v1/services")).await.0, 500);
    assert_eq!(stack.admin("/health").await.0, 503);
    stack.send(Some(&encode_span(&span(2, 2, "during")))).await;
    until("the lost span", || async { stack.collector.counters()["kafka"].spans_dropped == 1 }).await;

    stack.restart_cassandra().await;
    until("the query service", || async { common::get(&format!("{base}/health")).await.0 == 200 }).await;
    until("the collector", || async { stack.admin("/health").await.0 == 200 }).await;
    stack.send(Some(&encode_span(&span(3, 3, "after")))).await;
    until("the last span", || async {
        stack.ask("/api/v1/spans?serviceName=web").await == json!(["after", "before"])
    })
    .await;
}

#[tokio::test]
async fn goes_on_where_it_stopped() {
    let mut stack = stack("127.88.4.5").await;
    for id in 1..=3 {
        stack.send(Some(&encode_span(&span(id, id, "one")))).await;
    }
    consumed(&stack, 3).await;
    // The offsets are in ZooKeeper once the first collector has stopped; the second begins behind them.
    stack.restart_collector(Options::default()).await;
    stack.send(Some(&encode_span(&span(4, 4, "two")))).await;
    until("the fourth span", || async {
        stack.ask("/api/v1/spans?serviceName=web").await == json!(["one", "two"])
    })
    .await;
    let offset = stack.zookeeper.ensemble().get("/consumers/zipkin/offsets/zipkin/0").unwrap().0.unwrap();
    assert_eq!(offset.as_ref(), b"3");
    assert_eq!(stack.collector.counters()["kafka"].messages, 1);
}
