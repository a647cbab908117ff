//! From protobuf to the values that the master works with. Mesos' required fields are required here.

use super::container::container;
use super::names::capability;
use super::wire;
use crate::ids::StatusUuid;
use crate::resources::{Ranges, Resource, Resources, Scalar, Value, Word};
use crate::v1::{
    CommandInfo, Environment, ExecutorInfo, FrameworkInfo, Label, Labels, TaskInfo, Uri, Variable,
};

/// A required field that is absent, or holds what it cannot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no usable field {0}")]
pub struct Missing(pub(super) &'static str);

/// A field that must be there.
pub(super) fn present<T>(field: Option<T>, name: &'static str) -> Result<T, Missing> {
    field.ok_or(Missing(name))
}

/// An id that must be there.
pub(super) fn id<T: From<String>>(field: Option<wire::Id>, name: &'static str) -> Result<T, Missing> {
    present(field.and_then(|id| id.value), name).map(T::from)
}

fn optional_id<T: From<String>>(field: Option<wire::Id>, name: &'static str) -> Result<Option<T>, Missing> {
    field.map(|one| id(Some(one), name)).transpose()
}

/// An update's id: 16 bytes.
pub(super) fn uuid(field: Option<Vec<u8>>) -> Result<StatusUuid, Missing> {
    let bytes = present(field, "uuid")?;
    bytes.try_into().map(StatusUuid).map_err(|_| Missing("uuid"))
}

/// An empty id counts as none: Mesos takes both for a framework that is new.
pub(super) fn framework_info(info: wire::FrameworkInfo) -> Result<FrameworkInfo, Missing> {
    let known = |one: &wire::Capability| one.r#type.and_then(capability);
    Ok(FrameworkInfo {
        user: present(info.user, "user")?,
        name: present(info.name, "name")?,
        id: optional_id(info.id.filter(|id| id.value.as_deref() != Some("")), "id")?,
        failover_timeout: info.failover_timeout.unwrap_or_default(),
        checkpoint: info.checkpoint.unwrap_or_default(),
        role: info.role,
        roles: info.roles,
        hostname: info.hostname,
        principal: info.principal,
        webui_url: info.webui_url,
        capabilities: info.capabilities.iter().filter_map(known).collect(),
        labels: labels(info.labels)?,
    })
}

/// A task. Health check and discovery information are not taken over.
pub(super) fn task_info(info: wire::TaskInfo) -> Result<TaskInfo, Missing> {
    let name = present(info.name, "name")?;
    let task_id: String = id(info.task_id, "task_id")?;
    let mut task = TaskInfo::new(task_id, &name, id(info.slave_id, "slave_id")?, resources(info.resources)?);
    task.executor = info.executor.map(executor).transpose()?;
    task.command = info.command.map(command).transpose()?;
    task.container = info.container.map(container).transpose()?;
    task.data = info.data;
    task.labels = labels(info.labels)?;
    Ok(task)
}

fn executor(info: wire::ExecutorInfo) -> Result<ExecutorInfo, Missing> {
    let executor_id: String = id(info.executor_id, "executor_id")?;
    let command = command(present(info.command, "command")?)?;
    let mut executor = ExecutorInfo::new(executor_id, command, resources(info.resources)?);
    executor.framework_id = optional_id(info.framework_id, "framework_id")?;
    executor.container = info.container.map(container).transpose()?;
    executor.name = info.name;
    executor.source = info.source;
    executor.data = info.data;
    executor.labels = labels(info.labels)?;
    Ok(executor)
}

fn command(info: wire::CommandInfo) -> Result<CommandInfo, Missing> {
    let uri = |uri: wire::Uri| {
        Ok(Uri {
            value: present(uri.value, "uris.value")?,
            executable: uri.executable,
            extract: uri.extract,
            cache: uri.cache,
            output_file: uri.output_file,
        })
    };
    Ok(CommandInfo {
        uris: info.uris.into_iter().map(uri).collect::<Result<_, _>>()?,
        environment: info.environment.map(environment).transpose()?,
        shell: info.shell.unwrap_or(true),
        value: info.value,
        arguments: info.arguments,
        user: info.user,
    })
}

fn environment(environment: wire::Environment) -> Result<Environment, Missing> {
    let variable = |variable: wire::Variable| {
        Ok(Variable { name: present(variable.name, "variables.name")?, value: variable.value })
    };
    let variables = environment.variables.into_iter().map(variable).collect::<Result<_, _>>()?;
    Ok(Environment { variables })
}

fn labels(labels: Option<wire::Labels>) -> Result<Option<Labels>, Missing> {
    let label = |label: wire::Label| Ok(Label { key: present(label.key, "labels.key")?, value: label.value });
    let Some(labels) = labels else { return Ok(None) };
    Ok(Some(Labels { labels: labels.labels.into_iter().map(label).collect::<Result<_, _>>()? }))
}

fn resources(list: Vec<wire::Resource>) -> Result<Resources, Missing> {
    Ok(Resources::as_written(list.into_iter().map(resource).collect::<Result<_, _>>()?))
}

fn resource(resource: wire::Resource) -> Result<Resource, Missing> {
    let name = present(resource.name, "resources.name")?;
    let value = match present(resource.r#type, "resources.type")? {
        0 => Value::Scalar(scalar(resource.scalar)?),
        1 => Value::Ranges(ranges(resource.ranges)?),
        2 => Value::Set(set(resource.set)),
        _ => return Err(Missing("resources.type")),
    };
    let role = resource.role.as_deref().map_or(Word::STAR, Word::from);
    Ok(Resource { name: name.as_str().into(), value, role })
}

fn scalar(scalar: Option<wire::Scalar>) -> Result<Scalar, Missing> {
    scalar
        .map_or(Ok(Scalar::ZERO), |scalar| Ok(Scalar::new(present(scalar.value, "resources.scalar.value")?)))
}

fn ranges(ranges: Option<wire::Ranges>) -> Result<Ranges, Missing> {
    let pair = |range: wire::Range| {
        Ok((present(range.begin, "resources.ranges.begin")?, present(range.end, "resources.ranges.end")?))
    };
    let ranges = ranges.map(|ranges| ranges.range).unwrap_or_default();
    Ok(Ranges::new(ranges.into_iter().map(pair).collect::<Result<Vec<_>, _>>()?))
}

fn set(set: Option<wire::Set>) -> Vec<String> {
    let mut items = set.map(|set| set.item).unwrap_or_default();
    items.sort();
    items.dedup();
    items
}
