//! Tests against scripted offers and statuses.

use std::sync::Arc;
use std::time::Duration;

use expect_test::{Expect, expect};
use stacklab_machine::process::{CallId, Input, Output};
use stacklab_machine::timeline::What;
use stacklab_machine::{Machine, Outbox, Step, Streams, Time};
use stacklab_mesos::resources::parse_attributes;
use stacklab_mesos::v1::{Address, MasterInfo};
use stacklab_mesos::{Offer, SchedulerCall, SchedulerEvent, StatusUuid, TaskInfo, TaskState, TaskStatus};
use stacklab_stack::{OnceApplication, OnceRequest};

use crate::{Framework, Heard, OnceConfig, Said};

/// A framework with a master that says what the test says.
struct Bench {
    framework: Framework,
    now: Time,
    out: Outbox<Output<Said>>,
    /// What was said since it was last looked at.
    lines: Vec<String>,
    /// All that were launched.
    tasks: Vec<TaskInfo>,
    offers: u32,
}

impl Bench {
    fn new(change: impl FnOnce(&mut OnceConfig)) -> Self {
        let mut config = OnceConfig::new("m:5050");
        change(&mut config);
        let framework = Framework::new(config, Streams::new(1));
        let (out, lines) = (Outbox::new(), Vec::new());
        let mut bench = Self { framework, now: Time::SIM_START, out, lines, tasks: Vec::new(), offers: 0 };
        bench.input(Input::Start);
        bench
    }

    fn registered() -> Self {
        let mut bench = Self::new(|_| ());
        bench.subscribed("fw-1");
        bench.lines.clear();
        bench
    }

    fn input(&mut self, input: Input<Heard>) {
        self.framework.handle(self.now, input, &mut self.out);
        self.collect();
    }

    fn mesos(&mut self, event: SchedulerEvent) {
        self.input(Input::Mesos(Heard::Mesos(event)));
    }

    fn request(&mut self, request: OnceRequest) {
        self.input(Input::Mesos(Heard::Request(request)));
    }

    fn run(&mut self, call: u64, application: OnceApplication) {
        self.request(OnceRequest::Run { call: CallId(call), application: Box::new(application) });
    }

    fn collect(&mut self) {
        for step in self.out.drain() {
            let line = match step {
                Step::Output(Output::Mesos(Said::Mesos(SchedulerCall::Accept {
                    offer_ids,
                    tasks,
                    refuse_seconds,
                }))) => {
                    let names: Vec<_> = tasks.iter().map(|task| task.name.as_str()).collect();
                    let line = format!("accept {} {} {refuse_seconds:?}", offer_ids[0], names.join(" "));
                    self.tasks.extend(tasks);
                    line
                }
                Step::Output(Output::Mesos(Said::Mesos(SchedulerCall::Decline {
                    offer_ids,
                    refuse_seconds,
                }))) => format!("decline {} {refuse_seconds:?}", offer_ids[0]),
                Step::Output(Output::Mesos(Said::Mesos(SchedulerCall::Acknowledge { .. }))) => "ack".into(),
                Step::Output(Output::Mesos(Said::Mesos(SchedulerCall::Revive { .. }))) => "revive".into(),
                Step::Output(Output::Mesos(Said::Mesos(call))) => format!("{call:?}"),
                Step::Output(Output::Mesos(Said::Reply(reply))) => format!("{reply:?}"),
                Step::Output(Output::Log(line)) => line,
                Step::Output(output) => format!("{output:?}"),
                Step::Event(What::OfferDeclined { refusals, .. }) => {
                    let one = |refusal: &stacklab_machine::timeline::Refusal| {
                        format!("{}: {}", refusal.instance, refusal.reason)
                    };
                    refusals.iter().map(one).collect::<Vec<_>>().join(", ")
                }
                Step::Event(what) => format!("{what:?}"),
            };
            self.lines.push(line);
        }
    }

    fn subscribed(&mut self, id: &str) {
        let address = Address { hostname: "m".into(), ip: "10.0.0.1".into(), port: 5050 };
        let master = MasterInfo { id: "m".into(), address, pid: "master@m".into(), version: "1.11.0".into() };
        self.mesos(SchedulerEvent::Subscribed {
            framework_id: id.into(),
            heartbeat_interval: Duration::from_secs(15),
            master: Arc::new(master),
        });
    }

    fn offer(&mut self, host: &str, resources: &str, attributes: &str) {
        self.offers += 1;
        let offer = offer(self.offers, host, resources, attributes);
        self.mesos(SchedulerEvent::Offers(vec![offer]));
    }

