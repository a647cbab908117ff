//! Frameworks whose drivers speak the protocol before the v1 API.

use expect_test::{Expect, expect};
use stacklab_machine::http::Request;
use stacklab_mesos::v0::{DriverCall, Pid};
use stacklab_mesos::*;

use crate::world::{World, custom_task, framework, seconds, task};

fn pid(number: u32) -> Pid {
    Pid::parse(&format!("scheduler({number})@127.0.0.1:{}", 4000 + number)).unwrap()
}

/// Says something as the driver of that number, and looks at what is heard.
#[track_caller]
fn say(world: &mut World, number: u32, call: DriverCall, expected: &Expect) {
    world.input(MasterInput::Driver { pid: pid(number), call });
    expected.assert_eq(&world.heard());
}

fn register(info: FrameworkInfo) -> DriverCall {
    DriverCall::Register { info: Box::new(info) }
}

fn reregister(id: &str, failover: bool) -> DriverCall {
    let info = FrameworkInfo { id: Some(id.into()), ..framework("f") };
    DriverCall::Reregister { info: Box::new(info), failover }
}

fn call(id: &str, call: SchedulerCall) -> DriverCall {
    DriverCall::Call { framework_id: id.into(), call }
}

fn launch(offer: &Offer, tasks: Vec<TaskInfo>) -> DriverCall {
    let offer_ids = vec![offer.id.clone()];
    call("M-0000", SchedulerCall::Accept { offer_ids, tasks, refuse_seconds: Some(10.0) })
}

/// One agent, and a framework that the driver of number 1 has registered.
fn registered() -> World {
    let mut world = World::new(1);
    world.input(MasterInput::Driver { pid: pid(1), call: register(framework("f")) });
    world.heard();
    world
}

