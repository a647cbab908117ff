//! Which rows a span becomes, and which of them need not be written again.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use stacklab_machine::{Rng, Time};
use stacklab_traces::{
    AnnotationType, CORE_ANNOTATIONS, Span, annotations_hash, binary_annotations_hash, encode_span,
};

use super::schema::BUCKETS;

/// How long a service or span name counts as written.
const NAMES_TTL: Duration = Duration::from_secs(3600);
/// Names that are remembered; the original sets no bound.
const MAX_NAMES: usize = 100_000;
/// Longest indexed tag value in UTF-16 units.
const LONGEST_VALUE: usize = 256;

/// One row to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs)] // Fields are named after the columns.
pub enum Write {
    /// Into `traces`.
    Span { trace_id: i64, ts: i64, span_name: String, span: Vec<u8> },
    /// Into `service_names`.
    ServiceName { service_name: String },
    /// Into `span_names`.
    SpanName { service_name: String, span_name: String },
    /// Into `service_name_index`.
    ByService { ts: i64, trace_id: i64, service_name: String, bucket: i32 },
    /// Into `service_span_name_index`.
    BySpan { ts: i64, trace_id: i64, service_span_name: String },
    /// Into `annotations_index`.
    ByAnnotation { ts: i64, trace_id: i64, annotation: Vec<u8>, bucket: i32 },
}

/// The cache of index rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IntakeConfig {
    /// Entries: 100,000 in the original; 0 turns it off.
    pub index_cache_max: usize,
    /// How long an entry counts: 60 s in the original.
    pub index_cache_ttl: Duration,
}

