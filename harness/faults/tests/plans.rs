//! How plans are written, and what is said about those that make no sense.

#![allow(clippy::unwrap_used, reason = "a test ends where its helpers do")]

use expect_test::{Expect, expect};
use serde_json::{Value, json};
use stacklab_faults::{Backend, Fault, Pattern, REACTIONS, Reaction, check, minimise, near};

fn read(plan: Value) -> Vec<Fault> {
    serde_json::from_value(plan).unwrap()
}

fn said(plan: Value, expected: &Expect) {
    let found = check(&read(plan), Some(Backend::Sim));
    let lines: Vec<String> = found.iter().map(ToString::to_string).collect();
    expected.assert_eq(&lines.join("\n"));
}

#[test]
fn a_plan_is_read_as_it_is_written() {
    let plan = json!([
        {"on": {"event": "task-launched", "name": "broker-70"}, "do": {"fail-task": {"task": "broker-70"}}},
        {"at": 40.0, "do": {"lose-agent": {"agent": "agent-2", "back": 20.0, "without-sandboxes": true}}},
        {"on": {"event": "http-exchange", "status": 200.0}, "after": 1.5, "times": "always", "optional": true,
            "probability": 0.25, "do": {"cut-link": {"link": {"from": "any", "to": "lab"}, "lasts": 3.0}}},
        {"at": 1.0, "times": 2, "off": true, "do": {"fail-over-master": {"after": 0.0}}},
    ]);
    let read = read(plan.clone());
    assert_eq!(read[1].reaction.to_string(), "agent-2 is lost, and is back after 20 s without its sandboxes");
    let written = serde_json::to_value(&read).unwrap();
    // What is left out has a meaning; it is written where it had to be chosen.
    let mut plan = plan;
    plan[0]["do"]["fail-task"]["message"] = Value::Null;
    assert_eq!(written, plan);
}

#[test]
fn keys_that_nobody_knows_are_refused() {
    for (plan, part) in [
        (json!([{"at": 1.0, "do": {"fail-tusk": {"task": "x"}}}]), "unknown variant `fail-tusk`"),
        (json!([{"at": 1.0, "do": {"fail-task": {"tusk": "x"}}}]), "unknown field `tusk`"),
        (json!([{"at": 1.0, "do": {"lose-task": {"task": "x"}}, "often": 3}]), "unknown field `often`"),
        (json!([{"do": {"lose-task": {"task": "x"}}}]), "no variant of enum When found"),
    ] {
        let error = serde_json::from_value::<Vec<Fault>>(plan).unwrap_err().to_string();
        assert!(error.contains(part), "{error}");
    }
}

#[test]
fn what_makes_no_sense_is_said() {
    said(
        json!([
            {"on": {"event": "task-lanched"}, "do": {"lose-task": {"task": "x"}}},
            {"on": {"event": "moon"}, "do": {"lose-task": {"task": "x"}}, "probability": 1.5},
            {"on": {"event": "task-status", "stat": "TASK_LOST"}, "do": {"lose-task": {"task": " "}}, "times": 0},
            {"at": -1, "do": {"pause-agent": {"agent": "agent-1", "lasts": -2}}, "times": "always"},
            {"at": 1, "do": {"answer-error": {"service": "kafka", "code": 3, "times": 1}}},
            {"at": 1, "do": {"answer-http": {"to": "marathon", "status": 42, "times": 1}}, "after": 1e9},
            {"on": {"event": "agent-lost", "why": "x", "who": "mesos-master"}, "do": {"skew-clock": {"agent": "a", "by": -3}}},
        ]),
        &expect![[r#"
            fault 1: task-lanched is no event: is task-launched meant?
            fault 2: moon is no event: there are run-started, step-started, step-finished, waiting, stack-started, application-state, warned, task-call, stack-finished, http-exchange, app-created, app-removed, deployment-started, deployment-finished, health-changed, launch-delayed, agent-registered, agent-lost, framework-subscribed, framework-refused, framework-disconnected, framework-removed, offer-sent, offer-declined, offer-rescinded, task-launched, task-status, instance-state, state-read, log, fetch-started, artifacts-fetched, artifact-missing, program-started, program-exited, service-started, service-ready, service-exited, znode-written, znode-deleted, spans-reached, span-missing, observed, fault-fired, verdict
            fault 2: a probability is a number from 0 to 1, not 1.5
            fault 3: stat is no field of task-status: is state meant?
            fault 3: a fault happens at least once; `off: true` turns it off
            fault 3: lose-task needs a name
            fault 4: at is a number of seconds from 0 to 604800, not -1
            fault 4: what happens at a time happens once
            fault 4: `lasts` is a number of seconds from 0 to 604800, not -2
            fault 5: answer-error cannot be done on sim: a simulation's services are models that have no protocol
            fault 6: after is a number of seconds from 0 to 604800, not 1000000000
            fault 6: 42 is no status of HTTP"#]],
    );
}

#[test]
fn every_reaction_has_its_name() {
    let error = serde_json::from_value::<Reaction>(json!({"x": {}})).unwrap_err().to_string();
    let names: Vec<String> = REACTIONS.iter().map(|name| format!("`{name}`")).collect();
    assert!(error.contains(&names.join(", ")), "{error}");
    let reaction: Reaction = serde_json::from_value(json!({"fail-over-master": {}})).unwrap();
    assert_eq!(reaction.name(), "fail-over-master");
}

#[test]
fn near_names_are_found() {
    assert_eq!(near("fail-tusk", REACTIONS.iter().copied()), ["fail-task"]);
    assert_eq!(near("elephant", REACTIONS.iter().copied()), Vec::<&str>::new());
}

fn numbered(count: u32) -> Vec<Fault> {
    (0..count).map(|n| Fault::on(Pattern::event("log"), Reaction::LoseTask { task: n.to_string() })).collect()
}

fn numbers(plan: &[Fault]) -> Vec<u32> {
    plan.iter()
        .map(|fault| match &fault.reaction {
            Reaction::LoseTask { task } => task.parse().unwrap(),
            other => panic!("{other}"),
        })
        .collect()
}

#[test]
fn a_plan_is_made_as_small_as_it_can_be() {
    for needed in [vec![], vec![3], vec![0, 19], vec![4, 5, 11], vec![0, 1, 2, 3, 4, 5, 6]] {
        let mut runs = 0;
        let smallest = minimise(&numbered(20), |plan| {
            runs += 1;
            let there = numbers(plan);
            needed.iter().all(|n| there.contains(n))
        });
        assert_eq!(numbers(&smallest), needed);
        assert!(runs <= 400, "{runs}");
    }
}

proptest::proptest! {
    /// No single fault of what is left can be left out, also where what fails is not a matter of single faults.
    #[test]
    fn nothing_more_can_be_left_out(needed in proptest::collection::btree_set(0_u32..24, 0..6), least in 0_usize..4) {
        let fails = |plan: &[Fault]| {
            let there = numbers(plan);
            there.len() >= least && needed.iter().all(|n| there.contains(n))
        };
        let smallest = minimise(&numbered(24), fails);
        assert!(fails(&smallest));
        for left_out in 0..smallest.len() {
            let mut less = smallest.clone();
            less.remove(left_out);
            assert!(!fails(&less), "{smallest:?}");
        }
    }
}
