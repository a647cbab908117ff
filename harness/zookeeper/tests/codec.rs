//! The codec: what is written can be read, and nothing that is read can break anything.

use bytes::{Bytes, BytesMut};
use proptest::collection::vec;
use proptest::option::of;
use proptest::prelude::*;
use stacklab_zookeeper::codec::{self, SERVER_LIMIT};
use stacklab_zookeeper::model::{
    Acl, Code, ConnectReply, ConnectRequest, EventKind, MultiOp, MultiResult, Reply, Request, Response, Stat,
    WatchEvent,
};

fn data() -> impl Strategy<Value = Option<Bytes>> {
    of(vec(any::<u8>(), 0..40).prop_map(Bytes::from))
}

fn acl() -> impl Strategy<Value = Vec<Acl>> {
    vec((any::<i32>(), ".*", ".*").prop_map(|(perms, scheme, id)| Acl { perms, scheme, id }), 0..3)
}

fn part() -> impl Strategy<Value = MultiOp> {
    prop_oneof![
        (".*", data(), of(acl()), any::<i32>()).prop_map(|(path, data, acl, flags)| MultiOp::Create {
            path,
            data,
            acl,
            flags
        }),
        (".*", any::<i32>()).prop_map(|(path, version)| MultiOp::Delete { path, version }),
        (".*", data(), any::<i32>()).prop_map(|(path, data, version)| MultiOp::SetData {
            path,
            data,
            version
        }),
        (".*", any::<i32>()).prop_map(|(path, version)| MultiOp::Check { path, version }),
    ]
}

fn request() -> impl Strategy<Value = Request> {
    let paths = || vec(".*", 0..4);
    prop_oneof![
        (".*", data(), of(acl()), any::<i32>()).prop_map(|(path, data, acl, flags)| Request::Create {
            path,
            data,
            acl,
            flags
        }),
        (".*", any::<i32>()).prop_map(|(path, version)| Request::Delete { path, version }),
        (".*", any::<bool>()).prop_map(|(path, watch)| Request::Exists { path, watch }),
        (".*", any::<bool>()).prop_map(|(path, watch)| Request::GetData { path, watch }),
        (".*", data(), any::<i32>()).prop_map(|(path, data, version)| Request::SetData {
            path,
            data,
            version
        }),
        ".*".prop_map(|path| Request::GetAcl { path }),
        (".*", of(acl()), any::<i32>()).prop_map(|(path, acl, version)| Request::SetAcl {
            path,
            acl,
            version
        }),
        (".*", any::<bool>()).prop_map(|(path, watch)| Request::GetChildren { path, watch }),
        (".*", any::<bool>()).prop_map(|(path, watch)| Request::GetChildren2 { path, watch }),
        ".*".prop_map(|path| Request::Sync { path }),
        Just(Request::Ping),
        (".*", any::<i32>()).prop_map(|(path, version)| Request::Check { path, version }),
        vec(part(), 0..4).prop_map(Request::Multi),
        (".*", vec(any::<u8>(), 0..9)).prop_map(|(scheme, data)| Request::Auth { scheme, data: data.into() }),
        (any::<i64>(), paths(), paths(), paths()).prop_map(|(relative_zxid, data, exist, child)| {
            Request::SetWatches { relative_zxid, data, exist, child }
        }),
        data().prop_map(|token| Request::Sasl { token }),
        Just(Request::CloseSession),
    ]
}

fn stat() -> impl Strategy<Value = Stat> {
    (any::<[i64; 6]>(), any::<[i32; 5]>()).prop_map(|(long, int)| Stat {
        czxid: long[0],
        mzxid: long[1],
        ctime: long[2],
        mtime: long[3],
        version: int[0],
        cversion: int[1],
        aversion: int[2],
        ephemeral_owner: long[4],
        data_length: int[3],
        num_children: int[4],
        pzxid: long[5],
    })
}

