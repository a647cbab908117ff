//! INSERT, UPDATE, DELETE: what they may say, times of writing, times to live, collections.

use super::{Script, cql};
use crate::operation::{Level, Operation, at, q, stamped};

pub(super) fn scripts() -> Vec<Script> {
    vec![
        ("inserts and updates", writes()),
        ("deletes", deletes()),
        ("write times", times()),
        ("times to live", ttl()),
        ("collections", collections()),
        ("collections in time", collections_in_time()),
        ("static columns", statics()),
        ("counters", counters()),
        ("consistency of writes", levels()),
    ]
}

const TABLE: &str =
    "CREATE TABLE cf.t (k int, c int, d text, v int, w text, s int static, PRIMARY KEY (k, c, d))";

fn writes() -> Vec<Operation> {
    cql(&[
        TABLE,
        "INSERT INTO cf.t (k, c, d, v) VALUES (1, 1, 'a', 5)",
        "INSERT INTO cf.t (k, c, v) VALUES (1, 1, 5)",
        "INSERT INTO cf.t (k, d, v) VALUES (1, 'a', 5)",
        "INSERT INTO cf.t (k) VALUES (2)",
        "INSERT INTO cf.t (k, s) VALUES (2, 3)",
        "INSERT INTO cf.t (k, c, s) VALUES (2, 1, 3)",
        "INSERT INTO cf.t (k, s, v) VALUES (2, 1, 3)",
        "INSERT INTO cf.t (c, d, v) VALUES (1, 'a', 3)",
        "UPDATE cf.t SET v = 6 WHERE k = 1 AND c = 1 AND d = 'a'",
        "UPDATE cf.t SET v = 6 WHERE k = 1 AND c = 1",
        "UPDATE cf.t SET v = 6 WHERE k = 1 AND d = 'a'",
        "UPDATE cf.t SET v = 6 WHERE c = 1 AND d = 'a'",
        "UPDATE cf.t SET v = 6 WHERE k = 1",
        "UPDATE cf.t SET s = 6 WHERE k = 1",
        "UPDATE cf.t SET s = 6 WHERE k = 1 AND c = 1",
        "UPDATE cf.t SET s = 7 WHERE k = 1 AND c = 1 AND d = 'a'",
        "UPDATE cf.t SET v = 7, v = 8 WHERE k = 1 AND c = 1 AND d = 'a'",
        "UPDATE cf.t SET k = 7 WHERE k = 1 AND c = 1 AND d = 'a'",
        "UPDATE cf.t SET c = 7 WHERE k = 1 AND c = 1 AND d = 'a'",
        "UPDATE cf.t SET nope = 7 WHERE k = 1 AND c = 1 AND d = 'a'",
        "UPDATE cf.t SET v = 7 WHERE k = 1 AND c = 1 AND d = 'a' AND nope = 1",
        "UPDATE cf.t SET v = 7 WHERE k = 1 AND c = 1 AND d = 'a' AND v = 5",
        "UPDATE cf.t SET v = 7 WHERE k > 1 AND c = 1 AND d = 'a'",
        "UPDATE cf.t SET v = 7 WHERE k = 1 AND c > 1 AND d = 'a'",
        "UPDATE cf.t SET v = 7 WHERE k = 1 AND c = 1 AND d > 'a'",
        "UPDATE cf.t SET v = 7 WHERE k IN (1, 2) AND c = 1 AND d = 'a'",
        "UPDATE cf.t SET v = 7 WHERE k = 1 AND c IN (1, 2) AND d = 'a'",
        "UPDATE cf.t SET v = 8 WHERE k = 1 AND c = 1 AND d IN ('a', 'b')",
        "UPDATE cf.t SET v = 7 WHERE k IN () AND c = 1 AND d = 'a'",
        "UPDATE cf.t SET v = 7 WHERE k = 1 AND k = 2 AND c = 1 AND d = 'a'",
        "UPDATE cf.t SET v = 7 WHERE token(k) = 1",
        "UPDATE cf.t SET v = v + 1 WHERE k = 1 AND c = 1 AND d = 'a'",
        "UPDATE cf.t SET v = v - 1 WHERE k = 1 AND c = 1 AND d = 'a'",
        "UPDATE cf.t SET v = w + 1 WHERE k = 1 AND c = 1 AND d = 'a'",
        "UPDATE cf.t SET v = 1 + v WHERE k = 1 AND c = 1 AND d = 'a'",
        "UPDATE cf.t SET v[1] = 1 WHERE k = 1 AND c = 1 AND d = 'a'",
        "UPDATE cf.t SET w = 'x', v = null WHERE k = 3 AND c = 1 AND d = ''",
        "UPDATE cf.t SET w = null WHERE k = 3 AND c = 1 AND d = ''",
        "INSERT INTO cf.t (k, c, d) VALUES (4, 1, 'x')",
        "UPDATE nope.t SET v = 1 WHERE k = 1",
        "UPDATE cf.nope SET v = 1 WHERE k = 1",
        "SELECT * FROM cf.t",
        "CREATE TABLE cf.b (k blob PRIMARY KEY, v int)",
        "INSERT INTO cf.b (k, v) VALUES (0x, 1)",
        "INSERT INTO cf.b (k, v) VALUES (0x00, 1)",
        "SELECT * FROM cf.b",
        "SELECT * FROM cf.b WHERE k = 0x",
        "CREATE TABLE cf.bb (k text, l text, v int, PRIMARY KEY ((k, l)))",
        "INSERT INTO cf.bb (k, l, v) VALUES ('', '', 1)",
        "INSERT INTO cf.bb (k, l, v) VALUES ('a', '', 1)",
        "SELECT * FROM cf.bb",
    ])
}

