//! Statsd- and Syslog-Mesos 0.1 (`update`, `start`), and go_kafka_client 0.3, which adds its consumers before.

use serde_json::Value;
use stacklab_machine::http::Response;

use super::{Call, Reads, Texts, object, pick};

const GO_KAFKA_CLIENT: &str = "go-kafka-client-mesos";
/// What `add` of go_kafka_client takes; all but the id is not said again.
const ADD: [&str; 5] = ["id", "type", "cpu", "mem", "executor"];

/// All parameters, and a start without any.
pub(super) fn calls(parameters: &Texts, name: &'static str) -> Vec<Call> {
    let reads = Reads::Updated { name, strict: true };
    vec![
        Call::new("/api/update", pick(parameters, |_| true), reads),
        Call::new("/api/start", Vec::new(), reads),
    ]
}

pub(super) fn go_kafka_client_calls(parameters: &Texts) -> Vec<Call> {
    let reads = Reads::Updated { name: GO_KAFKA_CLIENT, strict: false };
    let updated = |name: &str| name == "id" || (name != "timeout" && !ADD.contains(&name));
    vec![
        Call::new("/api/add", pick(parameters, |name| ADD.contains(&name)), reads),
        Call::new("/api/update", pick(parameters, updated), reads),
        Call::new("/api/start", pick(parameters, |name| name == "id" || name == "timeout"), reads),
    ]
}

/// The answer's `Success`, in exactly this spelling.
pub(super) fn read(response: &Response, name: &str, strict: bool) -> Result<(), String> {
    if strict && response.status != 200 {
        return Err(format!("Response returned with status code {}", response.status));
    }
    let answer = object(response)?;
    match answer.get("Success") {
        None => Err(format!("Invalid {name} response")),
        Some(Value::Bool(true)) => Ok(()),
        Some(Value::Bool(false)) => match answer.get("Message").and_then(Value::as_str) {
            Some(message) => Err(message.to_owned()),
            // The original's whole server dies of it.
            None => Err(format!("{name} says that it failed, and not why")),
        },
        Some(_) => Err(format!("Invalid {name} Success field type")),
    }
}
