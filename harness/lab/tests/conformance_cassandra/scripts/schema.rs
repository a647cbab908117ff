//! CREATE, ALTER, DROP, and what the schema tables and prepared statements make of them.

use super::{Script, cql};
use crate::operation::{Operation, int, p};

pub(super) fn scripts() -> Vec<Script> {
    vec![
        ("keyspaces", keyspaces()),
        ("tables", tables()),
        ("table options", options()),
        ("alter", alter()),
        ("indexes", indexes()),
        ("user types", types()),
        ("prepared across changes", prepared()),
        ("system tables", system()),
        ("not supported", beyond()),
    ]
}

const SIMPLE: &str = "{'class': 'SimpleStrategy', 'replication_factor': 1}";

fn keyspaces() -> Vec<Operation> {
    let mut out = cql(&[
        &format!("CREATE KEYSPACE cf WITH replication = {SIMPLE}"),
        &format!("CREATE KEYSPACE IF NOT EXISTS cf WITH replication = {SIMPLE}"),
        "CREATE KEYSPACE cf2",
        "CREATE KEYSPACE cf2 WITH durable_writes = true",
        "CREATE KEYSPACE cf2 WITH replication = {}",
        "CREATE KEYSPACE cf2 WITH replication = 'SimpleStrategy'",
        "CREATE KEYSPACE cf2 WITH replication = {'class': 'NopeStrategy'}",
        "CREATE KEYSPACE cf2 WITH replication = {'class': 'SimpleStrategy'}",
        "CREATE KEYSPACE cf2 WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 'x'}",
        "CREATE KEYSPACE cf2 WITH replication = {'class': 'SimpleStrategy', 'replication_factor': -1}",
        "CREATE KEYSPACE cf2 WITH replication = {'class': 'LocalStrategy'}",
        "CREATE KEYSPACE cf2 WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 1, 'x': 2}",
        "CREATE KEYSPACE cf2 WITH nope = 1",
        "CREATE KEYSPACE \"c-f\" WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 1}",
        "CREATE KEYSPACE a23456789012345678901234567890123456789012345678x WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 1}",
        "CREATE KEYSPACE system WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 1}",
        "CREATE KEYSPACE cf2 WITH replication = {'class': 'NetworkTopologyStrategy', 'datacenter1': 1} AND durable_writes = false",
        "SELECT * FROM system.schema_keyspaces WHERE keyspace_name = 'cf2'",
        "ALTER KEYSPACE cf2 WITH durable_writes = true",
        "ALTER KEYSPACE cf2 WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 1}",
        "ALTER KEYSPACE cf2 WITH nope = 1",
        "ALTER KEYSPACE nope WITH durable_writes = true",
        "ALTER KEYSPACE system WITH durable_writes = true",
        "SELECT * FROM system.schema_keyspaces WHERE keyspace_name = 'cf2'",
        "DROP KEYSPACE cf2",
        "DROP KEYSPACE cf2",
        "DROP KEYSPACE IF EXISTS cf2",
        "DROP KEYSPACE system",
        "USE cf2",
        "SELECT * FROM t",
        "USE cf",
        "SELECT * FROM t",
        "CREATE TABLE t (k int PRIMARY KEY)",
        "SELECT * FROM t",
        "USE system",
        "SELECT * FROM t",
    ]);
    out.push(Operation::Use("cf".to_owned()));
    out.push(Operation::Use("nope".to_owned()));
    out.extend(cql(&["INSERT INTO t (k) VALUES (1)", "SELECT * FROM cf.t"]));
    out.push(p("SELECT * FROM t WHERE k = ?", &[int(1)]));
    out
}

