//! Values of all types: as constants, as bytes, in order, null, unset, too long, too short.

use super::{Script, cql};
use crate::operation::{Bind, Operation, bytes, int, p, q};

pub(super) fn scripts() -> Vec<Script> {
    vec![
        ("constants", constants()),
        ("wrong constants", wrong()),
        ("order of values", order()),
        ("bound values", bound()),
        ("null and unset", null_and_unset()),
        ("functions", functions()),
        ("aggregates", aggregates()),
    ]
}

/// A type and constants of it, the wrong ones among them.
const CONSTANTS: [(&str, &[&str]); 20] = [
    ("ascii", &["'a'", "''", "'é'", "1", "'it''s'"]),
    (
        "bigint",
        &["0", "-1", "9223372036854775807", "-9223372036854775808", "9223372036854775808", "'1'", "1.5"],
    ),
    ("blob", &["0x", "0x00ff", "0xABCDEF", "0x0", "'a'", "1"]),
    ("boolean", &["true", "FALSE", "TrUe", "1", "'true'"]),
    (
        "decimal",
        &["0", "-1.5", "1.50", "1e3", "123456789012345678901234567890.5", "-0.001", "1E-5", "1e+5", "'1'"],
    ),
    (
        "double",
        &["0", "1.5", "-0.0", "1e308", "1e400", "NaN", "Infinity", "-Infinity", "nan", "5e-324", "'1'"],
    ),
    ("float", &["0", "1.5", "-0.0", "3.4e38", "1e39", "NaN", "Infinity", "0.1", "16777217"]),
    ("inet", &["'127.0.0.1'", "'::1'", "'2001:db8::1'", "'nope'", "'256.0.0.1'", "''", "1"]),
    (
        "int",
        &["0", "-1", "2147483647", "-2147483648", "2147483648", "-0", "007", "'1'", "1.0", "0x01", "true"],
    ),
    ("smallint", &["0", "32767", "-32768", "32768"]),
    ("tinyint", &["0", "127", "-128", "128"]),
    ("text", &["'a'", "''", "'é€𝄞'", "$$it's$$", "$$$$", "'a''b'", "1", "true", "0x41"]),
    (
        "timestamp",
        &[
            "0",
            "-1",
            "1435158245123",
            "'2015-06-24'",
            "'2015-06-24 15:04'",
            "'2015-06-24 15:04:05'",
            "'2015-06-24 15:04:05.123'",
            "'2015-06-24T15:04:05.123Z'",
            "'2015-06-24 15:04:05+0200'",
            "'2015-06-24T15:04:05.123+02:00'",
            "'2015-06-24T15:04Z'",
            "'1435158245123'",
            "'2015-13-24'",
            "'2015-02-30'",
            "'yesterday'",
            "''",
            "1.5",
        ],
    ),
    (
        "timeuuid",
        &["50554d6e-29bb-11e5-b345-feff819cdc9f", "550e8400-e29b-41d4-a716-446655440000", "'x'", "now"],
    ),
    ("uuid", &["550e8400-e29b-41d4-a716-446655440000", "50554d6e-29bb-11e5-b345-feff819cdc9f", "'x'", "1"]),
    (
        "varint",
        &[
            "0",
            "-1",
            "128",
            "-129",
            "123456789012345678901234567890",
            "-123456789012345678901234567890",
            "1.5",
        ],
    ),
    (
        "date",
        &[
            "'2015-06-24'",
            "'1970-01-01'",
            "'1969-12-31'",
            "2147483648",
            "0",
            "4294967295",
            "4294967296",
            "-1",
            "'2015-02-30'",
            "'2015-6-4'",
            "'x'",
        ],
    ),
    (
        "time",
        &[
            "'00:00:00'",
            "'23:59:59.999999999'",
            "'12:34:56.7'",
            "'12:34'",
            "'24:00:00'",
            "'1:2:3'",
            "0",
            "86399999999999",
            "86400000000000",
            "-1",
            "'x'",
        ],
    ),
    ("tuple<int, text>", &["(1, 'a')", "(1)", "(1, null)", "(null, 'a')", "(1, 'a', 2)", "('a', 1)", "1"]),
    ("map<text, int>", &["{}", "{'b': 1, 'a': 2}", "{'a': null}", "{'a'}", "['a']", "{1: 2}", "{a: 1}"]),
];

