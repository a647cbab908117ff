//! What became of a task.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use stacklab_machine::Time;

use super::framework::Labels;
use super::json::{optional_bytes, seconds};
use super::names::{Reason, Source, TaskState};
use crate::ids::{AgentId, ContainerId, ExecutorId, StatusUuid, TaskId};

/// State of a task, with who says so and why.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TaskStatus {
    /// The task.
    pub task_id: TaskId,
    /// Its state.
    pub state: TaskState,
    /// Anything from the executor.
    #[serde(skip_serializing_if = "Option::is_none", default, with = "optional_bytes")]
    pub data: Option<Vec<u8>>,
    /// Words for people.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub message: Option<String>,
    /// Who made it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub source: Option<Source>,
    /// Why.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub reason: Option<Reason>,
    /// Where.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub agent_id: Option<AgentId>,
    /// Which executor.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub executor_id: Option<ExecutorId>,
    /// When it was made; seconds in JSON.
    #[serde(skip_serializing_if = "Option::is_none", default, with = "seconds")]
    pub timestamp: Option<Time>,
    /// To be acknowledged with; absent in statuses that the master made, which need none.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub uuid: Option<StatusUuid>,
    /// What the health check says.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub healthy: Option<bool>,
    /// Labels.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub labels: Option<Labels>,
    /// Its container.
    #[serde(skip_serializing_if = "Option::is_none", default, with = "shared")]
    pub container_status: Option<Arc<ContainerStatus>>,
    /// Since when its agent is unreachable, as JSON.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub unreachable_time: Option<Value>,
}

impl TaskStatus {
    /// A status that says the state and nothing else: what an executor fills in, the agent completes.
    pub fn new(task_id: TaskId, state: TaskState) -> Self {
        Self {
            task_id,
            state,
            data: None,
            message: None,
            source: None,
            reason: None,
            agent_id: None,
            executor_id: None,
            timestamp: None,
            uuid: None,
            healthy: None,
            labels: None,
            container_status: None,
            unreachable_time: None,
        }
    }

    /// Sets the message.
    #[must_use]
    pub fn with_message(mut self, message: impl Into<String>) -> Self {
        self.message = Some(message.into());
        self
    }

    /// Sets who made it and why.
    #[must_use]
    pub fn because(mut self, source: Source, reason: Reason) -> Self {
        self.source = Some(source);
        self.reason = Some(reason);
        self
    }
}

/// What a status says of the task's container.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ContainerStatus {
    /// Its id.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub container_id: Option<ContainerId>,
    /// Its networks, as JSON: `[{"ip_addresses":[{"ip_address":"10.0.0.1"}]}]`.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub network_infos: Vec<Value>,
}

/// Shared parts are written as if they were not shared.
mod shared {
    use std::sync::Arc;

    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    #[allow(clippy::ref_option)] // The signature is serde's.
    pub(super) fn serialize<T: Serialize, S: Serializer>(
        value: &Option<Arc<T>>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        value.as_deref().serialize(serializer)
    }

    pub(super) fn deserialize<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<Arc<T>>, D::Error> {
        T::deserialize(deserializer).map(|value| Some(Arc::new(value)))
    }
}