fn tables() -> Vec<Operation> {
    cql(&[
        "CREATE TABLE cf.t (k int PRIMARY KEY, v text)",
        "CREATE TABLE cf.t (k int PRIMARY KEY, v text)",
        "CREATE TABLE IF NOT EXISTS cf.t (k int PRIMARY KEY)",
        "CREATE TABLE nope.t (k int PRIMARY KEY)",
        "CREATE TABLE cf.no_key (k int)",
        "CREATE TABLE cf.two_keys (k int PRIMARY KEY, c int PRIMARY KEY)",
        "CREATE TABLE cf.twice (k int, k text, PRIMARY KEY (k))",
        "CREATE TABLE cf.unknown_key (k int, PRIMARY KEY (x))",
        "CREATE TABLE cf.unknown_clustering (k int, PRIMARY KEY (k, x))",
        "CREATE TABLE cf.unknown_type (k nope PRIMARY KEY)",
        "CREATE TABLE cf.collection_key (k list<int> PRIMARY KEY)",
        "CREATE TABLE cf.collection_clustering (k int, c set<int>, PRIMARY KEY (k, c))",
        "CREATE TABLE cf.counter_key (k counter PRIMARY KEY)",
        "CREATE TABLE cf.counter_mixed (k int PRIMARY KEY, c counter, v int)",
        "CREATE TABLE cf.counter_collection (k int PRIMARY KEY, c list<counter>)",
        "CREATE TABLE cf.nested (k int PRIMARY KEY, c list<list<int>>)",
        "CREATE TABLE cf.nested_ok (k int PRIMARY KEY, c list<frozen<list<int>>>)",
        "CREATE TABLE cf.frozen_int (k int PRIMARY KEY, c frozen<int>)",
        "CREATE TABLE cf.static_alone (k int PRIMARY KEY, s int static)",
        "CREATE TABLE cf.static_key (k int static, c int, PRIMARY KEY (k, c))",
        "CREATE TABLE cf.static_clustering (k int, c int static, PRIMARY KEY (k, c))",
        "CREATE TABLE cf.order_unknown (k int, c int, PRIMARY KEY (k, c)) WITH CLUSTERING ORDER BY (x DESC)",
        "CREATE TABLE cf.order_key (k int, c int, PRIMARY KEY (k, c)) WITH CLUSTERING ORDER BY (k DESC)",
        "CREATE TABLE cf.order_missing (k int, c int, d int, PRIMARY KEY (k, c, d)) WITH CLUSTERING ORDER BY (d DESC)",
        "CREATE TABLE cf.order_part (k int, c int, d int, PRIMARY KEY (k, c, d)) WITH CLUSTERING ORDER BY (c DESC)",
        "CREATE TABLE cf.order_swapped (k int, c int, d int, PRIMARY KEY (k, c, d)) WITH CLUSTERING ORDER BY (d DESC, c ASC)",
        "CREATE TABLE cf.a23456789012345678901234567890123456789012345678x (k int PRIMARY KEY)",
        "CREATE TABLE cf.\"Quoted\" (\"K\" int PRIMARY KEY, \"V v\" text)",
        "CREATE TABLE cf.\"bad-name\" (k int PRIMARY KEY)",
        "INSERT INTO cf.\"Quoted\" (\"K\", \"V v\") VALUES (1, 'x')",
        "SELECT * FROM cf.\"Quoted\"",
        "SELECT * FROM cf.Quoted",
        "SELECT k FROM cf.\"Quoted\"",
        "CREATE TABLE system.t (k int PRIMARY KEY)",
        "CREATE TABLE cf.counters (k int PRIMARY KEY, a counter, b counter)",
        "CREATE TABLE cf.only_key (k int PRIMARY KEY)",
        "CREATE COLUMNFAMILY cf.family (k int PRIMARY KEY)",
        "CREATE TABLE cf.all_types (k int PRIMARY KEY, a ascii, b bigint, c blob, d boolean, e decimal, f double, g float, h inet, i int, j smallint, l text, m timestamp, n timeuuid, o tinyint, p uuid, q varchar, r varint, s date, t time, u tuple<int, text>, v list<int>, w set<text>, x map<text, int>, y frozen<list<int>>)",
        "SELECT * FROM cf.all_types",
        "SELECT columnfamily_name FROM system.schema_columnfamilies WHERE keyspace_name = 'cf'",
        "SELECT columnfamily_name, column_name, component_index, index_name, index_options, index_type, type, validator FROM system.schema_columns WHERE keyspace_name = 'cf'",
        "SELECT columnfamily_name, comparator, default_validator, is_dense, key_validator, subcomparator, type FROM system.schema_columnfamilies WHERE keyspace_name = 'cf'",
        "DROP TABLE cf.only_key",
        "DROP TABLE cf.only_key",
        "DROP TABLE IF EXISTS cf.only_key",
        "DROP TABLE nope.t",
        "DROP TABLE IF EXISTS nope.t",
        "DROP TABLE system.local",
        "SELECT * FROM cf.only_key",
        "TRUNCATE cf.t",
        "TRUNCATE TABLE cf.t",
        "TRUNCATE cf.nope",
        "TRUNCATE nope.t",
        "DROP COLUMNFAMILY cf.family",
    ])
}

