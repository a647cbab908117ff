//! The server byte by byte: the handshake, what is refused, the order of events and answers.

mod common;

use std::time::Duration;

use common::{Answer, Body, LIMIT, Raw, free, hex, quiet, start, until};
use stacklab_zookeeper::model::{EnsembleConfig, SessionId};
use stacklab_zookeeper::server::{EnsembleHandle, Server, ServerConfig};
use tokio::time::Instant;

#[tokio::test]
async fn handshakes_as_recorded() {
    let server = start(2000).await;
    let mut raw = Raw::open(server.address()).await;
    let request = "0000002d 00000000 0000000000000000 00001770 0000000000000000 00000010";
    raw.write(&hex(&format!("{request} 00000000000000000000000000000000 00"))).await;
    let reply = raw.frame().await.unwrap();
    assert_eq!(reply.len(), 0x25);
    assert_eq!(reply[..8], hex("00000000 00001770"));
    assert_eq!(reply[8], 1, "server 1 is in the session's highest byte");
    assert_eq!(reply[16..20], hex("00000010"));
    assert_eq!(reply[36], 0);
    raw.write(&hex("00000010 00000001 00000003 00000003 2f6b32 00")).await;
    let reply = raw.frame().await.unwrap();
    assert_eq!(reply, hex("00000001 0000000000000001 ffffff9b"));
}

#[tokio::test]
async fn timeouts_are_clamped_and_the_read_only_byte_is_optional() {
    let server = start(2000).await;
    for (asked, negotiated) in [(0, 4000), (1, 4000), (6000, 6000), (999_999, 40_000), (-1, 4000)] {
        for read_only in [None, Some(0), Some(1)] {
            let mut raw = Raw::open(server.address()).await;
            let body = Body::new().int(5).long(0).int(asked).long(0).int(16).long(0).long(0);
            let body = if let Some(byte) = read_only { body.byte(byte) } else { body };
            raw.frame_of(&body.0).await;
            let reply = raw.frame().await.unwrap();
            assert_eq!(reply.len(), if read_only.is_some() { 37 } else { 36 });
            assert_eq!(reply[..8], Body::new().int(0).int(negotiated).0);
            assert!(read_only.is_none() || reply[36] == 0);
        }
    }
}

/// A connect request for a known session.
fn reattach(id: i64, password: &[u8], last_zxid: i64) -> Vec<u8> {
    let mut body = Body::new().int(0).long(last_zxid).int(6000).long(id).int(password.len() as i32);
    body.0.extend_from_slice(password);
    body.byte(0).0
}

#[tokio::test]
async fn sessions_are_taken_over_with_their_password_only() {
    let server = start(2000).await;
    let (mut first, id, password) = Raw::session(server.address()).await;
    let mut second = Raw::open(server.address()).await;
    second.frame_of(&reattach(id, &password, 0)).await;
    let reply = second.frame().await.unwrap();
    assert_eq!((&reply[8..16], &reply[20..36]), (id.to_be_bytes().as_slice(), password.as_slice()));
    assert_eq!(first.frame().await, None, "the previous connection is closed");
    let refusal = [hex("00000000 00000000 0000000000000000 00000010"), vec![0; 17]].concat();
    for (id, password) in [(id, vec![7; 16]), (id, vec![]), (id + 5, password)] {
        let mut wrong = Raw::open(server.address()).await;
        wrong.frame_of(&reattach(id, &password, 0)).await;
        assert_eq!(wrong.frame().await.unwrap(), refusal);
        assert_eq!(wrong.frame().await, None);
    }
}

#[tokio::test]
async fn who_knows_more_than_the_server_is_hung_up_on() {
    let server = start(2000).await;
    let (_, id, password) = Raw::session(server.address()).await;
    let mut raw = Raw::open(server.address()).await;
    raw.frame_of(&reattach(id, &password, 99)).await;
    assert_eq!(raw.frame().await, None);
}

