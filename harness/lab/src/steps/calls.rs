//! What an operator asks of Marathon and Mesos.

use serde_json::Value;
use stacklab_machine::http::{Method, Request};

pub(super) fn remove(marathon: &str, app: &str) -> Request {
    let url = format!("{marathon}/v2/apps/{}?force=true", bare(app));
    Request { method: Method::Delete, ..Request::get(url) }
}

pub(super) fn restart(marathon: &str, app: &str) -> Request {
    Request::json(Method::Post, format!("{marathon}/v2/apps/{}/restart?force=true", bare(app)), "{}")
}

pub(super) fn scale(marathon: &str, app: &str, to: u32) -> Request {
    let body = format!("{{\"instances\":{to}}}");
    Request::json(Method::Put, format!("{marathon}/v2/apps/{}?force=true", bare(app)), body)
}

pub(super) fn tear_down(master: &str, framework: &str) -> Request {
    let mut request = Request::get(format!("{master}/master/teardown"));
    request.method = Method::Post;
    request.headers.push(("content-type".to_owned(), "application/x-www-form-urlencoded".to_owned()));
    request.body = format!("frameworkId={framework}").into_bytes();
    request
}

pub(super) fn tasks(marathon: &str) -> Request {
    let mut request = Request::get(format!("{marathon}/v2/tasks"));
    request.headers.push(("accept".to_owned(), "application/json".to_owned()));
    request
}

/// URL of an app's first port, out of Marathon's list of tasks.
pub(super) fn api(tasks: &[u8], app: &str) -> Option<String> {
    let tasks: Value = serde_json::from_slice(tasks).ok()?;
    let mine = |task: &&Value| task["appId"].as_str().is_some_and(|id| bare(id) == bare(app));
    let task = tasks["tasks"].as_array()?.iter().find(mine)?;
    Some(format!("http://{}:{}", task["host"].as_str()?, task["ports"][0].as_u64()?))
}

fn bare(app: &str) -> &str {
    app.trim_start_matches('/')
}
