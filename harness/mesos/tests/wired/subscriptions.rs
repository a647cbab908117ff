//! Coming, going, coming back.

use expect_test::expect;
use stacklab_mesos::*;

use crate::world::{World, capable, framework, seconds, task};

fn refusal(info: FrameworkInfo) -> String {
    let mut world = World::with(0, "cpus:1", |config| {
        config.roles = Some(vec!["dev".into(), "a".into()]);
        config.root_submissions = false;
    });
    world.subscribe(1, info);
    let heard = world.heard();
    let text = heard.strip_prefix("1 Error { message: \"").and_then(|rest| rest.split_once("\" }\n1 CLOSED"));
    text.map(|(text, _)| text.to_owned()).unwrap_or(heard)
}

#[test]
fn refuses_in_the_words_of_the_original() {
    let plain = || FrameworkInfo::new("f", "u");
    let multi = |roles: &[&str]| FrameworkInfo {
        roles: roles.iter().map(|role| (*role).to_owned()).collect(),
        capabilities: vec![Capability::MultiRole],
        ..plain()
    };
    let role = |role: &str| FrameworkInfo { role: Some(role.into()), ..plain() };
    let id = |id: &str| FrameworkInfo { id: Some(id.into()), ..plain() };
    let rows = [
        (
            role("a//b"),
            "'FrameworkInfo.role' is not a valid role: Role 'a//b' cannot contain two adjacent slashes",
        ),
        (role("/a"), "'FrameworkInfo.role' is not a valid role: Role '/a' cannot start with a slash"),
        (role("a/"), "'FrameworkInfo.role' is not a valid role: Role 'a/' cannot end with a slash"),
        (role(""), "'FrameworkInfo.role' is not a valid role: Role names cannot be the empty string"),
        (
            multi(&["a/."]),
            "'FrameworkInfo.roles' contains invalid role: Role 'a/.' cannot include '.' as a component",
        ),
        (
            multi(&["-x"]),
            "'FrameworkInfo.roles' contains invalid role: Role component '-x' is invalid because it starts with a dash",
        ),
        (
            role("a b"),
            "'FrameworkInfo.role' is not a valid role: Role component 'a b' is invalid because it contains backspace or \
             whitespace",
        ),
        (multi(&["a", "a"]), "'FrameworkInfo.roles' contains duplicate items: { a }"),
        (
            FrameworkInfo { capabilities: Vec::new(), ..multi(&["a"]) },
            "'FrameworkInfo.roles' must not be set when the framework is not MULTI_ROLE capable",
        ),
        (
            FrameworkInfo { role: Some("a".into()), ..multi(&[]) },
            "'FrameworkInfo.role' must not be set when the framework is MULTI_ROLE capable",
        ),
        (role("zz"), "Roles { zz } are not present in the master's --roles"),
        (
            FrameworkInfo::new("f", "root"),
            "User 'root' is not allowed to run frameworks without --root_submissions set",
        ),
        (
            FrameworkInfo { failover_timeout: 1e30, ..plain() },
            "The framework failover_timeout (1e+30) is invalid",
        ),
        (id(""), "ID must not be empty"),
        (id(".."), "'..' is disallowed"),
        (id("a/b"), "'a/b' contains invalid characters"),
        (id("never-seen"), "1 SUBSCRIBED never-seen\n"),
        (multi(&[]), "1 SUBSCRIBED M-0000\n"),
        (FrameworkInfo { failover_timeout: -1.0, ..plain() }, "1 SUBSCRIBED M-0000\n"),
    ];
    for (info, expected) in rows {
        assert_eq!(refusal(info), expected);
    }
}

