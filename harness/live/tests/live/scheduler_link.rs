//! A scheduler's way to a master, against our own and against masters that do not do as they should.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use stacklab_live::mesos::SchedulerLink;
use stacklab_live::program::Running;
use stacklab_machine::process::{Input, Output};
use stacklab_mesos::{FrameworkInfo, SchedulerCall, SchedulerEvent};
use stacklab_zookeeper::client::{Client, CreateMode};
use stacklab_zookeeper::model::EnsembleConfig;
use stacklab_zookeeper::server::{EnsembleHandle, Server, ServerConfig};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::sync::mpsc;

use crate::cluster::Cluster;
use crate::scripted;
use crate::support::{get_json, until, within};

type Seen = mpsc::UnboundedReceiver<Input<SchedulerEvent>>;

fn subscribe() -> Output<SchedulerCall> {
    let info = Box::new(FrameworkInfo::new("linked", "root"));
    Output::Mesos(SchedulerCall::Subscribe { info, suppressed_roles: Vec::new() })
}

/// A scheduler that subscribes at once, and revives when it is subscribed.
fn start(master: &str) -> (Running<SchedulerEvent>, Seen) {
    let master = master.to_owned();
    let react = move |input: &Input<SchedulerEvent>| match input {
        Input::Start => vec![Output::Attach { master: master.clone() }, subscribe()],
        Input::Mesos(SchedulerEvent::Subscribed { .. }) => {
            vec![Output::Mesos(SchedulerCall::Revive { roles: Vec::new() })]
        }
        _ => Vec::new(),
    };
    scripted::start_with([127, 78, 50, 1], react, SchedulerLink::new)
}

async fn next(seen: &mut Seen) -> SchedulerEvent {
    loop {
        if let Input::Mesos(event) = within("an event", seen.recv()).await.unwrap() {
            return event;
        }
    }
}

/// A master that gives one answer and closes.
async fn master(answer: &'static [u8]) -> SocketAddr {
    let listener = TcpListener::bind((std::net::Ipv4Addr::new(127, 78, 51, 1), 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut request = [0; 4096];
        let _ = stream.read(&mut request).await;
        let _ = stream.write_all(answer).await;
    });
    address
}

#[tokio::test]
async fn finds_the_master_in_zookeeper_and_calls_on_its_stream() {
    let ip = [127, 78, 52, 1];
    let cluster = Cluster::start(ip, Duration::from_millis(50)).await;
    let ensemble = EnsembleHandle::new(EnsembleConfig::standalone("zk"));
    let config = ServerConfig::new(SocketAddr::from((ip, 0)));
    let zookeeper = Server::start(config, ensemble, Arc::new(|_| {})).await.unwrap();
    let client = Client::connect(&zookeeper.address().to_string(), Duration::from_secs(5)).await.unwrap();
    let at = cluster.master.address();
    let info = json!({"address": {"ip": at.ip().to_string(), "port": at.port()}}).to_string();
    // Another candidate is behind in the line, and what is no candidate does not count.
    for (node, data) in
        [("json.info_0000000003", info.as_str()), ("json.info_0000000004", "{}"), ("info_0", "")]
    {
        let path = format!("/mesos/{node}");
        client.create_with_parents(&path, Some(data.as_bytes()), CreateMode::Ephemeral).await.unwrap();
    }

    let (program, mut seen) = start(&format!("zk://{}/mesos", zookeeper.address()));
    assert!(matches!(next(&mut seen).await, SchedulerEvent::Subscribed { .. }));
    // A refused Revive would come back.
    for _ in 0..3 {
        assert_eq!(next(&mut seen).await, SchedulerEvent::Heartbeat);
    }
    // The end of a program is the end of its framework.
    drop(program);
    until("the framework's removal", async || {
        let state = get_json(&cluster.url("/state")).await;
        (state["completed_frameworks"][0]["name"] == "linked").then_some(())
    })
    .await;
}

#[tokio::test]
async fn the_end_of_the_master_is_told() {
    let cluster = Cluster::start([127, 78, 53, 1], Duration::from_secs(15)).await;
    let (_program, mut seen) = start(&cluster.master.address().to_string());
    assert!(matches!(next(&mut seen).await, SchedulerEvent::Subscribed { .. }));
    drop(cluster);
    until("the disconnection", async || {
        matches!(next(&mut seen).await, SchedulerEvent::Disconnected { .. }).then_some(())
    })
    .await;
}

#[tokio::test]
async fn bad_masters_are_told_and_harm_nobody() {
    let chunked = |text: &str| {
        let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n";
        let answer = format!("{head}{:x}\r\n{text}\r\n", text.len());
        &*Box::leak(answer.into_boxed_str().into_boxed_bytes())
    };
    let bad: [&'static [u8]; 7] = [
        b"",
        b"SSH-2.0-OpenSSH\r\n",
        b"HTTP/1.1 200 OK\r\n",
        chunked("no number\n"),
        chunked("99999999999999\n{}"),
        chunked("5\n{\"a\"}"),
        chunked("400\n{"),
    ];
    for answer in bad {
        let (_program, mut seen) = start(&master(answer).await.to_string());
        let event = next(&mut seen).await;
        assert!(matches!(event, SchedulerEvent::Disconnected { .. }), "{event:?}");
    }
    let (_program, mut seen) =
        start(&master(b"HTTP/1.1 503 No\r\ncontent-length: 5\r\n\r\nlater").await.to_string());
    assert_eq!(next(&mut seen).await, SchedulerEvent::Refused { status: 503, text: "later".to_owned() });
    let (_program, mut seen) = start("127.78.51.2:1");
    assert!(matches!(next(&mut seen).await, SchedulerEvent::Disconnected { .. }));
}
