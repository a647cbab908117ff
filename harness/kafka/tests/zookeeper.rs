//! A broker and its ZooKeeper: registration, nodes, lost connections and sessions, clean and unclean ends.
#![allow(clippy::unwrap_used)] // A test helper fails the test.

mod common;
#[path = "common/raw.rs"]
mod raw;

use std::time::{Duration, Instant};

use common::{Lines, broker, properties, until, zookeeper};
use raw::{Raw, make_topic, message, produce};
use stacklab_kafka::{Broker, BrokerConfig};
use stacklab_zookeeper::server::ServerHandle;

fn data(zk: &ServerHandle, path: &str) -> Option<String> {
    let (data, _) = zk.ensemble().get(&format!("/kafka{path}")).ok()?;
    Some(data.map(|data| String::from_utf8(data.to_vec()).unwrap()).unwrap_or_default())
}

/// Replaces runs of ten digits and more, which are times, by `T`.
fn timeless(text: &str) -> String {
    let mut result = String::new();
    for part in text.split('"') {
        let is_time = part.len() >= 10 && part.bytes().all(|byte| byte.is_ascii_digit());
        result.push_str(if is_time { "T" } else { part });
        result.push('"');
    }
    result.trim_end_matches('"').to_owned()
}

#[tokio::test]
async fn leaves_the_nodes_of_the_original() {
    let zk = zookeeper().await;
    let broker = broker(&zk, 71, "127.42.6.1", &[("num.partitions", "2")]).await;
    let port = broker.address().port();
    let mut raw = Raw::open(broker.address()).await;
    make_topic(&mut raw, "notSpans").await;
    let text = |path: &str| timeless(&data(&zk, path).unwrap());
    assert_eq!(
        text("/brokers/ids/71"),
        format!(r#"{{"jmx_port":-1,"timestamp":"T","host":"127.42.6.1","version":1,"port":{port}}}"#)
    );
    assert_eq!(text("/controller"), r#"{"version":1,"brokerid":71,"timestamp":"T"}"#.trim_end_matches('"'));
    assert_eq!(text("/controller_epoch"), "1");
    assert_eq!(text("/brokers/topics/notSpans"), r#"{"version":1,"partitions":{"1":[71],"0":[71]}}"#);
    assert_eq!(text("/config/topics/notSpans"), r#"{"version":1,"config":{}}"#);
    assert_eq!(
        text("/brokers/topics/notSpans/partitions/0/state"),
        r#"{"controller_epoch":1,"leader":71,"version":1,"leader_epoch":0,"isr":[71]}"#
    );
    for path in
        ["/consumers", "/config/changes", "/admin/delete_topics", "/brokers/topics/notSpans/partitions"]
    {
        let (data, stat) = zk.ensemble().get(&format!("/kafka{path}")).unwrap();
        assert_eq!((data, stat.ephemeral_owner), (None, 0), "{path}");
    }
    let (_, stat) = zk.ensemble().get("/kafka/brokers/ids/71").unwrap();
    assert_ne!(stat.ephemeral_owner, 0);
    assert_eq!(broker.stop().await.code, 0);
    assert_eq!(
        (data(&zk, "/brokers/ids/71"), data(&zk, "/controller")),
        (None, None),
        "closed, not left to expire"
    );
    assert!(zk.ensemble().sessions().is_empty());
}

#[tokio::test]
async fn waits_for_its_own_former_registration() {
    let zk = zookeeper().await;
    let first = broker(&zk, 70, "127.42.6.2", &[]).await;
    let port = first.address().port().to_string();
    first.kill().await;
    let lines = Lines::default();
    let config =
        BrokerConfig::from_properties(&properties(&zk, 70, "127.42.6.2", &[("port", &port)])).unwrap();
    let began = Instant::now();
    let second = Broker::start(config, lines.sink()).await.unwrap();
    assert!(began.elapsed() >= Duration::from_millis(400), "{:?}", began.elapsed());
    assert!(lines.contain("I wrote this conflicted ephemeral node at /brokers/ids/70 a while back"));
    assert_eq!(second.stop().await.code, 0);
}

#[tokio::test]
async fn refuses_to_start_where_it_cannot() {
    let zk = zookeeper().await;
    let first = broker(&zk, 70, "127.42.6.3", &[]).await;
    let start = |more: Vec<(&'static str, String)>| {
        let more: Vec<(&str, &str)> = more.iter().map(|(key, value)| (*key, value.as_str())).collect();
        let config = BrokerConfig::from_properties(&properties(&zk, 70, "127.42.6.3", &more)).unwrap();
        async { Broker::start(config, Lines::default().sink()).await.unwrap_err().to_string() }
    };
    let error = start(Vec::new()).await;
    assert!(error.starts_with("A broker is already registered on the path /brokers/ids/70."), "{error}");
    let port = first.address().port().to_string();
    let error = start(vec![("port", port.clone())]).await;
    assert!(error.starts_with(&format!("Socket server failed to bind to 127.42.6.3:{port}: ")), "{error}");
    let nowhere = vec![
        ("zookeeper.connect", "127.42.6.99:1/kafka".to_owned()),
        ("zookeeper.connection.timeout.ms", "200".to_owned()),
    ];
    assert_eq!(start(nowhere).await, "Unable to connect to zookeeper server within timeout: 200");
    let error = start(vec![("zookeeper.connect", "nonsense:port".to_owned())]).await;
    assert!(error.starts_with("zookeeper.connect 'nonsense:port' cannot be used: "), "{error}");
    assert!(tokio::time::timeout(Duration::from_millis(20), first.exited()).await.is_err());
}

#[tokio::test]
async fn survives_lost_connections_and_expired_sessions() {
    let zk = zookeeper().await;
    let broker = broker(&zk, 70, "127.42.6.4", &[]).await;
    let mut raw = Raw::open(broker.address()).await;
    make_topic(&mut raw, "one").await;
    zk.ensemble().drop_connections();
    make_topic(&mut raw, "two").await;
    assert_eq!(data(&zk, "/controller_epoch").unwrap(), "1", "the same session");
    let sessions = zk.ensemble().sessions();
    assert_eq!(sessions.len(), 1);
    zk.ensemble().expire_session(sessions[0]);
    until("a new session", || async {
        (data(&zk, "/controller_epoch")? == "2" && data(&zk, "/brokers/ids/70").is_some()).then_some(())
    })
    .await;
    make_topic(&mut raw, "three").await;
    assert_eq!(produce(&mut raw, "one", -1, 1000, &message(0, 0, Some(b"x"))).await, (0, 0));
    assert!(broker.is_controller().await);
}

#[tokio::test]
async fn hands_over_when_stopped() {
    let zk = zookeeper().await;
    let more = [("default.replication.factor", "2"), ("num.partitions", "4")];
    let first = broker(&zk, 1, "127.42.6.5", &more).await;
    let second = broker(&zk, 2, "127.42.6.6", &more).await;
    let mut raw = Raw::open(second.address()).await;
    make_topic(&mut raw, "topic").await;
    let began = Instant::now();
    assert_eq!(first.stop().await.code, 0);
    assert!(began.elapsed() < Duration::from_secs(2), "no retry was needed");
    let all_led = || async {
        let offsets = second.partition_offsets("topic").await;
        (offsets.len() == 4 && offsets.values().all(|partition| partition.leader)).then_some(())
    };
    until("the second leads everything", all_led).await;
    until("the second is the controller", || async { second.is_controller().await.then_some(()) }).await;
    assert!(data(&zk, "/brokers/topics/topic/partitions/0/state").unwrap().contains(r#""leader":2"#));
}

#[tokio::test]
async fn takes_a_slow_follower_out_and_in_again() {
    let zk = zookeeper().await;
    let more = [("default.replication.factor", "2"), ("replica.lag.time.max.ms", "200")];
    let first = broker(&zk, 1, "127.42.6.7", &more).await;
    let second = broker(&zk, 2, "127.42.6.8", &more).await;
    let mut raw = Raw::open(first.address()).await;
    make_topic(&mut raw, "topic").await;
    let isr = || data(&zk, "/brokers/topics/topic/partitions/0/state").unwrap();
    assert!(isr().contains(r#""isr":[1,2]"#) || isr().contains(r#""isr":[2,1]"#));
    let address = second.address();
    drop(second);
    until("the dead one leaves", || async { isr().contains(r#""isr":[1]"#).then_some(()) }).await;
    let port = address.port().to_string();
    let again = [("port", port.as_str()), more[0], more[1]];
    let config = BrokerConfig::from_properties(&properties(&zk, 2, "127.42.6.8", &again)).unwrap();
    let second = Broker::start(config, Lines::default().sink()).await.unwrap();
    until("it is back in sync", || async { isr().contains(r#""isr":[1,2]"#).then_some(()) }).await;
    // Nobody told the controller, which looks itself before it hands over.
    let began = Instant::now();
    assert_eq!(first.stop().await.code, 0);
    assert!(began.elapsed() < Duration::from_secs(2), "no retry was needed");
    until("the second leads", || async { second.partition_offsets("topic").await[&0].leader.then_some(()) })
        .await;
}

#[tokio::test]
async fn deletes_topics_only_if_allowed() {
    for (allowed, host) in [("false", "127.42.6.9"), ("true", "127.42.6.10")] {
        let zk = zookeeper().await;
        let broker = broker(&zk, 70, host, &[("delete.topic.enable", allowed)]).await;
        let mut raw = Raw::open(broker.address()).await;
        make_topic(&mut raw, "topic").await;
        zk.ensemble().change(|ensemble, now, out| {
            let (session, mode) = (
                stacklab_zookeeper::model::SessionId::NONE,
                stacklab_zookeeper::model::CreateMode::Persistent,
            );
            ensemble.create(now, session, "/kafka/admin/delete_topics/topic", None, mode, out).unwrap();
        });
        if allowed == "true" {
            until("the topic is gone", || async {
                data(&zk, "/admin/delete_topics/topic").is_none().then_some(())
            })
            .await;
            assert_eq!(data(&zk, "/brokers/topics/topic"), None);
            assert!(broker.partition_offsets("topic").await.is_empty());
        } else {
            make_topic(&mut raw, "other").await;
            assert!(data(&zk, "/brokers/topics/topic").is_some());
        }
    }
}
