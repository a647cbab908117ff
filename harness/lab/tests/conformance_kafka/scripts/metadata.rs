//! Metadata, and topics made by asking.

use crate::op::{Op, Request, metadata, together};

const ROOTS: [&str; 6] = ["/brokers", "/controller", "/controller_epoch", "/config", "/admin", "/consumers"];

fn trees() -> impl Iterator<Item = Op> {
    ROOTS.into_iter().map(|root| Op::Tree(root.to_owned()))
}

pub(super) fn start() -> Vec<Op> {
    let mut ops: Vec<Op> = trees().collect();
    ops.extend([
        Op::Ask(metadata(&[])),
        Op::Ask(metadata(&["a b"])),
        Op::Ask(metadata(&["first-topic"])),
        Op::Led("first-topic".into(), 2),
        Op::Ask(metadata(&[])),
    ]);
    ops.extend(trees());
    ops
}

pub(super) fn end() -> Vec<Op> {
    let mut ops: Vec<Op> = trees().collect();
    ops.push(Op::Ask(metadata(&[])));
    ops
}

pub(super) fn names() -> Vec<Op> {
    let long = "x".repeat(255);
    let longer = "x".repeat(256);
    let mut ops = Vec::new();
    for names in [
        &["bad name"][..],
        &[""],
        &["."],
        &[".."],
        &[&longer],
        &["umlaut-\u{fc}"],
        &["slash/ed"],
        &["first-topic", "bad name"],
        &["bad name", "never-made"],
        &["never-made-2", "bad name", "never-made-3"],
        &["first-topic", "first-topic"],
        &["bad name", "bad name"],
    ] {
        ops.push(Op::Ask(metadata(names)));
    }
    ops.push(Op::Led("never-made-2".into(), 2));
    ops.push(Op::Ask(metadata(&[])));
    ops.push(Op::Tree("/brokers/topics".into()));
    for (names, last) in [
        (&["made-1"][..], "made-1"),
        (&["made-2", "made-3"], "made-3"),
        (&["made-4", "first-topic", "made-4"], "made-4"),
        (&["...", "_", "-"], "-"),
        (&[&long], &long),
    ] {
        ops.push(Op::Ask(metadata(names)));
        ops.push(Op::Led(last.to_owned(), 2));
    }
    ops.push(Op::Ask(metadata(&[])));
    // More than four are answered about in the order of their hashes.
    let many = ["made-1", "made-2", "_", "first-topic", "...", "made-3", "-", "made-2"];
    for count in 2..=many.len() {
        ops.push(Op::Ask(metadata(&many[..count])));
    }
    // Newer versions are read as version 0.
    for version in [1, 2, 5, -1, 1000] {
        ops.push(Op::Ask(Request { version, ..metadata(&["first-topic"]) }));
    }
    ops.push(together(&[
        metadata(&["made-1"]),
        metadata(&["made-2"]),
        metadata(&["bad name"]),
        metadata(&["made-3"]),
    ]));
    ops.push(Op::Tree("/brokers/topics/made-4".into()));
    ops.push(Op::Tree("/config".into()));
    ops
}
