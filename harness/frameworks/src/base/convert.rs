//! Between Mesos' messages and the frameworks' view of them.

use stacklab_mesos::resources::Value;
use stacklab_mesos::{
    self as mesos, AttributeValue, CommandInfo, ExecutorInfo, FrameworkInfo, Resources, TaskInfo, Uri,
};

use super::{Amount, Launch, Offer, Range, Resource, Setup, Status, TaskState};

impl From<&mesos::Offer> for Offer {
    fn from(offer: &mesos::Offer) -> Self {
        let attributes = offer.attributes.iter().filter_map(|attribute| match &attribute.value {
            AttributeValue::Text(text) => Some((attribute.name.to_string(), text.clone())),
            _ => None,
        });
        Self {
            id: offer.id.to_string(),
            agent: offer.agent_id.to_string(),
            host: offer.hostname.to_string(),
            attributes: attributes.collect(),
            resources: offer.resources.iter().filter_map(offered).collect(),
        }
    }
}

fn offered(resource: &mesos::Resource) -> Option<Resource> {
    let amount = match &resource.value {
        Value::Scalar(scalar) => Amount::Scalar(scalar.to_f64()),
        Value::Ranges(ranges) => Amount::Ranges(ranges.pairs().iter().filter_map(range).collect()),
        Value::Set(_) => return None,
    };
    Some(Resource { name: resource.name.to_string(), role: resource.role.to_string(), amount })
}

fn range((begin, end): &(u64, u64)) -> Option<Range> {
    Range::new(u32::try_from(*begin).ok()?, u32::try_from(*end).unwrap_or(u32::MAX))
}

fn asked(resource: &Resource) -> mesos::Resource {
    let plain = match &resource.amount {
        Amount::Scalar(value) => mesos::Resource::scalar(&resource.name, *value),
        Amount::Ranges(ranges) => {
            let pairs = ranges.iter().map(|range| (u64::from(range.start), u64::from(range.end)));
            mesos::Resource::ranges(&resource.name, pairs)
        }
    };
    if resource.role == "*" { plain } else { plain.reserved(&resource.role) }
}

/// The task of a launch. Its executor has no resources of its own.
pub(crate) fn task_info(launch: &Launch, agent: mesos::AgentId) -> TaskInfo {
    let mut command = CommandInfo::shell(&launch.command);
    command.uris = launch
        .artifacts
        .iter()
        .map(|artifact| Uri { extract: Some(artifact.extract), ..Uri::new(&artifact.uri) })
        .collect();
    if !launch.env.is_empty() {
        command = command.with_environment(launch.env.iter().cloned());
    }
    let mut executor = ExecutorInfo::new(launch.executor_id.as_str(), command, Resources::new());
    executor.name = Some(launch.executor_name.clone());
    let resources: Resources = launch.resources.iter().map(asked).collect();
    let mut task = TaskInfo::new(launch.task_id.as_str(), &launch.task_name, agent, resources);
    task.executor = Some(executor);
    task.data = Some(launch.data.clone());
    task
}

/// The frameworks' view of a status; `None` for what a driver of 2015 does not know and nothing stands for.
pub(crate) fn status(status: &mesos::TaskStatus) -> Option<Status> {
    Some(Status {
        task_id: status.task_id.to_string(),
        state: state(status.state)?,
        agent: status.agent_id.as_ref().map(ToString::to_string),
        executor_id: status.executor_id.as_ref().map(ToString::to_string),
        data: status.data.clone(),
        message: status.message.clone().unwrap_or_default(),
        reason: status.reason.map(|reason| reason.as_str().to_owned()).unwrap_or_default(),
    })
}

fn state(state: mesos::TaskState) -> Option<TaskState> {
    use mesos::TaskState as Mesos;
    Some(match state {
        Mesos::Staging => TaskState::Staging,
        Mesos::Starting => TaskState::Starting,
        Mesos::Running => TaskState::Running,
        Mesos::Finished => TaskState::Finished,
        Mesos::Failed => TaskState::Failed,
        Mesos::Killed => TaskState::Killed,
        Mesos::Error => TaskState::Error,
        Mesos::Lost
        | Mesos::Dropped
        | Mesos::Unreachable
        | Mesos::Gone
        | Mesos::GoneByOperator
        | Mesos::Unknown => TaskState::Lost,
        Mesos::Killing => return None,
    })
}

/// What the scheduler says of itself. An empty user is the scheduler's own.
pub(crate) fn framework_info(setup: &Setup, user: &str, id: Option<&str>) -> FrameworkInfo {
    let user = if setup.user.is_empty() { user } else { &setup.user };
    let mut info = FrameworkInfo::new(&setup.name, user);
    info.id = id.map(Into::into);
    info.failover_timeout = setup.failover_timeout.as_secs_f64();
    info.checkpoint = true;
    info.role = Some(setup.role.clone());
    info.principal.clone_from(&setup.principal);
    info
}
