//! Task runners: which calls of a scheduler's API a task means, and how each answer is read.

mod dse;
mod dse_first;
mod elasticsearch;
mod exhibitor;
mod kafka;
mod updated;
mod zipkin;

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Deserialize;
use serde_json::Value;
use stacklab_machine::http::{Method, Request, Response, encode_form};

use super::marathon_app::Object;
use crate::go_json;

/// Parameters of a task, or variables.
pub(super) type Texts = BTreeMap<String, String>;

/// A task runner of the original's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Runner {
    Dse,
    /// DSE-Mesos 0.1.
    DseFirst,
    Elasticsearch,
    Exhibitor,
    GoKafkaClient,
    Kafka,
    Statsd,
    Syslog,
    Zipkin,
}

impl Runner {
    /// The runner of an application type.
    pub(super) fn of(kind: &str) -> Option<Self> {
        match kind {
            "exhibitor-mesos-0.1.x" => Some(Self::Exhibitor),
            "kafka-mesos-0.9.x" => Some(Self::Kafka),
            "dse-mesos-0.1.x" => Some(Self::DseFirst),
            "dse-mesos-0.2.x" => Some(Self::Dse),
            "zipkin-mesos-0.1.x" => Some(Self::Zipkin),
            "statsd-mesos-0.1.x" => Some(Self::Statsd),
            "syslog-mesos-0.1.x" => Some(Self::Syslog),
            "go-kafka-client-mesos-0.3.x" => Some(Self::GoKafkaClient),
            "elasticsearch" => Some(Self::Elasticsearch),
            _ => None,
        }
    }

    /// The calls that it takes to know what a scheduler publishes, before any task.
    pub(super) fn first_calls(self) -> Vec<Call> {
        match self {
            Self::Elasticsearch => elasticsearch::first_calls(),
            _ => Vec::new(),
        }
    }

    /// The calls that a task with these (resolved) parameters means, in order.
    ///
    /// # Errors
    /// A parameter is missing or is none that the scheduler takes.
    pub(super) fn calls(self, parameters: &Texts) -> Result<Vec<Call>, String> {
        match self {
            Self::Dse => Ok(dse::calls(parameters)),
            Self::DseFirst => dse_first::calls(parameters),
            Self::Elasticsearch => Err(elasticsearch::NO_TASKS.to_owned()),
            Self::Exhibitor => Ok(exhibitor::calls(parameters)),
            Self::GoKafkaClient => Ok(updated::go_kafka_client_calls(parameters)),
            Self::Kafka => Ok(kafka::calls(parameters)),
            Self::Statsd => Ok(updated::calls(parameters, "statsd-mesos")),
            Self::Syslog => Ok(updated::calls(parameters, "syslog-mesos")),
            Self::Zipkin => zipkin::calls(parameters),
        }
    }
}

/// One call of a scheduler's API.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Call {
    path: String,
    query: Vec<(String, String)>,
    /// JSON that is sent along with POST; without it, GET.
    body: Option<String>,
    reads: Reads,
    /// Passes before the call, and again before each repetition.
    pub(super) wait_before: Option<Duration>,
    /// How it is repeated while the answer says "not yet", where that has an end in the original.
    repeated: Option<Repeated>,
}

/// How often a call is repeated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Repeated {
    /// Between two calls.
    pause: Duration,
    times: u32,
    /// What is said in the end.
    gives_up: &'static str,
}

/// How an answer is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reads {
    DseAdd,
    DseStart,
    DseFirstAdd,
    DseFirstStart,
    ElasticsearchTasks,
    ExhibitorAnswer,
    ExhibitorStart,
    ExhibitorStatus,
    KafkaAnswer,
    /// `{"Success": …}` of the scheduler of this name, with status 200 if `strict`.
    Updated {
        name: &'static str,
        strict: bool,
    },
    ZipkinAnswer,
    /// The start of query services, which publish their address.
    ZipkinQueryStart,
}

/// What an answer means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Go on.
    Done,
    /// Ask again; the text says what is missing.
    NotYet(String),
}

impl Call {
    fn new(path: impl Into<String>, query: Vec<(String, String)>, reads: Reads) -> Self {
        Self { path: path.into(), query, body: None, reads, wait_before: None, repeated: None }
    }

    fn post(path: impl Into<String>, body: String, reads: Reads) -> Self {
        Self { body: Some(body), ..Self::new(path, Vec::new(), reads) }
    }

    /// The request, to the scheduler at `api`.
    pub(super) fn request(&self, api: &str) -> Request {
        let url = format!("{api}{}", self.path_and_query());
        match &self.body {
            None => Request::get(url),
            Some(body) => {
                let mut request = Request::json(Method::Post, url, body.as_str());
                request.headers = vec![("content-type".to_owned(), "application/json".to_owned())];
                request
            }
        }
    }

    /// How often it is repeated, of `usual` times.
    pub(super) fn times(&self, usual: u32) -> u32 {
        self.repeated.map_or(usual, |repeated| repeated.times)
    }

