//! Our client: against a server made of recorded bytes, and through breaks and restarts of our own server.
#![allow(clippy::unwrap_used)] // In helpers outside the test functions.

mod common;

use std::time::Duration;

use common::{LIMIT, free, hex, quiet, start};
use stacklab_machine::process::{ZkError, ZkOp, ZkReply};
use stacklab_zookeeper::client::{Client, CreateMode, Error, Event, EventKind, Events, MultiOp, Options};
use stacklab_zookeeper::model::{Code, EnsembleConfig, MultiResult, SessionId};
use stacklab_zookeeper::server::{EnsembleHandle, Server, ServerConfig, ServerHandle};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{Instant, timeout};

const SESSION: Duration = Duration::from_secs(6);

async fn connect(server: &ServerHandle, chroot: &str) -> Client {
    Client::connect(&format!("{}{chroot}", server.address()), SESSION).await.unwrap()
}

async fn next(events: &mut Events) -> Event {
    timeout(LIMIT, events.recv()).await.expect("no event").expect("no more events")
}

fn watch(kind: EventKind, path: &str) -> Event {
    Event::Watch { kind, path: path.into() }
}

async fn expect_frame(stream: &mut TcpStream, recorded: &str) {
    let wanted = hex(recorded);
    let mut got = vec![0; wanted.len()];
    timeout(LIMIT, stream.read_exact(&mut got)).await.expect("too few bytes").unwrap();
    assert_eq!(got, wanted);
}

#[tokio::test]
async fn speaks_as_recorded_and_comes_back_with_its_watches() {
    let listener = TcpListener::bind(free("127.41.1.1")).await.unwrap();
    let address = listener.local_addr().unwrap();
    let reply =
        hex("00000025 00000000 00001770 01a20a8b3b3d0003 00000010 86249e5312fe1ec5aad52c8078154f79 00");
    let server = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let new = "0000002d 00000000 0000000000000000 00001770 0000000000000000 00000010";
        expect_frame(&mut stream, &format!("{new} 00000000000000000000000000000000 00")).await;
        stream.write_all(&reply).await.unwrap();
        expect_frame(&mut stream, "00000010 00000001 00000003 00000003 2f6b32 00").await;
        stream.write_all(&hex("00000010 00000001 000000000000002f ffffff9b")).await.unwrap();
        expect_frame(&mut stream, "00000010 00000002 00000003 00000003 2f6b32 01").await;
        stream.write_all(&hex("00000010 00000002 000000000000002f ffffff9b")).await.unwrap();
        drop(stream);
        let (mut stream, _) = listener.accept().await.unwrap();
        let again = "0000002d 00000000 000000000000002f 00001770 01a20a8b3b3d0003 00000010";
        expect_frame(&mut stream, &format!("{again} 86249e5312fe1ec5aad52c8078154f79 00")).await;
        stream.write_all(&reply).await.unwrap();
        let watches =
            "00000023 fffffff8 00000065 000000000000002f 00000000 00000001 00000003 2f6b32 00000000";
        expect_frame(&mut stream, watches).await;
        let event = "0000001f ffffffff ffffffffffffffff 00000000 00000001 00000003 00000003 2f6b32";
        stream.write_all(&hex(event)).await.unwrap();
        stream.write_all(&hex("00000010 fffffff8 0000000000000030 00000000")).await.unwrap();
        expect_frame(&mut stream, "00000008 00000003 fffffff5").await;
        stream.write_all(&hex("00000010 00000003 0000000000000031 00000000")).await.unwrap();
    });
    let client = Client::connect(&address.to_string(), SESSION).await.unwrap();
    assert_eq!(client.session_id(), 0x01a2_0a8b_3b3d_0003);
    let mut events = client.events();
    assert_eq!(client.exists("/k2", false).await, Ok(None));
    assert_eq!(client.exists("/k2", true).await, Ok(None));
    assert_eq!(next(&mut events).await, Event::Disconnected);
    assert_eq!(next(&mut events).await, Event::Reconnected);
    assert_eq!(next(&mut events).await, watch(EventKind::Created, "/k2"));
    client.close().await;
    server.await.unwrap();
    assert_eq!(client.exists("/k2", false).await, Err(Error::Closed));
    assert_eq!(events.recv().await, None);
}

