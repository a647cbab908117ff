//! Apps as JSON: reading and checking.

use std::collections::BTreeMap;
use std::sync::LazyLock;
use std::time::Duration;

use regex::Regex;
use serde_json::{Map, Value, json};

use super::{App, Constraint, HealthCheck, Protocol, Upgrade};

const ID_SEGMENT: &str =
    "^(([a-z0-9]|[a-z0-9][a-z0-9\\-]*[a-z0-9])\\.)*([a-z0-9]|[a-z0-9][a-z0-9\\-]*[a-z0-9])|(\\.|\\.\\.)$";
/// Longest wait of any kind; keeps sums of times in range.
const MAX_SECONDS: f64 = 1e9;

// The pattern is a constant: it compiles or no test passes.
static SEGMENT: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new("^(?:(?:(?:[a-z0-9]|[a-z0-9][a-z0-9-]*[a-z0-9])\\.)*(?:[a-z0-9]|[a-z0-9][a-z0-9-]*[a-z0-9])|\\.|\\.\\.)$")
        .ok()
});

/// Why an app was not taken.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Rejected {
    /// 400: JSON that cannot be read as an app; path and error, as a client of Play's JSON sees them.
    Shape { path: String, error: String },
    /// 422: attribute and error.
    Invalid { attribute: String, error: String },
}

type Read<T> = Result<T, Rejected>;

/// Reads a new app; `id` of the URL wins over the one in the body.
///
/// # Errors
/// It cannot be read, or is not valid.
pub(crate) fn read(body: &Map<String, Value>, id: Option<&str>) -> Read<App> {
    let id = match (id, value(body, "id")) {
        (Some(id), _) => id.to_owned(),
        (None, Some(Value::String(id))) => id.clone(),
        (None, Some(_)) => return Err(shape("/id", "error.expected.jsstring")),
        (None, None) => return Err(shape("/id", "error.path.missing")),
    };
    let mut app = App::new(absolute(&id));
    change(&mut app, body)?;
    check(&app)?;
    Ok(app)
}

/// Reads a change of an app: keys that are absent stay as they are.
///
/// # Errors
/// As [`read`].
pub(crate) fn read_update(before: &App, body: &Map<String, Value>) -> Read<App> {
    let mut app = before.clone();
    change(&mut app, body)?;
    check(&app)?;
    Ok(app)
}

fn absolute(id: &str) -> String {
    let parts: Vec<_> = id.split('/').filter(|part| !part.is_empty()).collect();
    format!("/{}", parts.join("/"))
}

fn shape(path: &str, error: &str) -> Rejected {
    Rejected::Shape { path: path.to_owned(), error: error.to_owned() }
}

fn invalid(attribute: &str, error: impl Into<String>) -> Rejected {
    Rejected::Invalid { attribute: attribute.to_owned(), error: error.into() }
}

/// A key's value; null counts as absent.
fn value<'v>(body: &'v Map<String, Value>, key: &str) -> Option<&'v Value> {
    body.get(key).filter(|value| !value.is_null())
}

/// Reads every key that is there into the app.
fn change(app: &mut App, body: &Map<String, Value>) -> Read<()> {
    for (key, value) in body.iter().filter(|(_, value)| !value.is_null()) {
        let path = format!("/{key}");
        match key.as_str() {
            "cmd" => app.cmd = Some(text(value, &path)?),
            "args" => app.args = Some(text_list(value, &path)?),
            "user" => app.user = Some(text(value, &path)?),
            "env" => app.env = text_map(value, &path)?,
            "instances" => app.instances = count(value, "instances")?,
            "cpus" => app.cpus = amount(value, "cpus")?,
            "mem" => app.mem = amount(value, "mem")?,
            "disk" => app.disk = amount(value, "disk")?,
            "executor" => app.executor = text(value, &path)?,
            "constraints" => app.constraints = list(value, &path, constraint)?,
            "storeUrls" => app.store_urls = text_list(value, &path)?,
            "ports" => app.ports = list(value, &path, port)?,
            "requirePorts" => app.require_ports = flag(value, &path)?,
            "backoffSeconds" => app.backoff = seconds(value, &path)?,
            "backoffFactor" => app.backoff_factor = number(value, &path)?,
            "maxLaunchDelaySeconds" => app.max_launch_delay = seconds(value, &path)?,
            "container" => app.container = Some(object(value, &path).map(|_| value.clone())?),
            "healthChecks" => app.health_checks = list(value, &path, health_check)?,
            "dependencies" => app.dependencies = text_list(value, &path)?,
            "upgradeStrategy" => app.upgrade = upgrade(value, &path)?,
            "labels" => app.labels = text_map(value, &path)?,
            "acceptedResourceRoles" => app.accepted_resource_roles = Some(text_list(value, &path)?),
            // Unknown keys are ignored, `version` and the like are the server's.
            _ => {}
        }
    }
    change_artifacts(app, body)
}

