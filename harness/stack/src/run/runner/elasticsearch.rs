//! Elasticsearch: no tasks of ours, but its own are waited for, and their addresses published.

use std::time::Duration;

use serde_json::Value;
use stacklab_machine::http::Response;

use super::{Call, Reads, Repeated, Texts, Verdict, cannot_unmarshal, text_field};
use crate::go_json;

/// What a stack is told that gives it tasks.
pub(super) const NO_TASKS: &str = "Elasticsearch task runner does not support running tasks.";

/// Every 2 s for 5 minutes, whatever is answered until then.
const UNTIL_RUNNING: Repeated = Repeated {
    pause: Duration::from_secs(2),
    times: 150,
    gives_up: "Failed to await for running Elasticsearch tasks after 5m0s",
};

pub(super) fn first_calls() -> Vec<Call> {
    let call = Call::new("/v1/tasks", Vec::new(), Reads::ElasticsearchTasks);
    vec![Call { repeated: Some(UNTIL_RUNNING), ..call }]
}

/// Publishes the addresses of each task, by its place in the list, once all of them run.
pub(super) fn read(response: &Response, id: &str, variables: &mut Texts) -> Result<Verdict, String> {
    let answer = go_json::parse(&response.body)?;
    let tasks = match &answer {
        Value::Array(tasks) => tasks.as_slice(),
        Value::Null => &[],
        other => return Err(cannot_unmarshal(other, "value of type []*runners.ElasticsearchTask")),
    };
    let text = |task, name| text_field(task, name, "ElasticsearchTask");
    let mut found = Vec::with_capacity(tasks.len());
    for task in tasks {
        let state = text(task, "state")?;
        if state != "TASK_RUNNING" {
            return Ok(Verdict::NotYet(format!("task {} is {state}", text(task, "id")?)));
        }
        found.push((text(task, "http_address")?, text(task, "transport_address")?));
    }
    if found.is_empty() {
        return Ok(Verdict::NotYet("there are no tasks".to_owned()));
    }
    for (place, (http, transport)) in found.into_iter().enumerate() {
        variables.insert(format!("{id}.{place}.httpAddress"), http.to_owned());
        variables.insert(format!("{id}.{place}.transportAddress"), transport.to_owned());
    }
    Ok(Verdict::Done)
}
