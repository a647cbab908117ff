//! Tasks that Marathon has launched, and what their health checks say.

use std::sync::Arc;

use serde_json::{Map, Value, json};
use stacklab_machine::process::CallId;
use stacklab_machine::{Rng, Time};
use stacklab_mesos::{AgentId, Attribute, TaskId};

/// A task, from its launch until it is terminal.
#[derive(Clone, Debug)]
pub(crate) struct Task {
    pub(crate) id: TaskId,
    /// Id of its app.
    pub(crate) app: String,
    /// Version of the app that it was launched with.
    pub(crate) version: Time,
    pub(crate) agent_id: AgentId,
    pub(crate) host: Arc<str>,
    pub(crate) attributes: Arc<[Attribute]>,
    pub(crate) ports: Vec<u16>,
    pub(crate) staged_at: Time,
    /// When TASK_RUNNING arrived.
    pub(crate) started_at: Option<Time>,
    /// Since it is to be killed: when the kill is said again.
    pub(crate) kill_again_at: Option<Time>,
    /// One for each health check of its version, once it runs.
    pub(crate) checks: Vec<CheckState>,
    pub(crate) ip: Option<String>,
}

/// What one health check knows of one task.
#[derive(Clone, Debug, Default)]
pub(crate) struct CheckState {
    /// When it is asked next.
    pub(crate) due: Option<Time>,
    /// The question that has no answer yet.
    pub(crate) call: Option<CallId>,
    pub(crate) alive: Option<bool>,
    pub(crate) consecutive_failures: u32,
    pub(crate) first_success: Option<Time>,
    pub(crate) last_success: Option<Time>,
    pub(crate) last_failure: Option<Time>,
    pub(crate) last_failure_cause: Option<String>,
}

impl Task {
    pub(crate) fn is_running(&self) -> bool {
        self.started_at.is_some()
    }

    pub(crate) fn is_killed(&self) -> bool {
        self.kill_again_at.is_some()
    }

    /// Whether every check has passed last; `None` as long as one has no result, or if there are none.
    pub(crate) fn health(&self) -> Option<bool> {
        if self.checks.iter().any(|check| check.alive == Some(false)) {
            return Some(false);
        }
        let all = !self.checks.is_empty() && self.checks.iter().all(|check| check.alive == Some(true));
        all.then_some(true)
    }

    /// Whether it counts for a deployment: runs, and is healthy if its app has health checks.
    pub(crate) fn is_ready(&self) -> bool {
        self.is_running() && !self.is_killed() && (self.checks.is_empty() || self.health() == Some(true))
    }

    /// The value of a constraint's field on its agent.
    pub(crate) fn value_of(&self, field: &str) -> Option<String> {
        agent_value(field, &self.host, &self.attributes)
    }

    /// As `/v2/tasks` shows it; `service_ports` are those of its app.
    pub(crate) fn to_json(&self, service_ports: &[u16]) -> Value {
        let ips: Vec<_> = self.ip.iter().map(|ip| json!({"ipAddress": ip, "protocol": "IPv4"})).collect();
        let mut map = Map::new();
        let mut put = |key: &str, value: Value| {
            map.insert(key.to_owned(), value);
        };
        put("id", json!(self.id.as_str()));
        put("host", json!(&*self.host));
        put("ipAddresses", json!(ips));
        put("ports", json!(self.ports));
        put("startedAt", json!(self.started_at.map(Time::iso8601)));
        put("stagedAt", json!(self.staged_at.iso8601()));
        put("version", json!(self.version.iso8601()));
        put("slaveId", json!(self.agent_id.as_str()));
        put("appId", json!(self.app));
        put("servicePorts", json!(service_ports));
        let results: Vec<_> = self.checks.iter().filter(|check| check.alive.is_some()).collect();
        if !results.is_empty() {
            put("healthCheckResults", results.iter().map(|check| check.to_json(&self.id)).collect());
        }
        Value::Object(map)
    }
}

impl CheckState {
    fn to_json(&self, task: &TaskId) -> Value {
        let time = |time: Option<Time>| json!(time.map(Time::iso8601));
        let mut map = Map::new();
        map.insert("alive".into(), json!(self.alive == Some(true)));
        map.insert("consecutiveFailures".into(), json!(self.consecutive_failures));
        map.insert("firstSuccess".into(), time(self.first_success));
        map.insert("lastFailure".into(), time(self.last_failure));
        map.insert("lastSuccess".into(), time(self.last_success));
        if let Some(cause) = &self.last_failure_cause {
            map.insert("lastFailureCause".into(), json!(cause));
        }
        map.insert("taskId".into(), json!(task.as_str()));
        Value::Object(map)
    }
}

/// The value of a constraint's field on an agent.
pub(crate) fn agent_value(field: &str, host: &str, attributes: &[Attribute]) -> Option<String> {
    if field == "hostname" {
        return Some(host.to_owned());
    }
    attributes.iter().find(|attribute| attribute.name == field).map(|attribute| attribute.value.to_string())
}

/// A new task id: the app's path with underscores, and a time-based UUID.
pub(crate) fn new_id(prefix: &str, now: Time, rng: &mut Rng) -> TaskId {
    // UUIDs of version 1 count tenths of microseconds since October 1582.
    let time = now.as_micros().wrapping_mul(10).wrapping_add(0x01b2_1dd2_1381_4000);
    let random = rng.next_u64();
    let (low, mid, high) = (time & 0xffff_ffff, time >> 32 & 0xffff, time >> 48 & 0x0fff);
    let (clock, node) = (random >> 48 & 0x3fff | 0x8000, random & 0xffff_ffff_ffff);
    TaskId::from(format!("{prefix}.{low:08x}-{mid:04x}-1{high:03x}-{clock:04x}-{node:012x}"))
}
