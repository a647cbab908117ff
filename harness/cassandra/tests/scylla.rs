//! The Rust driver of ScyllaDB against our node, its schema metadata switched on.
#![allow(clippy::unwrap_used, reason = "a test may stop where it is")]

mod common;

use std::time::{Duration, Instant};

use common::{single, spec, start, try_start, zipkin_statements};
use scylla::client::session::Session;
use scylla::client::session_builder::SessionBuilder;
use scylla::errors::{DbError, ExecutionError, RequestAttemptError};
use scylla::response::PagingState;
use scylla::statement::Consistency;
use scylla::statement::batch::Batch;
use scylla::statement::unprepared::Statement;
use scylla::value::CqlTimestamp;
use stacklab_cassandra::server::Ring;

async fn connect(address: std::net::SocketAddr) -> Session {
    SessionBuilder::new().known_node_addr(address).build().await.expect("the driver connects")
}

async fn run(session: &Session, cql: &str) {
    session.query_unpaged(cql, ()).await.unwrap_or_else(|error| panic!("{cql}: {error}"));
}

async fn error(session: &Session, cql: &str) -> (DbError, String) {
    match session.query_unpaged(cql, ()).await {
        Err(ExecutionError::LastAttemptError(RequestAttemptError::DbError(error, text))) => (error, text),
        other => panic!("{cql}: {other:?}"),
    }
}

const KEYSPACE: &str =
    "CREATE KEYSPACE ks WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 1}";

