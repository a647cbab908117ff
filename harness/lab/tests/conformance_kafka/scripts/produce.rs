//! Produce: sets as they should be, and as they should not.

use crate::op::{Op, Request, get, offset_at, produce, put, together};
use crate::wire::{Message, RAW_SNAPPY, entry, new, packed, values};

const T: &str = "produced";
const P: &str = "packed-sets";
const B: &str = "bad-sets";

fn message(key: Option<&[u8]>, value: Option<&[u8]>) -> Vec<u8> {
    let own = |bytes: Option<&[u8]>| bytes.map(<[u8]>::to_vec);
    Message { key: own(key), value: own(value), ..Message::default() }.put(Vec::new())
}

pub(super) fn plain() -> Vec<Op> {
    let big = |length: usize| message(None, Some(&vec![b'x'; length]));
    let two = values(&[b"whole", b"cut off"]);
    let odd = [77, 5, -9].map(|offset| Message { offset, ..Message::default() });
    let odd = odd.iter().fold(Vec::new(), |to, message| message.put(to));
    let mut ops = vec![
        Op::Topic(T.into(), 3),
        put(T, 0, &values(&[b"a", b"b"])),
        put(T, 0, &message(Some(b"key"), Some(b"value"))),
        put(T, 0, &message(Some(b"key"), None)),
        put(T, 0, &message(None, None)),
        put(T, 0, &message(Some(b""), Some(b""))),
        put(T, 0, &[]),
        put(T, 0, &[0; 11]),
        put(T, 0, &odd),
        put(T, 0, &two[..two.len() - 1]),
        put(T, 0, &two[..30]),
        put(T, 0, &two[..20]),
        // With 26 bytes around it the first just fits.
        put(T, 1, &big(20_000 - 26)),
        put(T, 1, &big(20_000 - 25)),
        put(T, 1, &[big(10), big(20_000)].concat()),
        put(T, 1, &[big(20_000), big(10)].concat()),
        put(T, 1, &[big(15_000), big(14_000)].concat()),
        put(T, 1, &[big(15_000), big(15_000)].concat()),
        put(T, 3, &values(&[b"no such partition"])),
        put(T, -1, &values(&[b"no such partition"])),
        put("unknown-topic", 0, &values(&[b"no such topic"])),
        put("bad name", 0, &values(&[b"no such topic"])),
        put("", 0, &values(&[b"no such topic"])),
        get(T, 0, 0, 10_000),
        get(T, 1, 0, 30_000),
        get(T, 1, 1, 40_000),
        offset_at(T, 0, -1, 10),
        offset_at(T, 1, -1, 10),
        offset_at(T, 2, -1, 10),
    ];
    let three = |set: &[u8]| [(2, set.to_vec()), (0, set.to_vec()), (7, set.to_vec()), (1, Vec::new())];
    ops.push(Op::Ask(produce(1, 100, &[(T, &three(&values(&[b"everywhere"])))])));
    let none: &[(i32, Vec<u8>)] = &[];
    ops.push(Op::Ask(produce(1, 100, &[])));
    ops.push(Op::Ask(produce(1, 100, &[(T, none)])));
    ops.push(Op::Ask(produce(1, 100, &[("unknown-topic", none), (T, &[(2, values(&[b"2"]))])])));
    // The same partition twice.
    let twice = [(2, values(&[b"first"])), (2, values(&[b"second"]))];
    ops.push(Op::Ask(produce(1, 100, &[(T, &twice)])));
    ops.push(Op::Ask(produce(1, 100, &[(T, &twice[..1]), (T, &twice[1..])])));
    ops.push(get(T, 2, 0, 1000));
    ops
}

