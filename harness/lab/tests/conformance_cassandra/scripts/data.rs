//! Batches, light transactions, Zipkin's own schema and statements.

use super::{Script, cql};
use crate::operation::{Bind, How, Kind, Operation, Statement, batch, bytes, int, p, q};

pub(super) fn scripts() -> Vec<Script> {
    vec![("batches", batches()), ("light transactions", conditions()), ("zipkin", zipkin())]
}

fn batches() -> Vec<Operation> {
    let read = q("SELECT k, c, v, writetime(v), s FROM cf.t");
    let mut out = cql(&[
        "CREATE TABLE cf.t (k int, c int, v text, s int static, PRIMARY KEY (k, c))",
        "CREATE TABLE cf.n (k int PRIMARY KEY, n counter)",
    ]);
    for text in [
        "BEGIN BATCH INSERT INTO cf.t (k, c, v) VALUES (1, 1, 'a') INSERT INTO cf.t (k, c, v) VALUES (1, 2, 'b') APPLY BATCH",
        "BEGIN BATCH INSERT INTO cf.t (k, c, v) VALUES (1, 1, 'x'); DELETE FROM cf.t WHERE k = 1 AND c = 2; APPLY BATCH;",
        "BEGIN UNLOGGED BATCH UPDATE cf.t SET v = 'u' WHERE k = 2 AND c = 1 UPDATE cf.t SET s = 1 WHERE k = 2 APPLY BATCH",
        "BEGIN BATCH USING TIMESTAMP 50 INSERT INTO cf.t (k, c, v) VALUES (3, 1, 'a'); DELETE v FROM cf.t WHERE k = 3 AND c = 1; APPLY BATCH",
        "BEGIN BATCH USING TIMESTAMP 50 INSERT INTO cf.t (k, c, v) VALUES (3, 2, 'a') USING TIMESTAMP 60; APPLY BATCH",
        "BEGIN BATCH INSERT INTO cf.t (k, c, v) VALUES (3, 3, 'a') USING TIMESTAMP 60; INSERT INTO cf.t (k, c, v) VALUES (3, 3, 'b') USING TIMESTAMP 59; APPLY BATCH",
        "BEGIN BATCH USING TTL 5 INSERT INTO cf.t (k, c, v) VALUES (3, 4, 'a'); APPLY BATCH",
        "BEGIN BATCH USING TIMESTAMP 50 INSERT INTO cf.t (k, c, v) VALUES (3, 5, 'a') IF NOT EXISTS; APPLY BATCH",
        "BEGIN BATCH INSERT INTO cf.t (k, c, v) VALUES (4, 1, 'a'); INSERT INTO cf.t (k, c, v) VALUES (4, 1, 'b'); INSERT INTO cf.t (k, c, v) VALUES (4, 1, 'aa'); APPLY BATCH",
        "BEGIN BATCH INSERT INTO cf.t (k, c, v) VALUES (5, 1, 'a') IF NOT EXISTS; INSERT INTO cf.t (k, c, v) VALUES (5, 2, 'b') IF NOT EXISTS; APPLY BATCH",
        "BEGIN BATCH INSERT INTO cf.t (k, c, v) VALUES (5, 3, 'a') IF NOT EXISTS; INSERT INTO cf.t (k, c, v) VALUES (5, 2, 'b') IF NOT EXISTS; APPLY BATCH",
        "BEGIN BATCH UPDATE cf.t SET v = 'z' WHERE k = 5 AND c = 1 IF v = 'a'; INSERT INTO cf.t (k, c, v) VALUES (5, 9, 'q'); APPLY BATCH",
        "BEGIN BATCH UPDATE cf.t SET v = 'z' WHERE k = 5 AND c = 1 IF v = 'a'; UPDATE cf.t SET v = 'z' WHERE k = 5 AND c = 2 IF v = 'nope'; APPLY BATCH",
        "BEGIN BATCH INSERT INTO cf.t (k, c, v) VALUES (6, 1, 'a') IF NOT EXISTS; INSERT INTO cf.t (k, c, v) VALUES (7, 2, 'b'); APPLY BATCH",
        "BEGIN BATCH INSERT INTO cf.t (k, c, v) VALUES (6, 1, 'a'); INSERT INTO cf.nope (k) VALUES (7); APPLY BATCH",
        "BEGIN BATCH INSERT INTO cf.t (k, c, v) VALUES (6, 1, 7); APPLY BATCH",
        "BEGIN BATCH UPDATE cf.n SET n = n + 1 WHERE k = 1; APPLY BATCH",
        "BEGIN UNLOGGED BATCH UPDATE cf.n SET n = n + 1 WHERE k = 1; INSERT INTO cf.t (k, c) VALUES (9, 9); APPLY BATCH",
        "BEGIN BATCH USING TIMESTAMP 1 AND TTL 5 INSERT INTO cf.t (k, c, v) VALUES (3, 4, 'a'); APPLY BATCH",
        "BEGIN BATCH APPLY BATCH",
    ] {
        out.extend([q(text), read.clone()]);
    }
    let insert = "INSERT INTO cf.t (k, c, v) VALUES (?, ?, ?)";
    let row = |k, c, v: &str| Statement { cql: insert.to_owned(), binds: vec![int(k), int(c), bytes(v)] };
    let stamped = How { timestamp: Some(70), ..How::default() };
    for operation in [
        Operation::Batch(Kind::Logged, vec![row(10, 1, "a"), row(10, 2, "b")], How::default()),
        Operation::Batch(
            Kind::Unlogged,
            vec![row(10, 1, "c"), "DELETE FROM cf.t WHERE k = 10 AND c = 2".into()],
            How::default(),
        ),
        Operation::Batch(Kind::Logged, vec![row(11, 1, "a"), row(11, 2, "b")], stamped),
        Operation::Batch(
            Kind::Logged,
            vec!["INSERT INTO cf.t (k, c, v) VALUES (11, 3, 'x') USING TIMESTAMP 71".into(), row(11, 3, "y")],
            stamped,
        ),
        Operation::Batch(Kind::Logged, vec![], How::default()),
        Operation::Batch(
            Kind::Logged,
            vec![
                row(12, 1, "a"),
                Statement { cql: insert.to_owned(), binds: vec![int(12), Bind::Null, Bind::Null] },
            ],
            How::default(),
        ),
        Operation::Batch(
            Kind::Logged,
            vec![
                row(12, 1, "a"),
                Statement { cql: insert.to_owned(), binds: vec![int(12), int(2), Bind::Unset] },
            ],
            How::default(),
        ),
        batch(Kind::Logged, &["SELECT * FROM cf.t"]),
        batch(Kind::Logged, &["TRUNCATE cf.t"]),
        batch(Kind::Logged, &["INSERT INTO cf.t (k, c) VALUES (13, 1)", "nope"]),
        batch(Kind::Logged, &["UPDATE cf.n SET n = n + 1 WHERE k = 1"]),
        batch(Kind::Unlogged, &["UPDATE cf.n SET n = n + 1 WHERE k = 1"]),
        batch(Kind::Counter, &["UPDATE cf.n SET n = n + 1 WHERE k = 1"]),
        batch(Kind::Counter, &["INSERT INTO cf.t (k, c) VALUES (13, 1)"]),
        batch(
            Kind::Unlogged,
            &["UPDATE cf.n SET n = n + 1 WHERE k = 1", "INSERT INTO cf.t (k, c) VALUES (13, 1)"],
        ),
        batch(Kind::Logged, &["INSERT INTO cf.t (k, c, v) VALUES (14, 1, 'x') IF NOT EXISTS"]),
        batch(
            Kind::Logged,
            &[
                "INSERT INTO cf.t (k, c, v) VALUES (14, 1, 'x') IF NOT EXISTS",
                "INSERT INTO cf.t (k, c, v) VALUES (14, 2, 'x')",
            ],
        ),
        batch(
            Kind::Logged,
            &[
                "INSERT INTO cf.t (k, c, v) VALUES (14, 3, 'x') IF NOT EXISTS",
                "INSERT INTO cf.t (k, c, v) VALUES (15, 2, 'x')",
            ],
        ),
        batch(Kind::Logged, &["BEGIN BATCH INSERT INTO cf.t (k, c) VALUES (16, 1); APPLY BATCH"]),
    ] {
        out.extend([operation, read.clone()]);
    }
    out.push(q("SELECT * FROM cf.n"));
    out
}

