//! The model by itself, on a clock driven by hand: what is written when, what expires, what wins.
#![allow(clippy::unwrap_used, reason = "a test may stop where it is")]

use std::net::IpAddr;
use std::time::Duration;

use expect_test::{Expect, expect};
use proptest::prelude::*;
use stacklab_cassandra::model::{BoundValue, BoundValues, Cluster, Options, Outcome, Session};
use stacklab_cassandra::{Consistency, CqlError, Value, cql};
use stacklab_machine::Time;

struct Shell {
    cluster: Cluster,
    session: Session,
    now: Time,
    options: Options,
}

fn address(last: u8) -> IpAddr {
    IpAddr::from([127, 9, 5, last])
}

impl Shell {
    fn new(nodes: u8) -> Self {
        let mut cluster = Cluster::new("lab");
        let now = Time::SIM_START;
        for node in 1..=nodes {
            cluster.node_up(now, address(node), 9042, "dc1", "r1");
        }
        let session = Session::new(address(1));
        let options = Options { consistency: Consistency::One, ..Options::default() };
        let mut shell = Self { cluster, session, now, options };
        shell.run(
            "CREATE KEYSPACE ks WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 3}",
        );
        shell.run("USE ks");
        shell
    }

    fn wait(&mut self, seconds: u64) {
        self.now += Duration::from_secs(seconds);
    }

    fn try_run(&mut self, cql: &str) -> Result<Outcome, CqlError> {
        let done = self.cluster.query(self.now, &self.session, cql, &self.options)?.outcome;
        if let Outcome::SetKeyspace(keyspace) = &done {
            self.session.keyspace = Some(keyspace.clone());
        }
        Ok(done)
    }

    fn run(&mut self, cql: &str) -> Outcome {
        self.try_run(cql).unwrap_or_else(|error| panic!("{cql}: {error}"))
    }

    /// Rows as text, values by blanks, nulls as dashes.
    fn rows(&mut self, cql: &str) -> Vec<String> {
        let Outcome::Rows(set) = self.run(cql) else { panic!("{cql}: no rows") };
        let show = |value: &Value| match value {
            Value::Null => "-".to_owned(),
            Value::Int(v) => v.to_string(),
            Value::Bigint(v) | Value::Timestamp(v) => v.to_string(),
            Value::Text(v) => v.clone(),
            Value::Boolean(v) => v.to_string(),
            other => format!("{other:?}"),
        };
        let row = |row: &Vec<Option<bytes::Bytes>>| {
            let values = set.columns.iter().zip(row);
            let values = values.map(|(column, value)| {
                show(&Value::decode(&column.ty, value.as_deref()).expect("a value of its type"))
            });
            values.collect::<Vec<_>>().join(" ")
        };
        set.rows.iter().map(row).collect()
    }

    fn error(&mut self, cql: &str) -> String {
        match self.try_run(cql) {
            Err(error) => format!("{:#06x} {error}", error.code()),
            Ok(done) => panic!("{cql}: {done:?}"),
        }
    }
}

#[test]
fn values_expire() {
    let mut shell = Shell::new(1);
    shell.run("CREATE TABLE t (k int PRIMARY KEY, v int, w int) WITH default_time_to_live = 100");
    shell.run("CREATE TABLE s (k int PRIMARY KEY)");
    shell.run("INSERT INTO t (k, v, w) VALUES (1, 1, 1)");
    shell.run("UPDATE t USING TTL 10 SET w = 2 WHERE k = 1");
    shell.run("INSERT INTO s (k) VALUES (1) USING TTL 5");
    assert_eq!(shell.rows("SELECT k, v, w, ttl(v), ttl(w) FROM t"), ["1 1 2 100 10"]);
    shell.wait(4);
    assert_eq!(shell.rows("SELECT k FROM s"), ["1"]);
    shell.wait(1);
    assert_eq!(shell.rows("SELECT k FROM s"), [""; 0]);
    shell.wait(5);
    assert_eq!(shell.rows("SELECT k, v, w, ttl(v) FROM t"), ["1 1 - 90"]);
    shell.wait(89);
    assert_eq!(shell.rows("SELECT count(*) FROM t"), ["1"]);
    shell.wait(1);
    assert_eq!(shell.rows("SELECT count(*) FROM t"), ["0"]);
    expect![["0x2200 A TTL must be greater or equal to 0, but was -1"]]
        .assert_eq(&shell.error("INSERT INTO s (k) VALUES (1) USING TTL -1"));
}

