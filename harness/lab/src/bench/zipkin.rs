//! The query service under load: traces of a service asked for by HTTP.

use std::time::{Duration, Instant};

use serde_json::Value;
use stacklab_live::{Clock, http};
use stacklab_machine::Time;
use stacklab_machine::http::{Method, Request};
use stacklab_traces::{LoadConfig, load, write_json_spans};

use super::Figure;
use super::load::{IN_FLIGHT, Windows};

/// Traces that are there.
const TRACES: usize = 100;
/// Traces that are asked for at a time.
const LIMIT: usize = 10;
/// Spans that are handed in at a time.
const SPANS: usize = 200;
/// Between two looks for what was handed in.
const PAUSE: Duration = Duration::from_millis(20);
/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(10);

pub(super) async fn measure(query: &str, windows: Windows) -> Result<Vec<Figure>, String> {
    let service = store(query).await?;
    let url = format!("http://{query}/api/v1/traces?serviceName={service}&limit={LIMIT}");
    wait_for(&url).await?;
    let ask = move |_| {
        let url = url.clone();
        async move { if traces(&url).await? == LIMIT { Ok(()) } else { Err(format!("not {LIMIT} traces")) } }
    };
    let (rate, _) = windows.measure(ask).await?;
    let note =
        format!("HTTP, {IN_FLIGHT} in flight, a connection each, {LIMIT} of {TRACES} traces of a service");
    Ok(vec![Figure::new("zipkin query", rate, "ops/s", note)])
}

/// Hands in the traces, and gives a service that is in all of them.
async fn store(query: &str) -> Result<String, String> {
    let config = LoadConfig { traces: TRACES, ..LoadConfig::default() };
    // A minute ago: what is asked for ends now.
    let start = Time::from_micros(Clock::new().now().as_micros().saturating_sub(60_000_000));
    let workload = load(1, start, config).map_err(|why| why.to_string())?;
    let mut services = workload.messages.iter().flat_map(|message| message.span.service_names());
    let service = services.next().ok_or("the load has no service")?.to_owned();
    for some in workload.messages.chunks(SPANS) {
        let spans: Vec<_> = some.iter().map(|message| message.span.clone()).collect();
        let url = format!("http://{query}/api/v1/spans");
        let request = Request::json(Method::Post, url, write_json_spans(&spans));
        let answer = http::request(&request, Some(PATIENCE)).await.map_err(|why| why.to_string())?;
        if answer.status != 202 {
            return Err(format!("spans are not taken: {} {}", answer.status, answer.text()));
        }
    }
    Ok(service)
}

/// How many traces are found.
async fn traces(url: &str) -> Result<usize, String> {
    let answer = http::request(&Request::get(url), Some(PATIENCE)).await.map_err(|why| why.to_string())?;
    match serde_json::from_slice(&answer.body) {
        Ok(Value::Array(found)) => Ok(found.len()),
        _ => Err(format!("{} {}", answer.status, answer.text())),
    }
}

/// Spans are taken before they are stored: waits until enough traces are found.
async fn wait_for(url: &str) -> Result<(), String> {
    let until = Instant::now() + PATIENCE;
    while traces(url).await? < LIMIT {
        if Instant::now() > until {
            return Err(format!("no {LIMIT} traces after {} s", PATIENCE.as_secs()));
        }
        tokio::time::sleep(PAUSE).await;
    }
    Ok(())
}
