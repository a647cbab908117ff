//! A run as JSON, for programs.

use serde::Serialize;
use stacklab_diagnosis::Diagnosis;
use stacklab_machine::timeline::{self, Event};

use crate::{Hit, Outcome, Run};

/// Version of the form. New fields may be added within a version; a change of meaning raises it.
pub const VERSION: u32 = 1;

/// The fields, in their order.
#[derive(Serialize)]
pub(crate) struct Document<'a> {
    /// [`VERSION`].
    report: u32,
    /// The version of the events' form.
    timeline: u32,
    scenario: &'a str,
    about: &'a str,
    backend: &'a str,
    /// A text: readers of JSON may lose digits of a number of 64 bits.
    seed: String,
    /// `passed`, `failed` or `skipped`.
    outcome: Outcome,
    verdict: &'a str,
    /// By the wall clock, in seconds.
    took: f64,
    /// `chain` (each with `code` or null, `text`, `evidence` of `text` and `events`) and `cure`; null if there is none.
    diagnosis: Option<&'a Diagnosis>,
    /// The command that runs it again.
    replay: &'a str,
    /// What differs from the snapshot; null if nothing does.
    difference: Option<&'a str>,
    /// Each `fault`, its `times`, and whether it is `optional`.
    hits: &'a [Hit],
    /// Oldest first; `at` in microseconds since 1970.
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

/// One object with the run in it, as `docs`: `report` is its version, [`VERSION`]; `seed` is a text; `took` is in
/// seconds; each event's `at` is in microseconds since 1970.
pub fn json(run: &Run<'_>) -> String {
    // A document holds texts, numbers and JSON values only: there is nothing in it that JSON cannot say.
    serde_json::to_string(&Document::of(run)).unwrap_or_default()
}
