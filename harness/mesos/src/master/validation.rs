//! What makes a role, an id or a task invalid, in Mesos' words.

use serde_json::Value as Json;

use super::state::{Agent, Framework};
use crate::ids::FrameworkId;
use crate::resources::{Resources, Scalar, Value, Word};
use crate::v1::{CommandInfo, ExecutorInfo, TaskInfo};

/// Why a role's name is none.
pub(super) fn role_fault(role: &str) -> Option<String> {
    if role == "*" {
        return None;
    }
    if role.is_empty() {
        return Some("Role names cannot be the empty string".into());
    }
    if role.starts_with('/') {
        return Some(format!("Role '{role}' cannot start with a slash"));
    }
    if role.ends_with('/') {
        return Some(format!("Role '{role}' cannot end with a slash"));
    }
    if role.contains("//") {
        return Some(format!("Role '{role}' cannot contain two adjacent slashes"));
    }
    role.split('/').find_map(|component| {
        if matches!(component, "." | ".." | "*") {
            return Some(format!("Role '{role}' cannot include '{component}' as a component"));
        }
        if component.starts_with('-') {
            return Some(format!("Role component '{component}' is invalid because it starts with a dash"));
        }
        let bad = |c: char| c == '\u{8}' || c.is_ascii_whitespace() || c == '\u{b}';
        component.contains(bad).then(|| {
            format!("Role component '{component}' is invalid because it contains backspace or whitespace")
        })
    })
}

/// Why an id's text is none.
pub(super) fn id_fault(id: &str) -> Option<String> {
    if id.is_empty() {
        return Some("ID must not be empty".into());
    }
    if id.len() > 255 {
        return Some("ID must not be greater than 255 characters".into());
    }
    if id == "." || id == ".." {
        return Some(format!("'{id}' is disallowed"));
    }
    let bad = |c: char| c.is_ascii_control() || c == '/' || c == '\\';
    id.contains(bad).then(|| format!("'{id}' contains invalid characters"))
}

/// What a task would take of an offer: its own resources, and those of its executor where that is new.
pub(super) struct Wanted {
    pub(super) task: Resources,
    pub(super) executor: Resources,
}

/// Checks a task against what is left of the offers.
///
/// # Errors
/// The message of the TASK_ERROR.
pub(super) fn check_task(
    task: &TaskInfo,
    framework: &Framework,
    agent: &Agent,
    role: &Word,
    left: &Resources,
) -> Result<Wanted, String> {
    fault_of_task(task, framework, agent).map_or(Ok(()), Err)?;
    let wanted = Wanted {
        task: task.resources.iter().cloned().collect(),
        executor: match &task.executor {
            Some(executor) if !runs(agent, &framework.id, executor) => {
                executor.resources.iter().cloned().collect()
            }
            _ => Resources::new(),
        },
    };
    let mut both = wanted.task.clone();
    both.add(&wanted.executor);
    if left.contains(&both) {
        return Ok(wanted);
    }
    Err(format!(
        "Total resources {} required by task and its executor is more than available {}",
        both.allocated_to(role),
        left.allocated_to(role)
    ))
}

fn fault_of_task(task: &TaskInfo, framework: &Framework, agent: &Agent) -> Option<String> {
    id_fault(task.task_id.as_str())
        .or_else(|| reuse_fault(task, framework))
        .or_else(|| {
            (task.agent_id != agent.id).then(|| {
                format!("Task uses invalid agent {} while agent {} is expected", task.agent_id, agent.id)
            })
        })
        .or_else(|| {
            (task.command.is_some() == task.executor.is_some()).then(|| {
                "Task should have at least one (but not both) of CommandInfo or ExecutorInfo present".into()
            })
        })
        .or_else(|| resources_fault(&task.resources))
        .or_else(|| task.command.as_ref().and_then(|command| command_fault("Task's", command)))
        .or_else(|| task.container.as_ref().and_then(container_fault))
        .or_else(|| task.health_check.as_ref().and_then(health_check_fault))
        .or_else(|| task.executor.as_ref().and_then(|executor| executor_fault(executor, framework, agent)))
}

