//! The HTTP API: which path and method is what.

mod apps;
mod info;
mod tasks;
mod update;

use std::borrow::Cow;

use serde::Serialize;
use serde_json::{Map, Value, json};
use stacklab_machine::Time;
use stacklab_machine::http::{Method, Request, Response, decode_path};

use crate::Marathon;
use crate::app::{Rejected, to_text};
use crate::machine::Out;

/// An answer, or an error answer.
type Answer = Result<Response, Response>;

/// A request with what every route needs of it.
struct Asked<'r> {
    request: &'r Request,
    now: Time,
    query: Vec<(String, String)>,
}

impl Asked<'_> {
    fn flag(&self, name: &str) -> Option<bool> {
        self.parameter(name).map(|value| value == "true")
    }

    fn parameter(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.query
            .iter()
            .filter(move |(key, _)| key == name || key.strip_suffix("[]") == Some(name))
            .map(|(_, value)| value.as_str())
    }

    fn wants_text(&self) -> bool {
        self.request.header("accept").is_some_and(|accept| accept.starts_with("text/plain"))
    }

    /// The body as a JSON object.
    fn object(&self) -> Result<Map<String, Value>, Response> {
        let body: Value = serde_json::from_slice(&self.request.body)
            .map_err(|why| error_with(400, "Invalid JSON", &json!(why.to_string())))?;
        match body {
            Value::Object(map) => Ok(map),
            _ => Err(error_with(
                400,
                "Invalid JSON",
                &json!([{"path": "", "errors": ["error.expected.jsobject"]}]),
            )),
        }
    }
}

/// Answers a request.
pub(crate) fn answer(marathon: &mut Marathon, now: Time, request: &Request, out: &mut Out) -> Response {
    let asked = Asked { request, now, query: request.query() };
    let response = route(marathon, &asked, out).unwrap_or_else(|error| error);
    response.with_header("x-marathon-leader", marathon.leader.as_str())
}

fn route(marathon: &mut Marathon, asked: &Asked<'_>, out: &mut Out) -> Answer {
    let path = match asked.request.path() {
        plain if !plain.contains('%') => Cow::Borrowed(plain),
        encoded => Cow::Owned(decode_path(encoded)),
    };
    // Repeated slashes are folded: clients ask for `//ping`, and ids may begin with a slash.
    let parts: Vec<_> = path.split('/').filter(|part| !part.is_empty()).collect();
    let method = asked.request.method;
    check_content_type(asked.request)?;
    match (method, parts.as_slice()) {
        (Method::Get | Method::Head, ["ping"]) => Ok(Response::new(200, "text/plain", "pong")),
        (Method::Get, ["metrics"]) => Ok(info::metrics(marathon)),
        (Method::Get, ["v2", "info"]) => Ok(info::info(marathon)),
        (Method::Get, ["v2", "leader"]) => Ok(ok(&json!({"leader": marathon.config.address()}))),
        (Method::Get, ["v2", "queue"]) => Ok(info::queue(marathon, asked.now)),
        (Method::Delete, ["v2", "queue", id @ .., "delay"]) => {
            info::reset_delay(marathon, id, asked.now, out)
        }
        (Method::Get, ["v2", "deployments"]) => Ok(info::deployments(marathon)),
        (Method::Delete, ["v2", "deployments", id]) => update::cancel(marathon, asked, id, out),
        (Method::Get, ["v2", "tasks"]) => Ok(tasks::all(marathon, asked)),
        (Method::Post, ["v2", "tasks", "delete"]) => tasks::delete_many(marathon, asked, out),
        (_, ["v2", "apps", rest @ ..]) => route_app(marathon, asked, rest, out),
        (_, ["ping" | "metrics"] | ["v2", "info" | "leader" | "queue" | "deployments" | "tasks", ..]) => {
            Err(error(405, "Method Not Allowed"))
        }
        _ => Err(error(404, &format!("URI not found: {}", path.trim_start_matches('/')))),
    }
}

fn route_app(marathon: &mut Marathon, asked: &Asked<'_>, rest: &[&str], out: &mut Out) -> Answer {
    let id = |parts: &[&str]| format!("/{}", parts.join("/"));
    match (asked.request.method, rest) {
        (Method::Get, []) => Ok(apps::list(marathon, asked)),
        (Method::Post, []) => update::create(marathon, asked, out),
        (Method::Get, [of @ .., "tasks"]) if !of.is_empty() => tasks::of_app(marathon, asked, &id(of)),
        (Method::Delete, [of @ .., "tasks"]) if !of.is_empty() => {
            tasks::delete_of_app(marathon, asked, &id(of), None, out)
        }
        (Method::Delete, [of @ .., "tasks", task]) if !of.is_empty() => {
            tasks::delete_of_app(marathon, asked, &id(of), Some(task), out)
        }
        (Method::Get, [of @ .., "versions"]) if !of.is_empty() => apps::versions(marathon, &id(of)),
        (Method::Get, [of @ .., "versions", version]) if !of.is_empty() => {
            apps::version(marathon, &id(of), version)
        }
        (Method::Post, [of @ .., "restart"]) if !of.is_empty() => {
            update::restart(marathon, asked, &id(of), out)
        }
        (Method::Get, [of @ .., "*"]) => Ok(apps::below(marathon, &id(of))),
        (Method::Get, of) => apps::one(marathon, &id(of)),
        (Method::Put, of) if !of.is_empty() => update::change(marathon, asked, &id(of), out),
        (Method::Delete, of) if !of.is_empty() => update::remove(marathon, asked, &id(of), out),
        _ => Err(error(405, "Method Not Allowed")),
    }
}

/// A body must be declared as JSON, or not at all.
fn check_content_type(request: &Request) -> Result<(), Response> {
    let declared = request.header("content-type").filter(|_| !request.body.is_empty());
    match declared.map(|kind| kind.split(';').next().unwrap_or_default().trim()) {
        None | Some("application/json") => Ok(()),
        Some(_) => Err(error(415, "Unsupported Media Type")),
    }
}

/// 200 with JSON.
fn ok(value: &Value) -> Response {
    Response::json(200, value.to_string())
}

/// 200 with what is written as JSON without a tree of values before.
fn json_text(value: &impl Serialize) -> Response {
    Response::json(200, to_text(value))
}

/// The answer to what began a deployment.
fn deploying(now: Time, deployment: &str) -> Value {
    json!({"version": now.iso8601(), "deploymentId": deployment})
}

fn error(status: u16, message: &str) -> Response {
    Response::json(status, json!({"message": message}).to_string())
}

fn error_with(status: u16, message: &str, details: &Value) -> Response {
    Response::json(status, json!({"message": message, "details": details}).to_string())
}

fn no_app(id: &str) -> Response {
    error(404, &format!("App '{id}' does not exist"))
}

fn rejected(why: Rejected) -> Response {
    match why {
        Rejected::Shape { path, error } => {
            error_with(400, "Invalid JSON", &json!([{"path": path, "errors": [error]}]))
        }
        Rejected::Invalid { attribute, error } => {
            error_with(422, "Object is not valid", &json!([{"attribute": attribute, "error": error}]))
        }
    }
}

#[cfg(test)]
#[path = "api/tests.rs"]
mod tests;
