//! Frames that no client sends.

use crate::op::{Op, body, commit, committed, coordinator, fetch, metadata, offsets, produce};
use crate::wire::{frame, new, values};

const T: &str = "first-topic";

/// A good request of each kind.
fn good() -> Vec<crate::op::Request> {
    vec![
        produce(1, 100, &[(T, &[(0, values(&[b"v"]))])]),
        fetch(-1, 0, 0, &[(T, &[(0, (0, 100))])]),
        offsets(-1, &[(T, &[(0, (-2, 1))])]),
        metadata(&[T]),
        commit(0, "cut", &[(T, &[(0, (1, "n"))])]),
        commit(1, "cut", &[(T, &[(0, (1, "n"))])]),
        committed(0, "cut", &[(T, &[(0, ())])]),
        committed(1, "cut", &[(T, &[(0, ())])]),
        coordinator("cut"),
    ]
}

fn send(text: &str, bytes: Vec<u8>) -> Op {
    Op::Send(text.to_owned(), bytes, vec![3])
}

pub(super) fn frames() -> Vec<Op> {
    let mut ops = Vec::new();
    for length in [0, -1, -5, i32::MIN, i32::MAX, 100_001] {
        ops.push(send("a length alone", new().i32(length).0));
    }
    // To the byte the longest.
    for length in [100_000, 100_001] {
        let mut metadata = frame(3, 0, 9, "c", &new().i32(1).text(T).0);
        metadata.resize(length + 4, 0);
        metadata[..4].copy_from_slice(&(length as i32).to_be_bytes());
        ops.push(send("Metadata with much behind it", metadata));
    }
    for length in 1..12 {
        let inside = frame(3, 0, 9, "", &[]);
        ops.push(send("a short header", new().sized(&inside[4..4 + length.min(inside.len() - 4)]).0));
    }
    for key in [13, 14, 15, 16, 17, 18, 19, 99, -1, i16::MIN, i16::MAX] {
        ops.push(body("an unknown request", key, 0, new()));
        ops.push(body("an unknown request", key, 3, new().i32(0).i32(0)));
    }
    for key in 0..=12 {
        ops.push(body("nothing", key, 0, new()));
        ops.push(body("nothing", key, 1, new()));
    }
    // Client ids.
    let client = |length: i16, text: &[u8]| {
        let inside = new().i16(3).i16(0).i32(11).i16(length).raw(text).i32(1).text(T).0;
        new().sized(&inside).0
    };
    for (length, text) in
        [(-1, &b""[..]), (-2, b""), (0, b""), (2, b"\xff\xfe"), (1000, b"short"), (i16::MAX, b"")]
    {
        ops.push(send("a client id", client(length, text)));
    }
    for correlation in [0, -1, i32::MIN, i32::MAX] {
        ops.push(send("a correlation", frame(3, 0, correlation, "c", &new().i32(1).text(T).0)));
    }
    ops.extend(lengths());
    ops
}