#[tokio::test]
async fn does_what_kafka_needs_below_a_chroot() {
    let server = start(2000).await;
    connect(&server, "").await.create("/k2", None, CreateMode::Persistent).await.unwrap();
    let client = connect(&server, "/k2").await;
    let mut events = client.events();
    assert_eq!(client.exists("/controller", true).await, Ok(None));
    client.create("/controller", Some(b"1"), CreateMode::Ephemeral).await.unwrap();
    assert_eq!(next(&mut events).await, watch(EventKind::Created, "/controller"));
    let again = client.create("/controller", None, CreateMode::Ephemeral).await;
    assert_eq!(again, Err(Error::NodeExists("/controller".into())));
    let deep = client.create("/brokers/ids", None, CreateMode::Persistent).await;
    assert_eq!(deep, Err(Error::NoNode("/brokers/ids".into())));
    let real = client.create_with_parents("/brokers/ids/s-", Some(b"x"), CreateMode::PersistentSequential);
    assert_eq!(real.await.as_deref(), Ok("/brokers/ids/s-0000000000"));
    assert_eq!(client.get("/brokers/ids", true).await.unwrap().0, None, "parents have null data");
    assert_eq!(client.children("/brokers/ids", true).await.unwrap(), ["s-0000000000"]);
    client.set("/brokers/ids", Some(b""), 0).await.unwrap();
    assert_eq!(next(&mut events).await, watch(EventKind::DataChanged, "/brokers/ids"));
    let stale = client.set("/brokers/ids", None, 0).await;
    assert_eq!(stale, Err(Error::BadVersion("/brokers/ids".into())));
    let full = client.delete("/brokers/ids", -1).await;
    assert_eq!(full, Err(Error::NotEmpty("/brokers/ids".into())));
    client.delete_recursive("/brokers").await.unwrap();
    assert_eq!(next(&mut events).await, watch(EventKind::ChildrenChanged, "/brokers/ids"));
    assert_eq!(client.children("/", false).await.unwrap(), ["controller"]);
    for path in ["", "x", "/x/", "//x", "/./x"] {
        assert_eq!(client.get(path, false).await, Err(Error::BadArguments(path.into())));
    }
    client.close().await;
    assert_eq!(server.ensemble().get("/k2/controller").unwrap_err(), Code::NoNode);
}

#[tokio::test]
async fn transactions_name_the_part_that_failed() {
    let server = start(2000).await;
    let client = connect(&server, "").await;
    let parts = vec![
        MultiOp::create("/a", Some(b"x"), CreateMode::Persistent),
        MultiOp::set("/a", None, 0),
        MultiOp::check("/a", 1),
        MultiOp::create("/s-", None, CreateMode::PersistentSequential),
    ];
    let results = client.multi(parts).await.unwrap();
    assert_eq!(results[0], MultiResult::Created("/a".into()));
    assert!(matches!(results[1], MultiResult::Set(stat) if stat.version == 1));
    assert_eq!(results[3], MultiResult::Created("/s-0000000001".into()));
    let parts = vec![MultiOp::delete("/a", -1), MultiOp::check("/none", 0), MultiOp::delete("/b", -1)];
    assert_eq!(client.multi(parts).await, Err(Error::NoNode("/none".into())));
    assert!(client.exists("/a", false).await.unwrap().is_some());
    assert_eq!(client.multi(vec![]).await, Ok(vec![]));
}

#[tokio::test]
async fn survives_a_restart_and_hears_what_it_missed() {
    let ensemble = EnsembleHandle::new(EnsembleConfig::standalone("zk"));
    let server =
        Server::start(ServerConfig::new(free("127.41.1.2")), ensemble.clone(), quiet()).await.unwrap();
    let address = server.address();
    let client = connect(&server, "").await;
    let mut events = client.events();
    client.create("/e", None, CreateMode::Ephemeral).await.unwrap();
    client.get("/e", true).await.unwrap();
    client.children("/", true).await.unwrap();
    client.exists("/later", true).await.unwrap();
    server.kill().await;
    assert_eq!(next(&mut events).await, Event::Disconnected);
    let lost = client.get("/e", false).await;
    assert_eq!(lost, Err(Error::ConnectionLoss(address.to_string())));
    ensemble.change(|zk, now, out| {
        zk.set(now, "/e", None, -1, out).unwrap();
        zk.create(now, SessionId::NONE, "/later", None, CreateMode::Persistent, out).unwrap();
    });
    let _again = Server::start(ServerConfig::new(address), ensemble, quiet()).await.unwrap();
    assert_eq!(next(&mut events).await, Event::Reconnected);
    let mut missed = [next(&mut events).await, next(&mut events).await, next(&mut events).await];
    missed.sort_by_key(|event| format!("{event:?}"));
    let expected = [
        watch(EventKind::ChildrenChanged, "/"),
        watch(EventKind::Created, "/later"),
        watch(EventKind::DataChanged, "/e"),
    ];
    assert_eq!(missed, expected);
    let (_, stat) = client.get("/e", false).await.unwrap();
    assert_eq!(stat.ephemeral_owner, client.session_id(), "the session is the same");
}

#[tokio::test]
async fn an_expired_client_says_so_for_ever() {
    let server = start(2000).await;
    let client = connect(&server, "").await;
    let mut events = client.events();
    assert!(server.ensemble().expire_session(SessionId(client.session_id())));
    assert_eq!(next(&mut events).await, Event::Disconnected);
    assert_eq!(next(&mut events).await, Event::Expired);
    assert_eq!(client.get("/", false).await, Err(Error::Expired));
    assert_eq!(client.create("/x", None, CreateMode::Ephemeral).await, Err(Error::Expired));
    assert_ne!(connect(&server, "").await.session_id(), client.session_id());
}

