//! Round trips, golden bytes, truncation and garbage.

use bytes::{Bytes, BytesMut};
use proptest::collection::vec;
use proptest::option::of as maybe;
use proptest::prelude::*;

use super::*;
use crate::cql::BatchKind;
use crate::model::{
    BatchItem, BatchRequest, BoundValue, BoundValues, ChangeKind, ChangeTarget, ClusterEvent, ColumnSpec,
    Options, PreparedInfo, ResultSet, SchemaChange,
};
use crate::types::UserType;
use crate::{Consistency, CqlError, CqlType};

fn bytes() -> impl Strategy<Value = Bytes> {
    vec(any::<u8>(), 0..40).prop_map(Bytes::from)
}

fn level() -> impl Strategy<Value = Consistency> {
    (0u16..11).prop_map(|code| Consistency::from_code(code).unwrap())
}

fn bound() -> impl Strategy<Value = BoundValue> {
    prop_oneof![Just(BoundValue::Null), Just(BoundValue::Unset), bytes().prop_map(BoundValue::Bytes)]
}

fn values() -> impl Strategy<Value = BoundValues> {
    prop_oneof![
        vec(bound(), 0..4).prop_map(BoundValues::Positional),
        vec(("[a-z]{1,5}", bound()), 1..4).prop_map(BoundValues::Named),
    ]
}

fn timestamp() -> impl Strategy<Value = Option<i64>> {
    maybe((i64::MIN + 1)..i64::MAX)
}

fn parameters() -> impl Strategy<Value = Parameters> {
    let rest = (timestamp(), maybe(any::<i32>()), maybe(bytes()), any::<bool>());
    (level(), maybe(level()), values(), rest).prop_map(
        |(consistency, serial, values, (timestamp, page_size, paging_state, skip_metadata))| Parameters {
            options: Options { consistency, serial, values, timestamp, page_size, paging_state },
            skip_metadata,
        },
    )
}

fn batch() -> impl Strategy<Value = BatchRequest> {
    let values = || vec(bound(), 0..3).prop_map(BoundValues::Positional);
    let item = prop_oneof![
        (".{0,20}", values()).prop_map(|(cql, values)| BatchItem::Query(cql, values)),
        (vec(any::<u8>(), 0..20), values()).prop_map(|(id, values)| BatchItem::Prepared(id, values)),
    ];
    let kind = prop_oneof![Just(BatchKind::Logged), Just(BatchKind::Unlogged), Just(BatchKind::Counter)];
    (kind, vec(item, 0..4), level(), maybe(level()), timestamp()).prop_map(
        |(kind, items, consistency, serial, timestamp)| BatchRequest {
            kind,
            items,
            consistency,
            serial,
            timestamp,
        },
    )
}

fn request() -> impl Strategy<Value = Request> {
    let kinds = vec(
        prop_oneof![
            Just(EventKind::SchemaChange),
            Just(EventKind::StatusChange),
            Just(EventKind::TopologyChange)
        ],
        0..4,
    );
    prop_oneof![
        vec(("[A-Z_]{1,9}", ".{0,9}"), 0..4).prop_map(Request::Startup),
        Just(Request::Options),
        (".{0,40}", parameters()).prop_map(|(cql, parameters)| Request::Query(cql, parameters)),
        ".{0,40}".prop_map(Request::Prepare),
        (vec(any::<u8>(), 0..20), parameters()).prop_map(|(id, parameters)| Request::Execute(id, parameters)),
        kinds.prop_map(Request::Register),
        batch().prop_map(Request::Batch),
        bytes().prop_map(Request::AuthResponse),
    ]
}

fn ty() -> impl Strategy<Value = CqlType> {
    let leaf = prop_oneof![
        (1u16..0x15).prop_map(|id| CqlType::from_option_id(id).unwrap_or(CqlType::Blob)),
        "[a-z.]{1,9}".prop_map(CqlType::Custom),
    ];
    leaf.prop_recursive(3, 8, 3, |inner| {
        let boxed = || inner.clone().prop_map(Box::new);
        prop_oneof![
            boxed().prop_map(CqlType::List),
            boxed().prop_map(CqlType::Set),
            (boxed(), boxed()).prop_map(|(key, value)| CqlType::Map(key, value)),
            vec(inner.clone(), 0..3).prop_map(CqlType::Tuple),
            ("[a-z]{1,5}", "[a-z]{1,5}", vec(("[a-z]{1,5}", inner.clone()), 0..3)).prop_map(
                |(keyspace, name, fields)| CqlType::Udt(Box::new(UserType { keyspace, name, fields }))
            ),
        ]
    })
}

fn columns(count: impl Into<proptest::collection::SizeRange>) -> impl Strategy<Value = Vec<ColumnSpec>> {
    let spec = ("[a-b]{1}", "[a-b]{1}", "[a-z]{1,5}", ty());
    vec(spec.prop_map(|(keyspace, table, name, ty)| ColumnSpec { keyspace, table, name, ty }), count)
}