fn deletes() -> Vec<Operation> {
    let fill: Vec<_> = (1..3)
        .flat_map(|k| (1..4).flat_map(move |c| ["a", "b"].map(|d| (k, c, d))))
        .map(|(k, c, d)| {
            q(&format!("INSERT INTO cf.t (k, c, d, v, w, s) VALUES ({k}, {c}, '{d}', 1, 'w', {k})"))
        })
        .collect();
    let mut out = cql(&[TABLE]);
    out.extend(fill);
    for delete in [
        "DELETE v FROM cf.t WHERE k = 1 AND c = 1 AND d = 'a'",
        "DELETE v, w FROM cf.t WHERE k = 1 AND c = 1 AND d = 'b'",
        "DELETE v FROM cf.t WHERE k = 1 AND c = 1",
        "DELETE v FROM cf.t WHERE k = 1",
        "DELETE s FROM cf.t WHERE k = 1",
        "DELETE s FROM cf.t WHERE k = 2 AND c = 1 AND d = 'a'",
        "DELETE s, v FROM cf.t WHERE k = 2",
        "DELETE k FROM cf.t WHERE k = 1 AND c = 1 AND d = 'a'",
        "DELETE c FROM cf.t WHERE k = 1 AND c = 1 AND d = 'a'",
        "DELETE nope FROM cf.t WHERE k = 1 AND c = 1 AND d = 'a'",
        "DELETE v[1] FROM cf.t WHERE k = 1 AND c = 1 AND d = 'a'",
        "DELETE FROM cf.t WHERE k = 1 AND c = 1 AND d = 'a'",
        "DELETE FROM cf.t WHERE k = 1 AND c = 2",
        "DELETE FROM cf.t WHERE k = 1 AND d = 'a'",
        "DELETE FROM cf.t WHERE k = 1 AND c > 2",
        "DELETE FROM cf.t WHERE k = 2 AND c IN (1, 2) AND d = 'a'",
        "DELETE FROM cf.t WHERE k = 2 AND c IN (1, 2)",
        "DELETE FROM cf.t WHERE k = 2 AND c = 3 AND d IN ('a', 'z')",
        "DELETE FROM cf.t WHERE c = 2",
        "DELETE FROM cf.t WHERE nope = 2",
        "DELETE FROM cf.t WHERE k = 2 AND v = 1",
        "DELETE FROM cf.t WHERE k IN (1, 9)",
        "DELETE FROM cf.t WHERE k = 2",
        "DELETE * FROM cf.t WHERE k = 2",
        "DELETE FROM cf.nope WHERE k = 2",
    ] {
        out.extend([q(delete), q("SELECT * FROM cf.t")]);
    }
    out
}