fn constants() -> Vec<Operation> {
    let columns: Vec<_> = CONSTANTS.iter().enumerate().map(|(at, (ty, _))| format!("v{at} {ty}")).collect();
    let mut out = vec![q(&format!("CREATE TABLE cf.t (k int PRIMARY KEY, {})", columns.join(", ")))];
    let mut key = 0;
    for (at, (_, constants)) in CONSTANTS.iter().enumerate() {
        for constant in *constants {
            out.push(q(&format!("INSERT INTO cf.t (k, v{at}) VALUES ({key}, {constant})")));
            out.push(q(&format!("SELECT v{at} FROM cf.t WHERE k = {key}")));
            key += 1;
        }
    }
    out
}

fn wrong() -> Vec<Operation> {
    cql(&[
        "CREATE TABLE cf.t (k int PRIMARY KEY, l list<int>, s set<text>, m map<int, text>, f frozen<list<int>>, t tuple<int, int>, n frozen<map<text, frozen<list<int>>>>)",
        "INSERT INTO cf.t (k, l) VALUES (1, [])",
        "INSERT INTO cf.t (k, l) VALUES (2, [1, null])",
        "INSERT INTO cf.t (k, l) VALUES (2, {1})",
        "INSERT INTO cf.t (k, l) VALUES (2, ['a'])",
        "INSERT INTO cf.t (k, l) VALUES (2, 1)",
        "INSERT INTO cf.t (k, s) VALUES (2, ['a'])",
        "INSERT INTO cf.t (k, s) VALUES (2, {1})",
        "INSERT INTO cf.t (k, s) VALUES (2, {'b', 'a', 'b'})",
        "INSERT INTO cf.t (k, s) VALUES (3, {null})",
        // Not one key twice: which value the original keeps depends on the addresses of Java objects.
        "INSERT INTO cf.t (k, m) VALUES (3, {1: 'a', 2: 'b'})",
        "INSERT INTO cf.t (k, m) VALUES (4, {'a': 'a'})",
        "INSERT INTO cf.t (k, m) VALUES (4, {1: 2})",
        "INSERT INTO cf.t (k, m) VALUES (4, {1})",
        "INSERT INTO cf.t (k, m) VALUES (4, [1])",
        "INSERT INTO cf.t (k, f) VALUES (5, [])",
        "INSERT INTO cf.t (k, f) VALUES (6, [3, 1, 3])",
        "INSERT INTO cf.t (k, f) VALUES (7, {1})",
        "INSERT INTO cf.t (k, t) VALUES (8, (1, 2, 3))",
        "INSERT INTO cf.t (k, t) VALUES (8, (1))",
        "INSERT INTO cf.t (k, t) VALUES (9, [1, 2])",
        "INSERT INTO cf.t (k, n) VALUES (10, {'b': [2, 1], 'a': []})",
        "INSERT INTO cf.t (k, n) VALUES (11, {'b': 1})",
        "INSERT INTO cf.t (k, n) VALUES (11, {'b': ['x']})",
        "INSERT INTO cf.t (k) VALUES ('x')",
        "INSERT INTO cf.t (k) VALUES (null)",
        "INSERT INTO cf.t (k, nope) VALUES (1, 1)",
        "INSERT INTO cf.t (k, l) VALUES (1)",
        "INSERT INTO cf.t (k, k) VALUES (1, 2)",
        "INSERT INTO cf.t (k, l, l) VALUES (1, [1], [2])",
        "INSERT INTO cf.t (l) VALUES ([1])",
        "INSERT INTO cf.t (k, l) VALUES (nope(), [1])",
        "INSERT INTO cf.t (k, l) VALUES (now(), [1])",
        "INSERT INTO cf.t (k, l) VALUES (blobAsInt(0x00000009), [blobAsInt(0x00000007)])",
        "INSERT INTO cf.t (k, l) VALUES (blobAsInt(0x0009), [1])",
        "SELECT * FROM cf.t",
    ])
}