fn rows() -> impl Strategy<Value = Response> {
    columns(1..4).prop_flat_map(|columns| {
        let row = vec(maybe(bytes()), columns.len());
        (vec(row, 0..5), maybe(bytes())).prop_map(move |(rows, paging_state)| Response::Rows {
            set: ResultSet { columns: columns.clone().into(), rows, paging_state },
            skip_metadata: false,
        })
    })
}

fn change() -> impl Strategy<Value = SchemaChange> {
    let kind = prop_oneof![Just(ChangeKind::Created), Just(ChangeKind::Updated), Just(ChangeKind::Dropped)];
    let target = prop_oneof![
        Just(ChangeTarget::Keyspace),
        "[a-z]{1,5}".prop_map(ChangeTarget::Table),
        "[a-z]{1,5}".prop_map(ChangeTarget::Type),
    ];
    (kind, "[a-z]{1,5}", target).prop_map(|(kind, keyspace, target)| SchemaChange { kind, keyspace, target })
}

fn error() -> impl Strategy<Value = CqlError> {
    let text = || ".{0,20}";
    prop_oneof![
        text().prop_map(CqlError::Server),
        text().prop_map(CqlError::Protocol),
        text().prop_map(CqlError::Syntax),
        text().prop_map(CqlError::Invalid),
        text().prop_map(CqlError::Config),
        (level(), any::<i32>(), any::<i32>()).prop_map(|(consistency, required, alive)| {
            CqlError::Unavailable { consistency, required, alive }
        }),
        (text(), text()).prop_map(|(keyspace, table)| CqlError::table_exists(&keyspace, &table)),
        vec(any::<u8>(), 0..20).prop_map(|id| CqlError::unprepared(&id)),
        (text(), level(), any::<i32>(), any::<bool>()).prop_map(|(message, consistency, n, data_present)| {
            CqlError::ReadTimeout { message, consistency, received: n, required: n, data_present }
        }),
        (text(), level(), any::<i32>(), text()).prop_map(|(message, consistency, n, write_type)| {
            CqlError::WriteTimeout { message, consistency, received: n, required: n, write_type }
        }),
    ]
}

fn response() -> impl Strategy<Value = Response> {
    let prepared = (any::<[u8; 16]>(), columns(0..4), vec(any::<u16>(), 0..3), maybe(columns(0..4)));
    let event = prop_oneof![
        change().prop_map(ClusterEvent::Schema),
        (any::<bool>(), any::<std::net::IpAddr>(), any::<u16>())
            .prop_map(|(up, address, port)| ClusterEvent::Status { up, address, port }),
        (any::<bool>(), any::<std::net::IpAddr>(), any::<u16>())
            .prop_map(|(joined, address, port)| ClusterEvent::Topology { joined, address, port }),
    ];
    prop_oneof![
        error().prop_map(Response::Error),
        Just(Response::Ready),
        Just(Response::Void),
        vec(("[A-Z]{1,9}", vec(".{0,9}", 0..3)), 0..3).prop_map(Response::Supported),
        rows(),
        "[a-z]{1,9}".prop_map(Response::SetKeyspace),
        prepared.prop_map(|(id, binds, partition_binds, columns)| {
            Response::Prepared(PreparedInfo { id, binds, partition_binds, columns: columns.map(Into::into) })
        }),
        change().prop_map(Response::SchemaChange),
        event.prop_map(Response::Event),
    ]
}

fn compression() -> impl Strategy<Value = Compression> {
    prop_oneof![Just(Compression::None), Just(Compression::Lz4), Just(Compression::Snappy)]
}

