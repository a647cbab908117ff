//! SELECT: what it may ask, in which order rows come, and how they are cut into pages.

use super::{Script, cql};
use crate::operation::{Bind, How, Operation, Statement, bytes, int, p, paged, q};

pub(super) fn scripts() -> Vec<Script> {
    vec![
        ("restrictions", restrictions()),
        ("order", order()),
        ("tokens and distinct", tokens()),
        ("pages", pages()),
        ("names and selectors", names()),
        ("syntax", syntax()),
    ]
}

fn filled() -> Vec<Operation> {
    let mut out = cql(&[
        "CREATE TABLE cf.t (k int, l text, c int, d text, v int, s int static, PRIMARY KEY ((k, l), c, d))",
        "CREATE TABLE cf.u (k int PRIMARY KEY, v text)",
    ]);
    for k in 0..3 {
        for c in 0..4 {
            for d in ["a", "b"] {
                out.push(q(&format!(
                    "INSERT INTO cf.t (k, l, c, d, v) VALUES ({k}, 'x', {c}, '{d}', {})",
                    k * 10 + c
                )));
            }
        }
        out.push(q(&format!("INSERT INTO cf.u (k, v) VALUES ({k}, 'v{k}')")));
    }
    out
}

fn restrictions() -> Vec<Operation> {
    let mut out = filled();
    out.extend(cql(&[
        "SELECT * FROM cf.t",
        "SELECT * FROM cf.t WHERE k = 1 AND l = 'x'",
        "SELECT * FROM cf.t WHERE l = 'x' AND k = 1",
        "SELECT * FROM cf.t WHERE k = 1",
        "SELECT * FROM cf.t WHERE l = 'x'",
        "SELECT * FROM cf.t WHERE k = 1 ALLOW FILTERING",
        "SELECT * FROM cf.t WHERE k > 1",
        "SELECT * FROM cf.t WHERE k > 1 AND l = 'x'",
        "SELECT * FROM cf.t WHERE k IN (1, 2) AND l = 'x'",
        "SELECT * FROM cf.t WHERE k IN (2, 1, 2) AND l IN ('x', 'y')",
        "SELECT * FROM cf.t WHERE k IN () AND l = 'x'",
        "SELECT * FROM cf.t WHERE k = 1 AND l = 'x' AND c = 1",
        "SELECT * FROM cf.t WHERE k = 1 AND l = 'x' AND c = 1 AND d = 'a'",
        "SELECT * FROM cf.t WHERE k = 1 AND l = 'x' AND c > 1",
        "SELECT * FROM cf.t WHERE k = 1 AND l = 'x' AND c >= 1 AND c < 3",
        "SELECT * FROM cf.t WHERE k = 1 AND l = 'x' AND c > 3 AND c < 1",
        "SELECT * FROM cf.t WHERE k = 1 AND l = 'x' AND c > 1 AND c > 2",
        "SELECT * FROM cf.t WHERE k = 1 AND l = 'x' AND c < 1 AND c <= 2",
        "SELECT * FROM cf.t WHERE k = 1 AND l = 'x' AND c = 1 AND c = 2",
        "SELECT * FROM cf.t WHERE k = 1 AND l = 'x' AND c = 1 AND c > 0",
        "SELECT * FROM cf.t WHERE k = 1 AND l = 'x' AND c > 0 AND c = 1",
        "SELECT * FROM cf.t WHERE k = 1 AND k = 1 AND l = 'x'",
        "SELECT * FROM cf.t WHERE k = 1 AND l = 'x' AND c IN (1, 3)",
        "SELECT * FROM cf.t WHERE k = 1 AND l = 'x' AND c IN (3, 1, 3)",
        "SELECT * FROM cf.t WHERE k = 1 AND l = 'x' AND c IN ()",
        "SELECT * FROM cf.t WHERE k = 1 AND l = 'x' AND c IN (1, 3) AND d = 'b'",
        "SELECT * FROM cf.t WHERE k = 1 AND l = 'x' AND c IN (1, 3) AND d IN ('b', 'a')",
        "SELECT * FROM cf.t WHERE k = 1 AND l = 'x' AND c IN (1, 3) AND d > 'a'",
        "SELECT * FROM cf.t WHERE k = 1 AND l = 'x' AND d = 'b'",
        "SELECT * FROM cf.t WHERE k = 1 AND l = 'x' AND d = 'b' ALLOW FILTERING",
        "SELECT * FROM cf.t WHERE k = 1 AND l = 'x' AND c > 1 AND d = 'b'",
        "SELECT * FROM cf.t WHERE k = 1 AND l = 'x' AND c > 1 AND d = 'b' ALLOW FILTERING",
        "SELECT * FROM cf.t WHERE k = 1 AND l = 'x' AND c > 1 AND d > 'a'",
        "SELECT * FROM cf.t WHERE k = 1 AND l = 'x' AND c = 1 AND d >= 'b'",
        "SELECT * FROM cf.t WHERE c = 1",
        "SELECT * FROM cf.t WHERE c = 1 ALLOW FILTERING",
        "SELECT * FROM cf.t WHERE c > 1 ALLOW FILTERING",
        "SELECT * FROM cf.t WHERE c = 1 AND d = 'a' ALLOW FILTERING",
        "SELECT * FROM cf.t WHERE d = 'a' ALLOW FILTERING",
        "SELECT * FROM cf.t WHERE v = 1",
        "SELECT * FROM cf.t WHERE v = 1 ALLOW FILTERING",
        "SELECT * FROM cf.t WHERE v > 1 AND s = 2",
        "SELECT * FROM cf.t WHERE k = 1 AND l = 'x' AND v = 1",
        "SELECT * FROM cf.t WHERE k = 1 AND l = 'x' AND v IN (1, 2)",
        "SELECT * FROM cf.t WHERE k != 1",
        "SELECT * FROM cf.t WHERE k = 1 AND l = 'x' AND c != 1",
        "SELECT * FROM cf.t WHERE nope = 1",
        "SELECT * FROM cf.t WHERE k = 1 AND nope > 'x'",
        "SELECT * FROM cf.t WHERE nope IN (1, 'b')",
        "SELECT * FROM cf.t WHERE k = 'x' AND l = 'x'",
        "SELECT * FROM cf.t WHERE k = 1.5 AND l = 'x'",
        "SELECT * FROM cf.t WHERE k = 99999999999 AND l = 'x'",
        "SELECT * FROM cf.t WHERE k = 1 AND l = 'x' AND (c, d) = (1, 'a')",
        "SELECT * FROM cf.t WHERE k = 1 AND l = 'x' AND (c, d) > (1, 'a')",
        "SELECT * FROM cf.t WHERE k = 1 AND l = 'x' AND (c, d) >= (1, 'b') AND (c, d) < (3, 'b')",
        "SELECT * FROM cf.t WHERE k = 1 AND l = 'x' AND (c, d) IN ((1, 'a'), (3, 'b'))",
        "SELECT * FROM cf.t WHERE k = 1 AND l = 'x' AND (c) > (1)",
        "SELECT * FROM cf.t WHERE k = 1 AND l = 'x' AND (d, c) > ('a', 1)",
        "SELECT * FROM cf.t WHERE k = 1 AND l = 'x' AND (c, v) > (1, 1)",
        "SELECT * FROM cf.t LIMIT 3",
        "SELECT * FROM cf.t LIMIT 'x'",
        "SELECT * FROM cf.t WHERE k = 1 AND l = 'x' LIMIT 2",
        "SELECT * FROM cf.t WHERE k IN (2, 1) AND l = 'x' LIMIT 9",
        "SELECT * FROM cf.u WHERE k IN (2, 0)",
        "SELECT * FROM cf.u WHERE v = 'v1'",
        "SELECT * FROM cf.u WHERE v = 'v1' ALLOW FILTERING",
        "SELECT * FROM cf.u WHERE k >= 1",
        "SELECT * FROM cf.nope",
        "SELECT * FROM nope.t",
        "SELECT * FROM t",
    ]));
    out.push(p("SELECT * FROM cf.t WHERE k = ? AND l = ?", &[int(1), bytes("x")]));
    out.push(p("SELECT * FROM cf.t WHERE l = ? AND k = ?", &[bytes("x"), int(1)]));
    out.push(p(
        "SELECT * FROM cf.t WHERE k IN ? AND l = ?",
        &[bytes([0, 0, 0, 1, 0, 0, 0, 4, 0, 0, 0, 1]), bytes("x")],
    ));
    out.push(p("SELECT c FROM cf.t WHERE k = 1 AND l = ? AND c IN (?, ?)", &[bytes("x"), int(3), int(0)]));
    out.push(p(
        "SELECT c FROM cf.t WHERE k = 1 AND l = ? AND (c, d) > (?, ?)",
        &[bytes("x"), int(2), bytes("a")],
    ));
    out.push(p(
        "SELECT c FROM cf.t WHERE k = 1 AND l = ? AND (c, d) IN (?)",
        &[bytes("x"), bytes([0, 0, 0, 4, 0, 0, 0, 2, 0, 0, 0, 1, 97])],
    ));
    out.push(p("SELECT c FROM cf.t WHERE k = 1 AND l = :l LIMIT :n", &[bytes("x"), int(3)]));
    out.push(p("SELECT c FROM cf.t WHERE k = :a AND l = :b AND c > :a", &[int(1), bytes("x"), int(1)]));
    out.push(p(
        "INSERT INTO cf.t (k, l, c, d, v) VALUES (?, 'x', ?, :d, ?) USING TTL ? AND TIMESTAMP ?",
        &[int(7), int(1), bytes("q"), int(1), int(0), bytes([0; 8])],
    ));
    out.push(p(
        "UPDATE cf.t USING TIMESTAMP ? SET v = ? WHERE k = ? AND l = ? AND c = ? AND d = ?",
        &[bytes([0; 8]), int(7), int(1), bytes("x"), int(1), bytes("q")],
    ));
    out.push(p(
        "DELETE v FROM cf.t USING TIMESTAMP ? WHERE k = ? AND l = ? AND c = ? AND d = ?",
        &[bytes([0; 8]), int(1), bytes("x"), int(1), bytes("q")],
    ));
    out.push(p("BEGIN BATCH USING TIMESTAMP ? INSERT INTO cf.u (k, v) VALUES (?, ?); INSERT INTO cf.u (k, v) VALUES (?, ?); APPLY BATCH", &[bytes([0; 8]), int(7), bytes("x"), int(8), Bind::Null]));
    out.push(p(
        "SELECT * FROM cf.u WHERE token(k) > ? AND token(k) <= ?",
        &[bytes(i64::MIN.to_be_bytes()), bytes(i64::MAX.to_be_bytes())],
    ));
    out.push(p("SELECT * FROM cf.u WHERE token(k) > token(?)", &[int(1)]));
    out.push(p("USE cf", &[]));
    out.push(p("SELECT * FROM nope.t WHERE k = ?", &[int(1)]));
    out.push(p("SELECT * FROM cf.u WHERE nope = ?", &[int(1)]));
    out.push(p("SELECT blobAsInt(?) FROM cf.u", &[int(1)]));
    out
}

