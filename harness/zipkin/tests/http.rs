//! What the components answer over HTTP while Cassandra and Kafka are not there.
#![allow(clippy::unwrap_used)] // In helpers, too.

use std::collections::BTreeMap;
use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;

use reqwest::{Client, Method};
use serde_json::{Value, json};
use stacklab_machine::service::{ZipkinRole, ZipkinSpec};
use stacklab_zipkin::{Handle, LogSink, Options, StartError, StorageAtStart, start};

fn pairs(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

/// An address at which nobody listens: bound once, so that nobody else has it, and given up.
fn nobody(host: &str) -> String {
    TcpListener::bind((host, 0)).unwrap().local_addr().unwrap().to_string()
}

fn silent() -> LogSink {
    Arc::new(|_| {})
}

fn query_spec(cassandra: &str) -> ZipkinSpec {
    ZipkinSpec {
        role: ZipkinRole::Query,
        host: "127.88.3.1".into(),
        env: pairs(&[
            ("QUERY_PORT", "0"),
            ("QUERY_ADMIN_PORT", "0"),
            ("CASSANDRA_CONTACT_POINTS", cassandra),
        ]),
        flags: BTreeMap::new(),
        config_file: Some("query-cassandra.scala".into()),
    }
}

async fn query() -> (Handle, String) {
    let handle = start(&query_spec(&nobody("127.88.3.2")), Options::default(), silent()).await.unwrap();
    let base = format!("http://{}", handle.addresses()["query"]);
    (handle, base)
}

async fn get(url: &str) -> (u16, String) {
    let answer = reqwest::get(url).await.unwrap();
    (answer.status().as_u16(), answer.text().await.unwrap())
}

/// An error page without its time.
async fn error(url: &str) -> Value {
    let (_, text) = get(url).await;
    let mut page: Value = serde_json::from_str(&text).unwrap();
    page.as_object_mut().unwrap().remove("timestamp").unwrap();
    page
}

#[tokio::test]
async fn answers_without_cassandra_as_the_original_does() {
    let (handle, base) = query().await;
    let (status, health) = get(&format!("{base}/health")).await;
    let health: Value = serde_json::from_str(&health).unwrap();
    assert_eq!((status, &health["status"]), (503, &json!("DOWN")));
    let failure = health["zipkin"]["CassandraStorage"]["error"].as_str().unwrap();
    assert!(
        failure.starts_with(
            "com.datastax.driver.core.exceptions.NoHostAvailableException: All host(s) tried for query failed (tried: "
        ),
        "{failure}"
    );

    let page = error(&format!("{base}/api/v1/services")).await;
    assert_eq!(page["status"], 500);
    assert_eq!(page["exception"], "com.datastax.driver.core.exceptions.NoHostAvailableException");
    assert_eq!(page["path"], "/api/v1/services");

    let span = r#"[{"traceId":"1","id":"2","name":"a"}]"#;
    let posted = Client::new().post(format!("{base}/api/v1/spans")).body(span).send().await.unwrap();
    assert_eq!(posted.status(), 500);
    let text = posted.text().await.unwrap();
    assert!(
        text.starts_with(
            "Cannot store spans [0000000000000001.0000000000000002<:0000000000000002] due to \
             NoHostAvailableException(All host(s) tried for query failed (tried: "
        ),
        "{text}"
    );
    let counts = handle.counters()["http"];
    assert_eq!((counts.messages, counts.spans, counts.spans_dropped), (1, 1, 1));
    let (_, metrics) = get(&format!("{base}/metrics")).await;
    let metrics: Value = serde_json::from_str(&metrics).unwrap();
    assert_eq!(metrics["counter.zipkin_collector.spans_dropped.http"], 1);
    assert_eq!(metrics.get("counter.zipkin_collector.messages_dropped.http"), None);
    let admin = format!("http://{}/info", handle.addresses()["query-admin"]);
    assert_eq!(get(&admin).await, (200, r#"{"zipkin":{"version":"1.14.1"}}"#.into()));
    assert_eq!(handle.stop().await.code, 143);
}

#[tokio::test]
async fn refuses_before_it_asks_cassandra() {
    let (_handle, base) = query().await;
    let illegal = "java.lang.IllegalArgumentException";
    let refused = [
        ("/api/v1/traces?serviceName=", 500, illegal, "serviceName was empty"),
        ("/api/v1/traces?spanName=a", 500, illegal, "serviceName required on spanName query"),
        ("/api/v1/traces?maxDuration=1", 500, illegal, "maxDuration is only valid with minDuration"),
        (
            "/api/v1/trace/XYZ",
            500,
            "java.lang.NumberFormatException",
            "XYZ should be a 1 to 32 character lower-hex string with no prefix",
        ),
        (
            "/api/v1/spans",
            400,
            "org.springframework.web.bind.MissingServletRequestParameterException",
            "Required String parameter 'serviceName' is not present",
        ),
        (
            "/api/v1/dependencies",
            400,
            "org.springframework.web.bind.MissingServletRequestParameterException",
            "Required long parameter 'endTs' is not present",
        ),
    ];
    for (path, status, exception, message) in refused {
        let page = error(&format!("{base}{path}")).await;
        let path = path.split('?').next().unwrap();
        assert_eq!(page["status"], status);
        assert_eq!(
            (&page["exception"], &page["message"], &page["path"]),
            (&json!(exception), &json!(message), &json!(path))
        );
    }
    for path in ["/zipkin", "/traces", "/api/v1/x"] {
        let expected =
            json!({"status": 404, "error": "Not Found", "message": "No message available", "path": path});
        assert_eq!(error(&format!("{base}{path}")).await, expected);
    }
    let put = Client::new().request(Method::PUT, format!("{base}/api/v1/spans")).send().await.unwrap();
    assert_eq!(put.status(), 405);
}

#[tokio::test]
async fn takes_posted_bodies_as_the_original_does() {
    let (handle, base) = query().await;
    let post = |kind: &'static str, body: Vec<u8>| {
        let request =
            Client::new().post(format!("{base}/api/v1/spans")).header("content-type", kind).body(body);
        async move {
            let answer = request.send().await.unwrap();
            (answer.status().as_u16(), answer.text().await.unwrap())
        }
    };
    assert_eq!(post("application/json", b"[]".to_vec()).await, (202, String::new()));
    let (status, text) = post("application/x-thrift", b"garbage".to_vec()).await;
    assert_eq!(
        (status, text.as_str()),
        (
            400,
            "Cannot decode spans due to IllegalArgumentException(Malformed reading List<Span> from TBinary: )\n"
        )
    );
    assert_eq!(post("text/plain", b"nothing".to_vec()).await.0, 400);
    let (status, text) = post("application/json", Vec::new()).await;
    assert_eq!(status, 400);
    assert!(text.contains("Required request body is missing"), "{text}");
    assert_eq!(post("application/json", vec![b' '; (16 << 20) + 1]).await.0, 413);
    let counts = handle.counters()["http"];
    assert_eq!((counts.messages, counts.messages_dropped, counts.spans), (3, 2, 0));
}

#[tokio::test]
async fn echoes_origins() {
    let (_handle, base) = query().await;
    let request = Client::new().get(format!("{base}/api/v1/spans")).header("origin", "http://x");
    let answer = request.send().await.unwrap();
    assert_eq!(answer.headers()["access-control-allow-origin"], "http://x");
    assert_eq!(answer.headers()["x-application-context"], "zipkin-server:9411");
}

fn web_spec(query: &str) -> ZipkinSpec {
    ZipkinSpec {
        role: ZipkinRole::Web,
        host: "127.88.3.3".into(),
        env: BTreeMap::new(),
        flags: pairs(&[
            ("zipkin.web.port", ":0"),
            ("admin.port", ":0"),
            ("zipkin.web.query.dest", query),
            ("zipkin.web.query.limit", "25"),
            ("zipkin.web.resourcesRoot", "resources"),
        ]),
        config_file: None,
    }
}

#[tokio::test]
async fn the_page_is_at_the_originals_addresses() {
    let web = start(&web_spec(&nobody("127.88.3.4")), Options::default(), silent()).await.unwrap();
    let base = format!("http://{}", web.addresses()["web"]);
    let (status, document) = get(&base).await;
    assert_eq!(status, 200);
    for path in ["/index.html", "/traces/1a2b", "/dependency", "/?serviceName=web&spanName=all"] {
        assert_eq!(get(&format!("{base}{path}")).await, (200, document.clone()), "{path}");
    }
    for path in ["/app.js", "/app.css", "/icon.svg"] {
        assert!(document.contains(path));
        assert_eq!(get(&format!("{base}{path}")).await.0, 200, "{path}");
    }
    assert_eq!(get(&format!("{base}/traces")).await.0, 404);
    let (_, config) = get(&format!("{base}/config.json")).await;
    let expected = r#"{"environment":"","queryLimit":25,"defaultLookback":3600000,"instrumented":".*"}"#;
    assert_eq!(config, expected);
    // The query service is down: the page is told so in words.
    let page = error(&format!("{base}/api/v1/services")).await;
    assert_eq!(page["status"], 503);
    let message = page["message"].as_str().unwrap();
    assert!(
        message.starts_with("the query service does not answer: connection refused: 127.88.3.4:"),
        "{message}"
    );
}

#[tokio::test]
async fn the_page_passes_the_api_on() {
    let (query, _) = query().await;
    let dest = query.addresses()["query"].to_string();
    let web = start(&web_spec(&dest), Options::default(), silent()).await.unwrap();
    let base = format!("http://{}", web.addresses()["web"]);
    let page = error(&format!("{base}/api/v1/traces?limit=0")).await;
    assert_eq!(page["message"], "limit should be positive: was 0");
    let posted = Client::new().post(format!("{base}/api/v1/spans")).body("[]").send().await.unwrap();
    assert_eq!(posted.status(), 202);
}

#[tokio::test]
async fn says_why_it_does_not_start() {
    let taken = TcpListener::bind("127.88.3.5:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let mut spec = query_spec("localhost");
    spec.host = "127.88.3.5".into();
    spec.env.insert("QUERY_PORT".into(), port.clone());
    let error = start(&spec, Options::default(), silent()).await.unwrap_err();
    assert!(matches!(error, StartError::Bind { port: "query", .. }));
    assert!(
        error.to_string().starts_with(&format!("cannot bind the query port 127.88.3.5:{port}: ")),
        "{error}"
    );

    spec.env.insert("QUERY_PORT".into(), "http".into());
    let error = start(&spec, Options::default(), silent()).await.unwrap_err();
    assert_eq!(error.to_string(), "QUERY_PORT is 'http', which is not a port");
}

#[tokio::test]
async fn ends_by_itself_where_cassandra_is_required() {
    let options = Options { storage_at_start: StorageAtStart::Required, ..Options::default() };
    let handle = start(&query_spec(&nobody("127.88.3.6")), options, silent()).await.unwrap();
    let exit = tokio::time::timeout(Duration::from_secs(10), handle.exited()).await.unwrap();
    assert_eq!(exit.code, 1);
    assert!(exit.message.contains("NoHostAvailableException"), "{}", exit.message);
    assert_eq!(handle.stop().await, exit);
}

#[tokio::test]
async fn a_collector_without_kafka_is_well_and_does_nothing() {
    let spec = ZipkinSpec {
        role: ZipkinRole::Collector,
        host: "127.88.3.7".into(),
        env: pairs(&[
            ("COLLECTOR_PORT", "0"),
            ("COLLECTOR_ADMIN_PORT", "0"),
            ("CASSANDRA_CONTACT_POINTS", &nobody("127.88.3.8")),
        ]),
        flags: BTreeMap::new(),
        config_file: Some("collector-cassandra.scala".into()),
    };
    let collector = start(&spec, Options::default(), silent()).await.unwrap();
    let admin = format!("http://{}", collector.addresses()["collector-admin"]);
    let (status, health) = get(&format!("{admin}/health")).await;
    let health: Value = serde_json::from_str(&health).unwrap();
    assert_eq!((status, health["zipkin"].get("KafkaCollector")), (503, None));
    assert_eq!(get(&format!("{admin}/metrics")).await, (200, "{}".into()));
    // Scribe is not spoken: the connection is taken and closed.
    let scribe = collector.addresses()["collector"];
    let mut stream = tokio::net::TcpStream::connect(scribe).await.unwrap();
    let mut byte = [0];
    let read = tokio::io::AsyncReadExt::read(&mut stream, &mut byte);
    assert_eq!(tokio::time::timeout(Duration::from_secs(5), read).await.unwrap().unwrap(), 0);
}
