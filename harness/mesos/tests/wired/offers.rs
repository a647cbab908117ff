//! Who is offered what, and when again.

use expect_test::expect;
use stacklab_machine::Machine;
use stacklab_mesos::*;

use crate::world::{World, framework, seconds, task};

fn decline(world: &mut World, connection: u64, refuse_seconds: Option<f64>) {
    let offer_ids = world.offers.drain(..).map(|offer| offer.id).collect();
    world.say(connection, SchedulerCall::Decline { offer_ids, refuse_seconds });
}

#[test]
fn a_refusal_lasts_as_long_as_it_says() {
    // What was given to `refuse_seconds`, and after how many seconds the offer is there again.
    for (refuse, seconds_to_wait) in
        [(None, 5), (Some(0.0), 1), (Some(0.2), 1), (Some(3.0), 3), (Some(-1.0), 5)]
    {
        let mut world = World::new(1);
        world.subscribe(1, framework("f"));
        decline(&mut world, 1, refuse);
        world.pass(seconds(seconds_to_wait) - std::time::Duration::from_millis(1));
        assert!(world.offers.is_empty(), "{refuse:?}: too early");
        world.pass(std::time::Duration::from_millis(1));
        assert_eq!(world.offers.len(), 1, "{refuse:?}: too late");
    }
}

#[test]
fn sleeps_while_nothing_can_change() {
    let mut world = World::new(1);
    world.subscribe(1, framework("f"));
    decline(&mut world, 1, Some(100.0));
    // One batch finds that the only framework refused; the next is due when its refusal ends.
    world.pass(seconds(14));
    assert_eq!(world.master.wake_at(), Some(world.now + seconds(1)), "the next heartbeat and ping");
    let runs = |world: &mut World| {
        let text = world.get("/metrics/snapshot").text().into_owned();
        text.split("allocation_runs\":").nth(1).unwrap().split(',').next().unwrap().to_owned()
    };
    let before = runs(&mut world);
    world.pass(seconds(80));
    assert_eq!(runs(&mut world), before);
    world.pass(seconds(6));
    assert_eq!(world.offers.len(), 1);
}

#[test]
fn revive_clears_and_suppress_stops() {
    let mut world = World::new(1);
    let none = Vec::new;
    world.subscribe(1, framework("f"));
    decline(&mut world, 1, Some(1000.0));
    world.say(1, SchedulerCall::Revive { roles: none() });
    assert_eq!(world.offers.len(), 1, "at once");
    world.say(1, SchedulerCall::Suppress { roles: none() });
    decline(&mut world, 1, Some(0.0));
    world.pass(seconds(5));
    assert!(world.offers.is_empty());
    world.say(1, SchedulerCall::Revive { roles: vec!["other".into()] });
    assert!(world.offers.is_empty(), "a role it does not have: the whole call is dropped");
    world.say(1, SchedulerCall::Revive { roles: vec!["*".into()] });
    assert_eq!(world.offers.len(), 1);
}

#[test]
fn unknown_offers_are_declined_silently() {
    let mut world = World::new(0);
    world.subscribe(1, framework("f"));
    world.heard();
    world.say(1, SchedulerCall::Decline { offer_ids: vec!["M-O9".into()], refuse_seconds: None });
    assert_eq!(world.heard(), "");
}

#[test]
fn shares_are_fair_over_agents() {
    let mut world = World::new(2);
    world.subscribe(1, framework("f"));
    decline(&mut world, 1, Some(0.0));
    world.subscribe(2, framework("g"));
    let mut owners: Vec<_> = world.offers.iter().map(|offer| offer.framework_id.to_string()).collect();
    owners.sort();
    assert_eq!(owners, ["M-0000", "M-0001"], "one agent each");
}

