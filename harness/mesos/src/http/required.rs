//! Which fields of a message must be there: protobuf's `required`, with the words Mesos has for their absence.

use serde_json::Value;

/// A message: its required fields, and the fields that hold messages.
struct Message {
    required: &'static [&'static str],
    inner: &'static [(&'static str, &'static Message)],
}

const VALUE: Message = Message { required: &["value"], inner: &[] };
const URI: Message = VALUE;
const VARIABLE: Message = Message { required: &["name"], inner: &[] };
const ENVIRONMENT: Message = Message { required: &[], inner: &[("variables", &VARIABLE)] };
const COMMAND: Message = Message { required: &[], inner: &[("uris", &URI), ("environment", &ENVIRONMENT)] };
const RANGE: Message = Message { required: &["begin", "end"], inner: &[] };
const RANGES: Message = Message { required: &[], inner: &[("range", &RANGE)] };
const RESOURCE: Message =
    Message { required: &["name", "type"], inner: &[("scalar", &VALUE), ("ranges", &RANGES)] };
const EXECUTOR: Message = Message {
    required: &["executor_id"],
    inner: &[
        ("executor_id", &VALUE),
        ("framework_id", &VALUE),
        ("command", &COMMAND),
        ("resources", &RESOURCE),
    ],
};
const TASK: Message = Message {
    required: &["name", "task_id", "agent_id"],
    inner: &[
        ("task_id", &VALUE),
        ("agent_id", &VALUE),
        ("resources", &RESOURCE),
        ("executor", &EXECUTOR),
        ("command", &COMMAND),
    ],
};
const LAUNCH: Message = Message { required: &[], inner: &[("task_infos", &TASK)] };
const OPERATION: Message = Message { required: &[], inner: &[("launch", &LAUNCH)] };
const FRAMEWORK: Message = Message { required: &["user", "name"], inner: &[("id", &VALUE)] };
const STATUS: Message = Message {
    required: &["task_id", "state"],
    inner: &[("task_id", &VALUE), ("agent_id", &VALUE), ("executor_id", &VALUE)],
};
const TASK_AND_AGENT: &[(&str, &Message)] = &[("task_id", &VALUE), ("agent_id", &VALUE)];

const SCHEDULER_CALL: Message = Message {
    required: &[],
    inner: &[
        ("framework_id", &VALUE),
        ("subscribe", &Message { required: &["framework_info"], inner: &[("framework_info", &FRAMEWORK)] }),
        ("accept", &Message { required: &[], inner: &[("offer_ids", &VALUE), ("operations", &OPERATION)] }),
        ("decline", &Message { required: &[], inner: &[("offer_ids", &VALUE)] }),
        ("kill", &Message { required: &["task_id"], inner: TASK_AND_AGENT }),
        (
            "shutdown",
            &Message {
                required: &["executor_id", "agent_id"],
                inner: &[("executor_id", &VALUE), ("agent_id", &VALUE)],
            },
        ),
        ("acknowledge", &Message { required: &["agent_id", "task_id", "uuid"], inner: TASK_AND_AGENT }),
        (
            "reconcile",
            &Message {
                required: &[],
                inner: &[("tasks", &Message { required: &["task_id"], inner: TASK_AND_AGENT })],
            },
        ),
        (
            "message",
            &Message {
                required: &["agent_id", "executor_id", "data"],
                inner: &[("agent_id", &VALUE), ("executor_id", &VALUE)],
            },
        ),
    ],
};

const EXECUTOR_CALL: Message = Message {
    required: &[],
    inner: &[
        ("executor_id", &VALUE),
        ("framework_id", &VALUE),
        ("update", &Message { required: &["status"], inner: &[("status", &STATUS)] }),
        ("message", &Message { required: &["data"], inner: &[] }),
    ],
};

/// The required fields that a scheduler's call lacks: `subscribe.framework_info.name`, in order.
pub(super) fn missing_in_scheduler_call(call: &Value) -> Vec<String> {
    let mut missing = Vec::new();
    collect(call, &SCHEDULER_CALL, "", &mut missing);
    missing
}

/// The required fields that an executor's call lacks.
pub(super) fn missing_in_executor_call(call: &Value) -> Vec<String> {
    let mut missing = Vec::new();
    collect(call, &EXECUTOR_CALL, "", &mut missing);
    missing
}

fn collect(value: &Value, message: &Message, path: &str, missing: &mut Vec<String>) {
    let absent = message.required.iter().filter(|field| value.get(**field).is_none());
    missing.extend(absent.map(|field| format!("{path}{field}")));
    for (field, inner) in message.inner {
        match value.get(*field) {
            Some(Value::Array(items)) => {
                for (index, item) in items.iter().enumerate() {
                    collect(item, inner, &format!("{path}{field}[{index}]."), missing);
                }
            }
            Some(item) => collect(item, inner, &format!("{path}{field}."), missing),
            None => {}
        }
    }
}

/// Takes out what is `null`: Mesos counts it as absent.
pub(super) fn without_nulls(value: Value) -> Value {
    match value {
        Value::Object(fields) => fields
            .into_iter()
            .filter(|(_, value)| !value.is_null())
            .map(|(key, value)| (key, without_nulls(value)))
            .collect(),
        Value::Array(items) => items.into_iter().map(without_nulls).collect(),
        other => other,
    }
}
