//! Agents lost and found.

use expect_test::expect;
use stacklab_machine::timeline::What;
use stacklab_machine::{Machine, Outbox, Rng};
use stacklab_mesos::*;

use crate::world::{World, address, capable, framework, seconds, task};

fn running(info: FrameworkInfo) -> World {
    let mut world = World::new(1);
    world.subscribe(1, info);
    let offer = world.offers.remove(0);
    world.launch(1, &offer, vec![task("t", &offer, "sleep")]);
    world.pass(seconds(5));
    world.heard();
    world
}

#[test]
fn a_silent_agent_is_unreachable_after_five_pings() {
    for (capabilities, state) in
        [(&[][..], "TASK_LOST"), (&[Capability::PartitionAware][..], "TASK_UNREACHABLE")]
    {
        let mut world = running(capable("f", capabilities));
        let started = world.now;
        world.up.clear();
        world.pass(seconds(100));
        let heard = world.heard();
        let expected = format!(
            "1 UPDATE t {state} MASTER AGENT_REMOVED \"health check timed out\"\n1 Rescind(OfferId(M-O1))\n1 Failure \
             {{ agent_id: Some(AgentId(M-S0)), executor_id: None, status: None }}\n"
        );
        assert_eq!(heard, expected);
        assert!(world.now.since(started) >= seconds(75));
        let lost =
            |what: &What| matches!(what, What::AgentLost { cause, .. } if cause == "health check timed out");
        assert!(world.notes.iter().any(lost));
    }
}

#[test]
fn an_unreachable_agent_brings_its_tasks_back() {
    let mut world = running(framework("f"));
    world.up.clear();
    world.pass(seconds(100));
    world.heard();
    let offer_agent: AgentId = "M-S0".into();
    world.say(1, SchedulerCall::Reconcile { tasks: vec![("t".into(), Some(offer_agent))] });
    world.restore(0);
    expect![[r#"
        1 UPDATE t TASK_LOST MASTER RECONCILIATION "Reconciliation: Task is unreachable"
        1 UPDATE t TASK_RUNNING MASTER AGENT_REREGISTERED "Unreachable agent re-reregistered"
        1 OFFER M-O2 cpus:3; mem:16256; ports:[31000-32000]
    "#]]
    .assert_eq(&world.heard());
}

#[test]
fn an_agent_that_was_only_deaf_registers_again() {
    let mut world = running(framework("f"));
    world.up.clear();
    world.pass(seconds(100));
    world.heard();
    world.up.insert(0);
    world.exit_last(0, Exit::Code(0));
    expect![[r#"
        1 OFFER M-O2 cpus:4; mem:16384; ports:[31000-32000]
        1 UPDATE t TASK_FINISHED EXECUTOR - "Command exited with status 0"
    "#]]
    .assert_eq(&world.heard());
}

#[test]
fn a_broken_link_is_mended() {
    let mut world = running(framework("f"));
    world.cut(0);
    world.say(1, SchedulerCall::Kill { task_id: "t".into(), agent_id: None, kill_policy: None });
    world.pass(seconds(2));
    world.restore(0);
    expect![[r#"
        1 Rescind(OfferId(M-O1))
        1 OFFER M-O2 cpus:3; mem:16256; ports:[31000-32000]
        1 UPDATE t TASK_KILLED EXECUTOR - "Command terminated with signal Terminated"
    "#]]
    .assert_eq(&world.heard());
}

#[test]
fn without_checkpoint_a_broken_link_loses_the_tasks() {
    let mut world = running(FrameworkInfo { checkpoint: false, ..framework("f") });
    world.cut(0);
    expect![[r#"
        1 Rescind(OfferId(M-O1))
        1 UPDATE t TASK_LOST MASTER AGENT_DISCONNECTED "Agent 127.77.0.11 disconnected"
    "#]]
    .assert_eq(&world.heard());
}

#[test]
fn a_new_agent_at_an_old_address_replaces_it() {
    let mut world = running(capable("f", &[Capability::PartitionAware]));
    let resources = "cpus:8;mem:100".parse().unwrap();
    world.agents.push(Agent::new(AgentConfig::new(address(11, 5051), resources, Rng::new(9))));
    world.up.insert(1);
    world.agent(1, AgentInput::Connected);
    expect![[r#"
        1 UPDATE t TASK_LOST MASTER AGENT_REMOVED "Agent 127.77.0.11 removed: a new agent registered at the same address"
        1 Rescind(OfferId(M-O1))
        1 Failure { agent_id: Some(AgentId(M-S0)), executor_id: None, status: None }
        1 OFFER M-O2 cpus:8; mem:100
    "#]].assert_eq(&world.heard());
}

#[test]
fn a_leaving_agent_is_removed() {
    let mut world = running(capable("f", &[Capability::PartitionAware]));
    world.input(MasterInput::Agent { link: LinkId(0), message: AgentToMaster::Unregister });
    expect![[r#"
        1 UPDATE t TASK_LOST MASTER AGENT_REMOVED "Agent 127.77.0.11 removed: the agent unregistered"
        1 Rescind(OfferId(M-O1))
        1 Failure { agent_id: Some(AgentId(M-S0)), executor_id: None, status: None }
    "#]]
    .assert_eq(&world.heard());
}

#[test]
fn another_master_learns_from_its_agents() {
    let mut world = running(framework("f"));
    let mut config = MasterConfig::new("N", address(1, 5050), Rng::new(5));
    config.started = world.now;
    world.master = Master::new(config);
    world.agent(0, AgentInput::Disconnected);
    world.restore(0);
    let state = world.get("/state").text().into_owned();
    assert!(state.contains("\"connected\":false,\"recovered\":true"), "{state}");
    world.subscribe(2, FrameworkInfo { id: Some("M-0000".into()), ..framework("f") });
    world.say(2, SchedulerCall::Reconcile { tasks: Vec::new() });
    expect![[r#"
        2 SUBSCRIBED M-0000
        2 OFFER N-O0 cpus:3; mem:16256; ports:[31000-32000]
        2 UPDATE t TASK_RUNNING MASTER RECONCILIATION "Reconciliation: Latest task state"
    "#]]
    .assert_eq(&world.heard());
}

#[test]
fn asks_until_it_is_answered() {
    let config = AgentConfig::new(address(11, 5051), "cpus:1".parse().unwrap(), Rng::new(1));
    let mut agent = Agent::new(config);
    let mut out = Outbox::new();
    let now = stacklab_machine::Time::SIM_START;
    assert_eq!(agent.wake_at(), None);
    agent.handle(now, AgentInput::Connected, &mut out);
    assert_eq!(agent.wake_at(), Some(now + seconds(1)));
    agent.wake(now + seconds(1), &mut out);
    assert_eq!(out.take_outputs().len(), 2);
    let welcome = MasterToAgent::Registered { agent_id: "M-S0".into() };
    agent.handle(now + seconds(1), AgentInput::Master(welcome), &mut out);
    assert_eq!(agent.wake_at(), None);
    assert_eq!(agent.id(), Some(&"M-S0".into()));
}