fn times() -> Vec<Operation> {
    let read = q("SELECT k, c, d, v, writetime(v), w, writetime(w), s, writetime(s) FROM cf.t");
    let mut out = cql(&[TABLE]);
    for write in [
        "INSERT INTO cf.t (k, c, d, v, w) VALUES (1, 1, 'a', 5, 'x') USING TIMESTAMP 10",
        "INSERT INTO cf.t (k, c, d, v) VALUES (1, 1, 'a', 4) USING TIMESTAMP 9",
        "INSERT INTO cf.t (k, c, d, v) VALUES (1, 1, 'a', 4) USING TIMESTAMP 10",
        "INSERT INTO cf.t (k, c, d, v) VALUES (1, 1, 'a', 6) USING TIMESTAMP 10",
        "UPDATE cf.t USING TIMESTAMP 10 SET v = null WHERE k = 1 AND c = 1 AND d = 'a'",
        "UPDATE cf.t USING TIMESTAMP 10 SET v = 9 WHERE k = 1 AND c = 1 AND d = 'a'",
        "UPDATE cf.t USING TIMESTAMP 11 SET v = 9 WHERE k = 1 AND c = 1 AND d = 'a'",
        "DELETE w FROM cf.t USING TIMESTAMP 9 WHERE k = 1 AND c = 1 AND d = 'a'",
        "DELETE w FROM cf.t USING TIMESTAMP 10 WHERE k = 1 AND c = 1 AND d = 'a'",
        "DELETE FROM cf.t USING TIMESTAMP 10 WHERE k = 1 AND c = 1 AND d = 'a'",
        "DELETE FROM cf.t USING TIMESTAMP 11 WHERE k = 1 AND c = 1",
        "UPDATE cf.t USING TIMESTAMP 11 SET v = 9 WHERE k = 1 AND c = 1 AND d = 'a'",
        "UPDATE cf.t USING TIMESTAMP 12 SET v = 9 WHERE k = 1 AND c = 1 AND d = 'a'",
        "UPDATE cf.t USING TIMESTAMP 12 SET s = 9 WHERE k = 1",
        "DELETE FROM cf.t USING TIMESTAMP 12 WHERE k = 1",
        "INSERT INTO cf.t (k, c, d, v, s) VALUES (1, 1, 'b', 5, 6) USING TIMESTAMP 12",
        "INSERT INTO cf.t (k, c, d, v, s) VALUES (1, 1, 'b', 5, 6) USING TIMESTAMP 13",
        "INSERT INTO cf.t (k, c, d) VALUES (2, 1, 'b') USING TIMESTAMP 13",
        "DELETE FROM cf.t USING TIMESTAMP 12 WHERE k = 2 AND c = 1 AND d = 'b'",
        "DELETE FROM cf.t USING TIMESTAMP 13 WHERE k = 2 AND c = 1 AND d = 'b'",
        "INSERT INTO cf.t (k, c, d, v) VALUES (3, 1, 'b', 1)",
        "INSERT INTO cf.t (k, c, d, v) VALUES (3, 1, 'b', 2) USING TIMESTAMP 13",
        "INSERT INTO cf.t (k, c, d, v) VALUES (3, 1, 'b', 3)",
        "INSERT INTO cf.t (k, c, d, v) VALUES (4, 1, 'b', 3) USING TIMESTAMP -5",
        "INSERT INTO cf.t (k, c, d, v) VALUES (4, 1, 'b', 3) USING TIMESTAMP 'x'",
        "INSERT INTO cf.t (k, c, d, v) VALUES (4, 1, 'b', 3) USING TIMESTAMP 1 AND TIMESTAMP 2",
        "INSERT INTO cf.t (k, c, d, v) VALUES (5, 1, 'b', 3) USING TTL 100000 AND TIMESTAMP 5",
        "INSERT INTO cf.t (k, c, d, v) VALUES (5, 1, 'c', 3) USING TIMESTAMP 5 AND TTL 100000",
        "INSERT INTO cf.t (k, c, d, v) VALUES (6, 1, 'c', 3) USING TIMESTAMP 9223372036854775807",
        "INSERT INTO cf.t (k, c, d, v) VALUES (6, 1, 'c', 4)",
        "INSERT INTO cf.t (k, c, d, v) VALUES (7, 1, 'c', 4) USING TIMESTAMP -9223372036854775808",
    ] {
        out.extend([q(write), read.clone()]);
    }
    for (write, at) in [
        ("INSERT INTO cf.t (k, c, d, v) VALUES (8, 1, 'b', 1)", 20),
        ("INSERT INTO cf.t (k, c, d, v) VALUES (8, 1, 'b', 2)", 19),
        ("INSERT INTO cf.t (k, c, d, v) VALUES (8, 1, 'b', 3) USING TIMESTAMP 21", 5),
        ("DELETE FROM cf.t WHERE k = 8", 20),
        ("DELETE FROM cf.t WHERE k = 8", 21),
        ("INSERT INTO cf.t (k, c, d, v) VALUES (9, 1, 'b', 3)", i64::MIN),
        ("INSERT INTO cf.t (k, c, d, v) VALUES (9, 1, 'b', 3)", -1),
    ] {
        out.extend([stamped(write, at), read.clone()]);
    }
    out
}

