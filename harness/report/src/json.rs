//! A run as JSON, for programs.

use serde::Serialize;
use stacklab_diagnosis::Diagnosis;
use stacklab_machine::timeline::{self, Event};

use crate::{Hit, Outcome, Run};

/// Version of the form. New fields may be added within a version; a change of meaning raises it.
pub const VERSION: u32 = 1;

/// The fields, in their order; what they are is said at [`json`].
#[derive(Serialize)]
pub(crate) struct Document<'a> {
    report: u32,
    timeline: u32,
    scenario: &'a str,
    about: &'a str,
    backend: &'a str,
    seed: String,
    outcome: Outcome,
    verdict: &'a str,
    took: f64,
    diagnosis: Option<&'a Diagnosis>,
    replay: &'a str,
    difference: Option<&'a str>,
    hits: &'a [Hit],
    events: &'a [Event],
}

impl<'a> Document<'a> {
    pub(crate) fn of(run: &Run<'a>) -> Self {
        Self {
            report: VERSION,
            timeline: timeline::VERSION,
            scenario: run.scenario,
            about: run.about,
            backend: run.backend,
            seed: run.seed.to_string(),
            outcome: run.outcome,
            verdict: run.verdict,
            took: run.took.as_secs_f64(),
            diagnosis: run.diagnosis,
            replay: run.replay,
            difference: run.difference,
            hits: run.hits,
            events: run.events,
        }
    }
}

/// One object with the run in it:
///
/// | field | is |
/// |---|---|
/// | `report` | [`VERSION`] of this form |
/// | `timeline` | the version of the form of the events |
/// | `scenario`, `about`, `backend`, `verdict`, `replay` | texts as in [`Run`] |
/// | `seed` | a text of digits: readers of JSON may lose digits of a number of 64 bits |
/// | `outcome` | `passed`, `failed` or `skipped` |
/// | `took` | seconds, by the wall clock or in a simulation by its own |
/// | `diagnosis` | null, or `chain` from symptom to innermost cause (each `code` or null, `text`, `evidence` of `text` and the ids of `events`) and `cure`, a list of texts |
/// | `difference` | null, or a text |
/// | `hits` | each planned `fault`, how many `times` it happened, whether it is `optional` |
/// | `events` | oldest first; `at` is in microseconds since 1970 |
pub fn json(run: &Run<'_>) -> String {
    // A document holds texts, numbers and JSON values only: there is nothing in it that JSON cannot say.
    serde_json::to_string(&Document::of(run)).unwrap_or_default()
}
