//! DSE-Mesos 0.2: `cluster/add`, `node/add`, `node/start`, each with all parameters.

use serde_json::Value;
use stacklab_machine::http::Response;

use super::{Call, Reads, Texts, cannot_unmarshal, pick, text_field};
use crate::go_json;

pub(super) fn calls(parameters: &Texts) -> Vec<Call> {
    let call = |path: &str, reads| Call::new(path, pick(parameters, |_| true), reads);
    vec![
        call("/api/cluster/add", Reads::DseAdd),
        call("/api/node/add", Reads::DseAdd),
        call("/api/node/start", Reads::DseStart),
    ]
}

/// The answer, if it is JSON; an error that is a text counts, unless it is about a duplicate cluster. The HTTP status
/// does not count.
pub(super) fn read(response: &Response) -> Result<Option<Value>, String> {
    let Ok(body) = go_json::parse(&response.body) else { return Ok(None) };
    match body.get("error") {
        Some(Value::String(error)) if !error.contains("duplicate cluster") => Err(error.clone()),
        _ => Ok(Some(body)),
    }
}

/// Publishes the addresses and ports of each node, and all CQL endpoints.
pub(super) fn read_start(response: &Response, id: &str, variables: &mut Texts) -> Result<(), String> {
    let body = match read(response)? {
        Some(body) => body,
        None => go_json::parse(&response.body)?,
    };
    if !body.is_object() {
        return Err(cannot_unmarshal(&body, "value of type dse.StartResponse"));
    }
    if text_field(&body, "status", "StartResponse")? == "timeout" {
        return Err("Timed out".into());
    }
    let mut endpoints = Vec::new();
    for node in go_json::field(&body, "nodes").and_then(Value::as_array).into_iter().flatten() {
        let name = format!("{id}.cassandra-{}", text_field(node, "id", "Node")?);
        // The original's whole server dies of it.
        let runtime = go_json::field(node, "runtime").ok_or("a started node has no runtime")?;
        let address = text_field(runtime, "address", "Runtime")?;
        let ports = go_json::field(runtime, "reservation")
            .and_then(|reservation| go_json::field(reservation, "ports"))
            .and_then(Value::as_object);
        let mut cql = 0;
        for (port, number) in ports.into_iter().flatten() {
            let Some(number) = number.as_i64() else {
                return Err(cannot_unmarshal(number, "struct field Reservation.ports of type int"));
            };
            if port == "cql" {
                cql = number;
            }
            variables.insert(format!("{name}.{port}Port"), number.to_string());
        }
        let endpoint = format!("{address}:{cql}");
        variables.insert(format!("{name}.host"), address.to_owned());
        variables.insert(name, endpoint.clone());
        endpoints.push(endpoint);
    }
    variables.insert(format!("{id}.cassandraConnect"), endpoints.join(","));
    Ok(())
}
