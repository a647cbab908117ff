//! A broker as Kafka-Mesos remembers it, and its JSON document (0.9.2.0).

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;
use stacklab_machine::Time;

use super::document::{Fault, Node};
use super::failover::Failover;
use super::stickiness::Stickiness;
use crate::base::{Constraints, Dialect, Period, Range, TextMap, fields};

/// A broker: what is wanted, and the task that plays it, if any.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Broker {
    /// Id, a whole number as text.
    pub id: String,
    /// Whether it is wanted.
    pub active: bool,
    /// CPUs.
    pub cpus: f64,
    /// Memory, MB.
    pub mem: i64,
    /// Java heap, MB.
    pub heap: i64,
    /// Wanted port; any if there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub port: Option<Range>,
    /// `192.168.50.*`, `if:eth1`, a host.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bind_address: Option<String>,
    /// Placement constraints.
    #[serde(skip_serializing_if = "Constraints::is_empty")]
    pub constraints: Constraints,
    /// Additions to `server.properties`.
    #[serde(skip_serializing_if = "TextMap::is_empty", serialize_with = "fields::text")]
    pub options: TextMap,
    /// Additions to `log4j.properties`.
    #[serde(skip_serializing_if = "TextMap::is_empty", serialize_with = "fields::text")]
    pub log4j_options: TextMap,
    /// JVM options of the executor.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub jvm_options: Option<String>,
    /// Remembered host.
    pub stickiness: Stickiness,
    /// Failures and delays.
    pub failover: Failover,
    /// The task.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub task: Option<Task>,
}

/// The task of a broker.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Task {
    /// Task id, `broker-<id>-<uuid>`.
    pub id: String,
    /// Agent id.
    pub slave_id: String,
    /// Executor id, `broker-<id>-<uuid>`.
    pub executor_id: String,
    /// The offer's host.
    pub hostname: String,
    /// `host:port`, known from RUNNING on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub endpoint: Option<String>,
    /// Text attributes of the agent.
    pub attributes: BTreeMap<String, String>,
    /// How far it is.
    pub state: TaskState,
}

/// How far a task is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
#[allow(missing_docs)]
pub enum TaskState {
    Starting,
    Running,
    Reconciling,
    Stopping,
}

impl TaskState {
    /// Its text in the document.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Starting => "starting",
            Self::Running => "running",
            Self::Reconciling => "reconciling",
            Self::Stopping => "stopping",
        }
    }

    fn from_name(name: &str) -> Option<Self> {
        [Self::Starting, Self::Running, Self::Reconciling, Self::Stopping]
            .into_iter()
            .find(|state| state.name() == name)
    }
}

impl Broker {
    /// A broker with the original's defaults.
    pub fn new(id: &str) -> Self {
        Self {
            id: id.to_owned(),
            active: false,
            cpus: 1.0,
            mem: 2048,
            heap: 1024,
            port: None,
            bind_address: None,
            constraints: Constraints::default(),
            options: TextMap::default(),
            log4j_options: TextMap::default(),
            jvm_options: None,
            stickiness: Stickiness::new(Period::minutes(10)),
            failover: Failover::default(),
            task: None,
        }
    }

    /// Whether it waits for an offer.
    pub fn should_start(&self, now: Time) -> bool {
        self.active && self.task.is_none() && !self.failover.is_waiting(now)
    }

    /// Whether its task is to be killed: done with the next offer batch only, as in the original.
    pub fn should_stop(&self) -> bool {
        !self.active && self.task.as_ref().is_some_and(|task| task.state != TaskState::Stopping)
    }

    /// Whether its task is in this state.
    pub fn is(&self, state: TaskState) -> bool {
        self.task.as_ref().is_some_and(|task| task.state == state)
    }

    /// One word for its state, as the command line shows it: `stopped`, `starting`, `failed`, `running`, …
    pub fn state_name(&self, now: Time) -> &'static str {
        match &self.task {
            Some(task) if task.state != TaskState::Starting => task.state.name(),
            _ if !self.active => "stopped",
            None if self.failover.is_waiting(now) => "failed",
            _ => "starting",
        }
    }

    /// Remembers a start.
    pub fn register_start(&mut self, hostname: &str) {
        self.stickiness.register_start(hostname);
        self.failover.reset();
    }

    /// Remembers an end. In a streak of failures the host stays remembered from the first one on.
    pub fn register_stop(&mut self, now: Time, failed: bool) {
        if !failed || self.failover.failures == 0 {
            self.stickiness.register_stop(now);
        }
        if failed { self.failover.register_failure(now) } else { self.failover.reset() }
    }

    /// A broker out of its document.
    ///
    /// # Errors
    /// The first field that is missing or unreadable.
    pub fn from_json(node: &Value) -> Result<Self, Fault> {
        let node = Node::of(node)?;
        let map = |key| node.optional_text(key).map(TextMap::parse).transpose().map_err(|_| Fault::at(key));
        let constraints =
            node.optional_text("constraints").map(|text| Constraints::parse(text, Dialect::Last));
        let port = node.optional_text("port").map(str::parse).transpose();
        Ok(Self {
            id: node.text("id")?,
            active: node.flag("active")?,
            cpus: node.number("cpus")?,
            mem: node.whole("mem")?,
            heap: node.whole("heap")?,
            port: port.map_err(|_| Fault::at("port"))?,
            bind_address: node.optional_text("bindAddress").map(str::to_owned),
            constraints: constraints.transpose().map_err(|_| Fault::at("constraints"))?.unwrap_or_default(),
            options: map("options")?.unwrap_or_default(),
            log4j_options: map("log4jOptions")?.unwrap_or_default(),
            jvm_options: node.optional_text("jvmOptions").map(str::to_owned),
            stickiness: match node.optional("stickiness") {
                Some(stickiness) => Stickiness::from_json(stickiness)?,
                None => Stickiness::new(Period::minutes(10)),
            },
            failover: Failover::from_json(node.required("failover")?)?,
            task: node.optional("task").map(Task::from_json).transpose()?,
        })
    }
}

impl Task {
    fn from_json(node: &Value) -> Result<Self, Fault> {
        let node = Node::of(node)?;
        Ok(Self {
            id: node.text("id")?,
            slave_id: node.text("slaveId")?,
            executor_id: node.text("executorId")?,
            hostname: node.text("hostname")?,
            endpoint: node.optional_text("endpoint").map(str::to_owned),
            attributes: node.texts("attributes")?,
            state: TaskState::from_name(&node.text("state")?).ok_or_else(|| Fault::at("state"))?,
        })
    }
}
