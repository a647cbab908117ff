//! Zipkin-Mesos 0.1: `<type>/add`, `<type>/start`.

use serde_json::Value;
use stacklab_machine::http::Response;

use super::{Call, Reads, Texts, object, pick};

const ADD: [&str; 9] = ["id", "cpu", "mem", "flags", "env", "port", "adminPort", "configFile", "constraints"];

pub(super) fn calls(parameters: &Texts) -> Result<Vec<Call>, String> {
    let id = parameters.get("id").ok_or("Missing task id")?;
    let kind = parameters.get("type").ok_or_else(|| format!("Missing task type for id {id}"))?;
    let start = if kind == "query" { Reads::ZipkinQueryStart } else { Reads::ZipkinAnswer };
    Ok(vec![
        Call::new(
            format!("/api/{kind}/add"),
            pick(parameters, |name| ADD.contains(&name)),
            Reads::ZipkinAnswer,
        ),
        Call::new(
            format!("/api/{kind}/start"),
            pick(parameters, |name| name == "id" || name == "timeout"),
            start,
        ),
    ])
}

/// The body of an answer that says success; the HTTP status does not count.
pub(super) fn read(response: &Response) -> Result<Value, String> {
    let body = object(response)?;
    if body.get("success") == Some(&Value::Bool(true)) {
        return Ok(body);
    }
    let message = body.get("message").and_then(Value::as_str);
    Err(message.unwrap_or("Request failed for unknown reason").to_owned())
}

/// Publishes the endpoint of each query service.
pub(super) fn read_start(response: &Response, id: &str, variables: &mut Texts) -> Result<(), String> {
    let body = read(response)?;
    let instances = body.get("value").and_then(Value::as_array).ok_or("Wrong value field")?;
    for instance in instances {
        let component = instance.get("id").and_then(Value::as_str).ok_or("Wrong id field")?;
        let config =
            instance.get("config").filter(|config| config.is_object()).ok_or("Wrong config field")?;
        let hostname = config.get("hostname").and_then(Value::as_str).ok_or("Wrong hostname field")?;
        let env = config.get("env").filter(|env| env.is_object()).ok_or("Wrong env field")?;
        let port = env.get("QUERY_PORT").and_then(Value::as_str).ok_or("Wrong QUERY_PORT env")?;
        variables.insert(format!("{id}.query-{component}.endpoint"), format!("{hostname}:{port}"));
    }
    Ok(())
}
