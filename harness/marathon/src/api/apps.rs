//! Apps, read.

use serde_json::{Map, Value, json};
use stacklab_machine::Time;
use stacklab_machine::http::Response;

use super::{Answer, Asked, error, no_app, ok, tasks};
use crate::Marathon;
use crate::app::{Stored, definition};

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
    let apps: Vec<_> =
        selected.map(|stored| Value::Object(shown(marathon, stored, tasks, failure))).collect();
    ok(&json!({"apps": apps}))
}

/// `GET /v2/apps/{id}`
pub(super) fn one(marathon: &mut Marathon, id: &str) -> Answer {
    if let Some(page) = marathon.pages.get(id) {
        return Ok(Response::json(200, page.as_str()));
    }
    let stored = marathon.apps.get(id).ok_or_else(|| no_app(id))?;
    let page = json!({"app": shown(marathon, stored, true, true)}).to_string();
    marathon.pages.insert(id.to_owned(), page.clone());
    Ok(Response::json(200, page))
}

/// `GET /v2/apps/{group}/*`
pub(super) fn below(marathon: &Marathon, group: &str) -> Response {
    let prefix = format!("{}/", group.trim_end_matches('/'));
    let apps = marathon.apps.values().filter(|stored| stored.app.id.starts_with(&prefix));
    let apps: Vec<_> = apps.map(|stored| Value::Object(shown(marathon, stored, false, false))).collect();
    ok(&json!({"*": apps}))
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
    Ok(ok(&Value::Object(definition(app, *version, None))))
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

/// An app with what is known of its tasks.
pub(super) fn shown(marathon: &Marathon, stored: &Stored, tasks: bool, failure: bool) -> Map<String, Value> {
    let id = &stored.app.id;
    let mut map = definition(&stored.app, stored.version, Some(stored));
    let count = |fits: &dyn Fn(&crate::task::Task) -> bool| {
        json!(marathon.tasks_of(id).filter(|task| fits(task)).count())
    };
    map.insert("tasksStaged".into(), count(&|task| !task.is_running()));
    map.insert("tasksRunning".into(), count(&|task| task.is_running()));
    map.insert("tasksHealthy".into(), count(&|task| task.is_running() && task.health() == Some(true)));
    map.insert("tasksUnhealthy".into(), count(&|task| task.is_running() && task.health() == Some(false)));
    let deployments: Vec<_> = marathon.locks(id).into_iter().map(|id| json!({"id": id})).collect();
    map.insert("deployments".into(), json!(deployments));
    if tasks {
        map.insert("tasks".into(), tasks::list_of(marathon, stored));
    }
    if let Some(last) = stored.last_failure.as_ref().filter(|_| failure) {
        let failure = json!({
            "appId": id,
            "host": last.host,
            "message": last.message,
            "state": last.state,
            "taskId": last.task_id,
            "timestamp": Time::iso8601(last.timestamp),
            "version": Time::iso8601(last.version),
            "slaveId": last.agent_id,
        });
        map.insert("lastTaskFailure".into(), failure);
    }
    map
}
