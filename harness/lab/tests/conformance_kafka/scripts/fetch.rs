//! Fetch and Offsets.

use crate::op::{Op, Request, fetch, get, offset_at, offsets, produce, put, together};
use crate::wire::{packed, values};

const T: &str = "fetched";

pub(super) fn boundaries() -> Vec<Op> {
    let mut ops = vec![Op::Topic(T.into(), 3), get(T, 0, 0, 1000), get(T, 0, 1, 1000), get(T, 0, -1, 1000)];
    // Three messages of 31 bytes each.
    ops.push(put(T, 0, &values(&[b"first", b"secon", b"third"])));
    for most in [0, 1, 8, 12, 17, 18, 26, 30, 31, 32, 43, 61, 62, 63, 92, 93, 94, -1, i32::MAX, i32::MIN] {
        ops.push(get(T, 0, 0, most));
        ops.push(get(T, 0, 2, most));
    }
    for offset in [1, 2, 3, 4, -1, -2, i64::MAX, i64::MIN] {
        ops.push(get(T, 0, offset, 1000));
    }
    // Several segments: 12 sets of 6000 bytes, in segments of 30000.
    for number in 0..12_u8 {
        ops.push(put(T, 1, &values(&[&[b'a' + number; 5974]])));
    }
    for offset in 0..13 {
        ops.push(get(T, 1, offset, 20_000));
    }
    ops.push(get(T, 1, 4, 6000));
    ops.push(get(T, 1, 0, 100_000));
    for (topic, partition) in [(T, 3), (T, -1), ("unknown-topic", 0), ("bad name", 0), ("", 0)] {
        ops.push(get(topic, partition, 0, 100));
    }
    let all: &[(i32, (i64, i32))] = &[(0, (0, 62)), (1, (3, 100)), (2, (0, 10)), (3, (0, 10)), (0, (1, 31))];
    ops.push(Op::Ask(fetch(-1, 0, 0, &[(T, all)])));
    ops.push(Op::Ask(fetch(-1, 0, 0, &[(T, &all[..2]), ("unknown-topic", &all[..1]), (T, &all[2..3])])));
    ops.push(Op::Ask(fetch(-1, 0, 0, &[])));
    ops.push(Op::Ask(fetch(-1, 0, 0, &[(T, &[])])));
    for replica in [-2, -3, 0, 1, 2, i32::MAX, i32::MIN] {
        ops.push(Op::Ask(fetch(replica, 0, 0, &[(T, &all[..1])])));
        ops.push(Op::Ask(fetch(replica, 0, 0, &[(T, &[(0, (9, 10))])])));
        ops.push(Op::Ask(fetch(replica, 0, 0, &[("unknown-topic", &all[..1])])));
    }
    for version in [1, 2, -1] {
        ops.push(Op::Ask(Request { version, ..fetch(-1, 0, 0, &[(T, &all[..1])]) }));
    }
    ops
}

pub(super) fn waits() -> Vec<Op> {
    let mut ops = Vec::new();
    let end: &[(i32, (i64, i32))] = &[(0, (3, 1000))];
    let some: &[(i32, (i64, i32))] = &[(0, (0, 1000))];
    for (wait, least) in
        [(0, 1), (0, 1000), (100, 0), (100, -1), (100, 1), (-1, 1), (100, 93), (100, 94), (1, i32::MAX)]
    {
        for parts in [end, some] {
            ops.push(Op::Ask(fetch(-1, wait, least, &[(T, parts)])));
        }
    }
    // Anything wrong, or nothing asked for, ends the wait: else this would take its time.
    for parts in [&[(0, (3, 10)), (7, (0, 10))][..], &[(0, (3, 10)), (1, (99, 10))], &[(0, (-1, 10))]] {
        ops.push(Op::Ask(fetch(-1, 6000, 1_000_000, &[(T, parts)])));
    }
    ops.push(Op::Ask(fetch(-1, 6000, 1_000_000, &[])));
    // What there is counts, not what may be sent; and what lies in an older segment is enough.
    ops.push(Op::Ask(fetch(-1, 2000, 90, &[(T, &[(0, (0, 10))])])));
    ops.push(Op::Ask(fetch(-1, 2000, 90, &[(T, &[(0, (0, 0))])])));
    ops.push(Op::Ask(fetch(-1, 2000, 63, &[(T, &[(0, (1, 0))])])));
    ops.push(Op::Ask(fetch(-1, 2000, 62, &[(T, &[(0, (1, 0))])])));
    ops.push(Op::Ask(fetch(-1, 2000, 1_000_000, &[(T, &[(1, (0, 10))])])));
    ops.push(Op::Ask(fetch(-1, 2000, 1_000_000, &[(T, &[(1, (9, 10))])])));
    ops.push(Op::Ask(fetch(-1, 2000, 1_000_000, &[(T, &[(1, (10, 10))])])));
    ops.push(Op::Ask(fetch(-1, 2000, 1, &[(T, &[(1, (12, -1))])])));
    ops.push(together(&[
        fetch(-1, 200, 1, &[(T, end)]),
        crate::op::metadata(&[T]),
        fetch(-1, 200, 1, &[(T, some)]),
    ]));
    ops
}

