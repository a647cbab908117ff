//! The ensemble as a machine and as a simulation calls it: time, sessions, notes, transactions taken back.

use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use bytes::Bytes;
use expect_test::{Expect, expect};
use proptest::prelude::*;
use stacklab_machine::{Machine as _, Outbox, Step, Time};
use stacklab_zookeeper::model::{
    Acl, Code, ConnectRequest, ConnectionId, CreateMode, Ensemble, EnsembleConfig, Input, MultiOp, Output,
    Reply, Request, Response, Role, SessionId,
};

const START: Time = Time::from_millis(1_000_000);
const NEVER: SessionId = SessionId::NONE;

fn at(ms: u64) -> Time {
    START + Duration::from_millis(ms)
}

fn ensemble() -> Ensemble {
    Ensemble::new(EnsembleConfig::standalone("zk"))
}

/// What was said, one line a step; log lines and answers' figures left out.
fn said(out: &mut Outbox<Output>) -> String {
    let line = |step| match step {
        Step::Event(what) => format!("note {}", serde_free(&what)),
        Step::Output(Output::Connected { connection, reply }) => {
            format!("{} connected, timeout {}", connection.0, reply.timeout_ms)
        }
        Step::Output(Output::Reply { connection, reply: Reply { xid, zxid, result } }) => {
            format!("{} answer {xid} zxid {zxid} {:?}", connection.0, result.map(|_| ()))
        }
        Step::Output(Output::Event { connection, event }) => {
            format!("{} event {:?} {}", connection.0, event.kind, event.path)
        }
        Step::Output(Output::Close { connection }) => format!("{} close", connection.0),
        Step::Output(Output::Log { line, .. }) => format!("log {line}"),
    };
    out.drain().map(line).map(|line| line + "\n").collect()
}

fn serde_free(what: &stacklab_machine::timeline::What) -> String {
    format!("{what:?}").replace("server: \"zk\", ", "")
}

fn check(out: &mut Outbox<Output>, expected: &Expect) {
    expected.assert_eq(&said(out));
}

struct Lab {
    zk: Ensemble,
    out: Outbox<Output>,
}

impl Lab {
    fn new() -> Self {
        Self { zk: ensemble(), out: Outbox::new() }
    }

    fn connect(&mut self, ms: u64, connection: u64, timeout_ms: i32) {
        let request = ConnectRequest { timeout_ms, ..ConnectRequest::default() };
        let peer = IpAddr::V4(Ipv4Addr::LOCALHOST);
        let connection = ConnectionId(connection);
        self.zk.handle(at(ms), Input::Connect { connection, server: 1, peer, request }, &mut self.out);
    }

    fn ask(&mut self, ms: u64, connection: u64, xid: i32, request: Request) {
        let connection = ConnectionId(connection);
        self.zk.handle(at(ms), Input::Request { connection, xid, request }, &mut self.out);
    }
}

fn create(path: &str, flags: i32) -> Request {
    Request::Create { path: path.into(), data: None, acl: Some(Acl::open()), flags }
}

