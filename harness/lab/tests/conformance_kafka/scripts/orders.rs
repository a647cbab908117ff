//! What only the controller says, said by a client.

use crate::op::{OWN_ADDRESS, Op, Request, body, get, metadata, offset_at, put};
use crate::wire::{Bytes, new, values};

const T: &str = "ordered";

/// A partition's state as the controller tells it.
#[derive(Clone, Copy)]
struct State<'a> {
    topic: &'a str,
    partition: i32,
    leader: i32,
    epoch: i32,
    replicas: &'a [i32],
}

fn states(to: Bytes, states: &[State<'_>]) -> Bytes {
    to.array(states, |to, state| {
        let to = to.text(state.topic).i32(state.partition).i32(1).i32(state.leader).i32(state.epoch);
        let ids = |to: Bytes| to.array(state.replicas, |to, id| to.i32(*id));
        // In sync, the version of the node, all.
        ids(ids(to).i32(0))
    })
}

fn brokers(to: Bytes) -> Bytes {
    to.i32(1).i32(1).text(OWN_ADDRESS).i32(9092)
}

fn lead(text: &str, epoch: i32, of: &[State<'_>]) -> Op {
    body(&format!("LeaderAndIsr: {text}"), 4, 0, brokers(states(new().i32(1).i32(epoch), of)))
}

fn stop(epoch: i32, delete: i8, of: &[(&str, i32)]) -> Op {
    let to = new().i32(1).i32(epoch).i8(delete);
    let to = to.array(of, |to, (topic, partition)| to.text(topic).i32(*partition));
    body(&format!("StopReplica {epoch} {delete} {of:?}"), 5, 0, to)
}

fn shutdown(broker: i32) -> Op {
    Op::Ask(Request {
        text: format!("ControlledShutdown of {broker}"),
        key: 7,
        version: 0,
        body: new().i32(broker).0,
    })
}

/// The only broker asks to go: it may, and leads nothing new from then on.
pub(super) fn leaving() -> Vec<Op> {
    vec![
        shutdown(1),
        shutdown(1),
        put(T, 1, &values(&[b"still here"])),
        Op::Ask(metadata(&["first-topic"])),
        Op::Ask(metadata(&["too-late"])),
        Op::Node("/brokers/topics/too-late".into(), true),
        Op::Ask(metadata(&["first-topic", "too-late"])),
        Op::Tree("/brokers/topics/too-late".into()),
    ]
}

/// Orders that say nothing, for they are of an old controller, and so may be cut anywhere.
pub(super) fn old() -> Vec<Request> {
    let state = State { topic: T, partition: 0, leader: 1, epoch: 1, replicas: &[1] };
    let requests = [
        (4, brokers(states(new().i32(1).i32(0), &[state]))),
        (5, new().i32(1).i32(0).i8(1).i32(1).text(T).i32(0)),
        (6, brokers(states(new().i32(1).i32(0), &[state]))),
        (7, new().i32(7)),
        (11, new().text("group").i32(6000).i32(1).text(T).text("member").text("range")),
        (12, new().text("group").i32(1).text("member")),
    ];
    requests.map(|(key, body)| Request { text: format!("key {key}"), key, version: 0, body: body.0 }).into()
}

pub(super) fn from_a_client() -> Vec<Op> {
    let state = State { topic: T, partition: 0, leader: 1, epoch: 1, replicas: &[1] };
    let mut ops = vec![
        Op::Topic(T.into(), 2),
        put(T, 0, &values(&[b"a", b"b"])),
        put(T, 1, &values(&[b"a", b"b"])),
        lead("an old controller", 0, &[state]),
        lead("an old leader", 1, &[State { epoch: 0, ..state }]),
        lead("nothing", 1, &[]),
        lead("somebody else's", 1, &[State { replicas: &[2], ..state }]),
        lead("the same again", 1, &[State { epoch: 1, ..state }]),
        lead("two, one of them twice", 1, &[State { epoch: 2, ..state }, State { epoch: 3, ..state }]),
        lead("a new one of somebody else's", 1, &[State { topic: "not-ours", replicas: &[2], ..state }]),
        put("not-ours", 0, &values(&[b"not ours"])),
        get("not-ours", 0, 0, 100),
        lead("a new one that follows nobody", 1, &[State { topic: "nobodys", leader: 9, ..state }]),
        put("nobodys", 0, &values(&[b"nobody's"])),
        get("nobodys", 0, 0, 100),
        lead("a topic that nobody made", 1, &[State { topic: "from-nowhere", ..state }]),
        put("from-nowhere", 0, &values(&[b"nowhere"])),
        get("from-nowhere", 0, 0, 100),
        Op::Ask(metadata(&[])),
        get(T, 0, 0, 1000),
        lead("follows nobody", 1, &[State { leader: 9, epoch: 10, ..state }]),
        put(T, 0, &values(&[b"not led"])),
        get(T, 0, 0, 1000),
        offset_at(T, 0, -1, 10),
        lead("leads again", 1, &[State { epoch: 11, ..state }]),
        put(T, 0, &values(&[b"led"])),
        get(T, 0, 0, 1000),
        stop(0, 0, &[(T, 0)]),
        stop(1, 0, &[(T, 0), ("unknown-topic", 3)]),
        get(T, 0, 0, 1000),
        put(T, 0, &values(&[b"stopped"])),
        stop(1, 1, &[("from-nowhere", 0)]),
        get("from-nowhere", 0, 0, 100),
        stop(1, 2, &[]),
        stop(1, -1, &[]),
        shutdown(7),
        shutdown(-1),
    ];
    // What Metadata says is what it was told.
    let update = |text: &str, epoch: i32, of: &[State<'_>], brokers: &[(i32, &str, i32)]| {
        let to = states(new().i32(1).i32(epoch), of);
        let to = to.array(brokers, |to, (id, host, port)| to.i32(*id).text(host).i32(*port));
        body(&format!("UpdateMetadata: {text}"), 6, 0, to)
    };
    let all = [(1, "elsewhere", 9000), (2, "another", 9001)];
    let told = State { topic: "told", replicas: &[1, 2], ..state };
    ops.push(update("an old controller", 0, &[told], &all));
    for op in [
        update("two brokers", 1, &[told], &all),
        update("no leader", 1, &[State { partition: 1, leader: -1, ..told }], &all),
        update("a dead replica", 1, &[State { partition: 2, replicas: &[1, 3], ..told }], &all),
        update("a dead leader", 1, &[State { partition: 3, leader: 3, replicas: &[1, 3], ..told }], &all),
        update("one deleted", 1, &[State { partition: 0, leader: -2, ..told }], &all),
        update("one that is not there deleted", 1, &[State { partition: 9, leader: -2, ..told }], &all),
    ] {
        ops.push(op);
        ops.push(Op::Ask(metadata(&["told"])));
    }
    let gone: Vec<_> = (1..4).map(|partition| State { partition, leader: -2, ..told }).collect();
    ops.push(update("all deleted", 1, &gone, &[(1, OWN_ADDRESS, 9092)]));
    ops.push(Op::Ask(metadata(&[])));
    ops
}
