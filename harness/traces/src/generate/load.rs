//! A load: many traces over a seeded graph of services, with everything a tracer of the time reported.

use std::time::Duration;

use stacklab_machine::{Rng, Streams, Time};

use super::graph::{self, Service};
use super::{Generated, Message};
use crate::{Annotation, BinaryAnnotation, Dialect, Endpoint, Id, Span};

/// Most spans in one trace; calls beyond it are not made.
const MAX_SPANS: usize = 500;
const ERRORS: [&str; 4] =
    ["500 Internal Server Error", "503 Service Unavailable", "connection reset by peer", "read timed out"];

/// What a load is like.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LoadConfig {
    /// How many traces, 1 to 100,000.
    pub traces: usize,
    /// How many services, 1 to 1,000.
    pub services: usize,
    /// How many calls deep a trace goes at most, 1 to 32; a depth of 1 is the entry alone.
    pub depth: usize,
    /// How many other services one service calls at most, 1 to 32.
    pub fan_out: usize,
    /// How many of the calls fail, 0 to 1.
    pub error_rate: f64,
}

impl Default for LoadConfig {
    /// 20 traces over 6 services, 3 deep, 2 wide, one call in twenty failing.
    fn default() -> Self {
        Self { traces: 20, services: 6, depth: 3, fan_out: 2, error_rate: 0.05 }
    }
}

/// Why there is no such load.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
pub enum LoadError {
    /// A number is out of its range.
    #[error("load: {field} is {value}, must be {low} to {high}")]
    Range {
        /// Which.
        field: &'static str,
        /// What it is.
        value: f64,
        /// The least.
        low: f64,
        /// The most.
        high: f64,
    },
}

impl LoadConfig {
    fn check(&self) -> Result<(), LoadError> {
        let ranges = [
            ("traces", self.traces as f64, 1.0, 100_000.0),
            ("services", self.services as f64, 1.0, 1000.0),
            ("depth", self.depth as f64, 1.0, 32.0),
            ("fan_out", self.fan_out as f64, 1.0, 32.0),
            ("error_rate", self.error_rate, 0.0, 1.0),
        ];
        match ranges.into_iter().find(|(_, value, low, high)| !(low..=high).contains(&value)) {
            Some((field, value, low, high)) => Err(LoadError::Range { field, value, low, high }),
            None => Ok(()),
        }
    }
}

/// Draws a load. Every call is one span in two halves, as tracers report it: the client's with `cs`, `cr`,
/// timestamp and duration, and the server's with `sr` and `ss` under the same ids. The entry of a trace has only the
/// server's half, with timestamp and duration. A failed call has the tag `error` on both. Messages come in the
/// order in which the halves end.
pub fn load(seed: u64, start: Time, config: LoadConfig) -> Result<Generated, LoadError> {
    config.check()?;
    let streams = Streams::new(seed);
    let graph = graph::draw(&mut streams.stream("load/graph"), config.services, config.depth, config.fan_out);
    let mut arrivals = streams.stream("load/arrivals");
    let mut draw = Draw {
        graph: &graph,
        config,
        ids: streams.stream("load/ids"),
        shape: streams.stream("load/shape"),
        delays: streams.stream("load/delays"),
        errors: streams.stream("load/errors"),
        trace_id: Id(0),
        spans: 0,
        messages: Vec::new(),
    };
    let mut at = start;
    for _ in 0..config.traces {
        at += Duration::from_micros(arrivals.between(1_000, 20_000));
        draw.trace(at);
    }
    let mut messages = draw.messages;
    messages.sort_by_key(|message| message.at);
    Ok(Generated::new(messages))
}

struct Draw<'a> {
    graph: &'a [Service],
    config: LoadConfig,
    ids: Rng,
    shape: Rng,
    delays: Rng,
    errors: Rng,
    trace_id: Id,
    spans: usize,
    messages: Vec<Message>,
}