fn order() -> Vec<Operation> {
    let mut out = cql(&[
        "CREATE TABLE cf.t (k int, c int, d text, v int, PRIMARY KEY (k, c, d)) WITH CLUSTERING ORDER BY (c DESC, d ASC)",
    ]);
    for k in 0..3 {
        for c in [2, 0, 1] {
            for d in ["b", "a", "ab"] {
                out.push(q(&format!("INSERT INTO cf.t (k, c, d, v) VALUES ({k}, {c}, '{d}', 1)")));
            }
        }
    }
    out.extend(cql(&[
        "SELECT * FROM cf.t WHERE k = 1",
        "SELECT * FROM cf.t WHERE k = 1 ORDER BY c",
        "SELECT * FROM cf.t WHERE k = 1 ORDER BY c ASC",
        "SELECT * FROM cf.t WHERE k = 1 ORDER BY c DESC",
        "SELECT * FROM cf.t WHERE k = 1 ORDER BY c DESC, d ASC",
        "SELECT * FROM cf.t WHERE k = 1 ORDER BY c ASC, d DESC",
        "SELECT * FROM cf.t WHERE k = 1 ORDER BY c ASC, d ASC",
        "SELECT * FROM cf.t WHERE k = 1 ORDER BY d",
        "SELECT * FROM cf.t WHERE k = 1 AND c = 1 ORDER BY d DESC",
        "SELECT * FROM cf.t WHERE k = 1 AND c = 1 ORDER BY c ASC",
        "SELECT * FROM cf.t WHERE k = 1 ORDER BY k",
        "SELECT * FROM cf.t WHERE k = 1 ORDER BY v",
        "SELECT * FROM cf.t WHERE k = 1 ORDER BY nope",
        "SELECT * FROM cf.t ORDER BY c",
        "SELECT * FROM cf.t WHERE k > 1 ORDER BY c",
        "SELECT * FROM cf.t WHERE k IN (2, 0) ORDER BY c ASC",
        "SELECT * FROM cf.t WHERE k IN (2, 0) ORDER BY c DESC",
        "SELECT d FROM cf.t WHERE k IN (2, 0) ORDER BY c ASC",
        "SELECT d FROM cf.t WHERE k IN (2, 0) ORDER BY c ASC, d DESC LIMIT 4",
        "SELECT * FROM cf.t WHERE k IN (2, 0) LIMIT 4",
        "SELECT * FROM cf.t WHERE k = 1 AND c >= 1 ORDER BY c ASC",
        "SELECT * FROM cf.t WHERE k = 1 AND c > 0 AND c <= 2",
        "SELECT * FROM cf.t WHERE k = 1 AND c IN (0, 2) ORDER BY c ASC",
        "SELECT * FROM cf.t WHERE k = 1 AND c IN (0, 2) AND d >= 'ab' ORDER BY c ASC",
        "SELECT * FROM cf.t WHERE k = 1 AND (c, d) > (1, 'a')",
        "SELECT * FROM cf.t WHERE k = 1 ORDER BY c ASC LIMIT 2",
        "SELECT DISTINCT k FROM cf.t WHERE k = 1 ORDER BY c",
        "SELECT count(*) FROM cf.t WHERE k IN (1, 2) ORDER BY c ASC",
    ]));
    for page in [1, 2, 4, 100] {
        out.push(paged("SELECT * FROM cf.t WHERE k IN (2, 0) ORDER BY c ASC", page));
        out.push(paged("SELECT * FROM cf.t WHERE k IN (2, 0) ORDER BY c ASC LIMIT 4", page));
        out.push(paged("SELECT * FROM cf.t WHERE k = 2 ORDER BY c ASC LIMIT 7", page));
    }
    out
}

