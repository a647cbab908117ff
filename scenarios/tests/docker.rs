//! Every scenario of a deployment that goes well, with the real services in containers, against the same snapshots as
//! the embedded ones; and nothing is
//! left of them afterwards.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a test may panic, and says why it is skipped")]

use std::collections::BTreeMap;

use scenarios::{folder, snapshots, stacks};
use stacklab_lab::e2e::{NotRun, Options, Report, run};
use stacklab_lab::scenario::Expect;
use stacklab_lab::{Backing, Lab, catalogue};
use stacklab_live::docker::{Engine, left};
use stacklab_live::{Clock, Part, Recorder};
use stacklab_machine::Pace;

#[tokio::test(flavor = "multi_thread")]
async fn every_scenario_passes_and_leaves_nothing() {
    let engine = match Engine::connect().await {
        Ok(engine) => engine,
        Err(why) if std::env::var("CI").as_deref() == Ok("true") => panic!("{why}"),
        Err(why) => return println!("skipped: {why}"),
    };
    let images = folder().join("../fixtures/images");
    let progress = |line: &str| println!("{line}");
    let backing = Backing::prepare(&Part::ALL.into(), &BTreeMap::new(), &images, &progress).await.unwrap();
    let mut failed = Vec::new();
    let all = catalogue::all(&folder()).unwrap();
    let (well, failures): (Vec<_>, Vec<_>) = all
        .iter()
        .partition(|scenario| matches!(scenario.expect, Expect::Deployed) && scenario.faults.is_empty());
    // Why a deployment fails is decided by the control plane, which is the same on both backends.
    let names: Vec<&str> = failures.iter().map(|scenario| scenario.name.as_str()).collect();
    println!("on the embedded and the simulated backend only, as they fail by intent: {}", names.join(", "));
    for scenario in well {
        let recorder = Recorder::new(Clock::new());
        let options = Options {
            pace: Pace::FAST,
            seed: 1,
            stacks: stacks(),
            snapshots: Some(snapshots()),
            bless: false,
            backing: backing.clone(),
            cure: false,
        };
        match run(scenario, &options, &recorder, |_: &Lab, _: &Report| async {}).await {
            Ok(report) if report.passed => println!("{}: {}", scenario.name, report.critical_path),
            Ok(report) => failed.push(format!("{}: {}", scenario.name, report.verdict)),
            Err(NotRun::Backend { why, .. }) => println!("skipped {}: {why}", scenario.name),
            Err(why) => failed.push(format!("{}: {why}", scenario.name)),
        }
        assert_eq!(left(&engine).await.unwrap(), Vec::<String>::new(), "left of {}", scenario.name);
    }
    assert!(failed.is_empty(), "{}", failed.join("\n\n"));
}
