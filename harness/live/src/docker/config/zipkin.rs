//! What Zipkin-Mesos' services get, as the environment of zipkin-server, which plays collector and query service.

use std::collections::BTreeMap;

use stacklab_machine::service::{ZipkinRole, ZipkinSpec};

use super::Setup;

/// What both have in common: settings that zipkin-server reads under the same names.
const PASSED_ON: [&str; 12] = [
    "CASSANDRA_CONTACT_POINTS",
    "CASSANDRA_ENSURE_SCHEMA",
    "CASSANDRA_INDEX_CACHE_MAX",
    "CASSANDRA_INDEX_CACHE_TTL",
    "CASSANDRA_INDEX_FETCH_MULTIPLIER",
    "CASSANDRA_INDEX_TTL",
    "CASSANDRA_KEYSPACE",
    "CASSANDRA_LOCAL_DC",
    "CASSANDRA_MAX_CONNECTIONS",
    "CASSANDRA_PASSWORD",
    "CASSANDRA_SPAN_TTL",
    "CASSANDRA_USERNAME",
];

/// The collector's own.
const COLLECTORS: [&str; 6] = [
    "COLLECTOR_SAMPLE_RATE",
    "KAFKA_GROUP_ID",
    "KAFKA_MAX_MESSAGE_SIZE",
    "KAFKA_STREAMS",
    "KAFKA_TOPIC",
    "KAFKA_ZOOKEEPER",
];

/// The container of a collector or a query service.
pub(in crate::docker) fn zipkin(spec: &ZipkinSpec) -> Setup {
    let mut setup = Setup::new(256, 768);
    setup.flag("-Xverify:none");
    setup.flag("-Djava.security.egd=file:/dev/./urandom");
    // It reads JSON in the host's charset, and the image has none but ASCII: names would be lost.
    setup.flag("-Dfile.encoding=UTF-8");
    // Read by nobody here, and each costs time at the start.
    setup.flag("-Dspring.jmx.enabled=false");
    setup.flag("-Dspring.main.banner-mode=off");
    setup.env("STORAGE_TYPE", "cassandra");
    setup.env("SERVER_ADDRESS", spec.host.as_str());
    setup.env("QUERY_PORT", http_port(spec).to_string());
    let collector = spec.role == ZipkinRole::Collector;
    // The real one's Scribe listener binds every address: only where nothing else brings the spans.
    let scribe = collector && !spec.env.contains_key("KAFKA_ZOOKEEPER");
    setup.env("SCRIBE_ENABLED", scribe.to_string());
    let own: &[&str] = if collector { &COLLECTORS } else { &["QUERY_LOOKBACK"] };
    for name in PASSED_ON.iter().chain(own) {
        if let Some(value) = spec.env.get(*name) {
            setup.env(name, value.as_str());
        }
    }
    if scribe && let Some(port) = spec.env.get("COLLECTOR_PORT") {
        setup.env("COLLECTOR_PORT", port.as_str());
    }
    let level = if collector { "COLLECTOR_LOG_LEVEL" } else { "QUERY_LOG_LEVEL" };
    if let Some(level) = spec.env.get(level) {
        setup.env("LOGGING_LEVEL_ZIPKIN", level.as_str());
    }
    setup
}

/// The port of its HTTP: a collector's main port is Scribe's unless Kafka brings the spans, so that health and metrics
/// are on its admin port.
pub(in crate::docker) fn http_port(spec: &ZipkinSpec) -> u16 {
    let port = |of: &BTreeMap<String, String>, name: &str| -> Option<u16> { of.get(name)?.parse().ok() };
    match spec.role {
        ZipkinRole::Collector => port(&spec.env, "COLLECTOR_ADMIN_PORT")
            .or_else(|| port(&spec.env, "COLLECTOR_PORT"))
            .unwrap_or(9900),
        _ => port(&spec.env, "QUERY_PORT").unwrap_or(9411),
    }
}

#[cfg(test)]
mod tests {
    use super::super::shown;
    use super::*;
    use expect_test::expect;

    fn spec(role: ZipkinRole, env: &[(&str, &str)]) -> ZipkinSpec {
        let env = env.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
        ZipkinSpec { role, host: "127.78.0.11".into(), env, flags: BTreeMap::new(), config_file: None }
    }

    #[test]
    fn a_collector_reads_kafka_and_answers_on_its_admin_port() {
        let env = [
            ("COLLECTOR_PORT", "31001"),
            ("COLLECTOR_ADMIN_PORT", "31002"),
            ("KAFKA_ZOOKEEPER", "127.78.0.11:2181"),
            ("KAFKA_TOPIC", "spans"),
            ("CASSANDRA_CONTACT_POINTS", "127.78.0.12:31100"),
            ("HOME", "/root"),
        ];
        expect![[r#"
            java -Xmx256m -XX:TieredStopAtLevel=1 -Xshare:auto -XX:+UseSerialGC -XX:-UsePerfData -Xverify:none -Djava.security.egd=file:/dev/./urandom -Dfile.encoding=UTF-8 -Dspring.jmx.enabled=false -Dspring.main.banner-mode=off … 
            STORAGE_TYPE=cassandra
            SERVER_ADDRESS=127.78.0.11
            QUERY_PORT=31002
            SCRIBE_ENABLED=false
            CASSANDRA_CONTACT_POINTS=127.78.0.12:31100
            KAFKA_TOPIC=spans
            KAFKA_ZOOKEEPER=127.78.0.11:2181
        "#]].assert_eq(&shown(&zipkin(&spec(ZipkinRole::Collector, &env))));
    }

    #[test]
    fn a_query_service_reads_cassandra_only() {
        let env = [
            ("QUERY_PORT", "31001"),
            ("QUERY_ADMIN_PORT", "31002"),
            ("KAFKA_ZOOKEEPER", "127.78.0.11:2181"),
            ("CASSANDRA_CONTACT_POINTS", "127.78.0.12"),
        ];
        expect![[r#"
            java -Xmx256m -XX:TieredStopAtLevel=1 -Xshare:auto -XX:+UseSerialGC -XX:-UsePerfData -Xverify:none -Djava.security.egd=file:/dev/./urandom -Dfile.encoding=UTF-8 -Dspring.jmx.enabled=false -Dspring.main.banner-mode=off … 
            STORAGE_TYPE=cassandra
            SERVER_ADDRESS=127.78.0.11
            QUERY_PORT=31001
            SCRIBE_ENABLED=false
            CASSANDRA_CONTACT_POINTS=127.78.0.12
        "#]].assert_eq(&shown(&zipkin(&spec(ZipkinRole::Query, &env))));
    }
}