#[test]
fn reserved_resources_go_to_their_role_only() {
    let mut world = World::with(1, "cpus:2;cpus(dev):1;mem:64", |_| {});
    world.subscribe(1, framework("f"));
    world.subscribe(2, FrameworkInfo { role: Some("dev/web".into()), ..framework("g") });
    expect![[r#"
        1 SUBSCRIBED M-0000
        1 OFFER M-O0 cpus:2; mem:64
        2 SUBSCRIBED M-0001
        2 OFFER M-O1 cpus(reservations: [(STATIC,dev)]):1
    "#]]
    .assert_eq(&world.heard());
}

#[test]
fn gpus_are_for_those_who_know_them() {
    let mut world = World::with(1, "cpus:2;mem:64;gpus:1", |_| {});
    world.subscribe(1, framework("f"));
    world.subscribe(2, crate::world::capable("g", &[Capability::GpuResources]));
    expect![[r#"
        1 SUBSCRIBED M-0000
        2 SUBSCRIBED M-0001
        2 OFFER M-O0 cpus:2; mem:64; gpus:1
    "#]]
    .assert_eq(&world.heard());
}

#[test]
fn too_little_is_not_offered() {
    let mut world = World::with(1, "cpus:0.009;mem:31;ports:[1-9]", |_| {});
    world.subscribe(1, framework("f"));
    assert_eq!(world.offers.len(), 0);
    let mut world = World::with(1, "cpus:0.009;mem:32", |_| {});
    world.subscribe(1, framework("f"));
    assert_eq!(world.offers.len(), 1, "one of the two suffices");
}

#[test]
fn offers_can_time_out() {
    let mut world = World::with(1, "cpus:1;mem:64", |config| config.offer_timeout = Some(seconds(3)));
    world.subscribe(1, framework("f"));
    world.pass(seconds(4));
    expect![[r#"
        1 SUBSCRIBED M-0000
        1 OFFER M-O0 cpus:1; mem:64
        1 Rescind(OfferId(M-O0))
        1 OFFER M-O1 cpus:1; mem:64
    "#]]
    .assert_eq(&world.heard());
}

#[test]
fn wrong_offers_lose_the_launch_and_the_offers() {
    let mut world = World::new(2);
    world.subscribe(1, framework("f"));
    let offers = std::mem::take(&mut world.offers);
    world.subscribe(2, crate::world::capable("g", &[Capability::PartitionAware]));
    world.heard();
    let (one, other) = (offers[0].clone(), offers[1].clone());
    let accept = |world: &mut World, connection, ids: &[&OfferId]| {
        let tasks = vec![task("t", &one, "sleep")];
        let offer_ids = ids.iter().map(|id| (*id).clone()).collect();
        world.say(connection, SchedulerCall::Accept { offer_ids, tasks, refuse_seconds: None });
    };
    accept(&mut world, 2, &[&one.id]);
    world.pass(seconds(1));
    let fresh = world.offers.pop().unwrap();
    let connection = if fresh.framework_id.as_str() == "M-0000" { 1 } else { 2 };
    accept(&mut world, connection, &[&fresh.id, &fresh.id]);
    accept(&mut world, 1, &[]);
    accept(&mut world, 1, &[&"M-O9".into()]);
    accept(&mut world, 1, &[&other.id]);
    accept(&mut world, 1, &[&other.id]);
    let heard = world.heard();
    let updates: Vec<_> = heard.lines().filter(|line| line.contains("UPDATE")).collect();
    expect![[r#"
        2 UPDATE t TASK_DROPPED MASTER INVALID_OFFERS "Task launched with invalid offers: Offer M-O0 has invalid framework M-0000 while framework M-0001 is expected"
        2 UPDATE t TASK_DROPPED MASTER INVALID_OFFERS "Task launched with invalid offers: Duplicate offer M-O2 in offer list"
        1 UPDATE t TASK_LOST MASTER INVALID_OFFERS "Task launched with invalid offers: No offers specified"
        1 UPDATE t TASK_LOST MASTER INVALID_OFFERS "Task launched with invalid offers: Offer M-O9 is no longer valid"
        1 UPDATE t TASK_ERROR MASTER TASK_INVALID "Task uses invalid agent M-S1 while agent M-S0 is expected"
        1 UPDATE t TASK_LOST MASTER INVALID_OFFERS "Task launched with invalid offers: Offer M-O1 is no longer valid""#]].assert_eq(&updates.join("\n"));
}

#[test]
fn offers_of_two_agents_do_not_mix() {
    let mut world = World::new(2);
    world.subscribe(1, framework("f"));
    world.heard();
    let offer_ids = world.offers.iter().map(|offer| offer.id.clone()).collect();
    let tasks = vec![task("t", &world.offers[0], "sleep")];
    world.say(1, SchedulerCall::Accept { offer_ids, tasks, refuse_seconds: None });
    expect![[r#"
        1 UPDATE t TASK_LOST MASTER INVALID_OFFERS "Task launched with invalid offers: Aggregated offers must belong to one single agent. Offer M-O1 uses agent M-S0 and agent M-S1"
    "#]].assert_eq(&world.heard());
}
