//! Which request goes where, and how errors are written (0.9.2.0): GET and POST alike, parameters of query
//! and form.

use serde_json::Value;
use stacklab_machine::http::{Request, Response};

use super::broker_api::{self, Change};
use super::cluster::Cluster;
use super::params::Params;
use super::topic_call::{TopicRequest, Verb};
use crate::base::{TextMap, web};

/// A call of the API, or a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Route<'a> {
    /// `/jar/`, whatever follows.
    Jar,
    /// `/kafka/`
    Kafka,
    /// `/jre/`
    Jre,
    /// Below `/api/broker`.
    Broker(&'a str),
    /// Below `/api/topic`.
    Topic(&'a str),
    /// Begins with `/health`.
    Health,
    /// Anything else.
    Unknown,
}

/// Finds the route of a path; prefixes decide.
pub(super) fn route(path: &str) -> Route<'_> {
    let below = |prefix: &str| path.strip_prefix(prefix).map(|rest| rest.strip_prefix('/').unwrap_or(rest));
    if path.starts_with("/jar/") {
        Route::Jar
    } else if path.starts_with("/kafka/") {
        Route::Kafka
    } else if path.starts_with("/jre/") {
        Route::Jre
    } else if path.starts_with("/health") {
        Route::Health
    } else if let Some(call) = below("/api/broker") {
        Route::Broker(call)
    } else if let Some(call) = below("/api/topic") {
        Route::Topic(call)
    } else {
        Route::Unknown
    }
}

/// An error of the API: JSON, and the text in the status line too, where the command line looks for it.
pub(crate) fn api_error(status: u16, text: &str) -> Response {
    let mut response = web::code_error(status, text);
    response.reason = is_one_line(text).then(|| text.to_owned());
    response
}

/// The error of a path that nobody serves: plain text.
pub(crate) fn text_error(status: u16, text: &str) -> Response {
    let mut response = web::text(status, &format!("{status} - {text}\n"));
    response.reason = is_one_line(text).then(|| text.to_owned());
    response
}

fn is_one_line(text: &str) -> bool {
    text.len() <= 512 && text.chars().all(|c| c == ' ' || c.is_ascii_graphic())
}

/// A result as a response.
pub(crate) fn respond(result: Result<Value, String>) -> Response {
    match result {
        Ok(body) => web::spaced_json(200, &body),
        Err(text) => api_error(400, &text),
    }
}

/// Parameters of a request.
pub(crate) fn parameters(request: &Request) -> Params {
    Params(request.parameters())
}

/// The broker calls that are answered at once; the flag tells whether the document changed. Nothing for
/// other calls.
pub(super) fn broker_call(
    cluster: &mut Cluster,
    call: &str,
    params: &Params,
) -> Option<(Result<Value, String>, bool)> {
    let result = match call {
        "list" => return Some((broker_api::list(cluster, params), false)),
        "add" => broker_api::add_or_update(cluster, Change::Add, params),
        "update" => broker_api::add_or_update(cluster, Change::Update, params),
        "remove" => broker_api::remove(cluster, params),
        _ => return None,
    };
    let changed = result.is_ok();
    Some((result, changed))
}

/// Reads a topic call as far as that goes without ZooKeeper.
///
/// # Errors
/// Status and text of an answer that needs no ZooKeeper.
pub(super) fn topic_request(
    cluster: &Cluster,
    call: &str,
    params: &Params,
) -> Result<TopicRequest, (u16, String)> {
    let verb = match call {
        "list" => Verb::List,
        "add" => Verb::Add,
        "update" => Verb::Update,
        "rebalance" if params.get("topic").is_none() => Verb::RebalanceStatus,
        // The lab's brokers do not move replicas: better no answer than a wrong one.
        "rebalance" => return Err((400, "rebalance is not played here".to_owned())),
        _ => return Err((404, "uri not found".to_owned())),
    };
    let default = if verb == Verb::List { "*" } else { "" };
    let mut request = TopicRequest {
        verb,
        expr: params.get("topic").unwrap_or(default).to_owned(),
        brokers: None,
        partitions: 1,
        replicas: 1,
        options: None,
        errors: Vec::new(),
    };
    if matches!(verb, Verb::Add | Verb::Update) {
        read_topic(&mut request, cluster, params);
    }
    Ok(request)
}

fn read_topic(request: &mut TopicRequest, cluster: &Cluster, params: &Params) {
    let add = request.verb == Verb::Add;
    let mut errors = Vec::new();
    if request.expr.is_empty() {
        errors.push("topic required".to_owned());
    }
    if let Some(expression) = params.get("broker") {
        let ids = cluster.expand(expression).ok();
        match ids.and_then(|ids| ids.iter().map(|id| id.parse().ok()).collect::<Option<Vec<i64>>>()) {
            Some(brokers) => request.brokers = Some(brokers),
            None => errors.push("Invalid broker-expr".to_owned()),
        }
    }
    let mut number = |name: &str, place: &mut i64| match params.read(name, |text| text.parse::<i32>().ok()) {
        Ok(Some(value)) => *place = i64::from(value),
        Ok(None) => {}
        Err(()) => errors.push(format!("Invalid {name}")),
    };
    if add {
        number("partitions", &mut request.partitions);
        number("replicas", &mut request.replicas);
    }
    match params.get("options").map(TextMap::parse_full) {
        Some(Ok(options)) => {
            let pairs =
                options.iter().map(|(key, value)| (key.to_owned(), value.unwrap_or_default().to_owned()));
            request.options = Some(pairs.collect());
        }
        Some(Err(error)) => errors.push(format!("Invalid options: {error}")),
        None => {}
    }
    if !add && request.options.is_none() {
        errors.push("options required".to_owned());
    }
    request.errors = errors;
}
