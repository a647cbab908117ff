//! Apps as JSON: writing, in the key order of Marathon 0.15.

use serde_json::{Map, Value, json};
use stacklab_machine::Time;

use super::{App, HealthCheck, Protocol, Stored};

/// What the fetcher unpacks.
const ARCHIVES: [&str; 7] = [".tgz", ".tar.gz", ".tbz2", ".tar.bz2", ".txz", ".tar.xz", ".zip"];

/// The `fetch` entry that an entry of `uris` means.
pub(crate) fn uri_to_fetch(uri: &str) -> Value {
    let extract = ARCHIVES.iter().any(|ending| uri.ends_with(ending));
    json!({"uri": uri, "extract": extract, "executable": false, "cache": false})
}

/// A definition in some version. Times of changes are shown for stored ones only.
pub(crate) fn definition(app: &App, version: Time, stored: Option<&Stored>) -> Map<String, Value> {
    let mut map = Map::new();
    let mut put = |key: &str, value: Value| {
        map.insert(key.to_owned(), value);
    };
    let uris: Vec<_> = app.fetch.iter().filter_map(|entry| entry.get("uri")).collect();
    let constraints: Vec<_> = app.constraints.iter().map(super::Constraint::words).collect();
    let checks: Vec<_> = app.health_checks.iter().map(health_check).collect();
    put("id", json!(app.id));
    put("cmd", json!(app.cmd));
    put("args", json!(app.args));
    put("user", json!(app.user));
    put("env", json!(app.env));
    put("instances", json!(app.instances));
    put("cpus", json!(app.cpus));
    put("mem", json!(app.mem));
    put("disk", json!(app.disk));
    put("executor", json!(app.executor));
    put("constraints", json!(constraints));
    put("uris", json!(uris));
    put("fetch", json!(app.fetch));
    put("storeUrls", json!(app.store_urls));
    put("ports", json!(app.ports));
    put("requirePorts", json!(app.require_ports));
    put("backoffSeconds", json!(app.backoff.as_secs()));
    put("backoffFactor", json!(app.backoff_factor));
    put("maxLaunchDelaySeconds", json!(app.max_launch_delay.as_secs()));
    put("container", json!(app.container));
    put("healthChecks", json!(checks));
    put("dependencies", json!(app.dependencies));
    let upgrade = json!({
        "minimumHealthCapacity": whole(app.upgrade.minimum_health_capacity),
        "maximumOverCapacity": whole(app.upgrade.maximum_over_capacity),
    });
    put("upgradeStrategy", upgrade);
    put("labels", json!(app.labels));
    put("acceptedResourceRoles", json!(app.accepted_resource_roles));
    put("ipAddress", Value::Null);
    put("version", json!(version.iso8601()));
    if let Some(stored) = stored {
        let info = json!({
            "lastScalingAt": stored.last_scaling.iso8601(),
            "lastConfigChangeAt": stored.last_config_change.iso8601(),
        });
        put("versionInfo", info);
    }
    map
}

/// Whole shares are shown without a fraction: `1`, `0.5`.
fn whole(share: f64) -> Value {
    if share.fract() == 0.0 { json!(share as i64) } else { json!(share) }
}

fn health_check(check: &HealthCheck) -> Value {
    let mut map = Map::new();
    let mut put = |key: &str, value: Value| {
        map.insert(key.to_owned(), value);
    };
    if matches!(check.protocol, Protocol::Http | Protocol::Https) {
        put("path", json!(check.path.as_deref().unwrap_or("/")));
    }
    put("protocol", json!(check.protocol.as_str()));
    match &check.command {
        Some(command) => put("command", command.clone()),
        None => put("portIndex", json!(check.port_index)),
    }
    put("gracePeriodSeconds", json!(check.grace.as_secs()));
    put("intervalSeconds", json!(check.interval.as_secs()));
    put("timeoutSeconds", json!(check.timeout.as_secs()));
    put("maxConsecutiveFailures", json!(check.max_consecutive_failures));
    put("ignoreHttp1xx", json!(check.ignore_http_1xx));
    Value::Object(map)
}
