//! What is sent frame by frame.

use crate::frames::{
    BATCH, EXECUTE, OPTIONS, PREPARE, QUERY, REGISTER, STARTUP, Script, Step, frame, long_string, query,
    query_with, short_bytes, short_string, startup, string_map,
};

/// Every script, those about statements in both versions.
pub(crate) fn all() -> Vec<Script> {
    let mut out = Vec::new();
    for version in [4, 3] {
        out.extend(handshakes(version));
        out.extend(malformed(version));
        out.push(script("results", version, results(version)));
        out.push(script("parameters", version, parameters(version)));
        out.push(script("prepared", version, prepared(version)));
        out.push(script("batches", version, batches(version)));
        out.push(script("events", version, events(version)));
        out.push(script("pages", version, pages(version)));
    }
    out.extend(versions());
    out
}

fn script(name: &'static str, version: u8, steps: Vec<Step>) -> Script {
    Script { name, version, steps }
}

fn ask(bytes: Vec<u8>) -> Step {
    Step::Send(bytes, 1)
}

fn ask_query(version: u8, cql: &str) -> Step {
    ask(query(version, cql))
}

/// Begins a connection, and says the statements.
fn begun(version: u8, statements: &[&str]) -> Vec<Step> {
    let statements = statements.iter().map(|cql| ask_query(version, cql));
    std::iter::once(ask(startup(version))).chain(statements).collect()
}