    /// What passes before it is repeated, of a `usual` pause.
    pub(super) fn pause(&self, usual: Duration) -> Duration {
        self.repeated.map(|repeated| repeated.pause).or(self.wait_before).unwrap_or(usual)
    }

    /// What is said when it was repeated often enough.
    pub(super) fn gives_up(&self, why: &str) -> String {
        match self.repeated {
            Some(repeated) => repeated.gives_up.to_owned(),
            None => format!("gave up waiting: {why}"),
        }
    }

    /// Reads what came of the call: an answer, or none.
    ///
    /// # Errors
    /// As [`Call::read`], and where no answer came; but not where the call is repeated whatever goes wrong.
    pub(super) fn judge(
        &self,
        answer: Result<Response, String>,
        id: &str,
        variables: &mut Texts,
    ) -> Result<Verdict, String> {
        let verdict = answer.and_then(|response| self.read(&response, id, variables));
        match verdict {
            Err(why) if self.repeated.is_some() => Ok(Verdict::NotYet(why)),
            verdict => verdict,
        }
    }

    /// What it is called in the timeline: its path.
    pub(super) fn name(&self) -> String {
        self.path.clone()
    }

    /// Whether the answer comes only when something has started.
    pub(super) fn may_take_long(&self) -> bool {
        self.path.ends_with("/start")
    }

    /// The target of the request, keys sorted.
    pub(super) fn path_and_query(&self) -> String {
        if self.query.is_empty() {
            return self.path.clone();
        }
        format!("{}?{}", self.path, encode_form(&self.query))
    }

    /// Reads the answer for the application `id`, and publishes what it says.
    ///
    /// # Errors
    /// The scheduler says no, or nothing that can be understood; the text is the original's.
    fn read(&self, response: &Response, id: &str, variables: &mut Texts) -> Result<Verdict, String> {
        match self.reads {
            Reads::DseAdd => dse::read(response).map(|_| ()),
            Reads::DseStart => dse::read_start(response, id, variables),
            Reads::DseFirstAdd => zipkin::read(response).map(|_| ()),
            Reads::DseFirstStart => dse_first::read_start(response, id, variables),
            Reads::ElasticsearchTasks => return elasticsearch::read(response, id, variables),
            Reads::ExhibitorAnswer | Reads::ZipkinAnswer if is_success(response) => Ok(()),
            Reads::ExhibitorAnswer => exhibitor::read(response).map(|_| ()),
            Reads::ExhibitorStart => exhibitor::read_start(response, id, variables),
            Reads::ExhibitorStatus => return exhibitor::read_status(response),
            Reads::KafkaAnswer => kafka::read(response),
            Reads::Updated { name, strict } => updated::read(response, name, strict),
            Reads::ZipkinAnswer => zipkin::read(response).map(|_| ()),
            Reads::ZipkinQueryStart => zipkin::read_start(response, id, variables),
        }
        .map(|()| Verdict::Done)
    }
}

/// The parameters that pass `keep`.
fn pick(parameters: &Texts, keep: impl Fn(&str) -> bool) -> Vec<(String, String)> {
    parameters
        .iter()
        .filter(|(name, _)| keep(name))
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect()
}

/// An answer that says success; more of it is not looked at.
#[derive(Deserialize)]
struct Outcome {
    success: bool,
}

/// Whether this is the usual answer to what went well, told without a tree of values. All others are to be read.
fn is_success(response: &Response) -> bool {
    read_as::<Outcome>(response).is_some_and(|outcome| outcome.success)
}

/// An answer of the usual form; all others are to be looked at field by field.
fn read_as<'r, T: Deserialize<'r>>(response: &'r Response) -> Option<T> {
    let text = std::str::from_utf8(&response.body).ok()?;
    serde_json::from_str(text).ok().map(|Object(value)| value)
}

/// A JSON object out of a body.
///
/// # Errors
/// It is not JSON, or another kind of value; in Go's words.
fn object(response: &Response) -> Result<Value, String> {
    let value = go_json::parse(&response.body)?;
    if value.is_object() || value.is_null() {
        return Ok(value);
    }
    Err(cannot_unmarshal(&value, "value of type map[string]interface {}"))
}

/// Go's words for a JSON value of another kind than a field's type.
fn cannot_unmarshal(value: &Value, target: &str) -> String {
    format!("json: cannot unmarshal {} into Go {target}", go_json::kind(value))
}

/// A field that Go decodes into a text: empty if absent or null.
fn text_field<'v>(value: &'v Value, name: &str, go_struct: &str) -> Result<&'v str, String> {
    match go_json::field(value, name) {
        None => Ok(""),
        Some(Value::String(text)) => Ok(text),
        Some(other) => {
            Err(cannot_unmarshal(other, &format!("struct field {go_struct}.{name} of type string")))
        }
    }
}

#[cfg(test)]
#[path = "runner/tests.rs"]
mod tests;