fn options() -> Vec<Operation> {
    let shown = "SELECT bloom_filter_fp_chance, caching, comment, compaction_strategy_class, compaction_strategy_options, compression_parameters, default_time_to_live, dropped_columns, gc_grace_seconds, local_read_repair_chance, max_compaction_threshold, max_index_interval, memtable_flush_period_in_ms, min_compaction_threshold, min_index_interval, read_repair_chance, speculative_retry FROM system.schema_columnfamilies WHERE keyspace_name = 'cf' AND columnfamily_name = 't'";
    cql(&[
        "CREATE TABLE cf.t (k int PRIMARY KEY, v text)",
        shown,
        "ALTER TABLE cf.t WITH comment = 'it''s' AND gc_grace_seconds = 10 AND default_time_to_live = 20",
        shown,
        "ALTER TABLE cf.t WITH compaction = {'class': 'LeveledCompactionStrategy', 'sstable_size_in_mb': 10}",
        shown,
        "ALTER TABLE cf.t WITH compaction = {'class': 'SizeTieredCompactionStrategy', 'min_threshold': 2, 'max_threshold': 8}",
        shown,
        "ALTER TABLE cf.t WITH compression = {'sstable_compression': 'SnappyCompressor', 'chunk_length_kb': 64}",
        shown,
        "ALTER TABLE cf.t WITH compression = {'sstable_compression': ''}",
        shown,
        "ALTER TABLE cf.t WITH caching = {'keys': 'NONE', 'rows_per_partition': '10'}",
        shown,
        "ALTER TABLE cf.t WITH speculative_retry = '10ms' AND bloom_filter_fp_chance = 0.5 AND read_repair_chance = 0.2 AND dclocal_read_repair_chance = 0.3",
        shown,
        "ALTER TABLE cf.t WITH min_index_interval = 64 AND max_index_interval = 512 AND memtable_flush_period_in_ms = 1000000",
        shown,
        "ALTER TABLE cf.t WITH nope = 1",
        "ALTER TABLE cf.t WITH gc_grace_seconds = 'x'",
        "ALTER TABLE cf.t WITH default_time_to_live = -1",
        "ALTER TABLE cf.t WITH compaction = 'x'",
        "ALTER TABLE cf.t WITH comment = {'a': 'b'}",
        "ALTER TABLE cf.t WITH compaction = {'class': 'Nope'}",
        "ALTER TABLE cf.t WITH compaction = {'min_threshold': 2}",
        "ALTER TABLE cf.t WITH caching = {'nope': 'ALL'}",
        "ALTER TABLE cf.t WITH speculative_retry = 'nope'",
        "ALTER TABLE cf.t WITH bloom_filter_fp_chance = 2",
        "ALTER TABLE cf.t WITH compression = {'sstable_compression': 'Nope'}",
        "CREATE TABLE cf.u (k int PRIMARY KEY) WITH gc_grace_seconds = 1 AND gc_grace_seconds = 2",
    ])
}

