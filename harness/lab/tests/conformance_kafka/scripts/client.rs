//! The same through the real client.

use crate::op::{Call, From, Op, Pair};

const T: &str = "client-topic";

fn pair(key: Option<&str>, value: Option<&str>) -> Pair {
    let own = |text: Option<&str>| text.map(|text| text.as_bytes().to_vec());
    (own(key), own(value))
}

fn send(topic: &str, partition: i32, acks: i32, codec: &'static str, messages: Vec<Pair>) -> Op {
    Op::Client(Call::Produce { topic: topic.into(), partition, acks, codec, messages })
}

fn read(topic: &str, partition: i32, from: From, count: usize) -> Op {
    Op::Client(Call::Consume { topic: topic.into(), partition, from, count })
}

pub(super) fn calls() -> Vec<Op> {
    let mut ops = vec![
        Op::Topic(T.into(), 2),
        Op::Client(Call::Metadata(Some(T.into()))),
        Op::Client(Call::Metadata(None)),
        Op::Client(Call::Watermarks(T.into(), 0)),
        read(T, 0, From::Start, 9),
    ];
    let text = "a text that is worth to be packed ".repeat(5);
    let mut sent = 0;
    for codec in ["none", "gzip", "snappy", "lz4"] {
        for acks in [1, -1, 0] {
            let messages = vec![
                pair(Some("key"), Some(&text)),
                pair(None, Some(&text)),
                pair(Some("key"), None),
                pair(None, None),
                pair(Some(""), Some("")),
            ];
            sent += messages.len() as i64;
            ops.push(send(T, 0, acks, codec, messages));
        }
        // Without an acknowledgement nobody knows when.
        ops.push(Op::End(T.into(), 0, sent));
        ops.push(read(T, 0, From::Tail(17), 100));
        ops.push(send(T, 1, 1, codec, vec![pair(None, Some(&"x".repeat(19_000)))]));
        ops.push(send(
            T,
            1,
            1,
            codec,
            vec![pair(None, Some("small")), pair(None, Some(&"x".repeat(30_000)))],
        ));
        ops.push(send(T, 7, 1, codec, vec![pair(None, Some("no such partition"))]));
        ops.push(Op::Client(Call::Watermarks(T.into(), 1)));
    }
    // Longer than a request may be, and to a topic that is made by it.
    ops.push(send(T, 1, 1, "none", vec![pair(None, Some(&"x".repeat(120_000)))]));
    ops.push(send("client-made", 1, 1, "none", vec![pair(None, Some("first")), pair(None, Some("second"))]));
    ops.push(read("client-made", 1, From::Start, 100));
    for from in [From::Start, From::End, From::Offset(5), From::Offset(33), From::Tail(2), From::Offset(9999)]
    {
        ops.push(read(T, 0, from, 100));
        ops.push(read(T, 1, from, 100));
    }
    for time in [0, 4_102_444_800_000] {
        ops.push(Op::Client(Call::Times(T.into(), 0, time)));
    }
    ops.push(Op::Client(Call::Watermarks(T.into(), 9)));
    for (offset, note) in [(3, ""), (4, "note"), (5, &*"n".repeat(4096)), (6, &*"n".repeat(4097))] {
        let (group, topic) = ("client-group".to_owned(), T.to_owned());
        ops.push(Op::Client(Call::Commit { group, topic, partition: 0, offset, note: note.to_owned() }));
        let (group, topic) = ("client-group".to_owned(), T.to_owned());
        ops.push(Op::Client(Call::Committed { group, topic, partitions: vec![0, 1, 9] }));
    }
    ops.push(Op::Tree("/consumers/client-group".into()));
    ops
}