#[tokio::test]
async fn impossible_frames_close_the_connection() {
    let server = start(2000).await;
    for length in ["ffffffff", "00100000", "80000000", "7fffffff", "00000004 00000001", "00000000"] {
        let (mut raw, ..) = Raw::session(server.address()).await;
        raw.write(&hex(length)).await;
        assert_eq!(raw.frame().await, None, "{length}");
    }
    let mut raw = Raw::open(server.address()).await;
    raw.send("00000000 00000000").await;
    assert_eq!(raw.frame().await, None);
    // A body that cannot be read is answered, and the connection stays.
    let (mut raw, ..) = Raw::session(server.address()).await;
    assert_eq!(raw.call(1, 3, &hex("7fffffff")).await.error, -5);
    assert_eq!(raw.call(2, 3, &hex("ffffffff 00")).await.error, -5);
    assert_eq!(raw.call(3, 3, &Body::watched("/", false).0).await.error, 0);
}

#[tokio::test]
async fn data_up_to_a_megabyte() {
    let server = start(2000).await;
    let (mut raw, ..) = Raw::session(server.address()).await;
    let big = "x".repeat(1_048_500);
    assert_eq!(raw.call(1, 1, &Body::create("/b", &big, 0).0).await.error, 0);
    let got = raw.call(2, 4, &Body::watched("/b", false).0).await;
    assert_eq!(got.body.len(), 4 + 1_048_500 + 68);
    raw.ask(3, 1, &Body::create("/c", &"x".repeat(1_048_600), 0).0).await;
    assert!(raw.rest().await.is_empty());
}

#[tokio::test]
async fn unknown_operations_cost_the_connection_but_not_the_session() {
    let server = start(2000).await;
    for op in [15, 16, 18, 99, 103, 104, 105, 0, 77] {
        let (mut raw, id, password) = Raw::session(server.address()).await;
        let answer = raw.call(9, op, &Body::create("/x", "", 0).0).await;
        assert_eq!(answer, Answer { xid: 9, zxid: -1, error: -6, body: vec![] }, "{op}");
        assert_eq!(raw.frame().await, None);
        let mut again = Raw::open(server.address()).await;
        again.frame_of(&reattach(id, &password, 0)).await;
        assert_eq!(again.frame().await.unwrap()[8..16], id.to_be_bytes());
    }
}

#[tokio::test]
async fn every_attempt_to_write_takes_a_transaction() {
    let server = start(2000).await;
    let (mut raw, ..) = Raw::session(server.address()).await;
    let any = |path: &str| Body::path(path).int(-1).0;
    let steps: Vec<(i32, Vec<u8>, i32, i64)> = vec![
        (11, vec![], 0, 1),
        (1, Body::create("/a/b", "", 0).0, -101, 2),
        (1, Body::create("/a", "", 0).0, 0, 3),
        (1, Body::create("/a", "", 0).0, -110, 4),
        (2, any("/x"), -101, 5),
        (5, Body::path("/a").text("d").int(3).0, -103, 6),
        (3, Body::watched("/x", false).0, -101, 6),
        (5, Body::path("/a").text("d").int(0).0, 0, 7),
        (1, Body::create("", "", 0).0, -8, 8),
        (1, Body::create("x", "", 0).0, -8, 9),
        (1, Body::create("/a/", "", 0).0, -8, 10),
        (1, Body::create("/a\0b", "", 0).0, -8, 11),
        (1, Body::create("/x", "", 4).0, -8, 12),
        (1, Body::create("/", "", 0).0, -110, 13),
        (2, any("/"), -8, 14),
        (1, Body::path("/x").text("").int(0).int(0).0, -114, 15),
        (1, Body::path("/x").text("").int(-1).int(0).0, -5, 16),
        (1, Body::create("/./x", "", 0).0, -101, 17),
        (13, Body::path("/a").int(1).0, 0, 18),
        (13, Body::path("/a").int(0).0, -103, 19),
        (14, Body::new().int(-1).byte(1).int(-1).0, 0, 20),
        (9, Body::path("/a").0, 0, 20),
    ];
    for (number, (op, body, error, zxid)) in steps.into_iter().enumerate() {
        let answer = raw.call(number as i32 + 1, op, &body).await;
        assert_eq!((answer.error, answer.zxid), (error, zxid), "step {number}");
    }
}

