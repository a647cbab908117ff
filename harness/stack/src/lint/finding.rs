//! What a check finds, and the list of it.

use std::fmt;
use std::sync::Arc;

use super::context::Spot;
use super::{LintOptions, Rule};
use crate::Position;

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// The run fails or hangs, or ends without something that the stack asks for.
    Error,
    /// The run deploys something else than was written.
    Warning,
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Error => "error",
            Self::Warning => "warning",
        })
    }
}

/// One thing that is wrong, or not as it looks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Which rule it is about: code and severity.
    pub rule: Rule,
    /// What was found and what to do, in one line.
    pub message: String,
    /// The file it is in: the checked one or a layer.
    pub file: String,
    /// Where it begins.
    pub at: Position,
    /// Just behind it.
    pub end: Position,
    /// Path of the value in the file: `applications.kafka-mesos.tasks.brokers.mem`; empty if it is about the whole.
    pub path: String,
    /// The line of the file that it begins on.
    pub line: Arc<str>,
}

/// More than these nobody reads; a file with so many has one fault many times.
const MAX_FINDINGS: usize = 1000;

/// Findings in the order in which they are made.
#[derive(Debug, Default)]
pub(super) struct Findings {
    all: Vec<Finding>,
    /// How many were left out.
    more: usize,
}

impl Findings {
    /// Adds a finding.
    pub(super) fn add(&mut self, rule: Rule, spot: Spot, message: impl Into<String>) {
        if self.is_full() {
            self.more += 1;
            return;
        }
        let Spot { file, at, end, path, line } = spot;
        self.all.push(Finding { rule, message: message.into(), file, at, end, path, line });
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.all.len() + self.more
    }

    /// Whether no more is taken.
    pub(super) fn is_full(&self) -> bool {
        self.all.len() >= MAX_FINDINGS
    }

    /// All of them by file and place, each once; at most a thousand.
    pub(super) fn sorted(mut self, options: &LintOptions) -> Vec<Finding> {
        let rank = |finding: &Finding| {
            let layer = options.layers.iter().position(|layer| layer.file == finding.file);
            if finding.file == options.file { 0 } else { layer.map_or(usize::MAX, |index| index + 1) }
        };
        self.all.sort_by(|a, b| (rank(a), a.at, a.rule.code).cmp(&(rank(b), b.at, b.rule.code)));
        self.all.dedup();
        self.all
    }
}