fn ttl() -> Vec<Operation> {
    let read = q("SELECT k, c, v, ttl(v), w, ttl(w), s, ttl(s) FROM cf.t");
    let mut out = cql(&["CREATE TABLE cf.t (k int, c int, v int, w text, s int static, PRIMARY KEY (k, c))"]);
    for write in [
        "INSERT INTO cf.t (k, c, v, w) VALUES (1, 1, 5, 'x') USING TTL 100000",
        "UPDATE cf.t SET v = 6 WHERE k = 1 AND c = 1",
        "UPDATE cf.t USING TTL 200000 SET v = 6, s = 1 WHERE k = 1 AND c = 1",
        "UPDATE cf.t USING TTL 0 SET v = 7 WHERE k = 1 AND c = 1",
        "UPDATE cf.t USING TTL -1 SET v = 8 WHERE k = 1 AND c = 1",
        "UPDATE cf.t USING TTL 630720000 SET v = 9 WHERE k = 1 AND c = 1",
        "UPDATE cf.t USING TTL 630720001 SET v = 10 WHERE k = 1 AND c = 1",
        "UPDATE cf.t USING TTL 'x' SET v = 11 WHERE k = 1 AND c = 1",
        "UPDATE cf.t USING TTL 3000000000 SET v = 11 WHERE k = 1 AND c = 1",
        "DELETE FROM cf.t USING TTL 10 WHERE k = 1",
        // Same time of writing: which one wins?
        "INSERT INTO cf.t (k, c, v) VALUES (2, 1, 5) USING TIMESTAMP 1000 AND TTL 300000",
        "INSERT INTO cf.t (k, c, v) VALUES (2, 1, 5) USING TIMESTAMP 1000",
        "INSERT INTO cf.t (k, c, v) VALUES (2, 1, 5) USING TIMESTAMP 1000 AND TTL 400000",
        "INSERT INTO cf.t (k, c, v) VALUES (2, 1, 4) USING TIMESTAMP 1000 AND TTL 500000",
        "INSERT INTO cf.t (k, c, v) VALUES (2, 1, 6) USING TIMESTAMP 1000 AND TTL 100000",
        "ALTER TABLE cf.t WITH default_time_to_live = 500000",
        "INSERT INTO cf.t (k, c, v) VALUES (3, 1, 5)",
        "INSERT INTO cf.t (k, c, v) VALUES (3, 2, 5) USING TTL 0",
        "INSERT INTO cf.t (k, c, v) VALUES (3, 3, 5) USING TTL 100000",
    ] {
        out.extend([q(write), read.clone()]);
    }
    out.extend(cql(&[
        "ALTER TABLE cf.t WITH default_time_to_live = 0",
        "INSERT INTO cf.t (k, c, v) VALUES (4, 1, 5) USING TTL 1",
        "UPDATE cf.t USING TTL 1 SET v = 5 WHERE k = 5 AND c = 1",
        "UPDATE cf.t SET w = 'stays' WHERE k = 5 AND c = 2",
        "UPDATE cf.t USING TTL 1 SET v = 5 WHERE k = 5 AND c = 2",
        "INSERT INTO cf.t (k, c, v) VALUES (6, 1, 5)",
        "UPDATE cf.t USING TTL 1 SET v = 6 WHERE k = 6 AND c = 1",
        "INSERT INTO cf.t (k, s) VALUES (7, 5) USING TTL 1",
        "INSERT INTO cf.t (k, c) VALUES (8, 1) USING TTL 1",
        "UPDATE cf.t SET v = 1 WHERE k = 8 AND c = 1",
    ]));
    out.extend([Operation::Wait(2100), read]);
    out
}