#[tokio::test]
async fn null_and_empty_data_are_kept_apart() {
    let server = start(2000).await;
    let (mut raw, ..) = Raw::session(server.address()).await;
    let null = Body::path("/n").int(-1).int(1).int(31).text("world").text("anyone").int(0);
    assert_eq!(raw.call(1, 1, &null.0).await.error, 0);
    assert_eq!(raw.call(2, 1, &Body::create("/e", "", 0).0).await.error, 0);
    assert_eq!(raw.call(3, 4, &Body::watched("/n", false).0).await.body[..4], hex("ffffffff"));
    assert_eq!(raw.call(4, 4, &Body::watched("/e", false).0).await.body[..4], hex("00000000"));
}

#[tokio::test]
async fn events_come_before_the_answer_that_caused_them() {
    let server = start(2000).await;
    let (mut raw, ..) = Raw::session(server.address()).await;
    assert_eq!(raw.call(1, 3, &Body::watched("/w", true).0).await.error, -101);
    assert_eq!(raw.call(2, 4, &Body::watched("/none", true).0).await.error, -101);
    raw.ask(3, 1, &Body::create("/w", "", 0).0).await;
    assert_eq!(raw.answer().await.event(), (1, "/w".into()));
    assert_eq!(raw.answer().await.xid, 3);
    // Data, exists and child watches on one node: one event when it goes.
    raw.call(4, 3, &Body::watched("/w", true).0).await;
    raw.call(5, 4, &Body::watched("/w", true).0).await;
    raw.call(6, 8, &Body::watched("/w", true).0).await;
    raw.call(7, 8, &Body::watched("/", true).0).await;
    raw.ask(8, 2, &Body::path("/w").int(-1).0).await;
    assert_eq!(raw.answer().await.event(), (2, "/w".into()));
    assert_eq!(raw.answer().await.event(), (4, "/".into()));
    assert_eq!(raw.answer().await.xid, 8);
    // Nothing was left by the read that found nothing.
    assert_eq!(raw.call(9, 1, &Body::create("/none", "", 0).0).await.xid, 9);
}

#[tokio::test]
async fn watches_are_set_again_and_tell_what_was_missed() {
    let server = start(2000).await;
    let (mut writer, ..) = Raw::session(server.address()).await;
    for (xid, path) in [(1, "/old"), (2, "/parent"), (3, "/kept")] {
        writer.call(xid, 1, &Body::create(path, "", 0).0).await;
    }
    let since = writer.call(4, 11, &[]).await.zxid;
    writer.call(5, 5, &Body::path("/old").text("new").int(-1).0).await;
    writer.call(6, 1, &Body::create("/parent/child", "", 0).0).await;
    let (mut raw, ..) = Raw::session(server.address()).await;
    let body = Body::new().long(since).texts(&["/gone", "/old", "/kept"]);
    let body = body.texts(&["/parent", "/later"]).texts(&["/gone2", "/parent", "/kept"]);
    raw.ask(41, 101, &body.0).await;
    let mut events = Vec::new();
    let answer = loop {
        let answer = raw.answer().await;
        if answer.xid == 41 {
            break answer;
        }
        events.push(answer.event());
    };
    let expected = [(2, "/gone"), (3, "/old"), (1, "/parent"), (2, "/gone2"), (4, "/parent")];
    assert_eq!(events, expected.map(|(kind, path)| (kind, path.to_owned())));
    assert_eq!((answer.error, answer.body.as_slice()), (0, [].as_slice()));
    writer.call(7, 1, &Body::create("/later", "", 0).0).await;
    assert_eq!(raw.answer().await.event(), (1, "/later".into()));
    writer.call(8, 2, &Body::path("/kept").int(-1).0).await;
    assert_eq!(raw.answer().await.event(), (2, "/kept".into()));
}

#[tokio::test]
async fn failed_transactions_answer_part_by_part() {
    let server = start(2000).await;
    let (mut raw, ..) = Raw::session(server.address()).await;
    let part = |body: Body, op: i32| body.int(op).byte(0).int(-1);
    let body = part(Body::new(), 1).text("/m").text("").int(1).int(31).text("world").text("anyone").int(0);
    let body = part(body, 13).text("/m").int(7);
    let body = part(body, 2).text("/m").int(-1).int(-1).byte(1).int(-1);
    let answer = raw.call(1, 14, &body.0).await;
    let item = |code: i32| Body::new().int(-1).byte(0).int(code).int(code).0;
    let end = Body::new().int(-1).byte(1).int(-1).0;
    assert_eq!(answer.error, 0);
    assert_eq!(answer.body, [item(0), item(-103), item(-2), end].concat());
    assert_eq!(raw.call(2, 3, &Body::watched("/m", false).0).await.error, -101, "nothing is left of it");
}

