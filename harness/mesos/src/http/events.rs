//! Events as JSON, both ways.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::{Value, json};

use super::required::without_nulls;
use crate::ids::{AgentId, ContainerId, ExecutorId, FrameworkId, OfferId, StatusUuid, TaskId};
use crate::v1::json::{bytes, number};
use crate::v1::{
    AgentInfo, ExecutorEvent, ExecutorInfo, FrameworkInfo, KillPolicy, MasterInfo, Offer, SchedulerEvent,
    TaskInfo, TaskStatus,
};

/// Why a record is no event; the stream is to be closed.
#[derive(Debug, thiserror::Error)]
#[error("not an event of the v1 API: {0}")]
pub struct BadEvent(#[from] serde_json::Error);

pub(super) fn base64(data: &[u8]) -> String {
    STANDARD.encode(data)
}

/// The record of a scheduler's event. Events that a shell makes (`Disconnected`, `Refused`) have none.
pub fn event_json(event: &SchedulerEvent) -> Option<Vec<u8>> {
    let value = match event {
        SchedulerEvent::Subscribed { framework_id, heartbeat_interval, master } => {
            let subscribed = json!({
                "framework_id": framework_id,
                "heartbeat_interval_seconds": heartbeat_interval.as_secs_f64(),
                "master_info": &**master,
            });
            json!({ "type": "SUBSCRIBED", "subscribed": subscribed })
        }
        SchedulerEvent::Offers(offers) => json!({ "type": "OFFERS", "offers": { "offers": offers } }),
        SchedulerEvent::Rescind(id) => json!({ "type": "RESCIND", "rescind": { "offer_id": id } }),
        SchedulerEvent::Update(status) => json!({ "type": "UPDATE", "update": { "status": status } }),
        SchedulerEvent::Message { agent_id, executor_id, data } => {
            let message = json!({ "agent_id": agent_id, "executor_id": executor_id, "data": base64(data) });
            json!({ "type": "MESSAGE", "message": message })
        }
        SchedulerEvent::Failure { agent_id, executor_id, status } => {
            let failure = json!({ "agent_id": agent_id, "executor_id": executor_id, "status": status });
            json!({ "type": "FAILURE", "failure": without_nulls(failure) })
        }
        SchedulerEvent::Error { message } => json!({ "type": "ERROR", "error": { "message": message } }),
        SchedulerEvent::Heartbeat => json!({ "type": "HEARTBEAT" }),
        SchedulerEvent::Disconnected { .. } | SchedulerEvent::Refused { .. } => return None,
    };
    Some(value.to_string().into_bytes())
}

#[derive(Deserialize)]
struct EventJson {
    r#type: Option<String>,
    subscribed: Option<SubscribedJson>,
    offers: Option<OffersJson>,
    rescind: Option<RescindJson>,
    update: Option<UpdateJson>,
    message: Option<MessageJson>,
    failure: Option<FailureJson>,
    error: Option<ErrorJson>,
}

#[derive(Deserialize)]
struct SubscribedJson {
    framework_id: FrameworkId,
    #[serde(default = "default_heartbeat", deserialize_with = "number")]
    heartbeat_interval_seconds: f64,
    master_info: Option<MasterInfo>,
}

fn default_heartbeat() -> f64 {
    15.0
}

#[derive(Deserialize)]
struct OffersJson {
    #[serde(default)]
    offers: Vec<Offer>,
}

#[derive(Deserialize)]
struct RescindJson {
    offer_id: OfferId,
}

#[derive(Deserialize)]
struct UpdateJson {
    status: TaskStatus,
}

#[derive(Deserialize)]
struct MessageJson {
    agent_id: AgentId,
    executor_id: ExecutorId,
    #[serde(with = "bytes")]
    data: Vec<u8>,
}

#[derive(Deserialize)]
struct FailureJson {
    agent_id: Option<AgentId>,
    executor_id: Option<ExecutorId>,
    status: Option<i32>,
}

#[derive(Deserialize)]
struct ErrorJson {
    message: String,
}

/// Reads a record of a scheduler's stream. `None` for a kind of event that nothing here cares for.
///
/// # Errors
/// What is no JSON, or does not fit the message.
pub fn parse_event(record: &[u8]) -> Result<Option<SchedulerEvent>, BadEvent> {
    let value = without_nulls(serde_json::from_slice(record)?);
    let event: EventJson = serde_json::from_value(value)?;
    Ok(match event.r#type.as_deref() {
        Some("SUBSCRIBED") => event.subscribed.map(|subscribed| {
            let seconds = subscribed.heartbeat_interval_seconds.clamp(0.001, 86_400.0);
            SchedulerEvent::Subscribed {
                framework_id: subscribed.framework_id,
                heartbeat_interval: Duration::from_secs_f64(seconds),
                master: Arc::new(subscribed.master_info.unwrap_or_else(MasterInfo::unknown)),
            }
        }),
        Some("OFFERS") => event.offers.map(|offers| SchedulerEvent::Offers(offers.offers)),
        Some("RESCIND") => event.rescind.map(|rescind| SchedulerEvent::Rescind(rescind.offer_id)),
        Some("UPDATE") => event.update.map(|update| SchedulerEvent::Update(update.status)),
        Some("MESSAGE") => event.message.map(|message| {
            let MessageJson { agent_id, executor_id, data } = message;
            SchedulerEvent::Message { agent_id, executor_id, data }
        }),
        Some("FAILURE") => event.failure.map(|failure| {
            let FailureJson { agent_id, executor_id, status } = failure;
            SchedulerEvent::Failure { agent_id, executor_id, status }
        }),
        Some("ERROR") => event.error.map(|error| SchedulerEvent::Error { message: error.message }),
        Some("HEARTBEAT") => Some(SchedulerEvent::Heartbeat),
        _ => None,
    })
}