fn versions() -> Vec<Script> {
    let mut out = Vec::new();
    for (name, version) in [
        ("version 0", 0),
        ("version 1", 1),
        ("version 2", 2),
        ("version 5", 5),
        ("version 6", 6),
        ("version 65", 65),
        ("version 66", 66),
        ("an answer", 0x84),
    ] {
        out.push(script(name, version, vec![ask(frame(version, 0, OPTIONS, &[]))]));
    }
    out.push(script("http", 4, vec![ask(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n".to_vec())]));
    out.push(script("half a header", 4, vec![Step::Send(vec![4, 0, 0], 0)]));
    out.push(script(
        "two versions",
        4,
        vec![
            ask(startup(4)),
            ask(query(3, "SELECT key FROM system.local")),
            ask(query(4, "SELECT key FROM system.local")),
        ],
    ));
    out
}

fn handshakes(version: u8) -> Vec<Script> {
    let start = |entries: &[(&str, &str)]| ask(frame(version, 0, STARTUP, &string_map(entries)));
    let options = || ask(frame(version, 0, OPTIONS, &[]));
    vec![
        script("options", version, vec![options(), start(&[("CQL_VERSION", "3.0.0")]), options()]),
        script("startup twice", version, vec![ask(startup(version)), ask(startup(version)), options()]),
        script(
            "startup without a version",
            version,
            vec![start(&[]), start(&[("X", "y")]), ask(startup(version)), options()],
        ),
        script(
            "startup with strange things",
            version,
            vec![
                start(&[("CQL_VERSION", "x"), ("COMPRESSION", "zstd")]),
                start(&[("CQL_VERSION", "3.0")]),
                start(&[("CQL_VERSION", "2.0.0")]),
                start(&[("CQL_VERSION", "2.98.99")]),
                start(&[("CQL_VERSION", "3.0.0"), ("COMPRESSION", "ZSTD")]),
                start(&[("cql_version", "2.99.0"), ("COMPRESSION", "")]),
                start(&[("CQL_VERSION", "9.9.9"), ("DRIVER_NAME", "x"), ("NO_COMPACT", "true")]),
                ask_query(version, "SELECT key FROM system.local"),
            ],
        ),
        script(
            "before startup",
            version,
            vec![
                ask_query(version, "SELECT key FROM system.local"),
                ask(frame(version, 0, PREPARE, &long_string("SELECT key FROM system.local"))),
                ask(frame(version, 0, REGISTER, &[0, 0])),
                ask(frame(version, 0, 15, &[0xff; 4])),
                ask(frame(version, 0, 15, &[0, 0, 0, 1, 7])),
                ask(frame(version, 0, 4, &[0, 0])),
                ask(startup(version)),
                ask(frame(version, 0, 15, &[0xff; 4])),
                ask(frame(version, 0, 15, &[0, 0, 0, 1, 7])),
            ],
        ),
    ]
}

fn malformed(version: u8) -> Vec<Script> {
    let bad = |opcode, body: &[u8]| ask(frame(version, 0, opcode, body));
    // Nothing on such a connection is ever answered otherwise.
    let opcodes = [0u8, 2, 3, 6, 8, 12, 14, 16, 17, 99, 127, 128, 255].into_iter().map(|opcode| {
        let steps = vec![ask(startup(version)), bad(opcode, &[]), ask(frame(version, 0, OPTIONS, &[]))];
        script("opcode", version, steps)
    });
    let truncated = vec![
        ask(startup(version)),
        bad(QUERY, &[]),
        bad(QUERY, &[0, 0, 0, 9]),
        bad(QUERY, &[0xff, 0xff, 0xff, 0xff]),
        bad(QUERY, &long_string("SELECT key FROM system.local")),
        bad(QUERY, &[&long_string("SELECT key FROM system.local")[..], &[0, 1]].concat()),
        bad(QUERY, &[&long_string("SELECT key FROM system.local")[..], &[0, 1, 1]].concat()),
        bad(
            QUERY,
            &[&long_string("SELECT key FROM system.local")[..], &[0, 1, 1, 0, 1, 0, 0, 0, 9]].concat(),
        ),
        bad(QUERY, &[&long_string("SELECT key FROM system.local")[..], &[0, 1, 0, 7, 7, 7]].concat()),
        bad(QUERY, &[&long_string("SELECT key FROM system.local")[..], &[0, 99, 0]].concat()),
        bad(PREPARE, &[]),
        bad(EXECUTE, &[]),
        bad(EXECUTE, &[0, 16]),
        bad(BATCH, &[]),
        bad(BATCH, &[7, 0, 0, 0, 1, 0]),
        bad(BATCH, &[0, 0, 1, 9, 0, 0, 0, 1, 0]),
        bad(REGISTER, &[]),
        bad(REGISTER, &[0, 1]),
        bad(REGISTER, &[&[0, 1][..], &short_string("NOPE")].concat()),
        bad(REGISTER, &[&[0, 1][..], &short_string("schema_change")].concat()),
        ask_query(version, "SELECT key FROM system.local"),
    ];
    let scripts = vec![
        script("truncated bodies", version, truncated),
        script(
            "compressed without agreement",
            version,
            vec![
                ask(startup(version)),
                ask(frame(version, 1, OPTIONS, &[0, 0, 0, 0])),
                ask(frame(version, 0, OPTIONS, &[])),
            ],
        ),
        script(
            "negative length",
            version,
            vec![ask(startup(version)), ask(vec![version, 0, 0, 1, OPTIONS, 0xff, 0xff, 0xff, 0xff])],
        ),
        // More than 256 MiB: what follows is swallowed up to that length, and nothing is said before.
        script(
            "too long a frame",
            version,
            vec![
                ask(startup(version)),
                Step::Send(vec![version, 0, 0, 1, OPTIONS, 0x10, 0, 0, 1], 0),
                Step::Send(frame(version, 0, OPTIONS, &[]), 0),
            ],
        ),
        script(
            "custom payload",
            version,
            vec![
                ask(startup(version)),
                ask(frame(
                    version,
                    4,
                    QUERY,
                    &[
                        &[0, 1][..],
                        &short_string("k"),
                        &[0, 0, 0, 1, 7],
                        &long_string("SELECT key FROM system.local"),
                        &[0, 1, 0],
                    ]
                    .concat(),
                )),
            ],
        ),
        script(
            "invalid text",
            version,
            vec![
                ask(startup(version)),
                bad(QUERY, &[0, 0, 0, 2, 0xc3, 0x28, 0, 1, 0]),
                bad(QUERY, &[0, 0, 0, 5, b'a', b'b', 0xe2, 0x82, 0x28, 0, 1, 0]),
                bad(QUERY, &[0, 0, 0, 4, b'a', b'b', 0xe2, 0x82, 0, 1, 0]),
                bad(PREPARE, &[0, 0, 0, 4, b'a', b'b', 0xff, 0x82]),
            ],
        ),
    ];
    scripts.into_iter().chain(opcodes).chain(compressed(version)).collect()
}

/// Bodies that are not what was agreed, and some that are.
fn compressed(version: u8) -> Vec<Script> {
    ["lz4", "snappy"]
        .into_iter()
        .map(|name| {
            let agreed = string_map(&[("CQL_VERSION", "3.0.0"), ("COMPRESSION", name)]);
            let mut steps = vec![ask(frame(version, 0, STARTUP, &agreed))];
            for body in [&[][..], &[0], &[0; 5], &[0, 0, 0, 9, 1], &[0xff; 5], &[1, 0, b'x']] {
                steps.push(ask(frame(version, 1, OPTIONS, body)));
            }
            steps.push(ask(query(version, "SELECT key FROM system.local")));
            script(name, version, steps)
        })
        .collect()
}

const KEYSPACE: &str =
    "CREATE KEYSPACE cf2 WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 1}";
const TYPES: &str = "CREATE TABLE cf2.types (k int PRIMARY KEY, a ascii, b bigint, c blob, d boolean, e decimal, f double, g float, h inet, j smallint, l text, m timestamp, n timeuuid, o tinyint, p uuid, r varint, s date, t time, u tuple<int, tinyint>, v list<smallint>, w set<text>, x map<text, date>, y frozen<list<int>>)";

fn results(version: u8) -> Vec<Step> {
    begun(
        version,
        &[
            "DROP KEYSPACE IF EXISTS cf2",
            "DROP KEYSPACE IF EXISTS cf2",
            KEYSPACE,
            "CREATE KEYSPACE IF NOT EXISTS cf2 WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 1}",
            KEYSPACE,
            "ALTER KEYSPACE cf2 WITH durable_writes = true",
            "USE cf2",
            "USE nope",
            "USE \"cf2\"",
            TYPES,
            TYPES,
            "CREATE TABLE t (k int PRIMARY KEY, v text)",
            "CREATE TABLE IF NOT EXISTS t (k int PRIMARY KEY)",
            "ALTER TABLE t ADD w int",
            "CREATE INDEX named ON t (v)",
            "DROP INDEX named",
            "DROP INDEX IF EXISTS named",
            "CREATE TYPE ty (a int, b text)",
            "ALTER TYPE ty ADD c int",
            "DROP TYPE ty",
            "INSERT INTO t (k, v) VALUES (1, 'x')",
            "INSERT INTO t (k, v) VALUES (1, 'y') IF NOT EXISTS",
            "SELECT * FROM t",
            "SELECT k, k AS z FROM t",
            "SELECT count(*) FROM t",
            "SELECT count(*) FROM t WHERE k = 1",
            "SELECT * FROM types",
            "INSERT INTO types (k, s, t, j, o) VALUES (1, '1970-01-01', '00:00:01', 2, 3)",
            "SELECT * FROM types",
            "TRUNCATE t",
            "BEGIN BATCH INSERT INTO t (k) VALUES (1); APPLY BATCH",
            "BEGIN BATCH APPLY BATCH",
            "SELECT * FROM nope",
            "SELEC",
            "",
            "DROP TABLE t",
            "DROP TABLE IF EXISTS t",
            "DROP TABLE t",
        ],
    )
}

/// QUERY with values: `u16` count, each with its length.
fn values(values: &[Option<&[u8]>]) -> Vec<u8> {
    let mut out = (values.len() as u16).to_be_bytes().to_vec();
    for value in values {
        match value {
            Some(value) => {
                out.extend((value.len() as u32).to_be_bytes());
                out.extend(*value);
            }
            None => out.extend((-1i32).to_be_bytes()),
        }
    }
    out
}

fn parameters(version: u8) -> Vec<Step> {
    let mut out = begun(
        version,
        &["DROP KEYSPACE IF EXISTS cf2", KEYSPACE, "CREATE TABLE cf2.t (k int PRIMARY KEY, v text)"],
    );
    let one = [0, 0, 0, 1];
    let insert = "INSERT INTO cf2.t (k, v) VALUES (?, ?)";
    let named = "INSERT INTO cf2.t (k, v) VALUES (:key, :val)";
    let with = |cql: &str, parameters: &[u8]| ask(query_with(version, cql, parameters));
    let valued = |cql: &str, given: &[Option<&[u8]>]| with(cql, &[&[0, 1, 1][..], &values(given)].concat());
    out.push(valued(insert, &[Some(&one), Some(b"x")]));
    out.push(valued(insert, &[Some(&one), None]));
    out.push(valued(insert, &[Some(&one)]));
    out.push(valued(insert, &[]));
    out.push(valued(insert, &[Some(&one), Some(b"x"), Some(b"y")]));
    out.push(valued(insert, &[Some(&[1, 2]), Some(b"x")]));
    out.push(valued(insert, &[None, Some(b"x")]));
    out.push(ask_query(version, insert));
    // -2, -3: unset in version 4, and nothing at all.
    for length in [-2i32, -3] {
        let body = [&[0, 1, 1, 0, 2, 0, 0, 0, 4, 0, 0, 0, 5][..], &length.to_be_bytes()].concat();
        out.push(with(insert, &body));
    }
    let names = |entries: &[(&str, &[u8])]| {
        let mut body = vec![0, 1, 0x41];
        body.extend((entries.len() as u16).to_be_bytes());
        for (name, value) in entries {
            body.extend(short_string(name));
            body.extend((value.len() as u32).to_be_bytes());
            body.extend(*value);
        }
        body
    };
    out.push(with(named, &names(&[("val", b"n"), ("key", &[0, 0, 0, 7])])));
    out.push(with(named, &names(&[("val", b"n")])));
    out.push(with(named, &names(&[("val", b"n"), ("key", &[0, 0, 0, 7]), ("more", b"x")])));
    out.push(with(named, &names(&[("val", b"n"), ("nope", &[0, 0, 0, 7])])));
    out.push(with(insert, &names(&[("v", b"n"), ("k", &[0, 0, 0, 8])])));
    out.push(ask_query(version, "SELECT k, v FROM cf2.t"));
    let select = "SELECT k, v FROM cf2.t";
    // Skip metadata, page sizes, paging states, serial levels, times, flags that mean nothing.
    out.push(with(select, &[0, 1, 2]));
    for size in [0i32, -1, 1, 2, 3, 5000] {
        out.push(with(select, &[&[0, 1, 4][..], &size.to_be_bytes()].concat()));
        out.push(with(select, &[&[0, 1, 6][..], &size.to_be_bytes()].concat()));
    }
    out.push(with(select, &[&[0, 1, 0x0c, 0, 0, 0, 1][..], &[0xff, 0xff, 0xff, 0xff]].concat()));
    for level in [1, 4, 8, 9] {
        out.push(with(select, &[0, 1, 0x10, 0, level]));
        out.push(with("INSERT INTO cf2.t (k, v) VALUES (1, 'x') IF NOT EXISTS", &[0, 1, 0x10, 0, level]));
    }
    for level in 0..12 {
        out.push(with(select, &[0, level, 0]));
        out.push(with("INSERT INTO cf2.t (k, v) VALUES (9, 'x')", &[0, level, 0]));
    }
    out.push(with(
        "INSERT INTO cf2.t (k, v) VALUES (10, 'x')",
        &[&[0, 1, 0x20][..], &77i64.to_be_bytes()].concat(),
    ));
    out.push(with(
        "INSERT INTO cf2.t (k, v) VALUES (11, 'x')",
        &[&[0, 1, 0x20][..], &i64::MIN.to_be_bytes()].concat(),
    ));
    out.push(ask_query(version, "SELECT k, writetime(v) FROM cf2.t WHERE k IN (10, 11)"));
    out.push(with(select, &[0, 1, 0x80]));
    out
}

fn prepared(version: u8) -> Vec<Step> {
    let mut out = begun(
        version,
        &[
            "DROP KEYSPACE IF EXISTS cf2",
            KEYSPACE,
            "CREATE TABLE cf2.t (k int, l text, c int, v text, PRIMARY KEY ((k, l), c))",
        ],
    );
    let prepare = |cql: &str| ask(frame(version, 0, PREPARE, &long_string(cql)));
    let key = || [&[0, 1, 1][..], &values(&[Some(&[0, 0, 0, 1]), Some(b"x")])].concat();
    for cql in [
        "SELECT * FROM cf2.t WHERE k = ? AND l = ?",
        "SELECT c FROM cf2.t WHERE l = :b AND k = :a",
        "SELECT c FROM cf2.t WHERE k = 1 AND l = ?",
        "SELECT * FROM cf2.t",
        "INSERT INTO cf2.t (k, l, c, v) VALUES (?, ?, ?, ?) IF NOT EXISTS",
        "UPDATE cf2.t SET v = ? WHERE k = ? AND l = ? AND c = ? IF v = ?",
        "BEGIN BATCH INSERT INTO cf2.t (k, l, c) VALUES (?, ?, ?); APPLY BATCH",
        "BEGIN BATCH INSERT INTO cf2.t (k, l, c) VALUES (?, ?, ?); DELETE FROM cf2.t WHERE k = ? AND l = ?; APPLY BATCH",
        "USE cf2",
        "CREATE TABLE cf2.u (k int PRIMARY KEY)",
        "TRUNCATE cf2.t",
        "SELECT * FROM cf2.nope",
        "nope",
        "",
        "SELECT count(*) FROM cf2.t WHERE k = ? AND l = ?",
        "SELECT key FROM system.local WHERE key = ?",
    ] {
        out.push(prepare(cql));
    }
    out.push(prepare("SELECT * FROM cf2.t WHERE k = ? AND l = ?"));
    out.push(Step::Execute(key()));
    // Without metadata, with too few values, with too many, without any.
    out.push(Step::Execute([&[0, 1, 3][..], &values(&[Some(&[0, 0, 0, 1]), Some(b"x")])].concat()));
    out.push(Step::Execute([&[0, 1, 1][..], &values(&[Some(&[0, 0, 0, 1])])].concat()));
    out.push(Step::Execute(
        [&[0, 1, 1][..], &values(&[Some(&[0, 0, 0, 1]), Some(b"x"), Some(b"y")])].concat(),
    ));
    out.push(Step::Execute(vec![0, 1, 0]));
    out.push(Step::Execute([&[0, 1, 1][..], &values(&[Some(&[0, 0, 0, 1]), None])].concat()));
    for change in [
        "ALTER TABLE cf2.t WITH comment = 'x'",
        "ALTER TABLE cf2.t WITH default_time_to_live = 5000",
        "CREATE INDEX ON cf2.t (v)",
        "CREATE TABLE cf2.other (k int PRIMARY KEY)",
        "ALTER TABLE cf2.t ADD w int",
    ] {
        out.push(ask_query(version, change));
        out.push(Step::Execute(key()));
    }
    out.push(prepare("SELECT * FROM cf2.t WHERE k = ? AND l = ?"));
    out.push(Step::Execute(key()));
    out.push(ask_query(version, "DROP TABLE cf2.t"));
    out.push(Step::Execute(key()));
    out.push(ask_query(
        version,
        "CREATE TABLE cf2.t (k int, l text, c int, v text, PRIMARY KEY ((k, l), c))",
    ));
    out.push(Step::Execute(key()));
    out.push(ask_query(version, "USE cf2"));
    out.push(prepare("SELECT * FROM t WHERE k = ? AND l = ?"));
    out.push(Step::Execute(key()));
    out.push(ask_query(version, "DROP KEYSPACE cf2"));
    out.push(Step::Execute(key()));
    for id in [&[0; 16][..], &[1, 2, 3], &[]] {
        out.push(ask(frame(version, 0, EXECUTE, &[&short_bytes(id)[..], &[0, 1, 0]].concat())));
    }
    out
}

fn batches(version: u8) -> Vec<Step> {
    let mut out = begun(
        version,
        &[
            "DROP KEYSPACE IF EXISTS cf2",
            KEYSPACE,
            "CREATE TABLE cf2.t (k int PRIMARY KEY, v text)",
            "CREATE TABLE cf2.n (k int PRIMARY KEY, n counter)",
        ],
    );
    let item = |cql: &str, given: &[Option<&[u8]>]| [&[0][..], &long_string(cql), &values(given)].concat();
    let batch = |kind: u8, items: &[Vec<u8>], rest: &[u8]| {
        let mut body = vec![kind];
        body.extend((items.len() as u16).to_be_bytes());
        items.iter().for_each(|item| body.extend(item));
        body.extend(rest);
        ask(frame(version, 0, BATCH, &body))
    };
    let insert = "INSERT INTO cf2.t (k, v) VALUES (?, ?)";
    let one: [u8; 4] = [0, 0, 0, 1];
    let row = || item(insert, &[Some(&one), Some(b"x")]);
    let plain = [0, 1, 0];
    for kind in [0, 1, 2, 3] {
        out.push(batch(kind, &[], &plain));
        out.push(batch(kind, &[row()], &plain));
        out.push(batch(kind, &[item("UPDATE cf2.n SET n = n + 1 WHERE k = 1", &[])], &plain));
        out.push(batch(kind, &[row(), item("UPDATE cf2.n SET n = n + 1 WHERE k = 1", &[])], &plain));
    }
    out.push(batch(0, &[item(insert, &[Some(&one)])], &plain));
    out.push(batch(0, &[item(insert, &[Some(&one), Some(b"x"), None])], &plain));
    out.push(batch(0, &[item(insert, &[None, Some(b"x")])], &plain));
    out.push(batch(0, &[item("SELECT * FROM cf2.t", &[])], &plain));
    out.push(batch(0, &[item("DROP TABLE cf2.t", &[])], &plain));
    out.push(batch(0, &[item("SELECT * FROM cf2.t", &[]), item(insert, &[Some(&one)])], &plain));
    out.push(batch(9, &[item("nope", &[])], &[]));
    out.push(batch(9, &[item("nope", &[])], &plain));
    out.push(batch(0, &[item("nope", &[])], &plain));
    out.push(batch(0, &[row()], &[&[0, 1, 0x20][..], &77i64.to_be_bytes()].concat()));
    out.push(batch(0, &[row()], &[0, 1, 0x10, 0, 8]));
    out.push(batch(0, &[row()], &[0, 1, 0x10, 0, 1]));
    out.push(batch(0, &[row()], &[0, 8, 0]));
    out.push(batch(0, &[item("INSERT INTO cf2.t (k, v) VALUES (2, 'x') IF NOT EXISTS", &[])], &plain));
    out.push(batch(0, &[item("INSERT INTO cf2.t (k, v) VALUES (2, 'x') IF NOT EXISTS", &[])], &plain));
    out.push(batch(
        0,
        &[item("INSERT INTO cf2.t (k, v) VALUES (3, 'x') IF NOT EXISTS", &[])],
        &[&[0, 1, 0x20][..], &77i64.to_be_bytes()].concat(),
    ));
    out.push(ask(frame(version, 0, PREPARE, &long_string(insert))));
    let unknown = [&[1][..], &short_bytes(&[9; 16]), &values(&[])].concat();
    out.push(batch(0, &[unknown], &plain));
    // Names instead of places: the flag is refused, or the frame cannot be read.
    out.push(batch(0, &[row()], &[0, 1, 0x40]));
    out.push(ask_query(version, "SELECT k, v FROM cf2.t"));
    out.push(ask_query(version, "SELECT * FROM cf2.n"));
    out
}

fn events(version: u8) -> Vec<Step> {
    let mut out = begun(version, &["DROP KEYSPACE IF EXISTS cf2"]);
    let kinds = |names: &[&str]| {
        let mut body = (names.len() as u16).to_be_bytes().to_vec();
        names.iter().for_each(|name| body.extend(short_string(name)));
        ask(frame(version, 0, REGISTER, &body))
    };
    out.push(kinds(&["TOPOLOGY_CHANGE", "STATUS_CHANGE", "SCHEMA_CHANGE"]));
    // The events of a change come before its result: how many depends on what is changed.
    for (cql, frames) in [
        (KEYSPACE, 2),
        (KEYSPACE, 1),
        ("ALTER KEYSPACE cf2 WITH durable_writes = true", 2),
        ("CREATE TABLE cf2.t (k int PRIMARY KEY, v text)", 3),
        ("CREATE TABLE IF NOT EXISTS cf2.t (k int PRIMARY KEY)", 1),
        ("ALTER TABLE cf2.t ADD w int", 3),
        ("ALTER TABLE cf2.t WITH comment = 'x'", 3),
        ("CREATE INDEX ON cf2.t (v)", 3),
        ("DROP INDEX cf2.t_v_idx", 3),
        ("CREATE TYPE cf2.ty (a int)", 3),
        ("ALTER TYPE cf2.ty ADD b int", 3),
        ("DROP TYPE cf2.ty", 3),
        ("TRUNCATE cf2.t", 1),
        ("DROP TABLE cf2.t", 3),
        ("DROP TABLE IF EXISTS cf2.t", 1),
    ] {
        out.push(Step::Send(query(version, cql), frames));
    }
    out.push(Step::Elsewhere("CREATE TABLE cf2.other (k int PRIMARY KEY)"));
    for cql in ["CREATE TYPE cf2.ty (a int)", "CREATE TABLE cf2.a (k int PRIMARY KEY, v frozen<ty>)"] {
        out.push(Step::Send(query(version, cql), 3));
    }
    out.push(Step::Send(query(version, "DROP KEYSPACE cf2"), 5));
    out
}

fn pages(version: u8) -> Vec<Step> {
    const SELECT: &str = "SELECT k, c FROM cf2.t";
    let mut out = begun(
        version,
        &[
            "DROP KEYSPACE IF EXISTS cf2",
            KEYSPACE,
            "CREATE TABLE cf2.t (k int, c int, PRIMARY KEY (k, c))",
            "INSERT INTO cf2.t (k, c) VALUES (1, 1)",
            "INSERT INTO cf2.t (k, c) VALUES (1, 2)",
            "INSERT INTO cf2.t (k, c) VALUES (2, 1)",
        ],
    );
    let first = |size: i32| ask(query_with(version, SELECT, &[&[0, 1, 4][..], &size.to_be_bytes()].concat()));
    out.extend([first(1), Step::NextPage(SELECT, 1), Step::NextPage(SELECT, 1), Step::NextPage(SELECT, 1)]);
    out.extend([first(2), Step::NextPage(SELECT, 5)]);
    out.extend([
        first(2),
        ask_query(version, "INSERT INTO cf2.t (k, c) VALUES (3, 3)"),
        Step::NextPage(SELECT, 2),
    ]);
    out.extend([first(1), Step::NextPage("SELECT c FROM cf2.t WHERE k = 1", 1)]);
    // A state that is none.
    for state in [&[][..], &[1], &[0; 8], &[0xff; 20]] {
        let mut body = vec![0, 1, 0x0c, 0, 0, 0, 1];
        body.extend((state.len() as u32).to_be_bytes());
        body.extend(state);
        out.push(ask(query_with(version, SELECT, &body)));
    }
    out
}
