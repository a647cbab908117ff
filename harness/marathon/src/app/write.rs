//! Apps as JSON: writing, in the key order of Marathon 0.15.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::{Value, json};
use stacklab_machine::Time;

use super::{App, HealthCheck, Protocol, Stored};

/// What the fetcher unpacks.
const ARCHIVES: [&str; 7] = [".tgz", ".tar.gz", ".tbz2", ".tar.bz2", ".txz", ".tar.xz", ".zip"];

/// The `fetch` entry that an entry of `uris` means.
pub(crate) fn uri_to_fetch(uri: &str) -> Value {
    let extract = ARCHIVES.iter().any(|ending| uri.ends_with(ending));
    json!({"uri": uri, "extract": extract, "executable": false, "cache": false})
}

/// A definition as it is shown. The fields are in their order.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Definition<'a> {
    id: &'a str,
    cmd: Option<&'a str>,
    args: Option<&'a [String]>,
    user: Option<&'a str>,
    env: &'a BTreeMap<String, String>,
    instances: u32,
    cpus: f64,
    mem: f64,
    disk: f64,
    executor: &'a str,
    constraints: Vec<Vec<&'a str>>,
    uris: Vec<&'a Value>,
    fetch: &'a [Value],
    store_urls: &'a [String],
    ports: &'a [u16],
    require_ports: bool,
    backoff_seconds: u64,
    backoff_factor: f64,
    max_launch_delay_seconds: u64,
    container: Option<&'a Value>,
    health_checks: Vec<Check<'a>>,
    dependencies: &'a [String],
    upgrade_strategy: UpgradeStrategy,
    labels: &'a BTreeMap<String, String>,
    accepted_resource_roles: Option<&'a [String]>,
    /// Always null.
    ip_address: (),
    version: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    version_info: Option<VersionInfo>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct UpgradeStrategy {
    minimum_health_capacity: Value,
    maximum_over_capacity: Value,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct VersionInfo {
    last_scaling_at: String,
    last_config_change_at: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Check<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    path: Option<&'a str>,
    protocol: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    command: Option<&'a Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    port_index: Option<usize>,
    grace_period_seconds: u64,
    interval_seconds: u64,
    timeout_seconds: u64,
    max_consecutive_failures: u32,
    ignore_http_1xx: bool,
}

/// A definition in some version. Times of changes are shown for stored ones only.
pub(crate) fn definition<'a>(
    app: &'a App,
    version: Time,
    stored: Option<&Stored>,
) -> impl Serialize + use<'a> {
    Definition {
        id: &app.id,
        cmd: app.cmd.as_deref(),
        args: app.args.as_deref(),
        user: app.user.as_deref(),
        env: &app.env,
        instances: app.instances,
        cpus: app.cpus,
        mem: app.mem,
        disk: app.disk,
        executor: &app.executor,
        constraints: app.constraints.iter().map(super::Constraint::words).collect(),
        uris: app.fetch.iter().filter_map(|entry| entry.get("uri")).collect(),
        fetch: &app.fetch,
        store_urls: &app.store_urls,
        ports: &app.ports,
        require_ports: app.require_ports,
        backoff_seconds: app.backoff.as_secs(),
        backoff_factor: app.backoff_factor,
        max_launch_delay_seconds: app.max_launch_delay.as_secs(),
        container: app.container.as_ref(),
        health_checks: app.health_checks.iter().map(health_check).collect(),
        dependencies: &app.dependencies,
        upgrade_strategy: UpgradeStrategy {
            minimum_health_capacity: whole(app.upgrade.minimum_health_capacity),
            maximum_over_capacity: whole(app.upgrade.maximum_over_capacity),
        },
        labels: &app.labels,
        accepted_resource_roles: app.accepted_resource_roles.as_deref(),
        ip_address: (),
        version: version.iso8601(),
        version_info: stored.map(|stored| VersionInfo {
            last_scaling_at: stored.last_scaling.iso8601(),
            last_config_change_at: stored.last_config_change.iso8601(),
        }),
    }
}

/// JSON as text.
pub(crate) fn to_text(value: &impl Serialize) -> String {
    // What is shown has texts for keys, and writing to memory does not fail: there is no error to tell of.
    serde_json::to_string(value).unwrap_or_default()
}

/// Whole shares are shown without a fraction: `1`, `0.5`.
fn whole(share: f64) -> Value {
    if share.fract() == 0.0 { json!(share as i64) } else { json!(share) }
}

fn health_check(check: &HealthCheck) -> Check<'_> {
    let has_path = matches!(check.protocol, Protocol::Http | Protocol::Https);
    Check {
        path: has_path.then(|| check.path.as_deref().unwrap_or("/")),
        protocol: check.protocol.as_str(),
        command: check.command.as_ref(),
        port_index: check.command.is_none().then_some(check.port_index),
        grace_period_seconds: check.grace.as_secs(),
        interval_seconds: check.interval.as_secs(),
        timeout_seconds: check.timeout.as_secs(),
        max_consecutive_failures: check.max_consecutive_failures,
        ignore_http_1xx: check.ignore_http_1xx,
    }
}
