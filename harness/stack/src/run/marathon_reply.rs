//! Marathon's answers, and the original's words for those that it does not like.

use serde::de::DeserializeOwned;
use serde_json::Value;
use stacklab_machine::http::Response;

use super::marathon_app::{self, Object, Page, TaskPage};
use crate::go_json;

const INVALID: &str = "invalid response from Marathon";

/// `marathon_config.master` of `/v2/info`.
pub(super) fn master(response: &Response) -> Result<String, String> {
    let info = read(response)?;
    match go_json::field(&info, "marathon_config").map(|config| go_json::field(config, "master")) {
        Some(Some(Value::String(master))) => Ok(master.clone()),
        None | Some(None) => Ok(String::new()),
        Some(Some(_)) => Err(INVALID.into()),
    }
}

/// Checks the answer to the creation of an app.
pub(super) fn created(response: &Response) -> Result<(), String> {
    if read_as::<marathon_app::App>(response).is_some() {
        return Ok(());
    }
    let app = read(response)?;
    if is_app(&app) { Ok(()) } else { Err(INVALID.into()) }
}

/// How many tasks of an app run, and how many are healthy.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Counts {
    pub(super) running: i64,
    pub(super) healthy: i64,
}

/// Counts of `/v2/apps/<id>`.
pub(super) fn counts(response: &Response) -> Result<Counts, String> {
    if let Some(Page { app: Object(app) }) = read_as(response) {
        let (running, healthy) = (app.tasks_running.unwrap_or(0), app.tasks_healthy.unwrap_or(0));
        return Ok(Counts { running, healthy });
    }
    let body = read(response)?;
    let Some(app) = go_json::field(&body, "app") else { return Ok(Counts::default()) };
    if !is_app(app) {
        return Err(INVALID.into());
    }
    let count = |name| go_json::field(app, name).and_then(Value::as_i64).unwrap_or(0);
    Ok(Counts { running: count("tasksRunning"), healthy: count("tasksHealthy") })
}

/// Host and ports of the first task; `None` if there is no task.
pub(super) fn first_task(response: &Response) -> Result<Option<(String, Vec<i64>)>, String> {
    if let Some(TaskPage { tasks }) = read_as(response) {
        return Ok(tasks.into_iter().next().map(|Object(task)| (task.host, task.ports)));
    }
    let body = read(response)?;
    let tasks = go_json::field(&body, "tasks");
    if !tasks.is_none_or(is_task_list) {
        return Err(INVALID.into());
    }
    let Some(task) = tasks.and_then(Value::as_array).and_then(|tasks| tasks.first()) else { return Ok(None) };
    let host = go_json::field(task, "host").and_then(Value::as_str).unwrap_or_default().to_owned();
    let ports = go_json::field(task, "ports").and_then(Value::as_array).into_iter().flatten();
    Ok(Some((host, ports.filter_map(Value::as_i64).collect())))
}

/// A good answer of the usual form; all others are to be looked at field by field.
fn read_as<T: DeserializeOwned>(response: &Response) -> Option<T> {
    let text = std::str::from_utf8(&response.body).ok().filter(|_| (200..300).contains(&response.status))?;
    serde_json::from_str(text).ok().map(|Object(value)| value)
}

fn read(response: &Response) -> Result<Value, String> {
    if !(200..300).contains(&response.status) {
        return Err(api_error(response));
    }
    go_json::parse(&response.body)
        .map_err(|_| INVALID.to_owned())
        .and_then(|value| if value.is_object() { Ok(value) } else { Err(INVALID.into()) })
}

/// Whether all fields that the original's types know have the types they know; null and absent are fine.
fn is_app(app: &Value) -> bool {
    let all = |names: &[&str], fits: fn(&Value) -> bool| {
        names.iter().all(|name| go_json::field(app, name).is_none_or(fits))
    };
    app.is_object()
        && all(&["id", "cmd", "executor", "user", "version"], Value::is_string)
        && all(&["instances", "tasksStaged", "tasksRunning", "tasksHealthy", "tasksUnhealthy"], Value::is_i64)
        && all(&["cpus", "mem", "disk", "backoffFactor"], Value::is_number)
        && all(&["requirePorts"], Value::is_boolean)
        && all(&["ports"], |value| is_list(value, Value::is_i64))
        && all(&["args", "uris", "dependencies"], |value| is_list(value, Value::is_string))
        && all(&["env", "labels"], is_text_map)
        && all(&["deployments"], |value| is_list(value, is_text_map))
        && all(&["tasks"], is_task_list)
}

fn is_task_list(value: &Value) -> bool {
    is_list(value, |task| {
        task.is_object()
            && go_json::field(task, "host").is_none_or(Value::is_string)
            && go_json::field(task, "ports").is_none_or(|ports| is_list(ports, Value::is_i64))
    })
}

fn is_list(value: &Value, fits: impl Fn(&Value) -> bool) -> bool {
    value.as_array().is_some_and(|items| items.iter().all(fits))
}

fn is_text_map(value: &Value) -> bool {
    value.as_object().is_some_and(|map| map.values().all(|value| value.is_string() || value.is_null()))
}

