//! Every scenario on the embedded backend: the verdict is as expected, and what a person would see is as in the
//! snapshot.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use scenarios::{folder, snapshots, stacks};
use stacklab_lab::e2e::{NotRun, Options, Report, run};
use stacklab_lab::{Backing, Lab, catalogue};
use stacklab_live::{Clock, Recorder};
use stacklab_machine::Pace;

fn options() -> Options {
    let (stacks, snapshots) = (stacks(), Some(snapshots()));
    Options { pace: Pace::FAST, seed: 1, stacks, snapshots, bless: false, backing: Backing::embedded() }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_scenario_passes() {
    let all = catalogue::all(&folder()).unwrap();
    let names: Vec<&str> = all.iter().map(|scenario| scenario.name.as_str()).collect();
    for wanted in ["zipkin-full", "zipkin-standalone", "exhibitor-kafka", "zipkin-full-scaled"] {
        assert!(names.contains(&wanted), "{wanted} is not among {names:?}");
    }
    let mut failed = Vec::new();
    for scenario in &all {
        let recorder = Recorder::new(Clock::new());
        match run(scenario, &options(), &recorder, |_: &Lab, _: &Report| async {}).await {
            Ok(report) if report.passed => {}
            Ok(report) => failed.push(format!("{}: {}", scenario.name, report.verdict)),
            Err(NotRun::Backend { why, .. }) => println!("skipped {}: {why}", scenario.name),
            Err(why) => failed.push(format!("{}: {why}", scenario.name)),
        }
    }
    assert!(failed.is_empty(), "{}", failed.join("\n\n"));
}

#[test]
fn every_snapshot_belongs_to_a_scenario() {
    let names: Vec<String> =
        catalogue::all(&folder()).unwrap().into_iter().map(|scenario| scenario.name).collect();
    for entry in std::fs::read_dir(snapshots()).unwrap() {
        let path = entry.unwrap().path();
        let snapshot = insta::Snapshot::from_file(&path).expect("a snapshot in insta's format");
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        assert!(names.contains(&name), "{name} is a snapshot of no scenario");
        assert_eq!(snapshot.metadata().source(), Some(format!("scenarios/{name}.yaml").as_str()));
    }
}
