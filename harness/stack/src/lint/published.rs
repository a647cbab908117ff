//! Which variables an application publishes, and when.

use super::application::has_runner;
use super::grammar;
use super::nearest::nearest;
use crate::Application;

/// Among how many names one that may be meant is looked for.
const MANY: usize = 200;
/// How many names are shown.
const SHOWN: usize = 12;

/// When a variable is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum When {
    /// As soon as the scheduler runs.
    Up,
    /// When the task of this index has run.
    Task(usize),
}

/// What an application publishes under a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Published {
    /// A variable, from then on.
    From(When),
    /// Nothing. The nearest name that there is, if one is near, and what else there is.
    Never {
        /// The name that may be meant.
        meant: Option<String>,
        /// All names, for people.
        known: Vec<String>,
    },
}

/// Looks a name up, without the application's id and dot in front of it.
pub(super) fn find(app: &Application, name: &str) -> Published {
    if !has_runner(app) {
        return Published::Never { meant: None, known: Vec::new() };
    }
    let names = Names::of(app);
    if let Some(when) = names.when(name) {
        return Published::From(when);
    }
    let mut known: Vec<String> = names.exact.into_iter().map(|(name, _)| name).take(MANY).collect();
    let meant = match name {
        "port" => Some("port0".into()),
        _ => nearest(name, known.iter().map(String::as_str)).map(str::to_owned),
    };
    if known.len() > SHOWN {
        known.truncate(SHOWN);
        known.push("…".into());
    }
    Published::Never { meant, known }
}

/// How many addresses a variable holds, comma-joined; `None` if the file does not say, or if it is no list.
pub(super) fn addresses(app: &Application, name: &str) -> Option<usize> {
    let parameter = match (app.kind.as_str(), name) {
        ("exhibitor-mesos-0.1.x", "zkConnect") => "id",
        ("dse-mesos-0.2.x", "cassandraConnect") => "node",
        ("dse-mesos-0.1.x", "cassandraConnect") => "id",
        _ => return None,
    };
    let ids = grammar::ids(app.tasks.last()?.parameters.get(parameter)?).ok()?;
    (!ids.all).then_some(ids.ids.len())
}

/// Whether a variable lists what the last task started, and nothing of the tasks before it.
pub(super) fn is_list_of_last_task(app: &Application, name: &str) -> bool {
    let list = matches!(
        (app.kind.as_str(), name),
        ("exhibitor-mesos-0.1.x", "zkConnect") | ("dse-mesos-0.1.x" | "dse-mesos-0.2.x", "cassandraConnect")
    );
    list && app.tasks.len() > 1
}

struct Names {
    exact: Vec<(String, When)>,
    /// Beginnings and ends around a number that the file does not say.
    open: Vec<(&'static str, &'static str, When)>,
}

impl Names {
    fn of(app: &Application) -> Self {
        let mut names = Self { exact: Vec::new(), open: Vec::new() };
        for name in ["api", "host"] {
            names.exact.push((name.to_owned(), When::Up));
        }
        let mapped = app.docker.as_ref().map_or(0, |docker| docker.port_mappings.len());
        for index in 0..app.ports.len().max(mapped).max(1) {
            names.exact.push((format!("port{index}"), When::Up));
        }
        if app.kind == "elasticsearch" {
            names.open.push(("", ".httpAddress", When::Up));
            names.open.push(("", ".transportAddress", When::Up));
        }
        for index in 0..app.tasks.len() {
            names.task(app, index);
        }
        names
    }

    fn task(&mut self, app: &Application, index: usize) {
        let task = &app.tasks[index];
        let when = When::Task(index);
        let ids = |name: &str| task.parameters.get(name).and_then(|text| grammar::ids(text).ok());
        // Positions for Exhibitor and DSE 0.1, ids for the others.
        let (ids, list, prefix): (_, _, &'static str) = match app.kind.as_str() {
            "exhibitor-mesos-0.1.x" => (ids("id"), Some("zkConnect"), "exhibitor-"),
            "dse-mesos-0.1.x" => (ids("id"), Some("cassandraConnect"), "cassandra-node-"),
            "dse-mesos-0.2.x" => (ids("node"), Some("cassandraConnect"), "cassandra-"),
            "zipkin-mesos-0.1.x" if task.parameters.get("type").is_some_and(|kind| kind == "query") => {
                (ids("id"), None, "query-")
            }
            _ => return,
        };
        self.exact.extend(list.map(|name| (name.to_owned(), when)));
        let suffixes: &[&'static str] = match app.kind.as_str() {
            "dse-mesos-0.2.x" => {
                &["", ".host", ".storagePort", ".jmxPort", ".cqlPort", ".thriftPort", ".agentPort"]
            }
            "zipkin-mesos-0.1.x" => &[".endpoint"],
            _ => &[""],
        };
        match ids.filter(|ids| !ids.all) {
            Some(ids) => {
                let by_position = matches!(app.kind.as_str(), "exhibitor-mesos-0.1.x" | "dse-mesos-0.1.x");
                for (position, id) in ids.ids.iter().enumerate() {
                    let number = if by_position { position.to_string() } else { id.to_string() };
                    let named = |suffix: &&'static str| (format!("{prefix}{number}{suffix}"), when);
                    self.exact.extend(suffixes.iter().map(named));
                }
            }
            None => self.open.extend(suffixes.iter().map(|suffix| (prefix, *suffix, when))),
        }
    }

    fn when(&self, name: &str) -> Option<When> {
        let exact = self.exact.iter().filter(|(known, _)| known == name).map(|(_, when)| *when);
        let open = self.open.iter().filter(|(prefix, suffix, _)| {
            let number = name.strip_prefix(prefix).and_then(|rest| rest.strip_suffix(suffix));
            number
                .is_some_and(|number| !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()))
        });
        exact.chain(open.map(|(_, _, when)| *when)).min()
    }
}
