//! Calls as requests: the checks that need no state, the JSON of every call, both ways.

use serde::Deserialize;
use serde_json::{Value, json};
use stacklab_machine::http::{Method, Request, Response};

use super::required::{missing_in_executor_call, missing_in_scheduler_call, without_nulls};
use super::texts;
use crate::ids::{AgentId, ExecutorId, FrameworkId, OfferId, StatusUuid, StreamId, TaskId};
use crate::v1::json::{bytes, number};
use crate::v1::{
    ExecutorCall, FrameworkInfo, KillPolicy, SchedulerCall, Source, TaskInfo, TaskState, TaskStatus,
};

/// A scheduler's call that passed all checks but those of the master's state.
#[derive(Clone, Debug, PartialEq)]
pub struct SchedulerRequest {
    /// The call's framework id.
    pub framework_id: Option<FrameworkId>,
    /// The header `Mesos-Stream-Id`.
    pub stream_id: Option<StreamId>,
    /// The call.
    pub call: SchedulerCall,
}

/// An executor's call that passed all checks but those of the agent's state.
#[derive(Clone, Debug, PartialEq)]
pub struct ExecutorRequest {
    /// The call's framework id.
    pub framework_id: FrameworkId,
    /// The call's executor id.
    pub executor_id: ExecutorId,
    /// The call.
    pub call: ExecutorCall,
}

/// Reads a request to `/api/v1/scheduler`: method, content type, body, validation, `Accept`, in the order and with
/// the answers of Mesos 1.11.
///
/// # Errors
/// The answer to send instead.
pub fn scheduler_call(request: &Request) -> Result<SchedulerRequest, Response> {
    let body = body_of(request)?;
    let missing = missing_in_scheduler_call(&body);
    let call: CallJson = convert(body, &missing)?;
    let validated = call.validate()?;
    let stream_id = request.header("mesos-stream-id").map(StreamId::from);
    if matches!(validated.1, SchedulerCall::Subscribe { .. }) {
        check_accept(request)?;
        if stream_id.is_some() {
            return Err(texts::bad_request(
                "Subscribe calls should not include the 'Mesos-Stream-Id' header",
            ));
        }
    }
    Ok(SchedulerRequest { framework_id: validated.0, stream_id, call: validated.1 })
}

/// Reads a request to an agent's `/api/v1/executor`, as [`scheduler_call`] does for schedulers.
///
/// # Errors
/// The answer to send instead.
pub fn executor_call(request: &Request) -> Result<ExecutorRequest, Response> {
    let body = body_of(request)?;
    let missing = missing_in_executor_call(&body);
    let call: ExecutorCallJson = convert(body, &missing)?;
    let validated = call.validate()?;
    if validated.call == ExecutorCall::Subscribe {
        check_accept(request)?;
    }
    Ok(validated)
}

fn body_of(request: &Request) -> Result<Value, Response> {
    if request.method != Method::Post {
        return Err(texts::method_not_allowed(&["POST"], request.method));
    }
    match request.header("content-type") {
        None => return Err(texts::bad_request("Expecting 'Content-Type' to be present")),
        Some("application/json") => {}
        Some("application/x-protobuf") => return Err(texts::not_implemented()),
        Some(_) => {
            let text = "Expecting 'Content-Type' of application/json or application/x-protobuf";
            return Err(texts::plain(415, text));
        }
    }
    serde_json::from_slice(&request.body).map(without_nulls).map_err(|why| {
        let body = String::from_utf8_lossy(&request.body);
        let line = body.lines().nth(why.line().saturating_sub(1)).unwrap_or_default();
        let near: String = line.chars().skip(why.column().saturating_sub(1)).collect();
        let text =
            format!("Failed to parse body into JSON: syntax error at line {} near: {near}", why.line());
        texts::bad_request(&text)
    })
}

fn convert<T: for<'de> Deserialize<'de>>(body: Value, missing: &[String]) -> Result<T, Response> {
    let refuse = |why: &str| texts::bad_request(&format!("Failed to convert JSON into Call protobuf: {why}"));
    if !missing.is_empty() {
        return Err(refuse(&format!("Missing required fields: {}", missing.join(", "))));
    }
    serde_json::from_value(body).map_err(|why| refuse(&why.to_string()))
}

/// JSON wins where both encodings are allowed; no `Accept` allows both.
fn check_accept(request: &Request) -> Result<(), Response> {
    let Some(accept) = request.header("accept") else { return Ok(()) };
    let mut protobuf = false;
    for kind in accept.split(',').map(|kind| kind.split(';').next().unwrap_or_default().trim()) {
        match kind {
            "application/json" | "application/*" | "*/*" => return Ok(()),
            "application/x-protobuf" => protobuf = true,
            _ => {}
        }
    }
    if protobuf {
        return Err(texts::not_implemented());
    }
    let text = "Expecting 'Accept' to allow 'application/x-protobuf' or 'application/json'";
    Err(texts::plain(406, text))
}