/// Lengths and counts that are none.
fn lengths() -> Vec<Op> {
    let mut ops = Vec::new();
    for count in [-1, -2, i32::MIN, 0, 2, 1000, i32::MAX] {
        ops.push(body(&format!("Metadata of {count}"), 3, 0, new().i32(count).text(T)));
        ops.push(body(&format!("Produce to {count} topics"), 0, 0, new().i16(1).i32(9).i32(count)));
        let parts = new().i16(1).i32(9).i32(1).text(T).i32(count);
        ops.push(body(&format!("Produce to {count} partitions"), 0, 0, parts));
        let set = new().i16(1).i32(9).i32(1).text(T).i32(1).i32(0).i32(count).raw(&values(&[b"v"]));
        ops.push(body(&format!("Produce of {count} bytes"), 0, 0, set));
        ops.push(body(&format!("Fetch of {count} topics"), 1, 0, new().i32(-1).i32(0).i32(0).i32(count)));
        let parts = new().i32(-1).i32(0).i32(0).i32(1).text(T).i32(count);
        ops.push(body(&format!("Fetch of {count} partitions"), 1, 0, parts));
        ops.push(body(&format!("Offsets of {count} topics"), 2, 0, new().i32(-1).i32(count)));
        let parts = new().i32(-1).i32(1).text(T).i32(count);
        ops.push(body(&format!("Offsets of {count} partitions"), 2, 0, parts));
        for version in [0, 1] {
            ops.push(body(&format!("OffsetFetch of {count}"), 9, version, new().text("g").i32(count)));
            ops.push(body(&format!("OffsetCommit of {count}"), 8, version, new().text("g").i32(count)));
            let commit = new().text("g").i32(-1).text("").i32(count);
            ops.push(body(&format!("OffsetCommit of {count} topics"), 8, version, commit));
        }
    }
    for count in [-1, i32::MIN, 2, i32::MAX] {
        let orders = new().i32(1).i32(0);
        ops.push(body(&format!("LeaderAndIsr of {count}"), 4, 0, orders.clone().i32(count).i32(0)));
        ops.push(body(&format!("LeaderAndIsr with {count} leaders"), 4, 0, orders.clone().i32(0).i32(count)));
        ops.push(body(&format!("StopReplica of {count}"), 5, 0, orders.clone().i8(0).i32(count)));
        ops.push(body(&format!("UpdateMetadata of {count}"), 6, 0, orders.clone().i32(count).i32(0)));
        ops.push(body(
            &format!("UpdateMetadata with {count} brokers"),
            6,
            0,
            orders.clone().i32(0).i32(count),
        ));
        let join = new().text("g").i32(9).i32(count).text("").text("range");
        ops.push(body(&format!("JoinGroup of {count} topics"), 11, 0, join));
    }
    for length in [5, i16::MAX] {
        ops.extend(names(length));
    }
    for length in [-1, -2, i16::MIN] {
        let part = new().text("g").i32(1).text(T).i32(1).i32(0).i64(3).i16(length);
        ops.push(body(&format!("a note of {length}"), 8, 0, part));
        let part = new().text("g").i32(-1).i16(length).i32(1).text(T).i32(1).i32(0).i64(3).i64(-1).text("n");
        ops.push(body(&format!("a member of {length}"), 8, 1, part));
    }
    ops.push(body("a topic that is not UTF-8", 3, 0, new().i32(1).i16(2).raw(b"\xc3\x28")));
    ops.push(body("a group that is not UTF-8", 10, 0, new().i16(2).raw(b"\xc3\x28")));
    let part = new().i32(-1).i32(1).i16(3).raw(b"a\xffb").i32(1).i32(0).i64(-1).i32(1);
    ops.push(body("a topic that is not UTF-8", 2, 0, part));
    ops
}

/// Each good request cut off at every byte, and with some behind it.
pub(super) fn cut() -> Vec<Op> {
    let mut ops = Vec::new();
    for request in good().into_iter().chain(super::orders::old()) {
        let cut = |bytes: &[u8], text: &str| {
            let text = format!("{} {text}", request.text);
            body(&text, request.key, request.version, new().raw(bytes))
        };
        for length in (0..request.body.len()).step_by(if request.body.len() > 40 { 2 } else { 1 }) {
            ops.push(cut(&request.body[..length], "cut"));
        }
        ops.push(cut(&[&request.body[..], &[0; 7]].concat(), "and more"));
    }
    ops
}

/// Names without a text.
pub(super) fn nulls() -> Vec<Op> {
    names(-1).into_iter().chain(names(i16::MIN)).collect()
}

/// Names with this length, in each request that has one.
fn names(length: i16) -> Vec<Op> {
    let mut ops = Vec::new();
    ops.push(body(&format!("a topic of {length}"), 3, 0, new().i32(1).i16(length)));
    ops.push(body(&format!("a topic of {length}"), 0, 0, new().i16(1).i32(9).i32(1).i16(length).i32(0)));
    let part = new().i16(1).i32(9).i32(1).i16(length).i32(1).i32(0).sized(&values(&[b"v"]));
    ops.push(body(&format!("a topic of {length}, with a set"), 0, 0, part));
    let part = new().i32(-1).i32(0).i32(0).i32(1).i16(length).i32(1).i32(0).i64(0).i32(9);
    ops.push(body(&format!("a topic of {length}"), 1, 0, part));
    let part = new().i32(-1).i32(1).i16(length).i32(1).i32(0).i64(-1).i32(1);
    ops.push(body(&format!("a topic of {length}"), 2, 0, part));
    ops.push(body(&format!("a group of {length}"), 10, 0, new().i16(length)));
    for version in [0, 1] {
        ops.push(body(&format!("a group of {length}"), 9, version, new().i16(length).i32(0)));
        let part = new().i16(length).i32(1).text(T).i32(1).i32(0);
        ops.push(body(&format!("a group of {length}, with a topic"), 9, version, part));
        let part = new().text("g").i32(1).i16(length).i32(1).i32(0);
        ops.push(body(&format!("a topic of {length}"), 9, version, part));
    }
    let part = new().i16(length).i32(1).text(T).i32(1).i32(0).i64(3).text("n");
    ops.push(body(&format!("a group of {length}"), 8, 0, part));
    let part = new().text("g").i32(1).i16(length).i32(1).i32(0).i64(3).text("n");
    ops.push(body(&format!("a topic of {length}"), 8, 0, part));
    let part = new().i16(length).i32(-1).text("").i32(1).text(T).i32(1).i32(0).i64(3).i64(-1).text("n");
    ops.push(body(&format!("a group of {length}"), 8, 1, part));
    ops
}