/// The text of an error answer, by its status.
fn api_error(response: &Response) -> String {
    let status = response.status;
    if !matches!(status, 400 | 401 | 403 | 404 | 409 | 422 | 500..) {
        return "Marathon API error: unknown error".into();
    }
    // The original drops the error of the decoder and prints the nothing that it has.
    let Ok(body) = go_json::parse(&response.body) else { return "<nil>".into() };
    let text = |value: &Value, name: &str| {
        go_json::field(value, name).and_then(Value::as_str).unwrap_or_default().to_owned()
    };
    let items =
        |name: &str| go_json::field(&body, name).and_then(Value::as_array).cloned().unwrap_or_default();
    let message = format!("Marathon API error: {}", text(&body, "message"));
    match status {
        400 => {
            let details: Vec<_> = items("details")
                .iter()
                .map(|detail| {
                    let errors = go_json::field(detail, "errors").and_then(Value::as_array);
                    let errors: Vec<_> = errors.into_iter().flatten().filter_map(Value::as_str).collect();
                    format!("path: '{}' errors: {}", text(detail, "path"), errors.join(", "))
                })
                .collect();
            format!("{message} ({})", details.join("; "))
        }
        409 => {
            let ids: Vec<_> = items("deployments").iter().map(|deployment| text(deployment, "id")).collect();
            if ids.is_empty() {
                message
            } else {
                format!("{message} (locking deployment IDs: {})", ids.join(", "))
            }
        }
        422 => {
            let named = if items("details").is_empty() { items("errors") } else { items("details") };
            let details: Vec<_> = named
                .iter()
                .map(|detail| format!("attribute '{}': {}", text(detail, "attribute"), text(detail, "error")))
                .collect();
            format!("{message} ({})", details.join("; "))
        }
        _ => message,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(status: u16, body: &str, expected: Result<(), &str>) {
        let found = created(&Response::json(status, body));
        assert_eq!(found.as_ref().copied().map_err(String::as_str), expected, "{status} {body}");
    }

    #[test]
    fn reads_answers_as_the_original() {
        check(201, r#"{"id":"/a","ports":null,"instances":1}"#, Ok(()));
        check(201, r#"{"id":"/a","instances":"1"}"#, Err(INVALID));
        check(201, "OK", Err(INVALID));
        check(500, "<html>", Err("<nil>"));
        check(302, "{}", Err("Marathon API error: unknown error"));
        check(
            404,
            r#"{"message":"App '/x' does not exist"}"#,
            Err("Marathon API error: App '/x' does not exist"),
        );
        check(
            400,
            r#"{"message":"bad","details":[{"path":"/id","errors":["e1","e2"]}]}"#,
            Err("Marathon API error: bad (path: '/id' errors: e1, e2)"),
        );
        check(409, r#"{"message":"exists"}"#, Err("Marathon API error: exists"));
        check(
            409,
            r#"{"message":"locked","deployments":[{"id":"a"},{"id":"b"}]}"#,
            Err("Marathon API error: locked (locking deployment IDs: a, b)"),
        );
        for key in ["details", "errors"] {
            let body = format!(r#"{{"message":"m","{key}":[{{"attribute":"id","error":"no"}}]}}"#);
            check(422, &body, Err("Marathon API error: m (attribute 'id': no)"));
        }
    }

    /// An app with all its fields, and one of them changed.
    fn page(change: impl Fn(&mut serde_json::Map<String, Value>)) -> Response {
        let mut app = serde_json::json!({
            "id": "/a", "cmd": "run", "args": null, "user": null, "env": {"A": "\n"}, "instances": 1, "cpus": 0.1,
            "mem": 16, "disk": 0.0, "executor": "", "uris": ["u"], "ports": [0], "requirePorts": false,
            "backoffFactor": 1.15, "dependencies": [], "labels": {}, "version": "v", "tasksStaged": 0,
            "tasksRunning": 2, "tasksHealthy": 1, "tasksUnhealthy": 0, "deployments": [{"id": "d"}],
            "tasks": [{"host": "h", "ports": [31000], "more": {"x": []}}],
        });
        change(app.as_object_mut().unwrap());
        Response::json(200, serde_json::json!({"app": app}).to_string())
    }

    #[test]
    fn reads_usual_pages_fast_and_others_alike() {
        let usual = page(|_| {});
        assert!(read_as::<Page>(&usual).is_some());
        assert_eq!(counts(&usual), Ok(Counts { running: 2, healthy: 1 }));
        let other_case = page(|app| {
            let count = app.remove("tasksHealthy").unwrap();
            app.insert("TASKSHEALTHY".into(), count);
        });
        assert_eq!(counts(&other_case), Ok(Counts { running: 2, healthy: 1 }));
        for (key, wrong) in [
            ("id", serde_json::json!(1)),
            ("tasksRunning", serde_json::json!(1.5)),
            ("cpus", serde_json::json!("1")),
            ("ports", serde_json::json!(["1"])),
            ("args", serde_json::json!([null])),
            ("env", serde_json::json!({"A": 1})),
            ("deployments", serde_json::json!([[]])),
            ("tasks", serde_json::json!([{"host": 1, "ports": []}])),
            ("tasks", serde_json::json!([[null, null]])),
        ] {
            let wrong = page(|app| drop(app.insert(key.into(), wrong.clone())));
            assert_eq!(counts(&wrong), Err(INVALID.into()), "{key}");
        }
    }
}