impl Default for IntakeConfig {
    fn default() -> Self {
        Self { index_cache_max: 100_000, index_cache_ttl: Duration::from_secs(60) }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Index {
    Service,
    Span,
    Annotation,
}

type IndexKey = (Index, String, i64);

/// Turns spans into rows, and remembers what was written lately.
#[derive(Debug, Clone)]
pub struct Intake {
    config: IntakeConfig,
    buckets: Rng,
    names: Remembered<(String, Option<String>), ()>,
    /// First and last time of a trace in a partition, in ms.
    ranges: Remembered<IndexKey, (i64, i64)>,
}

impl Intake {
    /// With nothing remembered; `buckets` is the stream out of which buckets are drawn.
    pub fn new(config: IntakeConfig, buckets: Rng) -> Self {
        Self { config, buckets, names: Remembered::default(), ranges: Remembered::default() }
    }

    /// The rows for spans that came together, which must be [normalized](Span::normalized).
    pub fn accept(&mut self, now: Time, spans: &[Span]) -> Vec<Write> {
        let mut writes = Vec::new();
        for span in spans {
            writes.push(span_row(span));
            self.names(now, span, &mut writes);
        }
        for index in [Index::Service, Index::Span, Index::Annotation] {
            self.index(now, index, spans, &mut writes);
        }
        writes
    }

    /// A row could not be written: if it is a name's, the next span with that name tries again.
    pub fn forget(&mut self, write: &Write) {
        match write {
            Write::ServiceName { service_name } => self.names.remove(&(service_name.clone(), None)),
            Write::SpanName { service_name, span_name } => {
                self.names.remove(&(service_name.clone(), Some(span_name.clone())));
            }
            _ => {}
        }
    }

    fn names(&mut self, now: Time, span: &Span, writes: &mut Vec<Write>) {
        for service in span.service_names() {
            let service_name = service.to_owned();
            if self.is_new_name(now, (service_name.clone(), None)) {
                writes.push(Write::ServiceName { service_name: service_name.clone() });
            }
            let span_name = span.name.clone();
            if !span_name.is_empty() && self.is_new_name(now, (service_name.clone(), Some(span_name.clone())))
            {
                writes.push(Write::SpanName { service_name, span_name });
            }
        }
    }

    fn is_new_name(&mut self, now: Time, name: (String, Option<String>)) -> bool {
        let new = self.names.get(now, NAMES_TTL, &name).is_none();
        if new {
            self.names.put(now, MAX_NAMES, NAMES_TTL, name, ());
        }
        new
    }

    fn index(&mut self, now: Time, index: Index, spans: &[Span], writes: &mut Vec<Write>) {
        let mut found: BTreeMap<IndexKey, BTreeSet<i64>> = BTreeMap::new();
        for span in spans {
            let Some(timestamp) = span.guess_timestamp() else { continue };
            for partition in partitions(index, span) {
                let key = (index, partition, span.trace_id.signed());
                found.entry(key).or_default().insert(timestamp / 1000);
            }
        }
        for (key, times) in found {
            for ts in self.worth_writing(now, &key, &times) {
                writes.push(index_row(&key, ts, &mut self.buckets));
            }
        }
    }

    /// Those of the times that widen what is known of the trace in this partition: at most the first and the last.
    fn worth_writing(&mut self, now: Time, key: &IndexKey, times: &BTreeSet<i64>) -> Vec<i64> {
        if self.config.index_cache_max == 0 {
            return times.iter().copied().collect();
        }
        let ttl = self.config.index_cache_ttl;
        let known = self.ranges.get(now, ttl, key).copied();
        let (Some(&first), Some(&last)) = (times.first(), times.last()) else { return Vec::new() };
        let wider = known.map_or((first, last), |(low, high)| (low.min(first), high.max(last)));
        if known == Some(wider) {
            return Vec::new();
        }
        self.ranges.put(now, self.config.index_cache_max, ttl, key.clone(), wider);
        let ends = BTreeSet::from([wider.0, wider.1]);
        ends.intersection(times).copied().collect()
    }
}

/// The row of `traces`: under the span's start in ms, 0 if nobody can tell it.
fn span_row(span: &Span) -> Write {
    let annotations = annotations_hash(&span.annotations);
    let tags = binary_annotations_hash(&span.binary_annotations);
    Write::Span {
        trace_id: span.trace_id.signed(),
        ts: span.guess_timestamp().unwrap_or(0) / 1000,
        span_name: format!("{}_{annotations}_{tags}", span.id.signed()),
        span: encode_span(span),
    }
}

fn partitions(index: Index, span: &Span) -> BTreeSet<String> {
    match index {
        Index::Service => span.service_names().into_iter().map(str::to_owned).collect(),
        Index::Span if span.name.is_empty() => BTreeSet::new(),
        Index::Span => {
            span.service_names().iter().map(|service| format!("{service}.{}", span.name)).collect()
        }
        Index::Annotation => annotation_keys(span),
    }
}

/// What can be searched for besides names: annotations that are not core ones, and tags that are texts.
fn annotation_keys(span: &Span) -> BTreeSet<String> {
    let mut keys = BTreeSet::new();
    for annotation in &span.annotations {
        let service = annotation.endpoint.as_ref().map_or("", |endpoint| &endpoint.service_name);
        if !service.is_empty() && !CORE_ANNOTATIONS.contains(&annotation.value.as_str()) {
            keys.insert(format!("{service}:{}", annotation.value));
        }
    }
    for tag in &span.binary_annotations {
        let service = tag.endpoint.as_ref().map_or("", |endpoint| &endpoint.service_name);
        if service.is_empty() || tag.kind != AnnotationType::String || tag.value.len() > LONGEST_VALUE * 4 {
            continue;
        }
        let value = String::from_utf8_lossy(&tag.value);
        if value.encode_utf16().count() <= LONGEST_VALUE {
            keys.insert(format!("{service}:{}:{value}", tag.key));
        }
    }
    keys
}

fn index_row(key: &IndexKey, ts: i64, buckets: &mut Rng) -> Write {
    let (index, partition, trace_id) = (key.0, key.1.clone(), key.2);
    let mut bucket = || buckets.below(BUCKETS as u64) as i32;
    match index {
        Index::Service => Write::ByService { ts, trace_id, service_name: partition, bucket: bucket() },
        Index::Span => Write::BySpan { ts, trace_id, service_span_name: partition },
        Index::Annotation => {
            Write::ByAnnotation { ts, trace_id, annotation: partition.into_bytes(), bucket: bucket() }
        }
    }
}

/// Entries that count for a while after they were put in, the oldest given up first when there are too many.
#[derive(Debug, Clone)]
struct Remembered<K, V> {
    entries: BTreeMap<K, (Time, V)>,
    /// When each was put in, oldest first; an entry that was put in again is in here twice.
    ages: VecDeque<(Time, K)>,
}

impl<K, V> Default for Remembered<K, V> {
    fn default() -> Self {
        Self { entries: BTreeMap::new(), ages: VecDeque::new() }
    }
}

impl<K: Ord + Clone, V> Remembered<K, V> {
    fn get(&self, now: Time, ttl: Duration, key: &K) -> Option<&V> {
        self.entries.get(key).filter(|(put, _)| now < *put + ttl).map(|(_, value)| value)
    }

    fn put(&mut self, now: Time, max: usize, ttl: Duration, key: K, value: V) {
        self.entries.insert(key.clone(), (now, value));
        self.ages.push_back((now, key));
        while let Some((put, key)) = self.ages.front() {
            let current = self.entries.get(key).is_some_and(|(current, _)| current == put);
            if current && self.entries.len() <= max && now < *put + ttl {
                break;
            }
            if current {
                self.entries.remove(key);
            }
            self.ages.pop_front();
        }
    }

    fn remove(&mut self, key: &K) {
        self.entries.remove(key);
    }
}