fn conditions() -> Vec<Operation> {
    let read = q("SELECT * FROM cf.t");
    let mut out = cql(&[
        "CREATE TABLE cf.t (k int, c int, v text, w int, s int static, l list<int>, m map<text, int>, PRIMARY KEY (k, c))",
    ]);
    for write in [
        "INSERT INTO cf.t (k, c, v, w) VALUES (1, 1, 'a', 5) IF NOT EXISTS",
        "INSERT INTO cf.t (k, c, v, w) VALUES (1, 1, 'b', 6) IF NOT EXISTS",
        "UPDATE cf.t SET v = 'c' WHERE k = 1 AND c = 1 IF v = 'a'",
        "UPDATE cf.t SET v = 'd' WHERE k = 1 AND c = 1 IF v = 'a'",
        "UPDATE cf.t SET v = 'd' WHERE k = 1 AND c = 1 IF v = 'a' AND w = 5",
        "UPDATE cf.t SET v = 'd' WHERE k = 1 AND c = 1 IF w > 4",
        "UPDATE cf.t SET v = 'd' WHERE k = 1 AND c = 1 IF w < 4",
        "UPDATE cf.t SET v = 'd' WHERE k = 1 AND c = 1 IF w >= 5 AND w <= 5",
        "UPDATE cf.t SET v = 'e' WHERE k = 1 AND c = 1 IF w != 5",
        "UPDATE cf.t SET v = 'e' WHERE k = 1 AND c = 1 IF w IN (5, 6)",
        "UPDATE cf.t SET v = 'f' WHERE k = 1 AND c = 1 IF w IN (7, 8)",
        "UPDATE cf.t SET v = 'f' WHERE k = 1 AND c = 1 IF w IN ()",
        "UPDATE cf.t SET v = 'f' WHERE k = 1 AND c = 1 IF w = null",
        "UPDATE cf.t SET v = 'f' WHERE k = 1 AND c = 1 IF w != null",
        "UPDATE cf.t SET v = 'f' WHERE k = 1 AND c = 1 IF w > null",
        "UPDATE cf.t SET v = 'g' WHERE k = 9 AND c = 1 IF v = null",
        "UPDATE cf.t SET v = 'g' WHERE k = 8 AND c = 1 IF v = 'x'",
        "UPDATE cf.t SET v = 'g' WHERE k = 8 AND c = 1 IF EXISTS",
        "UPDATE cf.t SET v = 'g' WHERE k = 1 AND c = 1 IF EXISTS",
        "UPDATE cf.t SET v = 'g' WHERE k = 1 AND c = 1 IF NOT EXISTS",
        "UPDATE cf.t SET v = 'g' WHERE k = 1 AND c = 1 IF k = 1",
        "UPDATE cf.t SET v = 'g' WHERE k = 1 AND c = 1 IF nope = 1",
        "UPDATE cf.t SET v = 'g' WHERE k = 1 AND c = 1 IF w = 'x'",
        "UPDATE cf.t SET s = 1 WHERE k = 1 IF s = null",
        "UPDATE cf.t SET s = 2 WHERE k = 1 IF s = 1",
        "UPDATE cf.t SET s = 3 WHERE k = 1 IF s = 1",
        "UPDATE cf.t SET v = 'h' WHERE k = 1 AND c = 1 IF s = 2",
        "UPDATE cf.t SET v = 'h' WHERE k = 1 IF s = 2",
        "UPDATE cf.t USING TIMESTAMP 5 SET v = 'h' WHERE k = 1 AND c = 1 IF v = 'g'",
        "UPDATE cf.t USING TTL 100000 SET v = 'h' WHERE k = 1 AND c = 1 IF v = 'h'",
        "UPDATE cf.t SET v = 'h' WHERE k IN (1, 2) AND c = 1 IF v = 'g'",
        "UPDATE cf.t SET v = 'h' WHERE k = 1 AND c IN (1, 2) IF v = 'g'",
        "DELETE FROM cf.t WHERE k = 1 AND c = 1 IF v = 'nope'",
        "DELETE v FROM cf.t WHERE k = 1 AND c = 1 IF EXISTS",
        "DELETE v FROM cf.t WHERE k = 1 AND c = 1 IF v = null",
        "DELETE FROM cf.t WHERE k = 1 AND c = 1 IF EXISTS",
        "DELETE FROM cf.t WHERE k = 1 AND c = 1 IF EXISTS",
        "DELETE FROM cf.t WHERE k = 1 IF EXISTS",
        "DELETE FROM cf.t WHERE k = 1 IF s = 3",
        "DELETE s FROM cf.t WHERE k = 1 IF s = 2",
        "INSERT INTO cf.t (k, s) VALUES (2, 5) IF NOT EXISTS",
        "INSERT INTO cf.t (k, s) VALUES (2, 6) IF NOT EXISTS",
        "INSERT INTO cf.t (k, c, s) VALUES (2, 1, 6) IF NOT EXISTS",
        "INSERT INTO cf.t (k, c, l, m) VALUES (3, 1, [1, 2], {'a': 1}) IF NOT EXISTS",
        "UPDATE cf.t SET v = 'i' WHERE k = 3 AND c = 1 IF l = [1, 2]",
        "UPDATE cf.t SET v = 'j' WHERE k = 3 AND c = 1 IF l = [2]",
        "UPDATE cf.t SET v = 'k' WHERE k = 3 AND c = 1 IF l[0] = 1",
        "UPDATE cf.t SET v = 'l' WHERE k = 3 AND c = 1 IF m['a'] = 1",
        "UPDATE cf.t SET v = 'm' WHERE k = 3 AND c = 1 IF m['a'] = 2",
        "UPDATE cf.t SET v = 'n' WHERE k = 3 AND c = 1 IF m = {'a': 1}",
        "UPDATE cf.t SET v = 'o' WHERE k = 3 AND c = 1 IF m > {'a': 0}",
        "INSERT INTO cf.t (k, c, v) VALUES (4, 1, 'x') IF NOT EXISTS USING TTL 100000",
        "INSERT INTO cf.t (k, c, v) VALUES (4, 2, 'x') IF NOT EXISTS USING TIMESTAMP 5",
    ] {
        out.extend([q(write), read.clone()]);
    }
    out.push(p("INSERT INTO cf.t (k, c, v) VALUES (?, ?, ?) IF NOT EXISTS", &[int(5), int(1), bytes("p")]));
    out.push(p("INSERT INTO cf.t (k, c, v) VALUES (?, ?, ?) IF NOT EXISTS", &[int(5), int(1), bytes("p")]));
    out.push(p(
        "UPDATE cf.t SET v = ? WHERE k = ? AND c = ? IF v = ?",
        &[bytes("q"), int(5), int(1), bytes("p")],
    ));
    out.push(p(
        "UPDATE cf.t SET v = ? WHERE k = ? AND c = ? IF v = ?",
        &[bytes("q"), int(5), int(1), Bind::Null],
    ));
    out.push(p(
        "UPDATE cf.t SET v = ? WHERE k = ? AND c = ? IF v = ?",
        &[bytes("q"), int(5), int(1), Bind::Unset],
    ));
    out.push(p(
        "UPDATE cf.t SET v = ? WHERE k = ? AND c = ? IF v IN ?",
        &[bytes("q"), int(5), int(1), bytes([0, 0, 0, 1, 0, 0, 0, 1, b'q'])],
    ));
    out.push(p(
        "UPDATE cf.t SET v = ? WHERE k = ? AND c = ? IF v IN (?, ?)",
        &[bytes("q"), int(5), int(1), bytes("q"), Bind::Null],
    ));
    out
}

