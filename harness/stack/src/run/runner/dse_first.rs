//! DSE-Mesos 0.1: `add` and `start`, each with all parameters as JSON.

use serde_json::Value;
use stacklab_machine::http::Response;

use super::{Call, Reads, Texts, zipkin};
use crate::go_json;

pub(super) fn calls(parameters: &Texts) -> Result<Vec<Call>, String> {
    let body = body(parameters)?;
    Ok(vec![
        Call::post("/api/add", body.clone(), Reads::DseFirstAdd),
        Call::post("/api/start", body, Reads::DseFirstStart),
    ])
}

/// All as texts, but for three.
fn body(parameters: &Texts) -> Result<String, String> {
    let mut json = String::from("{");
    for (name, value) in parameters {
        if json.len() > 1 {
            json.push(',');
        }
        go_json::write_string(name, &mut json);
        json.push(':');
        match name.as_str() {
            "cpu" | "mem" => json.push_str(&go_json::json_float(float(value)?)),
            "seed" => json.push_str(if boolean(value)? { "true" } else { "false" }),
            _ => go_json::write_string(value, &mut json),
        }
    }
    json.push('}');
    Ok(json)
}

fn float(text: &str) -> Result<f64, String> {
    let number: Option<f64> = text.parse().ok().filter(|number: &f64| number.is_finite());
    number.ok_or_else(|| format!("strconv.ParseFloat: parsing {text:?}: invalid syntax"))
}

/// What Go takes for a truth value.
fn boolean(text: &str) -> Result<bool, String> {
    match text {
        "1" | "t" | "T" | "TRUE" | "true" | "True" => Ok(true),
        "0" | "f" | "F" | "FALSE" | "false" | "False" => Ok(false),
        _ => Err(format!("strconv.ParseBool: parsing {text:?}: invalid syntax")),
    }
}

/// Publishes the host of each node, by its place in the list, and all of them.
pub(super) fn read_start(response: &Response, id: &str, variables: &mut Texts) -> Result<(), String> {
    let answer = zipkin::read(response)?;
    let value = answer.get("value").filter(|value| value.is_object()).ok_or("Wrong value field")?;
    let nodes = value.get("cluster").and_then(Value::as_array).ok_or("Wrong cluster field")?;
    let mut hosts = Vec::with_capacity(nodes.len());
    for node in nodes {
        let node = node.as_object().ok_or("Wrong cluster field")?;
        node.get("id").and_then(Value::as_str).ok_or("Wrong id field")?;
        let runtime =
            node.get("runtime").filter(|runtime| runtime.is_object()).ok_or("Wrong runtime field")?;
        hosts.push(runtime.get("hostname").and_then(Value::as_str).ok_or("Wrong hostname field")?);
    }
    for (place, host) in hosts.iter().enumerate() {
        variables.insert(format!("{id}.cassandra-node-{place}"), (*host).to_owned());
    }
    variables.insert(format!("{id}.cassandraConnect"), hosts.join(","));
    Ok(())
}