fn order() -> Vec<Operation> {
    const VALUES: [(&str, &[&str]); 17] = [
        ("ascii", &["'b'", "'a'", "'B'", "''", "'aa'"]),
        ("bigint", &["1", "-1", "256", "-256", "0"]),
        ("blob", &["0x", "0x00", "0x0000", "0x01", "0xff", "0x7f"]),
        ("boolean", &["true", "false"]),
        (
            "decimal",
            &[
                "1",
                "1.0",
                "-1",
                "10",
                "9.99",
                "0.001",
                "-0.001",
                "1e3",
                "1e-3",
                "123456789012345678901234567890",
                "-123456789012345678901234567891",
                "0",
                "0.0",
            ],
        ),
        ("double", &["0.0", "-0.0", "1.5", "-1.5", "NaN", "Infinity", "-Infinity"]),
        ("float", &["0.0", "-0.0", "1.5", "-1.5", "NaN", "Infinity", "-Infinity"]),
        ("inet", &["'127.0.0.1'", "'::1'", "'10.0.0.1'", "'200.0.0.1'", "'2001:db8::1'"]),
        ("text", &["'a'", "'é'", "'Z'", "''", "'ab'", "'𝄞'", "'€'"]),
        ("timestamp", &["0", "-1", "1000", "-1000"]),
        (
            "timeuuid",
            &[
                "50554d6e-29bb-11e5-b345-feff819cdc9f",
                "50554d6e-29bb-11e5-0345-feff819cdc9f",
                "00000000-29bb-11e6-b345-feff819cdc9f",
                "ffffffff-29bb-11e4-7f45-feff819cdc9f",
                "50554d6e-29bb-11e5-b345-00ff819cdc9f",
            ],
        ),
        (
            "uuid",
            &[
                "50554d6e-29bb-11e5-b345-feff819cdc9f",
                "00554d6e-29bb-11e6-b345-feff819cdc9f",
                "550e8400-e29b-41d4-a716-446655440000",
                "050e8400-e29b-41d4-f716-446655440000",
                "a50e8400-e29b-31d4-a716-446655440000",
                "00000000-0000-0000-0000-000000000000",
                "ffffffff-ffff-ffff-ffff-ffffffffffff",
            ],
        ),
        (
            "varint",
            &[
                "0",
                "-1",
                "127",
                "128",
                "-128",
                "-129",
                "65536",
                "-65537",
                "123456789012345678901234567890",
                "-123456789012345678901234567890",
            ],
        ),
        ("date", &["'1970-01-01'", "'1969-12-31'", "'2015-01-01'", "0", "4294967295"]),
        (
            "frozen<tuple<int, text>>",
            &["(1, 'a')", "(1, null)", "(null, 'b')", "(-1, 'z')", "(1, '')", "(2)"],
        ),
        ("frozen<list<int>>", &["[1, 2]", "[1]", "[]", "[-1]", "[2]", "[1, -2]"]),
        ("frozen<map<int, text>>", &["{1: 'a'}", "{}", "{1: 'b'}", "{-1: 'z', 1: 'a'}", "{2: ''}"]),
    ];
    let mut out = Vec::new();
    for (at, (ty, values)) in VALUES.iter().enumerate() {
        let table = format!("cf.t{at}");
        out.push(q(&format!("CREATE TABLE {table} (k int, c {ty}, PRIMARY KEY (k, c))")));
        out.extend(values.iter().map(|value| q(&format!("INSERT INTO {table} (k, c) VALUES (0, {value})"))));
        out.push(q(&format!("SELECT c FROM {table} WHERE k = 0")));
        out.push(q(&format!("SELECT c FROM {table} WHERE k = 0 ORDER BY c DESC")));
        for value in *values {
            out.push(q(&format!("SELECT c FROM {table} WHERE k = 0 AND c >= {value}")));
            out.push(q(&format!("SELECT c FROM {table} WHERE k = 0 AND c = {value}")));
        }
    }
    out
}

