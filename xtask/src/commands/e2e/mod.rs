//! `cargo xtask e2e`.

mod matrix;
mod one;
mod reports;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use anyhow::anyhow;
use serde_json::json;
use stacklab_lab::exit::ExitCode;
use stacklab_lab::scenario::Scenario;
use stacklab_lab::{Backing, catalogue};
use stacklab_live::Part;
use tokio::task::JoinSet;

use super::Failed;
use crate::flags::{Backend, E2e};
use crate::paths;
use one::{Ended, Way, one};
use reports::Kept;

/// Runs what is asked for; the exit is the worst of all scenarios'.
pub(crate) async fn e2e(flags: E2e) -> Result<ExitCode, Failed> {
    if flags.list {
        list(&all()?, flags.json);
        return Ok(ExitCode::AsExpected);
    }
    let mut chosen = match &flags.stack {
        Some(stack) => vec![Scenario::of_stack(stack)],
        None => choose(&flags.scenarios)?,
    };
    for scenario in &mut chosen {
        scenario.variables.extend(flags.variables.iter().cloned());
    }
    if flags.matrix {
        return matrix::matrix(&chosen, &flags).await;
    }
    let backing = backing(&flags).await?;
    let jobs = if flags.keep { 1 } else { flags.jobs.unwrap_or_else(|| usual_jobs(&flags)) };
    if chosen.len() == 1 || jobs == 1 {
        return one_by_one(&chosen, &flags, &backing).await;
    }
    at_once(chosen, flags, backing, jobs).await
}

fn all() -> Result<Vec<Scenario>, Failed> {
    catalogue::all(&paths::scenarios()).map_err(Failed::input)
}

/// Scenarios by name, or by the path of their file.
pub(crate) fn choose(names: &[String]) -> Result<Vec<Scenario>, Failed> {
    let is_path = |name: &str| name.ends_with(".yaml") || name.ends_with(".yml") || name.contains('/');
    if names.is_empty() {
        return all();
    }
    let mut chosen = Vec::new();
    for name in names {
        if is_path(name) {
            chosen.push(Scenario::read(Path::new(name)).map_err(Failed::input)?);
        } else {
            let known = catalogue::choose(all()?, std::slice::from_ref(name));
            chosen.extend(known.map_err(|why| Failed::input(anyhow!(why)))?);
        }
    }
    Ok(chosen)
}

/// Most of a run is waiting: more of them than processors can be under way. Containers need those for themselves.
fn usual_jobs(flags: &E2e) -> usize {
    let processors = std::thread::available_parallelism().map_or(1, usize::from);
    match flags.backend {
        Backend::Docker => 1,
        Backend::Embedded if !flags.real.is_empty() => 1,
        Backend::Embedded => processors * 3,
        Backend::Sim => processors,
    }
}

async fn one_by_one(chosen: &[Scenario], flags: &E2e, backing: &Backing) -> Result<ExitCode, Failed> {
    let way = Way { flags, backing, alone: chosen.len() == 1, bare: false };
    let mut tally = Tally::default();
    for scenario in chosen {
        let (ended, text) = one(scenario, &way).await?;
        print!("{text}");
        tally.add(scenario, &way, ended);
    }
    tally.end(flags)
}

/// Several at a time, each on a thread and a cluster of its own; shown in order.
async fn at_once(
    chosen: Vec<Scenario>,
    flags: E2e,
    backing: Backing,
    jobs: usize,
) -> Result<ExitCode, Failed> {
    let shared = Arc::new((flags, backing));
    let (mut running, mut tally) = (JoinSet::new(), Tally::default());
    let mut waiting = chosen.into_iter().enumerate();
    let (mut done, mut next) = (BTreeMap::new(), 0);
    loop {
        while running.len() < jobs
            && let Some((index, scenario)) = waiting.next()
        {
            let (shared, handle) = (Arc::clone(&shared), tokio::runtime::Handle::current());
            running.spawn_blocking(move || {
                let (flags, backing) = &*shared;
                let way = Way { flags, backing, alone: false, bare: false };
                (index, handle.block_on(one(&scenario, &way)), scenario)
            });
        }
        let Some(joined) = running.join_next().await else { break };
        let (index, result, scenario) =
            joined.map_err(|why| Failed::environment(anyhow!("a scenario panicked: {why}")))?;
        done.insert(index, (result?, scenario));
        while let Some(((ended, text), scenario)) = done.remove(&next) {
            print!("{text}");
            let way = Way { flags: &shared.0, backing: &shared.1, alone: false, bare: false };
            tally.add(&scenario, &way, ended);
            next += 1;
        }
    }
    tally.end(&shared.0)
}

/// How many scenarios ended how.
#[derive(Default)]
struct Tally {
    passed: usize,
    failed: usize,
    skipped: usize,
    /// For the reports, if any are wanted.
    kept: Vec<Kept>,
}

impl Tally {
    fn add(&mut self, scenario: &Scenario, way: &Way<'_>, ended: Ended) {
        match &ended {
            Ended::Report(report) if report.passed => self.passed += 1,
            Ended::Report(_) => self.failed += 1,
            Ended::Skipped(_) => self.skipped += 1,
        }
        if way.flags.report.is_some() {
            let end = match ended {
                Ended::Report(report) => Ok(report),
                Ended::Skipped(why) => Err(why),
            };
            self.kept.push(one::kept(scenario, way, end));
        }
    }

    fn end(&self, flags: &E2e) -> Result<ExitCode, Failed> {
        if let Some(folder) = &flags.report {
            reports::write_all(folder, &self.kept).map_err(Failed::environment)?;
        }
        if !flags.json && self.passed + self.failed + self.skipped > 1 {
            println!("{} passed, {} failed, {} skipped", self.passed, self.failed, self.skipped);
        }
        Ok(if self.failed == 0 { ExitCode::AsExpected } else { ExitCode::NotAsExpected })
    }
}

fn list(all: &[Scenario], as_json: bool) {
    if as_json {
        let shown: Vec<_> = all.iter().map(|s| json!({ "name": s.name, "about": s.about.trim() })).collect();
        println!("{}", json!(shown));
        return;
    }
    let width = all.iter().map(|scenario| scenario.name.len()).max().unwrap_or_default();
    for scenario in all {
        println!("{:<width$} {}", scenario.name, scenario.about.trim());
    }
}

/// Which services are asked to be real, and what they need made ready.
async fn backing(flags: &E2e) -> Result<Backing, Failed> {
    let real: BTreeSet<Part> = match flags.backend {
        Backend::Docker => Part::ALL.into(),
        Backend::Embedded => flags.real.iter().copied().collect(),
        Backend::Sim if flags.real.is_empty() => BTreeSet::new(),
        Backend::Sim => {
            return Err(Failed::input(anyhow!(
                "the sim backend has no real services: --real is for embedded"
            )));
        }
    };
    prepare(&real, flags).await
}

async fn prepare(real: &BTreeSet<Part>, flags: &E2e) -> Result<Backing, Failed> {
    let replaced = flags.images.iter().cloned().collect();
    let progress = |line: &str| eprintln!("{line}");
    Backing::prepare(real, &replaced, &paths::images(), &progress).await.map_err(Failed::environment)
}
