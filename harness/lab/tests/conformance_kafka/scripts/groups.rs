//! Offsets of groups: with their coordinator, and in ZooKeeper.

use crate::op::{Op, Request, body, commit, committed, coordinator, get, metadata, offset_at};
use crate::wire::new;

const T: &str = "first-topic";

pub(super) fn coordinated() -> Vec<Op> {
    let long = "n".repeat(4096);
    let longer = "n".repeat(4097);
    let mut ops = vec![
        Op::Ask(committed(1, "early", &[(T, &[(0, ())])])),
        Op::Ask(commit(1, "early", &[(T, &[(0, (1, ""))])])),
        Op::Ask(coordinator("first")),
        Op::Coordinator("first".into()),
        Op::Led("__consumer_offsets".into(), 3),
        Op::Tree("/brokers/topics/__consumer_offsets".into()),
        Op::Tree("/config/topics/__consumer_offsets".into()),
    ];
    for group in ["first", "second", "", "a/b", "gr\u{fc}n", &long] {
        ops.push(Op::Ask(coordinator(group)));
        ops.push(Op::Ask(committed(1, group, &[(T, &[(0, ()), (1, ()), (2, ()), (-1, ())])])));
        ops.push(Op::Ask(commit(1, group, &[(T, &[(0, (1, "")), (1, (2, "note"))])])));
        ops.push(Op::Ask(committed(1, group, &[(T, &[(0, ()), (1, ()), (2, ()), (-1, ())])])));
    }
    for (offset, note) in [(0, ""), (-1, "x"), (i64::MAX, "gr\u{fc}n"), (i64::MIN, &long), (7, &longer)] {
        ops.push(Op::Ask(commit(1, "first", &[(T, &[(0, (offset, note))])])));
        ops.push(Op::Ask(committed(1, "first", &[(T, &[(0, ())])])));
    }
    ops.push(Op::Ask(commit(1, "first", &[(T, &[(0, (8, "kept")), (1, (9, &longer))])])));
    ops.push(Op::Ask(commit(
        1,
        "first",
        &[(T, &[(9, (9, "no such partition"))]), ("unknown-topic", &[(0, (3, ""))])],
    )));
    ops.push(Op::Ask(committed(1, "first", &[(T, &[(9, ())]), ("unknown-topic", &[(0, ())])])));
    ops.push(Op::Ask(committed(1, "first", &[(T, &[(0, ()), (1, ()), (0, ())])])));
    ops.push(Op::Ask(committed(1, "first", &[])));
    ops.push(Op::Ask(committed(1, "first", &[(T, &[])])));
    ops.push(Op::Ask(commit(1, "first", &[])));
    ops.push(Op::Ask(commit(1, "first", &[(T, &[])])));
    for version in [0, 2, 3, -1] {
        ops.push(Op::Ask(Request { version, ..committed(1, "first", &[(T, &[(0, ())])]) }));
        ops.push(Op::Ask(Request { version, ..commit(1, "first", &[(T, &[(0, (1, ""))])]) }));
        ops.push(Op::Ask(Request { version, ..coordinator("first") }));
    }
    // A generation and a member are taken as they come; a null note.
    let given =
        new().text("first").i32(17).text("member").i32(1).text(T).i32(1).i32(0).i64(44).i64(5).i16(-1);
    ops.push(body("OffsetCommit of a member", 8, 1, given));
    ops.push(Op::Ask(committed(1, "first", &[(T, &[(0, ())])])));
    for partition in 0..3 {
        ops.push(offset_at("__consumer_offsets", partition, -1, 10));
    }
    ops.push(get("__consumer_offsets", 3, 0, 100));
    ops.push(Op::Ask(metadata(&["__consumer_offsets"])));
    // Known, and not implemented.
    let join = new().text("first").i32(6000).i32(1).text(T).text("").text("range");
    ops.push(body("JoinGroup", 11, 0, join.clone()));
    ops.push(body("JoinGroup", 11, 1, join));
    ops.push(body("JoinGroup without anything", 11, 0, new()));
    ops.push(body("Heartbeat", 12, 0, new().text("first").i32(1).text("member")));
    ops.push(body("Heartbeat", 12, 1, new().text("first").i32(1).text("member")));
    ops.push(body("Heartbeat without anything", 12, 0, new()));
    ops
}

pub(super) fn in_zookeeper() -> Vec<Op> {
    let longer = "n".repeat(4097);
    let mut ops = Vec::new();
    for group in ["first", "zk", "a/b", "gr\u{fc}n"] {
        ops.push(Op::Ask(committed(0, group, &[(T, &[(0, ()), (1, ()), (2, ())])])));
        ops.push(Op::Ask(commit(0, group, &[(T, &[(0, (1, "")), (1, (2, "note"))])])));
        ops.push(Op::Ask(committed(0, group, &[(T, &[(0, ()), (1, ()), (2, ()), (-1, ())])])));
    }
    for (offset, note) in [(0, ""), (-1, "x"), (i64::MAX, ""), (i64::MIN, ""), (7, &longer)] {
        ops.push(Op::Ask(commit(0, "zk", &[(T, &[(0, (offset, note))])])));
        ops.push(Op::Ask(committed(0, "zk", &[(T, &[(0, ())])])));
    }
    let odd: &[(i32, (i64, &str))] = &[(9, (9, "no such partition")), (0, (5, &longer)), (1, (6, ""))];
    ops.push(Op::Ask(commit(0, "zk", &[(T, odd), ("unknown-topic", &odd[..1])])));
    ops.push(Op::Ask(commit(0, "zk", &[("unknown-topic", &odd[1..2])])));
    ops.push(Op::Ask(committed(0, "zk", &[(T, &[(0, ()), (9, ())]), ("unknown-topic", &[(0, ())])])));
    for nothing in [Op::Ask(committed(0, "zk", &[])), Op::Ask(committed(0, "zk", &[(T, &[])]))] {
        ops.push(nothing);
    }
    ops.push(Op::Ask(commit(0, "zk", &[])));
    ops.push(Op::Ask(commit(0, "", &[(T, &[(0, (1, ""))])])));
    ops.push(Op::Ask(committed(0, "", &[(T, &[(0, ())])])));
    // What somebody else wrote.
    for (partition, data) in
        [("0", "12x"), ("1", ""), ("2", " 5"), ("3", "+7"), ("4", "99999999999999999999")]
    {
        ops.push(Op::Create(format!("/consumers/zk/offsets/{T}/{partition}"), data.into()));
        ops.push(Op::Set(format!("/consumers/zk/offsets/{T}/{partition}"), data.into()));
    }
    for partition in 0..5 {
        ops.push(Op::Ask(committed(0, "zk", &[(T, &[(partition, ())])])));
    }
    ops.push(Op::Ask(committed(0, "zk", &[(T, &[(1, ()), (0, ()), (7, ())])])));
    ops.push(Op::Tree("/consumers".into()));
    ops
}