fn alter() -> Vec<Operation> {
    cql(&[
        "CREATE TABLE cf.t (k int, c text, s int static, v int, PRIMARY KEY (k, c))",
        "INSERT INTO cf.t (k, c, s, v) VALUES (1, 'a', 5, 6)",
        "ALTER TABLE cf.t ADD w text",
        "SELECT * FROM cf.t",
        "INSERT INTO cf.t (k, c, w) VALUES (1, 'a', 'w')",
        "ALTER TABLE cf.t ADD w text",
        "ALTER TABLE cf.t ADD a map<text, int>",
        "ALTER TABLE cf.t ADD n counter",
        "ALTER TABLE cf.t ADD s2 text static",
        "ALTER TABLE cf.t ADD x nope",
        "SELECT * FROM cf.t",
        "ALTER TABLE cf.t DROP w",
        "SELECT * FROM cf.t",
        "ALTER TABLE cf.t ADD w int",
        "SELECT * FROM cf.t",
        "ALTER TABLE cf.t DROP w",
        "ALTER TABLE cf.t ADD w text",
        "SELECT * FROM cf.t",
        "ALTER TABLE cf.t DROP nope",
        "ALTER TABLE cf.t DROP k",
        "ALTER TABLE cf.t DROP c",
        "ALTER TABLE cf.t DROP s",
        "ALTER TABLE cf.t ALTER v TYPE blob",
        "SELECT * FROM cf.t",
        "ALTER TABLE cf.t ALTER v TYPE int",
        "ALTER TABLE cf.t ALTER c TYPE blob",
        "ALTER TABLE cf.t ALTER c TYPE int",
        "ALTER TABLE cf.t ALTER k TYPE blob",
        "ALTER TABLE cf.t ALTER nope TYPE int",
        "ALTER TABLE cf.t RENAME c TO d",
        "SELECT * FROM cf.t",
        "ALTER TABLE cf.t RENAME v TO x",
        "ALTER TABLE cf.t RENAME nope TO x",
        "ALTER TABLE cf.t RENAME d TO v",
        "ALTER TABLE cf.nope ADD x int",
        "ALTER TABLE nope.t ADD x int",
        "ALTER TABLE system.local ADD x int",
        "CREATE TABLE cf.only (k int PRIMARY KEY)",
        "ALTER TABLE cf.only ADD s int static",
        "ALTER TABLE cf.only ADD m list<int>",
        "CREATE TABLE cf.n (k int PRIMARY KEY, n counter)",
        "ALTER TABLE cf.n ADD v int",
        "ALTER TABLE cf.n ADD m counter",
    ])
}

fn indexes() -> Vec<Operation> {
    cql(&[
        "CREATE TABLE cf.t (k int, c int, v text, w int, m map<text, int>, l list<int>, s set<int>, f frozen<set<int>>, st int static, PRIMARY KEY (k, c))",
        "INSERT INTO cf.t (k, c, v, w, m, l, s, f, st) VALUES (1, 1, 'a', 10, {'x': 1}, [1, 2], {3}, {1}, 7)",
        "INSERT INTO cf.t (k, c, v, w, m, l, s, f) VALUES (1, 2, 'b', 10, {'y': 1}, [2], {3, 4}, {1, 2})",
        "INSERT INTO cf.t (k, c, v, w) VALUES (2, 1, 'a', 20)",
        "SELECT * FROM cf.t WHERE v = 'a'",
        "SELECT * FROM cf.t WHERE v = 'a' ALLOW FILTERING",
        "CREATE INDEX ON cf.t (v)",
        "CREATE INDEX ON cf.t (v)",
        "CREATE INDEX IF NOT EXISTS ON cf.t (v)",
        "CREATE INDEX other ON cf.t (v)",
        "CREATE INDEX t_v_idx ON cf.t (w)",
        "CREATE INDEX named ON cf.t (w)",
        "CREATE INDEX ON cf.t (keys(m))",
        "CREATE INDEX ON cf.t (m)",
        "CREATE INDEX ON cf.t (l)",
        "CREATE INDEX ON cf.t (s)",
        "CREATE INDEX ON cf.t (f)",
        "CREATE INDEX ON cf.t (full(f))",
        "CREATE INDEX ON cf.t (full(s))",
        "CREATE INDEX ON cf.t (keys(s))",
        "CREATE INDEX ON cf.t (nope)",
        "CREATE INDEX ON cf.t (k)",
        "CREATE INDEX ON cf.t (c)",
        "CREATE INDEX ON cf.t (st)",
        "CREATE INDEX ON cf.nope (v)",
        "CREATE INDEX ON nope.t (v)",
    ])
    .into_iter()
    // The original fills an index in the background.
    .chain([Operation::Wait(700)])
    .chain(cql(&[
        "SELECT k, c FROM cf.t WHERE v = 'a'",
        "SELECT k, c FROM cf.t WHERE v = 'nope'",
        "SELECT k, c FROM cf.t WHERE w = 10",
        "SELECT k, c FROM cf.t WHERE w > 10",
        "SELECT k, c FROM cf.t WHERE v = 'a' AND w = 10",
        "SELECT k, c FROM cf.t WHERE v = 'a' AND w = 10 ALLOW FILTERING",
        "SELECT k, c FROM cf.t WHERE v = 'a' AND w > 10 ALLOW FILTERING",
        "SELECT k, c FROM cf.t WHERE v IN ('a', 'b')",
        "SELECT k, c FROM cf.t WHERE k = 1 AND v = 'a'",
        "SELECT k, c FROM cf.t WHERE k = 1 AND c = 2 AND v = 'b'",
        "SELECT k, c FROM cf.t WHERE m CONTAINS KEY 'x'",
        "SELECT k, c FROM cf.t WHERE m CONTAINS 1",
        "SELECT k, c FROM cf.t WHERE l CONTAINS 2",
        "SELECT k, c FROM cf.t WHERE s CONTAINS 3",
        "SELECT k, c FROM cf.t WHERE f = {1, 2}",
        "SELECT k, c FROM cf.t WHERE f CONTAINS 1",
        "SELECT k, c FROM cf.t WHERE v CONTAINS 'a'",
        "SELECT k, c FROM cf.t WHERE v = 'a' ORDER BY c DESC",
        "SELECT k, c FROM cf.t WHERE k = 1 AND v = 'a' ORDER BY c DESC",
        "SELECT k, c FROM cf.t WHERE v = 'a' LIMIT 1",
        "SELECT column_name, index_name, index_options, index_type FROM system.schema_columns WHERE keyspace_name = 'cf'",
        "UPDATE cf.t SET v = 'z' WHERE k = 1 AND c = 1",
        "SELECT k, c FROM cf.t WHERE v = 'a'",
        "SELECT k, c FROM cf.t WHERE v = 'z'",
        "ALTER TABLE cf.t DROP v",
        "DROP INDEX cf.t_v_idx",
        "DROP INDEX cf.t_v_idx",
        "DROP INDEX IF EXISTS cf.t_v_idx",
        "DROP INDEX nope.x",
        "SELECT k, c FROM cf.t WHERE v = 'z'",
        "ALTER TABLE cf.t DROP v",
    ]))
    .collect()
}