fn collections() -> Vec<Operation> {
    let read = q("SELECT * FROM cf.t");
    let mut out = cql(&[
        "CREATE TABLE cf.t (k int PRIMARY KEY, l list<int>, s set<text>, m map<text, int>, f frozen<list<int>>)",
    ]);
    for write in [
        "INSERT INTO cf.t (k, l, s, m, f) VALUES (1, [3, 1, 2], {'b', 'a'}, {'y': 1, 'x': 2}, [5, 4])",
        "UPDATE cf.t SET l = l + [4, 5] WHERE k = 1",
        "UPDATE cf.t SET l = [8, 9] + l WHERE k = 1",
        "UPDATE cf.t SET l = l - [1, 9] WHERE k = 1",
        "UPDATE cf.t SET l[0] = 7 WHERE k = 1",
        "UPDATE cf.t SET l[99] = 7 WHERE k = 1",
        "UPDATE cf.t SET l[-1] = 7 WHERE k = 1",
        "UPDATE cf.t SET l['x'] = 7 WHERE k = 1",
        "UPDATE cf.t SET l[1] = null WHERE k = 1",
        "DELETE l[0] FROM cf.t WHERE k = 1",
        "DELETE l[50] FROM cf.t WHERE k = 1",
        "UPDATE cf.t SET l[0] = 7 WHERE k = 99",
        "DELETE l[0] FROM cf.t WHERE k = 99",
        "UPDATE cf.t SET l = l + 1 WHERE k = 1",
        "UPDATE cf.t SET l = l + {1} WHERE k = 1",
        "UPDATE cf.t SET l = l + [] WHERE k = 1",
        "UPDATE cf.t SET l = [] WHERE k = 1",
        "UPDATE cf.t SET l = l + [1] WHERE k = 2",
        "UPDATE cf.t SET l = [1] + l WHERE k = 3",
        "UPDATE cf.t SET l = l - [1] WHERE k = 4",
        "UPDATE cf.t SET s = s + {'c', 'a'} WHERE k = 1",
        "UPDATE cf.t SET s = s - {'a', 'z'} WHERE k = 1",
        "UPDATE cf.t SET s = {'z'} + s WHERE k = 1",
        "UPDATE cf.t SET s['x'] = 'y' WHERE k = 1",
        "UPDATE cf.t SET s = s + ['x'] WHERE k = 1",
        "DELETE s['b'] FROM cf.t WHERE k = 1",
        "DELETE s['nope'] FROM cf.t WHERE k = 1",
        "UPDATE cf.t SET s = {} WHERE k = 1",
        "UPDATE cf.t SET m = m + {'z': 5, 'x': 6} WHERE k = 1",
        "UPDATE cf.t SET m = m - {'z'} WHERE k = 1",
        "UPDATE cf.t SET m = m - {'z': 5} WHERE k = 1",
        "UPDATE cf.t SET m = {'z': 5} + m WHERE k = 1",
        "UPDATE cf.t SET m['q'] = 9 WHERE k = 1",
        "UPDATE cf.t SET m['q'] = null WHERE k = 1",
        "UPDATE cf.t SET m[1] = 9 WHERE k = 1",
        "UPDATE cf.t SET m['q'] = 'x' WHERE k = 1",
        "DELETE m['y'] FROM cf.t WHERE k = 1",
        "DELETE m['y'], m['x'] FROM cf.t WHERE k = 1",
        "UPDATE cf.t SET m = {} WHERE k = 1",
        "UPDATE cf.t SET m['a'] = 1 WHERE k = 5",
        "UPDATE cf.t SET m['a'] = null WHERE k = 5",
        "UPDATE cf.t SET f = f + [1] WHERE k = 1",
        "UPDATE cf.t SET f[0] = 1 WHERE k = 1",
        "UPDATE cf.t SET f = [] WHERE k = 1",
        "DELETE f[0] FROM cf.t WHERE k = 1",
        "DELETE f FROM cf.t WHERE k = 1",
        "DELETE l, s, m FROM cf.t WHERE k = 1",
        "UPDATE cf.t SET m = m + {'a': 1}, m['b'] = 2 WHERE k = 6",
        "UPDATE cf.t SET l = l + [1], l = l + [2] WHERE k = 6",
        "UPDATE cf.t SET m = {'a': 1}, m['b'] = 2 WHERE k = 7",
        "UPDATE cf.t SET m['b'] = 2, m = {'a': 1} WHERE k = 8",
        "DELETE m['a'], m FROM cf.t WHERE k = 8",
        "SELECT l FROM cf.t WHERE l = [1]",
        "SELECT l FROM cf.t WHERE l CONTAINS 1",
        "SELECT l FROM cf.t WHERE k CONTAINS 1",
        "SELECT m['a'] FROM cf.t",
    ] {
        out.extend([q(write), read.clone()]);
    }
    out
}