#[test]
fn a_silent_session_expires_on_its_tick() {
    let mut lab = Lab::new();
    lab.connect(0, 1, 4000);
    lab.connect(0, 2, 40_000);
    lab.ask(500, 1, 1, create("/e", 1));
    lab.ask(600, 2, 1, Request::GetData { path: "/e".into(), watch: true });
    lab.ask(600, 2, 2, Request::GetChildren { path: "/".into(), watch: true });
    let connection = ConnectionId(1);
    lab.zk.handle(at(700), Input::ConnectionClosed { connection }, &mut lab.out);
    lab.out.drain();
    // The start lies on a tick: 0.5 s and 4 s more end in the tick that ends at 6 s.
    assert_eq!(lab.zk.wake_at(), Some(at(6000)));
    lab.zk.wake(at(5999), &mut lab.out);
    assert!(lab.out.is_empty());
    lab.zk.wake(at(6000), &mut lab.out);
    check(
        &mut lab.out,
        &expect![[r#"
            log Expiring session 0x100000f42400000, timeout of 4000ms exceeded
            note ZnodeDeleted { path: "/e" }
            2 event Deleted /e
            2 event ChildrenChanged /
        "#]],
    );
    assert_eq!(lab.zk.wake_at(), Some(at(42_000)));
}

#[test]
fn pings_move_the_deadline() {
    let mut lab = Lab::new();
    lab.connect(0, 1, 4000);
    for second in 1..20 {
        lab.ask(second * 1000, 1, -2, Request::Ping);
        lab.zk.wake(at(second * 1000), &mut lab.out);
    }
    assert_eq!(lab.zk.wake_at(), Some(at(24_000)));
    assert_eq!(lab.zk.sessions().count(), 1);
}

#[test]
fn writes_are_noted_for_the_timeline() {
    let mut lab = Lab::new();
    lab.connect(0, 1, 4000);
    lab.ask(0, 1, 1, create("/a", 0));
    lab.ask(0, 1, 2, create("/a/s-", 3));
    lab.ask(0, 1, 3, Request::SetData { path: "/a".into(), data: None, version: 0 });
    lab.ask(0, 1, 4, create("/a", 0));
    lab.ask(0, 1, 5, Request::CloseSession);
    check(
        &mut lab.out,
        &expect![[r#"
            log Established session 0x100000f42400000 with negotiated timeout 4000 for client /127.0.0.1
            1 connected, timeout 4000
            note ZnodeWritten { path: "/a", version: 0 }
            1 answer 1 zxid 2 Ok(())
            note ZnodeWritten { path: "/a/s-0000000000", version: 0 }
            1 answer 2 zxid 3 Ok(())
            note ZnodeWritten { path: "/a", version: 1 }
            1 answer 3 zxid 4 Ok(())
            1 answer 4 zxid 5 Err(NodeExists)
            note ZnodeDeleted { path: "/a/s-0000000000" }
            1 answer 5 zxid 6 Ok(())
            1 close
        "#]],
    );
}

#[test]
fn requests_of_forgotten_connections_are_dropped() {
    let mut lab = Lab::new();
    lab.ask(0, 9, 1, create("/a", 0));
    assert!(lab.out.is_empty());
    assert_eq!(lab.zk.exists("/a"), None);
}

#[test]
fn a_simulation_needs_no_connections() {
    let (mut zk, mut out) = (ensemble(), Outbox::without_events());
    let session = zk.open_session(START, Duration::from_secs(30));
    assert_eq!(zk.wake_at(), None, "a held session needs no pings");
    let data = |text: &'static str| Some(Bytes::from_static(text.as_bytes()));
    let mode = CreateMode::Persistent;
    assert_eq!(zk.create(START, session, "/a/b", None, mode, &mut out), Err(Code::NoNode));
    zk.create_with_parents(START, session, "/a/b", data("x"), mode, &mut out).unwrap();
    assert_eq!(zk.set(START, "/a/b", data("y"), 1, &mut out), Err(Code::BadVersion));
    assert_eq!(zk.set(START, "/a/b", data("y"), 0, &mut out).unwrap().version, 1);
    assert_eq!(zk.get("/a/b").unwrap().0, data("y"));
    assert_eq!(zk.children("/a").unwrap(), ["b"]);
    assert_eq!(zk.delete(START, "/a", -1, &mut out), Err(Code::NotEmpty));
    let ephemeral = CreateMode::Ephemeral;
    assert_eq!(zk.create(START, NEVER, "/e", None, ephemeral, &mut out), Err(Code::SessionExpired));
    zk.create(START, session, "/e", None, ephemeral, &mut out).unwrap();
    zk.abandon_session(START, session);
    assert_eq!(zk.wake_at(), Some(at(32_000)));
    zk.wake(at(32_000), &mut out);
    assert_eq!(zk.exists("/e"), None);
    assert!(!zk.has_session(session));
    zk.delete_recursive(START, "/a", &mut out).unwrap();
    assert_eq!(zk.children("/").unwrap(), ["zookeeper"]);
    assert_eq!(zk.delete_recursive(START, "/a", &mut out), Err(Code::NoNode));
}

#[test]
fn a_fresh_tree_is_the_originals() {
    let zk = ensemble();
    let root = zk.exists("/").unwrap();
    assert_eq!((root.czxid, root.cversion, root.num_children), (0, -1, 1));
    let figures = zk.figures();
    assert_eq!((figures.nodes, figures.data_size), (4, 27));
}

#[test]
fn without_a_quorum_time_stands_still() {
    let mut zk = Ensemble::new(EnsembleConfig::of_servers("zk", [1, 2, 3]));
    let mut out = Outbox::new();
    zk.handle(at(0), Input::ServerStarted { server: 3 }, &mut out);
    assert_eq!((zk.is_serving(), zk.role(3)), (false, Role::NotServing));
    zk.handle(at(0), Input::ServerStarted { server: 1 }, &mut out);
    assert_eq!((zk.role(1), zk.role(2), zk.role(3)), (Role::Follower, Role::NotServing, Role::Leader));
    let session = zk.open_session(at(0), Duration::from_secs(4));
    zk.abandon_session(at(0), session);
    zk.handle(at(1000), Input::ServerStopped { server: 1 }, &mut out);
    assert_eq!(zk.wake_at(), None);
    zk.wake(at(60_000), &mut out);
    assert!(zk.has_session(session));
    zk.handle(at(60_000), Input::ServerStarted { server: 1 }, &mut out);
    assert_eq!(zk.wake_at(), Some(at(66_000)));
}

/// A part of a transaction on a handful of paths, so that parts meet.
fn part() -> impl Strategy<Value = MultiOp> {
    let path = prop::sample::select(vec!["/a", "/a/b", "/a/c", "/d", "/none/x"]);
    let data = prop::option::of(prop::sample::select(vec!["", "x", "longer"]));
    (path, data, 0..6, -1..2_i32).prop_map(|(path, data, kind, version)| match kind {
        0 | 1 => MultiOp::create(path, data.map(str::as_bytes), CreateMode::Persistent),
        2 => MultiOp::create(path, None, CreateMode::EphemeralSequential),
        3 => MultiOp::set(path, data.map(str::as_bytes), version),
        4 => MultiOp::delete(path, version),
        _ => MultiOp::check(path, version),
    })
}

proptest! {
    /// A transaction does what its parts do one by one, or leaves no trace but its number.
    #[test]
    fn transactions_leave_all_or_nothing(
        before in prop::collection::vec(part(), 0..6),
        parts in prop::collection::vec(part(), 0..6),
    ) {
        let (mut lab, mut single) = (Lab::new(), Lab::new());
        for one in [&mut lab, &mut single] {
            one.connect(0, 1, 4000);
            for part in &before {
                one.ask(0, 1, 1, Request::Multi(vec![part.clone()]));
            }
            one.out.drain();
        }
        let untouched = (lab.zk.snapshot(), lab.zk.figures(), lab.zk.ephemerals().collect::<Vec<_>>());
        lab.ask(0, 1, 2, Request::Multi(parts.clone()));
        let outputs = lab.out.take_outputs();
        let Some(Output::Reply { reply: Reply { result: Ok(Response::Multi(results)), .. }, .. }) = outputs.last()
        else { panic!("{outputs:?}") };
        let failed = results.iter().any(|one| matches!(one, stacklab_zookeeper::model::MultiResult::Failed(_)));
        if failed {
            prop_assert_eq!(lab.zk.snapshot(), untouched.0);
            prop_assert_eq!(lab.zk.figures().data_size, untouched.1.data_size);
            prop_assert_eq!(lab.zk.figures().zxid, untouched.1.zxid + 1);
            prop_assert_eq!(lab.zk.ephemerals().collect::<Vec<_>>(), untouched.2);
        } else {
            for part in parts {
                single.ask(0, 1, 2, Request::Multi(vec![part]));
            }
            let shape = |zk: &Ensemble| -> Vec<_> {
                zk.snapshot().into_iter().map(|n| (n.path, n.data, n.stat.version, n.stat.cversion)).collect()
            };
            prop_assert_eq!(shape(&lab.zk), shape(&single.zk));
            prop_assert_eq!(lab.zk.figures().data_size, single.zk.figures().data_size);
        }
    }
}
