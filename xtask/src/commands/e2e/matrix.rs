//! One scenario with every choice of real services.

use std::collections::BTreeSet;

use anyhow::anyhow;
use serde_json::json;
use stacklab_lab::exit::ExitCode;
use stacklab_lab::report::choices_table;
use stacklab_lab::scenario::Scenario;
use stacklab_live::Part;

use super::one::{Ended, Way, on_sockets};
use super::prepare;
use crate::commands::Failed;
use crate::flags::E2e;

/// Every choice of real services, one after the other.
pub(super) async fn matrix(all: &[Scenario], flags: &E2e) -> Result<ExitCode, Failed> {
    let scenario = all.iter().find(|scenario| scenario.name == MATRIX_SCENARIO);
    let scenario =
        scenario.ok_or_else(|| Failed::input(anyhow!("there is no scenario {MATRIX_SCENARIO}")))?;
    let everything = prepare(&Part::ALL.into(), flags).await?;
    let (mut rows, mut worst) = (Vec::new(), ExitCode::AsExpected);
    for choice in 0..1_u8 << Part::ALL.len() {
        let chosen = |(bit, part): (usize, Part)| (choice >> bit & 1 == 1).then_some(part);
        let real: BTreeSet<Part> = Part::ALL.into_iter().enumerate().filter_map(chosen).collect();
        let ended = on_sockets(
            scenario,
            &Way { flags, backing: &everything.only(&real), alone: true, bare: flags.json },
        )
        .await?;
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
        Ended::Skipped(_) => [String::new(), "skipped".to_owned()],
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
        Ended::Skipped(_) => json!({ "real": real, "skipped": true }),
    }
}