/// The record of an executor's event. `Refused`, which a shell makes, has none.
pub fn executor_event_json(event: &ExecutorEvent) -> Option<Vec<u8>> {
    let value = match event {
        ExecutorEvent::Subscribed { executor_info, framework_info, agent_info, container_id } => {
            let subscribed = json!({
                "executor_info": &**executor_info,
                "framework_info": &**framework_info,
                "agent_info": &**agent_info,
                "container_id": container_id,
            });
            json!({ "type": "SUBSCRIBED", "subscribed": subscribed })
        }
        ExecutorEvent::Launch(task) => json!({ "type": "LAUNCH", "launch": { "task": &**task } }),
        ExecutorEvent::Kill { task_id, kill_policy } => {
            let kill = without_nulls(json!({ "task_id": task_id, "kill_policy": kill_policy }));
            json!({ "type": "KILL", "kill": kill })
        }
        ExecutorEvent::Acknowledged { task_id, uuid } => {
            json!({ "type": "ACKNOWLEDGED", "acknowledged": { "task_id": task_id, "uuid": uuid } })
        }
        ExecutorEvent::Message { data } => json!({ "type": "MESSAGE", "message": { "data": base64(data) } }),
        ExecutorEvent::Shutdown => json!({ "type": "SHUTDOWN" }),
        ExecutorEvent::Error { message } => json!({ "type": "ERROR", "error": { "message": message } }),
        ExecutorEvent::Refused { .. } => return None,
    };
    Some(value.to_string().into_bytes())
}

#[derive(Deserialize)]
struct ExecutorEventJson {
    r#type: Option<String>,
    subscribed: Option<ExecutorSubscribedJson>,
    launch: Option<LaunchJson>,
    kill: Option<KillJson>,
    acknowledged: Option<AcknowledgedJson>,
    message: Option<DataJson>,
    error: Option<ErrorJson>,
}

#[derive(Deserialize)]
struct ExecutorSubscribedJson {
    executor_info: ExecutorInfo,
    framework_info: FrameworkInfo,
    agent_info: AgentInfo,
    container_id: ContainerId,
}

#[derive(Deserialize)]
struct LaunchJson {
    task: TaskInfo,
}

#[derive(Deserialize)]
struct KillJson {
    task_id: TaskId,
    kill_policy: Option<KillPolicy>,
}

#[derive(Deserialize)]
struct AcknowledgedJson {
    task_id: TaskId,
    uuid: StatusUuid,
}

#[derive(Deserialize)]
struct DataJson {
    #[serde(with = "bytes")]
    data: Vec<u8>,
}

/// Reads a record of an executor's stream. `None` for heartbeats and what nothing here cares for.
///
/// # Errors
/// What is no JSON, or does not fit the message.
pub fn parse_executor_event(record: &[u8]) -> Result<Option<ExecutorEvent>, BadEvent> {
    let value: Value = without_nulls(serde_json::from_slice(record)?);
    let event: ExecutorEventJson = serde_json::from_value(value)?;
    Ok(match event.r#type.as_deref() {
        Some("SUBSCRIBED") => event.subscribed.map(|subscribed| ExecutorEvent::Subscribed {
            executor_info: Arc::new(subscribed.executor_info),
            framework_info: Arc::new(subscribed.framework_info),
            agent_info: Arc::new(subscribed.agent_info),
            container_id: subscribed.container_id,
        }),
        Some("LAUNCH") => event.launch.map(|launch| ExecutorEvent::Launch(Arc::new(launch.task))),
        Some("KILL") => {
            event.kill.map(|KillJson { task_id, kill_policy }| ExecutorEvent::Kill { task_id, kill_policy })
        }
        Some("ACKNOWLEDGED") => event
            .acknowledged
            .map(|AcknowledgedJson { task_id, uuid }| ExecutorEvent::Acknowledged { task_id, uuid }),
        Some("MESSAGE") => event.message.map(|message| ExecutorEvent::Message { data: message.data }),
        Some("SHUTDOWN") => Some(ExecutorEvent::Shutdown),
        Some("ERROR") => event.error.map(|error| ExecutorEvent::Error { message: error.message }),
        _ => None,
    })
}
