//! What is to be run: tasks, commands, executors.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::framework::Labels;
use super::json::{number, optional_bytes};
use crate::ids::{AgentId, ExecutorId, FrameworkId, TaskId};
use crate::resources::Resources;

/// A task: either a `command` of its own or one for an `executor`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TaskInfo {
    /// Name for people.
    pub name: String,
    /// Id; the framework chooses it.
    pub task_id: TaskId,
    /// The agent whose offer it uses.
    pub agent_id: AgentId,
    /// Resources; without those of its executor.
    #[serde(skip_serializing_if = "Resources::is_empty", default)]
    pub resources: Resources,
    /// Executor that is to run it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub executor: Option<ExecutorInfo>,
    /// Command, if it has no executor of its own.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub command: Option<CommandInfo>,
    /// Container, as JSON; opaque.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub container: Option<Value>,
    /// Health check run by Mesos, as JSON; opaque.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub health_check: Option<Value>,
    /// How it is to be killed.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub kill_policy: Option<KillPolicy>,
    /// Anything for the executor.
    #[serde(skip_serializing_if = "Option::is_none", default, with = "optional_bytes")]
    pub data: Option<Vec<u8>>,
    /// Labels.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub labels: Option<Labels>,
    /// Discovery information, as JSON; opaque.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub discovery: Option<Value>,
}

impl TaskInfo {
    /// A task with neither command nor executor yet.
    pub fn new(task_id: impl Into<TaskId>, name: &str, agent_id: AgentId, resources: Resources) -> Self {
        Self {
            name: name.into(),
            task_id: task_id.into(),
            agent_id,
            resources,
            executor: None,
            command: None,
            container: None,
            health_check: None,
            kill_policy: None,
            data: None,
            labels: None,
            discovery: None,
        }
    }
}

/// A command line with what it needs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CommandInfo {
    /// What is fetched into the sandbox before.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub uris: Vec<Uri>,
    /// Environment.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub environment: Option<Environment>,
    /// Whether `value` is a line for `sh -c`; else it is a program, run with `arguments`.
    #[serde(skip_serializing_if = "is_true", default = "yes")]
    pub shell: bool,
    /// Command line or program.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub value: Option<String>,
    /// Arguments, the program's own name first.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub arguments: Vec<String>,
    /// User; the framework's if absent.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub user: Option<String>,
}

impl CommandInfo {
    /// A line for `sh -c`.
    pub fn shell(line: &str) -> Self {
        Self {
            uris: Vec::new(),
            environment: None,
            shell: true,
            value: Some(line.into()),
            arguments: Vec::new(),
            user: None,
        }
    }

    /// Sets the environment.
    #[must_use]
    pub fn with_environment(mut self, pairs: impl IntoIterator<Item = (String, String)>) -> Self {
        let variables =
            pairs.into_iter().map(|(name, value)| Variable { name, value: Some(value) }).collect();
        self.environment = Some(Environment { variables });
        self
    }

    /// Adds something to be fetched, with Mesos' defaults.
    #[must_use]
    pub fn with_uri(mut self, value: &str) -> Self {
        self.uris.push(Uri::new(value));
        self
    }
}

/// Environment variables, in order; the later of two equal names wins.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Environment {
    /// The variables.
    #[serde(default)]
    pub variables: Vec<Variable>,
}

/// One variable.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Variable {
    /// Name.
    pub name: String,
    /// Value; must be there for a launch to pass.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub value: Option<String>,
}

/// Something to be fetched into a sandbox.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Uri {
    /// Address: `http://…`, `file://…` or a local path.
    pub value: String,
    /// Make it executable, and leave it packed.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub executable: Option<bool>,
    /// Unpack archives; yes if absent.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub extract: Option<bool>,
    /// Keep it on the agent for others.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub cache: Option<bool>,
    /// Name in the sandbox; the last component of the address if absent.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub output_file: Option<String>,
}

impl Uri {
    /// With the defaults.
    pub fn new(value: &str) -> Self {
        Self { value: value.into(), executable: None, extract: None, cache: None, output_file: None }
    }

    /// The name of the fetched file.
    pub fn file_name(&self) -> &str {
        let path = self.value.split(['?', '#']).next().unwrap_or_default();
        self.output_file.as_deref().unwrap_or_else(|| path.rsplit('/').next().unwrap_or_default())
    }
}

/// How a task is to be killed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct KillPolicy {
    /// Time between SIGTERM and SIGKILL; 3 s if absent.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub grace_period: Option<Nanoseconds>,
}

/// A duration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Nanoseconds {
    /// How many.
    #[serde(deserialize_with = "number")]
    pub nanoseconds: i64,
}

/// An executor: a program that runs tasks. One instance per framework, executor id and agent.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ExecutorInfo {
    /// `CUSTOM` or `DEFAULT`.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub r#type: Option<String>,
    /// Id; the framework chooses it.
    pub executor_id: ExecutorId,
    /// The framework; filled in by the master.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub framework_id: Option<FrameworkId>,
    /// Its command.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub command: Option<CommandInfo>,
    /// Container, as JSON; opaque.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub container: Option<Value>,
    /// Resources of its own.
    #[serde(skip_serializing_if = "Resources::is_empty", default)]
    pub resources: Resources,
    /// Name for people.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub name: Option<String>,
    /// Source for statistics.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub source: Option<String>,
    /// Anything for the executor.
    #[serde(skip_serializing_if = "Option::is_none", default, with = "optional_bytes")]
    pub data: Option<Vec<u8>>,
    /// Labels.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub labels: Option<Labels>,
}

impl ExecutorInfo {
    /// An executor run by a command.
    pub fn new(executor_id: impl Into<ExecutorId>, command: CommandInfo, resources: Resources) -> Self {
        Self {
            r#type: None,
            executor_id: executor_id.into(),
            framework_id: None,
            command: Some(command),
            container: None,
            resources,
            name: None,
            source: None,
            data: None,
            labels: None,
        }
    }
}

fn yes() -> bool {
    true
}

#[allow(clippy::trivially_copy_pass_by_ref)] // The signature is serde's.
fn is_true(flag: &bool) -> bool {
    *flag
}