fn collections_in_time() -> Vec<Operation> {
    let read = q("SELECT * FROM cf.t");
    let mut out = cql(&["CREATE TABLE cf.t (k int PRIMARY KEY, l list<int>, s set<text>, m map<text, int>)"]);
    for write in [
        "UPDATE cf.t USING TIMESTAMP 100 SET m = {'a': 1, 'b': 1} WHERE k = 1",
        "UPDATE cf.t USING TIMESTAMP 90 SET m = {'a': 2, 'c': 2} WHERE k = 1",
        "UPDATE cf.t USING TIMESTAMP 90 SET m['d'] = 2 WHERE k = 1",
        "UPDATE cf.t USING TIMESTAMP 100 SET m['d'] = 2, m['a'] = 0, m['b'] = 3 WHERE k = 1",
        "UPDATE cf.t USING TIMESTAMP 99 SET m['d'] = 3 WHERE k = 1",
        "UPDATE cf.t USING TIMESTAMP 99 SET m['e'] = 3 WHERE k = 1",
        "UPDATE cf.t USING TIMESTAMP 101 SET m['e'] = 3 WHERE k = 1",
        "DELETE m['d'] FROM cf.t USING TIMESTAMP 99 WHERE k = 1",
        "DELETE m['d'] FROM cf.t USING TIMESTAMP 100 WHERE k = 1",
        "DELETE m FROM cf.t USING TIMESTAMP 100 WHERE k = 1",
        "UPDATE cf.t USING TIMESTAMP 101 SET m = {'f': 9} WHERE k = 1",
        "DELETE m FROM cf.t USING TIMESTAMP 101 WHERE k = 1",
        "UPDATE cf.t USING TIMESTAMP 100 SET s = s + {'x'} WHERE k = 2",
        "UPDATE cf.t USING TIMESTAMP 98 SET s = s + {'y'} WHERE k = 2",
        "UPDATE cf.t USING TIMESTAMP 99 SET s = s - {'x', 'y'} WHERE k = 2",
        "UPDATE cf.t USING TIMESTAMP 99 SET s = {'q'} WHERE k = 2",
        "DELETE FROM cf.t USING TIMESTAMP 99 WHERE k = 2",
        "UPDATE cf.t USING TIMESTAMP 100 SET l = [1, 2] WHERE k = 3",
        "UPDATE cf.t USING TIMESTAMP 99 SET l = l + [3] WHERE k = 3",
        "UPDATE cf.t USING TIMESTAMP 100 SET l = l + [4] WHERE k = 3",
        "UPDATE cf.t USING TIMESTAMP 100 SET l = [5] WHERE k = 3",
        "UPDATE cf.t USING TIMESTAMP 99 SET l = l - [1] WHERE k = 3",
        "UPDATE cf.t USING TIMESTAMP 99 SET l[0] = 9 WHERE k = 3",
        "UPDATE cf.t USING TTL 1 SET m['ttl'] = 1, s = s + {'ttl'}, l = l + [77] WHERE k = 4",
        "UPDATE cf.t SET m['stay'] = 1, s = s + {'stay'}, l = l + [78] WHERE k = 4",
        "UPDATE cf.t USING TTL 1 SET m = {'ttl': 1} WHERE k = 5",
        "INSERT INTO cf.t (k, m) VALUES (6, {'a': 1}) USING TTL 1",
        "UPDATE cf.t SET m['b'] = 2 WHERE k = 6",
    ] {
        out.extend([q(write), read.clone()]);
    }
    out.extend([Operation::Wait(2100), read]);
    out
}

