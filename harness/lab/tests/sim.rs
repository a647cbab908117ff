//! Whole deployments in virtual time: they agree with themselves to the byte, end the same way unrecorded, keep the
//! invariants, and say why where they fail.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use stacklab_lab::cluster::{ArtifactSpec, ClusterSpec};
use stacklab_lab::redact::Redactor;
use stacklab_lab::scenario::Already;
use stacklab_lab::sim::{Outcome, Simulation, broken, simulate};
use stacklab_machine::Time;
use stacklab_machine::timeline::{Event, What};
use stacklab_stack::Stack;

fn text_of(stack: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../../fixtures/stacks/{stack}.stack"));
    std::fs::read_to_string(path).unwrap()
}

/// The usual cluster and a stack of the fixtures, recorded.
fn simulation(text: &str) -> Simulation {
    let given = [("zk_url", "{zk}"), ("kafka_zk_url", "{kafka-zk}"), ("cassandra_url", "{cassandra}")];
    let asks = |(name, _): &(&str, &str)| text.contains(&format!("${{{name}}}"));
    let variables: BTreeMap<String, String> =
        given.into_iter().filter(asks).map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    let own = variables.contains_key("kafka_zk_url");
    Simulation {
        cluster: ClusterSpec::default(),
        stack: Stack::parse(text).unwrap().stack,
        already_running: if own { vec![Already::Kafka, Already::Cassandra] } else { Vec::new() },
        variables,
        seed: 0,
        faults: Vec::new(),
        recording: true,
        limit: Duration::from_secs(3600),
    }
}

fn run(simulation: &Simulation, seed: u64) -> Outcome {
    simulate(&Simulation { seed, ..simulation.clone() })
}

fn unrecorded(simulation: &Simulation, seed: u64) -> Outcome {
    simulate(&Simulation { seed, recording: false, ..simulation.clone() })
}

fn deploys(outcome: &Outcome, stack: &str, seed: u64) {
    assert_eq!(outcome.result, Ok(()), "{stack}, seed {seed}");
    let broken = broken(outcome.timeline.events());
    assert!(broken.is_empty(), "{stack}, seed {seed}: {broken:#?}");
}

#[test]
fn a_seed_gives_one_timeline() {
    let simulation = simulation(&text_of("zipkin-full"));
    let mut all = Vec::new();
    for seed in 0..20 {
        let (once, again) = (run(&simulation, seed), run(&simulation, seed));
        deploys(&once, "zipkin-full", seed);
        let lines = once.timeline.to_json_lines();
        assert!(lines == again.timeline.to_json_lines(), "seed {seed} gave two timelines");
        all.push(lines);
        let quiet = unrecorded(&simulation, seed);
        assert_eq!(
            (quiet.result, quiet.took, quiet.steps),
            (once.result, once.took, once.steps),
            "seed {seed}"
        );
        assert!(quiet.timeline.events().is_empty());
    }
    all.sort();
    all.dedup();
    assert_eq!(all.len(), 20, "each seed has a timeline of its own");
}

#[test]
fn every_stack_deploys() {
    for stack in ["zipkin-full", "zipkin-full-scaled", "exhibitor-kafka", "zipkin-standalone"] {
        let simulation = simulation(&text_of(stack));
        for seed in 0..10 {
            deploys(&run(&simulation, seed), stack, seed);
        }
    }
}

#[test]
fn a_node_that_fits_nowhere_is_named_with_every_agent() {
    let simulation = simulation(&text_of("zipkin-full").replace("mem: 10000", "mem: 40000"));
    let outcome = run(&simulation, 3);
    let error = outcome.result.unwrap_err();
    for part in ["node 70", "mem < 40000", "127.77.0.11", "127.77.0.12", "127.77.0.13"] {
        assert!(error.contains(part), "no {part} in: {error}");
    }
    assert!(broken(outcome.timeline.events()).is_empty());
}

#[test]
fn one_timeline() {
    let outcome = run(&simulation(&text_of("zipkin-full")), 7);
    let mut redactor = Redactor::new();
    // Ports come from the seed, as everything here: only the long ids are taken out, for the reader's sake.
    redactor.fixed_ports(31_000..=32_000);
    let lines: Vec<String> =
        outcome.timeline.events().iter().filter_map(|event| line(event, &redactor)).collect();
    insta::assert_snapshot!(lines.join("\n"));
}

