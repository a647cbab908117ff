//! What is reported.

use std::time::Duration;

use serde::Serialize;
use stacklab_diagnosis::Diagnosis;
use stacklab_machine::timeline::Event;

/// One run of a scenario, finished or left out.
#[derive(Clone, Copy, Debug)]
pub struct Run<'a> {
    /// The scenario's name.
    pub scenario: &'a str,
    /// What it is about, in sentences; may be empty.
    pub about: &'a str,
    /// What it ran on: `embedded`, `docker`, `sim`.
    pub backend: &'a str,
    /// Its seed.
    pub seed: u64,
    /// How it ended.
    pub outcome: Outcome,
    /// The verdict in words: `deployed in 12.3 s`; why, if it was left out.
    pub verdict: &'a str,
    /// How long it took: by the wall clock, or in a simulation by its own.
    pub took: Duration,
    /// Its timeline, oldest first.
    pub events: &'a [Event],
    /// Why the deployment failed. A run passes with one, if that cause is what its scenario expects.
    pub diagnosis: Option<&'a Diagnosis>,
    /// The command that runs it again.
    pub replay: &'a str,
    /// What differs from the snapshot, as a text of lines with `+`, `-` and a space in front.
    pub difference: Option<&'a str>,
    /// The planned faults, and how often each happened.
    pub hits: &'a [Hit],
}

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// As its scenario expects.
    Passed,
    /// Otherwise.
    Failed,
    /// It did not run.
    Skipped,
}

/// A planned fault.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Hit {
    /// The fault, as it stands in the plan.
    pub fault: String,
    /// How often it happened.
    pub times: u32,
    /// Whether it may never happen.
    pub optional: bool,
}
