//! Event streams: how they open, what comes on them, and the ways in which they end.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::cluster::{Cluster, Framework};
use crate::support::{Events, get_json, until, within};

const SLOW: Duration = Duration::from_secs(15);

async fn until_removed(cluster: &Cluster, id: &str) {
    until("the framework's removal", async || {
        let state = get_json(&cluster.url("/state")).await;
        let completed = state["completed_frameworks"].as_array().unwrap();
        completed.iter().any(|one| one["id"] == id).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_stream_is_chunked_recordio_to_the_byte() {
    let cluster = Cluster::start([127, 78, 7, 1], SLOW).await;
    let body = r#"{"type":"SUBSCRIBE","subscribe":{"framework_info":{"user":"root","name":"raw"}}}"#;
    let request = format!(
        "POST /master/api/v1/scheduler HTTP/1.1\r\nHost: m\r\nContent-Type: application/json\r\n\
         Accept: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    let mut stream = TcpStream::connect(cluster.master.address()).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut text = String::new();
    within("the first event", async {
        while !text.contains("HEARTBEAT") {
            let mut piece = [0; 4096];
            let length = stream.read(&mut piece).await.unwrap();
            assert!(length > 0, "closed after {text}");
            text.push_str(std::str::from_utf8(&piece[..length]).unwrap());
        }
    })
    .await;
    let (head, rest) = text.split_once("\r\n\r\n").unwrap();
    let head = head.to_ascii_lowercase();
    assert!(head.starts_with("http/1.1 200 ok\r\n"), "{head}");
    assert!(head.contains("\r\ntransfer-encoding: chunked"), "{head}");
    assert!(head.contains("\r\nmesos-stream-id: "), "{head}");
    // A chunk's length in hexadecimal, a record's in decimal.
    let (chunk, rest) = rest.split_once("\r\n").unwrap();
    let (record, rest) = rest.split_once('\n').unwrap();
    let (chunk, length) = (usize::from_str_radix(chunk, 16).unwrap(), record.parse::<usize>().unwrap());
    assert_eq!(chunk, record.len() + 1 + length);
    let event: Value = serde_json::from_str(&rest[..length]).unwrap();
    assert_eq!(event["type"], "SUBSCRIBED");
}

#[tokio::test]
async fn heartbeats_come_as_often_as_announced() {
    let cluster = Cluster::start([127, 78, 8, 1], Duration::from_millis(20)).await;
    let mut framework = cluster.subscribe(json!({"user": "root", "name": "f"})).await;
    assert_eq!(framework.subscribed["subscribed"]["heartbeat_interval_seconds"], 0.02);
    for _ in 0..5 {
        assert_eq!(framework.events.next().await.unwrap(), json!({"type": "HEARTBEAT"}));
    }
}

#[tokio::test]
async fn a_framework_without_failover_goes_with_its_stream() {
    // Heartbeats are far away: the master must not need to send anything to notice.
    let cluster = Cluster::start([127, 78, 9, 1], SLOW).await;
    let framework = cluster.subscribe(json!({"user": "root", "name": "f"})).await;
    let Framework { id, events, .. } = framework;
    drop(events);
    until_removed(&cluster, &id).await;
}

#[tokio::test]
async fn a_framework_with_failover_comes_back() {
    let cluster = Cluster::start([127, 78, 10, 1], SLOW).await;
    let mut info = json!({"user": "root", "name": "f", "failover_timeout": 600});
    let first = cluster.subscribe(info.clone()).await;
    let Framework { id, stream, events, .. } = first;
    drop(events);
    until("the disconnection", async || {
        let state = get_json(&cluster.url("/state")).await;
        (state["frameworks"][0]["connected"] == false).then_some(())
    })
    .await;
    info["id"] = json!({"value": id});
    let call =
        json!({"type": "SUBSCRIBE", "framework_id": {"value": id}, "subscribe": {"framework_info": info}});
    let response = cluster.call(None, &call).await;
    assert_ne!(response.headers()["mesos-stream-id"].to_str().unwrap(), stream);
    let mut events = Events::new(response);
    let subscribed = events.next_of("SUBSCRIBED").await;
    assert_eq!(subscribed["subscribed"]["framework_id"]["value"], id.as_str());

    // Once more while it is connected: the older stream is told, and ends.
    let response = cluster.call(None, &call).await;
    let mut newer = Events::new(response);
    newer.next_of("SUBSCRIBED").await;
    assert_eq!(events.next_of("ERROR").await["error"]["message"], "Framework failed over");
    assert_eq!(events.next().await, None);
}

#[tokio::test]
async fn a_reader_that_falls_behind_is_cut_off() {
    let cluster = Cluster::start([127, 78, 11, 1], SLOW).await;
    let mut framework = cluster.subscribe(json!({"user": "root", "name": "f"})).await;
    // Each of these is answered with an event at once, more than the master keeps for one scheduler.
    let tasks: Vec<Value> = (0..5000).map(|task| json!({"task_id": {"value": format!("t{task}")}})).collect();
    let call = json!({"type": "RECONCILE", "reconcile": {"tasks": tasks}});
    assert_eq!(cluster.say(&framework, call).await.0, 202);
    let mut updates = 0;
    while let Some(event) = framework.events.next().await {
        updates += usize::from(event["type"] == "UPDATE");
    }
    assert!(updates < 5000, "{updates}");
    until_removed(&cluster, &framework.id).await;
}

#[tokio::test]
async fn the_end_of_the_master_ends_streams_and_frees_the_port() {
    let cluster = Cluster::start([127, 78, 12, 1], SLOW).await;
    let mut framework = cluster.subscribe(json!({"user": "root", "name": "f"})).await;
    let address = cluster.master.address();
    drop(cluster);
    while framework.events.next().await.is_some() {}
    crate::support::until_free(address).await;
}
