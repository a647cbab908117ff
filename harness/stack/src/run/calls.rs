//! The HTTP calls of a run: their numbers, their answers, and Go's words for those that do not come.

use std::collections::BTreeMap;
use std::time::Duration;

use stacklab_machine::http::{Failure, Request, Response};
use stacklab_machine::process::{CallId, Output};
use stacklab_machine::timeline::What;

use super::Out;

/// A response, or why there is none, as an error of Go's HTTP client reads.
pub(super) type Answer = Result<Response, String>;

/// The original waits for ever; Marathon and the master answer from memory, so this long means that they hang.
pub(super) const MARATHON_TIMEOUT: Duration = Duration::from_secs(120);
/// The original waits for ever; a start of several instances waits for each with the task's own timeout (30 min in
/// the stacks that there are).
pub(super) const RUNNER_TIMEOUT: Duration = Duration::from_secs(2 * 60 * 60);

/// Characters of an answer that are kept for the timeline.
const MAX_TELLING: usize = 400;

/// A call that waits for its answer.
#[derive(Debug)]
pub(super) struct Made {
    pub(super) method: &'static str,
    pub(super) url: String,
}

impl Made {
    /// Notes the exchange for the timeline.
    pub(super) fn note(&self, answer: &Answer, out: &mut Out) {
        out.note_with(|| What::HttpExchange {
            method: self.method.to_ascii_uppercase(),
            url: self.url.clone(),
            status: answer.as_ref().ok().map(|response| response.status),
            error: answer.as_ref().err().cloned(),
            answer: answer.as_ref().ok().and_then(telling),
        });
    }
}

/// The beginning of a body that may say what went wrong: one that does not speak of success.
fn telling(response: &Response) -> Option<String> {
    let good = (200..300).contains(&response.status);
    let says = |word: &str| response.body.windows(word.len()).any(|part| part == word.as_bytes());
    if good && !["\"error\"", "\"success\":false", ":\"timeout\"", ": \"timeout\""].into_iter().any(says) {
        return None;
    }
    let text = String::from_utf8_lossy(&response.body);
    (!text.is_empty()).then(|| text.chars().take(MAX_TELLING).collect())
}

/// Numbers calls and remembers those without an answer.
#[derive(Debug, Default)]
pub(super) struct Calls {
    last: u64,
    open: BTreeMap<CallId, Made>,
}

impl Calls {
    /// The number of a call that is no HTTP.
    pub(super) fn number(&mut self) -> CallId {
        self.last += 1;
        CallId(self.last)
    }

    pub(super) fn make(&mut self, request: Request, timeout: Duration, out: &mut Out) -> CallId {
        let call = self.number();
        // Go's errors name the method with a capital only.
        let method = if request.body.is_empty() { "Get" } else { "Post" };
        self.open.insert(call, Made { method, url: request.url.clone() });
        out.push(Output::Http { call, request, timeout: Some(timeout) });
        call
    }

    pub(super) fn finish(&mut self, call: CallId) -> Option<Made> {
        self.open.remove(&call)
    }
}

/// The answer to a call, failures in the words of Go's client.
pub(super) fn answer(made: &Made, result: Result<Response, Failure>) -> Answer {
    answer_of(made.method, &made.url, result)
}

/// The same, where only method and address of the call are known.
pub(super) fn answer_of(method: &str, url: &str, result: Result<Response, Failure>) -> Answer {
    result.map_err(|failure| {
        let why = match failure {
            Failure::Refused(_) => {
                let authority = Request::get(url).authority();
                format!("dial tcp {authority}: connect: connection refused")
            }
            Failure::Closed(_) => "EOF".into(),
            // No original text: the original waits on.
            Failure::TimedOut(why) => format!("no answer in time, gave up waiting ({why})"),
            Failure::BadAddress(why) => format!("dial tcp: {why}"),
        };
        format!("{method} \"{url}\": {why}")
    })
}

/// A GET of Marathon's.
pub(super) fn marathon_get(url: impl Into<String>) -> Request {
    let mut request = Request::get(url);
    request.headers = json_headers();
    request
}

/// Headers of every call to Marathon.
pub(super) fn json_headers() -> Vec<(String, String)> {
    ["content-type", "accept"].map(|name| (name.to_owned(), "application/json".to_owned())).into()
}
