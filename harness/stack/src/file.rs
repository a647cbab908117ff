//! The stack file: what it may say, and how it is read.

mod decode;
mod emit;
mod print;
pub(crate) mod scalar;
#[cfg(test)]
pub(crate) mod strategies;
pub(crate) mod yaml;

use std::collections::BTreeMap;

use crate::{Position, StackError};

pub use emit::Yaml;

/// A stack: a name, and applications under keys of their own.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Stack {
    /// Unique name.
    pub name: String,
    /// Name of the stack that this one inherits from; empty if none.
    pub from: String,
    /// Accepted and shown, not meant for users.
    pub namespace: String,
    /// 0 zone, 1 cluster, 2 data centre; 0 for a plain stack, which so works as a zone, too.
    pub layer: i64,
    /// Applications by map key. The file's order is not kept (the original's is random, ours is sorted).
    pub applications: BTreeMap<String, Application>,
}

/// An application: something to be run by Marathon, with calls to be made to it once it runs.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Application {
    /// Selects the task runner, such as `kafka-mesos-0.9.x`.
    pub kind: String,
    /// Marathon app id, prefix of published variables, name used by `dependencies` and `--skip`.
    pub id: String,
    /// Stored only.
    pub version: String,
    /// Cpus; must be above 0.
    pub cpu: f64,
    /// Memory in MB; must be above 0.
    pub mem: f64,
    /// Fixed ports, required exactly as given; empty means one port of Marathon's choice.
    pub ports: Vec<i64>,
    /// A number from 1, `all`, or empty for 1.
    pub instances: String,
    /// `[attribute, OPERATOR, value?]` each.
    pub constraints: Vec<Vec<String>>,
    /// User to run as; empty for Marathon's default.
    pub user: String,
    /// HTTP path on port index 0 that tells whether it is healthy; empty for none.
    pub healthcheck: String,
    /// The command line.
    pub launch_command: String,
    /// Marathon's `args`.
    pub args: Vec<String>,
    /// Environment.
    pub env: BTreeMap<String, String>,
    /// URLs that the fetcher brings into the sandbox.
    pub artifact_urls: Vec<String>,
    /// More of them.
    pub additional_artifacts: Vec<String>,
    /// Flags appended to the command as ` --<key> <value>`.
    pub scheduler: BTreeMap<String, String>,
    /// Calls to make once it runs, in the file's order.
    pub tasks: Vec<Task>,
    /// Ids (not map keys) of applications that must be complete before.
    pub dependencies: Vec<String>,
    /// Container, if any.
    pub docker: Option<Docker>,
    /// Cron text of a run-once application.
    pub start_time: String,
    /// Cron text of a run-once application.
    pub time_schedule: String,
    /// Shell commands run before the app is created.
    pub before_scheduler: Vec<String>,
    /// Shell commands run when it is healthy.
    pub after_scheduler: Vec<String>,
    /// Shell commands run before each task.
    pub before_task: Vec<String>,
    /// Shell commands run after each task.
    pub after_task: Vec<String>,
    /// Shell commands run after all tasks.
    pub after_tasks: Vec<String>,
}

impl Application {
    /// All artifact URLs, in the order in which they are given to the fetcher.
    pub fn uris(&self) -> impl Iterator<Item = &str> {
        self.artifact_urls.iter().chain(&self.additional_artifacts).map(String::as_str)
    }

    /// The hooks with their names, in the order in which they run.
    pub fn hooks(&self) -> [(&'static str, &[String]); 5] {
        [
            ("before_scheduler", &self.before_scheduler),
            ("after_scheduler", &self.after_scheduler),
            ("before_task", &self.before_task),
            ("after_task", &self.after_task),
            ("after_tasks", &self.after_tasks),
        ]
    }
}

/// One entry of `tasks`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Task {
    /// Its name; only for people.
    pub name: String,
    /// Parameters as they are sent, typed by YAML and printed by Go: `0.50` became `0.5`, `yes` became `true`.
    pub parameters: BTreeMap<String, String>,
    /// How the file has it, for [`Stack::print`]; without it everything is printed as text.
    pub written: Option<Written>,
}

/// A task as the file has it: order and types of the parameters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    /// Its name.
    pub name: Yaml,
    /// Its parameters.
    pub parameters: Vec<(Yaml, Yaml)>,
}

/// The `docker` block. No variable is resolved inside it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Docker {
    /// Image.
    pub image: String,
    /// Whether to pull even if the image is there.
    pub force_pull_image: bool,
    /// Whether it runs privileged.
    pub privileged: bool,
    /// Network mode; empty for none given.
    pub network: String,
    /// Parameters of `docker run`.
    pub parameters: BTreeMap<String, String>,
    /// Port mappings.
    pub port_mappings: Vec<PortMapping>,
    /// Volumes.
    pub volumes: Vec<Volume>,
}

/// One entry of `docker.port_mappings`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PortMapping {
    /// Port inside.
    pub container_port: i64,
    /// Port on the host.
    pub host_port: i64,
    /// Service port.
    pub service_port: i64,
    /// `tcp` or `udp`.
    pub protocol: String,
}

/// One entry of `docker.volumes`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Volume {
    /// Path inside.
    pub container_path: String,
    /// Path on the host.
    pub host_path: String,
    /// `RO` or `RW`.
    pub mode: String,
}

/// Something in a stack file that the original ignores in silence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Warning {
    /// Where.
    pub at: Position,
    /// What.
    pub text: String,
}

/// What came of reading a stack file.
#[derive(Clone, Debug, PartialEq)]
pub struct Parsed {
    /// The stack.
    pub stack: Stack,
    /// What was ignored, in the file's order.
    pub warnings: Vec<Warning>,
    /// Where each value stands, by its path: `applications.kafka-mesos.tasks.brokers.mem`. List entries are not in it.
    pub positions: BTreeMap<String, Position>,
}

impl Stack {
    /// Reads a stack file.
    ///
    /// Nothing but YAML and its typing is checked: a file without name, type or cpu is accepted, as by the original.
    ///
    /// # Errors
    /// The text is not YAML, a value cannot be read as its key wants it, or the document goes beyond the bounds
    /// (1 MB, 50,000 values with aliases expanded, 60 levels).
    pub fn parse(text: &str) -> Result<Parsed, StackError> {
        decode::parse(text)
    }

    /// The stack as the original prints it (`show`, `/get`). What is printed parses to the same stack.
    pub fn print(&self) -> String {
        print::stack(self)
    }

    /// The applications alone, as they are stored.
    pub fn print_applications(&self) -> String {
        print::applications(&self.applications)
    }

    /// Reads what [`print_applications`](Self::print_applications) wrote.
    ///
    /// # Errors
    /// As [`parse`](Self::parse).
    pub fn parse_applications(text: &str) -> Result<BTreeMap<String, Application>, StackError> {
        decode::parse_applications(text)
    }
}

/// A list of names in YAML, as the original's `/list` answers it.
pub fn print_names(names: &[String]) -> String {
    print::names(names)
}

/// Reads what [`print_names`] wrote.
///
/// # Errors
/// It is no list of texts.
pub fn parse_names(text: &str) -> Result<Vec<String>, StackError> {
    decode::parse_names(text)
}

#[cfg(test)]
mod tests;
