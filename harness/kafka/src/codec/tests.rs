//! Golden bytes, round trips, cut frames and garbage.

use bytes::Bytes;
use proptest::collection::vec;
use proptest::prelude::*;

use super::*;
use crate::model::{Endpoint, ErrorCode};

fn hex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> = text.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect();
    digits.chunks(2).map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap()).collect()
}

fn header() -> Header {
    Header { correlation: 7, client_id: Some("c".into()) }
}

#[test]
fn metadata_has_the_golden_bytes() {
    let golden =
        hex("00000001 00000001 00000046 0005 6b61666b61 00002384 00000001 0000 0008 6e6f745370616e73
         00000001 0000 00000000 00000046 00000001 00000046 00000001 00000046");
    assert_eq!(golden.len(), 0x45);
    let kafka = Node { id: 70, endpoint: Endpoint { host: "kafka".into(), port: 9092 } };
    let partition = PartitionMetadata {
        error: ErrorCode::NONE,
        partition: 0,
        leader: 70,
        replicas: vec![70],
        isr: vec![70],
    };
    let topic =
        TopicMetadata { error: ErrorCode::NONE, topic: "notSpans".into(), partitions: vec![partition] };
    let metadata = Metadata { brokers: vec![kafka], topics: vec![topic] };
    let response = Response::Metadata { metadata, padding: 0 };
    assert_eq!(response.encode(1), golden);
    assert_eq!(Response::decode(ApiKey::Metadata, golden.into()), Ok((1, response)));
}

#[test]
fn controlled_shutdown_has_no_client_id() {
    let bytes = Request::ControlledShutdown(71).encode(&header());
    assert_eq!(bytes, hex("0007 0000 00000007 00000047"));
    let read = Request::decode(bytes.into()).unwrap();
    assert_eq!(read, (Header { correlation: 7, client_id: None }, Request::ControlledShutdown(71)));
}

#[test]
fn newer_versions_are_read_as_version_0() {
    let bytes = hex("0003 0001 00000007 0001 63 00000000");
    assert_eq!(Request::decode(bytes.into()).unwrap().1, Request::Metadata(Vec::new()), "all topics");
    for version in [0_u8, 1, 2] {
        let bytes = [&hex("0000 00")[..], &[version], &hex("00000007 ffff 0001 00000001 00000000")].concat();
        let Ok((_, Request::Produce(produce))) = Request::decode(bytes.into()) else { panic!("{version}") };
        assert_eq!((produce.acks, produce.timeout_ms), (1, 1));
    }
}

#[test]
fn refuses_what_the_original_refuses() {
    let error = |text: &str| Request::decode(hex(text).into()).unwrap_err();
    for key in [13_i16, 17, 18, 99, -1] {
        let bytes = [&key.to_be_bytes()[..], &hex("0000 00000001 ffff")].concat();
        assert_eq!(Request::decode(bytes.into()).unwrap_err(), DecodeError::UnknownKey(key));
    }
    assert_eq!(error("0012 0000 00000001 ffff").to_string(), "Wrong request type 18");
    assert_eq!(
        error("0008 0002 00000001 ffff 0001 67").to_string(),
        "Version 2 is invalid for request type 8. Valid versions are 0 or 1."
    );
    // Offsets v1 has no max_offsets.
    let offsets = "0002 0001 00000001 ffff ffffffff 00000001 0001 74 00000001 00000000 ffffffffffffffff";
    assert_eq!(error(offsets), DecodeError::Underflow);
    assert_eq!(error("0003 0000 00000001 ffff 7fffffff"), DecodeError::Underflow);
}

#[test]
fn frame_lengths_have_their_limits() {
    let limit = 104_857_600;
    for (len, taken) in [(0, false), (-5, false), (104_857_601, false), (104_857_600, true), (1, true)] {
        assert_eq!(frame_len(i32::to_be_bytes(len), limit).is_some(), taken, "{len}");
    }
}

#[test]
fn unknown_group_requests_are_answered_with_minus_one() {
    assert_eq!(Response::JoinGroup.encode(7), hex("00000007 ffff ffffffff 0000 00000000"));
    assert_eq!(Response::Heartbeat.encode(7), hex("00000007 ffff"));
    let nobody = Response::ConsumerMetadata {
        error: ErrorCode::CONSUMER_COORDINATOR_NOT_AVAILABLE,
        coordinator: None,
    };
    assert_eq!(nobody.encode(7), hex("00000007 000f ffffffff 0000 ffffffff"));
}

fn name() -> impl Strategy<Value = String> {
    "[a-zä.]{0,12}"
}

fn bytes() -> impl Strategy<Value = Bytes> {
    vec(any::<u8>(), 0..40).prop_map(Bytes::from)
}

fn topics<T: std::fmt::Debug + Clone>(
    part: impl Strategy<Value = T>,
) -> impl Strategy<Value = Vec<Topic<T>>> {
    vec((name(), vec(part, 0..4)).prop_map(|(name, partitions)| Topic { name, partitions }), 0..3)
}

fn node() -> impl Strategy<Value = Node> {
    (0..i32::MAX, name(), any::<i32>())
        .prop_map(|(id, host, port)| Node { id, endpoint: Endpoint { host, port } })
}

fn leader_state() -> impl Strategy<Value = LeaderState> {
    (name(), any::<[i32; 5]>(), vec(any::<i32>(), 0..4), vec(any::<i32>(), 0..4)).prop_map(
        |(topic, [partition, controller_epoch, leader, leader_epoch, zk_version], isr, replicas)| {
            LeaderState {
                topic,
                partition,
                controller_epoch,
                leader,
                leader_epoch,
                isr,
                zk_version,
                replicas,
            }
        },
    )
}

fn commit(version: i16) -> impl Strategy<Value = Request> {
    let part = (any::<i32>(), any::<i64>(), any::<i64>(), proptest::option::of(name())).prop_map(
        move |(partition, offset, timestamp, metadata)| CommitPart {
            partition,
            offset,
            timestamp: if version == 0 { -1 } else { timestamp },
            metadata,
        },
    );
    (name(), any::<i32>(), proptest::option::of(name()), topics(part)).prop_map(
        move |(group, generation, member, topics)| {
            let (generation, member) = if version == 0 { (-1, None) } else { (generation, member) };
            Request::OffsetCommit(OffsetCommit { version, group, generation, member, topics })
        },
    )
}

fn request() -> impl Strategy<Value = Request> {
    let produce = (any::<i32>(), bytes()).prop_map(|(partition, set)| ProducePart { partition, set });
    let fetch = any::<(i32, i64, i32)>().prop_map(|(partition, offset, max_bytes)| FetchPart {
        partition,
        offset,
        max_bytes,
    });
    let offsets = any::<(i32, i64, i32)>().prop_map(|(partition, time, max_offsets)| OffsetsPart {
        partition,
        time,
        max_offsets,
    });
    let stop = (name(), any::<i32>()).prop_map(|(topic, partition)| TopicAndPartition { topic, partition });
    prop_oneof![
        (any::<i16>(), any::<i32>(), topics(produce))
            .prop_map(|(acks, timeout_ms, topics)| Request::Produce(Produce { acks, timeout_ms, topics })),
        (any::<[i32; 3]>(), topics(fetch)).prop_map(|([replica_id, max_wait_ms, min_bytes], topics)| {
            Request::Fetch(Fetch { replica_id, max_wait_ms, min_bytes, topics })
        }),
        (any::<i32>(), topics(offsets))
            .prop_map(|(replica_id, topics)| Request::Offsets(Offsets { replica_id, topics })),
        vec(name(), 0..4).prop_map(Request::Metadata),
        ([name(), name(), name()], any::<i32>(), vec(name(), 0..3)).prop_map(
            |([group, member, strategy], session_timeout_ms, topics)| {
                Request::JoinGroup(JoinGroup { group, session_timeout_ms, topics, member, strategy })
            }
        ),
        (name(), any::<i32>(), name()).prop_map(|(group, generation, member)| {
            Request::Heartbeat(Heartbeat { group, generation, member })
        }),
        (any::<[i32; 2]>(), vec(leader_state(), 0..3), vec(node(), 0..3)).prop_map(
            |([controller_id, controller_epoch], partitions, live_leaders)| {
                Request::LeaderAndIsr(LeaderAndIsr {
                    controller_id,
                    controller_epoch,
                    partitions,
                    live_leaders,
                })
            }
        ),
        (any::<[i32; 2]>(), 0..=1_i8, vec(stop, 0..3)).prop_map(
            |([controller_id, controller_epoch], delete, partitions)| {
                Request::StopReplica(StopReplica { controller_id, controller_epoch, delete, partitions })
            }
        ),
        (any::<[i32; 2]>(), vec(leader_state(), 0..3), vec(node(), 0..3)).prop_map(
            |([controller_id, controller_epoch], partitions, live_brokers)| {
                let update = UpdateMetadata { controller_id, controller_epoch, partitions, live_brokers };
                Request::UpdateMetadata(update)
            }
        ),
        commit(0),
        commit(1),
        (0_i16..3, name(), topics(any::<i32>())).prop_map(|(version, group, topics)| Request::OffsetFetch(
            OffsetFetch { version, group, topics }
        )),
        name().prop_map(Request::ConsumerMetadata),
    ]
}

fn response() -> impl Strategy<Value = (ApiKey, Response)> {
    let error = || any::<i16>().prop_map(ErrorCode);
    let produced = (any::<i32>(), error(), any::<i64>())
        .prop_map(|(partition, error, base_offset)| ProducedPart { partition, error, base_offset });
    let fetched =
        (any::<i32>(), error(), any::<i64>(), bytes()).prop_map(|(partition, error, high_watermark, set)| {
            FetchedPart { partition, error, high_watermark, set }
        });
    let found = (any::<i32>(), error(), vec(any::<i64>(), 0..4))
        .prop_map(|(partition, error, offsets)| FoundOffsets { partition, error, offsets });
    let committed = (any::<i32>(), any::<i64>(), proptest::option::of(name()), error()).prop_map(
        |(partition, offset, metadata, error)| CommittedOffset { partition, offset, metadata, error },
    );
    let acknowledged = (name(), any::<i32>(), error()).prop_map(|(topic, partition, error)| TopicAndError {
        topic,
        partition,
        error,
    });
    let metadata = (error(), any::<[i32; 2]>(), vec(any::<i32>(), 0..3)).prop_map(
        |(error, [partition, leader], replicas)| PartitionMetadata {
            error,
            partition,
            leader,
            isr: replicas.clone(),
            replicas,
        },
    );
    let topic = (error(), name(), vec(metadata, 0..3)).prop_map(|(error, topic, partitions)| TopicMetadata {
        error,
        topic,
        partitions,
    });
    prop_oneof![
        topics(produced).prop_map(|topics| (ApiKey::Produce, Response::Produce(topics))),
        topics(fetched).prop_map(|topics| (ApiKey::Fetch, Response::Fetch(topics))),
        topics(found).prop_map(|topics| (ApiKey::Offsets, Response::Offsets(topics))),
        topics(committed).prop_map(|topics| (ApiKey::OffsetFetch, Response::OffsetFetch(topics))),
        (vec(node(), 0..3), vec(topic, 0..3), 0_usize..80).prop_map(|(brokers, topics, padding)| {
            let metadata = Metadata { brokers, topics };
            (ApiKey::Metadata, Response::Metadata { metadata, padding })
        }),
        (error(), vec(acknowledged, 0..3)).prop_map(|(error, partitions)| {
            (ApiKey::LeaderAndIsr, Response::LeaderAndIsr(Acknowledged { error, partitions }))
        }),
        (error(), proptest::option::of(node())).prop_map(|(error, coordinator)| {
            (ApiKey::ConsumerMetadata, Response::ConsumerMetadata { error, coordinator })
        }),
    ]
}

proptest! {
    #[test]
    fn requests_come_back(request in request(), cut in any::<proptest::sample::Index>()) {
        let bytes = Bytes::from(request.encode(&header()));
        prop_assert_eq!(Request::decode(bytes.clone()), Ok((header(), request)));
        // A cut frame is refused, never half understood.
        prop_assert!(Request::decode(bytes.slice(..cut.index(bytes.len()))).is_err());
    }

    #[test]
    fn responses_come_back((key, response) in response(), cut in any::<proptest::sample::Index>()) {
        let bytes = Bytes::from(response.encode(3));
        prop_assert_eq!(Response::decode(key, bytes.clone()), Ok((3, response)));
        let _ = Response::decode(key, bytes.slice(..cut.index(bytes.len())));
    }

    #[test]
    fn garbage_never_panics(bytes: Vec<u8>, key in 0_u8..13, version in 0_u8..3) {
        let _ = Request::decode(bytes.clone().into());
        let framed = [&[0, key, 0, version, 0, 0, 0, 1, 0xff, 0xff][..], &bytes].concat();
        let _ = Request::decode(framed.into());
        for key in [ApiKey::Produce, ApiKey::Fetch, ApiKey::Metadata, ApiKey::ConsumerMetadata] {
            let _ = Response::decode(key, bytes.clone().into());
        }
    }
}