#[derive(Deserialize)]
struct CallJson {
    framework_id: Option<FrameworkId>,
    r#type: Option<String>,
    subscribe: Option<SubscribeJson>,
    accept: Option<AcceptJson>,
    decline: Option<DeclineJson>,
    revive: Option<RolesJson>,
    suppress: Option<RolesJson>,
    kill: Option<KillJson>,
    shutdown: Option<ShutdownJson>,
    acknowledge: Option<AcknowledgeJson>,
    reconcile: Option<ReconcileJson>,
    message: Option<MessageJson>,
    request: Option<Value>,
}

#[derive(Deserialize)]
struct SubscribeJson {
    framework_info: FrameworkInfo,
    #[serde(default)]
    suppressed_roles: Vec<String>,
}

#[derive(Deserialize)]
struct FiltersJson {
    #[serde(default = "default_refusal", deserialize_with = "number")]
    refuse_seconds: f64,
}

fn default_refusal() -> f64 {
    5.0
}

#[derive(Deserialize)]
struct AcceptJson {
    #[serde(default)]
    offer_ids: Vec<OfferId>,
    #[serde(default)]
    operations: Vec<OperationJson>,
    filters: Option<FiltersJson>,
}

#[derive(Deserialize)]
struct OperationJson {
    r#type: Option<String>,
    launch: Option<LaunchJson>,
}

#[derive(Deserialize)]
struct LaunchJson {
    #[serde(default)]
    task_infos: Vec<TaskInfo>,
}

#[derive(Deserialize)]
struct DeclineJson {
    #[serde(default)]
    offer_ids: Vec<OfferId>,
    filters: Option<FiltersJson>,
}

#[derive(Default, Deserialize)]
struct RolesJson {
    #[serde(default)]
    roles: Vec<String>,
}

#[derive(Deserialize)]
struct KillJson {
    task_id: TaskId,
    agent_id: Option<AgentId>,
    kill_policy: Option<KillPolicy>,
}

#[derive(Deserialize)]
struct ShutdownJson {
    executor_id: ExecutorId,
    agent_id: AgentId,
}

#[derive(Deserialize)]
struct AcknowledgeJson {
    agent_id: AgentId,
    task_id: TaskId,
    #[serde(with = "bytes")]
    uuid: Vec<u8>,
}

#[derive(Deserialize)]
struct ReconcileJson {
    #[serde(default)]
    tasks: Vec<ReconcileTaskJson>,
}

#[derive(Deserialize)]
struct ReconcileTaskJson {
    task_id: TaskId,
    agent_id: Option<AgentId>,
}

#[derive(Deserialize)]
struct MessageJson {
    agent_id: AgentId,
    executor_id: ExecutorId,
    #[serde(with = "bytes")]
    data: Vec<u8>,
}

/// Calls that Mesos 1.11 knows and that are not played here.
const NOT_PLAYED: [&str; 6] = [
    "ACCEPT_INVERSE_OFFERS",
    "DECLINE_INVERSE_OFFERS",
    "ACKNOWLEDGE_OPERATION_STATUS",
    "RECONCILE_OPERATIONS",
    "UPDATE_FRAMEWORK",
    "UNKNOWN",
];

fn invalid(why: &str) -> Response {
    texts::bad_request(&format!("Failed to validate scheduler::Call: {why}"))
}

fn expect<T>(payload: Option<T>, name: &str) -> Result<T, Response> {
    payload.ok_or_else(|| invalid(&format!("Expecting '{name}' to be present")))
}

fn refusal(filters: Option<FiltersJson>) -> Option<f64> {
    filters.map(|filters| filters.refuse_seconds)
}

