//! Exhibitor-Mesos 0.1: `add`, `config`, `start`, then `status` until every server serves.

use std::borrow::Cow;
use std::time::Duration;

use serde::Deserialize;
use serde_json::Value;
use stacklab_machine::http::Response;

use super::{Call, Reads, Texts, Verdict, cannot_unmarshal, pick, read_as, text_field};
use crate::go_json;
use crate::run::marathon_app::{Object, present};

/// Parameters of `add`; `config` takes all others, but for `timeout`, and `id` besides.
const ADD: [&str; 7] = ["id", "cpu", "mem", "constraints", "configchangebackoff", "port", "docker"];
/// Before each look at the status.
const STATUS_WAIT: Duration = Duration::from_secs(10);

pub(super) fn calls(parameters: &Texts) -> Vec<Call> {
    let config = pick(parameters, |name| name == "id" || (!ADD.contains(&name) && name != "timeout"));
    let mut status = Call::new("/api/status", Vec::new(), Reads::ExhibitorStatus);
    status.wait_before = Some(STATUS_WAIT);
    vec![
        Call::new("/api/add", pick(parameters, |name| ADD.contains(&name)), Reads::ExhibitorAnswer),
        Call::new("/api/config", config, Reads::ExhibitorAnswer),
        Call::new(
            "/api/start",
            pick(parameters, |name| name == "id" || name == "timeout"),
            Reads::ExhibitorStart,
        ),
        status,
    ]
}

/// The `value` of an answer; the HTTP status does not count.
pub(super) fn read(response: &Response) -> Result<Value, String> {
    let body = go_json::parse(&response.body)?;
    if !body.is_object() {
        return Err(cannot_unmarshal(&body, "value of type exhibitor.ApiResponse"));
    }
    if go_json::field(&body, "success") == Some(&Value::Bool(true)) {
        return Ok(go_json::field(&body, "value").cloned().unwrap_or_default());
    }
    Err(text_field(&body, "message", "ApiResponse")?.to_owned())
}

/// Publishes the address of each server by its position in the list, and of all.
pub(super) fn read_start(response: &Response, id: &str, variables: &mut Texts) -> Result<(), String> {
    let value = read(response)?;
    let mut addresses = Vec::new();
    for server in list(&value, "cluster") {
        // The original's whole server dies of it.
        let config = go_json::field(server, "config").ok_or("a server of the cluster has no config")?;
        let hostname = text_field(config, "hostname", "Config")?;
        let port = go_json::field(config, "sharedConfigOverride")
            .map(|shared| text_field(shared, "client-port", "Config.sharedConfigOverride"))
            .transpose()?
            .filter(|port| !port.is_empty());
        addresses.push(format!("{hostname}:{}", port.unwrap_or("2181")));
    }
    for (position, address) in addresses.iter().enumerate() {
        variables.insert(format!("{id}.exhibitor-{position}"), address.clone());
    }
    variables.insert(format!("{id}.zkConnect"), addresses.join(","));
    Ok(())
}

/// A good status of the usual form: what is asked of it, without a tree of values.
#[derive(Deserialize)]
struct Status<'a> {
    success: bool,
    #[serde(borrow)]
    value: Object<Statuses<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Statuses<'a> {
    #[serde(borrow)]
    server_statuses: Vec<Object<Server<'a>>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Server<'a> {
    #[serde(borrow, deserialize_with = "present")]
    exhibitor_cluster_view: Option<Vec<Object<Seen<'a>>>>,
}

impl Server<'_> {
    fn view(&self) -> Vec<&str> {
        let seen = self.exhibitor_cluster_view.iter().flatten();
        seen.map(|Object(seen)| seen.description.as_ref()).collect()
    }
}

#[derive(Deserialize)]
struct Seen<'a> {
    #[serde(borrow)]
    description: Cow<'a, str>,
}

/// Done when each server sees exactly as many serving ones as there are.
pub(super) fn read_status(response: &Response) -> Result<Verdict, String> {
    if let Some(Status { success: true, value: Object(value) }) = read_as(response) {
        let views: Vec<_> = value.server_statuses.iter().map(|Object(server)| server.view()).collect();
        return Ok(judge(&views));
    }
    let value = read(response)?;
    let view = |server| list(server, "exhibitorClusterView").iter().map(description).collect();
    Ok(judge(&list(&value, "serverStatuses").iter().map(view).collect::<Vec<_>>()))
}

/// Judges what each server says of all.
fn judge(views: &[Vec<&str>]) -> Verdict {
    let of = views.len();
    for (position, states) in views.iter().enumerate() {
        let serving = states.iter().filter(|state| **state == "serving").count();
        if serving != of {
            let seen = if states.is_empty() { "nothing".into() } else { states.join(", ") };
            let who = format!("server {} of {of}", position + 1);
            return Verdict::NotYet(format!("{who} sees {serving} ZooKeeper servers serving ({seen})"));
        }
    }
    Verdict::Done
}

fn description(seen: &Value) -> &str {
    go_json::field(seen, "description").and_then(Value::as_str).unwrap_or("unknown")
}

fn list<'v>(value: &'v Value, name: &str) -> &'v [Value] {
    go_json::field(value, name).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}
