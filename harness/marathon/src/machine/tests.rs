//! Tests of tasks, health checks, the queue and deployments.

use expect_test::expect;
use stacklab_machine::Pace;
use stacklab_machine::http::{Failure, Response};
use stacklab_machine::process::Input;
use stacklab_machine::timeline::What;
use stacklab_mesos::{SchedulerCall, SchedulerEvent, TaskInfo, TaskState};

use crate::testing::Bench;

const CHECKED: &str = r#"{"id":"a","cmd":"x","healthChecks":[{"gracePeriodSeconds":25,"intervalSeconds":10,"maxConsecutiveFailures":2}]}"#;

/// Creates an app and runs one task of it.
fn with_task(bench: &mut Bench, app: &str) -> TaskInfo {
    assert_eq!(bench.send("POST /v2/apps", app).status, 201);
    let mut tasks = bench.large_offer("h1");
    bench.status(&tasks[0], TaskState::Running);
    tasks.remove(0)
}

#[test]
fn registers_as_marathon_does() {
    let mut bench = Bench::new();
    bench.mesos(SchedulerEvent::Disconnected { why: "gone".into() });
    bench.pass(1.0);
    let Some(SchedulerCall::Subscribe { info, .. }) = bench.calls.pop() else { panic!("no subscription") };
    expect![[r#"{"user":"root","name":"marathon","id":{"value":"fw-0000"},"failover_timeout":604800.0,"checkpoint":true,"hostname":"10.0.0.1","webui_url":"http://10.0.0.1:8080"}"#]].assert_eq(&serde_json::to_string(&info).unwrap());
    bench.subscribed();
    bench.pass(15.0);
    assert_eq!(bench.calls, [SchedulerCall::Reconcile { tasks: Vec::new() }]);
    bench.mesos(SchedulerEvent::Error { message: "Framework has been removed".into() });
    assert_eq!(bench.exit, Some(9));
}

#[test]
fn says_why_an_offer_does_not_do() {
    let mut bench = Bench::new();
    bench.large_offer("h1");
    assert_eq!(bench.refusals(), [": no tasks to launch"]);
    bench.send(
        "POST /v2/apps",
        r#"{"id":"a","cmd":"x","mem":512,"ports":[31991],"requirePorts":true,"constraints":[["hostname","UNLIKE","bad"]]}"#,
    );
    for (host, resources, reason) in [
        (
            "bad",
            "cpus:4;mem:512;ports:[31000-32000]",
            "UnfulfilledConstraint: hostname UNLIKE bad, offered bad",
        ),
        ("h", "cpus:0.5;mem:512;ports:[31000-32000]", "InsufficientCpus: wants 1, offered 0.5"),
        ("h", "cpus:4;mem:100;ports:[31000-32000]", "InsufficientMemory: wants 512 MB, offered 100 MB"),
        ("h", "cpus:4;mem:512;ports:[31000-31990]", "InsufficientPorts: wants 31991, offered [31000-31990]"),
    ] {
        assert_eq!(bench.offer(host, resources), []);
        assert_eq!(bench.refusals(), [format!("/a: {reason}")]);
    }
    assert_eq!(bench.offer("h", "cpus:1;mem:512;ports:[31991-31991]").len(), 1);
}

#[test]
fn spreads_and_packs() {
    let mut bench = Bench::new();
    bench
        .send("POST /v2/apps", r#"{"id":"u","cmd":"x","instances":2,"constraints":[["hostname","UNIQUE"]]}"#);
    bench.send("POST /v2/apps", r#"{"id":"v","cmd":"x","instances":3,"ports":[0,0]}"#);
    let tasks = bench.large_offer("h1");
    assert_eq!(tasks.iter().map(|task| &*task.name).collect::<Vec<_>>(), ["u", "v", "v", "v"]);
    let ports = tasks.iter().fold(0, |sum, task| sum + task.resources.ports().count());
    assert_eq!(ports, 7);
    assert_eq!(bench.large_offer("h1"), []);
    assert_eq!(bench.large_offer("h2").len(), 1);
}

#[test]
fn checks_health() {
    let mut bench = Bench::new();
    let task = with_task(&mut bench, CHECKED);
    let bad = Ok(Response::empty(503));
    bench.pass(10.0);
    assert_eq!(bench.checks.len(), 1);
    assert!(bench.checks[0].1.starts_with("http://h1:31"), "{:?}", bench.checks);
    // Within the grace period a failure is none.
    bench.answer_checks(&bad);
    assert_eq!(bench.get("/v2/apps/a")["app"]["tasksUnhealthy"], 0);
    bench.pass(10.0);
    bench.answer_checks(&Ok(Response::empty(302)));
    assert_eq!(bench.get("/v2/apps/a")["app"]["tasksHealthy"], 1);
    assert_eq!(bench.get("/v2/deployments"), serde_json::json!([]));
    // After the first success every failure counts; the one after the limit kills.
    for failures in 1..=3 {
        assert_eq!(bench.killed(), Vec::<String>::new());
        bench.pass(10.0);
        bench.answer_checks(&Err(Failure::Refused("h1".into())));
        let results = &bench.get("/v2/apps/a/tasks")["tasks"][0]["healthCheckResults"][0];
        assert_eq!(results["consecutiveFailures"], failures);
    }
    assert_eq!(bench.killed(), [task.task_id.as_str()]);
    bench.pass(10.0);
    assert_eq!(bench.killed(), [task.task_id.as_str()], "a kill is repeated until it is confirmed");
    bench.status(&task, TaskState::Killed);
    assert_eq!(bench.acknowledged, 2);
    let replacement = bench.large_offer("h2");
    assert_eq!(replacement.len(), 1, "a kill delays nothing");
    let changes = bench.events.iter().filter(|event| matches!(event, What::HealthChanged { .. })).count();
    assert_eq!(changes, 2);
}

#[test]
fn paces_intervals_but_not_timeouts() {
    let mut bench = Bench::at_pace(Pace::FAST);
    with_task(&mut bench, CHECKED);
    bench.pass(0.1);
    assert_eq!(bench.checks.len(), 1);
    bench.pass(5.0);
    assert_eq!(bench.checks.len(), 1, "one question at a time");
}

#[test]
fn backs_off() {
    let mut bench = Bench::new();
    let mut task = with_task(&mut bench, r#"{"id":"a","cmd":"x","backoffFactor":2}"#);
    for (delay_ms, wait) in [(1000, 1.0), (2000, 2.0), (4000, 4.0)] {
        bench.status(&task, TaskState::Failed);
        let last = bench.events.iter().rev().find(|event| matches!(event, What::LaunchDelayed { .. }));
        assert_eq!(last, Some(&What::LaunchDelayed { app: "/a".into(), delay_ms }));
        assert_eq!(bench.large_offer("h1"), []);
        assert_eq!(bench.refusals(), ["/a: waits for its backoff"]);
        let revivals = bench.revivals;
        bench.pass(wait);
        assert!(bench.revivals >= revivals);
        task = bench.large_offer("h1").remove(0);
    }
    let failure = &bench.get("/v2/apps/a")["app"]["lastTaskFailure"];
    assert_eq!(
        (failure["state"].as_str(), failure["message"].as_str()),
        (Some("TASK_FAILED"), Some("said so"))
    );
    bench.status(&task, TaskState::Lost);
    assert_eq!(bench.send("DELETE /v2/queue/a/delay", "").status, 204);
    assert_eq!(bench.large_offer("h1").len(), 1);
}

#[test]
fn revives_when_something_waits() {
    let mut bench = Bench::new();
    assert_eq!(bench.revivals, 0);
    bench.send("POST /v2/apps", r#"{"id":"a","cmd":"x"}"#);
    assert_eq!(bench.revivals, 1);
    bench.pass(60.0);
    assert_eq!(bench.revivals, 3);
}

#[test]
fn scales_and_removes() {
    let mut bench = Bench::new();
    let first = with_task(&mut bench, r#"{"id":"a","cmd":"x"}"#);
    assert_eq!(bench.send("PUT /v2/apps/a", r#"{"instances":3}"#).status, 200);
    let more = bench.large_offer("h1");
    assert_eq!(more.len(), 2);
    bench.pass(1.0);
    for task in &more {
        bench.status(task, TaskState::Running);
    }
    assert_eq!(bench.get("/v2/deployments"), serde_json::json!([]));
    assert_eq!(bench.send("PUT /v2/apps/a", r#"{"instances":1}"#).status, 200);
    let mut killed = bench.killed();
    killed.sort();
    let mut expected: Vec<_> = more.iter().map(|task| task.task_id.to_string()).collect();
    expected.sort();
    assert_eq!(killed, expected, "the latest go first");
    for task in &more {
        bench.status(task, TaskState::Killed);
    }
    assert_eq!(bench.send("DELETE /v2/apps/a", "").status, 200);
    assert_eq!(bench.ask(stacklab_machine::http::Request::get("/v2/apps/a")).status, 404);
    assert_eq!(bench.get("/v2/tasks")["tasks"].as_array().unwrap().len(), 1);
    bench.status(&first, TaskState::Killed);
    assert_eq!(bench.get("/v2/deployments"), serde_json::json!([]));
    assert_eq!(bench.large_offer("h1"), []);
    let deployments: Vec<_> = bench
        .events
        .iter()
        .filter(|event| matches!(event, What::DeploymentFinished { success: true, .. }))
        .collect();
    assert_eq!(deployments.len(), 4);
}

#[test]
fn restarts_one_after_the_other() {
    let mut bench = Bench::new();
    bench.send(
        "POST /v2/apps",
        r#"{"id":"a","cmd":"x","instances":2,"upgradeStrategy":{"maximumOverCapacity":0.5}}"#,
    );
    let old = bench.large_offer("h1");
    for task in &old {
        bench.status(task, TaskState::Running);
    }
    bench.calls.clear();
    bench.pass(1.0);
    assert_eq!(bench.send("PUT /v2/apps/a", r#"{"cmd":"y"}"#).status, 200);
    assert_eq!(bench.killed(), Vec::<String>::new());
    for round in 0..2 {
        let new = bench.large_offer("h1");
        assert_eq!(new.len(), 1, "round {round}");
        bench.status(&new[0], TaskState::Running);
        let killed = bench.killed();
        assert_eq!(killed.len(), 1);
        let victim = old.iter().find(|task| task.task_id.as_str() == killed[0]).unwrap();
        assert_eq!(bench.large_offer("h1"), [], "the old one still takes its place");
        bench.status(victim, TaskState::Killed);
    }
    assert_eq!(bench.get("/v2/deployments"), serde_json::json!([]));
    assert_eq!(bench.get("/v2/apps/a")["app"]["tasksRunning"], 2);
    assert_eq!(bench.send("POST /v2/apps/a/restart", "").status, 200);
    assert_eq!(bench.large_offer("h1").len(), 1);
}

#[test]
fn gives_up_tasks_that_do_not_start() {
    let mut bench = Bench::new();
    bench.send("POST /v2/apps", r#"{"id":"a","cmd":"x"}"#);
    let task = bench.large_offer("h1").remove(0);
    bench.pass(299.0);
    assert_eq!(bench.killed(), Vec::<String>::new());
    bench.pass(1.0);
    assert_eq!(bench.killed(), [task.task_id.as_str()]);
}

#[test]
fn kills_strangers_and_ignores_the_rest() {
    let mut bench = Bench::new();
    let mut stranger = with_task(&mut bench, r#"{"id":"a","cmd":"x"}"#);
    stranger.task_id = "stranger".into();
    bench.calls.clear();
    bench.status(&stranger, TaskState::Running);
    assert_eq!(bench.killed(), ["stranger"]);
    bench.status(&stranger, TaskState::Killed);
    assert_eq!(bench.killed(), Vec::<String>::new());
    bench.input(Input::Terminate);
    assert_eq!(bench.exit, Some(143));
}

#[test]
fn kills_by_hand() {
    let mut bench = Bench::new();
    let task = with_task(&mut bench, r#"{"id":"a","cmd":"x"}"#);
    let id = task.task_id.as_str();
    bench.calls.clear();
    assert_eq!(bench.send("DELETE /v2/apps/a/tasks/nope", "").status, 404);
    let killed = bench.send(&format!("DELETE /v2/apps/a/tasks/{id}"), "");
    assert!(killed.text().starts_with(&format!(r#"{{"task":{{"id":"{id}""#)), "{}", killed.text());
    assert_eq!(bench.killed(), [id]);
    bench.status(&task, TaskState::Killed);
    let next = bench.large_offer("h1").remove(0);
    bench.status(&next, TaskState::Running);
    bench.calls.clear();
    let body = format!(r#"{{"ids":["{}","unknown"]}}"#, next.task_id);
    let answer = bench.send("POST /v2/tasks/delete?scale=true", &body);
    assert_eq!(answer.status, 200);
    assert_eq!(bench.killed(), [next.task_id.as_str()]);
    assert_eq!(bench.get("/v2/apps/a")["app"]["instances"], 0);
}
