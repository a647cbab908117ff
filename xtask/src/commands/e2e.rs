//! `cargo xtask e2e`.

use std::path::Path;

use anyhow::{Context, anyhow};
use serde_json::json;
use stacklab_lab::e2e::{NotRun, Options, Report, run};
use stacklab_lab::exit::ExitCode;
use stacklab_lab::report::{Progress, table};
use stacklab_lab::scenario::Scenario;
use stacklab_lab::{Lab, catalogue};
use stacklab_live::{Clock, Recorder};

use super::{Failed, up};
use crate::flags::{Backend, E2e, Sim};
use crate::interrupt::until_interrupted;
use crate::paths;

/// Runs what is asked for; the exit is the worst of all scenarios'.
pub(crate) async fn e2e(flags: E2e) -> Result<ExitCode, Failed> {
    let all = catalogue::all(&paths::scenarios()).map_err(Failed::input)?;
    if flags.list {
        list(&all, flags.json);
        return Ok(ExitCode::AsExpected);
    }
    let mut chosen = match &flags.stack {
        Some(stack) => vec![Scenario::of_stack(stack)],
        None => catalogue::choose(all, &flags.scenarios).map_err(|why| Failed::input(anyhow!(why)))?,
    };
    for scenario in &mut chosen {
        scenario.variables.extend(flags.variables.iter().cloned());
    }
    let mut worst = ExitCode::AsExpected;
    for scenario in &chosen {
        let exit = match flags.backend {
            Backend::Embedded => embedded(scenario, &flags).await?,
            Backend::Sim => simulated(scenario, &flags)?,
        };
        worst = if exit.code() > worst.code() { exit } else { worst };
    }
    Ok(worst)
}

fn list(all: &[Scenario], as_json: bool) {
    if as_json {
        let shown: Vec<_> = all.iter().map(|s| json!({ "name": s.name, "about": s.about.trim() })).collect();
        println!("{}", json!(shown));
        return;
    }
    for scenario in all {
        println!("{:<20} {}", scenario.name, scenario.about.trim());
    }
}

async fn embedded(scenario: &Scenario, flags: &E2e) -> Result<ExitCode, Failed> {
    let recorder = Recorder::new(Clock::new());
    let progress = Progress::start(recorder.clone());
    let options = Options {
        pace: flags.pace.into(),
        seed: flags.seed,
        stacks: paths::stacks(),
        // A stack file of the user's has no snapshot to be compared with.
        snapshots: flags.stack.is_none().then(paths::snapshots),
        bless: flags.bless,
    };
    let keep = |lab: &Lab, report: &Report| {
        show(scenario, flags, report);
        let shown = flags.keep.then(|| up::exports(lab.addresses()) + &exports(report));
        async move {
            if let Some(shown) = shown {
                println!("{shown}");
                eprintln!("the cluster stays until Ctrl-C");
                until_interrupted().await;
            }
        }
    };
    let mut interrupted = Interrupted { folder: flags.report.as_deref(), scenario, recorder: &recorder };
    let result = run(scenario, &options, &recorder, keep).await;
    interrupted.folder = None;
    progress.finish().await;
    if let Some(folder) = &flags.report {
        leave(&folder.join(&scenario.name), &recorder, result.as_ref().ok()).map_err(Failed::environment)?;
    }
    let report = match result {
        Ok(report) => report,
        Err(why) if why.is_environment() => return Err(Failed::environment(why)),
        Err(why @ NotRun::Backend { .. }) => {
            println!("skipped {}: {why}", scenario.name);
            return Ok(ExitCode::AsExpected);
        }
        Err(why) => return Err(Failed::input(why)),
    };
    Ok(if report.passed { ExitCode::AsExpected } else { ExitCode::NotAsExpected })
}

/// The addresses of what the stack runs, as lines for a shell.
fn exports(report: &Report) -> String {
    let name = |text: &str| text.to_uppercase().replace(|c: char| !c.is_ascii_alphanumeric(), "_");
    let schedulers = report.frameworks.iter().map(|(kind, url)| (name(kind), url.clone()));
    let mut services: std::collections::BTreeMap<String, Vec<&str>> = std::collections::BTreeMap::new();
    for service in &report.services {
        services.entry(format!("STACK_{}", name(&service.service))).or_default().push(&service.address);
    }
    let services = services.into_iter().map(|(name, addresses)| (name, addresses.join(",")));
    schedulers.chain(services).map(|(name, value)| format!("\nexport STACKLAB_{name}={value}")).collect()
}

fn show(scenario: &Scenario, flags: &E2e, report: &Report) {
    if flags.json {
        let tasks: Vec<_> = report
            .tasks
            .iter()
            .map(|t| json!({ "framework": t.framework, "task": t.name, "id": t.task, "state": t.state, "agent": t.host }))
            .collect();
        let shown = json!({
            "scenario": scenario.name,
            "passed": report.passed,
            "verdict": report.verdict,
            "seed": flags.seed,
            "seconds": report.took.as_secs_f64(),
            "tasks": tasks,
        });
        println!("{shown}");
        return;
    }
    println!("{}", table(&report.tasks, &report.services));
    let word = if report.passed { "passed" } else { "FAILED" };
    println!("{word} {} in {:.2} s: {}", scenario.name, report.took.as_secs_f64(), report.verdict);
    if !report.passed {
        println!("again: {}", again(scenario, flags));
    }
}

/// The one command that does the same once more.
fn again(scenario: &Scenario, flags: &E2e) -> String {
    let what = match &flags.stack {
        Some(stack) => format!("--stack {}", stack.display()),
        None => scenario.name.clone(),
    };
    let variables: String =
        flags.variables.iter().map(|(name, value)| format!(" --var {name}={value}")).collect();
    format!("cargo xtask e2e {what}{variables} --seed {}", flags.seed)
}

/// Leaves the timeline of a run that Ctrl-C ends: what hung is often what is wanted.
struct Interrupted<'a> {
    folder: Option<&'a Path>,
    scenario: &'a Scenario,
    recorder: &'a Recorder,
}

impl Drop for Interrupted<'_> {
    fn drop(&mut self) {
        if let Some(folder) = self.folder
            && let Err(why) = leave(&folder.join(&self.scenario.name), self.recorder, None)
        {
            eprintln!("{why:#}");
        }
    }
}

/// Leaves what is known of a run in a folder.
fn leave(folder: &Path, recorder: &Recorder, report: Option<&Report>) -> anyhow::Result<()> {
    let write = |name: &str, text: &str| {
        let path = folder.join(name);
        std::fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))
    };
    std::fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    write("timeline.jsonl", &recorder.with(|timeline| timeline.to_json_lines()))?;
    let Some(report) = report else { return Ok(()) };
    write("verdict.txt", &format!("{}\n", report.verdict))?;
    write("tasks.txt", &format!("{}\n", table(&report.tasks, &report.services)))?;
    report.difference.as_ref().map_or(Ok(()), |difference| write("difference.diff", difference))
}

/// The same scenario in virtual time: whether it deploys; there is nothing to send traces to.
fn simulated(scenario: &Scenario, flags: &E2e) -> Result<ExitCode, Failed> {
    let sim = Sim {
        stack: Some(stacklab_lab::e2e::stack_path(scenario, &paths::stacks())),
        variables: scenario.variables.clone().into_iter().collect(),
        seeds: flags.seed..flags.seed + 1,
        seed: None,
        json: flags.json,
    };
    super::sim(&sim)
}
