//! Kafka-Mesos 0.9: `broker/add`, `broker/start`.

use serde_json::Value;
use stacklab_machine::http::Response;

use super::{Call, Reads, Texts, object, pick};

pub(super) fn calls(parameters: &Texts) -> Vec<Call> {
    let mut renamed = parameters.clone();
    if let Some(id) = renamed.remove("id") {
        renamed.insert("broker".into(), id);
    }
    let start = pick(&renamed, |name| name == "broker" || name == "timeout");
    vec![
        Call::new("/api/broker/add", pick(&renamed, |name| name != "timeout"), Reads::KafkaAnswer),
        Call::new("/api/broker/start", start, Reads::KafkaAnswer),
    ]
}

/// Any answer without an error counts, even a start that timed out.
pub(super) fn read(response: &Response) -> Result<(), String> {
    if response.status != 200 {
        return Err(format!("Response returned with status code {}", response.status));
    }
    match object(response)?.get("error") {
        None => Ok(()),
        Some(Value::String(error)) => Err(error.clone()),
        // The original's whole server dies of it.
        Some(other) => Err(format!("the scheduler's error is no text: {other}")),
    }
}
