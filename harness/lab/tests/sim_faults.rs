//! Every reaction of a plan in virtual time: what is seen of it in the timeline, and how the deployment ends.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use stacklab_faults::{Fault, REACTIONS};
use stacklab_lab::cluster::ClusterSpec;
use stacklab_lab::sim::{Outcome, Simulation, broken, simulate};
use stacklab_machine::timeline::{Event, What};
use stacklab_stack::Stack;

fn simulation(plan: &str) -> Simulation {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/stacks/zipkin-full.stack");
    Simulation {
        cluster: ClusterSpec::default(),
        stack: Stack::parse(&std::fs::read_to_string(path).unwrap()).unwrap().stack,
        already_running: Vec::new(),
        variables: BTreeMap::from([("zk_url".to_owned(), "{zk}".to_owned())]),
        seed: 1,
        faults: serde_json::from_str::<Vec<Fault>>(plan).unwrap(),
        recording: true,
        limit: Duration::from_secs(3600),
    }
}

fn run(plan: &str) -> Outcome {
    let outcome = simulate(&simulation(plan));
    let again = simulate(&simulation(plan));
    assert!(outcome.timeline.to_json_lines() == again.timeline.to_json_lines(), "{plan} gave two timelines");
    let broken = broken(outcome.timeline.events());
    assert!(broken.is_empty(), "{plan}: {broken:#?}");
    outcome
}

/// The lines of events that contain a text.
fn lines(outcome: &Outcome, text: &str) -> Vec<String> {
    let all = outcome.timeline.events().iter().map(|event| serde_json::to_string(event).unwrap());
    all.filter(|line| line.contains(text)).collect()
}