fn tokens() -> Vec<Operation> {
    let mut out = cql(&[
        "CREATE TABLE cf.t (k int, l text, c int, s int static, PRIMARY KEY ((k, l), c))",
        "CREATE TABLE cf.u (k text PRIMARY KEY)",
    ]);
    for k in 0..8 {
        out.push(q(&format!("INSERT INTO cf.t (k, l, c) VALUES ({k}, 'l{}', {k})", k % 3)));
        out.push(q(&format!("INSERT INTO cf.t (k, l, c, s) VALUES ({k}, 'l{}', 0, 1)", k % 3)));
        out.push(q(&format!("INSERT INTO cf.u (k) VALUES ('key{k}')")));
    }
    out.extend(cql(&[
        "SELECT token(k), k FROM cf.u",
        "SELECT token(k, l), k, l FROM cf.t",
        "SELECT DISTINCT k, l FROM cf.t",
        "SELECT DISTINCT l, k FROM cf.t",
        "SELECT DISTINCT k FROM cf.t",
        "SELECT DISTINCT k, l, s FROM cf.t",
        "SELECT DISTINCT k, l, c FROM cf.t",
        "SELECT DISTINCT s FROM cf.t",
        "SELECT DISTINCT * FROM cf.t",
        "SELECT DISTINCT k, l FROM cf.t LIMIT 3",
        "SELECT DISTINCT k, l FROM cf.t WHERE k = 1 AND l = 'l1'",
        "SELECT DISTINCT k, l FROM cf.t WHERE k IN (1, 2) AND l = 'l1'",
        "SELECT DISTINCT k, l FROM cf.t WHERE k = 1 AND l = 'l1' AND c = 1",
        "SELECT DISTINCT k, l FROM cf.t WHERE token(k, l) > 0",
        "SELECT DISTINCT k FROM cf.u",
        "SELECT DISTINCT count(*) FROM cf.t",
        "SELECT DISTINCT token(k) FROM cf.u",
        "SELECT k FROM cf.u WHERE token(k) > 0",
        "SELECT k FROM cf.u WHERE token(k) < 0",
        "SELECT k FROM cf.u WHERE token(k) > -4611686018427387904 AND token(k) <= 4611686018427387904",
        "SELECT k FROM cf.u WHERE token(k) > 9223372036854775807",
        "SELECT k FROM cf.u WHERE token(k) >= -9223372036854775808",
        "SELECT k FROM cf.u WHERE token(k) > -9223372036854775808",
        "SELECT k FROM cf.u WHERE token(k) <= -9223372036854775808",
        "SELECT k FROM cf.u WHERE token(k) = token('key1')",
        "SELECT k FROM cf.u WHERE token(k) > token('key1')",
        "SELECT k FROM cf.u WHERE token(k) >= token('key1') AND token(k) <= token('key1')",
        "SELECT k FROM cf.u WHERE token(k) > 5 AND token(k) < 4",
        "SELECT k FROM cf.u WHERE token(k) > 5 AND token(k) > 6",
        "SELECT k FROM cf.u WHERE token(k) > 5 AND k = 'key1'",
        "SELECT k FROM cf.u WHERE token(k) IN (5)",
        "SELECT k FROM cf.u WHERE token(nope) > 5",
        "SELECT k FROM cf.u WHERE token() > 5",
        "SELECT k FROM cf.t WHERE token(k) > 5",
        "SELECT k FROM cf.t WHERE token(l, k) > 5",
        "SELECT k FROM cf.t WHERE token(k, l) > token(1, 'l1')",
        "SELECT k FROM cf.t WHERE token(k, l) > token(1)",
        "SELECT k FROM cf.t WHERE token(k, c) > 5",
        "SELECT k FROM cf.t WHERE token(k, l) > 5 AND c = 1",
        "SELECT k FROM cf.t WHERE token(k, l) > 5 AND c = 1 ALLOW FILTERING",
        "SELECT k FROM cf.u WHERE token(k) > 'x'",
        "SELECT k FROM cf.u WHERE k > 'key'",
    ]));
    for page in [1, 3, 8] {
        out.push(paged("SELECT DISTINCT k, l, s FROM cf.t", page));
        out.push(paged("SELECT k FROM cf.u WHERE token(k) > 0", page));
    }
    out
}