#[test]
fn the_latest_write_wins() {
    let mut shell = Shell::new(1);
    shell.run("CREATE TABLE t (k int, c int, v int, PRIMARY KEY (k, c))");
    shell.run("INSERT INTO t (k, c, v) VALUES (1, 1, 1) USING TIMESTAMP 100");
    shell.run("UPDATE t USING TIMESTAMP 50 SET v = 2 WHERE k = 1 AND c = 1");
    assert_eq!(shell.rows("SELECT v, writetime(v) FROM t"), ["1 100"]);
    // Of two at one time the larger wins, and a deletion over both.
    shell.run("UPDATE t USING TIMESTAMP 100 SET v = 3 WHERE k = 1 AND c = 1");
    shell.run("UPDATE t USING TIMESTAMP 100 SET v = 2 WHERE k = 1 AND c = 1");
    assert_eq!(shell.rows("SELECT v FROM t"), ["3"]);
    shell.run("DELETE v FROM t USING TIMESTAMP 100 WHERE k = 1 AND c = 1");
    assert_eq!(shell.rows("SELECT c, v FROM t"), ["1 -"]);
    shell.run("DELETE FROM t USING TIMESTAMP 200 WHERE k = 1");
    assert_eq!(shell.rows("SELECT c FROM t"), [""; 0]);
    shell.run("INSERT INTO t (k, c, v) VALUES (1, 2, 2) USING TIMESTAMP 150");
    assert_eq!(shell.rows("SELECT c FROM t"), [""; 0], "older than the deletion");
    shell.options.timestamp = Some(201);
    shell.run("INSERT INTO t (k, c, v) VALUES (1, 2, 2)");
    assert_eq!(shell.rows("SELECT c, v, writetime(v) FROM t"), ["2 2 201"]);
}

#[test]
fn rows_come_in_order() {
    let mut shell = Shell::new(1);
    shell.run("CREATE TABLE t (k int, a int, b text, PRIMARY KEY (k, a, b)) WITH CLUSTERING ORDER BY (a DESC, b ASC)");
    for (a, b) in [(1, "x"), (-1, "y"), (3, "b"), (3, "a"), (2, "z")] {
        shell.run(&format!("INSERT INTO t (k, a, b) VALUES (1, {a}, '{b}')"));
    }
    let select = "SELECT a, b FROM t WHERE k = 1";
    assert_eq!(shell.rows(select), ["3 a", "3 b", "2 z", "1 x", "-1 y"]);
    let reversed = format!("{select} ORDER BY a ASC, b DESC LIMIT 4");
    assert_eq!(shell.rows(&reversed), ["-1 y", "1 x", "2 z", "3 b"]);
    assert_eq!(shell.rows(&format!("{select} AND a > -1 AND a <= 2")), ["2 z", "1 x"]);
    assert_eq!(shell.rows(&format!("{select} AND a < 2")), ["1 x", "-1 y"]);
    assert_eq!(shell.rows(&format!("{select} AND a = 3 AND b > 'a'")), ["3 b"]);
    assert_eq!(shell.rows(&format!("{select} AND a IN (-1, 3, 3) AND b >= 'b'")), ["3 b", "-1 y"]);
    assert_eq!(shell.rows(&format!("{select} AND a > 9")), [""; 0]);
    shell.run("DELETE FROM t WHERE k = 1 AND a = 3");
    assert_eq!(shell.rows(select), ["2 z", "1 x", "-1 y"]);
}

#[test]
fn refuses_what_cassandra_refuses() {
    let mut shell = Shell::new(1);
    shell.run("CREATE TABLE t (k int, l int, c int, d int, v int, PRIMARY KEY ((k, l), c, d))");
    let mut texts = String::new();
    for statement in [
        "SELECT * FROM t WHERE k = 1",
        "SELECT * FROM t WHERE k > 1 AND l = 1",
        "SELECT * FROM t WHERE k = 1 AND l = 1 AND d = 1",
        "SELECT * FROM t WHERE k = 1 AND l = 1 AND c > 1 AND d = 1",
        "SELECT * FROM t WHERE c = 1",
        "SELECT * FROM t ORDER BY c",
        "SELECT * FROM t WHERE k = 1 AND l = 1 ORDER BY c, d DESC",
        "SELECT * FROM t WHERE k = 1 AND l = 1 AND zz = 'a'",
        "SELECT * FROM t WHERE k = ?",
        "SELECT ttl(k) FROM t",
        "INSERT INTO t (k, l, c) VALUES (1, 1, 1)",
        "UPDATE t SET c = 1 WHERE k = 1 AND l = 1 AND d = 1",
        "INSERT INTO system.local (key) VALUES ('x')",
        "CREATE KEYSPACE ks WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 1}",
        "CREATE KEYSPACE other WITH replication = {'class': 'Strategy'}",
        "CREATE TABLE u (k int)",
        "CREATE TABLE u (k list<int> PRIMARY KEY)",
        "CREATE TABLE u (k int PRIMARY KEY) WITH nonsense = 1",
        "DROP KEYSPACE other",
        "DROP TABLE u",
        "SELECT 'a",
        "SELECT v FROM t WHERE",
        "UPDATE t SET v = 1",
    ] {
        texts.push_str(&format!("{statement}\n    {}\n", shell.error(statement)));
    }
    refusals().assert_eq(&texts);
}

