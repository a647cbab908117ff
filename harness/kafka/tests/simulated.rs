//! The machines in virtual time: what would take minutes happens at once, and always the same way.
#![allow(clippy::unwrap_used)] // A test helper fails the test.

#[path = "common/world.rs"]
mod world;

use std::time::{Duration, Instant};

use stacklab_kafka::codec::{Produce, ProducePart, Request, Response, Topic};
use stacklab_kafka::model::compression::Codec;
use stacklab_kafka::model::io::{Ending, Input};
use stacklab_kafka::model::message::put_message;
use stacklab_kafka::model::{ErrorCode, znodes};
use world::{Member, World};

fn make_topic(world: &mut World, broker: u32, topic: &str) {
    for _ in 0..100 {
        let Response::Metadata { metadata, .. } = world.ask(broker, Request::Metadata(vec![topic.into()]))
        else {
            panic!("metadata")
        };
        if metadata.topics[0].error.is_none() {
            return;
        }
        world.run_for(Duration::from_millis(20));
    }
    panic!("no leader: {}", world.log.join("\n"));
}

fn produce(world: &mut World, broker: u32, topic: &str, value: &str, acks: i16) -> (ErrorCode, i64) {
    let mut set = Vec::new();
    put_message(&mut set, 0, Codec::None, None, Some(value.as_bytes()));
    let topics = vec![Topic::new(topic, vec![ProducePart { partition: 0, set: set.into() }])];
    let request = Request::Produce(Produce { acks, timeout_ms: 1000, topics });
    let Response::Produce(topics) = world.ask(broker, request) else { panic!("produce") };
    (topics[0].partitions[0].error, topics[0].partitions[0].base_offset)
}

fn leader(world: &World, topic: &str) -> Option<u32> {
    let led = |(id, node): (&u32, &world::Node)| {
        let Member::Broker(broker) = &node.member else { return None };
        broker.partition_offsets(topic).get(&0)?.leader.then_some(*id)
    };
    world.nodes.iter().find_map(led)
}

fn end(world: &World, id: u32, topic: &str) -> Option<i64> {
    let Member::Broker(broker) = &world.nodes.get(&id)?.member else { return None };
    Some(broker.partition_offsets(topic).get(&0)?.end)
}

fn state(world: &World, topic: &str) -> znodes::PartitionState {
    let (data, _) = world.zk.get(&format!("/kafka{}", znodes::state_path(topic, 0))).unwrap();
    znodes::parse_state(&data.unwrap()).unwrap()
}

/// Three brokers and a consumer; the leader dies and comes back.
fn scenario() -> World {
    let mut world = World::new();
    for id in 1..=3 {
        world.broker(id, &[("default.replication.factor", "3")]);
        world.run_for(Duration::from_secs(1));
    }
    world.consumer(9, "spans");
    make_topic(&mut world, 1, "spans");
    let first = leader(&world, "spans").unwrap();
    assert_eq!(produce(&mut world, first, "spans", "one", -1), (ErrorCode::NONE, 0));
    world.kill(first);
    world.run_until("another leader", |world| leader(world, "spans").is_some());
    let second = leader(&world, "spans").unwrap();
    world.run_until("replicas in sync", |world| state(world, "spans").isr.len() == 2);
    assert_eq!(produce(&mut world, second, "spans", "two", -1), (ErrorCode::NONE, 1));
    world.broker(first, &[("default.replication.factor", "3")]);
    world.run_until("it catches up", |world| end(world, first, "spans") == Some(2));
    world.run_until("all in sync", |world| state(world, "spans").isr.len() == 3);
    world.run_until("both consumed", |world| world.nodes[&9].records.len() == 2);
    world
}

#[test]
fn a_dead_leader_is_replaced_and_comes_back() {
    let world = scenario();
    assert_eq!(state(&world, "spans").leader_epoch, 1);
    let values: Vec<_> =
        world.nodes[&9].records.iter().map(|r| (r.offset, r.value.clone().unwrap())).collect();
    assert_eq!(values, [(0, "one".into()), (1, "two".into())]);
}

#[test]
fn the_same_run_gives_the_same_log() {
    let (first, second) = (scenario(), scenario());
    assert_eq!(first.log, second.log);
    assert_eq!(first.zk.snapshot().len(), second.zk.snapshot().len());
}

#[test]
fn a_consumer_commits_every_minute() {
    let mut world = World::new();
    world.broker(1, &[]);
    world.run_for(Duration::from_secs(1));
    world.consumer(9, "spans");
    make_topic(&mut world, 1, "spans");
    produce(&mut world, 1, "spans", "one", 1);
    world.run_for(Duration::from_secs(30));
    let committed = |world: &World| world.zk.get("/kafka/consumers/zipkin/offsets/spans/0").ok();
    assert!(committed(&world).is_none());
    world.run_for(Duration::from_secs(31));
    assert_eq!(committed(&world).unwrap().0.unwrap(), "1");
    // After an expired session nothing is lost, and what was not committed is read again.
    produce(&mut world, 1, "spans", "two", 1);
    world.run_until("it is read", |world| world.nodes[&9].records.len() == 2);
    world.expire(9);
    world.run_until("it is read again", |world| world.nodes[&9].records.len() == 3);
    assert_eq!(world.nodes[&9].records[2].offset, 1);
    world.tell(9, Input::Terminate);
    world.run_until("it stops", |world| world.nodes[&9].ending == Some(Ending::Stopped));
    assert_eq!(committed(&world).unwrap().0.unwrap(), "2");
}

#[test]
fn a_restarted_broker_waits_for_its_old_session() {
    let mut world = World::new();
    world.broker(1, &[]);
    world.run_for(Duration::from_secs(1));
    make_topic(&mut world, 1, "spans");
    world.kill(1);
    let killed = world.now;
    world.broker(1, &[]);
    world.run_until("it leads again", |world| leader(world, "spans").is_some());
    let waited = world.now.since(killed);
    assert!((6..=14).contains(&waited.as_secs()), "{waited:?}");
    let (epoch, _) = world.zk.get("/kafka/controller_epoch").unwrap();
    assert_eq!(epoch.unwrap(), "2");
}

#[test]
fn a_hundred_runs_take_no_time() {
    let began = Instant::now();
    let mut steps = 0;
    for _ in 0..100 {
        let mut world = World::new();
        world.broker(70, &[]);
        world.run_for(Duration::from_secs(1));
        world.consumer(9, "spans");
        make_topic(&mut world, 70, "spans");
        produce(&mut world, 70, "spans", "span", 1);
        world.run_until("it is read", |world| world.nodes[&9].records.len() == 1);
        steps += world.steps;
    }
    // Two orders of magnitude above what it takes without optimisation.
    assert!(began.elapsed() < Duration::from_secs(10), "{steps} steps in {:?}", began.elapsed());
}
