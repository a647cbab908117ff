//! Every scenario in virtual time: the same end, the same steps, faults and cause as in its snapshot; and of what goes
//! well there is no diagnosis. A second seed finds the same cause.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use scenarios::{folder, snapshots, stacks};
use stacklab_diagnosis::diagnose;
use stacklab_lab::e2e::{NotRun, Options, run_virtually};
use stacklab_lab::scenario::Expect;
use stacklab_lab::{Backing, catalogue};
use stacklab_machine::Pace;

#[test]
fn every_scenario_passes() {
    let mut failed = Vec::new();
    for (scenario, seed) in catalogue::all(&folder()).unwrap().iter().flat_map(|one| [(one, 1), (one, 2)]) {
        let options = Options {
            pace: Pace::FAST,
            seed,
            stacks: stacks(),
            snapshots: Some(snapshots()),
            bless: false,
            backing: Backing::embedded(),
            cure: false,
        };
        let why = match run_virtually(scenario, &options) {
            Ok((report, timeline)) if report.passed => {
                let well = scenario.expect == Expect::Deployed;
                let Some(found) = diagnose(timeline.events()).filter(|_| well) else { continue };
                format!("all went well, but: {}", found.text())
            }
            Ok((report, _)) => report.verdict,
            Err(NotRun::Backend { why, .. }) => {
                println!("skipped {}: {why}", scenario.name);
                continue;
            }
            Err(why) => why.to_string(),
        };
        failed.push(format!("{}, seed {seed}: {why}", scenario.name));
    }
    assert!(failed.is_empty(), "{}", failed.join("\n\n"));
}
