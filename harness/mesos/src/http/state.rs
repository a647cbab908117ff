//! `/state`, and the objects it is made of.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};
use stacklab_machine::Time;

use crate::ids::{AgentId, FrameworkId};
use crate::master::Master;
use crate::master::MasterConfig;
use crate::master::state::{Agent, Framework, Outstanding, Task};
use crate::resources::{AttributeValue, Resources, Value as ResourceValue};
use crate::v1::{Capability, ExecutorInfo, Labels};
use crate::words;

const AGENT_CAPABILITIES: [&str; 6] = [
    "MULTI_ROLE",
    "HIERARCHICAL_ROLE",
    "RESERVATION_REFINEMENT",
    "RESOURCE_PROVIDER",
    "TASK_RESOURCE_LIMITS",
    "AGENT_DRAINING",
];

/// `/version`: keys in alphabetical order.
pub(super) fn version(config: &MasterConfig) -> Value {
    json!({
        "build_date": config.started.iso8601(),
        "build_time": config.started.as_secs_f64(),
        "build_user": "stacklab",
        "git_sha": "",
        "git_tag": config.version,
        "version": config.version,
    })
}

/// `/state`
pub(super) fn state(master: &Master) -> Value {
    let config = &master.config;
    let started = config.started.as_secs_f64();
    let (active, inactive) = agent_counts(master);
    let info = &master.info;
    let mut state = json!({
        "version": config.version,
        "git_sha": "",
        "git_tag": config.version,
        "build_date": config.started.iso8601(),
        "build_time": started,
        "build_user": "stacklab",
        "start_time": started,
        "elected_time": started,
        "id": config.id,
        "pid": info.pid,
        "hostname": config.address.hostname,
        "capabilities": ["AGENT_UPDATE", "AGENT_DRAINING", "QUOTA_V2"],
        "activated_slaves": active,
        "deactivated_slaves": inactive,
        "unreachable_slaves": master.unreachable.len() as f64,
        "leader": info.pid,
        "leader_info": {
            "id": config.id,
            "pid": info.pid,
            "port": config.address.port,
            "hostname": config.address.hostname,
        },
    });
    if let Some(cluster) = &config.cluster {
        state["cluster"] = json!(cluster);
    }
    state["flags"] = flags(config);
    state["slaves"] = master.agents.values().map(|agent| slave(master, agent)).collect();
    state["recovered_slaves"] = json!([]);
    append(&mut state, frameworks(master, None));
    state["orphan_tasks"] = json!([]);
    if let Some(last) =
        state.as_object_mut().and_then(|fields| fields.shift_remove("unregistered_frameworks"))
    {
        state["unregistered_frameworks"] = last;
    }
    state
}

fn append(target: &mut Value, more: Value) {
    if let (Some(target), Value::Object(more)) = (target.as_object_mut(), more) {
        target.extend(more);
    }
}

/// Agents connected and not, as the doubles that Mesos prints.
pub(super) fn agent_counts(master: &Master) -> (f64, f64) {
    let active = master.agents.values().filter(|agent| agent.link.is_some()).count();
    (active as f64, (master.agents.len() - active) as f64)
}

/// `/frameworks`
pub(super) fn frameworks(master: &Master, only: Option<&str>) -> Value {
    let wanted = |framework: &&Framework| only.is_none_or(|only| framework.id.as_str() == only);
    let render = |framework: &Framework| framework_json(master, framework);
    json!({
        "frameworks": master.frameworks.values().filter(wanted).map(render).collect::<Vec<_>>(),
        "completed_frameworks": master.completed.iter().filter(wanted).map(render).collect::<Vec<_>>(),
        "unregistered_frameworks": [],
    })
}