fn bound() -> Vec<Operation> {
    const TYPES: [&str; 22] = [
        "ascii",
        "bigint",
        "blob",
        "boolean",
        "decimal",
        "double",
        "float",
        "inet",
        "int",
        "text",
        "timestamp",
        "timeuuid",
        "uuid",
        "varint",
        "date",
        "time",
        "smallint",
        "tinyint",
        "list<int>",
        "set<int>",
        "map<int, int>",
        "tuple<int, int>",
    ];
    let columns: Vec<_> = TYPES.iter().enumerate().map(|(at, ty)| format!("v{at} {ty}")).collect();
    let mut out = vec![q(&format!("CREATE TABLE cf.t (k int PRIMARY KEY, {})", columns.join(", ")))];
    let mut key = 0;
    for at in 0..TYPES.len() {
        let collection = [&[0, 0, 0, 2][..], &[0, 0, 0, 4, 0, 0, 0, 9], &[0, 0, 0, 4, 0, 0, 0, 1]].concat();
        let with_null = [&[0, 0, 0, 2][..], &[0xff, 0xff, 0xff, 0xff], &[0, 0, 0, 4, 0, 0, 0, 1]].concat();
        let too_long = [&collection[..], &[0, 1]].concat();
        let twice = [&[0, 0, 0, 2][..], &[0, 0, 0, 4, 0, 0, 0, 9], &[0, 0, 0, 4, 0, 0, 0, 9]].concat();
        let pair = [&[0, 0, 0, 1][..], &[0, 0, 0, 4, 0, 0, 0, 9], &[0, 0, 0, 4, 0, 0, 0, 1]].concat();
        let shapes: [&[u8]; 16] = [
            &[],
            &[0],
            &[1],
            &[0xff],
            &[0, 1],
            &[0, 1, 2],
            &[0, 0, 0, 1],
            &[0xc3, 0x28],
            &[0, 0, 0, 0, 0, 0, 0, 1],
            &[0x50, 0x55, 0x4d, 0x6e, 0x29, 0xbb, 0x11, 0xe5, 0xb3, 0x45, 1, 2, 3, 4, 5, 6],
            &[0x50, 0x55, 0x4d, 0x6e, 0x29, 0xbb, 0x41, 0xe5, 0xb3, 0x45, 1, 2, 3, 4, 5, 6],
            &collection,
            &with_null,
            &too_long,
            &twice,
            &pair,
        ];
        for shape in shapes {
            let insert = format!("INSERT INTO cf.t (k, v{at}) VALUES (?, ?)");
            out.push(p(&insert, &[int(key), bytes(shape)]));
            out.push(q(&format!("SELECT v{at} FROM cf.t WHERE k = {key}")));
            key += 1;
        }
    }
    for shape in [&[][..], &[1], &[0, 0, 0, 1]] {
        out.push(p("INSERT INTO cf.t (k) VALUES (?)", &[bytes(shape)]));
        out.push(p("SELECT k FROM cf.t WHERE k = ?", &[bytes(shape)]));
    }
    out
}