/// The tables that Zipkin's storage makes, and what it says to them.
fn zipkin() -> Vec<Operation> {
    let mut out = cql(&[
        "CREATE TABLE IF NOT EXISTS cf.traces (\n    trace_id  bigint,\n    ts        timestamp, // start time of the span\n    span_name text,      -- name\n    span      blob,\n    PRIMARY KEY (trace_id, ts, span_name)\n)\nWITH CLUSTERING ORDER BY (ts ASC) AND compaction = {'class': 'org.apache.cassandra.db.compaction.DateTieredCompactionStrategy', 'max_window_size_seconds': '86400'}\n    AND default_time_to_live =  604800",
        "CREATE TABLE IF NOT EXISTS cf.service_names (service_name text PRIMARY KEY) WITH caching = {'rows_per_partition': 'ALL'} AND default_time_to_live =  259200",
        "CREATE TABLE IF NOT EXISTS cf.span_names (service_name text, bucket int, span_name text, PRIMARY KEY ((service_name, bucket), span_name)) WITH compaction = {'class': 'org.apache.cassandra.db.compaction.LeveledCompactionStrategy', 'unchecked_tombstone_compaction': 'true', 'tombstone_threshold': '0.2'} AND caching = {'rows_per_partition': 'ALL'} AND default_time_to_live =  259200",
        "CREATE TABLE IF NOT EXISTS cf.service_name_index (service_name text, bucket int, ts timestamp, trace_id bigint, PRIMARY KEY ((service_name, bucket), ts)) WITH CLUSTERING ORDER BY (ts DESC) AND default_time_to_live =  259200",
        "SELECT * FROM system.schema_keyspaces WHERE keyspace_name = 'cf'",
        "SELECT columnfamily_name, column_name, component_index, index_name, index_options, index_type, type, validator FROM system.schema_columns WHERE keyspace_name = 'cf'",
        "SELECT columnfamily_name, caching, comparator, compaction_strategy_class, compaction_strategy_options, default_time_to_live, key_validator FROM system.schema_columnfamilies WHERE keyspace_name = 'cf'",
    ]);
    let long = |n: i64| bytes(n.to_be_bytes());
    for trace in 1..4_i64 {
        out.push(p(
            "INSERT INTO cf.traces (trace_id,ts,span_name,span) VALUES (:trace_id,:ts,:span_name,:span);",
            &[long(trace), long(trace * 1000), bytes("7_1_1"), bytes([trace as u8; 20])],
        ));
        out.push(p(
            "INSERT INTO cf.service_name_index (ts,trace_id,service_name,bucket) VALUES (:ts,:trace_id,:service_name,:bucket);",
            &[long(trace * 1000), long(trace), bytes("web"), int(trace as i32)],
        ));
        out.push(p("INSERT INTO cf.service_names (service_name) VALUES (:service_name);", &[bytes("web")]));
        out.push(p(
            "INSERT INTO cf.span_names (service_name,bucket,span_name) VALUES (:service_name,0,:span_name);",
            &[bytes("web"), bytes("get")],
        ));
    }
    let traces = bytes(
        [&[0, 0, 0, 2][..], &[0, 0, 0, 8], &3_i64.to_be_bytes(), &[0, 0, 0, 8], &1_i64.to_be_bytes()]
            .concat(),
    );
    let buckets = bytes(
        [&[0, 0, 0, 3][..], &[0, 0, 0, 4, 0, 0, 0, 1], &[0, 0, 0, 4, 0, 0, 0, 3], &[0, 0, 0, 4, 0, 0, 0, 2]]
            .concat(),
    );
    out.push(p(
        "SELECT trace_id,span FROM cf.traces WHERE trace_id IN :trace_id LIMIT :limit_;",
        &[traces, int(100)],
    ));
    out.push(p("SELECT service_name FROM cf.service_names;", &[]));
    out.push(p(
        "SELECT span_name FROM cf.span_names WHERE service_name=:service_name AND bucket=:bucket LIMIT :limit_;",
        &[bytes("web"), int(0), int(10)],
    ));
    let index = "SELECT ts,trace_id FROM cf.service_name_index WHERE service_name=:service_name AND bucket IN :bucket AND ts>=:start_ts AND ts<=:end_ts ORDER BY ts DESC LIMIT :limit_;";
    for limit in [1, 2, 30] {
        out.push(p(index, &[bytes("web"), buckets.clone(), long(1500), long(9000), int(limit)]));
    }
    out
}
