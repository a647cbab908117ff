//! Task runners: which calls of a scheduler's API a task means, and how each answer is read.

mod dse;
mod exhibitor;
mod kafka;
mod zipkin;

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Deserialize;
use serde_json::Value;
use stacklab_machine::http::{Response, encode_form};

use super::marathon_app::Object;
use crate::go_json;

/// Parameters of a task, or variables.
pub(super) type Texts = BTreeMap<String, String>;

/// A task runner that stacklab has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Runner {
    Dse,
    Exhibitor,
    Kafka,
    Zipkin,
}

impl Runner {
    /// The runner of an application type.
    pub(super) fn of(kind: &str) -> Option<Self> {
        match kind {
            "exhibitor-mesos-0.1.x" => Some(Self::Exhibitor),
            "kafka-mesos-0.9.x" => Some(Self::Kafka),
            "dse-mesos-0.2.x" => Some(Self::Dse),
            "zipkin-mesos-0.1.x" => Some(Self::Zipkin),
            _ => None,
        }
    }

    /// The calls that a task with these (resolved) parameters means, in order.
    ///
    /// # Errors
    /// A parameter is missing.
    pub(super) fn calls(self, parameters: &Texts) -> Result<Vec<Call>, String> {
        match self {
            Self::Dse => Ok(dse::calls(parameters)),
            Self::Exhibitor => Ok(exhibitor::calls(parameters)),
            Self::Kafka => Ok(kafka::calls(parameters)),
            Self::Zipkin => zipkin::calls(parameters),
        }
    }
}

/// One call of a scheduler's API.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Call {
    path: String,
    query: Vec<(String, String)>,
    reads: Reads,
    /// Passes before the call, and again before each repetition.
    pub(super) wait_before: Option<Duration>,
}

/// How an answer is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reads {
    DseAdd,
    DseStart,
    ExhibitorAnswer,
    ExhibitorStart,
    ExhibitorStatus,
    KafkaAnswer,
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
        Self { path: path.into(), query, reads, wait_before: None }
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
    pub(super) fn read(
        &self,
        response: &Response,
        id: &str,
        variables: &mut Texts,
    ) -> Result<Verdict, String> {
        match self.reads {
            Reads::DseAdd => dse::read(response).map(|_| ()),
            Reads::DseStart => dse::read_start(response, id, variables),
            Reads::ExhibitorAnswer | Reads::ZipkinAnswer if is_success(response) => Ok(()),
            Reads::ExhibitorAnswer => exhibitor::read(response).map(|_| ()),
            Reads::ExhibitorStart => exhibitor::read_start(response, id, variables),
            Reads::ExhibitorStatus => return exhibitor::read_status(response),
            Reads::KafkaAnswer => kafka::read(response),
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