fn null_and_unset() -> Vec<Operation> {
    let insert = "INSERT INTO cf.t (k, c, v, l) VALUES (?, ?, ?, ?)";
    let list = bytes([0, 0, 0, 1, 0, 0, 0, 4, 0, 0, 0, 5]);
    let read = q("SELECT k, c, v, l, s FROM cf.t");
    let mut out =
        cql(&["CREATE TABLE cf.t (k int, c int, v text, l list<int>, s int static, PRIMARY KEY (k, c))"]);
    for (k, c, v, l) in [
        (int(1), int(1), bytes("x"), list.clone()),
        (int(1), int(1), Bind::Unset, Bind::Unset),
        (int(1), int(1), Bind::Null, Bind::Unset),
        (int(1), int(1), bytes("y"), Bind::Null),
        (int(1), Bind::Null, bytes("y"), list.clone()),
        (int(1), Bind::Unset, bytes("y"), list.clone()),
        (Bind::Null, int(1), bytes("y"), list.clone()),
        (Bind::Unset, int(1), bytes("y"), list.clone()),
        (int(2), int(1), Bind::Null, Bind::Null),
        (int(3), int(1), bytes(""), bytes([0, 0, 0, 0])),
    ] {
        out.extend([p(insert, &[k, c, v, l]), read.clone()]);
    }
    for (statement, binds) in [
        ("UPDATE cf.t SET v = ? WHERE k = ? AND c = ?", vec![Bind::Unset, int(4), int(1)]),
        ("UPDATE cf.t SET v = ? WHERE k = ? AND c = ?", vec![Bind::Null, int(4), int(1)]),
        ("UPDATE cf.t SET v = ? WHERE k = ? AND c = ?", vec![bytes("z"), int(4), Bind::Null]),
        ("UPDATE cf.t SET v = ? WHERE k = ? AND c = ?", vec![bytes("z"), int(4), Bind::Unset]),
        ("UPDATE cf.t SET v = ? WHERE k = ? AND c = ?", vec![bytes("z"), int(4), int(1)]),
        ("UPDATE cf.t SET v = null WHERE k = 4 AND c = ?", vec![int(1)]),
        ("UPDATE cf.t SET s = ? WHERE k = ?", vec![int(9), int(5)]),
        ("UPDATE cf.t SET l = l + ? WHERE k = 1 AND c = 1", vec![list]),
        ("UPDATE cf.t SET l = l + ? WHERE k = 1 AND c = 1", vec![Bind::Null]),
        ("UPDATE cf.t SET l = l + ? WHERE k = 1 AND c = 1", vec![Bind::Unset]),
        ("UPDATE cf.t SET l = l - ? WHERE k = 1 AND c = 1", vec![Bind::Null]),
        ("UPDATE cf.t SET l[?] = 3 WHERE k = 1 AND c = 1", vec![Bind::Null]),
        ("UPDATE cf.t SET l[?] = 3 WHERE k = 1 AND c = 1", vec![Bind::Unset]),
        ("UPDATE cf.t SET l[0] = ? WHERE k = 1 AND c = 1", vec![Bind::Unset]),
        ("UPDATE cf.t SET l[0] = ? WHERE k = 1 AND c = 1", vec![Bind::Null]),
        ("UPDATE cf.t USING TTL ? SET v = 'a' WHERE k = 1 AND c = 1", vec![Bind::Null]),
        ("UPDATE cf.t USING TTL ? SET v = 'a' WHERE k = 1 AND c = 1", vec![Bind::Unset]),
        ("UPDATE cf.t USING TIMESTAMP ? SET v = 'a' WHERE k = 1 AND c = 1", vec![Bind::Null]),
        ("UPDATE cf.t USING TIMESTAMP ? SET v = 'b' WHERE k = 1 AND c = 1", vec![Bind::Unset]),
        ("DELETE FROM cf.t WHERE k = ? AND c = ?", vec![int(4), Bind::Null]),
        ("DELETE FROM cf.t WHERE k = ? AND c = ?", vec![int(4), Bind::Unset]),
        ("DELETE FROM cf.t WHERE k = ?", vec![Bind::Null]),
        ("DELETE l[?] FROM cf.t WHERE k = 1 AND c = 1", vec![Bind::Null]),
        ("SELECT * FROM cf.t WHERE k = ?", vec![Bind::Null]),
        ("SELECT * FROM cf.t WHERE k = ?", vec![Bind::Unset]),
        ("SELECT * FROM cf.t WHERE k IN ?", vec![Bind::Null]),
        ("SELECT * FROM cf.t WHERE k IN ?", vec![Bind::Unset]),
        ("SELECT * FROM cf.t WHERE k IN ?", vec![bytes([0, 0, 0, 0])]),
        ("SELECT * FROM cf.t WHERE k IN (?, ?)", vec![int(1), Bind::Null]),
        ("SELECT * FROM cf.t WHERE k IN (?, ?)", vec![int(1), Bind::Unset]),
        ("SELECT * FROM cf.t WHERE k = 1 AND c > ?", vec![Bind::Null]),
        ("SELECT * FROM cf.t WHERE k = 1 AND c > ?", vec![Bind::Unset]),
        ("SELECT * FROM cf.t WHERE token(k) > ?", vec![Bind::Null]),
        ("SELECT * FROM cf.t WHERE token(k) > ?", vec![Bind::Unset]),
        ("SELECT * FROM cf.t LIMIT ?", vec![Bind::Null]),
        ("SELECT * FROM cf.t LIMIT ?", vec![Bind::Unset]),
        ("SELECT * FROM cf.t LIMIT ?", vec![int(0)]),
        ("SELECT * FROM cf.t LIMIT ?", vec![int(-1)]),
        ("SELECT * FROM cf.t LIMIT ?", vec![int(2)]),
    ] {
        out.extend([p(statement, &binds), read.clone()]);
    }
    out.extend(cql(&[
        "SELECT * FROM cf.t WHERE k = null",
        "SELECT * FROM cf.t WHERE k IN (1, null)",
        "SELECT * FROM cf.t WHERE k = 1 AND c = null",
        "SELECT * FROM cf.t WHERE k = 1 AND c > null",
        "UPDATE cf.t SET v = 'a' WHERE k = null AND c = 1",
        "UPDATE cf.t SET l = l + null WHERE k = 1 AND c = 1",
        "SELECT * FROM cf.t LIMIT null",
        "SELECT * FROM cf.t LIMIT 0",
        "SELECT * FROM cf.t LIMIT -1",
    ]));
    out
}

