//! What the controller decides, event by event.

use expect_test::{Expect, expect};

use super::*;

fn live(ids: &[i32]) -> BTreeMap<i32, Endpoint> {
    ids.iter().map(|id| (*id, Endpoint { host: format!("h{id}"), port: 9092 })).collect()
}

fn topics(list: &[(&str, &[i32])]) -> Assignment {
    list.iter()
        .map(|(topic, replicas)| ((*topic).to_owned(), BTreeMap::from([(0, replicas.to_vec())])))
        .collect()
}

fn controller(ids: &[i32], list: &[(&str, &[i32])]) -> Controller {
    Controller::new(ids[0], 1, true, live(ids), &topics(list), BTreeMap::new())
}

fn show_state(state: &PartitionState) -> String {
    format!("leader {} epoch {} isr {:?}", state.leader, state.leader_epoch, state.isr)
}

fn show_request(request: &Request) -> String {
    let leaders = |partitions: &[LeaderState]| {
        let each = partitions.iter().map(|p| format!("{}:{}", p.topic, p.leader));
        each.collect::<Vec<_>>().join(" ")
    };
    let nodes = |nodes: &[Node]| nodes.iter().map(|node| node.id).collect::<Vec<_>>();
    match request {
        Request::LeaderAndIsr(r) => {
            format!("lead {} of {:?}", leaders(&r.partitions), nodes(&r.live_leaders))
        }
        Request::UpdateMetadata(r) => {
            format!("know {} and {:?}", leaders(&r.partitions), nodes(&r.live_brokers))
        }
        Request::StopReplica(r) => format!("stop {} delete {}", r.partitions.len(), r.delete),
        other => format!("{other:?}"),
    }
}

fn show(decision: &Decision) -> Option<String> {
    Some(match decision {
        Decision::CreateState(at, state) => format!("create {at} {}", show_state(state)),
        Decision::WriteState(at, state, version) => {
            format!("write {at} {} over {version}", show_state(state))
        }
        Decision::ReadState(at) => format!("read {at}"),
        Decision::Tell(broker, request) => format!("tell {broker}: {}", show_request(request)),
        Decision::MayGo(_, remaining) => {
            format!("may go: error {} remaining {}", remaining.error.0, remaining.partitions.len())
        }
        Decision::DeleteNodes(topic, partitions) => format!("delete {topic} {partitions:?}"),
        Decision::ForgetDeletion(topic) => format!("no longer delete {topic}"),
        Decision::Note(_) => return None,
    })
}

/// Does what the controller wants, every write succeeding, and shows it.
fn run(controller: &mut Controller) -> String {
    run_with(controller, &mut BTreeMap::new())
}

/// As [`run`], with what ZooKeeper says of partitions where that is not what the controller wrote last.
fn run_with(
    controller: &mut Controller,
    stored: &mut BTreeMap<TopicPartition, (PartitionState, i32)>,
) -> String {
    let mut lines = Vec::new();
    loop {
        let decisions = controller.take();
        if decisions.is_empty() {
            return lines.join("\n");
        }
        for decision in decisions {
            lines.extend(show(&decision));
            match decision {
                Decision::CreateState(at, _) => controller.wrote(&at, Ok(0)),
                Decision::WriteState(at, _, version) => controller.wrote(&at, Ok(version + 1)),
                Decision::ReadState(at) => {
                    let known = controller.partitions[&at].known.clone();
                    controller.read(&at, stored.remove(&at).or(known));
                }
                _ => {}
            }
        }
    }
}

fn check(actual: &str, expected: &Expect) {
    expected.assert_eq(actual);
}

