//! A broker with other settings: under a root of its own, making no topics, deleting none, wanting two replicas.

use crate::op::{Call, Op, commit, committed, coordinator, get, metadata, offset_at, produce, put};
use crate::wire::values;

pub(super) fn settings() -> Vec<Op> {
    let t = "unmade";
    let to = |acks, set: &[u8]| Op::Ask(produce(acks, 200, &[(t, &[(0, set.to_vec())])]));
    vec![
        Op::Tree(String::new()),
        Op::Ask(metadata(&[])),
        Op::Ask(metadata(&[t])),
        Op::Ask(metadata(&["bad name", "", t, t])),
        Op::Tree("/brokers".into()),
        put(t, 0, &values(&[b"nowhere"])),
        Op::Topic(t.into(), 1),
        Op::Ask(metadata(&["bad name", t, "unknown-topic"])),
        // Two replicas in sync are wanted.
        to(1, &values(&[b"one"])),
        to(-1, &values(&[b"all"])),
        to(-2, &values(&[b"all"])),
        to(2, &values(&[b"two"])),
        to(-1, &[]),
        get(t, 0, 0, 1000),
        Op::Ask(metadata(&["__consumer_offsets"])),
        Op::Led("__consumer_offsets".into(), 2),
        Op::Tree("/brokers/topics/__consumer_offsets".into()),
        Op::Ask(coordinator("group")),
        Op::Ask(commit(1, "group", &[(t, &[(0, (1, "note"))])])),
        Op::Ask(committed(1, "group", &[(t, &[(0, ())])])),
        offset_at("__consumer_offsets", 0, -1, 10),
        offset_at("__consumer_offsets", 1, -1, 10),
        // Ten characters are the most.
        Op::Ask(commit(0, "group", &[(t, &[(0, (1, "\u{fc}\u{fc}\u{fc}\u{fc}\u{fc}12345"))])])),
        Op::Ask(commit(0, "group", &[(t, &[(0, (2, "\u{fc}\u{fc}\u{fc}\u{fc}\u{fc}123456"))])])),
        Op::Ask(commit(0, "group", &[(t, &[(0, (3, "\u{1f600}\u{1f600}\u{1f600}\u{1f600}\u{1f600}"))])])),
        Op::Ask(commit(0, "group", &[(t, &[(0, (4, "\u{1f600}\u{1f600}\u{1f600}\u{1f600}\u{1f600}1"))])])),
        Op::Ask(committed(0, "group", &[(t, &[(0, ())])])),
        // Whose client asks for a coordinator, which makes the topic of offsets: not before that is there.
        Op::Client(Call::Metadata(Some("unknown-topic".into()))),
        // Nobody deletes, and nobody forgets the wish.
        Op::Create(format!("/admin/delete_topics/{t}"), String::new()),
        Op::Create("/admin/delete_topics/never-was".into(), String::new()),
        Op::Topic("afterwards".into(), 2),
        Op::Ask(metadata(&[t])),
        Op::Tree(String::new()),
    ]
}