fn functions() -> Vec<Operation> {
    cql(&[
        "CREATE TABLE cf.t (k int PRIMARY KEY, u timeuuid, v text, b blob, ts timestamp, d date, i int, l list<int>)",
        "INSERT INTO cf.t (k, u, v, b, ts, d, i, l) VALUES (1, 50554d6e-29bb-11e5-b345-feff819cdc9f, 'x', 0x00000001, 1435158245123, '2015-06-24', 7, [1])",
        "INSERT INTO cf.t (k) VALUES (2)",
        "SELECT dateOf(u), unixTimestampOf(u), toTimestamp(u), toUnixTimestamp(u), toDate(u) FROM cf.t",
        "SELECT toDate(ts), toUnixTimestamp(ts), toTimestamp(d), toUnixTimestamp(d) FROM cf.t",
        "SELECT minTimeuuid(ts), maxTimeuuid(ts) FROM cf.t",
        "SELECT blobAsInt(b), intAsBlob(i), textAsBlob(v), blobAsText(b) FROM cf.t",
        "SELECT blobAsBigint(b) FROM cf.t",
        "SELECT intAsBlob(v) FROM cf.t",
        "SELECT intAsBlob() FROM cf.t",
        "SELECT intAsBlob(i, i) FROM cf.t",
        "SELECT nope(i) FROM cf.t",
        "SELECT system.intAsBlob(i) FROM cf.t",
        "SELECT cf.intAsBlob(i) FROM cf.t",
        "SELECT intAsBlob(i) AS x, i AS y FROM cf.t",
        "SELECT blobAsInt(intAsBlob(i)) FROM cf.t",
        "SELECT token(k) FROM cf.t",
        "SELECT token(v) FROM cf.t",
        "SELECT token(k, v) FROM cf.t",
        "SELECT writetime(v), ttl(v), writetime(u) FROM cf.t",
        "SELECT writetime(k) FROM cf.t",
        "SELECT ttl(k) FROM cf.t",
        "SELECT writetime(l) FROM cf.t",
        "SELECT writetime(nope) FROM cf.t",
        "SELECT listAsBlob(l) FROM cf.t",
        "SELECT varcharAsBlob(v), asciiAsBlob(v) FROM cf.t",
        "SELECT k FROM cf.t WHERE k = blobAsInt(0x00000001)",
        "SELECT k FROM cf.t WHERE k = intAsBlob(1)",
        "SELECT k FROM cf.t WHERE k = (int)1",
        "SELECT k FROM cf.t WHERE k = (text)1",
        "SELECT k FROM cf.t WHERE token(k) = token(1)",
        "SELECT k FROM cf.t WHERE token(k) >= token(1) AND token(k) <= token(1)",
        "SELECT k FROM cf.t WHERE token(k) > token('x')",
        "INSERT INTO cf.t (k, u) VALUES (3, minTimeuuid('2015-06-24 15:04:05+0000'))",
        "INSERT INTO cf.t (k, u) VALUES (4, maxTimeuuid('2015-06-24 15:04:05+0000'))",
        "SELECT k, u FROM cf.t",
        "INSERT INTO cf.t (k, b) VALUES (5, textAsBlob('abc'))",
        "INSERT INTO cf.t (k, v) VALUES (5, textAsBlob('abc'))",
        "INSERT INTO cf.t (k, i) VALUES (6, blobAsInt(textAsBlob('abcd')))",
        "INSERT INTO cf.t (k, v) VALUES (7, uuid())",
        "INSERT INTO cf.t (k, ts) VALUES (8, toTimestamp(now()))",
        "INSERT INTO cf.t (k, ts) VALUES (8, dateOf(50554d6e-29bb-11e5-b345-feff819cdc9f))",
        "INSERT INTO cf.t (k, ts) VALUES (9, dateOf(1))",
        "SELECT k, b, i, ts FROM cf.t WHERE k IN (5, 6, 8)",
    ])
}