/// `/slaves`
pub(super) fn slaves(master: &Master, only: Option<&str>) -> Value {
    let wanted = |agent: &&Agent| only.is_none_or(|only| agent.id.as_str() == only);
    let full = |agent: &Agent| {
        let mut value = slave(master, agent);
        let total = &agent.info.resources;
        let reserved: BTreeMap<_, _> =
            roles_of(total).map(|role| (role, full(&total.of_role(role)))).collect();
        value["reserved_resources_full"] = json!(reserved);
        value["unreserved_resources_full"] = full(&total.of_role("*"));
        value["used_resources_full"] = full(&used_on(master, agent));
        value["offered_resources_full"] = full(&offered(master, |offer| offer.agent_id == agent.id));
        value
    };
    let slaves: Vec<_> = master.agents.values().filter(wanted).map(full).collect();
    json!({ "slaves": slaves, "recovered_slaves": [] })
}

/// Resources with their role and, where reserved, the reservation.
fn full(resources: &Resources) -> Value {
    let entry = |resource| {
        let mut value = json!(resource);
        if value["role"] != "*" {
            value["reservations"] = json!([{ "type": "STATIC", "role": value["role"] }]);
        }
        value
    };
    resources.iter().map(entry).collect()
}

fn roles_of(resources: &Resources) -> impl Iterator<Item = &str> {
    resources.roles().map(|role| role.as_str()).filter(|role| *role != "*")
}

/// One agent, as in `/state`.
pub(super) fn slave(master: &Master, agent: &Agent) -> Value {
    let total = &agent.info.resources;
    let mut fields = Map::new();
    let mut set = |key: &str, value: Value| {
        fields.insert(key.to_owned(), value);
    };
    set("id", json!(agent.id.as_str()));
    set("hostname", json!(&*agent.hostname));
    set("port", json!(agent.address.port));
    set("attributes", attributes(agent));
    set("pid", json!(format!("slave(1)@{}", agent.address.socket())));
    set("registered_time", json!(agent.registered.as_secs_f64()));
    if let Some(again) = agent.reregistered {
        set("reregistered_time", json!(again.as_secs_f64()));
    }
    let reserved: BTreeMap<_, _> = roles_of(total).map(|role| (role, res(&total.of_role(role)))).collect();
    set("resources", res(total));
    set("used_resources", res(&used_on(master, agent)));
    set("offered_resources", res(&offered(master, |offer| offer.agent_id == agent.id)));
    set("reserved_resources", json!(reserved));
    set("unreserved_resources", res(&total.of_role("*")));
    set("active", json!(agent.link.is_some()));
    set("deactivated", json!(false));
    set("version", json!(master.config.version));
    set("capabilities", json!(AGENT_CAPABILITIES));
    Value::Object(fields)
}

fn attributes(agent: &Agent) -> Value {
    let pair = |attribute: &crate::resources::Attribute| {
        let value = match &attribute.value {
            AttributeValue::Scalar(scalar) => json!(scalar.to_f64()),
            other => json!(other.to_string()),
        };
        (attribute.name.to_string(), value)
    };
    agent.attributes.iter().map(pair).collect::<Map<_, _>>().into()
}

/// Totals: `disk`, `mem`, `gpus` and `cpus` always, other names where there are any.
pub(super) fn res(resources: &Resources) -> Value {
    let mut fields = Map::new();
    for name in ["disk", "mem", "gpus", "cpus"] {
        fields.insert(name.into(), json!(resources.scalar(name).to_f64()));
    }
    for resource in resources.iter() {
        let name = resource.name.as_str();
        let value = match &resource.value {
            ResourceValue::Scalar(_) => json!(resources.scalar(name).to_f64()),
            ResourceValue::Ranges(_) => json!(resources.ranges(name).to_string()),
            ResourceValue::Set(items) => json!(format!("{{{}}}", items.join(", "))),
        };
        fields.insert(name.into(), value);
    }
    fields.into()
}