/// Second of virtual time, who, what: for what a reader of a deployment would follow.
fn line(event: &Event, redactor: &Redactor) -> Option<String> {
    let what = match &event.what {
        What::StackStarted { stack, .. } => format!("stack {stack} starts"),
        What::ApplicationState { application, state, .. } => format!("{application} {state}"),
        What::TaskCall { call, error, .. } => format!("{call}: {}", error.as_deref().unwrap_or("done")),
        What::StackFinished { stack, error } => {
            format!("stack {stack} ends: {}", error.as_deref().unwrap_or("deployed"))
        }
        What::AppCreated { app, .. } => format!("app {app} is known"),
        What::HealthChanged { app, healthy, .. } => format!("app {app} healthy: {healthy}"),
        What::AgentRegistered { host, resources, .. } => format!("agent on {host} has {resources}"),
        What::FrameworkSubscribed { name, .. } => format!("framework {name} subscribes"),
        What::TaskLaunched { name, host, resources, .. } => format!("task {name} on {host} with {resources}"),
        What::TaskStatus { task, state, .. } => format!("{task} {state}"),
        What::InstanceState { instance, from, to, .. } => format!("{instance}: {from} to {to}"),
        What::ProgramStarted { program, host, .. } => format!("on {host}: {}", shortened(program)),
        What::ProgramExited { program, code, .. } => format!("{program} ends with {code}"),
        What::ServiceReady { service, address, .. } => format!("{service} serves on {address}"),
        What::ServiceExited { service, code, .. } => format!("{service} ends with {code}"),
        What::ZnodeWritten { path, version: 0, .. } => format!("znode {path}"),
        What::Verdict { text, .. } => format!("verdict: {text}"),
        _ => return None,
    };
    let seconds = event.at.since(Time::SIM_START).as_secs_f64();
    Some(format!("{seconds:>8.3} {:<16} {}", redactor.text(&event.who), redactor.text(&what)))
}

fn shortened(command: &str) -> String {
    let short: String = command.chars().take(60).collect();
    if short.len() < command.len() { format!("{short}…") } else { short }
}

#[test]
fn run_once_applications_reach_mesos() {
    let scheduled = simulation(&text_of("scheduled"));
    for seed in 0..20 {
        let (once, again) = (run(&scheduled, seed), run(&scheduled, seed));
        assert_eq!(once.timeline.to_json_lines(), again.timeline.to_json_lines());
        deploys(&once, "scheduled", seed);
    }
    let now = simulation(
        "name: s\napplications: {a: {type: run-once, id: once, cpu: 0.1, mem: 8, launch_command: x}}",
    );
    let outcome = run(&now, 0);
    let launched = |event: &&Event| matches!(&event.what, What::TaskLaunched { name, .. } if name.starts_with("once.127.77.0."));
    assert_eq!(outcome.timeline.events().iter().filter(launched).count(), 1);
}

#[test]
fn a_command_that_nobody_plays_is_a_task_all_the_same() {
    let text = "name: plain\napplications:\n  web:\n    id: web\n    type: web-server\n    cpu: 0.1\n    mem: 16\n    \
                launch_command: \"nc -l $PORT0\"\n";
    let mut simulation = simulation(text);
    let outcome = run(&simulation, 1);
    deploys(&outcome, "plain", 1);
    let finished =
        |event: &Event| matches!(&event.what, What::TaskStatus { state, .. } if state == "TASK_FINISHED");
    assert!(!outcome.timeline.events().iter().any(finished));
    simulation.cluster.plain_tasks_run_for = Some(0);
    let outcome = run(&simulation, 1);
    assert!(outcome.timeline.events().iter().any(finished), "{:?}", outcome.result);
}

#[test]
fn artifacts_are_missing_or_slow_where_the_cluster_says_so() {
    let mut simulation = simulation(&text_of("statsd"));
    let fetched = |outcome: &Outcome| {
        let there = |event: &&Event| matches!(event.what, What::ArtifactsFetched { .. });
        outcome.timeline.events().iter().find(there).map(|event| event.at.since(Time::SIM_START))
    };
    let usual = run(&simulation, 1);
    assert!(fetched(&usual).is_some_and(|at| at < Duration::from_secs(30)));
    simulation.cluster.artifacts.insert("statsd_executor".to_owned(), ArtifactSpec::After(30));
    let slow = run(&simulation, 1);
    deploys(&slow, "statsd", 1);
    assert!(fetched(&slow).is_some_and(|at| at >= Duration::from_secs(30)));
    // So slow that the executor is given up before it is there: each try ends like that.
    simulation.cluster.artifacts.insert("statsd_executor".to_owned(), ArtifactSpec::After(90));
    let late = run(&simulation, 1);
    let why = late.result.unwrap_err();
    assert!(why.contains("Failed to await until the task is running and healthy"), "{why}");
    simulation.cluster.artifacts.insert("statsd_cli".to_owned(), ArtifactSpec::Missing);
    let missing = run(&simulation, 1);
    assert_eq!(fetched(&missing), None);
    let said =
        |event: &Event| matches!(&event.what, What::ArtifactMissing { why, .. } if why.contains("404"));
    assert!(missing.result.is_err() && missing.timeline.events().iter().any(said));
}
