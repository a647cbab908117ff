//! A failed run leaves a folder from which it is run again, on sockets and in virtual time, and made smaller.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::path::{Path, PathBuf};

use stacklab_diagnosis::{Code, Diagnosis};
use stacklab_lab::bundle::{Bundle, Settings, read};
use stacklab_lab::e2e::{Options, Report, run, run_virtually};
use stacklab_lab::input::read_stack_as_it_is;
use stacklab_lab::minimise::{cause, minimise};
use stacklab_lab::scenario::{Backend, Scenario};
use stacklab_lab::{Backing, Course, Lab};
use stacklab_live::{Clock, Recorder};
use stacklab_machine::Pace;
use stacklab_machine::timeline::Timeline;

const SCENARIO: &str = "servers-already-exist";
const CAUSE: Code = Code(2);

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn scenario() -> Scenario {
    Scenario::read(&repository().join(format!("scenarios/{SCENARIO}.yaml"))).unwrap()
}

fn options(seed: u64) -> Options {
    Options {
        pace: Pace::FAST,
        seed,
        stacks: repository().join("fixtures/stacks"),
        snapshots: None,
        bless: false,
        backing: Backing::embedded(),
        cure: true,
    }
}

fn code(report: &Report) -> Option<Code> {
    report.diagnosis.as_ref().and_then(Diagnosis::code)
}

/// A folder of the test's own.
fn leave(name: &str, scenario: &Scenario, backend: Backend, report: &Report, timeline: &Timeline) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let settings = Settings {
        backend,
        real: Vec::new(),
        seed: 7,
        pace: Pace::FAST.divisor(),
        commit: None,
        version: "0".to_owned(),
        cause: code(report).map(|code| code.to_string()),
    };
    let stacks = repository().join("fixtures/stacks");
    let bundle = Bundle { scenario, stacks: &stacks, settings: &settings, report: Some(report), timeline };
    bundle.write(&folder).unwrap();
    for file in ["scenario.yaml", "options.json", "timeline.jsonl", "diagnosis.txt", "faults.json", "REPLAY"]
    {
        assert!(folder.join(file).is_file(), "no {file}");
    }
    assert!(std::fs::read_to_string(folder.join("REPLAY")).unwrap().starts_with("cargo xtask repro "));
    folder
}

#[test]
fn in_virtual_time_the_replay_is_the_same_to_the_byte() {
    let (report, timeline) = run_virtually(&scenario(), &options(7)).unwrap();
    assert_eq!(code(&report), Some(CAUSE), "{}", report.verdict);
    assert!(report.cured.as_ref().is_some_and(Course::is_good), "{:?}", report.cured);
    let left = read(&leave("virtually", &scenario(), Backend::Sim, &report, &timeline)).unwrap();
    assert_eq!(left.settings.cause.as_deref(), Some("SL0002"));
    let renamed = Scenario { name: SCENARIO.to_owned(), ..left.scenario };
    let (again, timeline_again) = run_virtually(&renamed, &options(left.settings.seed)).unwrap();
    assert_eq!(code(&again), Some(CAUSE));
    assert!(timeline.to_json_lines() == timeline_again.to_json_lines(), "another timeline");
}

#[tokio::test(flavor = "multi_thread")]
async fn on_sockets_the_replay_has_the_same_cause() {
    let first = Recorder::new(Clock::new());
    let report = run(&scenario(), &options(7), &first, |_: &Lab, _: &Report| async {}).await.unwrap();
    assert_eq!(code(&report), Some(CAUSE), "{}", report.verdict);
    assert!(report.cured.as_ref().is_some_and(Course::is_good), "{:?}", report.cured);
    let timeline = first.with(Clone::clone);
    let left = read(&leave("sockets", &scenario(), Backend::Embedded, &report, &timeline)).unwrap();
    let second = Recorder::new(Clock::new());
    let seed = left.settings.seed;
    let again = run(&left.scenario, &options(seed), &second, |_: &Lab, _: &Report| async {}).await.unwrap();
    assert_eq!(code(&again), Some(CAUSE), "{}", again.verdict);
}

#[test]
fn a_smaller_scenario_has_the_same_cause() {
    let (scenario, stacks) = (scenario(), repository().join("fixtures/stacks"));
    let stack = read_stack_as_it_is(&stacks.join(&scenario.stack)).unwrap().stack;
    let mut lines = Vec::new();
    let found = minimise(&scenario, &stack, &stacks, 1, &mut |line| lines.push(line.to_owned())).unwrap();
    assert_eq!((found.cause, found.stack.applications.len()), (CAUSE, 1), "{lines:#?}");
    assert_eq!(found.scenario.cluster.each_agent().len(), 1);
    let written = found.expecting(Path::new("./small.stack")).to_yaml();
    let back = Scenario::parse(Path::new("small.yaml"), &written).unwrap();
    assert_eq!(cause(&back, &found.stack, &stacks, 1), Some(CAUSE));
}