fn reuse_fault(task: &TaskInfo, framework: &Framework) -> Option<String> {
    let id = &task.task_id;
    if framework.tasks.contains_key(id) {
        return Some(format!("Task has duplicate ID: {id}"));
    }
    let unreachable = framework.unreachable_tasks.iter().any(|other| other.info.task_id == *id);
    unreachable.then(|| format!("Task reuses the ID of an unreachable task: {id}"))
}

fn resources_fault(resources: &Resources) -> Option<String> {
    if resources.is_empty() {
        return Some("Task uses no resources".into());
    }
    resources.iter().find_map(|resource| match resource.value {
        Value::Scalar(amount) if amount < Scalar::ZERO => {
            Some(format!("Resource '{resource}' is invalid: Invalid scalar resource: value <= 0"))
        }
        _ => None,
    })
}

fn command_fault(whose: &str, command: &CommandInfo) -> Option<String> {
    let variables = command.environment.as_ref().map_or(&[][..], |all| &all.variables);
    let without = variables.iter().find(|variable| variable.value.is_none())?;
    let name = &without.name;
    Some(format!(
        "{whose} `CommandInfo` is invalid: Environment variable '{name}' of type 'VALUE' must have a value set"
    ))
}

fn container_fault(container: &Json) -> Option<String> {
    let lacks = container["type"] == "DOCKER" && container.get("docker").is_none();
    lacks.then(|| {
        "Task's `ContainerInfo` is invalid: DockerInfo 'docker' is not set for DOCKER typed ContainerInfo"
            .into()
    })
}

fn health_check_fault(check: &Json) -> Option<String> {
    [("HTTP", "http", "HTTP"), ("TCP", "tcp", "TCP"), ("COMMAND", "command", "COMMAND")]
        .into_iter()
        .find(|(kind, field, _)| check["type"] == *kind && check.get(field).is_none())
        .map(|(_, field, name)| {
            format!("Task uses invalid health check: Expecting '{field}' to be set for {name} health check")
        })
}

fn executor_fault(executor: &ExecutorInfo, framework: &Framework, agent: &Agent) -> Option<String> {
    if executor.command.is_none() && executor.r#type.as_deref() != Some("DEFAULT") {
        return Some("'ExecutorInfo.command' must be set for 'CUSTOM' executor".into());
    }
    if let Some(fault) = id_fault(executor.executor_id.as_str()) {
        return Some(fault);
    }
    if let Some(other) = executor.framework_id.as_ref().filter(|other| **other != framework.id) {
        return Some(format!(
            "ExecutorInfo has an invalid FrameworkID (Actual: {other} vs Expected: {})",
            framework.id
        ));
    }
    let existing = agent.executors.get(&(framework.id.clone(), executor.executor_id.clone()))?;
    if same_executor(&existing.info, executor) {
        return None;
    }
    let dashes = "-".repeat(60);
    Some(format!(
        "ExecutorInfo is not compatible with existing ExecutorInfo with same ExecutorID.\n{dashes}\nExisting \
         ExecutorInfo:\n{}\n{dashes}\nExecutorInfo:\n{}\n{dashes}\n",
        text_of(&existing.info),
        text_of(executor)
    ))
}

/// Equal but for the framework id, which the master fills in.
fn same_executor(a: &ExecutorInfo, b: &ExecutorInfo) -> bool {
    let without = |info: &ExecutorInfo| ExecutorInfo { framework_id: None, ..info.clone() };
    without(a) == without(b)
}

fn text_of(executor: &ExecutorInfo) -> String {
    serde_json::to_string(executor).unwrap_or_default()
}

fn runs(agent: &Agent, framework: &FrameworkId, executor: &ExecutorInfo) -> bool {
    agent.executors.contains_key(&(framework.clone(), executor.executor_id.clone()))
}
