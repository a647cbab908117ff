//! What is checked before a stack runs: the original's own checks, in its words, and ours, for stacks on which the
//! original would hang or die.

use std::collections::{BTreeMap, BTreeSet};

use regex::Regex;

use crate::{Application, Stack, constraint};

/// The application types for which the original has a task runner.
pub const RUNNER_TYPES: [&str; 9] = [
    "exhibitor-mesos-0.1.x",
    "kafka-mesos-0.9.x",
    "dse-mesos-0.1.x",
    "dse-mesos-0.2.x",
    "zipkin-mesos-0.1.x",
    "statsd-mesos-0.1.x",
    "syslog-mesos-0.1.x",
    "go-kafka-client-mesos-0.3.x",
    "elasticsearch",
];

/// An application that the original refuses to run, in its words.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("Invalid application {application}: {reason}")]
pub struct Invalid {
    /// Its map key.
    pub application: String,
    /// Why.
    pub reason: String,
}

/// Something on which the original would hang, or that stacklab cannot play.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// There is nothing to run: the original waits for ever.
    #[error("stack {0} has no applications")]
    Empty(String),
    /// Two applications have one id: the original starts one of them, whichever comes first.
    #[error("applications {first} and {second} have the same id {id}")]
    DuplicateId {
        /// The id.
        id: String,
        /// Map key of one.
        first: String,
        /// Map key of the other.
        second: String,
    },
    /// A dependency that no application has as its id: the original waits for ever.
    #[error("{id} depends on {dependency}, which is the id of no application")]
    UnknownDependency {
        /// The application's id.
        id: String,
        /// What it wants.
        dependency: String,
    },
    /// Applications that wait for each other: the original waits for ever.
    #[error("applications depend on each other: {}", .0.join(" -> "))]
    Cycle(
        /// Ids, the first one again at the end.
        Vec<String>,
    ),
    /// A hook: run only where that was allowed.
    #[error(
        "{id}: {hook} holds shell commands for the machine that runs the stack; they run only if that was allowed \
         at its start (--allow-hooks)"
    )]
    Hook {
        /// The application's id.
        id: String,
        /// Which hook.
        hook: String,
    },
    /// An application that Stack Deploy runs itself: only where its framework is connected to Mesos.
    #[error("{id}: type run-once is run by Stack Deploy's own Mesos framework, and none is connected here")]
    RunOnce {
        /// The application's id.
        id: String,
    },
}

/// Checks all applications as the original does at the start of a run; the first fault wins. Applications are looked at
/// in the order of their keys (the original's order is random).
///
/// # Errors
/// An application is not valid.
pub fn validate(stack: &Stack) -> Result<(), Invalid> {
    for (key, app) in &stack.applications {
        check(app).map_err(|reason| Invalid { application: key.clone(), reason })?;
    }
    Ok(())
}

fn check(app: &Application) -> Result<(), String> {
    if app.kind.is_empty() {
        return Err("No application type".into());
    }
    if !app.tasks.is_empty() && !RUNNER_TYPES.contains(&app.kind.as_str()) {
        return Err("No task runner available for application".into());
    }
    if app.id.is_empty() {
        return Err("No application ID".into());
    }
    if app.cpu.is_nan() || app.cpu <= 0.0 {
        return Err("Invalid application CPU".into());
    }
    if app.mem.is_nan() || app.mem <= 0.0 {
        return Err("Invalid application Mem".into());
    }
    let instances = app.instances.as_str();
    if !matches!(instances, "" | "all") && !instances.parse::<i64>().is_ok_and(|number| number >= 1) {
        let supported = "supported are numbers greater than zero and 'all'";
        return Err(format!("Invalid number of application instances: {supported}"));
    }
    for words in &app.constraints {
        constraint::check(words).map_err(|error| error.to_string())?;
    }
    Ok(())
}

/// Finds what would make the original hang, and what stacklab cannot play. Applications whose id matches one of
/// `skip` are left out of the search, since they count as complete from the start.
pub fn problems(stack: &Stack, skip: &[Regex]) -> Vec<Problem> {
    let mut problems = Vec::new();
    if stack.applications.is_empty() {
        problems.push(Problem::Empty(stack.name.clone()));
    }
    let mut keys = BTreeMap::<&str, &str>::new();
    for (key, app) in &stack.applications {
        if let Some(first) = keys.insert(&app.id, key) {
            let (id, first, second) = (app.id.clone(), first.to_owned(), key.clone());
            problems.push(Problem::DuplicateId { id, first, second });
        }
    }
    let waiting: BTreeMap<&str, &Application> = stack
        .applications
        .values()
        .filter(|app| !skip.iter().any(|regex| regex.is_match(&app.id)))
        .map(|app| (app.id.as_str(), app))
        .collect();
    for app in waiting.values() {
        for dependency in app.dependencies.iter().filter(|id| !keys.contains_key(id.as_str())) {
            problems.push(Problem::UnknownDependency { id: app.id.clone(), dependency: dependency.clone() });
        }
        problems.extend(unsupported(app));
    }
    problems.extend(find_cycle(&waiting).map(Problem::Cycle));
    problems
}

fn unsupported(app: &Application) -> Vec<Problem> {
    let mut found = Vec::new();
    for (hook, _) in app.hooks().iter().filter(|(_, lines)| !lines.is_empty()) {
        found.push(Problem::Hook { id: app.id.clone(), hook: (*hook).into() });
    }
    if app.kind == crate::run::RUN_ONCE {
        found.push(Problem::RunOnce { id: app.id.clone() });
    }
    found
}

/// A cycle among the dependencies, from its smallest id on.
fn find_cycle(applications: &BTreeMap<&str, &Application>) -> Option<Vec<String>> {
    let mut done = BTreeSet::new();
    for start in applications.keys() {
        // Depth first, with the dependencies still to be looked at of each application on the way.
        let mut way: Vec<(&str, &[String])> = Vec::new();
        let mut next = Some(*start);
        loop {
            if let Some(id) = next.take().filter(|id| !done.contains(id)) {
                if let Some(from) = way.iter().position(|(on_way, _)| *on_way == id) {
                    let mut ids: Vec<_> = way[from..].iter().map(|(id, _)| (*id).to_owned()).collect();
                    ids.push(id.to_owned());
                    return Some(ids);
                }
                way.push((id, applications.get(id).map_or(&[], |app| app.dependencies.as_slice())));
            }
            let Some((id, rest)) = way.last_mut() else { break };
            match rest.split_first() {
                Some((dependency, others)) => {
                    *rest = others;
                    next = Some(dependency);
                }
                None => {
                    done.insert(*id);
                    way.pop();
                }
            }
        }
    }
    None
}

#[cfg(test)]
#[path = "validate_tests.rs"]
mod tests;
