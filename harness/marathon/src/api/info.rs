//! What Marathon says of itself: settings, queue, deployments, metrics.

use serde_json::{Value, json};
use stacklab_machine::Time;
use stacklab_machine::http::Response;

use super::{Answer, error, ok};
use crate::Marathon;
use crate::app::definition;
use crate::deployment::Deployment;
use crate::machine::Out;

/// The version that is played.
const VERSION: &str = "0.15.3";

/// `GET /v2/info`
pub(super) fn info(marathon: &Marathon) -> Response {
    let config = &marathon.config;
    ok(&json!({
        "name": "marathon",
        "version": VERSION,
        "elected": true,
        "leader": config.address(),
        "frameworkId": marathon.framework_id.as_ref().map(|id| id.as_str()),
        "marathon_config": {
            "master": config.master,
            "failover_timeout": 604_800,
            "framework_name": config.framework_name,
            "ha": true,
            "checkpoint": true,
            "local_port_min": config.service_ports.0,
            "local_port_max": config.service_ports.1,
            "executor": "//cmd",
            "hostname": config.host,
            "webui_url": null,
            "mesos_role": null,
            "task_launch_timeout": 300_000,
            "reconciliation_initial_delay": 15_000,
            "reconciliation_interval": 300_000,
            "mesos_user": config.user,
            "leader_proxy_connection_timeout_ms": 5000,
            "leader_proxy_read_timeout_ms": 10_000,
            "mesos_leader_ui_url": null,
        },
        "zookeeper_config": {
            "zk": config.zk,
            "zk_timeout": 10_000,
            "zk_session_timeout": 1_800_000,
            "zk_max_versions": 25,
        },
        "event_subscriber": null,
        "http_config": {
            "assets_path": null,
            "http_port": config.listen_port,
            "https_port": 8443,
        },
    }))
}

/// `GET /v2/queue`
pub(super) fn queue(marathon: &Marathon, now: Time) -> Response {
    let queued = marathon.queue.iter().filter_map(|(id, count)| Some((marathon.apps.get(id)?, id, count)));
    let items: Vec<_> = queued
        .map(|(stored, id, count)| {
            let left = marathon.backoff.until(id, now).map_or(0, |until| until.since(now).as_secs());
            let overdue = marathon.backoff.until(id, now).is_none();
            json!({
                "app": definition(&stored.app, stored.version, Some(stored)),
                "count": count,
                "delay": {"timeLeftSeconds": left, "overdue": overdue},
            })
        })
        .collect();
    ok(&json!({"queue": items}))
}

/// `DELETE /v2/queue/{app}/delay`
pub(super) fn reset_delay(marathon: &mut Marathon, id: &[&str], now: Time, out: &mut Out) -> Answer {
    let id = format!("/{}", id.join("/"));
    if !marathon.queue.contains_key(&id) {
        return Err(error(404, &format!("application {id} not found in task queue")));
    }
    marathon.backoff.reset(&id);
    marathon.want_offers(now, out);
    Ok(Response::empty(204))
}

/// `GET /v2/deployments`
pub(super) fn deployments(marathon: &Marathon) -> Response {
    ok(&marathon.deployments.iter().map(Deployment::to_json).collect::<Value>())
}

/// `GET /metrics`: the few gauges that people look at.
pub(super) fn metrics(marathon: &Marathon) -> Response {
    let running = marathon.tasks.values().filter(|task| task.is_running()).count();
    let gauge = |value: usize| json!({"value": value});
    ok(&json!({
        "version": "3.0.0",
        "gauges": {
            "service.mesosphere.marathon.app.count": gauge(marathon.apps.len()),
            "service.mesosphere.marathon.task.running.count": gauge(running),
            "service.mesosphere.marathon.task.staged.count": gauge(marathon.tasks.len() - running),
        },
        "counters": {},
        "histograms": {},
        "meters": {},
        "timers": {},
    }))
}
