//! Our own client, for what only it does: reconnecting, preparing again, pipelining. The server's answers are checked
//! with other clients in the other tests.
#![allow(clippy::unwrap_used, reason = "a test may stop where it is")]

mod common;

use common::{eventually, single, spec, start, try_start};
use stacklab_cassandra::client::{Client, ClientError};
use stacklab_cassandra::server::{Ring, StartError};
use stacklab_cassandra::{CqlError, Value};

const KEYSPACE: &str =
    "CREATE KEYSPACE ks WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 1}";

#[tokio::test]
async fn asks_and_is_answered() {
    let (node, _ring) = single("127.9.4.1").await;
    let client = Client::connect(&[node.address().to_string()], 9042).await.unwrap();
    client.query(KEYSPACE).await.unwrap();
    client.use_keyspace("ks").await.unwrap();
    client
        .query("CREATE TABLE t (k bigint, c int, v text, b blob, at timestamp, PRIMARY KEY (k, c))")
        .await
        .unwrap();
    let insert = client.prepare("INSERT INTO t (k, c, v, b, at) VALUES (?, ?, ?, ?, ?)").await.unwrap();
    let requests = (0..200).map(|c| {
        let (client, insert) = (client.clone(), insert.clone());
        tokio::spawn(async move {
            let values = [
                Value::Bigint(i64::from(c % 2)),
                Value::Int(c),
                Value::Null,
                Value::Blob(vec![1]),
                Value::Timestamp(5),
            ];
            client.execute(&insert, &values, None).await
        })
    });
    for request in requests.collect::<Vec<_>>() {
        request.await.unwrap().unwrap();
    }
    let select = client.prepare("SELECT c, v, b, at FROM t WHERE k IN ?").await.unwrap();
    let keys = [Value::List(vec![Value::Bigint(1), Value::Bigint(0)])];
    for page_size in [None, Some(7), Some(200)] {
        let rows = client.execute(&select, &keys, page_size).await.unwrap();
        assert_eq!(rows.rows.len(), 200);
        // By the values of the key, not in the order of the IN.
        assert_eq!(rows.rows[0], [Value::Int(0), Value::Null, Value::Blob(vec![1]), Value::Timestamp(5)]);
        assert_eq!(rows.column("c").last(), Some(&Value::Int(199)));
    }
    let error = client.query("SELECT * FROM nope").await.unwrap_err();
    assert!(
        matches!(&error, ClientError::Cql(CqlError::Invalid(text)) if text == "unconfigured table nope"),
        "{error}"
    );
}

#[tokio::test]
async fn goes_on_at_another_node() {
    let ring = Ring::new("lab");
    let first = start(spec("127.9.4.2", 0, &[]), &ring).await;
    let second = start(spec("127.9.4.3", 0, &["127.9.4.2"]), &ring).await;
    let points = [first.address().to_string(), second.address().to_string()];
    let client = Client::connect(&points, 9042).await.unwrap();
    let keyspace = KEYSPACE.replace("'replication_factor': 1", "'replication_factor': 2");
    client.query(&keyspace).await.unwrap();
    client.use_keyspace("ks").await.unwrap();
    client.query("CREATE TABLE t (k int PRIMARY KEY)").await.unwrap();
    let insert = client.prepare("INSERT INTO t (k) VALUES (?)").await.unwrap();
    client.execute(&insert, &[Value::Int(1)], None).await.unwrap();

    first.stop().await;
    // The keyspace is in use there too, and the statement prepared again, which that node has never seen.
    eventually("the other node answers", async || {
        client.execute(&insert, &[Value::Int(2)], None).await.is_ok()
    })
    .await;
    assert_eq!(client.query("SELECT k FROM t").await.unwrap().rows.len(), 2);

    second.stop().await;
    eventually("nobody is left", async || {
        matches!(client.query("SELECT k FROM t").await, Err(ClientError::NoHost(_)))
    })
    .await;
    let error = client.query("SELECT k FROM t").await.unwrap_err().to_string();
    assert!(error.contains(&points[0]) && error.contains(&points[1]), "{error}");
}

#[tokio::test]
async fn nodes_refuse_to_start_where_the_original_would() {
    let ring = Ring::new("lab");
    let node = start(spec("127.9.4.4", 0, &["127.9.4.4"]), &ring).await;
    let port = node.address().port();
    let error = try_start(spec("127.9.4.4", port, &[]), &Ring::new("lab"), false).await.unwrap_err();
    assert!(matches!(error, StartError::Bind { .. }), "{error}");
    assert!(
        error.to_string().starts_with(&format!("cannot listen for CQL clients on 127.9.4.4:{port}: ")),
        "{error}"
    );
    let error = try_start(spec("127.9.4.5", 0, &["127.9.4.9"]), &ring, false).await.unwrap_err();
    assert!(matches!(error, StartError::NoSeeds), "{error}");
    let error = try_start(spec("127.9.4.4", 0, &[]), &ring, false).await.unwrap_err();
    assert!(matches!(error, StartError::AlreadyUp { .. }), "{error}");
    let error = try_start(spec("127.9.4.6", 0, &[]), &Ring::new("other"), false).await.unwrap_err();
    assert!(matches!(error, StartError::ClusterName { .. }), "{error}");
    let error = try_start(spec("no such host", 0, &[]), &ring, false).await.unwrap_err();
    assert!(matches!(error, StartError::Address { .. }), "{error}");

    // The port is free again once the node has stopped, and its data are still the ring's.
    node.stop().await;
    start(spec("127.9.4.4", port, &["127.9.4.4"]), &ring).await.stop().await;
    assert!(ring.remove_node("127.9.4.4"));
    assert!(!ring.remove_node("127.9.4.4"));
}
