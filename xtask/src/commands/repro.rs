//! `cargo xtask repro`: a failure once more, explained, and cured.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use anyhow::anyhow;
use serde_json::json;
use stacklab_diagnosis::Code;
use stacklab_lab::e2e::{NotRun, Options, Report, run, run_virtually};
use stacklab_lab::exit::ExitCode;
use stacklab_lab::report::Progress;
use stacklab_lab::scenario::{Backend, Expect, Scenario};
use stacklab_lab::{Backing, Lab, bundle};
use stacklab_live::{Clock, Part, Recorder};
use stacklab_machine::Pace;

use super::{Failed, e2e};
use crate::flags::{PaceName, Repro};
use crate::paths;

/// What is to be seen again.
pub(super) struct Wanted {
    pub(super) scenario: Scenario,
    pub(super) backend: Backend,
    pub(super) seed: u64,
    pace: Pace,
    real: Vec<Part>,
    /// The innermost cause that it had, or is to have.
    cause: Option<Code>,
}

/// Reads the folder of a run, or a scenario.
pub(super) fn wanted(what: &str) -> Result<Wanted, Failed> {
    if Path::new(what).join("options.json").is_file() {
        let left = bundle::read(Path::new(what)).map_err(Failed::input)?;
        let settings = left.settings;
        let cause = settings.cause.as_deref().and_then(|code| code.parse().ok());
        let real = settings.real.iter().filter_map(|name| name.parse().ok()).collect();
        let pace = if settings.pace == 1 { Pace::REAL } else { Pace::FAST };
        let (backend, seed) = (settings.backend, settings.seed);
        return Ok(Wanted { scenario: left.scenario, backend, seed, pace, real, cause });
    }
    let scenario = e2e::choose(&[what.to_owned()])?.into_iter().next();
    let scenario = scenario.ok_or_else(|| Failed::input(anyhow!("there is no scenario {what}")))?;
    let cause = match &scenario.expect {
        Expect::Failed(cause) => Some(cause.0),
        Expect::Deployed => None,
    };
    Ok(Wanted { scenario, backend: Backend::Embedded, seed: 1, pace: Pace::FAST, real: Vec::new(), cause })
}

/// Whether the folder of a run says that real services were used.
pub(crate) fn ran_on_docker(what: &str) -> bool {
    let left = bundle::read(Path::new(what));
    left.is_ok_and(|left| left.settings.backend == Backend::Docker || !left.settings.real.is_empty())
}

/// Runs it again: as expected if it ends with the same cause, and the cure, if asked for, cures.
pub(crate) async fn repro(flags: Repro) -> Result<ExitCode, Failed> {
    let mut wanted = wanted(&flags.what)?;
    if let Some(backend) = flags.backend {
        wanted.backend = backend.into();
    }
    wanted.seed = flags.seed.unwrap_or(wanted.seed);
    wanted.pace = flags.pace.map_or(wanted.pace, PaceName::into);
    if flags.cure && wanted.scenario.cure.is_empty() {
        return Err(Failed::input(anyhow!("the scenario {} names no cure", wanted.scenario.name)));
    }
    let report = match again(&wanted, flags.cure, !flags.json).await {
        Ok(report) => report,
        Err(why) if why.is_environment() => return Err(Failed::environment(why)),
        Err(why) => return Err(Failed::input(why)),
    };
    let found = report.diagnosis.as_ref().and_then(stacklab_diagnosis::Diagnosis::code);
    let same = found == wanted.cause;
    let cured = report.cured.as_ref().is_none_or(stacklab_lab::Course::is_good);
    if flags.json {
        let cured = report.cured.as_ref().map(stacklab_lab::Course::is_good);
        let (found, wanted) = (found.map(|code| code.to_string()), wanted.cause.map(|code| code.to_string()));
        println!(
            "{}",
            json!({ "same": same, "cause": found, "wanted": wanted, "diagnosis": report.diagnosis, "cured": cured })
        );
    } else {
        show(&wanted, &report, found, same);
    }
    let good = same && (cured || !flags.cure);
    Ok(if good { ExitCode::AsExpected } else { ExitCode::NotAsExpected })
}

async fn again(wanted: &Wanted, cure: bool, shown: bool) -> Result<Report, NotRun> {
    let real = match wanted.backend {
        Backend::Docker => Part::ALL.into(),
        Backend::Embedded => wanted.real.iter().copied().collect(),
        Backend::Sim => BTreeSet::new(),
    };
    let progress = |line: &str| eprintln!("{line}");
    let backing = Backing::prepare(&real, &BTreeMap::new(), &paths::images(), &progress).await;
    let backing = backing.map_err(NotRun::Backing)?;
    let options = Options {
        pace: wanted.pace,
        seed: wanted.seed,
        stacks: paths::stacks(),
        snapshots: None,
        bless: false,
        backing,
        cure,
    };
    if wanted.backend == Backend::Sim {
        return run_virtually(&wanted.scenario, &options).map(|(report, _)| report);
    }
    let recorder = Recorder::new(Clock::new());
    let progress = shown.then(|| Progress::start(recorder.clone()));
    let report = run(&wanted.scenario, &options, &recorder, |_: &Lab, _: &Report| async {}).await;
    if let Some(progress) = progress {
        progress.finish().await;
    }
    report
}

fn show(wanted: &Wanted, report: &Report, found: Option<Code>, same: bool) {
    match &report.diagnosis {
        Some(diagnosis) => print!("{}", diagnosis.text()),
        None => println!("{}", report.verdict),
    }
    let name = |code: Option<Code>| code.map_or_else(|| "no known cause".to_owned(), |code| code.to_string());
    if same {
        println!("\nreproduced {}: {}", wanted.scenario.name, name(found));
    } else {
        println!(
            "\nNOT reproduced {}: {} instead of {}",
            wanted.scenario.name,
            name(found),
            name(wanted.cause)
        );
    }
    let Some(cured) = &report.cured else {
        if !wanted.scenario.cure.is_empty() {
            println!("the scenario knows a cure: --cure");
        }
        return;
    };
    for (step, ended) in &cured.steps {
        let end = match ended {
            stacklab_lab::Ended::Failed(why) => format!("failed: {why}"),
            _ => "done".to_owned(),
        };
        println!("cure: {step}: {end}");
    }
    println!("{}", if cured.is_good() { "cured: it is deployed" } else { "NOT cured" });
}
