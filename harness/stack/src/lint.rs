//! Checks a stack without running it: what would fail, what would hang, and what would deploy something else than was
//! written, each with its place in the file, a code and a page that explains it.
//!
//! [`lint`] is the check as a value, [`command`](fn@command) the command line around it. Nothing here reads a file:
//! texts are given.

mod agents;
mod application;
mod command;
mod context;
mod cron;
mod dependencies;
mod document;
mod explain;
mod finding;
mod framework;
mod grammar;
mod json;
mod keys;
mod merging;
mod nearest;
mod placement;
mod published;
mod render;
mod rules;
mod scheduler;
mod shell;
mod stages;
mod stored;
mod typing;
mod variables;

use std::collections::BTreeMap;

use regex::Regex;

pub use self::agents::{AgentsError, Machine, default_cluster, parse_agents};
pub use self::command::{Output, command};
pub use self::explain::explain;
pub use self::finding::{Finding, Severity};
pub use self::nearest::nearest;
pub use self::rules::Rule;
pub use self::stages::{Stages, Step, Total};

use self::context::Context;
use self::finding::Findings;

/// A text with the name of the file that it comes from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Source {
    /// Shown with findings.
    pub file: String,
    /// What is in it.
    pub text: String,
}

/// What a stack is checked with and against.
#[derive(Clone, Debug)]
pub struct LintOptions {
    /// Name of the file, for messages.
    pub file: String,
    /// The zone it is to run in (`run --zone`); empty for none.
    pub zone: String,
    /// Zones, clusters, data centres and parents, found by the `name` that each has.
    pub layers: Vec<Source>,
    /// Variables that the run will be given (`run --var`, `server --var`).
    pub variables: BTreeMap<String, String>,
    /// Expressions (`run --skip`): applications whose id one of them matches count as running from the start.
    pub skip: Vec<Regex>,
    /// The agents that there are.
    pub cluster: Vec<Machine>,
}

impl Default for LintOptions {
    fn default() -> Self {
        Self {
            file: "Stackfile".into(),
            zone: String::new(),
            layers: Vec::new(),
            variables: BTreeMap::new(),
            skip: Vec::new(),
            cluster: default_cluster(),
        }
    }
}

/// What was found.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Report {
    /// In the order of files, the checked one first, and of places in them.
    pub findings: Vec<Finding>,
    /// What would be started after what; `None` if the file cannot be read.
    pub stages: Option<Stages>,
}

impl Report {
    /// The report for people: findings with the lines they are about, the plan as a tree, sums.
    pub fn to_text(&self) -> String {
        render::text(self)
    }

    /// The report for editors and scripts; `explain("json")` says what is in it.
    pub fn to_json(&self) -> String {
        json::report(self)
    }

    /// How many findings are errors: the run fails or hangs.
    pub fn errors(&self) -> usize {
        self.count(Severity::Error)
    }

    /// How many findings are warnings: it deploys something else than was written.
    pub fn warnings(&self) -> usize {
        self.count(Severity::Warning)
    }

    fn count(&self, severity: Severity) -> usize {
        self.findings.iter().filter(|finding| finding.rule.severity == severity).count()
    }
}

/// Checks a stack file. Bad input makes findings, never an error or a panic.
pub fn lint(text: &str, options: &LintOptions) -> Report {
    let mut found = Findings::default();
    let Some(context) = Context::new(text, options, &mut found) else {
        return Report { findings: found.sorted(options), stages: None };
    };
    keys::check(&context, &mut found);
    merging::check(&context, &mut found);
    application::check(&context, &mut found);
    cron::check(&context, &mut found);
    dependencies::check(&context, &mut found);
    variables::check(&context, &mut found);
    shell::check(&context, &mut found);
    typing::check(&context, &mut found);
    framework::check(&context, &mut found);
    scheduler::check(&context, &mut found);
    stored::check(&context, &mut found);
    placement::check(&context, &mut found);
    Report { findings: found.sorted(options), stages: Some(stages::of(&context)) }
}

#[cfg(test)]
#[path = "lint/fixture_tests.rs"]
mod fixture_tests;

#[cfg(test)]
#[path = "lint/rule_tests.rs"]
mod rule_tests;
#[cfg(test)]
#[path = "lint/schema_tests.rs"]
mod schema_tests;
#[cfg(test)]
#[path = "lint/task_tests.rs"]
mod task_tests;
#[cfg(test)]
#[path = "lint/test_texts.rs"]
mod test_texts;