/// A plan of one fault; whether the stack is deployed in spite of it; and what the timeline must show of it.
type Row = (&'static str, &'static str, bool, &'static str);

const BROKER_UP: &str = r#""on": {"event": "service-ready", "service": "kafka"}"#;
const BROKER_LAUNCHED: &str = r#""on": {"event": "task-launched", "name": "broker-70"}"#;
const ENSEMBLE_UP: &str = r#""on": {"event": "service-ready", "service": "zookeeper"}"#;
const EARLY: &str = r#""at": 6"#;
const LATER: &str = r#""at": 30"#;

/// What else is asked for in the time of the deployment is refused or late, and nothing more: those rows show the fault.
const ROWS: &[Row] = &[
    (
        BROKER_LAUNCHED,
        r#"{"fail-task": {"task": "broker-70", "message": "out of luck"}}"#,
        true,
        r#""message":"out of luck""#,
    ),
    (BROKER_UP, r#"{"lose-task": {"task": "broker-70"}}"#, true, "TASK_LOST"),
    (EARLY, r#"{"hang-task": {"task": "broker-70"}}"#, true, "never leaves TASK_STAGING"),
    (EARLY, r#"{"delay-task": {"task": "broker-70", "by": 30}}"#, true, r#"broker-70"#),
    (BROKER_UP, r#"{"kill-task": {"task": "broker-70"}}"#, true, "Executor terminated"),
    (
        ENSEMBLE_UP,
        r#"{"lose-agent": {"agent": "agent of exhibitor-70"}}"#,
        false,
        "agent of exhibitor-70 is lost",
    ),
    (
        ENSEMBLE_UP,
        r#"{"lose-agent": {"agent": "agent-2", "back": 20, "without-sandboxes": true}}"#,
        true,
        "a new agent registered at the same address",
    ),
    (ENSEMBLE_UP, r#"{"lose-agent": {"agent": "agent-2", "back": 100}}"#, true, "health check timed out"),
    (LATER, r#"{"partition-agent": {"agent": "agent-1", "lasts": 200}}"#, true, "health check timed out"),
    (LATER, r#"{"pause-agent": {"agent": "agent-1", "lasts": 20}}"#, true, "nothing on agent-1 moves"),
    (LATER, r#"{"fail-over-master": {"after": 5}}"#, true, "the master is gone"),
    (BROKER_LAUNCHED, r#"{"disconnect-framework": {"framework": "kafka"}}"#, true, "framework-disconnected"),
    (
        BROKER_LAUNCHED,
        r#"{"fail-over-framework": {"framework": "kafka"}}"#,
        false,
        "[error] Framework failed over",
    ),
    (
        BROKER_LAUNCHED,
        r#"{"tear-down-framework": {"framework": "kafka"}}"#,
        false,
        r#""event":"framework-removed""#,
    ),
    (
        r#""on": {"event": "framework-subscribed", "name": "kafka"}, "after": 0.00001"#,
        r#"{"rescind-offers": {"framework": "kafka"}}"#,
        true,
        r#""event":"offer-rescinded""#,
    ),
    (
        EARLY,
        r#"{"take-resources": {"agent": "agent-1", "resources": "cpus:1;mem:1000;ports:[31250-31250]"}}"#,
        true,
        r#""name":"somebody-else-1""#,
    ),
    (LATER, r#"{"take-port": {"agent": "agent-1", "port": 2181}}"#, false, "Address already in use"),
    (
        EARLY,
        r#"{"miss-artifact": {"name": "kafka-mesos-0.9.2.0.jar"}}"#,
        false,
        "is missing in this scenario",
    ),
    (EARLY, r#"{"slow-artifact": {"name": "kafka_2.10-0.8.2.2.tgz", "by": 30}}"#, true, "takes 30 s longer"),
    (
        EARLY,
        r#"{"corrupt-artifact": {"name": "kafka-mesos-0.9.2.0.jar"}}"#,
        false,
        "tar exited with status 2",
    ),
    (
        BROKER_UP,
        r#"{"expire-session": {"of": "broker-70"}}"#,
        true,
        r#""event":"znode-deleted","server":"127.77.0.11:2181","path":"/brokers/ids/70""#,
    ),
    (BROKER_UP, r#"{"stop-service": {"service": "kafka"}}"#, true, r#""code":137"#),
    (EARLY, r#"{"stop-service": {"service": "platform", "back": 60}}"#, true, "connection refused"),
    (ENSEMBLE_UP, r#"{"lose-leader": {"service": "zookeeper"}}"#, true, "zookeeper loses its leader"),
    (BROKER_UP, r#"{"lose-data": {"service": "zookeeper"}}"#, true, r#""path":"/brokers/ids/70""#),
    (EARLY, r#"{"slow-service": {"service": "platform", "by": 2, "lasts": 100}}"#, true, "answers 2 s later"),
    (EARLY, r#"{"answer-http": {"to": "marathon", "status": 503, "times": 1}}"#, true, r#""status":503"#),
    (EARLY, r#"{"hang-http": {"to": "marathon", "times": 1}}"#, true, "are not answered"),
    (LATER, r#"{"close-http": {"to": "exhibitor-mesos", "times": 200}}"#, false, "EOF"),
    (
        EARLY,
        r#"{"delay-link": {"link": {"from": "any", "to": "agent-1"}, "by": 0.5, "lasts": 60}}"#,
        true,
        "takes 0.5 s longer",
    ),
    (
        LATER,
        r#"{"cut-link": {"link": {"from": "any", "to": "agent-1"}, "lasts": 20}}"#,
        true,
        "carries nothing",
    ),
    (EARLY, r#"{"skew-clock": {"agent": "agent-1", "by": -300}}"#, true, "is wrong by -300 s"),
    (LATER, r#"{"fill-disk": {"agent": "agent-1"}}"#, false, "No space left on device"),
];

#[test]
fn every_reaction_is_seen() {
    let mut wrong = Vec::new();
    for (when, reaction, deploys, seen) in ROWS {
        let plan = format!("[{{{when}, \"do\": {reaction}}}]");
        let outcome = run(&plan);
        let fired = outcome.hits[0].fired;
        let known = lines(&outcome, seen).len();
        if fired == 0 || known == 0 || outcome.result.is_ok() != *deploys {
            wrong.push(format!("{plan}: fired {fired}, {known} lines with {seen}, {:?}", outcome.result));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn there_is_a_row_for_every_reaction_that_a_simulation_knows() {
    for name in REACTIONS {
        let known = ROWS.iter().any(|(_, reaction, ..)| reaction.contains(&format!("\"{name}\"")));
        let left_out = ["answer-error", "time-out-writes", "narrow-link"].contains(name);
        assert!(known != left_out, "{name}");
    }
}

/// The cause of the fault is its trigger, and what follows has the fault for its cause.
#[test]
fn faults_stand_between_their_trigger_and_what_they_do() {
    let outcome = run(&format!("[{{{BROKER_UP}, \"do\": {{\"lose-task\": {{\"task\": \"broker-70\"}}}}}}]"));
    let events = outcome.timeline.events();
    let fault = events.iter().find(|event| matches!(event.what, What::FaultFired { .. })).unwrap();
    let trigger = &events[fault.cause.unwrap().0 as usize - 1];
    assert!(matches!(&trigger.what, What::ServiceReady { service, .. } if service == "kafka"));
    let follows = |event: &&Event| event.cause == Some(fault.id);
    let is_status =
        |event: &Event| matches!(&event.what, What::TaskStatus { state, .. } if state == "TASK_LOST");
    assert!(events.iter().filter(follows).any(is_status));
}