impl Draw<'_> {
    fn trace(&mut self, at: Time) {
        // A root's id is its trace's id, as Brave has it.
        self.trace_id = self.id();
        self.spans = 0;
        let entry = self.span(0, self.trace_id, None);
        self.serve(entry, 0, at, 1, true);
    }

    fn id(&mut self) -> Id {
        // Zero means "none" in too many places to be an id.
        Id(self.ids.next_u64().max(1))
    }

    /// A span that asks `service` for something, without annotations.
    fn span(&mut self, service: usize, id: Id, parent_id: Option<Id>) -> Span {
        self.spans += 1;
        let operations = &self.graph[service].operations;
        let name = operations[self.shape.below(operations.len() as u64) as usize].clone();
        Span { trace_id: self.trace_id, name, id, parent_id, ..Span::default() }
    }

    /// The server's half of `span` from `received` on, with all calls that it makes; returns when it answered and
    /// whether it failed.
    fn serve(
        &mut self,
        span: Span,
        service: usize,
        received: Time,
        depth: usize,
        entry: bool,
    ) -> (Time, bool) {
        let host = &self.graph[service].endpoint;
        let mut now = received + self.work(200, 4_000);
        if depth < self.config.depth {
            for callee in self.callees(service) {
                now = self.call(&span, host, callee, now, depth) + self.work(50, 1_000);
            }
        }
        let answered = now + self.work(100, 2_000);
        let error = self.error();
        let mut half = with_times(span, host, [("sr", received), ("ss", answered)]);
        if entry {
            (half.timestamp, half.duration) = (Some(stamp(received)), Some(length(received, answered)));
        }
        add_tags(&mut half, host, error);
        self.messages.push(Message::new(answered, half, Dialect::Zipkin));
        (answered, error.is_some())
    }

    /// A call from `host` to `callee`, both halves; returns when it was over.
    fn call(&mut self, parent: &Span, host: &Endpoint, callee: usize, sent: Time, depth: usize) -> Time {
        if self.spans >= MAX_SPANS {
            return sent;
        }
        let id = self.id();
        let span = self.span(callee, id, Some(parent.id));
        let received = sent + self.work(100, 1_500);
        let (answered, failed) = self.serve(span.clone(), callee, received, depth + 1, false);
        let over = answered + self.work(100, 1_500);
        let mut half = with_times(span, host, [("cs", sent), ("cr", over)]);
        (half.timestamp, half.duration) = (Some(stamp(sent)), Some(length(sent, over)));
        let peer = &self.graph[callee].endpoint;
        half.binary_annotations.push(BinaryAnnotation {
            key: "sa".to_owned(),
            value: vec![1],
            kind: crate::AnnotationType::Bool,
            endpoint: Some(peer.clone()),
        });
        add_tags(&mut half, host, failed.then_some(ERRORS[0]));
        self.messages.push(Message::new(over, half, Dialect::Zipkin));
        over
    }

    /// Which services one request of `service` calls: one at least, if it calls any.
    fn callees(&mut self, service: usize) -> Vec<usize> {
        let mut calls = self.graph[service].calls.clone();
        self.shape.shuffle(&mut calls);
        let count = self.shape.between(1, calls.len() as u64) as usize;
        calls.truncate(count);
        calls
    }

    fn work(&mut self, low: u64, high: u64) -> Duration {
        Duration::from_micros(self.delays.between(low, high))
    }

    fn error(&mut self) -> Option<&'static str> {
        if self.config.error_rate <= 0.0 || !self.errors.chance(self.config.error_rate) {
            return None;
        }
        Some(ERRORS[self.errors.below(ERRORS.len() as u64) as usize])
    }
}

fn stamp(at: Time) -> i64 {
    super::micros(at)
}

fn length(from: Time, to: Time) -> i64 {
    stamp(to) - stamp(from)
}

fn with_times(mut span: Span, host: &Endpoint, times: [(&str, Time); 2]) -> Span {
    span.annotations = times.map(|(value, at)| Annotation::new(stamp(at), value, host)).to_vec();
    span
}

fn add_tags(span: &mut Span, host: &Endpoint, error: Option<&str>) {
    if let Some((method, path)) = span.name.split_once(' ') {
        let tags = [("http.method", method.to_uppercase()), ("http.path", path.to_owned())];
        span.binary_annotations.extend(tags.map(|(key, value)| BinaryAnnotation::text(key, &value, host)));
    }
    if let Some(error) = error {
        span.binary_annotations.push(BinaryAnnotation::text("error", error, host));
    }
}
