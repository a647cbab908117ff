//! What the original passes over in silence, and a user would want to know.

use stacklab_machine::http::Request;

use super::calls::{Answer, Made};
use crate::{go_json, variables};

/// What is to be said of a call of an application's scheduler, without the application's id.
pub(super) fn of_call(made: &Made, answer: &Answer) -> Vec<String> {
    // Looked at for every call of every simulation: what is costly comes last.
    let unresolved = made.url.contains(REFERENCE);
    let timed_out = made.url.contains(KAFKA_START) && timed_out(answer);
    if !unresolved && !timed_out {
        return Vec::new();
    }
    let parameters = Request::get(made.url.as_str()).query();
    let mut warnings = Vec::new();
    for (name, value) in &parameters {
        if let Some(reference) = variables::unresolved(value) {
            warnings.push(format!(
                "{reference} is not resolved in the parameter {name}, which is sent as it stands"
            ));
        }
    }
    if timed_out {
        let of = |name: &str| parameters.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
        let within = of("timeout").map(|timeout| format!(" within {timeout}")).unwrap_or_default();
        let broker = of("broker").unwrap_or_default();
        warnings.push(format!("broker {broker} did not start{within}, and Stack Deploy went on"));
    }
    warnings
}

/// `${` in a query.
const REFERENCE: &str = "%24%7B";
const KAFKA_START: &str = "/api/broker/start?";

fn timed_out(answer: &Answer) -> bool {
    let body = answer.as_ref().ok().and_then(|response| go_json::parse(&response.body).ok());
    body.as_ref().and_then(|body| body.get("status")).is_some_and(|status| status == "timeout")
}

#[cfg(test)]
mod tests {
    use stacklab_machine::http::Response;

    use super::*;

    fn said(url: &str, body: &str) -> Vec<String> {
        let made = Made { method: "Get", url: format!("http://h:1{url}") };
        of_call(&made, &Ok(Response::json(200, body)))
    }

    #[test]
    fn warns_of_what_is_passed_over() {
        let start = "/api/broker/start?broker=70&timeout=10m";
        let late = "broker 70 did not start within 10m, and Stack Deploy went on";
        assert_eq!(said(start, r#"{"status":"timeout"}"#), [late]);
        assert!(said(start, r#"{"status":"started"}"#).is_empty());
        assert!(said("/api/start", r#"{"status":"timeout"}"#).is_empty());
        let unresolved = "${x} is not resolved in the parameter p, which is sent as it stands";
        assert_eq!(said("/api/add?id=1&p=%24%7Bx%7D", "{}"), [unresolved]);
    }
}