#[tokio::test(flavor = "multi_thread")]
async fn creates_writes_and_reads() {
    let (node, _ring) = single("127.9.1.1").await;
    let session = connect(node.address()).await;
    run(&session, KEYSPACE).await;
    session.use_keyspace("ks", false).await.unwrap();
    run(&session, "CREATE TABLE t (k text, c int, v text, tags set<text>, PRIMARY KEY (k, c))").await;

    let insert = session.prepare("INSERT INTO t (k, c, v) VALUES (?, ?, ?)").await.unwrap();
    for c in 0..25 {
        session
            .execute_unpaged(&insert, (if c % 5 == 0 { "a" } else { "b" }, c, format!("v{c}")))
            .await
            .unwrap();
    }
    run(&session, "UPDATE t SET tags = tags + {'y', 'x'} WHERE k = 'a' AND c = 0").await;

    let select =
        session.prepare("SELECT c, v, tags FROM t WHERE k = ? AND c >= ? ORDER BY c DESC").await.unwrap();
    assert!(select.is_token_aware());
    let rows = session.execute_unpaged(&select, ("a", 0)).await.unwrap().into_rows_result().unwrap();
    let rows: Vec<(i32, String, Option<Vec<String>>)> = rows.rows().unwrap().map(Result::unwrap).collect();
    assert_eq!(rows.iter().map(|row| row.0).collect::<Vec<_>>(), [20, 15, 10, 5, 0]);
    assert_eq!(rows[4].2, Some(vec!["x".to_owned(), "y".to_owned()]));

    let metadata = session.get_cluster_state();
    let table = &metadata.get_keyspace("ks").unwrap().tables["t"];
    assert_eq!(table.partition_key, ["k"]);
    assert_eq!(table.clustering_key, ["c"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn reads_page_by_page() {
    let (node, _ring) = single("127.9.1.2").await;
    let session = connect(node.address()).await;
    run(&session, KEYSPACE).await;
    run(&session, "CREATE TABLE ks.t (k int, c int, PRIMARY KEY (k, c)) WITH CLUSTERING ORDER BY (c DESC)")
        .await;
    let insert = session.prepare("INSERT INTO ks.t (k, c) VALUES (?, ?)").await.unwrap();
    for k in 0..10 {
        for c in 0..7 {
            session.execute_unpaged(&insert, (k, c)).await.unwrap();
        }
    }
    for page_size in [1, 3, 7, 69, 70, 71] {
        let query = Statement::new("SELECT token(k), k, c FROM ks.t").with_page_size(page_size);
        let (mut rows, mut pages, mut state) = (Vec::new(), 0, PagingState::start());
        loop {
            let (page, next) = session.query_single_page(query.clone(), (), state).await.unwrap();
            let page = page.into_rows_result().unwrap();
            rows.extend(page.rows::<(i64, i32, i32)>().unwrap().map(Result::unwrap));
            pages += 1;
            match next.into_paging_control_flow() {
                std::ops::ControlFlow::Break(()) => break,
                std::ops::ControlFlow::Continue(next) => state = next,
            }
        }
        assert_eq!(rows.len(), 70);
        // A page that is full says that there is more: nobody has looked behind it.
        assert_eq!(pages, 70 / page_size as usize + 1);
        assert!(rows.is_sorted_by(|a, b| (a.0, -a.2) < (b.0, -b.2)), "{rows:?}");
    }
    let limited = Statement::new("SELECT c FROM ks.t LIMIT 9").with_page_size(4);
    let (page, _) = session.query_single_page(limited, (), PagingState::start()).await.unwrap();
    assert_eq!(page.into_rows_result().unwrap().rows_num(), 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn runs_batches_and_light_transactions() {
    let (node, _ring) = single("127.9.1.3").await;
    let session = connect(node.address()).await;
    run(&session, KEYSPACE).await;
    run(&session, "CREATE TABLE ks.t (k int PRIMARY KEY, v text)").await;
    let insert = session.prepare("INSERT INTO ks.t (k, v) VALUES (?, ?)").await.unwrap();
    let mut batch = Batch::default();
    batch.append_statement(insert);
    batch.append_statement("INSERT INTO ks.t (k, v) VALUES (2, 'two')");
    session.batch(&batch, ((1, "one"), ())).await.unwrap();
    let rows = session.query_unpaged("SELECT count(*) FROM ks.t", ()).await.unwrap();
    assert_eq!(rows.warnings().collect::<Vec<_>>(), ["Aggregation query used without partition key"]);
    assert_eq!(rows.into_rows_result().unwrap().single_row::<(i64,)>().unwrap(), (2,));

    let again = "INSERT INTO ks.t (k, v) VALUES (1, 'uno') IF NOT EXISTS";
    let rows = session.query_unpaged(again, ()).await.unwrap().into_rows_result().unwrap();
    assert_eq!(rows.single_row::<(bool, i32, String)>().unwrap(), (false, 1, "one".to_owned()));
    let change = "UPDATE ks.t SET v = 'uno' WHERE k = 1 IF v = 'one'";
    let rows = session.query_unpaged(change, ()).await.unwrap().into_rows_result().unwrap();
    assert_eq!(rows.single_row::<(bool,)>().unwrap(), (true,));
}

#[tokio::test(flavor = "multi_thread")]
async fn explains_what_is_wrong() {
    let (node, _ring) = single("127.9.1.4").await;
    let session = connect(node.address()).await;
    run(&session, KEYSPACE).await;
    run(&session, "CREATE TABLE ks.t (k text PRIMARY KEY, v int)").await;
    for (cql, kind, text) in [
        ("SELEC", DbError::SyntaxError, "line 1:0 no viable alternative at input 'SELEC' ([SELEC])"),
        ("SELECT * FROM ks.nope", DbError::Invalid, "unconfigured table nope"),
        ("SELECT * FROM nks.t", DbError::Invalid, "Keyspace nks does not exist"),
        ("USE nonexist", DbError::Invalid, "Keyspace 'nonexist' does not exist"),
        ("SELECT zz FROM ks.t", DbError::Invalid, "Undefined name zz in selection clause"),
        (
            "SELECT * FROM t",
            DbError::Invalid,
            "No keyspace has been specified. USE a keyspace, or explicitly specify keyspace.tablename",
        ),
        (
            "SELECT * FROM ks.t WHERE v = 1",
            DbError::Invalid,
            "Predicates on non-primary-key columns (v) are not yet supported for non secondary index queries",
        ),
        (
            "INSERT INTO ks.t (k) VALUES (1)",
            DbError::Invalid,
            "Invalid INTEGER constant (1) for \"k\" of type text",
        ),
        (
            "SELECT * FROM ks.t WHERE k = null",
            DbError::Invalid,
            "Invalid null value in condition for column k",
        ),
    ] {
        assert_eq!(error(&session, cql).await, (kind, text.to_owned()), "{cql}");
    }
    let (kind, text) = error(&session, "CREATE TABLE ks.t (k int PRIMARY KEY)").await;
    assert_eq!(kind, DbError::AlreadyExists { keyspace: "ks".into(), table: "t".into() });
    assert_eq!(text, "Cannot add already existing table \"t\" to keyspace \"ks\"");
    let mut two = Statement::new("SELECT * FROM ks.t");
    two.set_consistency(Consistency::Two);
    let Err(ExecutionError::LastAttemptError(RequestAttemptError::DbError(kind, text))) =
        session.query_unpaged(two, ()).await
    else {
        panic!("two of one replica");
    };
    assert_eq!(kind, DbError::Unavailable { consistency: Consistency::Two, required: 2, alive: 1 });
    assert_eq!(text, "Cannot achieve consistency level TWO");
}

/// All statements of Zipkin's storage, after its schema script.
#[tokio::test(flavor = "multi_thread")]
async fn does_what_zipkin_does() {
    let (node, _ring) = single("127.9.1.5").await;
    let session = connect(node.address()).await;
    let statements = zipkin_statements();
    assert_eq!(statements.len(), 8);
    for statement in statements {
        run(&session, statement).await;
    }
    session.use_keyspace("zipkin", false).await.unwrap();

    let insert = async |cql: &str| session.prepare(cql).await.unwrap();
    let span =
        insert("INSERT INTO traces (trace_id,ts,span_name,span) VALUES (:trace_id,:ts,:span_name,:span);")
            .await;
    let service = insert("INSERT INTO service_names (service_name) VALUES (:service_name);").await;
    let name =
        insert("INSERT INTO span_names (service_name,bucket,span_name) VALUES (:service_name,0,:span_name);")
            .await;
    let by_service = insert("INSERT INTO service_name_index (ts,trace_id,service_name,bucket) VALUES (:ts,:trace_id,:service_name,:bucket);").await;
    let by_span = insert("INSERT INTO service_span_name_index (ts,trace_id,service_span_name) VALUES (:ts,:trace_id,:service_span_name);").await;
    let by_annotation = insert("INSERT INTO annotations_index (ts,trace_id,annotation,bucket) VALUES (:ts,:trace_id,:annotation,:bucket);").await;
    assert!(!name.is_token_aware() && by_service.is_token_aware());
    for trace in 1..=3i64 {
        let ts = CqlTimestamp(1000 * trace);
        session.execute_unpaged(&span, (trace, ts, "7_1_1", vec![trace as u8; 84])).await.unwrap();
        session.execute_unpaged(&service, ("web",)).await.unwrap();
        session.execute_unpaged(&name, ("web", "get")).await.unwrap();
        session.execute_unpaged(&by_service, (ts, trace, "web", trace as i32)).await.unwrap();
        session.execute_unpaged(&by_span, (ts, trace, "web.get")).await.unwrap();
        session.execute_unpaged(&by_annotation, (ts, trace, b"web:x".to_vec(), 0)).await.unwrap();
    }

    run(&session, "SELECT trace_id FROM traces LIMIT 1;").await;
    let select = async |cql: &str| session.prepare(cql).await.unwrap();
    let read = select("SELECT trace_id,span FROM traces WHERE trace_id IN :trace_id LIMIT :limit_;").await;
    let rows =
        session.execute_unpaged(&read, (vec![3i64, 1], 100_000)).await.unwrap().into_rows_result().unwrap();
    let rows: Vec<(i64, Vec<u8>)> = rows.rows().unwrap().map(Result::unwrap).collect();
    assert_eq!(rows, [(1, vec![1; 84]), (3, vec![3; 84])]);
    let days = select("SELECT dependencies FROM dependencies WHERE day IN :days;").await;
    let rows =
        session.execute_unpaged(&days, (vec![CqlTimestamp(0)],)).await.unwrap().into_rows_result().unwrap();
    assert_eq!(rows.rows_num(), 0);
    let services = select("SELECT service_name FROM service_names;").await;
    let rows = session.execute_unpaged(&services, ()).await.unwrap().into_rows_result().unwrap();
    assert_eq!(rows.single_row::<(String,)>().unwrap().0, "web");
    let spans = select(
        "SELECT span_name FROM span_names WHERE service_name=:service_name AND bucket=:bucket LIMIT :limit_;",
    )
    .await;
    let rows = session.execute_unpaged(&spans, ("web", 0, 1000)).await.unwrap().into_rows_result().unwrap();
    assert_eq!(rows.single_row::<(String,)>().unwrap().0, "get");

    let buckets: Vec<i32> = (0..10).collect();
    let (from, to) = (CqlTimestamp(1500), CqlTimestamp(9000));
    let ids = |rows: scylla::response::query_result::QueryRowsResult| -> Vec<i64> {
        rows.rows::<(CqlTimestamp, i64)>().unwrap().map(|row| row.unwrap().1).collect()
    };
    let tail = "AND ts>=:start_ts AND ts<=:end_ts ORDER BY ts DESC LIMIT :limit_;";
    let found = select(&format!("SELECT ts,trace_id FROM service_name_index WHERE service_name=:service_name AND bucket IN :bucket {tail}")).await;
    let rows = session.execute_unpaged(&found, ("web", &buckets, from, to, 30)).await.unwrap();
    assert_eq!(ids(rows.into_rows_result().unwrap()), [3, 2]);
    let found = select(&format!(
        "SELECT ts,trace_id FROM service_span_name_index WHERE service_span_name=:service_span_name {tail}"
    ))
    .await;
    let rows = session.execute_unpaged(&found, ("web.get", from, to, 1)).await.unwrap();
    assert_eq!(ids(rows.into_rows_result().unwrap()), [3]);
    let found = select(&format!(
        "SELECT ts,trace_id FROM annotations_index WHERE annotation=:annotation AND bucket IN :bucket {tail}"
    ))
    .await;
    let rows = session.execute_unpaged(&found, (b"web:x".to_vec(), &buckets, from, to, 30)).await.unwrap();
    assert_eq!(ids(rows.into_rows_result().unwrap()), [3, 2]);
    let found = select(&format!("SELECT ts,trace_id FROM service_name_index WHERE service_name IN :service_name AND bucket IN :bucket {tail}")).await;
    let rows = session.execute_unpaged(&found, (vec!["web", "db"], &buckets, from, to, 30)).await.unwrap();
    assert_eq!(ids(rows.into_rows_result().unwrap()), [3, 2]);
}

#[tokio::test(flavor = "multi_thread")]
async fn connects_to_a_strict_node_without_schema_metadata() {
    let ring = Ring::new("lab");
    let node = try_start(spec("127.9.1.6", 0, &[]), &ring, true).await.unwrap();
    let session = SessionBuilder::new()
        .known_node_addr(node.address())
        .fetch_schema_metadata(false)
        .build()
        .await
        .expect("the driver connects");
    run(&session, KEYSPACE).await;
    let (_, text) = error(&session, "SELECT * FROM system_schema.keyspaces").await;
    assert_eq!(text, "Keyspace system_schema does not exist");
}

#[tokio::test(flavor = "multi_thread")]
async fn sees_a_ring_of_three() {
    let ring = Ring::new("lab");
    // One port for all, as drivers expect of a cluster.
    let first = start(spec("127.9.2.1", 0, &["127.9.2.1"]), &ring).await;
    let port = first.address().port();
    let mut nodes = vec![first];
    for address in ["127.9.2.2", "127.9.2.3"] {
        nodes.push(start(spec(address, port, &["127.9.2.1"]), &ring).await);
    }
    let session = connect(nodes[0].address()).await;
    assert_eq!(session.get_cluster_state().get_nodes_info().len(), 3);
    run(
        &session,
        "CREATE KEYSPACE ks WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 3}",
    )
    .await;
    run(&session, "CREATE TABLE ks.t (k int PRIMARY KEY)").await;
    let mut all = Statement::new("INSERT INTO ks.t (k) VALUES (1)");
    all.set_consistency(Consistency::All);
    session.query_unpaged(all.clone(), ()).await.unwrap();

    nodes.pop().unwrap().stop().await;
    // Until the driver has noticed, it may still send to the node that is gone: only a node's answer counts.
    let deadline = Instant::now() + Duration::from_secs(20);
    let answer = async |statement: Statement| loop {
        match session.query_unpaged(statement.clone(), ()).await {
            Err(ExecutionError::LastAttemptError(RequestAttemptError::DbError(kind, _))) => break Err(kind),
            Ok(_) => break Ok(()),
            Err(why) => assert!(Instant::now() < deadline, "no node answers: {why}"),
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    };
    let unavailable = DbError::Unavailable { consistency: Consistency::All, required: 3, alive: 2 };
    assert_eq!(answer(all).await, Err(unavailable));
    assert_eq!(answer(Statement::new("INSERT INTO ks.t (k) VALUES (2)")).await, Ok(()));
}