#[test]
fn a_new_topic_gets_a_leader_and_everybody_hears_of_it() {
    let mut it = controller(&[1, 2], &[]);
    assert_eq!(run(&mut it), "", "without topics nobody is told anything");
    it.topics(&topics(&[("t", &[2, 1])]));
    check(
        &run(&mut it),
        &expect![[r#"
            create [t,0] leader 2 epoch 0 isr [2, 1]
            tell 1: lead t:2 of [2]
            tell 2: lead t:2 of [2]
            tell 1: know t:2 and [1, 2]
            tell 2: know t:2 and [1, 2]"#]],
    );
}

#[test]
fn a_topic_waits_for_a_live_replica() {
    let mut it = controller(&[1], &[("t", &[2])]);
    assert_eq!(run(&mut it), "");
    it.brokers(live(&[1, 2]));
    check(
        &run(&mut it),
        &expect![[r#"
            create [t,0] leader 2 epoch 0 isr [2]
            tell 2: lead t:2 of [2]
            tell 1: know t:2 and [1, 2]
            tell 2: know t:2 and [1, 2]"#]],
    );
}

#[test]
fn a_dead_leader_is_followed_by_a_replica_in_sync() {
    let mut it = controller(&[1, 2, 3], &[("a", &[3, 2, 1]), ("b", &[1, 3])]);
    run(&mut it);
    it.brokers(live(&[1, 2]));
    check(
        &run(&mut it),
        &expect![[r#"
            read [a,0]
            read [b,0]
            write [a,0] leader 2 epoch 1 isr [2, 1] over 0
            write [b,0] leader 1 epoch 1 isr [1] over 0
            tell 1: lead a:2 b:1 of [1, 2]
            tell 2: lead a:2 of [2]
            tell 1: know a:2 b:1 and [1, 2]
            tell 2: know a:2 b:1 and [1, 2]"#]],
    );
    it.brokers(live(&[1, 2, 3]));
    check(
        &run(&mut it),
        &expect![[r#"
            tell 3: lead a:2 b:1 of [1, 2]
            tell 1: know a:2 b:1 and [1, 2, 3]
            tell 2: know a:2 b:1 and [1, 2, 3]
            tell 3: know a:2 b:1 and [1, 2, 3]"#]],
    );
}

#[test]
fn a_partition_without_live_replicas_keeps_its_state() {
    let mut it = controller(&[1, 2], &[("t", &[2])]);
    run(&mut it);
    it.brokers(live(&[1]));
    assert_eq!(run(&mut it), "tell 1: know t:2 and [1]");
}

#[test]
fn an_unclean_leader_needs_permission() {
    let state = PartitionState { controller_epoch: 1, leader: 2, leader_epoch: 4, isr: vec![2] };
    let states = BTreeMap::from([(TopicPartition::new("t", 0), (state, 9))]);
    let list = topics(&[("t", &[2, 1])]);
    let mut it = Controller::new(1, 2, false, live(&[1]), &list, states.clone());
    assert!(!run(&mut it).contains("write"));
    let mut it = Controller::new(1, 2, true, live(&[1]), &list, states);
    assert!(run(&mut it).starts_with("write [t,0] leader 1 epoch 5 isr [1] over 9"));
}

#[test]
fn a_leaving_broker_hands_over() {
    let mut it = controller(&[1, 2], &[("a", &[2, 1]), ("b", &[1, 2]), ("c", &[2])]);
    run(&mut it);
    it.leave(7, 2);
    check(
        &run(&mut it),
        &expect![[r#"
            read [a,0]
            read [b,0]
            write [a,0] leader 1 epoch 1 isr [1] over 0
            write [b,0] leader 1 epoch 1 isr [1] over 0
            tell 1: lead a:1 b:1 of [1]
            tell 2: lead a:1 b:1 of [1]
            tell 1: know a:1 b:1 and [1, 2]
            tell 2: know a:1 b:1 and [1, 2]
            tell 2: stop 1 delete 0
            may go: error 0 remaining 0"#]],
    );
    it.leave(8, 1);
    assert!(run(&mut it).ends_with("may go: error 0 remaining 2"), "nobody else can lead");
    it.leave(9, 5);
    assert_eq!(run(&mut it), "may go: error -1 remaining 0");
}

#[test]
fn replicas_that_came_into_sync_meanwhile_may_lead() {
    for leaves in [false, true] {
        let mut it = controller(&[1, 2], &[("t", &[2, 1])]);
        run(&mut it);
        it.brokers(live(&[2]));
        run(&mut it);
        it.brokers(live(&[1, 2]));
        run(&mut it);
        let at = TopicPartition::new("t", 0);
        let grown = PartitionState { controller_epoch: 1, leader: 2, leader_epoch: 1, isr: vec![2, 1] };
        let mut stored = BTreeMap::from([(at, (grown, 2))]);
        if leaves {
            it.leave(7, 2);
        } else {
            it.brokers(live(&[1]));
        }
        let text = run_with(&mut it, &mut stored);
        assert!(text.starts_with("read [t,0]\nwrite [t,0] leader 1 epoch 2 isr [1] over 2\n"), "{text}");
        assert_eq!(text.contains("may go: error 0 remaining 0"), leaves);
    }
}

#[test]
fn somebody_elses_write_is_read_and_respected() {
    let mut it = controller(&[1, 2], &[("t", &[2, 1])]);
    run(&mut it);
    it.brokers(live(&[1]));
    let at = TopicPartition::new("t", 0);
    let known = it.partitions[&at].known.clone();
    it.read(&at, known);
    it.take();
    it.wrote(&at, Err(ZkFault::BadVersion));
    assert_eq!(it.take().iter().filter_map(show).collect::<Vec<_>>(), ["read [t,0]"]);
    let shrunk = PartitionState { controller_epoch: 1, leader: 2, leader_epoch: 0, isr: vec![2] };
    it.read(&at, Some((shrunk, 3)));
    assert!(run(&mut it).starts_with("write [t,0] leader 1 epoch 1 isr [1] over 3"));
}

#[test]
fn a_topic_is_deleted_everywhere() {
    let mut it = controller(&[1, 2], &[("t", &[2])]);
    run(&mut it);
    it.delete_topic("other");
    assert_eq!(run(&mut it), "no longer delete other");
    it.delete_topic("t");
    check(
        &run(&mut it),
        &expect![[r#"
            tell 1: know t:-2 and [1, 2]
            tell 2: know t:-2 and [1, 2]
            tell 2: stop 1 delete 1
            delete t [0]"#]],
    );
    it.topics(&Assignment::new());
    assert_eq!(run(&mut it), "");
}