#[tokio::test]
async fn pings_keep_a_session_that_says_nothing() {
    let server = start(50).await;
    let client = Client::connect(&server.address().to_string(), Duration::from_millis(100)).await.unwrap();
    assert_eq!(client.session_timeout(), Duration::from_millis(100));
    let mut events = client.events();
    client.create("/e", None, CreateMode::Ephemeral).await.unwrap();
    let nothing = timeout(Duration::from_millis(600), events.recv()).await;
    assert!(nothing.is_err(), "{nothing:?}");
    assert!(server.ensemble().get("/e").is_ok());
    drop(client);
    common::until("the node goes with its session", || server.ensemble().get("/e").is_err()).await;
}

#[tokio::test]
async fn says_whom_it_cannot_reach() {
    let listener = TcpListener::bind(free("127.41.1.3")).await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let options = Options { session_timeout: SESSION, connect_timeout: Duration::from_millis(300) };
    let started = Instant::now();
    let failed = Client::connect_with(&format!("{address}/x"), options).await.unwrap_err();
    let Error::Unreachable { connect, why } = failed else { panic!("{failed}") };
    assert_eq!(connect, format!("{address}/x"));
    assert!(why.starts_with(&format!("{}:{}: ", address.ip(), address.port())), "{why}");
    assert!(started.elapsed() < Duration::from_secs(3));
    let bad = Client::connect("h:x", SESSION).await.unwrap_err();
    assert!(matches!(bad, Error::BadConnectString { .. }));
    // The first host is dead, the second is not.
    let server = start(2000).await;
    let client = Client::connect(&format!("{address},{}", server.address()), SESSION).await.unwrap();
    assert_eq!(client.children("/", false).await.unwrap(), ["zookeeper"]);
}

#[tokio::test]
async fn many_callers_share_a_session_and_may_go_away() {
    let server = start(2000).await;
    let client = connect(&server, "").await;
    let tasks: Vec<_> = (0..50)
        .map(|number| {
            let client = client.clone();
            tokio::spawn(async move {
                // Given up at once, whatever became of it.
                let _ = timeout(Duration::ZERO, client.get("/", false)).await;
                client.create(&format!("/n{number}"), None, CreateMode::Persistent).await
            })
        })
        .collect();
    for task in tasks {
        timeout(LIMIT, task).await.unwrap().unwrap().unwrap();
    }
    assert_eq!(client.children("/", false).await.unwrap().len(), 51);
}

/// What the frameworks ask for comes out the same in the model and through client and server.
#[tokio::test]
async fn programs_get_the_same_answers_live_and_simulated() {
    let server = start(2000).await;
    let client = Client::connect_for_program(&server.address().to_string()).await.unwrap();
    let model = EnsembleHandle::new(EnsembleConfig::standalone("model"));
    let session = model.change(|zk, now, _| zk.open_session(now, Duration::from_secs(30)));
    let create = |path: &str, parents, ephemeral| ZkOp::Create {
        path: path.into(),
        data: b"d".to_vec(),
        parents,
        ephemeral,
    };
    let put = |path: &str, data: &[u8]| ZkOp::Put { path: path.into(), data: data.to_vec() };
    let set = |path: &str, version| ZkOp::Set { path: path.into(), data: b"s".to_vec(), version };
    let get = |path: &str| ZkOp::Get { path: path.into() };
    let children = |path: &str| ZkOp::Children { path: path.into() };
    let delete = |path: &str, recursive| ZkOp::Delete { path: path.into(), recursive };
    let ops = [
        create("/a/b/c", false, false),
        create("/a/b/c", true, false),
        create("/a/b/c", true, false),
        get("/a/b"),
        get("/a/b/c"),
        put("/a/b/c", b"two"),
        put("/x/y", b"z"),
        put("/x", b"z"),
        get("/a/b/c"),
        set("/a/b/c", 7),
        set("/a/b/c", 1),
        set("/none", -1),
        create("/e", false, true),
        create("/e/x", false, false),
        children("/"),
        children("/a"),
        children("/none"),
        delete("/a", false),
        delete("/none", false),
        delete("/none", true),
        delete("/a", true),
        delete("/zookeeper", false),
        get("bad"),
        children("/"),
    ];
    let mut done = 0;
    for op in ops {
        let live = client.apply(&op).await;
        let simulated = model.change(|zk, now, out| zk.apply(now, session, "zk:2181", op.clone(), out));
        assert_eq!(live, simulated, "{op:?}");
        done += usize::from(live.is_ok());
    }
    assert_eq!(done, 12);
    assert_eq!(client.apply(&get("/x")).await, Ok(ZkReply::Data { data: b"z".to_vec(), version: 0 }));
    server.ensemble().expire_session(SessionId(client.session_id()));
    let gone = timeout(LIMIT, client.apply(&get("/x"))).await.unwrap();
    assert!(matches!(gone, Err(ZkError::Unreachable { .. })), "{gone:?}");
}