    /// A state for the task that was launched as this one, from 0.
    fn state(&mut self, task: usize, state: TaskState) {
        let mut status =
            TaskStatus::new(self.tasks[task].task_id.clone(), state).with_message("Command exited");
        (status.agent_id, status.uuid) = (Some("S1".into()), Some(StatusUuid([1; 16])));
        self.mesos(SchedulerEvent::Update(status));
    }

    /// Lets time pass.
    fn pass(&mut self, seconds: u64) {
        let end = self.now + Duration::from_secs(seconds);
        while let Some(at) = self.framework.wake_at().filter(|at| *at <= end) {
            self.now = at;
            self.framework.wake(at, &mut self.out);
            self.collect();
        }
        self.now = end;
    }

    /// What was said since it was last asked for; random parts of ids are left out.
    fn said(&mut self) -> String {
        let mut text = std::mem::take(&mut self.lines).join("\n");
        for task in &self.tasks {
            let id = task.task_id.as_str();
            text = text.replace(id, id.rsplit_once('|').unwrap().0);
        }
        text
    }

    #[track_caller]
    fn check(&mut self, expected: &Expect) {
        expected.assert_eq(&self.said());
    }
}

fn offer(number: u32, host: &str, resources: &str, attributes: &str) -> Offer {
    Offer {
        id: format!("O{number}").into(),
        framework_id: "fw-1".into(),
        agent_id: "S1".into(),
        hostname: host.into(),
        address: Arc::new(Address { hostname: host.into(), ip: "10.0.0.2".into(), port: 5051 }),
        resources: resources.parse().unwrap(),
        attributes: parse_attributes(attributes).unwrap().into(),
        executor_ids: Vec::new(),
        allocation_role: None,
    }
}

fn application(id: &str, instances: u32, constraints: &str) -> OnceApplication {
    let words = |text: &str| text.split_whitespace().map(str::to_owned).collect();
    OnceApplication {
        id: id.into(),
        cpus: 0.5,
        mem: 64.0,
        constraints: constraints.split(';').filter(|text| !text.is_empty()).map(words).collect(),
        command: "echo $HOST".into(),
        uris: vec!["http://x/a.tgz".into(), "http://x/b".into()],
        instances,
        ..OnceApplication::default()
    }
}

const ROOM: &str = "cpus:1;mem:128";