fn statics() -> Vec<Operation> {
    let reads = cql(&[
        "SELECT * FROM cf.t",
        "SELECT k, s FROM cf.t",
        "SELECT DISTINCT k, s FROM cf.t",
        "SELECT s FROM cf.t WHERE k = 1",
        "SELECT * FROM cf.t WHERE k = 1 AND c = 1",
        "SELECT * FROM cf.t WHERE k = 1 AND c > 0",
        "SELECT * FROM cf.t WHERE k = 1 ORDER BY c DESC",
        "SELECT c, v FROM cf.t WHERE k = 1",
        "SELECT * FROM cf.t LIMIT 1",
        "SELECT count(*) FROM cf.t WHERE k = 1",
    ]);
    let mut out =
        cql(&["CREATE TABLE cf.t (k int, c int, v int, s int static, z text static, PRIMARY KEY (k, c))"]);
    for write in [
        "INSERT INTO cf.t (k, s) VALUES (1, 5)",
        "INSERT INTO cf.t (k, c, v) VALUES (1, 1, 6)",
        "INSERT INTO cf.t (k, c, v, s) VALUES (1, 2, 6, 7)",
        "INSERT INTO cf.t (k, c, z) VALUES (1, 3, 'z')",
        "UPDATE cf.t SET s = 8, v = 9 WHERE k = 1 AND c = 1",
        "DELETE FROM cf.t WHERE k = 1 AND c = 1",
        "DELETE FROM cf.t WHERE k = 1 AND c = 2",
        "DELETE FROM cf.t WHERE k = 1 AND c = 3",
        "DELETE s FROM cf.t WHERE k = 1",
        "UPDATE cf.t SET z = null WHERE k = 1",
        "INSERT INTO cf.t (k, s) VALUES (2, 1)",
        "DELETE FROM cf.t WHERE k = 2",
    ] {
        out.push(q(write));
        out.extend(reads.iter().cloned());
    }
    out
}

