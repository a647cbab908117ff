//! Apps, read.

use serde::Serialize;
use serde_json::json;
use stacklab_machine::http::Response;

use super::{Answer, Asked, error, json_text, no_app, ok, tasks};
use crate::Marathon;
use crate::app::{Stored, definition, to_text};
use crate::task::Shown;

/// `GET /v2/apps`: counts and deployments are always there, tasks and failures if asked for.
pub(super) fn list(marathon: &Marathon, asked: &Asked<'_>) -> Response {
    let embeds: Vec<_> = asked
        .all("embed")
        .map(|embed| embed.strip_prefix("apps.").or_else(|| embed.strip_prefix("app.")).unwrap_or(embed))
        .collect();
    let tasks = embeds.iter().any(|embed| matches!(*embed, "tasks" | "failures"));
    let failure = embeds.iter().any(|embed| matches!(*embed, "lastTaskFailure" | "failures"));
    let selected = marathon.apps.values().filter(|stored| {
        let app = &stored.app;
        asked.parameter("cmd").is_none_or(|part| app.cmd.as_deref().unwrap_or_default().contains(part))
            && asked.parameter("id").is_none_or(|part| app.id.contains(part))
            && asked.parameter("label").is_none_or(|selector| selects(selector, stored))
    });
    let apps: Vec<_> = selected.map(|stored| shown(marathon, stored, tasks, failure)).collect();
    Response::json(200, format!(r#"{{"apps":[{}]}}"#, apps.join(",")))
}

/// `GET /v2/apps/{id}`
pub(super) fn one(marathon: &mut Marathon, id: &str) -> Answer {
    if let Some(page) = marathon.pages.get(id) {
        return Ok(Response::json(200, page.as_str()));
    }
    let stored = marathon.apps.get(id).ok_or_else(|| no_app(id))?;
    let page = format!(r#"{{"app":{}}}"#, shown(marathon, stored, true, true));
    marathon.pages.insert(id.to_owned(), page.clone());
    Ok(Response::json(200, page))
}

/// `GET /v2/apps/{group}/*`
pub(super) fn below(marathon: &Marathon, group: &str) -> Response {
    let prefix = format!("{}/", group.trim_end_matches('/'));
    let apps = marathon.apps.values().filter(|stored| stored.app.id.starts_with(&prefix));
    let apps: Vec<_> = apps.map(|stored| shown(marathon, stored, false, false)).collect();
    Response::json(200, format!(r#"{{"*":[{}]}}"#, apps.join(",")))
}

/// `GET /v2/apps/{id}/versions`
pub(super) fn versions(marathon: &Marathon, id: &str) -> Answer {
    let stored = marathon.apps.get(id).ok_or_else(|| no_app(id))?;
    let versions: Vec<_> = stored.versions.iter().rev().map(|(version, _)| version.iso8601()).collect();
    Ok(ok(&json!({"versions": versions})))
}

/// `GET /v2/apps/{id}/versions/{version}`
pub(super) fn version(marathon: &Marathon, id: &str, wanted: &str) -> Answer {
    let stored = marathon.apps.get(id).ok_or_else(|| no_app(id))?;
    let found = stored.versions.iter().find(|(version, _)| version.iso8601() == wanted);
    let (version, app) =
        found.ok_or_else(|| error(404, &format!("App '{id}' does not exist in version {wanted}")))?;
    Ok(json_text(&definition(app, *version, None)))
}

/// A label selector of comma-separated terms: `a`, `a==b`, `a!=b`.
fn selects(selector: &str, stored: &Stored) -> bool {
    selector.split(',').map(str::trim).all(|term| {
        let label = |name: &str| stored.app.labels.get(name.trim()).map(String::as_str);
        match (term.split_once("=="), term.split_once("!=")) {
            (Some((name, value)), _) => label(name) == Some(value.trim()),
            (_, Some((name, value))) => label(name) != Some(value.trim()),
            _ => label(term).is_some(),
        }
    })
}

/// What is shown of an app after its definition. The fields are in their order.
#[derive(Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct State<'a> {
    tasks_staged: usize,
    tasks_running: usize,
    tasks_healthy: usize,
    tasks_unhealthy: usize,
    deployments: Vec<Locking<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tasks: Option<Vec<Shown<'a>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_task_failure: Option<LastFailure<'a>>,
}

/// A deployment that locks an app.
#[derive(Serialize)]
struct Locking<'a> {
    id: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct LastFailure<'a> {
    app_id: &'a str,
    host: &'a str,
    message: &'a str,
    state: &'static str,
    task_id: &'a str,
    timestamp: String,
    version: String,
    slave_id: &'a str,
}

/// An app with what is known of its tasks, as JSON.
fn shown(marathon: &Marathon, stored: &Stored, tasks: bool, failure: bool) -> String {
    let id = &stored.app.id;
    let locking = marathon.deployments.iter().filter(|deployment| deployment.app == *id);
    let mut state = State {
        deployments: locking.map(|deployment| Locking { id: &deployment.id }).collect(),
        tasks: tasks.then(|| tasks::list_of(marathon, stored)),
        last_task_failure: stored.last_failure.as_ref().filter(|_| failure).map(|last| LastFailure {
            app_id: id,
            host: &last.host,
            message: &last.message,
            state: last.state,
            task_id: &last.task_id,
            timestamp: last.timestamp.iso8601(),
            version: last.version.iso8601(),
            slave_id: &last.agent_id,
        }),
        ..State::default()
    };
    for task in marathon.tasks_of(id) {
        if !task.is_running() {
            state.tasks_staged += 1;
            continue;
        }
        state.tasks_running += 1;
        match task.health() {
            Some(true) => state.tasks_healthy += 1,
            Some(false) => state.tasks_unhealthy += 1,
            None => {}
        }
    }
    joined(stored.text(), &state)
}

/// A new app as it was at the moment of the request: before its deployment began, but named by it.
pub(super) fn new(definition: &str, deployment: &str) -> String {
    let deployments = vec![Locking { id: deployment }];
    joined(definition, &State { deployments, tasks: Some(Vec::new()), ..State::default() })
}

/// A definition and a state as one object.
fn joined(definition: &str, state: &State<'_>) -> String {
    let state = to_text(state);
    // Neither object is empty.
    let mut text = String::with_capacity(definition.len() + state.len());
    text.push_str(definition.strip_suffix('}').unwrap_or_default());
    text.push(',');
    text.push_str(state.strip_prefix('{').unwrap_or_default());
    text
}
