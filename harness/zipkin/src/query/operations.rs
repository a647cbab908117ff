//! What Spring Boot's actuator answers: health, metrics, version; and the page's configuration.

use serde_json::{Map, Value, json};
use stacklab_machine::http::Response;

use crate::http::of_unknown_length;
use crate::model::Counters;
use crate::storage::Store;

/// A part of a component that can be well or not.
pub(crate) struct Component {
    name: &'static str,
    failure: Option<String>,
}

impl Component {
    /// A part that is well unless it failed.
    pub(crate) const fn new(name: &'static str, failure: Option<String>) -> Self {
        Self { name, failure }
    }

    /// Cassandra, asked.
    pub(crate) async fn storage(store: &Store) -> Self {
        let failure = store.check().await.err();
        Self::new("CassandraStorage", failure.map(|error| format!("{}: {}", error.exception(), error.text())))
    }
}

/// The size of the disk that a component says it has, in bytes: there is none, but it has room.
const DISK: u64 = 100_000_000_000;

/// `/health`: 200 if all parts are well, 503 otherwise.
pub(crate) fn health_response(components: impl IntoIterator<Item = Component>) -> Response {
    let mut parts = Map::new();
    let mut well = true;
    for Component { name, failure } in components {
        let part = match failure {
            None => json!({"status": "UP"}),
            Some(error) => {
                well = false;
                json!({"status": "DOWN", "error": error})
            }
        };
        parts.insert(name.to_owned(), part);
    }
    let status = if well { "UP" } else { "DOWN" };
    let mut zipkin = Map::from_iter([("status".to_owned(), Value::from(status))]);
    zipkin.extend(parts);
    let disk = json!({"status": "UP", "total": DISK, "free": DISK, "threshold": 10_485_760});
    let page = json!({"status": status, "zipkin": zipkin, "diskSpace": disk});
    of_unknown_length(Response::new(if well { 200 } else { 503 }, JSON_UTF8, page.to_string()))
}

const JSON_UTF8: &str = "application/json;charset=UTF-8";

/// `/metrics`: the collector's counters; the Java machine's own figures are left out.
pub(crate) fn metrics_response(counters: &Counters) -> Response {
    of_unknown_length(Response::new(200, JSON_UTF8, json!(counters.metrics()).to_string()))
}

/// `/info`.
pub(crate) fn info_response() -> Response {
    let info = json!({"zipkin": {"version": "1.14.1"}});
    of_unknown_length(Response::new(200, JSON_UTF8, info.to_string()))
}

/// `/config.json`: what the page is told.
pub(crate) fn page_config(environment: &str, query_limit: u32) -> Response {
    let config = json!({
        "environment": environment,
        "queryLimit": query_limit,
        "defaultLookback": 3_600_000,
        "instrumented": ".*",
    });
    of_unknown_length(
        Response::new(200, JSON_UTF8, config.to_string()).with_header("cache-control", "max-age=600"),
    )
}
