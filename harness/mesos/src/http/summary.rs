//! `/state-summary`, `/tasks` and `/roles`.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};
use stacklab_machine::Time;

use super::state::{offered, res, slave, task_json, used_by};
use crate::ids::{AgentId, FrameworkId};
use crate::master::Master;
use crate::master::state::{Framework, Task};
use crate::resources::{Resources, Value as ResourceValue};
use crate::v1::TaskState;

/// The states that are counted, in this order.
const COUNTED: [TaskState; 10] = [
    TaskState::Staging,
    TaskState::Starting,
    TaskState::Running,
    TaskState::Killing,
    TaskState::Finished,
    TaskState::Killed,
    TaskState::Failed,
    TaskState::Lost,
    TaskState::Error,
    TaskState::Unreachable,
];

/// Tasks of a framework, whatever became of them.
fn all_tasks(framework: &Framework) -> impl Iterator<Item = &Task> {
    framework.tasks.values().chain(&framework.unreachable_tasks).chain(&framework.completed_tasks)
}

fn counts<'a>(tasks: impl Iterator<Item = &'a Task>) -> Map<String, Value> {
    let mut by_state: BTreeMap<TaskState, u64> = BTreeMap::new();
    for task in tasks {
        *by_state.entry(task.state).or_default() += 1;
    }
    COUNTED
        .iter()
        .map(|state| (state.to_string(), json!(by_state.get(state).copied().unwrap_or_default())))
        .collect()
}

/// `/state-summary`
pub(super) fn summary(master: &Master) -> Value {
    let mut whole = json!({ "hostname": master.config.address.hostname });
    if let Some(cluster) = &master.config.cluster {
        whole["cluster"] = json!(cluster);
    }
    whole["slaves"] = master.agents.keys().filter_map(|id| slave_summary(master, id)).collect();
    whole["frameworks"] = master.frameworks.values().map(|one| framework_summary(master, one)).collect();
    whole
}

fn slave_summary(master: &Master, id: &AgentId) -> Option<Value> {
    let mut value = slave(master, master.agents.get(id)?);
    let on_it = |task: &&Task| task.agent_id == *id;
    let tasks = master.frameworks.values().flat_map(all_tasks).filter(on_it);
    let fields = value.as_object_mut()?;
    fields.extend(counts(tasks));
    let with_tasks = master.frameworks.values().filter(|one| all_tasks(one).any(|task| on_it(&task)));
    let ids: Vec<&str> = with_tasks.map(|framework| framework.id.as_str()).collect();
    fields.insert("framework_ids".into(), json!(ids));
    Some(value)
}

fn framework_summary(master: &Master, framework: &Framework) -> Value {
    let info = &framework.info;
    let mut value = json!({
        "id": framework.id.as_str(),
        "name": info.name,
        "used_resources": res(&used_by(master, framework)),
        "offered_resources": res(&offered(master, |offer| offer.framework_id == framework.id)),
        "capabilities": info.capabilities,
        "hostname": info.hostname.as_deref().unwrap_or_default(),
        "webui_url": info.webui_url.as_deref().unwrap_or_default(),
        "active": framework.is_active(),
        "connected": framework.is_connected(),
        "recovered": framework.recovered,
    });
    if let Some(fields) = value.as_object_mut() {
        fields.extend(counts(all_tasks(framework)));
        let agents: BTreeSet<&str> = all_tasks(framework).map(|task| task.agent_id.as_str()).collect();
        fields.insert("slave_ids".into(), json!(agents));
    }
    value
}

/// `/tasks`: newest first unless `order=asc`, 100 at a time unless `limit` says otherwise.
pub(super) fn tasks(master: &Master, query: &[(String, String)]) -> Value {
    let parameter = |name: &str| query.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
    let number =
        |name: &str, default: usize| parameter(name).and_then(|text| text.parse().ok()).unwrap_or(default);
    let (framework_id, task_id) = (parameter("framework_id"), parameter("task_id"));
    let frameworks = master.frameworks.values().chain(&master.completed);
    let mut found: Vec<(Time, &FrameworkId, &Task)> = frameworks
        .filter(|framework| framework_id.is_none_or(|id| framework.id.as_str() == id))
        .flat_map(|framework| all_tasks(framework).map(|task| (&framework.id, task)))
        .filter(|(_, task)| task_id.is_none_or(|id| task.info.task_id.as_str() == id))
        .map(|(id, task)| {
            let first = task.statuses.first().map_or(Time::ZERO, |status| status.timestamp);
            (first, id, task)
        })
        .collect();
    found.sort_by_key(|(first, _, _)| *first);
    if parameter("order") != Some("asc") {
        found.reverse();
    }
    let page = found.into_iter().skip(number("offset", 0)).take(number("limit", 100));
    json!({ "tasks": page.map(|(_, id, task)| task_json(id, task)).collect::<Vec<_>>() })
}

/// `/roles`
pub(super) fn roles(master: &Master) -> Value {
    let mut names: BTreeMap<&str, Vec<&Framework>> = BTreeMap::new();
    for framework in master.frameworks.values() {
        for role in framework.info.all_roles() {
            names.entry(role).or_default().push(framework);
        }
    }
    let entry = |(name, frameworks): (&&str, &Vec<&Framework>)| role_json(master, name, frameworks);
    json!({ "roles": names.iter().map(entry).collect::<Vec<_>>() })
}

fn role_json(master: &Master, name: &str, frameworks: &[&Framework]) -> Value {
    let mut allocated = Resources::new();
    for task in frameworks.iter().flat_map(|framework| framework.tasks.values()) {
        if task.role == *name && !task.state.is_terminal() {
            allocated.add(&task.info.resources);
        }
    }
    for ((id, _), executor) in master.agents.values().flat_map(|agent| &agent.executors) {
        if executor.role == *name && frameworks.iter().any(|framework| framework.id == *id) {
            allocated.add(&executor.info.resources);
        }
    }
    let on_offer = offered(master, |offer| offer.role == *name);
    let mut both = allocated.clone();
    both.add(&on_offer);
    let mut reserved = Resources::new();
    for agent in master.agents.values().filter(|_| name != "*") {
        reserved.add(&agent.info.resources.of_role(name));
    }
    json!({
        "name": name,
        "weight": 1.0,
        "quota": { "role": name, "guarantee": {}, "limit": {}, "consumed": quantities(&allocated) },
        "resources": quantities(&both),
        "allocated": quantities(&allocated),
        "offered": quantities(&on_offer),
        "reserved": quantities(&reserved),
        "frameworks": frameworks.iter().map(|framework| framework.id.as_str()).collect::<Vec<_>>(),
    })
}

/// Like [`res`], but with the number of values where that has ranges.
fn quantities(resources: &Resources) -> Value {
    let mut fields = Map::new();
    for resource in resources.iter() {
        let name = resource.name.as_str();
        let value = match &resource.value {
            ResourceValue::Scalar(_) => resources.scalar(name).to_f64(),
            ResourceValue::Ranges(_) => resources.ranges(name).count() as f64,
            ResourceValue::Set(items) => items.len() as f64,
        };
        fields.insert(name.into(), json!(value));
    }
    fields.into()
}