/// What tasks and executors use on an agent.
pub(super) fn used_on(master: &Master, agent: &Agent) -> Resources {
    let mut used = Resources::new();
    for (id, task_id) in &agent.tasks {
        let task = master.frameworks.get(id).and_then(|framework| framework.tasks.get(task_id));
        if let Some(task) = task.filter(|task| !task.state.is_terminal()) {
            used.add(&task.info.resources);
        }
    }
    for executor in agent.executors.values() {
        used.add(&executor.info.resources);
    }
    used
}

/// What a framework's tasks and executors use.
pub(super) fn used_by(master: &Master, framework: &Framework) -> Resources {
    let mut used = Resources::new();
    for task in framework.tasks.values().filter(|task| !task.state.is_terminal()) {
        used.add(&task.info.resources);
    }
    for (_, executor) in executors(master, &framework.id) {
        used.add(&executor.resources);
    }
    used
}

fn executors<'a>(
    master: &'a Master,
    id: &'a FrameworkId,
) -> impl Iterator<Item = (&'a AgentId, &'a ExecutorInfo)> {
    master.agents.values().flat_map(move |agent| {
        let mine = agent.executors.iter().filter(move |((owner, _), _)| owner == id);
        mine.map(move |(_, executor)| (&agent.id, &*executor.info))
    })
}

pub(super) fn offered(master: &Master, wanted: impl Fn(&Outstanding) -> bool) -> Resources {
    let mut sum = Resources::new();
    for offer in master.offers.values().filter(|offer| wanted(offer)) {
        sum.add(&offer.resources);
    }
    sum
}

fn framework_json(master: &Master, framework: &Framework) -> Value {
    let info = &framework.info;
    let (used, on_offer) =
        (used_by(master, framework), offered(master, |offer| offer.framework_id == framework.id));
    let mut both = used.clone();
    both.add(&on_offer);
    let mut fields = Map::new();
    let mut set = |key: &str, value: Value| {
        fields.insert(key.to_owned(), value);
    };
    set("id", json!(framework.id.as_str()));
    set("name", json!(info.name));
    if let Some(pid) = &framework.pid {
        set("pid", json!(pid.as_str()));
    }
    set("used_resources", res(&used));
    set("offered_resources", res(&on_offer));
    set("capabilities", json!(info.capabilities));
    set("hostname", json!(info.hostname.as_deref().unwrap_or_default()));
    set("webui_url", json!(info.webui_url.as_deref().unwrap_or_default()));
    set("active", json!(framework.is_active()));
    set("connected", json!(framework.is_connected()));
    set("recovered", json!(framework.recovered));
    set("user", json!(info.user));
    set("failover_timeout", json!(info.failover_timeout));
    set("checkpoint", json!(info.checkpoint));
    set("registered_time", json!(framework.registered.as_secs_f64()));
    set("unregistered_time", json!(framework.unregistered.map_or(0.0, Time::as_secs_f64)));
    if let Some(principal) = &info.principal {
        set("principal", json!(principal));
    }
    set("resources", res(&both));
    if let Some(again) = framework.reregistered {
        set("reregistered_time", json!(again.as_secs_f64()));
    }
    match info.can(Capability::MultiRole) {
        true => set("roles", json!(info.roles)),
        false => set("role", json!(info.role.as_deref().unwrap_or("*"))),
    }
    let id = &framework.id;
    set("tasks", framework.tasks.values().map(|task| task_json(id, task)).collect());
    set("unreachable_tasks", framework.unreachable_tasks.iter().map(|task| task_json(id, task)).collect());
    set("completed_tasks", framework.completed_tasks.iter().map(|task| task_json(id, task)).collect());
    set("offers", offers_of(master, framework));
    set("executors", executors(master, id).map(|(agent, info)| executor_json(id, agent, info)).collect());
    if let Some(labels) = &info.labels {
        set("labels", labels_json(labels));
    }
    set("offer_constraints", json!({}));
    Value::Object(fields)
}