#[test]
fn runs_each_instance_to_its_end() {
    let mut bench = Bench::registered();
    bench.offer("a", ROOM, "");
    bench.run(1, application("once", 2, ""));
    bench.offer("a", ROOM, "");
    bench.state(0, TaskState::Running);
    bench.state(0, TaskState::Finished);
    bench.offer("a", ROOM, "");
    bench.offer("b", ROOM, "");
    bench.state(1, TaskState::Killed);
    bench.state(1, TaskState::Finished);
    bench.check(&expect![[r#"
        : all tasks are running
        decline O1 Some(10.0)
        accept O2 once.a Some(10.0)
        ack
        [StatusUpdate] once|a TASK_RUNNING
        ack
        [StatusUpdate] once|a TASK_FINISHED
        revive
        accept O3 once.a Some(10.0)
        : all instances are staged/running
        decline O4 Some(10.0)
        ack
        [StatusUpdate] once|a TASK_KILLED
        Ran { call: CallId(1), result: Ok(()) }
        ack
        [StatusUpdate] once|a TASK_FINISHED
        revive
        Received status update that was not handled by any Mesos Task Runner: once|a TASK_FINISHED"#]]);
}

#[test]
fn launches_what_the_original_launches() {
    let mut bench = Bench::registered();
    bench.run(1, application("once", 1, ""));
    bench.offer("a", "cpus(x):0.3;cpus:0.2;mem(x):60;mem:4;ports:[1-2]", "rack:r1");
    let mut task = bench.tasks.remove(0);
    let id = task.task_id.to_string();
    assert!(id.starts_with("once|a|") && id.len() == 43, "{id}");
    task.task_id = "once|a|uuid".into();
    expect![[r#"
        {
          "name": "once.a",
          "task_id": {
            "value": "once|a|uuid"
          },
          "agent_id": {
            "value": "S1"
          },
          "resources": [
            {
              "name": "cpus",
              "type": "SCALAR",
              "scalar": {
                "value": 0.5
              },
              "role": "*"
            },
            {
              "name": "mem",
              "type": "SCALAR",
              "scalar": {
                "value": 64.0
              },
              "role": "*"
            }
          ],
          "command": {
            "uris": [
              {
                "value": "http://x/a.tgz",
                "extract": true
              },
              {
                "value": "http://x/b",
                "extract": true
              }
            ],
            "value": "echo $HOST"
          }
        }"#]]
    .assert_eq(&serde_json::to_string_pretty(&task).unwrap());
}

#[test]
fn declines_for_the_original_reasons() {
    for (constraints, resources, attributes, reason) in [
        ("", "cpus:0.4;mem:64", "", "no cpus"),
        ("", "cpus:0.5;mem:63", "", "no mem"),
        ("rack UNIQUE", ROOM, "", "no rack"),
        ("rack UNIQUE", ROOM, "rack:3", "no rack"),
        ("rack LIKE r[2-9]", "cpus:0;mem:0", "rack:r1", "rack doesn't match like:r[2-9]"),
        ("rack UNLIKE r", ROOM, "rack:r1", "rack doesn't match unlike:r"),
        ("rack CLUSTER r2", ROOM, "rack:r1", "rack doesn't match cluster:r2"),
        ("hostname LIKE b;rack UNIQUE", ROOM, "", "hostname doesn't match like:b"),
        ("zone UNIQUE;hostname LIKE a", ROOM, "", "no zone"),
    ] {
        let mut bench = Bench::registered();
        bench.run(1, application("once", 1, constraints));
        bench.offer("a", resources, attributes);
        assert_eq!(bench.said(), format!("once: {reason}\ndecline O1 Some(10.0)"));
    }
}

#[test]
fn other_values_are_those_of_this_run() {
    for (constraint, hosts, launched) in [
        ("rack UNIQUE", ["r1", "r1", "r2", "r1"], vec![0, 2]),
        ("rack CLUSTER", ["r1", "r2", "r1", "r2"], vec![0, 2]),
        ("rack GROUP_BY 2", ["r1", "r1", "r2", "r2"], vec![0, 2, 3]),
        ("rack LIKE 2", ["r1", "r2", "r2", "r1"], vec![1, 2]),
    ] {
        let mut bench = Bench::registered();
        bench.run(1, application("once", 4, constraint));
        let mut found = Vec::new();
        for (index, rack) in hosts.into_iter().enumerate() {
            bench.offer("a", ROOM, &format!("rack:{rack}"));
            if bench.said().starts_with("accept") {
                found.push(index);
            }
        }
        assert_eq!(found, launched, "{constraint}");
    }
    let mut bench = Bench::registered();
    bench.run(1, application("once", 2, "hostname UNIQUE"));
    bench.offer("a", ROOM, "");
    // A task that has ended counts, one that says it is starting does not.
    bench.state(0, TaskState::Finished);
    bench.said();
    bench.offer("a", ROOM, "");
    bench.check(&expect![[r#"
        once: hostname doesn't match unique
        decline O2 Some(10.0)"#]]);
    bench.state(0, TaskState::Starting);
    bench.said();
    bench.offer("a", ROOM, "");
    bench.check(&expect!["accept O3 once.a Some(10.0)"]);
}

#[test]
fn ends_with_the_first_task_that_fails() {
    for state in [TaskState::Failed, TaskState::Lost, TaskState::Error] {
        let mut bench = Bench::registered();
        bench.run(1, application("once", 3, ""));
        bench.offer("a", ROOM, "");
        bench.offer("b", ROOM, "");
        bench.said();
        bench.state(1, state);
        let said = bench.said();
        let text = format!("Application once failed to run on host b with status {state}: Command exited");
        assert!(said.ends_with(&format!("Ran {{ call: CallId(1), result: Err({text:?}) }}")), "{said}");
        // The others are left alone, and nothing more is launched.
        bench.offer("a", ROOM, "");
        assert!(bench.said().starts_with(": all tasks are running"));
    }
    let mut bench = Bench::registered();
    bench.run(1, application("once", 1, ""));
    bench.offer("a", ROOM, "");
    bench.state(0, TaskState::Gone);
    assert!(!bench.said().contains("Ran"), "a state that the original does not know");
}

#[test]
fn serves_several_at_once() {
    let mut bench = Bench::registered();
    bench.run(1, application("b", 1, ""));
    bench.run(2, application("a", 1, "hostname LIKE y"));
    bench.run(3, application("none", 0, ""));
    bench.offer("x", ROOM, "");
    bench.offer("x", ROOM, "");
    bench.offer("y", ROOM, "");
    bench.check(&expect![[r#"
        Ran { call: CallId(3), result: Ok(()) }
        accept O1 b.x Some(10.0)
        a: hostname doesn't match like:y, : all instances are staged/running
        decline O2 Some(10.0)
        accept O3 a.y Some(10.0)"#]]);
}

#[test]
fn a_second_run_takes_the_place_of_the_first() {
    for (faithful, told) in [(false, true), (true, false)] {
        let mut bench = Bench::new(|config| config.faithful = faithful);
        bench.run(1, application("once", 1, ""));
        bench.offer("a", ROOM, "");
        bench.run(2, application("once", 1, ""));
        let text = "Application once was run again before its tasks had ended";
        assert_eq!(bench.said().contains(text), told);
        // The task of the first ends nothing; if it fails it ends the second.
        bench.state(0, TaskState::Finished);
        assert!(!bench.said().contains("Ran"));
        bench.state(0, TaskState::Failed);
        assert!(bench.said().contains("Ran { call: CallId(2), result: Err"));
    }
}

#[test]
fn an_id_must_be_found_again_in_its_tasks() {
    let mut bench = Bench::registered();
    bench.run(1, application("a|b", 1, ""));
    assert!(bench.said().contains("Err(\"Application a|b has a | in its id"));
    let mut bench = Bench::new(|config| config.faithful = true);
    bench.run(1, application("a|b", 1, ""));
    bench.offer("h", ROOM, "");
    bench.state(0, TaskState::Failed);
    assert!(!bench.said().contains("Ran"));
}

#[test]
fn gives_up_where_nothing_fits() {
    let mut bench = Bench::registered();
    bench.run(1, application("once", 3, "rack UNIQUE"));
    bench.pass(3000);
    bench.offer("a", ROOM, "rack:r1");
    bench.pass(3000);
    bench.offer("a", ROOM, "rack:r1");
    bench.offer("b", "cpus:0.1;mem:128", "rack:r2");
    bench.said();
    bench.pass(599);
    bench.check(&expect![""]);
    bench.pass(1);
    bench.check(&expect![[r#"Ran { call: CallId(1), result: Err("Application once found no place for 2 of its tasks within 60 minutes (a: rack doesn't match unique; b: no cpus)") }"#]]);
    // The original, and what nobody waits for, wait on.
    let mut bench = Bench::new(|config| config.faithful = true);
    bench.run(1, application("once", 1, ""));
    bench.said();
    bench.pass(100_000);
    bench.check(&expect![""]);
}

#[test]
fn introduces_itself_and_comes_back() {
    let mut bench = Bench::new(|config| {
        (config.user, config.hostname) = ("root".into(), Some("here".into()));
    });
    bench.subscribed("fw-1");
    bench.mesos(SchedulerEvent::Disconnected { why: "gone".into() });
    bench.pass(60);
    bench.subscribed("fw-1");
    bench.pass(600);
    let said = bench.said().replace(", webui_url: None, capabilities: [], labels: None", "");
    expect![[r#"
        Starting scheduler
        Attach { master: "m:5050" }
        Subscribe { info: FrameworkInfo { user: "root", name: "stack-deploy", id: None, failover_timeout: 604800.0, checkpoint: true, role: Some("*"), roles: [], hostname: Some("here"), principal: None }, suppressed_roles: [] }
        [Registered] framework: fw-1 master: m:5050
        Registered { framework_id: "fw-1" }
        [Disconnected] gone
        Subscribe { info: FrameworkInfo { user: "root", name: "stack-deploy", id: Some(FrameworkId(fw-1)), failover_timeout: 604800.0, checkpoint: true, role: Some("*"), roles: [], hostname: Some("here"), principal: None }, suppressed_roles: [] }
        [Reregistered] master: m:5050"#]]
    .assert_eq(&said);
}

#[test]
fn an_id_that_was_kept_is_used() {
    let mut bench = Bench::new(|config| {
        config.framework_id = Some("fw-0".into());
        config.failover_timeout = Duration::ZERO;
    });
    assert!(bench.said().contains("id: Some(FrameworkId(fw-0)), failover_timeout: 0.0"));
    bench.subscribed("fw-0");
    bench.check(&expect!["[Reregistered] master: m:5050"]);
}

#[test]
fn tries_again_less_and_less_often() {
    let mut bench = Bench::new(|_| ());
    let mut tries = 0;
    bench.said();
    for _ in 0..20 {
        bench.mesos(SchedulerEvent::Disconnected { why: "refused".into() });
        let wait = bench.framework.wake_at().unwrap().since(bench.now);
        assert!(wait <= Duration::from_secs(60), "{wait:?}");
        bench.pass(wait.as_secs() + 1);
        tries += bench.said().matches("Subscribe").count();
    }
    assert_eq!(tries, 20);
}

#[test]
fn a_refusal_is_final() {
    let error = || SchedulerEvent::Error { message: "Framework has been removed".into() };
    let mut bench = Bench::registered();
    bench.run(1, application("once", 1, ""));
    bench.mesos(error());
    bench.mesos(SchedulerEvent::Disconnected { why: "closed".into() });
    bench.run(2, application("once", 1, ""));
    bench.pass(3600);
    bench.check(&expect![[r#"
        [Error] Framework has been removed
        Ran { call: CallId(1), result: Err("the Mesos master refuses Stack Deploy's framework: Framework has been removed") }
        Ran { call: CallId(2), result: Err("the Mesos master refuses Stack Deploy's framework: Framework has been removed") }"#]]);
    let mut bench = Bench::new(|config| config.faithful = true);
    bench.said();
    bench.run(1, application("once", 1, ""));
    bench.mesos(error());
    bench.run(2, application("once", 1, ""));
    bench.check(&expect!["[Error] Framework has been removed"]);
}

#[test]
fn a_foreign_task_id_kills_the_original() {
    for (id, staged, faithful, said) in [
        ("x", false, true, "panic: Unexpected task ID x\nExit { code: 2 }"),
        ("once|x", true, true, "panic: Unexpected task ID once|x\nExit { code: 2 }"),
        ("x", false, false, "Unexpected task ID x"),
        ("once|x", true, false, "Unexpected task ID once|x"),
    ] {
        let mut bench = Bench::new(|config| config.faithful = faithful);
        if staged {
            bench.run(1, application("once", 1, ""));
        }
        bench.said();
        bench.mesos(SchedulerEvent::Update(TaskStatus::new(id.into(), TaskState::Running)));
        assert_eq!(bench.said(), format!("[StatusUpdate] {id} TASK_RUNNING\n{said}"));
    }
}

#[test]
fn scheduled_applications_wait_for_their_time() {
    let mut bench = Bench::registered();
    let scheduled = |id: &str, start: &str, every: &str| OnceApplication {
        start_time: start.into(),
        time_schedule: every.into(),
        ..application(id, 1, "")
    };
    bench.run(1, scheduled("every", "", "@every 30s"));
    bench.run(2, scheduled("start", "20 0 * * *", ""));
    bench.run(3, scheduled("both", "40 0 * * *", "@every 17s"));
    bench.run(4, scheduled("bad", "soon", ""));
    bench.check(&expect![[r#"
        Ran { call: CallId(1), result: Ok(()) }
        Ran { call: CallId(2), result: Ok(()) }
        Ran { call: CallId(3), result: Ok(()) }
        Ran { call: CallId(4), result: Ok(()) }"#]]);
    bench.pass(29);
    bench.offer("a", ROOM, "");
    bench.offer("a", ROOM, "");
    bench.state(0, TaskState::Failed);
    bench.pass(35);
    bench.check(&expect![[r#"
        Its time has come: start
        accept O1 start.a Some(10.0)
        : all instances are staged/running
        decline O2 Some(10.0)
        ack
        [StatusUpdate] start|a TASK_FAILED
        Application start failed to run on host a with status TASK_FAILED: Command exited
        Its time has come: every
        Its time has come: both
        Its time has come: every
        Application every was run again before its tasks had ended"#]]);
    bench.request(OnceRequest::List { call: CallId(5) });
    let said = bench.said();
    let ids: Vec<i64> =
        said.split("id: ").skip(1).map(|rest| rest.split(',').next().unwrap().parse().unwrap()).collect();
    assert_eq!((ids.len(), ids[3]), (4, -1), "{said}");
    bench.request(OnceRequest::Remove { call: CallId(6), id: ids[0] });
    bench.request(OnceRequest::Remove { call: CallId(7), id: ids[0] });
    bench.check(&expect![[r#"
        Removed { call: CallId(6), found: true }
        Removed { call: CallId(7), found: false }"#]]);
    bench.pass(60);
    assert!(!bench.said().contains("every"));
}

#[test]
fn ends_when_told_to_and_says_nothing_more() {
    let mut bench = Bench::registered();
    bench.input(Input::Terminate);
    bench.run(1, application("once", 0, ""));
    bench.check(&expect!["Exit { code: 143 }"]);
    assert_eq!(bench.framework.wake_at(), None);
}