fn pages() -> Vec<Operation> {
    let mut out = cql(&["CREATE TABLE cf.t (k int, c int, v text, s text static, PRIMARY KEY (k, c))"]);
    for k in 0..5 {
        out.extend((0..k * 2).map(|c| q(&format!("INSERT INTO cf.t (k, c, v) VALUES ({k}, {c}, 'v')"))));
    }
    out.extend(cql(&[
        "INSERT INTO cf.t (k, s) VALUES (7, 's')",
        "INSERT INTO cf.t (k, s) VALUES (3, 's')",
        "DELETE FROM cf.t WHERE k = 4 AND c = 3",
        "DELETE v FROM cf.t WHERE k = 4 AND c = 4",
    ]));
    for page in [1, 2, 3, 5, 7, 19, 20, 21, 100] {
        for query in [
            "SELECT k, c, s FROM cf.t",
            "SELECT k, c FROM cf.t LIMIT 7",
            "SELECT c FROM cf.t WHERE k = 4",
            "SELECT c FROM cf.t WHERE k = 4 LIMIT 3",
            "SELECT c FROM cf.t WHERE k = 4 ORDER BY c DESC",
            "SELECT k, c FROM cf.t WHERE k IN (4, 2, 3)",
            "SELECT k, c FROM cf.t WHERE k IN (4, 2, 3) LIMIT 9",
            "SELECT c FROM cf.t WHERE k = 4 AND c IN (1, 5, 7, 3)",
            "SELECT c FROM cf.t WHERE k = 4 AND c > 1 AND c <= 6",
            "SELECT s FROM cf.t WHERE k = 7",
            "SELECT c FROM cf.t WHERE k = 99",
        ] {
            out.push(paged(query, page));
        }
    }
    let by = |page| How { page: Some(page), ..How::default() };
    let select =
        Statement { cql: "SELECT c FROM cf.t WHERE k = ? AND c > ?".to_owned(), binds: vec![int(4), int(0)] };
    out.extend([1, 2, 3, 6, 100].map(|page| Operation::Prepared(select.clone(), by(page))));
    out
}