/// Sends a frame through its bytes, which come in two pieces.
fn through(frame: &Frame, compression: Compression, cut: usize) -> Frame {
    let mut all = BytesMut::new();
    frame.encode(compression, &mut all);
    let mut decoder = Decoder::default();
    decoder.compression = compression;
    let rest = all.split_off(cut % all.len());
    assert_eq!(decoder.decode(&mut all), Decoded::Incomplete);
    all.unsplit(rest);
    match decoder.decode(&mut all) {
        Decoded::Frame(back) => back,
        other => panic!("{other:?}"),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn requests_come_back(request in request(), compression in compression(), stream: i16, cut: usize) {
        let frame = through(&request.encode(Version::V4, stream), compression, cut);
        prop_assert_eq!(frame.stream, stream);
        prop_assert_eq!(Request::decode(&frame).unwrap(), request);
    }

    #[test]
    fn responses_come_back(
        response in response(),
        warnings in vec("[a-z ]{1,9}", 0..3),
        compression in compression(),
        cut: usize,
    ) {
        let answer = Answer { response, warnings };
        let frame = through(&answer.encode(Version::V4, 7), compression, cut);
        prop_assert_eq!(Answer::decode(&frame).unwrap(), answer);
    }

    #[test]
    fn cut_bodies_are_errors_or_other_bodies(request in request(), response in response(), cut: usize) {
        let mut frame = request.encode(Version::V4, 0);
        frame.body.truncate(cut % (frame.body.len() + 1));
        let _ = Request::decode(&frame);
        let mut frame = Answer::from(response).encode(Version::V4, 0);
        frame.body.truncate(cut % (frame.body.len() + 1));
        let _ = Answer::decode(&frame);
    }

    #[test]
    fn garbage_does_no_harm(opcode in 0u8..0x12, flags: u8, body in vec(any::<u8>(), 0..200), v4: bool) {
        let version = if v4 { Version::V4 } else { Version::V3 };
        let body = Bytes::from(body);
        for response in [false, true] {
            let frame = Frame { version, response, flags, stream: 0, opcode, body: body.clone() };
            let _ = (Request::decode(&frame), Answer::decode(&frame));
        }
        for compression in [Compression::Lz4, Compression::Snappy] {
            let _ = compression.decompress(&body);
        }
        let mut stream = BytesMut::from(&body[..]);
        let mut decoder = Decoder::default();
        for _ in 0..body.len() {
            if matches!(decoder.decode(&mut stream), Decoded::Incomplete) {
                break;
            }
        }
    }
}

#[test]
fn ready_under_lz4_is_five_zero_bytes() {
    let mut out = BytesMut::new();
    Answer::from(Response::Ready).encode(Version::V4, 1).encode(Compression::Lz4, &mut out);
    assert_eq!(out.as_ref(), [0x84, 1, 0, 1, 2, 0, 0, 0, 5, 0, 0, 0, 0, 0]);
}

#[test]
fn rows_without_metadata_have_flags_five() {
    let spec = |name: &str| ColumnSpec {
        keyspace: "k".into(),
        table: "t".into(),
        name: name.into(),
        ty: CqlType::Int,
    };
    let set = ResultSet {
        columns: vec![spec("a"), spec("b")].into(),
        rows: vec![vec![Some(Bytes::from_static(&[0, 0, 0, 9])), None]],
        paging_state: None,
    };
    let frame = Answer::from(Response::Rows { set, skip_metadata: true }).encode(Version::V4, 0);
    let wanted =
        [[0, 0, 0, 2], [0, 0, 0, 5], [0, 0, 0, 2], [0, 0, 0, 1], [0, 0, 0, 4], [0, 0, 0, 9], [255; 4]];
    assert_eq!(frame.body.as_ref(), wanted.concat());
}

#[test]
fn young_types_are_classes_to_version_3() {
    let mut out = wire::Writer::new();
    option::write(&mut out, &CqlType::Date, Version::V3);
    assert_eq!(&out.out[..2], [0, 0]);
    assert_eq!(&out.out[4..], b"org.apache.cassandra.db.marshal.SimpleDateType");
}

#[test]
fn other_versions_and_endless_frames() {
    for first in [5u8, 66, b'G', 1] {
        let mut decoder = Decoder::default();
        assert_eq!(decoder.decode(&mut BytesMut::from(&[first][..])), Decoded::Incomplete);
        // Whatever follows is answered with the same error.
        for rest in [[first; 9], [4, 0, 0, 0, 5, 0, 0, 0, 0]] {
            let Decoded::Bad(0, error) = decoder.decode(&mut BytesMut::from(&rest[..])) else {
                panic!("{first}")
            };
            let text = format!("Invalid or unsupported protocol version ({first}); highest supported is 4 ");
            assert_eq!(error.to_string(), text);
        }
    }
    // Two gigabytes announced: what comes is thrown away, and nothing is set aside.
    let mut bytes = BytesMut::from(&[4, 0, 0, 3, 7, 0x7f, 0xff, 0xff, 0xff, 1, 2, 3][..]);
    let mut decoder = Decoder::default();
    assert_eq!(decoder.decode(&mut bytes), Decoded::Incomplete);
    assert!(bytes.is_empty());
    // LZ4 that claims more than it can hold.
    let body = Bytes::from_static(&[0x0f, 0xff, 0xff, 0xff, 0]);
    assert!(Compression::Lz4.decompress(&body).is_err());
}

#[test]
fn version_3_knows_no_unset_values() {
    let values = BoundValues::Positional(vec![BoundValue::Unset]);
    let parameters = Parameters { options: Options { values, ..Options::default() }, skip_metadata: false };
    let frame = Request::Query("q".into(), parameters).encode(Version::V3, 0);
    let Request::Query(_, parameters) = Request::decode(&frame).unwrap() else { panic!("no query") };
    assert_eq!(parameters.options.values, BoundValues::Positional(vec![BoundValue::Null]));
}
