//! Topics made, widened and deleted by their nodes in ZooKeeper.

use crate::op::{Op, get, metadata, offset_at, put};
use crate::wire::values;

fn create(path: &str, data: &str) -> Op {
    Op::Create(path.to_owned(), data.to_owned())
}

pub(super) fn changed_in_zookeeper() -> Vec<Op> {
    let (t, topics) = ("changed", "/brokers/topics/changed");
    let two = r#"{"version":1,"partitions":{"0":[1],"1":[1]}}"#;
    vec![
        Op::Topic(t.into(), 1),
        Op::Tree(topics.into()),
        put(t, 0, &values(&[b"a", b"b", b"c"])),
        Op::Set(topics.into(), two.into()),
        Op::Led(t.into(), 2),
        Op::Tree(topics.into()),
        put(t, 0, &values(&[b"d"])),
        put(t, 1, &values(&[b"a"])),
        get(t, 0, 0, 1000),
        get(t, 1, 0, 1000),
        create("/admin/delete_topics/changed", ""),
        Op::Gone(t.into()),
        Op::Node(topics.into(), false),
        Op::Tree("/admin".into()),
        put(t, 0, &values(&[b"gone"])),
        get(t, 0, 0, 1000),
        offset_at(t, 0, -1, 10),
        // Again, and it begins at 0.
        Op::Topic(t.into(), 2),
        Op::Tree(topics.into()),
        offset_at(t, 0, -1, 10),
        put(t, 0, &values(&[b"new"])),
        get(t, 0, 0, 1000),
        create("/admin/delete_topics/never-was", ""),
        Op::Node("/admin/delete_topics/never-was".into(), false),
        // Made by asking, deleted, and made by asking again.
        create("/admin/delete_topics/made-1", ""),
        Op::Gone("made-1".into()),
        Op::Ask(metadata(&["made-1"])),
        Op::Led("made-1".into(), 2),
        Op::Tree("/brokers/topics/made-1".into()),
        Op::Tree("/config/topics".into()),
        Op::Tree("/admin".into()),
    ]
}