/// An operation and an answer that fits it.
fn response() -> impl Strategy<Value = (i32, Response)> {
    let result = prop_oneof![
        ".*".prop_map(MultiResult::Created),
        Just(MultiResult::Deleted),
        stat().prop_map(MultiResult::Set),
        Just(MultiResult::Checked),
        any::<i32>().prop_map(|code| MultiResult::Failed(Code::from_number(code))),
    ];
    prop_oneof![
        Just((11, Response::Empty)),
        ".*".prop_map(|path| (1, Response::Path(path))),
        stat().prop_map(|stat| (3, Response::Stat(stat))),
        (data(), stat()).prop_map(|(data, stat)| (4, Response::Data(data, stat))),
        (acl(), stat()).prop_map(|(list, stat)| (6, Response::Acl(list, stat))),
        vec(".*", 0..4).prop_map(|names| (8, Response::Children(names))),
        (vec(".*", 0..4), stat()).prop_map(|(names, stat)| (12, Response::ChildrenAndStat(names, stat))),
        vec(result, 0..4).prop_map(|results| (14, Response::Multi(results))),
        data().prop_map(|token| (102, Response::Sasl(token))),
    ]
}

proptest! {
    #[test]
    fn requests_survive_the_trip(xid in any::<i32>(), request in request()) {
        let frame = codec::encode_request(xid, &request);
        prop_assert_eq!(codec::decode_request(&frame[4..]), Ok((xid, request)));
    }

    #[test]
    fn truncated_requests_are_noticed(request in request(), cut in any::<prop::sample::Index>()) {
        let frame = codec::encode_request(1, &request);
        let body = &frame[4..];
        let short = &body[..cut.index(body.len())];
        match codec::decode_request(short) {
            Ok((1, Request::Malformed { opcode })) => prop_assert_eq!(opcode, request.opcode()),
            Ok(other) => prop_assert!(false, "{:?}", other),
            Err(_) => prop_assert!(short.len() < 8 || matches!(request.opcode(), 100 | 102)),
        }
    }

    #[test]
    fn answers_survive_the_trip(xid in any::<i32>(), zxid in any::<i64>(), (op, response) in response()) {
        let frame = codec::encode_reply(&Reply { xid, zxid, result: Ok(response.clone()) });
        let (header, body) = codec::decode_reply_header(&frame[4..]).unwrap();
        prop_assert_eq!((header.xid, header.zxid, header.error), (xid, zxid, 0));
        prop_assert_eq!(codec::decode_response(op, body), Ok(response));
        for short in 0..body.len() {
            prop_assert!(codec::decode_response(op, &body[..short]).is_err());
        }
    }

    #[test]
    fn handshakes_survive_the_trip(
        numbers in any::<(i32, i64, i32, i64)>(),
        password in vec(any::<u8>(), 0..20),
        reply_password in any::<[u8; 16]>(),
        read_only in of(any::<bool>()),
    ) {
        let (protocol_version, last_zxid_seen, timeout_ms, session_id) = numbers;
        let request = ConnectRequest {
            protocol_version, last_zxid_seen, timeout_ms, session_id, password, read_only,
        };
        let frame = codec::encode_connect_request(&request);
        prop_assert_eq!(codec::decode_connect_request(&frame[4..]), Ok(request));
        let reply = ConnectReply { timeout_ms, session_id, password: reply_password, read_only };
        let frame = codec::encode_connect_reply(&reply);
        prop_assert_eq!(codec::decode_connect_reply(&frame[4..]), Ok(reply));
    }

    #[test]
    fn events_survive_the_trip(number in 1..5_i32, path in ".*") {
        let event = WatchEvent { kind: EventKind::from_number(number).unwrap(), path };
        let frame = codec::encode_event(&event);
        let (header, body) = codec::decode_reply_header(&frame[4..]).unwrap();
        prop_assert_eq!((header.xid, header.zxid), (codec::XID_EVENT, -1));
        prop_assert_eq!(codec::decode_event(body), Ok(event));
    }

    #[test]
    fn garbage_breaks_nothing(bytes in vec(any::<u8>(), 0..200), op in -12..110_i32) {
        let _ = codec::decode_connect_request(&bytes);
        let _ = codec::decode_connect_reply(&bytes);
        let _ = codec::decode_request(&bytes);
        let _ = codec::decode_event(&bytes);
        let _ = codec::decode_response(op, &bytes);
        let with_op = [&1_i32.to_be_bytes(), &op.to_be_bytes(), bytes.as_slice()].concat();
        let _ = codec::decode_request(&with_op);
        let mut buffer = BytesMut::from(bytes.as_slice());
        while let Ok(Some(_)) = codec::take_frame(&mut buffer, SERVER_LIMIT) {}
    }

    #[test]
    fn frames_are_cut_wherever_the_bytes_are(bodies in vec(vec(any::<u8>(), 0..50), 0..6), step in 1..20_usize) {
        let stream: Vec<u8> = bodies
            .iter()
            .flat_map(|body| [&(body.len() as i32).to_be_bytes(), body.as_slice()].concat())
            .collect();
        let (mut buffer, mut frames) = (BytesMut::new(), Vec::new());
        for piece in stream.chunks(step) {
            buffer.extend_from_slice(piece);
            while let Some(frame) = codec::take_frame(&mut buffer, SERVER_LIMIT).unwrap() {
                frames.push(frame.to_vec());
            }
        }
        prop_assert_eq!(frames, bodies);
    }
}