/// What ends the wait of a fetch.
pub(super) fn wakes() -> Vec<Op> {
    let (t, other) = ("woken", "woken-too");
    let to = |topic: &str, partition, set: &[u8]| produce(1, 100, &[(topic, &[(partition, set.to_vec())])]);
    let wait = |least, parts: crate::op::Parts<'_, (i64, i32)>| fetch(-1, 4000, least, parts);
    let big = values(&[&[b'z'; 9000]]);
    vec![
        Op::Topic(t.into(), 2),
        Op::Topic(other.into(), 1),
        Op::Beside(wait(1, &[(t, &[(0, (0, 1000))])]), vec![to(t, 0, &values(&[b"one"]))]),
        Op::Beside(wait(1, &[(t, &[(0, (1, 1000)), (1, (0, 1000))])]), vec![to(t, 1, &values(&[b"two"]))]),
        Op::Beside(
            wait(60, &[(t, &[(0, (1, 1000))]), (other, &[(0, (0, 1000))])]),
            vec![
                to(t, 0, &values(&[b"three"])),
                to(other, 0, &values(&[b"four"])),
                to(t, 0, &values(&[b"late"])),
            ],
        ),
        // What it may not be sent counts, too.
        Op::Beside(
            wait(50, &[(t, &[(1, (1, 9))])]),
            vec![to(t, 1, &values(&[b"long enough for the fetch to end"]))],
        ),
        // A new segment.
        Op::Beside(
            wait(1_000_000, &[(other, &[(0, (1, 1000))])]),
            vec![to(other, 0, &big), to(other, 0, &big), to(other, 0, &big), to(other, 0, &big)],
        ),
        Op::Beside(wait(1, &[(t, &[(0, (9, 1000))])]), vec![]),
        // An append that waits for a replica that is not there.
        Op::Beside(
            produce(2, 300, &[(t, &[(0, values(&[b"waits"]))])]),
            vec![to(t, 0, &values(&[b"does not"])), fetch(-1, 0, 0, &[(t, &[(0, (0, 1000))])])],
        ),
    ]
}

pub(super) fn offsets_of_segments() -> Vec<Op> {
    let mut ops = Vec::new();
    for partition in [0, 1, 2, 3, -1] {
        for time in [-1, -2, -3, 0, 1, 4_102_444_800_000, i64::MAX, i64::MIN] {
            for most in [1, 2, 10, 0] {
                ops.push(offset_at(T, partition, time, most));
            }
        }
    }
    // A count below 0 fails the request.
    ops.push(offset_at(T, 1, -1, -1));
    ops.push(offset_at(T, 2, -1, -1));
    ops.push(offset_at(T, 0, -1, i32::MAX));
    ops.push(offset_at("unknown-topic", 0, -1, 1));
    ops.push(offset_at("bad name", 0, -1, 1));
    let parts: &[(i32, (i64, i32))] = &[(2, (-1, 1)), (0, (-1, 1)), (0, (-2, 1)), (9, (-1, 1)), (1, (-1, 9))];
    for replica in [-1, -2, -3, 0, 1, 2] {
        ops.push(Op::Ask(offsets(replica, &[(T, parts), ("unknown-topic", &parts[..1])])));
    }
    ops.push(Op::Ask(offsets(-1, &[])));
    ops.push(Op::Ask(offsets(-1, &[(T, &[])])));
    ops.push(Op::Ask(Request { version: 7, ..offsets(-1, &[(T, parts)]) }));
    // One segment that is full, and none behind it yet.
    ops.push(Op::Topic("one-segment".into(), 1));
    ops.push(put("one-segment", 0, &values(&[&[1; 14_974], &[2; 14_974]])));
    ops.push(offset_at("one-segment", 0, -1, 10));
    ops.push(put("one-segment", 0, &values(&[b"next"])));
    ops.push(offset_at("one-segment", 0, -1, 10));
    ops.push(put("one-segment", 0, &packed(1, &values(&[b"packed", b"twice"]))));
    ops.push(offset_at("one-segment", 0, -1, 10));
    ops
}
