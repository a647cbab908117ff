//! Whether what came of a scenario is what it expects, and what its snapshot says.

use std::path::Path;

use stacklab_diagnosis::{Diagnosis, Finding, cause};
use stacklab_faults::Hits;
use stacklab_machine::timeline::Event;

use crate::e2e::{NotRun, Options};
use crate::redact::Redactor;
use crate::scenario::{Expect, Scenario};
use crate::snapshot::{SnapshotFile, difference, render};
use crate::steps::{Course, lines};

/// What came of a scenario.
pub(crate) struct Seen<'s> {
    pub(crate) scenario: &'s Scenario,
    pub(crate) course: &'s Course,
    pub(crate) diagnosis: Option<&'s Diagnosis>,
    pub(crate) hits: &'s [Hits],
}

/// Whether it is as expected, and the verdict in words.
pub(crate) fn judge(seen: &Seen<'_>, difference: Option<&str>) -> (bool, String) {
    let (passed, text) = end(seen);
    if !passed {
        return (false, text);
    }
    if let Some(idle) = idle(seen) {
        return (false, format!("{idle}\n{text}"));
    }
    match difference {
        Some(difference) => (false, format!("differs from the snapshot:\n{difference}")),
        None => (true, text),
    }
}

fn end(seen: &Seen<'_>) -> (bool, String) {
    let explained = || seen.diagnosis.map(|diagnosis| format!("\n{}", diagnosis.text())).unwrap_or_default();
    if let Some(broken) = &seen.course.broken {
        return (false, format!("{broken}{}", explained()));
    }
    match (&seen.scenario.expect, &seen.course.failure) {
        (Expect::Deployed, None) if seen.scenario.traces.is_none() => (true, "deployed".to_owned()),
        (Expect::Deployed, None) if seen.course.is_without_traces() => {
            (true, "deployed; traces are not sent here".to_owned())
        }
        (Expect::Deployed, None) => (true, "deployed, and all traces found".to_owned()),
        (Expect::Deployed, Some(why)) => (false, seen.diagnosis.map_or_else(|| why.clone(), Diagnosis::text)),
        (Expect::Failed(cause), None) => (false, format!("expected the failure {cause}, but all went well")),
        (Expect::Failed(cause), Some(why)) => {
            let found = seen.diagnosis.and_then(Diagnosis::innermost);
            match found {
                Some(found) if found.code == Some(cause.0) => {
                    (true, format!("failed as expected: {}", line(found)))
                }
                Some(found) => {
                    let found = line(found);
                    (false, format!("expected the cause {cause}, found {found}{}", explained()))
                }
                None => (false, format!("expected the cause {cause}, but nothing explains: {why}")),
            }
        }
    }
}

/// A fault that never happened, and should have.
fn idle(seen: &Seen<'_>) -> Option<String> {
    let never = |hits: &&Hits| hits.fired == 0;
    let faults =
        seen.hits.iter().filter(never).filter_map(|hits| Some((hits, seen.scenario.faults.get(hits.index)?)));
    let mut must = faults.filter(|(_, fault)| !fault.optional && !fault.off);
    let (hits, fault) = must.next()?;
    let name = fault.reaction.name();
    Some(format!(
        "fault {} ({name}) never happened: its condition fitted {} times",
        hits.index + 1,
        hits.matched
    ))
}

/// Compares with the snapshot in this folder, or writes it.
pub(crate) fn compare(
    seen: &Seen<'_>,
    folder: Option<&Path>,
    bless: bool,
    events: &[Event],
    redactor: &Redactor,
) -> Result<Option<String>, NotRun> {
    let Some(folder) = folder else { return Ok(None) };
    let file = SnapshotFile::new(folder, &seen.scenario.name);
    let found = snapshot(seen, events, redactor);
    // What is not as expected is nothing to be held to.
    if bless && end(seen).0 {
        let failed = |why| NotRun::Snapshot { path: file.path().to_owned(), why };
        return file.write(&found).map_err(failed).map(|()| None);
    }
    Ok(match file.read() {
        Some(expected) => difference(&expected, &found),
        None => Some(format!("there is no snapshot yet; --bless writes {}", file.path().display())),
    })
}

/// Compares what a simulation can show with its part of the snapshot.
pub(crate) fn compare_course(seen: &Seen<'_>, options: &Options, redactor: &Redactor) -> Option<String> {
    let file = SnapshotFile::new(options.snapshots.as_deref()?, &seen.scenario.name);
    let found = course(seen, redactor);
    let expected = file.read()?;
    let sections = expected.split("\n\n== ");
    let mine = |section: &&str| {
        let name = section.trim_start_matches("== ").lines().next().unwrap_or_default();
        ["steps", "faults", "diagnosis"].contains(&name)
    };
    let expected: Vec<String> = sections
        .filter(mine)
        .map(|section| format!("== {}", section.trim_start_matches("== ").trim_end()))
        .collect();
    difference(&expected.join("\n\n"), &found.join("\n\n"))
}

/// What of a run is the same whenever and wherever it is run. Where a failure is expected, nobody looks at the cluster:
/// what is left of it differs; the steps and the diagnosis do not.
pub(crate) fn snapshot(seen: &Seen<'_>, events: &[Event], redactor: &Redactor) -> String {
    let mut sections = Vec::new();
    if seen.scenario.expect == Expect::Deployed {
        sections.push(render(events, redactor).trim_end().to_owned());
    }
    sections.extend(course(seen, redactor));
    sections.join("\n\n") + "\n"
}

/// The part of it that every backend can show.
pub(crate) fn course(seen: &Seen<'_>, redactor: &Redactor) -> Vec<String> {
    let mut sections = Vec::new();
    if !seen.scenario.steps.is_empty() || seen.scenario.expect != Expect::Deployed {
        let steps = lines(seen.course, |text| redactor.text(text)).join("\n");
        sections.push(format!("== steps\n{steps}"));
    }
    if !seen.scenario.faults.is_empty() {
        let line = |hits: &Hits| {
            let name = seen.scenario.faults.get(hits.index).map_or("", |fault| fault.reaction.name());
            format!(
                "{} {name}: {}",
                hits.index + 1,
                if hits.fired > 0 { "happened" } else { "did not happen" }
            )
        };
        sections.push(format!("== faults\n{}", seen.hits.iter().map(line).collect::<Vec<_>>().join("\n")));
    }
    if let (Expect::Failed(_), Some(diagnosis)) = (&seen.scenario.expect, seen.diagnosis) {
        // The symptom is in Stack Deploy's words, or in those of whoever gave up; sentences hold counts and times: both
        // differ from backend to backend. Which causes there are, and in which order, does not.
        let known = diagnosis.chain.iter().filter_map(|finding| finding.code.and_then(cause));
        let found = known.map(|cause| format!("{} {}: {}", cause.code, cause.name, cause.title));
        sections.push(format!("== diagnosis\n{}", found.collect::<Vec<_>>().join("\n")));
    }
    sections
}

/// One finding, on one line: its code and name, if it has one, and what happened.
fn line(finding: &Finding) -> String {
    match finding.code.and_then(cause) {
        Some(cause) => format!("{} {}: {}", cause.code, cause.name, finding.text),
        None => finding.text.clone(),
    }
}
