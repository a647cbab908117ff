//! What runs leave for people and programs to read: a page and a JSON file each, and over all of them a page and the
//! XML that servers of continuous integration read.

use std::path::Path;

use anyhow::Context;
use stacklab_lab::e2e::Report;
use stacklab_lab::scenario::Scenario;
use stacklab_machine::timeline::Event;
use stacklab_report::{Hit, Outcome, Row, Run};

/// A run, as far as its reports need it.
pub(super) struct Kept {
    scenario: String,
    about: String,
    backend: String,
    seed: u64,
    replay: String,
    /// The name of its folder among the others.
    folder: String,
    /// What came of it, or why it was left out.
    end: Result<Box<Report>, String>,
    hits: Vec<Hit>,
}

impl Kept {
    pub(super) fn new(
        scenario: &Scenario,
        backend: String,
        seed: u64,
        replay: String,
        folder: String,
        end: Result<Box<Report>, String>,
    ) -> Self {
        let hit = |hits: &stacklab_faults::Hits| {
            let fault = scenario.faults.get(hits.index)?;
            let text = format!("{} {}", hits.index + 1, fault.reaction.name());
            Some(Hit { fault: text, times: hits.fired, optional: fault.optional })
        };
        let hits =
            end.as_ref().map(|report| report.hits.iter().filter_map(hit).collect()).unwrap_or_default();
        let (name, about) = (scenario.name.clone(), scenario.about.trim().to_owned());
        Self { scenario: name, about, backend, seed, replay, folder, end, hits }
    }

    fn run<'r>(&'r self, events: &'r [Event]) -> Run<'r> {
        let report = self.end.as_ref().ok();
        Run {
            scenario: &self.scenario,
            about: &self.about,
            backend: &self.backend,
            seed: self.seed,
            outcome: match report {
                None => Outcome::Skipped,
                Some(report) if report.passed => Outcome::Passed,
                Some(_) => Outcome::Failed,
            },
            verdict: match &self.end {
                Ok(report) => &report.verdict,
                Err(why) => why,
            },
            took: report.map(|report| report.took).unwrap_or_default(),
            events,
            diagnosis: report.and_then(|report| report.diagnosis.as_ref()),
            replay: &self.replay,
            difference: report.and_then(|report| report.difference.as_deref()),
            hits: &self.hits,
        }
    }

    /// Writes the run's own page and JSON into its folder.
    pub(super) fn write(&self, folder: &Path, events: &[Event]) -> anyhow::Result<()> {
        let run = self.run(events);
        let write = |name: &str, text: String| {
            let path = folder.join(name);
            std::fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))
        };
        write("index.html", stacklab_report::page(&run))?;
        write("report.json", stacklab_report::json(&run))
    }
}

/// Writes what is about all runs.
pub(super) fn write_all(folder: &Path, kept: &[Kept]) -> anyhow::Result<()> {
    let runs: Vec<Run<'_>> = kept.iter().map(|kept| kept.run(&[])).collect();
    // What did not run has no page.
    let link = |kept: &Kept| {
        kept.end.as_ref().map_or_else(|_| String::new(), |_| format!("{}/index.html", kept.folder))
    };
    let links: Vec<String> = kept.iter().map(link).collect();
    let rows: Vec<Row<'_>> = runs.iter().zip(&links).map(|(run, link)| Row { run, link }).collect();
    std::fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    let xml = stacklab_report::junit("stacklab", &runs)?;
    for (name, text) in [("junit.xml", xml), ("index.html", stacklab_report::overview("stacklab", &rows))] {
        let path = folder.join(name);
        std::fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))?;
    }
    Ok(())
}