impl CallJson {
    fn validate(self) -> Result<(Option<FrameworkId>, SchedulerCall), Response> {
        let played = [
            "SUBSCRIBE",
            "TEARDOWN",
            "ACCEPT",
            "DECLINE",
            "REVIVE",
            "SUPPRESS",
            "KILL",
            "SHUTDOWN",
            "ACKNOWLEDGE",
            "RECONCILE",
            "MESSAGE",
            "REQUEST",
        ];
        let known = |name: &String| played.contains(&name.as_str()) || NOT_PLAYED.contains(&name.as_str());
        let kind = expect(self.r#type.clone().filter(known), "type")?;
        if kind == "SUBSCRIBE" {
            let subscribe = expect(self.subscribe, "subscribe")?;
            if self.framework_id != subscribe.framework_info.id {
                return Err(invalid("'framework_id' differs from 'subscribe.framework_info.id'"));
            }
            let info = Box::new(subscribe.framework_info);
            let suppressed_roles = subscribe.suppressed_roles;
            return Ok((self.framework_id, SchedulerCall::Subscribe { info, suppressed_roles }));
        }
        let id = expect(self.framework_id.clone(), "framework_id")?;
        self.other(&kind).map(|call| (Some(id), call))
    }

    fn other(self, kind: &str) -> Result<SchedulerCall, Response> {
        Ok(match kind {
            "TEARDOWN" => SchedulerCall::Teardown,
            "ACCEPT" => expect(self.accept, "accept")?.call()?,
            "DECLINE" => {
                let decline = expect(self.decline, "decline")?;
                let refuse_seconds = refusal(decline.filters);
                SchedulerCall::Decline { offer_ids: decline.offer_ids, refuse_seconds }
            }
            "REVIVE" => SchedulerCall::Revive { roles: self.revive.unwrap_or_default().roles },
            "SUPPRESS" => SchedulerCall::Suppress { roles: self.suppress.unwrap_or_default().roles },
            "KILL" => {
                let KillJson { task_id, agent_id, kill_policy } = expect(self.kill, "kill")?;
                SchedulerCall::Kill { task_id, agent_id, kill_policy }
            }
            "SHUTDOWN" => {
                let ShutdownJson { executor_id, agent_id } = expect(self.shutdown, "shutdown")?;
                SchedulerCall::Shutdown { executor_id, agent_id }
            }
            "ACKNOWLEDGE" => {
                let AcknowledgeJson { agent_id, task_id, uuid } = expect(self.acknowledge, "acknowledge")?;
                let uuid = uuid.try_into().map(StatusUuid).map_err(|_| invalid("Not a valid UUID"))?;
                SchedulerCall::Acknowledge { agent_id, task_id, uuid }
            }
            "RECONCILE" => {
                let tasks = expect(self.reconcile, "reconcile")?.tasks;
                let tasks = tasks.into_iter().map(|task| (task.task_id, task.agent_id)).collect();
                SchedulerCall::Reconcile { tasks }
            }
            "MESSAGE" => {
                let MessageJson { agent_id, executor_id, data } = expect(self.message, "message")?;
                SchedulerCall::Message { agent_id, executor_id, data }
            }
            "REQUEST" => expect(self.request, "request").map(|_| SchedulerCall::Request)?,
            _ => return Err(texts::not_implemented()),
        })
    }
}

impl AcceptJson {
    fn call(self) -> Result<SchedulerCall, Response> {
        let mut tasks = Vec::new();
        for operation in self.operations {
            match (operation.r#type.as_deref(), operation.launch) {
                (Some("LAUNCH"), Some(launch)) => tasks.extend(launch.task_infos),
                (Some("LAUNCH"), None) => {}
                _ => return Err(texts::not_implemented()),
            }
        }
        let refuse_seconds = refusal(self.filters);
        Ok(SchedulerCall::Accept { offer_ids: self.offer_ids, tasks, refuse_seconds })
    }
}

/// The body of a call.
pub fn call_json(call: &SchedulerCall, framework_id: Option<&FrameworkId>) -> Vec<u8> {
    let filters = |seconds: &Option<f64>| seconds.map(|seconds| json!({ "refuse_seconds": seconds }));
    let (kind, payload) = match call {
        SchedulerCall::Subscribe { info, suppressed_roles } => {
            ("SUBSCRIBE", json!({ "framework_info": info, "suppressed_roles": suppressed_roles }))
        }
        SchedulerCall::Teardown => ("TEARDOWN", Value::Null),
        SchedulerCall::Accept { offer_ids, tasks, refuse_seconds } => {
            let launch = json!([{ "type": "LAUNCH", "launch": { "task_infos": tasks } }]);
            let operations = if tasks.is_empty() { json!([]) } else { launch };
            let filters = filters(refuse_seconds);
            ("ACCEPT", json!({ "offer_ids": offer_ids, "operations": operations, "filters": filters }))
        }
        SchedulerCall::Decline { offer_ids, refuse_seconds } => {
            ("DECLINE", json!({ "offer_ids": offer_ids, "filters": filters(refuse_seconds) }))
        }
        SchedulerCall::Revive { roles } => ("REVIVE", json!({ "roles": roles })),
        SchedulerCall::Suppress { roles } => ("SUPPRESS", json!({ "roles": roles })),
        SchedulerCall::Kill { task_id, agent_id, kill_policy } => {
            ("KILL", json!({ "task_id": task_id, "agent_id": agent_id, "kill_policy": kill_policy }))
        }
        SchedulerCall::Shutdown { executor_id, agent_id } => {
            ("SHUTDOWN", json!({ "executor_id": executor_id, "agent_id": agent_id }))
        }
        SchedulerCall::Acknowledge { agent_id, task_id, uuid } => {
            ("ACKNOWLEDGE", json!({ "agent_id": agent_id, "task_id": task_id, "uuid": uuid }))
        }
        SchedulerCall::Reconcile { tasks } => {
            let pair = |(task_id, agent_id): &(TaskId, Option<AgentId>)| json!({ "task_id": task_id, "agent_id": agent_id });
            ("RECONCILE", json!({ "tasks": tasks.iter().map(pair).collect::<Vec<_>>() }))
        }
        SchedulerCall::Message { agent_id, executor_id, data } => {
            let data = super::events::base64(data);
            ("MESSAGE", json!({ "agent_id": agent_id, "executor_id": executor_id, "data": data }))
        }
        SchedulerCall::Request => ("REQUEST", json!({})),
    };
    let id = match call {
        SchedulerCall::Subscribe { info, .. } => info.id.as_ref(),
        _ => framework_id,
    };
    let mut body = json!({ "framework_id": id, "type": kind });
    body[kind.to_ascii_lowercase()] = payload;
    without_nulls(body).to_string().into_bytes()
}

#[derive(Deserialize)]
struct ExecutorCallJson {
    executor_id: Option<ExecutorId>,
    framework_id: Option<FrameworkId>,
    r#type: Option<String>,
    subscribe: Option<Value>,
    update: Option<UpdateJson>,
    message: Option<ExecutorMessageJson>,
}

#[derive(Deserialize)]
struct UpdateJson {
    status: TaskStatus,
}

#[derive(Deserialize)]
struct ExecutorMessageJson {
    #[serde(with = "bytes")]
    data: Vec<u8>,
}

fn invalid_executor(why: &str) -> Response {
    texts::bad_request(&format!("Failed to validate Executor::Call: {why}"))
}

impl ExecutorCallJson {
    fn validate(self) -> Result<ExecutorRequest, Response> {
        let absent = |name: &str| invalid_executor(&format!("Expecting '{name}' to be present"));
        let known = |name: &String| ["SUBSCRIBE", "UPDATE", "MESSAGE", "HEARTBEAT"].contains(&name.as_str());
        let kind = self.r#type.filter(known).ok_or_else(|| absent("type"))?;
        let executor_id = self.executor_id.ok_or_else(|| absent("executor_id"))?;
        let framework_id = self.framework_id.ok_or_else(|| absent("framework_id"))?;
        let call = match kind.as_str() {
            "SUBSCRIBE" => {
                self.subscribe.map(|_| ExecutorCall::Subscribe).ok_or_else(|| absent("subscribe"))?
            }
            "UPDATE" => {
                let status = self.update.ok_or_else(|| absent("update"))?.status;
                check_status(&status, &executor_id, &framework_id)?;
                ExecutorCall::Update(status)
            }
            "MESSAGE" => ExecutorCall::Message { data: self.message.ok_or_else(|| absent("message"))?.data },
            _ => return Err(texts::not_implemented()),
        };
        Ok(ExecutorRequest { framework_id, executor_id, call })
    }
}

fn check_status(status: &TaskStatus, executor: &ExecutorId, framework: &FrameworkId) -> Result<(), Response> {
    if status.uuid.is_none() {
        return Err(invalid_executor("Expecting 'uuid' to be present"));
    }
    if let Some(other) = status.executor_id.as_ref().filter(|other| *other != executor) {
        return Err(invalid_executor(&format!(
            "ExecutorID in Call: {executor} does not match ExecutorID in TaskStatus: {other}"
        )));
    }
    if status.source != Some(Source::Executor) {
        return Err(invalid_executor(&format!(
            "Received Call from executor {executor} of framework {framework} with invalid source, expecting \
             'SOURCE_EXECUTOR'"
        )));
    }
    if status.state == TaskState::Staging {
        return Err(invalid_executor(&format!(
            "Received TASK_STAGING from executor {executor} of framework {framework} which is not allowed"
        )));
    }
    Ok(())
}

/// The body of an executor's call. An update has to have its `uuid` and `source` by then.
pub fn executor_call_json(
    call: &ExecutorCall,
    framework_id: &FrameworkId,
    executor_id: &ExecutorId,
) -> Vec<u8> {
    let (kind, payload) = match call {
        ExecutorCall::Subscribe => ("SUBSCRIBE", json!({})),
        ExecutorCall::Update(status) => ("UPDATE", json!({ "status": status })),
        ExecutorCall::Message { data } => ("MESSAGE", json!({ "data": super::events::base64(data) })),
    };
    let mut body = json!({ "executor_id": executor_id, "framework_id": framework_id, "type": kind });
    body[kind.to_ascii_lowercase()] = payload;
    body.to_string().into_bytes()
}