fn types() -> Vec<Operation> {
    cql(&[
        "CREATE TYPE cf.address (street text, number int)",
        "CREATE TYPE cf.address (street text)",
        "CREATE TYPE IF NOT EXISTS cf.address (street text)",
        "CREATE TYPE nope.address (street text)",
        "CREATE TYPE cf.bad (a text, a int)",
        "CREATE TYPE cf.bad (a nope)",
        "CREATE TYPE cf.bad (a counter)",
        "CREATE TYPE cf.person (name text, home frozen<address>, tags set<text>)",
        "CREATE TABLE cf.bad (k int PRIMARY KEY, a address)",
        "CREATE TABLE cf.bad (k int PRIMARY KEY, a list<address>)",
        "CREATE TABLE cf.t (k int PRIMARY KEY, a frozen<address>, p frozen<person>, l list<frozen<address>>)",
        "INSERT INTO cf.t (k, a) VALUES (1, {street: 'x', number: 5})",
        "INSERT INTO cf.t (k, a) VALUES (2, {street: 'x'})",
        "INSERT INTO cf.t (k, a) VALUES (3, {nope: 'x'})",
        "INSERT INTO cf.t (k, a) VALUES (3, {number: 'x'})",
        "INSERT INTO cf.t (k, p, l) VALUES (4, {name: 'n', home: {street: 's', number: 1}, tags: {'b', 'a'}}, [{street: 'q'}])",
        "SELECT * FROM cf.t",
        "SELECT a.street, a.number FROM cf.t",
        "SELECT a.nope FROM cf.t",
        "SELECT k.nope FROM cf.t",
        "SELECT * FROM cf.t WHERE a = {street: 'x', number: 5}",
        "SELECT * FROM system.schema_usertypes WHERE keyspace_name = 'cf'",
        "ALTER TYPE cf.address ADD zip int",
        "ALTER TYPE cf.address ADD zip int",
        "ALTER TYPE cf.address ADD x nope",
        "SELECT a, l FROM cf.t",
        "SELECT a.zip FROM cf.t",
        "ALTER TYPE cf.address RENAME zip TO code",
        "ALTER TYPE cf.address RENAME zip TO code",
        "ALTER TYPE cf.address ALTER street TYPE blob",
        "ALTER TYPE cf.address ALTER nope TYPE blob",
        "ALTER TYPE cf.nope ADD x int",
        "SELECT * FROM system.schema_usertypes WHERE keyspace_name = 'cf'",
        "SELECT column_name, validator FROM system.schema_columns WHERE keyspace_name = 'cf' AND columnfamily_name = 't'",
        "DROP TYPE cf.address",
        "DROP TYPE cf.person",
        "DROP TYPE cf.nope",
        "DROP TYPE IF EXISTS cf.nope",
        "DROP TABLE cf.t",
        "DROP TYPE cf.address",
        "DROP TYPE cf.person",
        "DROP TYPE cf.address",
    ])
}