pub(super) fn packed_sets() -> Vec<Op> {
    let mut ops = vec![Op::Topic(P.into(), 2)];
    let set = values(&[b"one", b"two two two two two two two two two two two", b"three"]);
    for codec in [1, 2, RAW_SNAPPY] {
        ops.push(put(P, 0, &packed(codec, &set)));
        ops.push(put(P, 0, &[packed(codec, &set), values(&[b"plain"])].concat()));
        ops.push(put(P, 0, &[values(&[b"plain"]), packed(codec, &set)].concat()));
        ops.push(put(P, 0, &[packed(1, &set), packed(codec, &set)].concat()));
        // Nested, with offsets of nobody.
        let nested = Message { offset: 900, ..Message::default() }.put(packed(codec, &set));
        ops.push(put(P, 0, &packed(1, &nested)));
        ops.push(put(P, 0, &packed(codec, &packed(codec, &set))));
        ops.push(put(P, 0, &packed(codec, &[])));
        ops.push(put(P, 0, &packed(codec, &set[..set.len() - 3])));
        ops.push(put(P, 0, &packed(codec, &set[..5])));
        ops.push(offset_at(P, 0, -1, 1));
    }
    for offset in [0, 1, 2, 3, 6, 7, 8, 9, 20, 30] {
        ops.push(get(P, 0, offset, 20_000));
    }
    // What unpacks to much, and what does not fit when it is packed again.
    let zeros = vec![0; 40_000];
    ops.push(put(P, 1, &packed(1, &values(&[&zeros]))));
    ops.push(put(P, 1, &packed(1, &values(&[&zeros[..19_000], &zeros[..19_000]]))));
    ops.push(put(P, 1, &packed(2, &values(&[&zeros]))));
    let noise: Vec<u8> = (0..19_900_u32).map(|at| (at.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    ops.push(put(P, 1, &[packed(1, &values(&[b"x"])), values(&[&noise])].concat()));
    ops.push(get(P, 1, 0, 20_000));
    let keyed = Message { key: Some(b"outer".to_vec()), attributes: 1, ..Message::default() };
    let outer = Message { value: Some(crate::wire::compress(1, &set)), ..keyed.clone() };
    ops.push(put(P, 1, &outer.put(Vec::new())));
    ops.push(put(P, 1, &keyed.put(Vec::new())));
    ops.push(put(P, 1, &Message { value: Some(Vec::new()), ..keyed }.put(Vec::new())));
    ops.push(get(P, 1, 2, 20_000));
    ops
}

pub(super) fn bad() -> Vec<Op> {
    let good = values(&[b"good"]);
    let mut ops = vec![Op::Topic(B.into(), 1)];
    let mut wrong_crc = good.clone();
    wrong_crc[13] ^= 1;
    ops.push(put(B, 0, &wrong_crc));
    ops.push(put(B, 0, &[good.clone(), wrong_crc.clone()].concat()));
    for size in [-1, 0, 1, 13, 14, 15, 1000, i32::MAX, i32::MIN] {
        let odd = new().i64(0).i32(size).raw(&good[12..]).0;
        ops.push(put(B, 0, &odd));
        ops.push(put(B, 0, &[&good[..], &odd].concat()));
    }
    for magic in [1, 2, -1] {
        ops.push(put(
            B,
            0,
            &Message { magic, value: Some(b"v".to_vec()), ..Message::default() }.put(Vec::new()),
        ));
    }
    for attributes in 0..16 {
        let value = Some(b"not packed".to_vec());
        ops.push(put(B, 0, &Message { attributes, value, ..Message::default() }.put(Vec::new())));
    }
    for attributes in [-1, -8, -7, 64] {
        ops.push(put(B, 0, &Message { attributes, ..Message::default() }.put(Vec::new())));
    }
    // Keys and values whose lengths lie; the checksum is right.
    for (key, value) in [(-2, -1), (-1, -2), (3, -1), (-1, 3), (1000, 0), (0, 1000), (i32::MAX, i32::MAX)] {
        ops.push(put(B, 0, &entry(Vec::new(), 0, &new().i8(0).i8(0).i32(key).i32(value).0)));
        ops.push(put(B, 0, &entry(Vec::new(), 0, &new().i8(0).i8(1).i32(key).i32(value).raw(b"ab").0)));
    }
    // Bytes behind the value.
    ops.push(put(B, 0, &entry(Vec::new(), 0, &new().i8(0).i8(0).i32(-1).i32(1).raw(b"vmore").0)));
    for codec in [1, 2, RAW_SNAPPY] {
        let mut set = packed(codec, &values(&[b"one", b"two"]));
        let value = set.split_off(26);
        for at in [0, 3, 8, 12, 20, value.len() - 6, value.len() - 1] {
            let mut broken = value.clone();
            broken[at] ^= 0x55;
            let attributes = if codec == 1 { 1 } else { 2 };
            let broken = Message { attributes, value: Some(broken), ..Message::default() };
            ops.push(put(B, 0, &broken.put(Vec::new())));
            let cut = Message { value: Some(value[..at].to_vec()), ..broken };
            ops.push(put(B, 0, &cut.put(Vec::new())));
        }
        // Something wrong inside.
        ops.push(put(B, 0, &packed(codec, &wrong_crc)));
        ops.push(put(B, 0, &packed(codec, &new().i64(0).i32(3).raw(b"abc").0)));
        ops.push(put(B, 0, &packed(codec, &new().i64(0).i32(-5).raw(&good).0)));
        ops.push(put(B, 0, &packed(codec, b"this is no message set at all, but it is long")));
    }
    ops.push(offset_at(B, 0, -1, 1));
    ops.push(get(B, 0, 0, 20_000));
    ops
}

pub(super) fn acks() -> Vec<Op> {
    let topic = "acks";
    let to = |acks, timeout, partition, set: &[u8]| -> Request {
        produce(acks, timeout, &[(topic, &[(partition, set.to_vec())])])
    };
    let mut ops = vec![Op::Topic(topic.into(), 2)];
    for acks in [1, -1, 2, 3, -2, 100, i16::MIN] {
        ops.push(Op::Ask(to(acks, 200, 0, &values(&[b"a"]))));
        ops.push(Op::Ask(to(acks, 200, 5, &values(&[b"a"]))));
        ops.push(Op::Ask(to(acks, 200, 0, &[])));
    }
    for timeout in [0, -1, 1, i32::MIN] {
        ops.push(Op::Ask(to(-1, timeout, 0, &values(&[b"b"]))));
        ops.push(Op::Ask(to(2, timeout, 0, &values(&[b"b"]))));
    }
    let end = |partition| {
        let offsets: &[(i32, (i64, i32))] = &[(partition, (-1, 1))];
        crate::op::offsets(-1, &[(topic, offsets)])
    };
    // Without an answer: the next one tells.
    let mut silent = |request: Request, answers: Vec<i16>| {
        let mut bytes = request.frame(1);
        bytes.extend(end(0).frame(2));
        ops.push(Op::Send(format!("{} | end", request.text), bytes, answers));
    };
    silent(to(0, 100, 0, &values(&[b"silent"])), vec![2]);
    silent(to(0, 100, 0, &[]), vec![2]);
    silent(to(0, 100, 9, &values(&[b"silent"])), vec![2]);
    silent(to(0, 100, 0, &[1; 40]), vec![2]);
    silent(produce(0, 100, &[]), vec![2]);
    let both = [(0, values(&[b"kept"])), (9, values(&[b"no such partition"]))];
    silent(produce(0, 100, &[(topic, &both)]), vec![2]);
    ops.push(Op::Ask(end(0)));
    ops.push(together(&[to(2, 300, 0, &values(&[b"waits"])), to(1, 1, 0, &values(&[b"behind"])), end(0)]));
    let mixed = [(0, values(&[b"m"])), (9, values(&[b"m"])), (1, values(&[b"m"]))];
    ops.push(Op::Ask(produce(2, 100, &[(topic, &mixed)])));
    ops.push(Op::Ask(produce(-1, 100, &[(topic, &mixed)])));
    ops.push(get(topic, 0, 0, 20_000));
    ops
}