fn names() -> Vec<Operation> {
    cql(&[
        "CREATE TABLE cf.t (k int PRIMARY KEY, \"Mixed\" int, type text, \"select\" int, key int, values int, ttl int, timestamp int)",
        "INSERT INTO cf.t (K, \"Mixed\", TYPE, \"select\", key, values, ttl, timestamp) VALUES (1, 2, 'x', 3, 4, 5, 6, 7)",
        "SELECT * FROM cf.t",
        "SELECT K, Type FROM CF.T",
        "SELECT Mixed FROM cf.t",
        "SELECT \"Mixed\" FROM cf.t",
        "SELECT \"Mixed\" AS a, type AS \"B c\" FROM cf.t",
        "SELECT k, k, k AS z FROM cf.t",
        "SELECT select FROM cf.t",
        "SELECT key, values, ttl, timestamp FROM cf.t",
        "SELECT ttl(ttl), writetime(timestamp) FROM cf.t",
        "SELECT count(*) AS c, k FROM cf.t",
        "SELECT \"k\" FROM \"cf\".\"t\"",
        "SELECT \"K\" FROM cf.t",
        "SELECT nope FROM cf.t",
        "SELECT k AS a FROM cf.t WHERE a = 1",
        "SELECT k FROM cf.t; ",
        "SELECT k FROM cf.t;;",
        "  SELECT k -- comment\n FROM /* more */ cf.t // end",
        "SELECT k FROM cf.t /* open",
        "select K from CF.t where K=1",
        "SELECT k FROM cf.t WHERE k=-1",
        "SELECT k FROM cf.t WHERE k = - 1",
        "SELECT * FROM cf.\"T\"",
        "CREATE TABLE cf.select (k int PRIMARY KEY)",
        "CREATE TABLE cf.\"select\" (k int PRIMARY KEY)",
        "SELECT JSON * FROM cf.t",
        "INSERT INTO cf.t JSON '{\"k\": 5}'",
    ])
}

