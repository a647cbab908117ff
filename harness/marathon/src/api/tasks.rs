//! Tasks: shown, and killed by hand.

use serde::Serialize;
use serde_json::{Value, json};
use stacklab_machine::http::Response;
use stacklab_mesos::TaskId;

use super::{Answer, Asked, deploying, error, json_text, no_app, ok, update};
use crate::Marathon;
use crate::app::{Stored, text_list};
use crate::deployment::Verb;
use crate::machine::Out;
use crate::task::{Shown, Task};

/// `GET /v2/tasks`
pub(super) fn all(marathon: &Marathon, asked: &Asked<'_>) -> Response {
    if asked.wants_text() {
        let lines = marathon.apps.values().flat_map(|stored| endpoint_lines(marathon, stored));
        return Response::new(200, "text/plain", lines.collect::<String>());
    }
    let wanted: Vec<_> = asked.all("status").collect();
    let fits = |task: &&Task| {
        let status = if task.is_running() { "running" } else { "staging" };
        wanted.is_empty() || wanted.contains(&status)
    };
    let tasks: Vec<_> = marathon.tasks.values().filter(fits).map(|task| shown(marathon, task)).collect();
    json_text(&Tasks { tasks })
}

/// A list of tasks.
#[derive(Serialize)]
struct Tasks<'a> {
    tasks: Vec<Shown<'a>>,
}

/// `GET /v2/apps/{id}/tasks`. In 0.15 an app without a task is as good as none.
pub(super) fn of_app(marathon: &Marathon, asked: &Asked<'_>, id: &str) -> Answer {
    let stored = marathon.apps.get(id).ok_or_else(|| no_app(id))?;
    if marathon.tasks_of(id).next().is_none() {
        return Err(no_app(id));
    }
    if asked.wants_text() {
        return Ok(Response::new(200, "text/plain", endpoint_lines(marathon, stored).concat()));
    }
    Ok(json_text(&Tasks { tasks: list_of(marathon, stored) }))
}

/// The tasks of an app.
pub(super) fn list_of<'a>(marathon: &'a Marathon, stored: &'a Stored) -> Vec<Shown<'a>> {
    marathon.tasks_of(&stored.app.id).map(|task| task.shown(&stored.app.ports)).collect()
}

fn shown<'a>(marathon: &'a Marathon, task: &'a Task) -> Shown<'a> {
    let ports = marathon.apps.get(&task.app).map_or(&[][..], |stored| &stored.app.ports);
    task.shown(ports)
}

/// A line for each service port: the app's name, the port, and where its tasks are.
fn endpoint_lines(marathon: &Marathon, stored: &Stored) -> Vec<String> {
    let name = stored.app.task_prefix();
    let running: Vec<_> = marathon.tasks_of(&stored.app.id).filter(|task| task.is_running()).collect();
    let line = |(index, port): (usize, &u16)| {
        let at =
            running.iter().filter_map(|task| Some(format!("\t{}:{}", task.host, task.ports.get(index)?)));
        format!("{name}\t{port}{}\n", at.collect::<String>())
    };
    stored.app.ports.iter().enumerate().map(line).collect()
}

/// `DELETE /v2/apps/{id}/tasks` and `…/tasks/{task}`
pub(super) fn delete_of_app(
    marathon: &mut Marathon,
    asked: &Asked<'_>,
    id: &str,
    task: Option<&str>,
    out: &mut Out,
) -> Answer {
    if !marathon.apps.contains_key(id) {
        return Err(no_app(id));
    }
    let host = asked.parameter("host");
    let chosen = marathon.tasks_of(id).filter(|found| task.is_none_or(|task| found.id.as_str() == task));
    let ids: Vec<_> = chosen
        .filter(|found| host.is_none_or(|host| *found.host == *host))
        .map(|found| found.id.clone())
        .collect();
    if let (Some(task), true) = (task, ids.is_empty()) {
        return Err(error(404, &format!("Task '{task}' does not exist")));
    }
    if asked.flag("scale") == Some(true) {
        let deployment = kill_and_scale(marathon, asked, id, &ids, out)?;
        return Ok(ok(&deploying(asked.now, &deployment)));
    }
    let mut killed = kill(marathon, asked, &ids, out);
    Ok(match task {
        Some(_) => ok(&json!({"task": killed.pop()})),
        None => ok(&json!({"tasks": killed})),
    })
}

/// `POST /v2/tasks/delete`. With `scale`, the deployment of the last app is answered.
pub(super) fn delete_many(marathon: &mut Marathon, asked: &Asked<'_>, out: &mut Out) -> Answer {
    let body = asked.object()?;
    let ids = body.get("ids").map(|ids| text_list(ids, "/ids")).transpose().map_err(super::rejected)?;
    let ids: Vec<TaskId> = ids.unwrap_or_default().into_iter().map(TaskId::from).collect();
    let known: Vec<_> = ids.into_iter().filter(|id| marathon.tasks.contains_key(id)).collect();
    if asked.flag("scale") != Some(true) {
        let killed = kill(marathon, asked, &known, out);
        return Ok(ok(&json!({"tasks": killed})));
    }
    let mut apps: Vec<_> = known.iter().filter_map(|id| Some(marathon.tasks.get(id)?.app.clone())).collect();
    apps.sort();
    apps.dedup();
    let mut last = String::new();
    for app in apps {
        let of_app: Vec<_> = known
            .iter()
            .filter(|id| marathon.tasks.get(*id).is_some_and(|task| task.app == app))
            .cloned()
            .collect();
        last = kill_and_scale(marathon, asked, &app, &of_app, out)?;
    }
    Ok(ok(&deploying(asked.now, &last)))
}

fn kill(marathon: &mut Marathon, asked: &Asked<'_>, ids: &[TaskId], out: &mut Out) -> Vec<Value> {
    let known = ids.iter().filter_map(|id| marathon.tasks.get(id));
    let shown: Vec<_> = known.map(|task| json!(shown(marathon, task))).collect();
    for id in ids {
        marathon.kill(id, asked.now, out);
    }
    shown
}

/// Kills tasks and lowers the number of instances by as many.
fn kill_and_scale(
    marathon: &mut Marathon,
    asked: &Asked<'_>,
    app: &str,
    ids: &[TaskId],
    out: &mut Out,
) -> Result<String, Response> {
    update::unlock(marathon, app, asked.flag("force") == Some(true), out)?;
    let Some(stored) = marathon.apps.get_mut(app) else { return Err(no_app(app)) };
    let before = stored.app.clone();
    let mut after = before.clone();
    after.instances = after.instances.saturating_sub(u32::try_from(ids.len()).unwrap_or(u32::MAX));
    stored.update(after, asked.now);
    for id in ids {
        marathon.kill(id, asked.now, out);
    }
    Ok(marathon.deploy(asked.now, app, Some(before), &[Verb::Scale], out))
}
