//! From ACCEPT to the last status.

use expect_test::expect;
use serde_json::json;
use stacklab_machine::timeline::What;
use stacklab_mesos::v1::{Environment, KillPolicy, Nanoseconds, Variable};
use stacklab_mesos::*;

use crate::world::{World, capable, custom_task, framework, seconds, task};

fn ready(capabilities: &[Capability]) -> (World, Offer) {
    let mut world = World::new(1);
    world.subscribe(1, capable("f", capabilities));
    world.heard();
    let offer = world.offers.remove(0);
    (world, offer)
}

fn kill(world: &mut World, id: &str) {
    world.say(1, SchedulerCall::Kill { task_id: id.into(), agent_id: None, kill_policy: None });
}

#[test]
fn faulty_tasks_are_errors_and_do_not_stop_the_others() {
    let (mut world, offer) = ready(&[]);
    let plain = |id: &str| task(id, &offer, "sleep");
    let with = |id: &str, change: &dyn Fn(&mut TaskInfo)| {
        let mut task = plain(id);
        change(&mut task);
        task
    };
    let resources = |text: &str| -> Resources { text.parse().unwrap() };
    let negative =
        serde_json::from_value(json!([{"name":"cpus","type":"SCALAR","scalar":{"value":-1}}])).unwrap();
    let zero: Resources =
        serde_json::from_value(json!([{"name":"cpus","type":"SCALAR","scalar":{"value":0}}])).unwrap();
    let tasks = vec![
        plain(""),
        plain("a/b"),
        plain(".."),
        with("agent", &|task| task.agent_id = "zz".into()),
        with("neither", &|task| task.command = None),
        with("both", &|task| {
            task.executor = Some(ExecutorInfo::new("e", CommandInfo::shell("x"), Resources::new()))
        }),
        with("nothing", &|task| task.resources = Resources::new()),
        with("negative", &|task| task.resources = Resources::clone(&negative)),
        with("much", &|task| task.resources = resources("cpus:100;mem:32")),
        with("env", &|task| {
            let variables = vec![Variable { name: "A".into(), value: None }];
            task.command.as_mut().unwrap().environment = Some(Environment { variables });
        }),
        with("health", &|task| task.health_check = Some(json!({ "type": "HTTP" }))),
        with("docker", &|task| task.container = Some(json!({ "type": "DOCKER" }))),
        with("executor", &|task| {
            task.command = None;
            let mut executor = ExecutorInfo::new("e", CommandInfo::shell("x"), Resources::new());
            executor.command = None;
            task.executor = Some(executor);
        }),
        with("zero", &|task| task.resources = Resources::clone(&zero)),
        plain("good"),
        plain("good"),
    ];
    world.launch(1, &offer, tasks);
    expect![[r#"
        1 UPDATE  TASK_ERROR MASTER TASK_INVALID "ID must not be empty"
        1 UPDATE a/b TASK_ERROR MASTER TASK_INVALID "'a/b' contains invalid characters"
        1 UPDATE .. TASK_ERROR MASTER TASK_INVALID "'..' is disallowed"
        1 UPDATE agent TASK_ERROR MASTER TASK_INVALID "Task uses invalid agent zz while agent M-S0 is expected"
        1 UPDATE neither TASK_ERROR MASTER TASK_INVALID "Task should have at least one (but not both) of CommandInfo or ExecutorInfo present"
        1 UPDATE both TASK_ERROR MASTER TASK_INVALID "Task should have at least one (but not both) of CommandInfo or ExecutorInfo present"
        1 UPDATE nothing TASK_ERROR MASTER TASK_INVALID "Task uses no resources"
        1 UPDATE negative TASK_ERROR MASTER TASK_INVALID "Resource 'cpus:-1' is invalid: Invalid scalar resource: value <= 0"
        1 UPDATE much TASK_ERROR MASTER TASK_INVALID "Total resources cpus(allocated: *):100; mem(allocated: *):32 required by task and its executor is more than available cpus(allocated: *):4; mem(allocated: *):16384; ports(allocated: *):[31000-32000]"
        1 UPDATE env TASK_ERROR MASTER TASK_INVALID "Task's `CommandInfo` is invalid: Environment variable 'A' of type 'VALUE' must have a value set"
        1 UPDATE health TASK_ERROR MASTER TASK_INVALID "Task uses invalid health check: Expecting 'http' to be set for HTTP health check"
        1 UPDATE docker TASK_ERROR MASTER TASK_INVALID "Task's `ContainerInfo` is invalid: DockerInfo 'docker' is not set for DOCKER typed ContainerInfo"
        1 UPDATE executor TASK_ERROR MASTER TASK_INVALID "'ExecutorInfo.command' must be set for 'CUSTOM' executor"
        1 UPDATE good TASK_ERROR MASTER TASK_INVALID "Task has duplicate ID: good"
        1 UPDATE zero TASK_STARTING EXECUTOR -
        1 UPDATE good TASK_STARTING EXECUTOR -
        1 UPDATE zero TASK_RUNNING EXECUTOR -
        1 UPDATE good TASK_RUNNING EXECUTOR -
    "#]].assert_eq(&world.heard());
}

#[test]
fn a_command_task_runs_and_ends() {
    let rows = [
        (Exit::Code(0), "TASK_FINISHED EXECUTOR - \"Command exited with status 0\""),
        (Exit::Code(3), "TASK_FAILED EXECUTOR - \"Command exited with status 3\""),
        (Exit::Signal(9), "TASK_FAILED EXECUTOR - \"Command terminated with signal Killed\""),
        (Exit::Signal(11), "TASK_FAILED EXECUTOR - \"Command terminated with signal Segmentation fault\""),
    ];
    for (exit, end) in rows {
        let (mut world, offer) = ready(&[]);
        world.launch(1, &offer, vec![task("t", &offer, "sleep")]);
        world.exit_last(0, exit);
        let expected = format!(
            "1 UPDATE t TASK_STARTING EXECUTOR -\n1 UPDATE t TASK_RUNNING EXECUTOR -\n1 UPDATE t {end}\n"
        );
        assert_eq!(world.heard(), expected);
        world.pass(seconds(6));
        assert_eq!(world.offers.pop().unwrap().resources, offer.resources, "everything came back");
    }
}

#[test]
fn a_program_is_given_what_mesos_gives() {
    let (mut world, offer) = ready(&[]);
    let mut one = task("t", &offer, "java -jar x.jar");
    let command = CommandInfo::shell("java -jar x.jar").with_uri("http://h/a/x.jar?v=1");
    one.command = Some(command.with_environment([("PORT0".into(), "31000".into())]));
    world.launch(1, &offer, vec![one]);
    let mut spec = world.starts.remove(0);
    spec.sandbox = spec.sandbox.replace(spec.container.as_str(), "C");
    for (_, value) in &mut spec.environment {
        *value = value.replace(spec.container.as_str(), "C");
    }
    let mut text = format!("{} in {} with {:?} as {}\n", spec.command, spec.sandbox, spec.files, spec.user);
    for (name, value) in &spec.environment {
        text.push_str(&format!("{name}={value}\n"));
    }
    expect![[r#"
        java -jar x.jar in /var/lib/mesos/slaves/M-S0/frameworks/M-0000/executors/t/runs/C with ["x.jar"] as root
        LIBPROCESS_PORT=0
        MESOS_FRAMEWORK_ID=M-0000
        MESOS_EXECUTOR_ID=t
        MESOS_DIRECTORY=/var/lib/mesos/slaves/M-S0/frameworks/M-0000/executors/t/runs/C
        MESOS_SANDBOX=/var/lib/mesos/slaves/M-S0/frameworks/M-0000/executors/t/runs/C
        MESOS_SLAVE_ID=M-S0
        MESOS_SLAVE_PID=slave(1)@127.77.0.11:5051
        MESOS_AGENT_ENDPOINT=127.77.0.11:5051
        MESOS_CHECKPOINT=1
        MESOS_HTTP_COMMAND_EXECUTOR=0
        MESOS_EXECUTOR_SHUTDOWN_GRACE_PERIOD=5secs
        MESOS_RECOVERY_TIMEOUT=15mins
        MESOS_SUBSCRIPTION_BACKOFF_MAX=2secs
        MESOS_ALLOCATION_ROLE=*
        PORT0=31000
    "#]].assert_eq(&text);
    assert!(world.notes.contains(&What::ArtifactsFetched { task: "t".into(), count: 1 }));
}

#[test]
fn what_cannot_be_fetched_or_started_fails() {
    let (mut world, offer) = ready(&[]);
    let mut one = task("one", &offer, "x");
    one.command = Some(CommandInfo::shell("x").with_uri("http://h/missing.tgz"));
    let mut slow = task("slow", &offer, "x");
    slow.command = Some(CommandInfo::shell("x").with_uri("http://h/slow.tgz"));
    world.launch(1, &offer, vec![one, task("other", &offer, "unstartable"), slow]);
    world.pass(seconds(60));
    let heard = world.heard();
    let updates: Vec<_> = heard.lines().filter(|line| line.contains("UPDATE")).collect();
    expect![[r#"
        1 UPDATE one TASK_FAILED AGENT CONTAINER_LAUNCH_FAILED "Failed to launch container: Failed to fetch all URIs for "
        1 UPDATE other TASK_FAILED AGENT CONTAINER_LAUNCH_FAILED "Failed to launch container: no such program"
        1 UPDATE slow TASK_FAILED AGENT EXECUTOR_REGISTRATION_TIMEOUT "Executor did not register within 1mins""#]].assert_eq(&updates.join("\n"));
    assert!(
        world.notes.iter().any(|what| matches!(what, What::ArtifactMissing { task, .. } if task == "one"))
    );
}

#[test]
fn kills_gently_then_not() {
    let (mut world, offer) = ready(&[Capability::TaskKillingState]);
    world.launch(1, &offer, vec![task("gentle", &offer, "sleep"), task("stubborn", &offer, "sleep")]);
    world.heard();
    kill(&mut world, "gentle");
    world.stubborn = true;
    let kill_policy = Some(KillPolicy { grace_period: Some(Nanoseconds { nanoseconds: 7_000_000_000 }) });
    world.say(1, SchedulerCall::Kill { task_id: "stubborn".into(), agent_id: None, kill_policy });
    expect![[r#"
        1 UPDATE gentle TASK_KILLING EXECUTOR -
        1 UPDATE gentle TASK_KILLED EXECUTOR - "Command terminated with signal Terminated"
        1 UPDATE stubborn TASK_KILLING EXECUTOR -
    "#]]
    .assert_eq(&world.heard());
    world.pass(seconds(6));
    let heard = world.heard();
    assert!(!heard.contains("stubborn"), "{heard}");
    world.pass(seconds(1));
    expect![[r#"
        1 UPDATE stubborn TASK_KILLED EXECUTOR - "Command terminated with signal Killed"
    "#]]
    .assert_eq(&world.heard());
}

#[test]
fn kills_of_unknown_tasks_are_answered_by_reconciliation() {
    let (mut world, _) = ready(&[Capability::PartitionAware]);
    kill(&mut world, "zz");
    let agent_id = Some(AgentId::from("M-S0"));
    world.say(
        1,
        SchedulerCall::Reconcile { tasks: vec![("a".into(), agent_id), ("b".into(), Some("x".into()))] },
    );
    expect![[r#"
        1 UPDATE zz TASK_UNKNOWN MASTER RECONCILIATION "Reconciliation: Task is unknown"
        1 UPDATE a TASK_GONE MASTER RECONCILIATION "Reconciliation: Task is unknown to the agent"
        1 UPDATE b TASK_UNKNOWN MASTER RECONCILIATION "Reconciliation: Task is unknown"
    "#]]
    .assert_eq(&world.heard());
    let (mut world, offer) = ready(&[]);
    kill(&mut world, "zz");
    world.launch(1, &offer, vec![task("t", &offer, "sleep")]);
    let agent_id = Some(AgentId::from("elsewhere"));
    world.say(1, SchedulerCall::Kill { task_id: "t".into(), agent_id, kill_policy: None });
    expect![[r#"
        1 UPDATE zz TASK_LOST MASTER RECONCILIATION "Reconciliation: Task is unknown"
        1 UPDATE t TASK_STARTING EXECUTOR -
        1 UPDATE t TASK_RUNNING EXECUTOR -
    "#]]
    .assert_eq(&world.heard());
}

#[test]
fn updates_come_again_until_they_are_acknowledged() {
    let (mut world, offer) = ready(&[]);
    world.acknowledge = false;
    world.launch(1, &offer, vec![task("t", &offer, "sleep")]);
    world.pass(seconds(71));
    let times = world.statuses.len();
    assert_eq!(times, 4, "at 0, 10, 30 and 70 s");
    assert!(world.statuses.iter().all(|status| status.uuid == world.statuses[0].uuid));
    let noted = world.notes.iter().filter(|what| matches!(what, What::TaskStatus { .. })).count();
    assert_eq!(noted, 1, "a repetition is no event");
    let status = world.statuses[0].clone();
    let (task_id, agent_id) = (status.task_id.clone(), status.agent_id.clone().unwrap());
    let wrong = StatusUuid([0; 16]);
    world.say(
        1,
        SchedulerCall::Acknowledge { agent_id: agent_id.clone(), task_id: task_id.clone(), uuid: wrong },
    );
    assert_eq!(world.statuses.len(), 4, "a wrong uuid changes nothing");
    world.say(1, SchedulerCall::Acknowledge { agent_id, task_id, uuid: status.uuid.unwrap() });
    assert_eq!(world.statuses[4].state, TaskState::Running, "the next in the queue");
}

#[test]
fn an_ended_task_stays_until_its_end_is_acknowledged() {
    let (mut world, offer) = ready(&[]);
    world.launch(1, &offer, vec![task("t", &offer, "sleep")]);
    world.acknowledge = false;
    world.exit_last(0, Exit::Code(0));
    let listed = |world: &mut World| {
        let text = world.get("/frameworks").text().into_owned();
        text.contains("\"tasks\":[{\"id\":\"t\"")
    };
    assert!(listed(&mut world));
    world.pass(seconds(6));
    assert_eq!(world.offers.pop().unwrap().resources, offer.resources, "its resources are back already");
    world.acknowledge = true;
    world.pass(seconds(10));
    assert!(!listed(&mut world));
}

#[test]
fn a_custom_executor_runs_many_tasks() {
    let (mut world, offer) = ready(&[]);
    let tasks = vec![custom_task("one", &offer, "run"), custom_task("two", &offer, "run")];
    world.launch(1, &offer, tasks);
    assert_eq!(world.starts.len(), 1, "one executor");
    world.pass(seconds(5));
    let offer = world.offers.pop().unwrap();
    assert_eq!(offer.resources.to_string(), "cpus:1.5; mem:16064; ports:[31000-32000]");
    assert_eq!(offer.executor_ids, [ExecutorId::from("e")]);
    world.heard();
    let message = |data: &[u8]| SchedulerCall::Message {
        agent_id: "M-S0".into(),
        executor_id: "e".into(),
        data: data.to_vec(),
    };
    world.say(1, message(b"hello"));
    kill(&mut world, "one");
    world.launch(1, &offer, vec![custom_task("three", &offer, "other")]);
    world.exit_last(0, Exit::Code(1));
    world.pass(seconds(5));
    expect![[r#"
        1 Message { agent_id: AgentId(M-S0), executor_id: ExecutorId(e), data: [104, 101, 108, 108, 111] }
        1 UPDATE one TASK_KILLED EXECUTOR -
        1 UPDATE three TASK_ERROR MASTER TASK_INVALID "ExecutorInfo is not compatible with existing ExecutorInfo with same ExecutorID.\n------------------------------------------------------------\nExisting ExecutorInfo:\n{\"executor_id\":{\"value\":\"e\"},\"framework_id\":{\"value\":\"M-0000\"},\"command\":{\"value\":\"run\"},\"resources\":[{\"name\":\"cpus\",\"type\":\"SCALAR\",\"scalar\":{\"value\":0.5},\"role\":\"*\"},{\"name\":\"mem\",\"type\":\"SCALAR\",\"scalar\":{\"value\":64.0},\"role\":\"*\"}]}\n------------------------------------------------------------\nExecutorInfo:\n{\"executor_id\":{\"value\":\"e\"},\"command\":{\"value\":\"other\"},\"resources\":[{\"name\":\"cpus\",\"type\":\"SCALAR\",\"scalar\":{\"value\":0.5},\"role\":\"*\"},{\"name\":\"mem\",\"type\":\"SCALAR\",\"scalar\":{\"value\":64.0},\"role\":\"*\"}]}\n------------------------------------------------------------\n"
        1 UPDATE two TASK_FAILED AGENT EXECUTOR_TERMINATED "Executor terminated"
        1 Failure { agent_id: Some(AgentId(M-S0)), executor_id: Some(ExecutorId(e)), status: Some(256) }
        1 OFFER M-O2 cpus:4; mem:16384; ports:[31000-32000]
    "#]].assert_eq(&world.heard());
}

#[test]
fn a_heap_as_large_as_its_container_ends_it() {
    let end = |command: &str| {
        let (mut world, offer) = ready(&[]);
        let mut task = custom_task("t", &offer, "run");
        let own = task.executor.as_ref().unwrap().resources.clone();
        task.executor = Some(ExecutorInfo::new("e", CommandInfo::shell(command), own));
        world.launch(1, &offer, vec![task]);
        world.heard()
    };
    assert_eq!(end("java -Xmx191m run"), "1 UPDATE t TASK_RUNNING EXECUTOR -\n");
    expect![[r#"
        1 UPDATE t TASK_RUNNING EXECUTOR -
        1 Failure { agent_id: Some(AgentId(M-S0)), executor_id: Some(ExecutorId(e)), status: Some(9) }
        1 UPDATE t TASK_FAILED AGENT CONTAINER_LIMITATION_MEMORY "Memory limit exceeded: Requested: 192MB Maximum Used: 192MB"
    "#]]
    .assert_eq(&end("java -Xmx192m run"));
}

#[test]
fn an_executor_that_never_subscribes_is_ended_after_a_minute() {
    let (mut world, offer) = ready(&[]);
    world.launch(1, &offer, vec![custom_task("a", &offer, "mute"), custom_task("b", &offer, "mute")]);
    kill(&mut world, "a");
    world.pass(seconds(59));
    world.heard();
    world.pass(seconds(1));
    let heard = world.heard();
    expect![[r#"
        1 UPDATE b TASK_FAILED AGENT EXECUTOR_REGISTRATION_TIMEOUT "Executor did not register within 1mins"
        1 Failure { agent_id: Some(AgentId(M-S0)), executor_id: Some(ExecutorId(e)), status: Some(9) }
    "#]]
    .assert_eq(&heard);
}

#[test]
fn an_executor_told_to_end_has_five_seconds() {
    let (mut world, offer) = ready(&[]);
    world.stubborn = true;
    world.launch(1, &offer, vec![custom_task("t", &offer, "run")]);
    world.heard();
    world.say(1, SchedulerCall::Shutdown { executor_id: "e".into(), agent_id: "M-S0".into() });
    world.pass(seconds(4));
    assert!(!world.heard().contains("UPDATE"));
    world.pass(seconds(1));
    expect![[r#"
        1 OFFER M-O1 cpus:2.5; mem:16192; ports:[31000-32000]
        1 UPDATE t TASK_FAILED AGENT EXECUTOR_TERMINATED "Executor terminated"
        1 Failure { agent_id: Some(AgentId(M-S0)), executor_id: Some(ExecutorId(e)), status: Some(9) }
    "#]]
    .assert_eq(&world.heard());
}

#[test]
fn a_removed_framework_takes_its_executors_along() {
    let (mut world, offer) = ready(&[]);
    world.launch(1, &offer, vec![custom_task("t", &offer, "run"), task("u", &offer, "sleep")]);
    world.say(1, SchedulerCall::Teardown);
    world.pass(seconds(5));
    assert!(world.agents[0].container_of(&"M-0000".into(), &"e".into()).is_none());
    assert!(world.agents[0].container_of(&"M-0000".into(), &"u".into()).is_none());
    world.subscribe(2, framework("g"));
    assert_eq!(world.offers.pop().unwrap().resources, offer.resources);
}
