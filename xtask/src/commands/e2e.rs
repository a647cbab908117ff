//! `cargo xtask e2e`.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow};
use serde_json::json;
use stacklab_lab::e2e::{NotRun, Options, Report, run};
use stacklab_lab::exit::ExitCode;
use stacklab_lab::report::{Progress, choices_table, table};
use stacklab_lab::scenario::Scenario;
use stacklab_lab::{Backing, Lab, catalogue};
use stacklab_live::{Clock, Part, Recorder};

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
    if flags.matrix {
        return matrix(&chosen, &flags).await;
    }
    let backing = backing(&flags).await?;
    let mut worst = ExitCode::AsExpected;
    for scenario in &chosen {
        let exit = match flags.backend {
            Backend::Embedded | Backend::Docker => on_sockets(scenario, &flags, &backing).await?.exit(),
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

/// What came of one scenario.
enum Ended {
    Report(Box<Report>),
    Skipped,
}

impl Ended {
    fn exit(&self) -> ExitCode {
        match self {
            Self::Report(report) if !report.passed => ExitCode::NotAsExpected,
            _ => ExitCode::AsExpected,
        }
    }
}

/// Every choice of real services, one after the other.
async fn matrix(all: &[Scenario], flags: &E2e) -> Result<ExitCode, Failed> {
    let scenario = all.iter().find(|scenario| scenario.name == MATRIX_SCENARIO);
    let scenario =
        scenario.ok_or_else(|| Failed::input(anyhow!("there is no scenario {MATRIX_SCENARIO}")))?;
    let everything = prepare(&Part::ALL.into(), flags).await?;
    let (mut rows, mut worst) = (Vec::new(), ExitCode::AsExpected);
    for choice in 0..1_u8 << Part::ALL.len() {
        let chosen = |(bit, part): (usize, Part)| (choice >> bit & 1 == 1).then_some(part);
        let real: BTreeSet<Part> = Part::ALL.into_iter().enumerate().filter_map(chosen).collect();
        let ended = on_sockets(scenario, flags, &everything.only(&real)).await?;
        if ended.exit() != ExitCode::AsExpected {
            worst = ExitCode::NotAsExpected;
        }
        rows.push((real, ended));
    }
    if flags.json {
        let shown: Vec<_> = rows.iter().map(|(real, ended)| row_json(real, ended)).collect();
        println!("{}", json!(shown));
    } else {
        let rows = rows.iter().map(|(real, ended)| row(real, ended));
        println!("{}", choices_table(&Part::ALL.map(Part::name), rows));
    }
    Ok(worst)
}

/// The scenario that is run with every choice of real services.
const MATRIX_SCENARIO: &str = "zipkin-full";

fn row(real: &BTreeSet<Part>, ended: &Ended) -> Vec<String> {
    let word = |part| if real.contains(&part) { "real" } else { "embedded" };
    let mut cells: Vec<String> = Part::ALL.map(|part| word(part).to_owned()).into();
    cells.extend(match ended {
        Ended::Report(report) => {
            let verdict = report.verdict.lines().next().unwrap_or_default();
            let word = if report.passed { "passed" } else { "FAILED" };
            [format!("{:.1} s", report.took.as_secs_f64()), format!("{word}: {verdict}")]
        }
        Ended::Skipped => [String::new(), "skipped".to_owned()],
    });
    cells
}

fn row_json(real: &BTreeSet<Part>, ended: &Ended) -> serde_json::Value {
    let real: Vec<&str> = real.iter().map(|part| part.name()).collect();
    match ended {
        Ended::Report(report) => json!({
            "real": real,
            "passed": report.passed,
            "verdict": report.verdict,
            "seconds": report.took.as_secs_f64(),
        }),
        Ended::Skipped => json!({ "real": real, "skipped": true }),
    }
}

async fn on_sockets(scenario: &Scenario, flags: &E2e, backing: &Backing) -> Result<Ended, Failed> {
    let recorder = Recorder::new(Clock::new());
    let progress = Progress::start(recorder.clone());
    let options = Options {
        pace: flags.pace.into(),
        seed: flags.seed,
        stacks: paths::stacks(),
        // A stack file of the user's has no snapshot to be compared with.
        snapshots: flags.stack.is_none().then(paths::snapshots),
        bless: flags.bless,
        backing: backing.clone(),
    };
    let keep = |lab: &Lab, report: &Report| {
        show(scenario, flags, backing, report);
        let shown = flags.keep.then(|| up::exports(lab.addresses()) + &exports(report));
        async move {
            if let Some(shown) = shown {
                println!("{shown}");
                eprintln!("the cluster stays until Ctrl-C");
                until_interrupted().await;
            }
        }
    };
    let folder = flags.report.as_ref().map(|folder| folder.join(folder_name(scenario, flags, backing)));
    let mut interrupted = Interrupted { folder: folder.clone(), recorder: &recorder };
    let result = run(scenario, &options, &recorder, keep).await;
    interrupted.folder = None;
    progress.finish().await;
    if let Some(folder) = &folder {
        leave(folder, &recorder, result.as_ref().ok()).map_err(Failed::environment)?;
    }
    let report = match result {
        Ok(report) => report,
        Err(why) if why.is_environment() => return Err(Failed::environment(why)),
        Err(why @ NotRun::Backend { .. }) => {
            println!("skipped {}: {why}", scenario.name);
            return Ok(Ended::Skipped);
        }
        Err(why) => return Err(Failed::input(why)),
    };
    Ok(Ended::Report(Box::new(report)))
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

/// The name of a scenario's folder in the report; in a matrix each choice has its own.
fn folder_name(scenario: &Scenario, flags: &E2e, backing: &Backing) -> String {
    match flags.matrix {
        true => format!("{} {}", scenario.name, backing.name()).replace(", ", "-").replace(' ', "-"),
        false => scenario.name.clone(),
    }
}

fn show(scenario: &Scenario, flags: &E2e, backing: &Backing, report: &Report) {
    if flags.matrix && flags.json {
        // One document with all of them comes at the end.
        return;
    }
    if flags.json {
        let tasks: Vec<_> = report
            .tasks
            .iter()
            .map(|t| json!({ "framework": t.framework, "task": t.name, "id": t.task, "state": t.state, "agent": t.host }))
            .collect();
        let path: Vec<_> = report
            .critical_path
            .starts
            .iter()
            .map(|(service, took)| json!({ "service": service, "seconds": took.as_secs_f64() }))
            .collect();
        let shown = json!({
            "scenario": scenario.name,
            "passed": report.passed,
            "verdict": report.verdict,
            "seed": flags.seed,
            "seconds": report.took.as_secs_f64(),
            "backend": backing.name(),
            "critical_path": path,
            "tasks": tasks,
        });
        println!("{shown}");
        return;
    }
    println!("{}", table(&report.tasks, &report.services));
    let word = if report.passed { "passed" } else { "FAILED" };
    println!("{word} {} in {:.2} s: {}", scenario.name, report.took.as_secs_f64(), report.verdict);
    if !backing.real().is_empty() && !report.critical_path.starts.is_empty() {
        println!("critical path: {}", report.critical_path);
    }
    if !report.passed {
        println!("again: {}", again(scenario, flags, backing));
    }
}

/// The one command that does the same once more.
fn again(scenario: &Scenario, flags: &E2e, backing: &Backing) -> String {
    let what = match &flags.stack {
        Some(stack) => format!("--stack {}", stack.display()),
        None => scenario.name.clone(),
    };
    let variables: String =
        flags.variables.iter().map(|(name, value)| format!(" --var {name}={value}")).collect();
    let real: Vec<&str> = backing.real().iter().map(|part| part.name()).collect();
    let real = match real.len() {
        0 => String::new(),
        4 => " --backend docker".to_owned(),
        _ => format!(" --real {}", real.join(",")),
    };
    let images: String = flags.images.iter().map(|(part, name)| format!(" --image {part}={name}")).collect();
    format!("cargo xtask e2e {what}{variables}{real}{images} --seed {}", flags.seed)
}

/// Leaves the timeline of a run that Ctrl-C ends: what hung is often what is wanted.
struct Interrupted<'a> {
    folder: Option<PathBuf>,
    recorder: &'a Recorder,
}

impl Drop for Interrupted<'_> {
    fn drop(&mut self) {
        if let Some(folder) = &self.folder
            && let Err(why) = leave(folder, self.recorder, None)
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
    write("critical-path.txt", &format!("{}\n", report.critical_path))?;
    report.difference.as_ref().map_or(Ok(()), |difference| write("difference.diff", difference))
}

/// The same scenario in virtual time: whether it deploys; there is nothing to send traces to.
fn simulated(scenario: &Scenario, flags: &E2e) -> Result<ExitCode, Failed> {
    let sim = Sim {
        stack: Some(stacklab_lab::e2e::stack_path(scenario, &paths::stacks())),
        variables: scenario.variables.clone().into_iter().collect(),
        seeds: flags.seed..flags.seed + 1,
        seed: None,
        faults: Vec::new(),
        json: flags.json,
    };
    super::sim(&sim)
}
