//! `cargo xtask sim`.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use serde_json::json;
use stacklab_lab::cluster::ClusterSpec;
use stacklab_lab::exit::ExitCode;
use stacklab_lab::input::read_stack;
use stacklab_lab::scenario::Already;
use stacklab_lab::sim::{Outcome, Simulation, simulate};

use super::Failed;
use super::explore::explore;
use crate::flags::Sim;
use crate::paths;

/// Virtual time that a deployment may take: Stack Deploy itself gives an application ten minutes.
const LIMIT: Duration = Duration::from_secs(2 * 3600);

/// Deploys in virtual time.
pub(crate) fn sim(flags: &Sim) -> Result<ExitCode, Failed> {
    let path = flags.stack.clone().unwrap_or_else(|| paths::stacks().join("zipkin-full.stack"));
    let mut variables = BTreeMap::from([("zk_url".to_owned(), "{zk}".to_owned())]);
    variables.extend(flags.variables.iter().cloned());
    let asked = |place: &str| variables.values().any(|value| value.contains(place));
    let own = [("{kafka-zk}", Already::Kafka), ("{cassandra}", Already::Cassandra)];
    let already_running =
        own.into_iter().filter(|(place, _)| asked(place)).map(|(_, service)| service).collect();
    let stack = read_stack(&path, &variables).map_err(Failed::input)?.stack;
    let base = Simulation {
        cluster: ClusterSpec::default(),
        already_running,
        stack,
        variables,
        seed: 0,
        faults: Vec::new(),
        recording: false,
        limit: LIMIT,
    };
    if !flags.faults.is_empty() {
        return explore(&base, flags);
    }
    match flags.seed {
        Some(seed) => Ok(one(&Simulation { seed, recording: true, ..base })),
        None => Ok(many(&base, flags)),
    }
}

/// Prints one run's timeline.
fn one(simulation: &Simulation) -> ExitCode {
    let outcome = simulate(simulation);
    print!("{}", outcome.timeline.to_json_lines());
    exit_of(&outcome)
}

fn exit_of(outcome: &Outcome) -> ExitCode {
    if outcome.result.is_ok() { ExitCode::AsExpected } else { ExitCode::NotAsExpected }
}

fn many(base: &Simulation, flags: &Sim) -> ExitCode {
    let started = Instant::now();
    let (mut runs, mut failed, mut shown) = (0_u32, 0_u32, started);
    for seed in flags.seeds.clone() {
        let outcome = simulate(&Simulation { seed, ..base.clone() });
        runs += 1;
        if outcome.result.is_err() {
            failed += 1;
            // Once more with a timeline, which knows the reason.
            let again = simulate(&Simulation { seed, recording: true, ..base.clone() });
            let why = again.result.err().unwrap_or_else(|| "it deployed with a timeline".to_owned());
            eprintln!("seed {seed}: {why}\n  again: cargo xtask sim --seed {seed}");
        }
        if shown.elapsed() >= Duration::from_secs(1) {
            shown = Instant::now();
            eprintln!("{runs} of {} deployments, {failed} failed", flags.seeds.end - flags.seeds.start);
        }
    }
    let seconds = started.elapsed().as_secs_f64();
    let rate = f64::from(runs) / seconds;
    if flags.json {
        println!(
            "{}",
            json!({ "deployments": runs, "failed": failed, "seconds": seconds, "per_second": rate })
        );
    } else {
        println!("{runs} deployments, {failed} failed, in {seconds:.2} s: {rate:.0} a second");
    }
    if failed == 0 { ExitCode::AsExpected } else { ExitCode::NotAsExpected }
}