fn refusals() -> Expect {
    expect![[r#"
        SELECT * FROM t WHERE k = 1
            0x2200 Partition key parts: l must be restricted as other parts are
        SELECT * FROM t WHERE k > 1 AND l = 1
            0x2200 Only EQ and IN relation are supported on the partition key (unless you use the token() function)
        SELECT * FROM t WHERE k = 1 AND l = 1 AND d = 1
            0x2200 PRIMARY KEY column "d" cannot be restricted as preceding column "c" is not restricted
        SELECT * FROM t WHERE k = 1 AND l = 1 AND c > 1 AND d = 1
            0x2200 Clustering column "d" cannot be restricted (preceding column "c" is restricted by a non-EQ relation)
        SELECT * FROM t WHERE c = 1
            0x2200 Cannot execute this query as it might involve data filtering and thus may have unpredictable performance. If you want to execute this query despite the performance unpredictability, use ALLOW FILTERING
        SELECT * FROM t ORDER BY c
            0x2200 ORDER BY is only supported when the partition key is restricted by an EQ or an IN.
        SELECT * FROM t WHERE k = 1 AND l = 1 ORDER BY c, d DESC
            0x2200 Unsupported order by relation
        SELECT * FROM t WHERE k = 1 AND l = 1 AND zz = 'a'
            0x2200 Undefined name zz in where clause ('zz = 'a'')
        SELECT * FROM t WHERE k = ?
            0x2200 Partition key parts: l must be restricted as other parts are
        SELECT ttl(k) FROM t
            0x2200 Cannot use selection function ttl on PRIMARY KEY part k
        INSERT INTO t (k, l, c) VALUES (1, 1, 1)
            0x2200 Missing mandatory PRIMARY KEY part d
        UPDATE t SET c = 1 WHERE k = 1 AND l = 1 AND d = 1
            0x2200 PRIMARY KEY part c found in SET part
        INSERT INTO system.local (key) VALUES ('x')
            0x2100 system keyspace is not user-modifiable.
        CREATE KEYSPACE ks WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 1}
            0x2400 Cannot add existing keyspace "ks"
        CREATE KEYSPACE other WITH replication = {'class': 'Strategy'}
            0x2300 Unable to find replication strategy class 'org.apache.cassandra.locator.Strategy'
        CREATE TABLE u (k int)
            0x2200 No PRIMARY KEY specifed (exactly one required)
        CREATE TABLE u (k list<int> PRIMARY KEY)
            0x2200 Invalid collection type for PRIMARY KEY component k
        CREATE TABLE u (k int PRIMARY KEY) WITH nonsense = 1
            0x2000 Unknown property 'nonsense'
        DROP KEYSPACE other
            0x2300 Cannot drop non existing keyspace 'other'.
        DROP TABLE u
            0x2200 unconfigured table u
        SELECT 'a
            0x2000 line 1:9 mismatched character '<EOF>' expecting '''
        SELECT v FROM t WHERE
            0x2000 line 0:-1 no viable alternative at input '<EOF>'
        UPDATE t SET v = 1
            0x2000 line 0:-1 mismatched input '<EOF>' expecting K_WHERE
    "#]]
}

#[test]
fn a_ring_counts_its_living_replicas() {
    let mut shell = Shell::new(3);
    shell.run("CREATE TABLE t (k int PRIMARY KEY)");
    let outcome = |shell: &mut Shell, consistency| {
        shell.options.consistency = consistency;
        match shell.try_run("INSERT INTO t (k) VALUES (1)") {
            Ok(_) => "ok".to_owned(),
            Err(CqlError::Unavailable { required, alive, .. }) => format!("{alive} of {required}"),
            Err(error) => error.to_string(),
        }
    };
    let levels =
        [Consistency::Any, Consistency::One, Consistency::Quorum, Consistency::All, Consistency::LocalQuorum];
    let all = |shell: &mut Shell| levels.map(|level| outcome(shell, level)).join(", ");
    assert_eq!(all(&mut shell), "ok, ok, ok, ok, ok");
    shell.cluster.node_down(address(3));
    assert_eq!(all(&mut shell), "ok, ok, ok, 2 of 3, ok");
    shell.cluster.node_down(address(2));
    assert_eq!(all(&mut shell), "ok, ok, 1 of 2, 1 of 3, 1 of 2");
    shell.options.consistency = Consistency::One;
    assert_eq!(shell.rows("SELECT k FROM t"), ["1"]);
    shell.cluster.node_up(shell.now, address(2), 9042, "dc1", "r1");
    assert_eq!(all(&mut shell), "ok, ok, ok, 2 of 3, ok");

    shell.options.consistency = Consistency::One;
    let peers = shell.rows("SELECT data_center, rack, release_version FROM system.peers");
    assert_eq!(peers, ["dc1 r1 2.2.19", "dc1 r1 2.2.19"]);
    let version = shell.rows("SELECT schema_version FROM system.local");
    let other = shell.rows("SELECT schema_version FROM system.peers LIMIT 1");
    assert_eq!(version, other);
}

#[test]
fn replicas_are_counted_by_data_centre() {
    let mut shell = Shell::new(0);
    for node in 1..=3u8 {
        shell.cluster.node_up(shell.now, address(node), 9042, if node < 3 { "east" } else { "west" }, "r1");
    }
    shell.run(
        "CREATE KEYSPACE nts WITH replication = {'class': 'NetworkTopologyStrategy', 'east': 2, 'west': 1}",
    );
    shell.run("CREATE TABLE nts.t (k int PRIMARY KEY)");
    shell.cluster.node_down(address(3));
    shell.options.consistency = Consistency::LocalQuorum;
    shell.run("INSERT INTO nts.t (k) VALUES (1)");
    shell.options.consistency = Consistency::EachQuorum;
    assert_eq!(
        shell.try_run("INSERT INTO nts.t (k) VALUES (1)"),
        Err(CqlError::Unavailable { consistency: Consistency::EachQuorum, required: 1, alive: 0 })
    );
}

#[test]
fn collections_counters_and_statics() {
    let mut shell = Shell::new(1);
    shell.run(
        "CREATE TABLE t (k int, c int, s text static, l list<int>, m map<text, int>, PRIMARY KEY (k, c))",
    );
    shell.run("UPDATE t SET s = 'all', l = [2, 3], m['a'] = 1 WHERE k = 1 AND c = 1");
    shell.run("UPDATE t SET l = [1] + l, m = m + {'b': 2} WHERE k = 1 AND c = 1");
    shell.run("UPDATE t SET l[1] = 9 WHERE k = 1 AND c = 1");
    shell.run("DELETE m['a'], l[0] FROM t WHERE k = 1 AND c = 1");
    shell.run("INSERT INTO t (k, c) VALUES (1, 2)");
    let row = r#"1 all List([Int(9), Int(3)]) Map([(Text("b"), Int(2))])"#;
    assert_eq!(shell.rows("SELECT c, s, l, m FROM t"), [row, "2 all - -"]);
    assert_eq!(shell.rows("SELECT DISTINCT k, s FROM t"), ["1 all"]);
    shell.run("CREATE TABLE n (k int PRIMARY KEY, n counter)");
    shell.run("UPDATE n SET n = n + 5 WHERE k = 1");
    shell.run("BEGIN COUNTER BATCH UPDATE n SET n = n - 2 WHERE k = 1; UPDATE n SET n = n + 1 WHERE k = 2; APPLY BATCH");
    assert_eq!(shell.rows("SELECT sum(n) FROM n"), ["4"]);
    shell.run("CREATE INDEX ON t (m)");
    assert_eq!(shell.rows("SELECT c FROM t WHERE m CONTAINS 2"), ["1"]);
}

#[test]
fn batches_apply_together_or_not_at_all() {
    let mut shell = Shell::new(1);
    shell.options.serial = Some(Consistency::Serial);
    shell.run("CREATE TABLE t (k int, c int, v int, PRIMARY KEY (k, c))");
    let error = shell.error("INSERT INTO t (k, c) VALUES (1, 1) IF NOT EXISTS");
    assert_eq!(error, "0x1000 Cannot achieve consistency level SERIAL", "one node of three replicas");
    shell.run("ALTER KEYSPACE ks WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 1}");
    shell.run("BEGIN BATCH INSERT INTO t (k, c, v) VALUES (1, 1, 1); INSERT INTO t (k, c, v) VALUES (1, 2, 2) APPLY BATCH;");
    let batch = "BEGIN BATCH UPDATE t SET v = 9 WHERE k = 1 AND c = 1 IF v = 7 DELETE FROM t WHERE k = 1 AND c = 2 APPLY BATCH";
    // What does not hold is told with the key of its row.
    assert_eq!(shell.rows(batch), ["false 1 1 1"]);
    assert_eq!(shell.rows("SELECT c, v FROM t"), ["1 1", "2 2"]);
    assert_eq!(shell.rows(&batch.replace("= 7", "IN (7, 1)")), ["true"]);
    assert_eq!(shell.rows("SELECT c, v FROM t"), ["1 9"]);
}

#[test]
fn pages_go_on_where_they_ended() {
    let mut shell = Shell::new(1);
    shell.run("CREATE TABLE t (k int, c int, PRIMARY KEY (k, c))");
    for row in 0..30 {
        shell.run(&format!("INSERT INTO t (k, c) VALUES ({}, {row})", row % 3));
    }
    for select in [
        "SELECT k, c FROM t",
        "SELECT k, c FROM t LIMIT 17",
        "SELECT k, c FROM t WHERE k = 1 ORDER BY c DESC",
        "SELECT k, c FROM t WHERE k IN (2, 0) AND c > 3",
        "SELECT DISTINCT k FROM t",
        "SELECT k, c FROM t WHERE token(k) > -4069959284402364209",
    ] {
        shell.options = Options { consistency: Consistency::One, ..Options::default() };
        let whole = shell.rows(select);
        for size in [1, 2, 5, 100] {
            let mut rows = Vec::new();
            shell.options.page_size = Some(size);
            shell.options.paging_state = None;
            loop {
                rows.extend(shell.rows(select));
                let Outcome::Rows(set) = shell.run(select) else { panic!("no rows") };
                shell.options.paging_state = set.paging_state;
                if shell.options.paging_state.is_none() {
                    break;
                }
            }
            assert_eq!(rows, whole, "{select} by {size}");
        }
    }
    shell.options.page_size = Some(5);
    shell.options.paging_state = None;
    assert!(
        shell.error("SELECT c FROM t WHERE k IN (1, 2) ORDER BY c").contains("Cannot page queries with both")
    );
}

#[test]
fn values_can_have_names() {
    let mut shell = Shell::new(1);
    shell.run("CREATE TABLE t (k int PRIMARY KEY, v text)");
    let int = |value: i32| BoundValue::Bytes(bytes::Bytes::copy_from_slice(&value.to_be_bytes()));
    let text = BoundValue::Bytes(bytes::Bytes::from_static(b"x"));
    shell.options.values = BoundValues::Named(vec![("text".into(), text), ("key".into(), int(7))]);
    shell.run("INSERT INTO t (k, v) VALUES (:key, :text)");
    shell.options.values = BoundValues::Positional(vec![]);
    assert_eq!(shell.rows("SELECT k, v FROM t"), ["7 x"]);
    assert_eq!(shell.error("SELECT v FROM t WHERE k = ?"), "0x2200 Invalid amount of bind variables");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    /// Whatever is typed, there is an answer; and what is read is executed or refused.
    #[test]
    fn no_text_does_harm(words in proptest::collection::vec(
        prop_oneof![
            Just("SELECT"), Just("*"), Just("FROM"), Just("t"), Just("WHERE"), Just("k"), Just("="), Just("1"),
            Just("INSERT"), Just("INTO"), Just("("), Just(")"), Just(","), Just("VALUES"), Just("IN"), Just("?"),
            Just(":x"), Just("'a'"), Just("UPDATE"), Just("SET"), Just("v"), Just("+"), Just("["), Just("]"),
            Just("{"), Just("}"), Just(":"), Just("DELETE"), Just("LIMIT"), Just("ORDER BY"), Just("token"),
            Just("CREATE TABLE"), Just("PRIMARY KEY"), Just("int"), Just("list<"), Just(">"), Just("--x\n"),
            Just("-"), Just("0x"), Just("1.e"), Just("\"q"), Just("é"), Just(";"), Just("now()"), Just("IF"),
        ], 0..14,
    )) {
        let text = words.join(" ");
        let _ = cql::parse(&text);
        let mut shell = Shell::new(1);
        shell.run("CREATE TABLE t (k int PRIMARY KEY, v list<int>)");
        let _ = shell.try_run(&text);
    }

    #[test]
    fn no_characters_do_harm(text in "\\PC{0,60}") {
        let _ = cql::parse(&text);
    }
}

#[test]
fn deep_nesting_is_refused() {
    let text = format!("INSERT INTO t (k) VALUES ({})", "[".repeat(100_000));
    assert!(matches!(cql::parse(&text), Err(CqlError::Syntax(_))));
}