fn prepared() -> Vec<Operation> {
    let insert = p("INSERT INTO cf.t (k, v) VALUES (?, ?)", &[int(1), int(2)]);
    let select = p("SELECT * FROM cf.t WHERE k = ?", &[int(1)]);
    let named = p("SELECT k, v FROM cf.t WHERE k = :key AND c IN :cs LIMIT :most", &[int(1), int(0), int(3)]);
    let mut out = cql(&["CREATE TABLE cf.t (k int PRIMARY KEY, v int)"]);
    out.extend([insert.clone(), select.clone(), named]);
    out.extend(cql(&["ALTER TABLE cf.t ADD w int"]));
    out.extend([select.clone(), insert.clone()]);
    out.extend(cql(&["ALTER TABLE cf.t DROP v"]));
    out.extend([select.clone(), insert.clone()]);
    out.extend(cql(&["ALTER TABLE cf.t ADD v int", "ALTER TABLE cf.t WITH comment = 'x'"]));
    out.extend([select.clone(), insert.clone()]);
    out.extend(cql(&["CREATE INDEX ON cf.t (v)"]));
    out.extend([select.clone(), insert.clone()]);
    out.extend(cql(&["DROP TABLE cf.t"]));
    out.extend([select.clone(), insert.clone()]);
    out.extend(cql(&["CREATE TABLE cf.t (k int PRIMARY KEY, v text)"]));
    out.extend([select, insert]);
    out
}

fn system() -> Vec<Operation> {
    let mut out: Vec<_> = [
        "local",
        "peers",
        "schema_keyspaces",
        "schema_columnfamilies",
        "schema_columns",
        "schema_usertypes",
        "schema_functions",
        "schema_aggregates",
        "schema_triggers",
    ]
    .iter()
    .map(|table| Operation::Columns(format!("SELECT * FROM system.{table}")))
    .collect();
    out.extend(cql(&[
        "SELECT key, bootstrapped, cql_version, data_center, native_protocol_version, partitioner, rack, release_version, thrift_version FROM system.local",
        "SELECT * FROM system.peers",
        "SELECT * FROM system.peers_v2",
        "SELECT * FROM system_schema.keyspaces",
        "SELECT * FROM system.schema_keyspaces WHERE keyspace_name IN ('system', 'system_traces', 'system_auth', 'system_distributed')",
        "SELECT * FROM system.schema_usertypes",
        "SELECT * FROM system.schema_functions",
        "SELECT * FROM system.schema_aggregates",
        "SELECT * FROM system.schema_triggers",
        "SELECT count(*) FROM system.local",
        "SELECT rack FROM system.local WHERE key = 'local'",
    ]));
    out
}

fn beyond() -> Vec<Operation> {
    cql(&[
        "CREATE TABLE cf.t (k int PRIMARY KEY, v text)",
        "CREATE USER u WITH PASSWORD 'p'",
        "LIST USERS",
        "LIST ROLES",
        "GRANT SELECT ON cf.t TO u",
        "CREATE TRIGGER x ON cf.t USING 'nope'",
        "CREATE FUNCTION cf.f (a int) CALLED ON NULL INPUT RETURNS int LANGUAGE java AS 'return a;'",
        "CREATE MATERIALIZED VIEW cf.v AS SELECT * FROM cf.t",
        "CREATE CUSTOM INDEX ON cf.t (v) USING 'nope'",
    ])
}
