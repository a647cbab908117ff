//! Tasks that Marathon has launched, and what their health checks say.

use std::sync::Arc;

use serde::Serialize;
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
    pub(crate) fn shown<'a>(&'a self, service_ports: &'a [u16]) -> Shown<'a> {
        let results = self.checks.iter().filter(|check| check.alive.is_some());
        Shown {
            id: self.id.as_str(),
            host: &self.host,
            ip_addresses: self.ip.iter().map(|ip| Address { ip_address: ip, protocol: "IPv4" }).collect(),
            ports: &self.ports,
            started_at: self.started_at.map(Time::iso8601),
            staged_at: self.staged_at.iso8601(),
            version: self.version.iso8601(),
            slave_id: self.agent_id.as_str(),
            app_id: &self.app,
            service_ports,
            health_check_results: results.map(|check| check.shown(&self.id)).collect(),
        }
    }
}

/// A task as it is shown. The fields are in their order.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Shown<'a> {
    id: &'a str,
    host: &'a str,
    ip_addresses: Vec<Address<'a>>,
    ports: &'a [u16],
    started_at: Option<String>,
    staged_at: String,
    version: String,
    slave_id: &'a str,
    app_id: &'a str,
    service_ports: &'a [u16],
    #[serde(skip_serializing_if = "Vec::is_empty")]
    health_check_results: Vec<CheckResult<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Address<'a> {
    ip_address: &'a str,
    protocol: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct CheckResult<'a> {
    alive: bool,
    consecutive_failures: u32,
    first_success: Option<String>,
    last_failure: Option<String>,
    last_success: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_failure_cause: Option<&'a str>,
    task_id: &'a str,
}

impl CheckState {
    fn shown<'a>(&'a self, task: &'a TaskId) -> CheckResult<'a> {
        CheckResult {
            alive: self.alive == Some(true),
            consecutive_failures: self.consecutive_failures,
            first_success: self.first_success.map(Time::iso8601),
            last_failure: self.last_failure.map(Time::iso8601),
            last_success: self.last_success.map(Time::iso8601),
            last_failure_cause: self.last_failure_cause.as_deref(),
            task_id: task.as_str(),
        }
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