#[tokio::test]
async fn authentication_is_out_of_band() {
    let server = start(2000).await;
    let (mut raw, ..) = Raw::session(server.address()).await;
    let answer = raw.call(-4, 100, &Body::new().int(0).text("digest").text("u:p").0).await;
    assert_eq!(answer, Answer { xid: -4, zxid: 0, error: 0, body: vec![] });
    let answer = raw.call(5, 102, &Body::new().text("token").0).await;
    assert_eq!((answer.error, answer.body), (0, hex("ffffffff")));
    assert_eq!(raw.call(-2, 11, &[]).await, Answer { xid: -2, zxid: 1, error: 0, body: vec![] });
    assert_eq!(raw.call(7, 11, &[]).await.xid, -2, "whatever number it came with");
    let answer = raw.call(-4, 100, &Body::new().int(0).text("kerberos").text("x").0).await;
    assert_eq!(answer.error, -115);
    assert_eq!(raw.frame().await, None);
}

#[tokio::test]
async fn a_closing_session_hears_of_its_own_ephemerals_first() {
    let server = start(2000).await;
    let (mut raw, ..) = Raw::session(server.address()).await;
    raw.call(1, 1, &Body::create("/e", "", 1).0).await;
    raw.call(2, 3, &Body::watched("/e", true).0).await;
    raw.ask(3, -11, &[]).await;
    assert_eq!(raw.answer().await.event(), (2, "/e".into()));
    let answer = raw.answer().await;
    assert_eq!((answer.xid, answer.zxid, answer.error), (3, 3, 0));
    assert_eq!(raw.frame().await, None);
}

#[tokio::test]
async fn silent_sessions_expire_on_a_tick() {
    let server = start(50).await;
    let (mut watcher, ..) = Raw::session(server.address()).await;
    let (mut raw, id, password) = Raw::session(server.address()).await;
    let started = Instant::now();
    raw.call(1, 1, &Body::create("/e", "", 1).0).await;
    watcher.call(1, 3, &Body::watched("/e", true).0).await;
    // The session's own connection is closed as it expires; the other one pings.
    let pinged = async {
        loop {
            watcher.ask(-2, 11, &[]).await;
            let answer = watcher.answer().await;
            if answer.xid == -1 {
                return answer.event();
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    assert_eq!(tokio::time::timeout(LIMIT, pinged).await.unwrap(), (2, "/e".into()));
    assert!(started.elapsed() >= Duration::from_millis(100), "two ticks at least");
    assert_eq!(raw.frame().await, None);
    let mut again = Raw::open(server.address()).await;
    again.frame_of(&reattach(id, &password, 0)).await;
    assert_eq!(again.frame().await.unwrap()[4..16], [0; 12]);
    assert!(!server.ensemble().sessions().contains(&SessionId(id)));
}

#[tokio::test]
async fn a_stopped_server_leaves_its_port_and_a_killed_one_too() {
    let ensemble = EnsembleHandle::new(EnsembleConfig::standalone("zk"));
    let first =
        Server::start(ServerConfig::new(free("127.41.0.3")), ensemble.clone(), quiet()).await.unwrap();
    let address = first.address();
    let (mut raw, id, password) = Raw::session(address).await;
    let taken = Server::start(ServerConfig::new(address), ensemble.clone(), quiet()).await;
    assert!(taken.unwrap_err().to_string().starts_with(&format!("cannot listen on {address}: ")));
    first.stop().await;
    assert_eq!(raw.frame().await, None);
    let second = Server::start(ServerConfig::new(address), ensemble.clone(), quiet()).await.unwrap();
    let mut raw = Raw::open(address).await;
    raw.frame_of(&reattach(id, &password, 0)).await;
    assert_eq!(raw.frame().await.unwrap()[8..16], id.to_be_bytes(), "the session has outlived its server");
    drop(second);
    assert_eq!(raw.frame().await, None);
    let third = Server::start(ServerConfig::new(address), ensemble, quiet()).await.unwrap();
    until("one session", || third.ensemble().sessions().len() == 1).await;
}