/// `uris` and `fetch` are two ways to say one thing.
fn change_artifacts(app: &mut App, body: &Map<String, Value>) -> Read<()> {
    let uris =
        value(body, "uris").map(|uris| text_list(uris, "/uris")).transpose()?.filter(|uris| !uris.is_empty());
    let fetch = value(body, "fetch").map(|fetch| list(fetch, "/fetch", fetch_entry));
    let fetch = fetch.transpose()?;
    if uris.is_some() && fetch.as_ref().is_some_and(|fetch| !fetch.is_empty()) {
        return Err(shape("", "You cannot specify both uris and fetch fields"));
    }
    match (uris, fetch) {
        (Some(uris), _) => app.fetch = uris.iter().map(|uri| super::uri_to_fetch(uri)).collect(),
        (None, Some(fetch)) => app.fetch = fetch,
        (None, None) if value(body, "uris").is_some() => app.fetch.clear(),
        (None, None) => {}
    }
    Ok(())
}

fn fetch_entry(item: &Value, path: &str) -> Read<Value> {
    let entry = object(item, path)?;
    let uri = value(entry, "uri").ok_or_else(|| shape(&format!("{path}/uri"), "error.path.missing"))?;
    let uri = text(uri, &format!("{path}/uri"))?;
    let is_set = |key: &str, default| value(entry, key).and_then(Value::as_bool).unwrap_or(default);
    Ok(json!({
        "uri": uri,
        "extract": is_set("extract", true),
        "executable": is_set("executable", false),
        "cache": is_set("cache", false),
    }))
}

fn check(app: &App) -> Read<()> {
    let segment_fits = |part: &str| SEGMENT.as_ref().is_some_and(|regex| regex.is_match(part));
    if app.id == "/" {
        return Err(invalid("id", "must not be root"));
    }
    if !app.id.split('/').skip(1).all(segment_fits) {
        return Err(invalid("id", format!("must fully match regular expression '{ID_SEGMENT}'")));
    }
    // Exactly one of the two, or a container alone. An empty list counts as given.
    let one = app.cmd.is_some() != app.args.is_some();
    if !one && (app.cmd.is_some() || app.container.is_none()) {
        let error = "AppDefinition must either contain one of 'cmd' or 'args', and/or a 'container'.";
        return Err(invalid("", error));
    }
    let mut fixed: Vec<_> = app.ports.iter().filter(|port| **port != 0).collect();
    fixed.sort_unstable();
    if fixed.windows(2).any(|pair| pair[0] == pair[1]) {
        return Err(invalid("ports", "Elements must be unique"));
    }
    let mapped = app.container.as_ref().and_then(|container| container.pointer("/docker/portMappings"));
    let ports = mapped.and_then(Value::as_array).map_or(app.ports.len(), Vec::len);
    if app.health_checks.iter().any(|check| check.protocol != Protocol::Command && check.port_index >= ports)
    {
        let error = "Health check port indices must address an element of the ports array or container port mappings.";
        return Err(invalid("healthChecks", error));
    }
    Ok(())
}

fn text(value: &Value, path: &str) -> Read<String> {
    value.as_str().map(str::to_owned).ok_or_else(|| shape(path, "error.expected.jsstring"))
}

fn flag(value: &Value, path: &str) -> Read<bool> {
    value.as_bool().ok_or_else(|| shape(path, "error.expected.jsboolean"))
}

/// A number.
fn number(value: &Value, path: &str) -> Read<f64> {
    value.as_f64().ok_or_else(|| shape(path, "error.expected.jsnumber"))
}

