//! Every scenario on the embedded backend, several at a time: the verdict is as expected, and what a person would see is as
//! in the snapshot. Of what goes well there is no diagnosis.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a test may panic, and says what it skips")]

use scenarios::{folder, snapshots, stacks};
use stacklab_diagnosis::diagnose;
use stacklab_lab::e2e::{NotRun, Options, Report, run};
use stacklab_lab::scenario::{Expect, Scenario};
use stacklab_lab::{Backing, Lab, catalogue};
use stacklab_live::{Clock, Recorder};
use stacklab_machine::Pace;
use tokio::runtime::Handle;
use tokio::task::JoinSet;

/// How many run at a time: most of a run is waiting.
const JOBS: usize = 6;

fn options() -> Options {
    Options {
        pace: Pace::FAST,
        seed: 1,
        stacks: stacks(),
        snapshots: Some(snapshots()),
        bless: false,
        backing: Backing::embedded(),
        cure: false,
    }
}

/// What is wrong with a scenario's run, if anything.
async fn wrong(scenario: &Scenario) -> Option<String> {
    let recorder = Recorder::new(Clock::new());
    let why = match run(scenario, &options(), &recorder, |_: &Lab, _: &Report| async {}).await {
        Ok(report) if report.passed => {
            let well = scenario.expect == Expect::Deployed;
            let found = recorder.with(|timeline| diagnose(timeline.events())).filter(|_| well);
            found.map(|diagnosis| format!("all went well, but: {}", diagnosis.text()))?
        }
        Ok(report) => report.verdict,
        Err(NotRun::Backend { why, .. }) => {
            println!("skipped {}: {why}", scenario.name);
            return None;
        }
        Err(why) => why.to_string(),
    };
    Some(format!("{}: {why}", scenario.name))
}

#[tokio::test(flavor = "multi_thread")]
async fn every_scenario_passes() {
    let all = catalogue::all(&folder()).unwrap();
    let names: Vec<&str> = all.iter().map(|scenario| scenario.name.as_str()).collect();
    for wanted in ["zipkin-full", "zipkin-standalone", "exhibitor-kafka", "leftover-exhibitor-znode"] {
        assert!(names.contains(&wanted), "{wanted} is not among {names:?}");
    }
    let (mut running, mut failed, mut waiting) = (JoinSet::new(), Vec::new(), all.into_iter());
    loop {
        while running.len() < JOBS
            && let Some(scenario) = waiting.next()
        {
            let handle = Handle::current();
            running.spawn_blocking(move || handle.block_on(wrong(&scenario)));
        }
        let Some(ended) = running.join_next().await else { break };
        failed.extend(ended.unwrap());
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
