//! Changes: apps created, changed, restarted, removed, and deployments called off.

use serde_json::json;
use stacklab_machine::http::Response;
use stacklab_machine::timeline::What;

use super::{Answer, Asked, apps, deploying, error, no_app, ok, rejected};
use crate::Marathon;
use crate::app::{App, Stored, read, read_update};
use crate::deployment::Verb;
use crate::machine::Out;

const NEW: [Verb; 2] = [Verb::Start, Verb::Scale];

/// `POST /v2/apps`
pub(super) fn create(marathon: &mut Marathon, asked: &Asked<'_>, out: &mut Out) -> Answer {
    let app = read(&asked.object()?, None).map_err(rejected)?;
    let id = app.id.clone();
    if marathon.apps.contains_key(&id) {
        return Err(error(409, &format!("An app with id [{id}] already exists.")));
    }
    unlock(marathon, &id, asked.flag("force") == Some(true), out)?;
    let definition = add(marathon, asked, app, out).text().clone();
    let deployment = marathon.deploy(asked.now, &id, None, &NEW, out);
    Ok(Response::json(201, apps::new(&definition, &deployment)).with_header("location", id))
}

/// `PUT /v2/apps/{id}`: the keys that are there change, or a new app is made of them.
pub(super) fn change(marathon: &mut Marathon, asked: &Asked<'_>, id: &str, out: &mut Out) -> Answer {
    let body = asked.object()?;
    let force = asked.flag("force") == Some(true);
    let Some(stored) = marathon.apps.get(id) else {
        let app = read(&body, Some(id)).map_err(rejected)?;
        unlock(marathon, id, force, out)?;
        add(marathon, asked, app, out);
        let deployment = marathon.deploy(asked.now, id, None, &NEW, out);
        return Ok(Response::json(201, deploying(asked.now, &deployment).to_string()));
    };
    let before = stored.app.clone();
    let mut after = read_update(&before, &body).map_err(rejected)?;
    unlock(marathon, id, force, out)?;
    marathon.draw_service_ports(&mut after);
    let deployment = replace(marathon, asked, &before, after, out);
    Ok(ok(&deploying(asked.now, &deployment)))
}

/// `POST /v2/apps/{id}/restart`
pub(super) fn restart(marathon: &mut Marathon, asked: &Asked<'_>, id: &str, out: &mut Out) -> Answer {
    if !marathon.apps.contains_key(id) {
        return Err(no_app(id));
    }
    unlock(marathon, id, asked.flag("force") == Some(true), out)?;
    marathon.backoff.reset(id);
    let Some(stored) = marathon.apps.get_mut(id) else { return Err(no_app(id)) };
    let app = stored.app.clone();
    stored.renew(asked.now);
    let deployment = marathon.deploy(asked.now, id, Some(app), &[Verb::Restart], out);
    Ok(ok(&deploying(asked.now, &deployment)))
}

/// `DELETE /v2/apps/{id}`: forced unless said otherwise.
pub(super) fn remove(marathon: &mut Marathon, asked: &Asked<'_>, id: &str, out: &mut Out) -> Answer {
    if !marathon.apps.contains_key(id) {
        return Err(no_app(id));
    }
    unlock(marathon, id, asked.flag("force").unwrap_or(true), out)?;
    let deployment = drop_app(marathon, asked, id, out);
    Ok(ok(&deploying(asked.now, &deployment)))
}

/// `DELETE /v2/deployments/{id}`: back to the state before, or, if forced, a stop where it is.
pub(super) fn cancel(marathon: &mut Marathon, asked: &Asked<'_>, id: &str, out: &mut Out) -> Answer {
    let found = marathon.deployments.iter().find(|deployment| deployment.id == id);
    let Some((app, before)) = found.map(|deployment| (deployment.app.clone(), deployment.before.clone()))
    else {
        return Err(error(404, &format!("DeploymentPlan {id} does not exist")));
    };
    marathon.cancel(&app, out);
    if asked.flag("force") == Some(true) {
        marathon.settle(asked.now, out);
        return Ok(Response::empty(202));
    }
    let current = marathon.apps.get(&app).map(|stored| stored.app.clone());
    let deployment = match (before, current) {
        (None, _) => drop_app(marathon, asked, &app, out),
        (Some(before), None) => {
            add(marathon, asked, before, out);
            marathon.deploy(asked.now, &app, None, &NEW, out)
        }
        (Some(before), Some(current)) => replace(marathon, asked, &current, before, out),
    };
    Ok(ok(&deploying(asked.now, &deployment)))
}

/// Makes way for a new deployment of an app: deployments that lock it are refused to, or, if `force`, ended.
pub(super) fn unlock(marathon: &mut Marathon, app: &str, force: bool, out: &mut Out) -> Result<(), Response> {
    let locks = marathon.locks(app);
    if locks.is_empty() || force {
        marathon.cancel(app, out);
        return Ok(());
    }
    let locks: Vec<_> = locks.into_iter().map(|id| json!({"id": id})).collect();
    let message = "App is locked by one or more deployments. Override with the option '?force=true'. \
                   View details at '/v2/deployments/<DEPLOYMENT_ID>'.";
    Err(Response::json(409, json!({"message": message, "deployments": locks}).to_string()))
}

fn add<'m>(marathon: &'m mut Marathon, asked: &Asked<'_>, mut app: App, out: &mut Out) -> &'m Stored {
    marathon.draw_service_ports(&mut app);
    out.note(What::AppCreated { app: app.id.clone(), instances: app.instances });
    marathon.apps.entry(app.id.clone()).or_insert_with(|| Stored::new(app, asked.now))
}

fn replace(marathon: &mut Marathon, asked: &Asked<'_>, before: &App, after: App, out: &mut Out) -> String {
    let id = before.id.clone();
    let verbs: &[Verb] = if before.needs_restart(&after) {
        marathon.backoff.reset(&id);
        &[Verb::Restart]
    } else if before.instances != after.instances {
        &[Verb::Scale]
    } else {
        &[]
    };
    if let Some(stored) = marathon.apps.get_mut(&id) {
        stored.update(after, asked.now);
    }
    marathon.deploy(asked.now, &id, Some(before.clone()), verbs, out)
}

fn drop_app(marathon: &mut Marathon, asked: &Asked<'_>, id: &str, out: &mut Out) -> String {
    let before = marathon.apps.remove(id).map(|stored| stored.app);
    marathon.backoff.reset(id);
    out.note(What::AppRemoved { app: id.to_owned() });
    marathon.deploy(asked.now, id, before, &[Verb::Stop], out)
}
