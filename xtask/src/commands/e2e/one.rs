//! One scenario: runs it, says what came of it, and leaves its folder where it is wanted or something was wrong.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use anyhow::Context;
use serde_json::json;
use stacklab_lab::bundle::{Bundle, Folders, Settings};
use stacklab_lab::e2e::{NotRun, Options, Report, run, run_virtually};
use stacklab_lab::exit::ExitCode;
use stacklab_lab::report::{Progress, table};
use stacklab_lab::scenario::{Expect, Scenario};
use stacklab_lab::{Backing, Ended as StepEnded, Lab};
use stacklab_live::{Clock, Recorder};
use stacklab_machine::Pace;
use stacklab_machine::timeline::Timeline;

use super::reports::Kept;
use crate::commands::{Failed, up};
use crate::flags::{Backend, E2e};
use crate::interrupt::until_interrupted;
use crate::paths;

/// How a scenario is run.
#[derive(Clone, Copy)]
pub(super) struct Way<'w> {
    pub(super) flags: &'w E2e,
    pub(super) backing: &'w Backing,
    /// Nothing else runs meanwhile: its progress can be shown, and all of its end.
    pub(super) alone: bool,
    /// Nothing is shown: that comes later, in one piece.
    pub(super) bare: bool,
}

/// What came of one scenario.
pub(super) enum Ended {
    Report(Box<Report>),
    /// Not for this backend: why.
    Skipped(String),
}

impl Ended {
    pub(super) fn exit(&self) -> ExitCode {
        match self {
            Self::Report(report) if !report.passed => ExitCode::NotAsExpected,
            _ => ExitCode::AsExpected,
        }
    }
}

/// Runs a scenario where the flags say, and gives what is to be shown of it.
pub(super) async fn one(scenario: &Scenario, way: &Way<'_>) -> Result<(Ended, String), Failed> {
    match way.flags.backend {
        Backend::Sim => virtually(scenario, way),
        Backend::Embedded | Backend::Docker => sockets(scenario, way).await,
    }
}

/// The same, shown.
pub(super) async fn on_sockets(scenario: &Scenario, way: &Way<'_>) -> Result<Ended, Failed> {
    let (ended, text) = sockets(scenario, way).await?;
    print!("{text}");
    Ok(ended)
}

pub(super) fn options(scenario: &Scenario, way: &Way<'_>) -> Options {
    let flags = way.flags;
    // Only the scenarios of the repository have snapshots.
    let known = paths::scenarios().join(format!("{}.yaml", scenario.name)).is_file();
    let own = flags.stack.is_some() || !known;
    Options {
        pace: flags.pace.into(),
        seed: flags.seed,
        stacks: paths::stacks(),
        snapshots: (!own).then(paths::snapshots),
        bless: flags.bless,
        backing: way.backing.clone(),
        cure: false,
    }
}

fn virtually(scenario: &Scenario, way: &Way<'_>) -> Result<(Ended, String), Failed> {
    let mut options = options(scenario, way);
    // A simulation sees a part of what a snapshot shows.
    options.bless = false;
    let (report, timeline) = match run_virtually(scenario, &options) {
        Ok(done) => done,
        Err(why) => return not_run(scenario, why),
    };
    let folder = leave(scenario, way, Some(&report), &timeline).map_err(Failed::environment)?;
    let text = shown(scenario, way, &report, folder.as_deref());
    Ok((Ended::Report(Box::new(report)), text))
}

async fn sockets(scenario: &Scenario, way: &Way<'_>) -> Result<(Ended, String), Failed> {
    let recorder = Recorder::new(Clock::new());
    let progress = way.alone.then(|| Progress::start(recorder.clone()));
    let options = options(scenario, way);
    let keep = |lab: &Lab, report: &Report| {
        let kept = way.flags.keep.then(|| up::exports(lab.addresses()) + &exports(report));
        let shown = kept.map(|exports| shown(scenario, way, report, None) + &exports);
        async move {
            if let Some(shown) = shown {
                println!("{shown}");
                eprintln!("the cluster stays until Ctrl-C");
                until_interrupted().await;
            }
        }
    };
    let interrupted = Interrupted { scenario, way, recorder: &recorder };
    let result = run(scenario, &options, &recorder, keep).await;
    std::mem::forget(interrupted);
    if let Some(progress) = progress {
        progress.finish().await;
    }
    let report = match result {
        Ok(report) => report,
        Err(why) => return not_run(scenario, why),
    };
    let left = recorder.with(|timeline| leave(scenario, way, Some(&report), timeline));
    let folder = left.map_err(Failed::environment)?;
    let text = if way.flags.keep { String::new() } else { shown(scenario, way, &report, folder.as_deref()) };
    Ok((Ended::Report(Box::new(report)), text))
}