fn counters() -> Vec<Operation> {
    let read = q("SELECT * FROM cf.n");
    let mut out = cql(&[
        "CREATE TABLE cf.n (k int, c int, n counter, m counter, PRIMARY KEY (k, c))",
        "CREATE TABLE cf.t (k int PRIMARY KEY, v int)",
    ]);
    for write in [
        "UPDATE cf.n SET n = n + 1 WHERE k = 1 AND c = 1",
        "UPDATE cf.n SET n = n + 5, m = m - 2 WHERE k = 1 AND c = 1",
        "UPDATE cf.n SET n = n - 10 WHERE k = 1 AND c = 2",
        "UPDATE cf.n SET n = n +1 WHERE k = 1 AND c = 2",
        "UPDATE cf.n SET n = n -1 WHERE k = 1 AND c = 2",
        "UPDATE cf.n SET n = n + -3 WHERE k = 1 AND c = 2",
        "UPDATE cf.n SET n = 1 + n WHERE k = 1 AND c = 2",
        "UPDATE cf.n SET n = m + 1 WHERE k = 1 AND c = 2",
        "UPDATE cf.n SET n = 5 WHERE k = 1 AND c = 2",
        "UPDATE cf.n SET n = n + 'x' WHERE k = 1 AND c = 2",
        "UPDATE cf.n SET n = n + null WHERE k = 1 AND c = 2",
        "INSERT INTO cf.n (k, c, n) VALUES (1, 1, 1)",
        "UPDATE cf.n USING TTL 10 SET n = n + 1 WHERE k = 1 AND c = 1",
        "UPDATE cf.n USING TIMESTAMP 10 SET n = n + 1 WHERE k = 1 AND c = 1",
        "UPDATE cf.n SET n = n + 1 WHERE k = 1 AND c = 1 IF n = 1",
        "UPDATE cf.n SET n = n + 9223372036854775807 WHERE k = 2 AND c = 1",
        "UPDATE cf.n SET n = n + 1 WHERE k = 2 AND c = 1",
        "DELETE n FROM cf.n WHERE k = 2 AND c = 1",
        "DELETE FROM cf.n WHERE k = 1 AND c = 2",
        "SELECT n, writetime(n), ttl(n) FROM cf.n WHERE k = 1",
        "SELECT sum(n) FROM cf.n",
        "BEGIN COUNTER BATCH UPDATE cf.n SET n = n + 1 WHERE k = 3 AND c = 1; UPDATE cf.n SET n = n + 2 WHERE k = 3 AND c = 1; APPLY BATCH",
        "BEGIN UNLOGGED BATCH UPDATE cf.n SET n = n + 1 WHERE k = 3 AND c = 1; APPLY BATCH",
        "BEGIN BATCH UPDATE cf.n SET n = n + 1 WHERE k = 3 AND c = 1; APPLY BATCH",
        "BEGIN COUNTER BATCH INSERT INTO cf.t (k, v) VALUES (1, 1); APPLY BATCH",
        "BEGIN UNLOGGED BATCH UPDATE cf.n SET n = n + 1 WHERE k = 3 AND c = 1; INSERT INTO cf.t (k, v) VALUES (1, 1); APPLY BATCH",
        "BEGIN COUNTER BATCH USING TIMESTAMP 5 UPDATE cf.n SET n = n + 1 WHERE k = 3 AND c = 1; APPLY BATCH",
        "CREATE INDEX ON cf.n (n)",
        "UPDATE cf.t SET v = v + 1 WHERE k = 1",
    ] {
        out.extend([q(write), read.clone()]);
    }
    out
}

fn levels() -> Vec<Operation> {
    let mut out = cql(&[
        "CREATE TABLE cf.t (k int PRIMARY KEY, v int)",
        "CREATE TABLE cf.n (k int PRIMARY KEY, n counter)",
    ]);
    for level in [
        Level::Any,
        Level::One,
        Level::Two,
        Level::Quorum,
        Level::All,
        Level::EachQuorum,
        Level::LocalOne,
        Level::Serial,
    ] {
        for statement in [
            "INSERT INTO cf.t (k, v) VALUES (1, 1)",
            "SELECT * FROM cf.t",
            "SELECT * FROM cf.t WHERE k = 1",
            "UPDATE cf.n SET n = n + 1 WHERE k = 1",
            "INSERT INTO cf.t (k, v) VALUES (1, 1) IF NOT EXISTS",
            "TRUNCATE cf.t",
            "SELECT key FROM system.local",
        ] {
            out.push(at(statement, level));
        }
    }
    out
}
