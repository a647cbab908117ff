//! `/metrics/snapshot`: the metrics that clients look at.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use stacklab_machine::Time;

use super::state::{agent_counts, used_on};
use crate::master::Master;
use crate::resources::Resources;
use crate::v1::TaskState;

/// All of them, sorted by name.
pub(super) fn snapshot(master: &Master, now: Time) -> Value {
    let mut all: BTreeMap<String, f64> = BTreeMap::new();
    let mut set = |name: &str, value: f64| {
        all.insert(name.to_owned(), value);
    };
    let (active, inactive) = agent_counts(master);
    let connected = master.frameworks.values().filter(|one| one.is_connected()).count() as f64;
    let active_frameworks = master.frameworks.values().filter(|one| one.is_active()).count() as f64;
    let disconnected = master.frameworks.len() as f64 - connected;
    set("master/elected", 1.0);
    set("master/uptime_secs", now.since(master.config.started).as_secs_f64());
    set("master/slaves_active", active);
    set("master/slaves_connected", active);
    set("master/slaves_disconnected", inactive);
    set("master/slaves_inactive", inactive);
    set("master/slaves_unreachable", master.unreachable.len() as f64);
    set("master/frameworks_active", active_frameworks);
    set("master/frameworks_connected", connected);
    set("master/frameworks_disconnected", disconnected);
    set("master/frameworks_inactive", master.frameworks.len() as f64 - active_frameworks);
    set("master/outstanding_offers", master.offers.len() as f64);
    let counters = &master.counters;
    set("master/dropped_messages", counters.dropped_messages as f64);
    set("master/invalid_status_updates", counters.invalid_updates as f64);
    set("master/invalid_status_update_acknowledgements", counters.invalid_acknowledgements as f64);
    set("master/slave_registrations", counters.agent_registrations as f64);
    set("master/slave_reregistrations", counters.agent_reregistrations as f64);
    set("master/slave_removals", counters.agent_removals as f64);
    set("allocator/mesos/allocation_runs", counters.allocation_runs as f64);
    tasks(master, &mut set);
    resources(master, &mut set);
    json!(all)
}

fn tasks(master: &Master, set: &mut impl FnMut(&str, f64)) {
    let live = [TaskState::Staging, TaskState::Starting, TaskState::Running, TaskState::Killing];
    for state in TaskState::ALL.iter().filter(|state| **state != TaskState::Unknown) {
        let all = master.frameworks.values().flat_map(|one| one.tasks.values().chain(&one.unreachable_tasks));
        let count = if live.contains(state) || *state == TaskState::Unreachable {
            all.filter(|task| task.state == *state).count() as u64
        } else {
            master.counters.ended.get(state).copied().unwrap_or_default()
        };
        let name = state.as_str().trim_start_matches("TASK_").to_ascii_lowercase();
        set(&format!("master/tasks_{name}"), count as f64);
    }
}

fn resources(master: &Master, set: &mut impl FnMut(&str, f64)) {
    let (mut total, mut used) = (Resources::new(), Resources::new());
    for agent in master.agents.values() {
        total.add(&agent.info.resources);
        used.add(&used_on(master, agent));
    }
    for name in ["cpus", "mem", "disk", "gpus"] {
        let (all, part) = (total.scalar(name).to_f64(), used.scalar(name).to_f64());
        set(&format!("master/{name}_total"), all);
        set(&format!("master/{name}_used"), part);
        set(&format!("master/{name}_percent"), if all > 0.0 { part / all } else { 0.0 });
    }
}