fn aggregates() -> Vec<Operation> {
    cql(&[
        "CREATE TABLE cf.t (k int, c int, a bigint, b double, d float, e smallint, f tinyint, g varint, h decimal, t text, l list<int>, PRIMARY KEY (k, c))",
        "SELECT count(*) FROM cf.t",
        "SELECT min(a), max(a), sum(a), avg(a), count(a) FROM cf.t",
        "SELECT min(t), max(t) FROM cf.t",
        "INSERT INTO cf.t (k, c, a, b, d, e, f, g, h, t) VALUES (1, 1, 10, 1.5, 2.5, 3, 4, 5, 6.5, 'x')",
        "INSERT INTO cf.t (k, c, a, b, d, e, f, g, h, t) VALUES (1, 2, -11, 2.5, 2.25, 30, 40, 50, 0.25, 'y')",
        "INSERT INTO cf.t (k, c, a, e, f) VALUES (2, 1, 9223372036854775807, 32767, 127)",
        "INSERT INTO cf.t (k, c) VALUES (3, 1)",
        "SELECT count(*) FROM cf.t",
        "SELECT count(*) FROM cf.t WHERE k = 1",
        "SELECT count(*) FROM cf.t WHERE k IN (1, 2)",
        "SELECT count(1) FROM cf.t",
        "SELECT count(a) FROM cf.t",
        "SELECT COUNT(*) AS n FROM cf.t",
        "SELECT count(*), k FROM cf.t",
        "SELECT k, count(*) FROM cf.t WHERE k = 1",
        "SELECT sum(a), avg(a), min(a), max(a) FROM cf.t WHERE k = 1",
        "SELECT sum(a), avg(a), min(a), max(a) FROM cf.t",
        "SELECT sum(b), avg(b), sum(d), avg(d) FROM cf.t",
        "SELECT sum(e), avg(e), sum(f), avg(f) FROM cf.t",
        "SELECT sum(g), avg(g), min(g), max(g) FROM cf.t",
        "SELECT sum(h), avg(h), min(h), max(h) FROM cf.t",
        "SELECT min(t), max(t) FROM cf.t",
        "SELECT sum(t) FROM cf.t",
        "SELECT min(l) FROM cf.t",
        "SELECT max(nope) FROM cf.t",
        "SELECT min(a, b) FROM cf.t",
        "SELECT max(token(k)) FROM cf.t",
        "SELECT max(min(a)) FROM cf.t",
        "SELECT count(*) FROM cf.t LIMIT 1",
        "SELECT count(*) FROM cf.t WHERE k = 9",
        "SELECT min(a) FROM cf.t WHERE k = 9",
        "SELECT writetime(t), count(*) FROM cf.t WHERE k = 9",
    ])
    .into_iter()
    .chain([
        crate::operation::paged("SELECT count(*) FROM cf.t", 1),
        crate::operation::paged("SELECT max(a) FROM cf.t", 2),
    ])
    .collect()
}
