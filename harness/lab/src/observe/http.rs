//! HTTP questions with JSON answers.

use std::time::Duration;

use serde_json::Value;
use stacklab_machine::http::Request;

/// How long an answer may take.
const LIMIT: Duration = Duration::from_secs(10);

/// The JSON that a GET answers, or a text that says what came instead.
pub(super) async fn json(url: &str) -> Value {
    let answer = stacklab_live::http::request(&Request::get(url), Some(LIMIT)).await;
    match answer {
        Ok(answer) => serde_json::from_slice(&answer.body)
            .unwrap_or_else(|_| Value::String(format!("{}: {}", answer.status, answer.text()))),
        Err(why) => Value::String(why.to_string()),
    }
}