fn offers_of(master: &Master, framework: &Framework) -> Value {
    let mine = master.offers.iter().filter(|(_, offer)| offer.framework_id == framework.id);
    mine.map(|(id, offer)| {
        json!({
            "id": id.as_str(),
            "framework_id": framework.id.as_str(),
            "allocation_info": { "role": offer.role },
            "slave_id": offer.agent_id.as_str(),
            "resources": res(&offer.resources),
        })
    })
    .collect()
}

/// One task, as in `/state` and `/tasks`.
pub(super) fn task_json(framework: &FrameworkId, task: &Task) -> Value {
    let info = &task.info;
    let mut value = json!({
        "id": info.task_id.as_str(),
        "name": info.name,
        "framework_id": framework.as_str(),
        "executor_id": task.executor_id().map_or("", |id| id.as_str()),
        "slave_id": task.agent_id.as_str(),
        "state": task.state,
        "resources": res(&info.resources),
        "role": task.role,
        "statuses": task.statuses.iter().map(|status| {
            let mut record = json!({ "state": status.state, "timestamp": status.timestamp.as_secs_f64() });
            if let Some(container) = &status.container_status {
                record["container_status"] = json!(&**container);
            }
            if let Some(healthy) = status.healthy {
                record["healthy"] = json!(healthy);
            }
            record
        }).collect::<Vec<_>>(),
    });
    if let Some(labels) = &info.labels {
        value["labels"] = labels_json(labels);
    }
    let opaque = [
        ("discovery", &info.discovery),
        ("container", &info.container),
        ("health_check", &info.health_check),
    ];
    for (key, part) in opaque {
        if let Some(part) = part {
            value[key] = part.clone();
        }
    }
    value
}

fn labels_json(labels: &Labels) -> Value {
    json!(labels.labels)
}

fn executor_json(framework: &FrameworkId, agent: &AgentId, info: &ExecutorInfo) -> Value {
    let command = info.command.as_ref();
    let environment = command.and_then(|command| command.environment.as_ref());
    json!({
        "executor_id": info.executor_id.as_str(),
        "name": info.name.as_deref().unwrap_or_default(),
        "framework_id": framework.as_str(),
        "command": {
            "shell": command.is_none_or(|command| command.shell),
            "value": command.and_then(|command| command.value.as_deref()).unwrap_or_default(),
            "argv": command.map(|command| &command.arguments[..]).unwrap_or_default(),
            "environment": environment,
            "uris": command.map(|command| &command.uris[..]).unwrap_or_default(),
        },
        "resources": res(&info.resources),
        "role": "*",
        "slave_id": agent.as_str(),
    })
}

/// The flags that a client may want to read, as the master was given them.
pub(super) fn flags(config: &MasterConfig) -> Value {
    let mut flags = json!({
        "agent_ping_timeout": words::duration(config.agent_ping_timeout),
        "agent_reregister_timeout": words::duration(config.agent_reregister_timeout),
        "allocation_interval": words::duration(config.allocation_interval),
        "allocator": "hierarchical",
        "authenticate_agents": "false",
        "authenticate_frameworks": "false",
        "authenticate_http_frameworks": "false",
        "authenticate_http_readonly": "false",
        "authenticate_http_readwrite": "false",
        "framework_sorter": "drf",
        "hostname": config.address.hostname,
        "ip": config.address.ip,
        "max_agent_ping_timeouts": config.max_agent_ping_timeouts.to_string(),
        "max_completed_frameworks": config.max_completed_frameworks.to_string(),
        "max_completed_tasks_per_framework": config.max_completed_tasks.to_string(),
        "min_allocatable_resources": "cpus:0.01|mem:32",
        "port": config.address.port.to_string(),
        "registry": "in_memory",
        "role_sorter": "drf",
        "root_submissions": config.root_submissions.to_string(),
    });
    if let Some(cluster) = &config.cluster {
        flags["cluster"] = json!(cluster);
    }
    if let Some(timeout) = config.offer_timeout {
        flags["offer_timeout"] = json!(words::duration(timeout));
    }
    if let Some(roles) = &config.roles {
        flags["roles"] = json!(roles.join(","));
    }
    flags
}