fn not_run(scenario: &Scenario, why: NotRun) -> Result<(Ended, String), Failed> {
    match why {
        NotRun::Backend { why, .. } => {
            let text = format!("skipped {}: {why}\n", scenario.name);
            Ok((Ended::Skipped(why), text))
        }
        why if why.is_environment() => Err(Failed::environment(why)),
        why => Err(Failed::input(anyhow::Error::new(why).context(format!("scenario {}", scenario.name)))),
    }
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
fn folder_name(scenario: &Scenario, way: &Way<'_>) -> String {
    match way.flags.matrix {
        true => format!("{} {}", scenario.name, way.backing.name()).replace(", ", "-").replace(' ', "-"),
        false => scenario.name.clone(),
    }
}

fn shown(scenario: &Scenario, way: &Way<'_>, report: &Report, folder: Option<&Path>) -> String {
    if way.bare {
        return String::new();
    }
    let flags = way.flags;
    if flags.json {
        return format!("{}\n", as_json(scenario, way, report, folder));
    }
    let mut text = String::new();
    let word = if report.passed { "passed" } else { "FAILED" };
    if way.alone || !report.passed {
        text.push_str(&format!("{}\n", table(&report.tasks, &report.services)));
    }
    let _ = writeln!(
        text,
        "{word} {} in {:.2} s: {}",
        scenario.name,
        report.took.as_secs_f64(),
        report.verdict.trim_end()
    );
    if way.alone
        && report.passed
        && scenario.expect != Expect::Deployed
        && let Some(diagnosis) = &report.diagnosis
    {
        text.push_str(&diagnosis.text());
    }
    if !way.backing.real().is_empty() && !report.critical_path.starts.is_empty() {
        let _ = writeln!(text, "critical path: {}", report.critical_path);
    }
    if !report.passed {
        let _ = writeln!(text, "again: {}", again(scenario, way));
    }
    if let Some(folder) = folder.filter(|_| !report.passed) {
        let _ = writeln!(text, "left in {}: cargo xtask repro {}", folder.display(), folder.display());
    }
    text
}

fn as_json(scenario: &Scenario, way: &Way<'_>, report: &Report, folder: Option<&Path>) -> serde_json::Value {
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
    let step = |(step, ended): &(String, StepEnded)| json!({ "step": step, "error": match ended { StepEnded::Failed(why) => Some(why), _ => None } });
    json!({
        "scenario": scenario.name,
        "passed": report.passed,
        "verdict": report.verdict,
        "seed": way.flags.seed,
        "seconds": report.took.as_secs_f64(),
        "backend": backend_name(way),
        "steps": report.course.steps.iter().map(step).collect::<Vec<_>>(),
        "diagnosis": report.diagnosis,
        "folder": folder,
        "critical_path": path,
        "tasks": tasks,
    })
}

pub(super) fn backend_name(way: &Way<'_>) -> String {
    if way.flags.backend == Backend::Sim { "sim".to_owned() } else { way.backing.name() }
}

/// The one command that does the same once more.
fn again(scenario: &Scenario, way: &Way<'_>) -> String {
    let flags = way.flags;
    let own = flags.scenarios.iter().find(|name| name.contains(&scenario.name));
    let what = match (&flags.stack, own) {
        (Some(stack), _) => format!("--stack {}", stack.display()),
        (None, Some(name)) => name.clone(),
        (None, None) => scenario.name.clone(),
    };
    let variables: String =
        flags.variables.iter().map(|(name, value)| format!(" --var {name}={value}")).collect();
    let real: Vec<&str> = way.backing.real().iter().map(|part| part.name()).collect();
    let real = match (flags.backend, real.len()) {
        (Backend::Sim, _) => " --backend sim".to_owned(),
        (_, 0) => String::new(),
        (_, 4) => " --backend docker".to_owned(),
        _ => format!(" --real {}", real.join(",")),
    };
    let images: String = flags.images.iter().map(|(part, name)| format!(" --image {part}={name}")).collect();
    format!("cargo xtask e2e {what}{variables}{real}{images} --seed {}", flags.seed)
}

/// Leaves the timeline of a run that Ctrl-C ends: what hung is often what is wanted.
struct Interrupted<'a> {
    scenario: &'a Scenario,
    way: &'a Way<'a>,
    recorder: &'a Recorder,
}

impl Drop for Interrupted<'_> {
    fn drop(&mut self) {
        if self.way.flags.report.is_some()
            && let Err(why) = leave(self.scenario, self.way, None, &self.recorder.with(Clone::clone))
        {
            eprintln!("{why:#}");
        }
    }
}

/// Leaves what is known of a run in a folder, if one is wanted or the run was not as expected.
fn leave(
    scenario: &Scenario,
    way: &Way<'_>,
    report: Option<&Report>,
    timeline: &Timeline,
) -> anyhow::Result<Option<PathBuf>> {
    let folders = Folders::below(&paths::left());
    let folder = match &way.flags.report {
        Some(folder) => folder.join(folder_name(scenario, way)),
        None if report.is_none_or(|report| report.passed) => return Ok(None),
        None => folders.unused(&scenario.name, way.flags.seed),
    };
    let settings = settings(way, report);
    let bundle = Bundle { scenario, stacks: &paths::stacks(), settings: &settings, report, timeline };
    bundle.write(&folder).with_context(|| format!("cannot write {}", folder.display()))?;
    if let Some(report) = report {
        kept(scenario, way, Ok(Box::new(report.clone()))).write(&folder, timeline.events())?;
    }
    folders.tidy();
    Ok(Some(folder))
}

/// What the reports need of a run.
pub(super) fn kept(scenario: &Scenario, way: &Way<'_>, end: Result<Box<Report>, String>) -> Kept {
    let (replay, folder) = (again(scenario, way), folder_name(scenario, way));
    Kept::new(scenario, backend_name(way), way.flags.seed, replay, folder, end)
}

fn settings(way: &Way<'_>, report: Option<&Report>) -> Settings {
    let flags = way.flags;
    let pace: Pace = flags.pace.into();
    Settings {
        backend: flags.backend.into(),
        real: way.backing.real().iter().map(|part| part.name().to_owned()).collect(),
        seed: flags.seed,
        pace: pace.divisor(),
        commit: paths::commit(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        cause: report.and_then(|report| report.diagnosis.as_ref()?.code()).map(|code| code.to_string()),
    }
}