/// What was recorded between a real client and a real 3.4.6 server.
#[test]
fn recorded_bytes() {
    let bytes = |text: &str| -> Vec<u8> {
        let digits: Vec<u32> = text.chars().filter_map(|c| c.to_digit(16)).collect();
        digits.chunks(2).map(|pair| (pair[0] << 4 | pair[1]) as u8).collect()
    };
    let request = ConnectRequest {
        timeout_ms: 6000,
        password: vec![0; 16],
        read_only: Some(false),
        ..ConnectRequest::default()
    };
    let recorded = bytes(
        "0000002d 00000000 0000000000000000 00001770 0000000000000000 00000010 00000000000000000000000000000000 00",
    );
    assert_eq!(codec::encode_connect_request(&request), recorded);
    assert_eq!(codec::decode_connect_request(&recorded[4..]), Ok(request));
    let recorded =
        bytes("00000025 00000000 00001770 01a20a8b3b3d0003 00000010 86249e5312fe1ec5aad52c8078154f79 00");
    let reply = codec::decode_connect_reply(&recorded[4..]).unwrap();
    assert_eq!((reply.timeout_ms, reply.session_id), (6000, 0x01a2_0a8b_3b3d_0003));
    assert_eq!(codec::encode_connect_reply(&reply), recorded);
    let recorded = bytes("00000010 00000001 00000003 00000003 2f6b32 00");
    let exists = Request::Exists { path: "/k2".into(), watch: false };
    assert_eq!(codec::encode_request(1, &exists), recorded);
    let recorded = bytes("00000010 00000001 000000000000002f ffffff9b");
    let reply = Reply { xid: 1, zxid: 0x2f, result: Err(Code::NoNode) };
    assert_eq!(codec::encode_reply(&reply), recorded);
}

/// As ZooKeeper 3.4.14 reads it.
#[test]
fn every_byte_but_zero_is_true() {
    for (byte, watch) in [(0, false), (1, true), (2, true), (0xff, true)] {
        let frame = [0, 0, 0, 1, 0, 0, 0, 3, 0, 0, 0, 2, b'/', b'a', byte];
        let expected = Request::Exists { path: "/a".into(), watch };
        assert_eq!(codec::decode_request(&frame), Ok((1, expected)), "{byte}");
    }
}