#[test]
fn who_may_register() {
    let mut world = World::new(0);
    let first = register(framework("f"));
    say(
        &mut world,
        1,
        first.clone(),
        &expect![[r#"
        scheduler(1) FrameworkRegistered M-0000
    "#]],
    );
    // Asked again, it is answered again.
    say(
        &mut world,
        1,
        first,
        &expect![[r#"
        scheduler(1) FrameworkRegistered M-0000
    "#]],
    );
    say(
        &mut world,
        2,
        register(framework("g")),
        &expect![[r#"
        scheduler(2) FrameworkRegistered M-0001
    "#]],
    );
    let with_id = FrameworkInfo { id: Some("M-0000".into()), ..framework("f") };
    say(
        &mut world,
        3,
        register(with_id),
        &expect![[r#"
        scheduler(3) FrameworkError "Registering with 'id' already set"
    "#]],
    );
    let bad = FrameworkInfo { role: Some("a b".into()), ..framework("f") };
    say(
        &mut world,
        3,
        register(bad),
        &expect![[r#"
        scheduler(3) FrameworkError "'FrameworkInfo.role' is not a valid role: Role component 'a b' is invalid because it contains backspace or whitespace"
    "#]],
    );
}

#[test]
fn who_may_register_again() {
    let mut world = registered();
    let nameless = DriverCall::Reregister { info: Box::new(framework("f")), failover: true };
    say(
        &mut world,
        1,
        nameless,
        &expect![[r#"
        scheduler(1) FrameworkError "Re-registering without an 'id'"
    "#]],
    );
    // The same process: its offers are rescinded, and made anew.
    say(
        &mut world,
        1,
        reregister("M-0000", false),
        &expect![[r#"
        scheduler(1) Rescind(OfferId(M-O0))
        scheduler(1) FrameworkReregistered M-0000
        scheduler(1) ResourceOffers M-O1 cpus:4; mem:16384; ports:[31000-32000]
    "#]],
    );
    say(
        &mut world,
        1,
        reregister("M-0000", true),
        &expect![[r#"
        scheduler(1) FrameworkRegistered M-0000
        scheduler(1) ResourceOffers M-O2 cpus:4; mem:16384; ports:[31000-32000]
    "#]],
    );
    // Another process: it takes over only where it says so.
    say(
        &mut world,
        2,
        reregister("M-0000", false),
        &expect![[r#"
        scheduler(2) FrameworkError "Framework failed over"
    "#]],
    );
    say(
        &mut world,
        2,
        reregister("M-0000", true),
        &expect![[r#"
        scheduler(1) FrameworkError "Framework failed over"
        scheduler(2) FrameworkRegistered M-0000
        scheduler(2) ResourceOffers M-O3 cpus:4; mem:16384; ports:[31000-32000]
    "#]],
    );
    // The old one says nothing that counts any more.
    let unregister = DriverCall::Unregister { framework_id: "M-0000".into() };
    say(&mut world, 1, unregister.clone(), &expect![[r#""#]]);
    // Nobody knows these, as after a change of masters.
    say(
        &mut world,
        3,
        reregister("old-0001", false),
        &expect![[r#"
        scheduler(3) FrameworkRegistered old-0001
    "#]],
    );
    say(
        &mut world,
        4,
        reregister("old-0002", true),
        &expect![[r#"
        scheduler(4) FrameworkRegistered old-0002
    "#]],
    );
    say(&mut world, 2, unregister, &expect![[r#""#]]);
    say(
        &mut world,
        2,
        reregister("M-0000", true),
        &expect![[r#"
        scheduler(2) FrameworkError "Framework has been removed"
    "#]],
    );
}

#[test]
fn a_v1_scheduler_takes_over_and_is_taken_over() {
    let mut world = registered();
    world.subscribe(1, FrameworkInfo { id: Some("M-0000".into()), ..framework("f") });
    expect![[r#"
        scheduler(1) FrameworkError "Framework failed over"
        1 SUBSCRIBED M-0000
        1 OFFER M-O1 cpus:4; mem:16384; ports:[31000-32000]
    "#]]
    .assert_eq(&world.heard());
    say(
        &mut world,
        2,
        reregister("M-0000", true),
        &expect![[r#"
        1 Error { message: "Framework failed over" }
        1 CLOSED
        scheduler(2) FrameworkRegistered M-0000
        scheduler(2) ResourceOffers M-O2 cpus:4; mem:16384; ports:[31000-32000]
    "#]],
    );
    // The v1 API is closed to it now.
    world.input(MasterInput::Call {
        connection: ConnectionId(7),
        framework_id: Some("M-0000".into()),
        stream_id: Some(StreamId::from("any")),
        call: SchedulerCall::Revive { roles: Vec::new() },
    });
    expect![[r#"
        403 Framework is not connected via HTTP
    "#]]
    .assert_eq(&world.heard());
}

#[test]
fn a_task_from_launch_to_end() {
    let mut world = registered();
    let offer = world.offers.remove(0);
    say(
        &mut world,
        1,
        launch(&offer, vec![task("t", &offer, "run")]),
        &expect![[r#"
        scheduler(1) UPDATE t TASK_STARTING EXECUTOR - from slave(1)@127.77.0.11:5051
        scheduler(1) UPDATE t TASK_RUNNING EXECUTOR - from slave(1)@127.77.0.11:5051
    "#]],
    );
    // What is left is refused for ten seconds.
    world.pass(seconds(9));
    expect![[r#""#]].assert_eq(&world.heard());
    world.exit_last(0, Exit::Code(0));
    expect![[r#"
        scheduler(1) UPDATE t TASK_FINISHED EXECUTOR - "Command exited with status 0" from slave(1)@127.77.0.11:5051
    "#]].assert_eq(&world.heard());
    world.pass(seconds(2));
    expect![[r#"
        scheduler(1) ResourceOffers M-O1 cpus:4; mem:16384; ports:[31000-32000]
    "#]]
    .assert_eq(&world.heard());
}

#[test]
fn updates_come_again_until_they_are_acknowledged() {
    let mut world = registered();
    world.acknowledge = false;
    let offer = world.offers.remove(0);
    say(
        &mut world,
        1,
        launch(&offer, vec![task("t", &offer, "run")]),
        &expect![[r#"
        scheduler(1) UPDATE t TASK_STARTING EXECUTOR - from slave(1)@127.77.0.11:5051
    "#]],
    );
    world.pass(seconds(31));
    expect![[r#"
        scheduler(1) ResourceOffers M-O1 cpus:3; mem:16256; ports:[31000-32000]
        scheduler(1) UPDATE t TASK_STARTING EXECUTOR - from slave(1)@127.77.0.11:5051
        scheduler(1) UPDATE t TASK_STARTING EXECUTOR - from slave(1)@127.77.0.11:5051
    "#]]
    .assert_eq(&world.heard());
    let status = world.statuses.last().unwrap().clone();
    let acknowledge = SchedulerCall::Acknowledge {
        agent_id: status.agent_id.unwrap(),
        task_id: status.task_id,
        uuid: status.uuid.unwrap(),
    };
    say(
        &mut world,
        1,
        call("M-0000", acknowledge),
        &expect![[r#"
        scheduler(1) UPDATE t TASK_RUNNING EXECUTOR - from slave(1)@127.77.0.11:5051
    "#]],
    );
}

#[test]
fn declines_are_launches_of_nothing() {
    let mut world = registered();
    let offer = world.offers.remove(0);
    say(&mut world, 1, launch(&offer, Vec::new()), &expect![[r#""#]]);
    world.pass(seconds(9));
    expect![[r#""#]].assert_eq(&world.heard());
    world.pass(seconds(2));
    expect![[r#"
        scheduler(1) ResourceOffers M-O1 cpus:4; mem:16384; ports:[31000-32000]
    "#]]
    .assert_eq(&world.heard());
    // Revived, it need not wait.
    let offer = world.offers.remove(0);
    say(&mut world, 1, launch(&offer, Vec::new()), &expect![[r#""#]]);
    say(
        &mut world,
        1,
        call("M-0000", SchedulerCall::Revive { roles: Vec::new() }),
        &expect![[r#"
        scheduler(1) ResourceOffers M-O2 cpus:4; mem:16384; ports:[31000-32000]
    "#]],
    );
}

#[test]
fn faults_and_questions_are_answered_by_the_master_itself() {
    let mut world = registered();
    let offer = world.offers.remove(0);
    let mut greedy = task("greedy", &offer, "run");
    greedy.resources = "cpus:99;mem:1".parse().unwrap();
    say(
        &mut world,
        1,
        launch(&offer, vec![greedy]),
        &expect![[r#"
        scheduler(1) UPDATE greedy TASK_ERROR MASTER TASK_INVALID "Total resources cpus(allocated: *):99; mem(allocated: *):1 required by task and its executor is more than available cpus(allocated: *):4; mem(allocated: *):16384; ports(allocated: *):[31000-32000]" from @0.0.0.0:0
    "#]],
    );
    say(
        &mut world,
        1,
        launch(&offer, vec![task("late", &offer, "run")]),
        &expect![[r#"
        scheduler(1) UPDATE late TASK_LOST MASTER INVALID_OFFERS "Task launched with invalid offers: Offer M-O0 is no longer valid" from @0.0.0.0:0
    "#]],
    );
    let unknown = SchedulerCall::Reconcile { tasks: vec![("nobody".into(), None)] };
    say(
        &mut world,
        1,
        call("M-0000", unknown),
        &expect![[r#"
        scheduler(1) UPDATE nobody TASK_LOST MASTER RECONCILIATION "Reconciliation: Task is unknown" from -
    "#]],
    );
    let kill = SchedulerCall::Kill { task_id: "nobody".into(), agent_id: None, kill_policy: None };
    say(
        &mut world,
        1,
        call("M-0000", kill),
        &expect![[r#"
        scheduler(1) UPDATE nobody TASK_LOST MASTER RECONCILIATION "Reconciliation: Task is unknown" from -
    "#]],
    );
}

#[test]
fn executors_and_agents_end() {
    let mut world = registered();
    let offer = world.offers.remove(0);
    say(
        &mut world,
        1,
        launch(&offer, vec![custom_task("t", &offer, "executor")]),
        &expect![[r#"
        scheduler(1) UPDATE t TASK_RUNNING EXECUTOR - from slave(1)@127.77.0.11:5051
    "#]],
    );
    world.exit_last(0, Exit::Code(3));
    expect![[r#"
        scheduler(1) UPDATE t TASK_FAILED AGENT EXECUTOR_TERMINATED "Executor terminated" from slave(1)@127.77.0.11:5051
        scheduler(1) ExitedExecutor { agent_id: AgentId(M-S0), framework_id: FrameworkId(M-0000), executor_id: ExecutorId(e), status: 768 }
    "#]].assert_eq(&world.heard());
    world.input(MasterInput::Agent { link: LinkId(0), message: AgentToMaster::Unregister });
    expect![[r#"
        scheduler(1) LostAgent(AgentId(M-S0))
    "#]]
    .assert_eq(&world.heard());
}

#[test]
fn a_driver_that_aborts_gets_no_more_offers() {
    let mut world = registered();
    let deactivate = DriverCall::Deactivate { framework_id: "M-0000".into() };
    say(
        &mut world,
        1,
        deactivate,
        &expect![[r#"
        scheduler(1) Rescind(OfferId(M-O0))
    "#]],
    );
    world.pass(seconds(60));
    expect![[r#""#]].assert_eq(&world.heard());
    let state = state(&mut world);
    let framework = &state["frameworks"][0];
    assert_eq!(framework["connected"], true);
    assert_eq!(framework["active"], false);
    assert_eq!(framework["pid"], pid(1).as_str());
}

#[test]
fn a_driver_that_is_gone_has_its_time_to_come_back() {
    let mut world = registered();
    let offer = world.offers.remove(0);
    world.input(MasterInput::Driver { pid: pid(1), call: launch(&offer, vec![task("t", &offer, "run")]) });
    world.heard();
    world.input(MasterInput::DriverGone { pid: pid(1) });
    assert_eq!(state(&mut world)["frameworks"][0]["connected"], false);
    world.pass(seconds(59));
    say(
        &mut world,
        2,
        reregister("M-0000", true),
        &expect![[r#"
        scheduler(2) FrameworkRegistered M-0000
        scheduler(2) ResourceOffers M-O1 cpus:3; mem:16256; ports:[31000-32000]
    "#]],
    );
    world.input(MasterInput::DriverGone { pid: pid(1) });
    assert_eq!(state(&mut world)["frameworks"][0]["connected"], true);
    world.input(MasterInput::DriverGone { pid: pid(2) });
    world.pass(seconds(61));
    assert_eq!(state(&mut world)["completed_frameworks"][0]["tasks"], serde_json::json!([]));
    say(
        &mut world,
        3,
        reregister("M-0000", true),
        &expect![[r#"
        scheduler(3) FrameworkError "Framework has been removed"
    "#]],
    );
}

#[test]
fn without_a_failover_timeout_all_goes_with_the_driver() {
    let mut world = World::new(1);
    let info = FrameworkInfo::new("f", "root");
    world.input(MasterInput::Driver { pid: pid(1), call: register(info) });
    let offer = world.offers.remove(0);
    world.input(MasterInput::Driver { pid: pid(1), call: launch(&offer, vec![task("t", &offer, "run")]) });
    world.input(MasterInput::DriverGone { pid: pid(1) });
    world.pass(seconds(10));
    let state = state(&mut world);
    assert_eq!(state["frameworks"], serde_json::json!([]));
    let completed = &state["completed_frameworks"][0];
    assert_eq!(completed["pid"], pid(1).as_str());
    assert_eq!(completed["completed_tasks"][0]["state"], "TASK_KILLED");
    world.heard();
    say(
        &mut world,
        1,
        reregister("M-0000", true),
        &expect![[r#"
        scheduler(1) FrameworkError "Framework has been removed"
    "#]],
    );
}

#[test]
fn the_leader_is_the_sender_to_the_letter() {
    let mut world = World::new(1);
    let state = state(&mut world);
    assert_eq!(state["leader"], "master@127.77.0.1:5050");
    assert_eq!(state["pid"], state["leader"]);
    assert_eq!(world.master.info().pid, state["leader"].as_str().unwrap());
}

fn state(world: &mut World) -> serde_json::Value {
    let answer = world.http(Request::get("/master/state.json"));
    serde_json::from_slice(&answer.body).unwrap()
}
