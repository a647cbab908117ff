//! The keyspace: which tables there are, and the statements that Zipkin prepares.
//!
//! Column order, options and statement texts are those of Zipkin 1.14.1 and its driver, so that a look at
//! Cassandra's schema tables and prepared statements shows the same.

/// What has to be run to create the keyspace, in order. Comments in both of CQL's ways are part of it, as they are in
/// the original's file.
pub fn create(keyspace: &str) -> Vec<String> {
    let index = "WITH CLUSTERING ORDER BY (ts DESC)
    AND compaction = {'class': 'org.apache.cassandra.db.compaction.DateTieredCompactionStrategy', \
         'max_window_size_seconds': '86400'}
    AND default_time_to_live =  259200";
    let names =
        "WITH compaction = {'class': 'org.apache.cassandra.db.compaction.LeveledCompactionStrategy', \
         'unchecked_tombstone_compaction': 'true', 'tombstone_threshold': '0.2'}
    AND default_time_to_live =  259200";
    let traces = "WITH compaction = {'class': \
         'org.apache.cassandra.db.compaction.DateTieredCompactionStrategy', 'max_window_size_seconds': '86400'}
    AND default_time_to_live =  604800";
    let table = |name: &str, columns: &str, options: &str| {
        format!("CREATE TABLE IF NOT EXISTS {keyspace}.{name} (\n{columns})\n    {options}")
    };
    vec![
        format!(
            "CREATE KEYSPACE IF NOT EXISTS {keyspace} WITH replication = {{'class': 'SimpleStrategy', \
             'replication_factor': '1'}}"
        ),
        table("service_span_name_index", SERVICE_SPAN_NAME_INDEX, index),
        table("service_name_index", SERVICE_NAME_INDEX, index),
        table("span_names", SPAN_NAMES, names),
        table("annotations_index", ANNOTATIONS_INDEX, index),
        table("dependencies", DEPENDENCIES, names),
        table("service_names", SERVICE_NAMES, names),
        table("traces", TRACES, traces),
    ]
}

const SERVICE_SPAN_NAME_INDEX: &str =
    "    service_span_name text,      // service and span name, a dot between them
    ts                timestamp, // start of the span in ms
    trace_id          bigint,    // low 64 bits; two traces may start in the same millisecond
    PRIMARY KEY (service_span_name, ts, trace_id)
";
const SERVICE_NAME_INDEX: &str = "    service_name      text,      // service
    bucket            int,       // 0 to 9, drawn at random: no partition becomes too hot
    ts                timestamp, // start of the span in ms
    trace_id          bigint,    // low 64 bits; two traces may start in the same millisecond
    PRIMARY KEY ((service_name, bucket), ts, trace_id)
";
const SPAN_NAMES: &str = "    service_name text,
    bucket       int,   -- always 0
    span_name    text,
    PRIMARY KEY ((service_name, bucket), span_name)
";
const ANNOTATIONS_INDEX: &str = "    annotation     blob,      // service:value or service:key:value
    bucket         int,       // 0 to 9, drawn at random: no partition becomes too hot
    ts             timestamp, // start of the span in ms
    trace_id       bigint,    // low 64 bits; two traces may start in the same millisecond
    PRIMARY KEY ((annotation, bucket), ts, trace_id)
";
const DEPENDENCIES: &str = "    day          timestamp,
    dependencies blob,
    PRIMARY KEY (day)
";
const SERVICE_NAMES: &str = "    service_name text,
    PRIMARY KEY (service_name)
";
const TRACES: &str = "    trace_id  bigint,
    ts        timestamp,
    span_name text,
    span      blob,
    PRIMARY KEY (trace_id, ts, span_name)
";

/// The health check; not prepared.
pub const CHECK: &str = "SELECT trace_id FROM traces LIMIT 1;";
/// Spans of traces: ids, limit.
pub const SELECT_TRACES: &str = "SELECT trace_id,span FROM traces WHERE trace_id IN :trace_id LIMIT :limit_;";
/// Dependencies: days.
pub const SELECT_DEPENDENCIES: &str = "SELECT dependencies FROM dependencies WHERE day IN :days;";
/// All services.
pub const SELECT_SERVICE_NAMES: &str = "SELECT service_name FROM service_names;";
/// Span names of a service: service, bucket, limit.
pub const SELECT_SPAN_NAMES: &str =
    "SELECT span_name FROM span_names WHERE service_name=:service_name AND bucket=:bucket LIMIT :limit_;";
/// Traces of a service: service, buckets, from, to, limit.
pub const SELECT_BY_SERVICE: &str = "SELECT ts,trace_id FROM service_name_index WHERE \
    service_name=:service_name AND bucket IN :bucket AND ts>=:start_ts AND ts<=:end_ts ORDER BY ts DESC \
    LIMIT :limit_;";
/// Traces of a span name: `service.span`, from, to, limit.
pub const SELECT_BY_SPAN: &str = "SELECT ts,trace_id FROM service_span_name_index WHERE \
    service_span_name=:service_span_name AND ts>=:start_ts AND ts<=:end_ts ORDER BY ts DESC LIMIT :limit_;";
/// Traces with an annotation: annotation, buckets, from, to, limit.
pub const SELECT_BY_ANNOTATION: &str = "SELECT ts,trace_id FROM annotations_index WHERE \
    annotation=:annotation AND bucket IN :bucket AND ts>=:start_ts AND ts<=:end_ts ORDER BY ts DESC \
    LIMIT :limit_;";
/// Traces of several services: services, buckets, from, to, limit.
pub const SELECT_BY_SERVICES: &str = "SELECT ts,trace_id FROM service_name_index WHERE \
    service_name IN :service_name AND bucket IN :bucket AND ts>=:start_ts AND ts<=:end_ts ORDER BY ts DESC \
    LIMIT :limit_;";

/// A span: trace id, time, row name, span.
pub const INSERT_SPAN: &str =
    "INSERT INTO traces (trace_id,ts,span_name,span) VALUES (:trace_id,:ts,:span_name,:span);";
/// A service.
pub const INSERT_SERVICE_NAME: &str = "INSERT INTO service_names (service_name) VALUES (:service_name);";
/// A span name: service, span name.
pub const INSERT_SPAN_NAME: &str =
    "INSERT INTO span_names (service_name,bucket,span_name) VALUES (:service_name,0,:span_name);";
/// An index row: time, trace id, service, bucket.
pub const INSERT_BY_SERVICE: &str = "INSERT INTO service_name_index (ts,trace_id,service_name,bucket) VALUES \
    (:ts,:trace_id,:service_name,:bucket);";
/// An index row: time, trace id, `service.span`.
pub const INSERT_BY_SPAN: &str = "INSERT INTO service_span_name_index (ts,trace_id,service_span_name) VALUES \
    (:ts,:trace_id,:service_span_name);";
/// An index row: time, trace id, annotation, bucket.
pub const INSERT_BY_ANNOTATION: &str = "INSERT INTO annotations_index (ts,trace_id,annotation,bucket) VALUES \
    (:ts,:trace_id,:annotation,:bucket);";

/// Buckets of an index.
pub const BUCKETS: i32 = 10;
/// Rows of `traces` that one request reads at most.
pub const MAX_TRACE_ROWS: i32 = 100_000;
/// Span names of a service that are listed at most.
pub const MAX_SPAN_NAMES: i32 = 1000;
