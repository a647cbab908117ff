//! Runs as JUnit XML, for CI: one test case a run, with the diagnosis as the text of its failure.

use std::time::Duration;

use quick_junit::{NonSuccessKind, Property, Report, TestCase, TestCaseStatus, TestSuite};

use crate::{Outcome, Run};

/// How much of a text a CI is given: some refuse files of many megabytes.
const MOST: usize = 64 * 1024;

/// The XML cannot be written.
#[derive(Debug, thiserror::Error)]
#[error("cannot write JUnit XML: {0}")]
pub struct JunitError(#[from] quick_junit::SerializeError);

/// A suite with a test case for each run: named after the scenario, with suite and backend as its class, time in
/// seconds, seed and backend as properties. Characters that XML cannot hold are left out.
pub fn junit(suite: &str, runs: &[Run<'_>]) -> Result<String, JunitError> {
    let mut cases = TestSuite::new(xml(suite));
    cases.set_time(whole(runs)).add_test_cases(runs.iter().map(|run| case(suite, run)));
    let mut report = Report::new(xml(suite));
    report.set_time(whole(runs)).add_test_suite(cases);
    Ok(report.to_string()?)
}

fn whole(runs: &[Run<'_>]) -> Duration {
    runs.iter().map(|run| run.took).sum()
}

fn case(suite: &str, run: &Run<'_>) -> TestCase {
    let mut status = match run.outcome {
        Outcome::Passed => TestCaseStatus::success(),
        Outcome::Failed => TestCaseStatus::non_success(NonSuccessKind::Failure),
        Outcome::Skipped => TestCaseStatus::skipped(),
    };
    if run.outcome != Outcome::Passed {
        status.set_message(xml(first_line(run.verdict)));
    }
    if run.outcome == Outcome::Failed {
        let kind = run.diagnosis.and_then(stacklab_diagnosis::Diagnosis::code);
        status.set_type(kind.map_or_else(|| "failed".to_owned(), |code| code.to_string()));
        status.set_description(xml(&failure(run)));
    }
    let mut case = TestCase::new(xml(run.scenario), status);
    case.set_classname(xml(&format!("{suite}.{}", run.backend))).set_time(run.took);
    case.add_property(Property::new("backend", xml(run.backend)));
    case.add_property(Property::new("seed", run.seed.to_string()));
    case.add_property(Property::new("replay", xml(run.replay)));
    case
}

/// What a person reads who clicks on the failure: verdict, chain, cure, difference, and how to run it again.
fn failure(run: &Run<'_>) -> String {
    let mut text = format!("{}\n", run.verdict);
    for (depth, finding) in run.diagnosis.iter().flat_map(|diagnosis| &diagnosis.chain).enumerate() {
        let code = finding.code.map(|code| format!("{code} ")).unwrap_or_default();
        let lead = if depth == 0 { "what happened: " } else { "because: " };
        text.push_str(&format!("\n{lead}{code}{}\n", finding.text));
        for evidence in &finding.evidence {
            text.push_str(&format!("    {}\n", evidence.text));
        }
    }
    if let Some(diagnosis) = run.diagnosis.filter(|diagnosis| !diagnosis.cure.is_empty()) {
        text.push_str(&format!("\ncure:\n    {}\n", diagnosis.cure.join("\n    ")));
    }
    if let Some(difference) = run.difference {
        text.push_str(&format!("\ndiffers from the snapshot:\n{difference}\n"));
    }
    if !run.replay.is_empty() {
        text.push_str(&format!("\nagain: {}\n", run.replay));
    }
    bounded(text)
}

fn bounded(mut text: String) -> String {
    if text.len() > MOST {
        let cut = (0..=MOST).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
        text.truncate(cut);
        text.push_str("\n… and more: see the report\n");
    }
    text
}

/// Without the two characters that no XML holds and that `quick-junit`, which takes out the others, leaves in.
fn xml(text: &str) -> String {
    text.replace(['\u{fffe}', '\u{ffff}'], "")
}

fn first_line(text: &str) -> &str {
    text.lines().next().unwrap_or_default()
}