fn syntax() -> Vec<Operation> {
    let mut out = cql(&["CREATE TABLE cf.t (k int PRIMARY KEY, v text, l list<int>)"]);
    out.extend(cql(&[
        "",
        " ",
        ";",
        "nope",
        "SELECT",
        "SELECT *",
        "SELECT * FROM",
        "SELECT * FRM cf.t",
        "SELECT * FROM cf.",
        "SELECT * FROM cf.t WHERE",
        "SELECT * FROM cf.t WHERE k",
        "SELECT * FROM cf.t WHERE k =",
        "SELECT * FROM cf.t WHERE k = 1 AND",
        "SELECT * FROM cf.t WHERE k = 1 OR k = 2",
        "SELECT * FROM cf.t WHERE k == 1",
        "SELECT * FROM cf.t WHERE k = 'x",
        "SELECT * FROM cf.t WHERE \"k = 1",
        "SELECT * FROM cf.t WHERE k IN 1",
        "SELECT * FROM cf.t WHERE k IN (1, 2",
        "SELECT * FROM cf.t WHERE k LIKE 'x'",
        "SELECT * FROM cf.t LIMIT",
        "SELECT * FROM cf.t LIMIT 1 LIMIT 2",
        "SELECT * FROM cf.t ORDER k",
        "SELECT * FROM cf.t ALLOW",
        "SELECT * FROM cf.t GROUP BY k",
        "SELECT k, FROM cf.t",
        "SELECT , k FROM cf.t",
        "SELECT k v FROM cf.t",
        "SELECT * FROM cf.t WHERE k = 1 ALLOW FILTERING LIMIT 1",
        "SELECT * FROM cf.t WHERE k = 1 LIMIT 1 ORDER BY k",
        "SELECT * FROM cf.t extra",
        "SELECT * FROM cf.t; SELECT * FROM cf.t",
        "SELECT count(*, k) FROM cf.t",
        "SELECT count( FROM cf.t",
        "INSERT INTO cf.t",
        "INSERT INTO cf.t (k) VALUES",
        "INSERT INTO cf.t (k) VALUES (1",
        "INSERT INTO cf.t (k, v) VALUES (1, )",
        "INSERT INTO cf.t () VALUES ()",
        "INSERT INTO cf.t VALUES (1, 'x')",
        "INSERT cf.t (k) VALUES (1)",
        "INSERT INTO cf.t (k) VALUES (1) USING",
        "INSERT INTO cf.t (k) VALUES (1) USING TTL",
        "INSERT INTO cf.t (k) VALUES (1) USING NOPE 5",
        "INSERT INTO cf.t (k) VALUES (1) IF EXISTS",
        "INSERT INTO cf.t (k) VALUES (1) IF NOT",
        "INSERT INTO cf.t (k) VALUES (abc)",
        "INSERT INTO cf.t (k, l) VALUES (1, [1, 2)",
        "INSERT INTO cf.t (k, l) VALUES (1, {1: 2, 3})",
        "UPDATE cf.t SET WHERE k = 1",
        "UPDATE cf.t SET v WHERE k = 1",
        "UPDATE cf.t SET v = WHERE k = 1",
        "UPDATE cf.t SET v = 'x'",
        "UPDATE cf.t v = 'x' WHERE k = 1",
        "UPDATE cf.t SET v = 'x' WHERE k = 1 IF",
        "UPDATE cf.t SET v = 'x' WHERE k = 1 IF v",
        "DELETE FROM cf.t",
        "DELETE cf.t WHERE k = 1",
        "DELETE v, FROM cf.t WHERE k = 1",
        "BEGIN BATCH",
        "BEGIN BATCH APPLY",
        "BEGIN BATCH APPLY BATCH",
        "BEGIN NOPE BATCH APPLY BATCH",
        "BEGIN BATCH SELECT * FROM cf.t APPLY BATCH",
        "BEGIN BATCH INSERT INTO cf.t (k) VALUES (1)",
        "CREATE",
        "CREATE NOPE x",
        "CREATE TABLE cf.u",
        "CREATE TABLE cf.u ()",
        "CREATE TABLE cf.u (k)",
        "CREATE TABLE cf.u (k int PRIMARY)",
        "CREATE TABLE cf.u (k int, PRIMARY KEY ())",
        "CREATE TABLE cf.u (k int, PRIMARY KEY k)",
        "CREATE TABLE cf.u (k list<int PRIMARY KEY)",
        "CREATE TABLE cf.u (k map<int> PRIMARY KEY)",
        "CREATE TABLE cf.u (k int PRIMARY KEY) WITH",
        "CREATE TABLE cf.u (k int PRIMARY KEY) WITH comment",
        "CREATE TABLE cf.u (k int PRIMARY KEY) WITH comment = ",
        "CREATE TABLE cf.u (k int PRIMARY KEY) WITH CLUSTERING ORDER (k)",
        "CREATE KEYSPACE",
        "CREATE KEYSPACE x WITH",
        "CREATE INDEX ON cf.t",
        "CREATE INDEX ON cf.t ()",
        "CREATE TYPE cf.x",
        "CREATE TYPE cf.x ()",
        "DROP",
        "DROP TABLE",
        "DROP NOPE x",
        "ALTER TABLE cf.t",
        "ALTER TABLE cf.t NOPE",
        "ALTER TABLE cf.t ADD",
        "ALTER TABLE cf.t ADD x",
        "ALTER TABLE cf.t RENAME x",
        "USE",
        "USE 1",
        "USE cf extra",
        "TRUNCATE",
        "SELECT * FROM cf.t WHERE k = #",
        "SELECT * FROM cf.t WHERE k = @ AND v = 'x'",
        "SELECT\n*\nFROM\n  cf.t\nWHERE nope nope",
        "SELECT * FROM cf.t WHERE k = 1 AND v = 'some long text here' AND l = [1, 2, 3, 4, 5, 6, 7, 8, 9] nope",
        "EXPLAIN SELECT * FROM cf.t",
        "SHOW TABLES",
        "DESCRIBE KEYSPACE cf",
    ]));
    out
}