fn amount(value: &Value, attribute: &str) -> Read<f64> {
    let amount = number(value, &format!("/{attribute}"))?;
    if amount < 0.0 {
        Err(invalid(attribute, format!("got {amount}, expected 0.0 or more")))
    } else {
        Ok(amount)
    }
}

fn count(value: &Value, attribute: &str) -> Read<u32> {
    let number = value.as_i64().ok_or_else(|| shape(&format!("/{attribute}"), "error.expected.jsnumber"))?;
    u32::try_from(number).map_err(|_| invalid(attribute, format!("got {number}, expected 0 or more")))
}

fn port(value: &Value, path: &str) -> Read<u16> {
    let number = value.as_i64().ok_or_else(|| shape(path, "error.expected.jsnumber"))?;
    u16::try_from(number)
        .map_err(|_| invalid("ports", format!("got {number}, expected a port from 0 to 65535")))
}

fn seconds(value: &Value, path: &str) -> Read<Duration> {
    Ok(Duration::from_secs_f64(number(value, path)?.clamp(0.0, MAX_SECONDS)))
}

fn object<'v>(value: &'v Value, path: &str) -> Read<&'v Map<String, Value>> {
    value.as_object().ok_or_else(|| shape(path, "error.expected.jsobject"))
}

fn list<T>(value: &Value, path: &str, read: impl Fn(&Value, &str) -> Read<T>) -> Read<Vec<T>> {
    let items = value.as_array().ok_or_else(|| shape(path, "error.expected.jsarray"))?;
    items.iter().enumerate().map(|(index, item)| read(item, &format!("{path}({index})"))).collect()
}

/// A list of texts.
pub(crate) fn text_list(value: &Value, path: &str) -> Read<Vec<String>> {
    list(value, path, text)
}

fn text_map(value: &Value, path: &str) -> Read<BTreeMap<String, String>> {
    let entries = object(value, path)?.iter();
    entries.map(|(key, value)| Ok((key.clone(), text(value, &format!("{path}/{key}"))?))).collect()
}

fn constraint(value: &Value, path: &str) -> Read<Constraint> {
    Constraint::read(&text_list(value, path)?).map_err(|error| shape(path, error))
}

fn upgrade(given: &Value, path: &str) -> Read<Upgrade> {
    let given = object(given, path)?;
    let share = |key: &str| match value(given, key) {
        Some(share) => number(share, &format!("{path}/{key}")),
        None => Ok(1.0),
    };
    let (minimum, over) = (share("minimumHealthCapacity")?, share("maximumOverCapacity")?);
    if !(0.0..=1.0).contains(&minimum) || !(0.0..=1.0).contains(&over) {
        return Err(invalid("upgradeStrategy", "got a share outside of 0 to 1"));
    }
    Ok(Upgrade { minimum_health_capacity: minimum, maximum_over_capacity: over })
}

fn health_check(given: &Value, path: &str) -> Read<HealthCheck> {
    let given = object(given, path)?;
    let at = |key: &str| format!("{path}/{key}");
    let duration = |key: &str, default| match value(given, key) {
        Some(value) => seconds(value, &at(key)),
        None => Ok(Duration::from_secs(default)),
    };
    let whole = |key: &str, default: u32| match value(given, key) {
        Some(value) => count(value, &at(key)[1..]),
        None => Ok(default),
    };
    let protocol =
        match value(given, "protocol").map(|value| text(value, &at("protocol"))).transpose()?.as_deref() {
            None | Some("HTTP") => Protocol::Http,
            Some("HTTPS") => Protocol::Https,
            Some("TCP") => Protocol::Tcp,
            Some("COMMAND") => Protocol::Command,
            Some(_) => return Err(shape(&at("protocol"), "error.unknown.enum.literal")),
        };
    Ok(HealthCheck {
        path: value(given, "path").map(|value| text(value, &at("path"))).transpose()?,
        protocol,
        port_index: whole("portIndex", 0)? as usize,
        command: value(given, "command").cloned(),
        grace: duration("gracePeriodSeconds", 300)?,
        // A check without a pause would never let time pass.
        interval: duration("intervalSeconds", 60)?.max(Duration::from_millis(1)),
        timeout: duration("timeoutSeconds", 20)?,
        max_consecutive_failures: whole("maxConsecutiveFailures", 3)?,
        ignore_http_1xx: value(given, "ignoreHttp1xx").and_then(Value::as_bool).unwrap_or(false),
    })
}