#[test]
fn refuses_suppressed_roles_that_it_does_not_have() {
    let mut world = World::new(0);
    let info = Box::new(framework("f"));
    world.say(1, SchedulerCall::Subscribe { info, suppressed_roles: vec!["zz".into()] });
    expect![[r#"
        1 Error { message: "Suppressed role 'zz' is not contained in the list of roles" }
        1 CLOSED
    "#]]
    .assert_eq(&world.heard());
}

#[test]
fn beats_every_fifteen_seconds_and_otherwise_sleeps() {
    let mut world = World::new(0);
    world.subscribe(1, framework("f"));
    assert_eq!(world.master.info().pid, "master@127.77.0.1:5050");
    use stacklab_machine::Machine;
    assert_eq!(world.master.wake_at(), Some(world.now + seconds(15)));
    world.pass(seconds(31));
    assert_eq!(world.master.wake_at(), Some(world.now + seconds(14)));
}

#[test]
fn the_newcomer_takes_over_and_tasks_live_on() {
    let mut world = World::new(1);
    world.subscribe(1, framework("f"));
    let offer = world.offers.remove(0);
    world.launch(1, &offer, vec![task("t", &offer, "sleep")]);
    world.pass(seconds(6));
    world.heard();
    let id = Some(FrameworkId::from("M-0000"));
    world.subscribe(2, FrameworkInfo { id: id.clone(), ..framework("f") });
    world.say(2, SchedulerCall::Reconcile { tasks: Vec::new() });
    expect![[r#"
        1 Error { message: "Framework failed over" }
        1 CLOSED
        2 SUBSCRIBED M-0000
        2 OFFER M-O2 cpus:3; mem:16256; ports:[31000-32000]
        2 UPDATE t TASK_RUNNING MASTER RECONCILIATION "Reconciliation: Latest task state"
    "#]]
    .assert_eq(&world.heard());
    let other = FrameworkInfo { id, principal: Some("p".into()), ..framework("f") };
    world.subscribe(3, other);
    expect![[r#"
        3 Error { message: "Changing framework's principal is not allowed." }
        3 CLOSED
    "#]]
    .assert_eq(&world.heard());
}

#[test]
fn a_framework_without_failover_timeout_is_gone_with_its_connection() {
    let mut world = World::new(1);
    world.subscribe(1, FrameworkInfo { failover_timeout: 0.0, ..framework("f") });
    let offer = world.offers.remove(0);
    world.launch(1, &offer, vec![task("t", &offer, "sleep")]);
    world.drop_stream(1);
    world.heard();
    world.subscribe(2, FrameworkInfo { id: Some("M-0000".into()), ..framework("f") });
    world.subscribe(3, framework("g"));
    world.pass(seconds(1));
    expect![[r#"
        2 Error { message: "Framework has been removed" }
        2 CLOSED
        3 SUBSCRIBED M-0001
        3 OFFER M-O1 cpus:4; mem:16384; ports:[31000-32000]
    "#]]
    .assert_eq(&world.heard());
}

#[test]
fn comes_back_within_its_timeout_or_never() {
    let mut world = World::new(1);
    let known = || FrameworkInfo { id: Some("M-0000".into()), ..framework("f") };
    world.subscribe(1, framework("f"));
    world.drop_stream(1);
    world.pass(seconds(59));
    world.subscribe(2, known());
    world.drop_stream(2);
    world.pass(seconds(60));
    world.subscribe(3, known());
    expect![[r#"
        1 SUBSCRIBED M-0000
        1 OFFER M-O0 cpus:4; mem:16384; ports:[31000-32000]
        2 SUBSCRIBED M-0000
        2 OFFER M-O1 cpus:4; mem:16384; ports:[31000-32000]
        3 Error { message: "Framework has been removed" }
        3 CLOSED
    "#]]
    .assert_eq(&world.heard());
}

#[test]
fn forgets_removed_frameworks_beyond_its_ring() {
    let mut world = World::with(0, "cpus:1", |config| config.max_completed_frameworks = 1);
    for connection in [1, 2] {
        world.subscribe(connection, framework("f"));
        world.say(connection, SchedulerCall::Teardown);
    }
    world.heard();
    world.subscribe(3, FrameworkInfo { id: Some("M-0000".into()), ..framework("f") });
    world.subscribe(4, FrameworkInfo { id: Some("M-0001".into()), ..framework("f") });
    expect![[r#"
        3 SUBSCRIBED M-0000
        4 Error { message: "Framework has been removed" }
        4 CLOSED
    "#]]
    .assert_eq(&world.heard());
}

#[test]
fn calls_need_a_framework_a_stream_and_its_id() {
    let mut world = World::new(0);
    let call = |world: &mut World, framework_id: &str, stream_id: Option<StreamId>| {
        let framework_id = Some(FrameworkId::from(framework_id));
        let call = SchedulerCall::Revive { roles: Vec::new() };
        let connection = ConnectionId(9);
        world.input(MasterInput::Call { connection, framework_id, stream_id, call });
        world.heard()
    };
    assert_eq!(call(&mut world, "M-0000", None), "400 Framework cannot be found\n");
    world.subscribe(1, framework("f"));
    world.heard();
    let stream = world.stream(1);
    assert_eq!(
        call(&mut world, "M-0000", None),
        "400 All non-subscribe calls should include the 'Mesos-Stream-Id' header\n"
    );
    assert_eq!(
        call(&mut world, "M-0000", Some("x".into())),
        "400 The stream ID 'x' included in this request didn't match the stream ID currently associated with framework \
         ID M-0000\n"
    );
    assert_eq!(call(&mut world, "M-0000", stream.clone()), "");
    world.drop_stream(1);
    assert_eq!(call(&mut world, "M-0000", stream.clone()), "403 Framework is not subscribed\n");
    world.pass(seconds(60));
    assert_eq!(call(&mut world, "M-0000", stream), "400 Framework cannot be found\n");
}

#[test]
fn teardown_kills_and_tells_nobody() {
    let mut world = World::new(1);
    world.subscribe(1, capable("f", &[Capability::PartitionAware]));
    let offer = world.offers.remove(0);
    world.launch(1, &offer, vec![task("t", &offer, "sleep")]);
    world.heard();
    world.say(1, SchedulerCall::Teardown);
    assert_eq!(world.heard(), "1 CLOSED\n");
    let state = world.get("/master/frameworks").text().into_owned();
    assert!(state.contains("\"completed_tasks\":[{\"id\":\"t\""), "{state}");
    assert!(state.contains("\"state\":\"TASK_KILLED\""), "{state}");
}
