//! `cargo xtask sim --faults`.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use stacklab_faults::Fault;
use stacklab_lab::exit::ExitCode;
use stacklab_lab::sim::{Bounds, Ending, Exploration, Simulation, Violation};

use super::Failed;
use crate::flags::Sim;

/// Most violations that are made small and shown: one bug mostly shows in many seeds.
const MOST_SHOWN: usize = 5;

/// Runs seeds with random faults.
pub(super) fn explore(base: &Simulation, flags: &Sim) -> Result<ExitCode, Failed> {
    let mut bounds = Bounds::default();
    if !flags.faults.iter().any(|kind| kind == "all") {
        bounds.kinds.clone_from(&flags.faults);
    }
    let ordinary = |why: String| Failed::input(anyhow::anyhow!("without any fault: {why}"));
    let exploration = Exploration::new(base, bounds).map_err(ordinary)?;
    match flags.seed {
        Some(seed) => Ok(one(&exploration, seed)),
        None => Ok(many(&exploration, flags)),
    }
}

/// Prints one run's plan, its timeline, and what is wrong with it.
fn one(exploration: &Exploration, seed: u64) -> ExitCode {
    eprint!("{}", as_yaml(&exploration.plan(seed)));
    let (result, timeline) = exploration.run_recorded(seed);
    print!("{}", timeline.to_json_lines());
    match result {
        Ok(ending) => {
            eprintln!("seed {seed}: {ending}");
            ExitCode::AsExpected
        }
        Err((invariant, text)) => {
            eprintln!("seed {seed} breaks {invariant}: {text}");
            ExitCode::NotAsExpected
        }
    }
}

fn many(exploration: &Exploration, flags: &Sim) -> ExitCode {
    let started = Instant::now();
    let mut shown = started;
    let mut endings: BTreeMap<String, u64> = BTreeMap::new();
    let (mut runs, mut violations, mut told) = (0_u64, 0_u64, Vec::new());
    for seed in flags.seeds.clone() {
        runs += 1;
        match exploration.run(seed) {
            Ok(ending) => *endings.entry(name(ending)).or_default() += 1,
            Err(violation) => {
                violations += 1;
                if told.len() < MOST_SHOWN {
                    let smallest = exploration.minimise(&violation);
                    tell(&violation, &smallest, flags);
                    told.push(as_json(&smallest));
                }
            }
        }
        if shown.elapsed() >= Duration::from_secs(1) {
            shown = Instant::now();
            eprintln!("{runs} of {} runs, {violations} violations", flags.seeds.end - flags.seeds.start);
        }
    }
    let seconds = started.elapsed().as_secs_f64();
    summary(&Summary { runs, violations, endings, told, seconds }, flags.json);
    if violations == 0 { ExitCode::AsExpected } else { ExitCode::NotAsExpected }
}

struct Summary {
    runs: u64,
    violations: u64,
    endings: BTreeMap<String, u64>,
    told: Vec<Value>,
    seconds: f64,
}

fn summary(summary: &Summary, as_json: bool) {
    let Summary { runs, violations, endings, told, seconds } = summary;
    let rate = *runs as f64 / seconds;
    if as_json {
        let value = json!({
            "runs": runs, "violations": violations, "endings": endings, "shown": told, "seconds": seconds,
            "per_second": rate,
        });
        return println!("{value}");
    }
    println!("{runs} runs, {violations} violations, in {seconds:.2} s: {rate:.0} a second");
    for (ending, count) in endings {
        println!("  {count:6}  {ending}");
    }
}

/// What runs are counted by.
fn name(ending: Ending) -> String {
    ending.to_string()
}

/// The seed, what is wrong, the smallest plan that still does it, and how to see it again.
fn tell(violation: &Violation, smallest: &Violation, flags: &Sim) {
    let Violation { seed, invariant, text, .. } = violation;
    eprintln!("seed {seed} breaks {invariant}: {text}");
    eprintln!("{} of {} faults are enough:", smallest.plan.len(), violation.plan.len());
    eprint!("{}", as_yaml(&smallest.plan));
    eprintln!("  again: cargo xtask sim --faults {} --seed {seed}", flags.faults.join(","));
}

fn as_json(violation: &Violation) -> Value {
    let Violation { seed, invariant, text, plan, .. } = violation;
    json!({ "seed": seed, "invariant": invariant, "text": text, "faults": plan })
}

/// As it stands in a scenario file.
fn as_yaml(plan: &[Fault]) -> String {
    let plan = BTreeMap::from([("faults", plan)]);
    // A plan is made of texts and numbers: there is nothing in it that YAML cannot say.
    serde_saphyr::to_string(&plan).unwrap_or_default()
}
