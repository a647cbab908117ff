//! The keyspace's tables as plain values: what a simulation has instead of a Cassandra.

use std::collections::{BTreeMap, BTreeSet};

use stacklab_traces::{DecodeError, Id, Span, decode_span};

use super::schema::MAX_SPAN_NAMES;
use super::skew::NoTimestamp;
use super::{TraceIndex, TraceQuery, Write, adjusted, intersect, sort_traces};

/// Times and traces of one partition, over all its buckets.
type Rows = BTreeSet<(i64, i64)>;

/// Rows by table. TTLs are not played: they are days, a run is minutes.
#[derive(Debug, Clone, Default)]
pub struct SpanTables {
    /// By trace, time and row name.
    traces: BTreeMap<i64, BTreeMap<(i64, String), Vec<u8>>>,
    service_names: BTreeSet<String>,
    span_names: BTreeMap<String, BTreeSet<String>>,
    by_service: BTreeMap<String, Rows>,
    by_span: BTreeMap<String, Rows>,
    by_annotation: BTreeMap<Vec<u8>, Rows>,
}

impl SpanTables {
    /// Empty tables.
    pub fn new() -> Self {
        Self::default()
    }

    /// Writes a row.
    pub fn write(&mut self, write: Write) {
        match write {
            Write::Span { trace_id, ts, span_name, span } => {
                self.traces.entry(trace_id).or_default().insert((ts, span_name), span);
            }
            Write::ServiceName { service_name } => {
                self.service_names.insert(service_name);
            }
            Write::SpanName { service_name, span_name } => {
                self.span_names.entry(service_name).or_default().insert(span_name);
            }
            Write::ByService { ts, trace_id, service_name, .. } => {
                self.by_service.entry(service_name).or_default().insert((ts, trace_id));
            }
            Write::BySpan { ts, trace_id, service_span_name } => {
                self.by_span.entry(service_span_name).or_default().insert((ts, trace_id));
            }
            Write::ByAnnotation { ts, trace_id, annotation, .. } => {
                self.by_annotation.entry(annotation).or_default().insert((ts, trace_id));
            }
        }
    }

    /// The blobs of `traces`.
    pub fn spans(&self) -> impl Iterator<Item = &[u8]> {
        self.traces.values().flat_map(|rows| rows.values().map(Vec::as_slice))
    }

    /// All services, sorted.
    pub fn service_names(&self) -> impl Iterator<Item = &str> {
        self.service_names.iter().map(String::as_str)
    }

    /// The span names of a service, sorted, at most 1000.
    pub fn span_names(&self, service: &str) -> impl Iterator<Item = &str> {
        let names = self.span_names.get(&service.to_lowercase()).into_iter().flatten();
        names.map(String::as_str).take(MAX_SPAN_NAMES as usize)
    }

    /// A trace, merged and corrected; `None` if there is none.
    pub fn trace(&self, trace: Id) -> Result<Option<Vec<Span>>, DecodeError> {
        let Some(rows) = self.traces.get(&trace.signed()) else { return Ok(None) };
        let spans = rows.values().map(|blob| decode_span(blob).map(Span::normalized));
        let spans = spans.collect::<Result<_, _>>()?;
        let refused = |why: NoTimestamp| DecodeError::Refused { why: why.to_string().into(), what: "Span" };
        Ok(Some(adjusted(spans).map_err(refused)?))
    }

    /// The traces that a search finds, the newest first.
    pub fn traces(&self, query: &TraceQuery) -> Result<Vec<Vec<Span>>, DecodeError> {
        let mut lists = vec![match &query.index {
            TraceIndex::Span(name) => newest(self.by_span.get(name), query),
            TraceIndex::Service(service) => newest(self.by_service.get(service), query),
            TraceIndex::AllServices => newest(self.by_service.values(), query),
        }];
        for annotation in &query.annotations {
            lists.push(newest(self.by_annotation.get(annotation.as_bytes()), query));
        }
        let mut traces = Vec::new();
        for id in intersect(&lists, query.limit) {
            traces.extend(self.trace(Id::from_signed(id))?.filter(|trace| !trace.is_empty()));
        }
        sort_traces(&mut traces);
        Ok(traces)
    }
}

/// The traces in the time that is asked for, the newest first, as many rows as are read.
fn newest<'a>(partitions: impl IntoIterator<Item = &'a Rows>, query: &TraceQuery) -> Vec<i64> {
    let range = (query.start_ts, i64::MIN)..=(query.end_ts, i64::MAX);
    let mut rows: Vec<(i64, i64)> = match query.start_ts <= query.end_ts {
        true => partitions.into_iter().flat_map(|rows| rows.range(range.clone()).copied()).collect(),
        false => Vec::new(),
    };
    rows.sort_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(&b.1)));
    rows.truncate(query.index_rows.max(0) as usize);
    rows.into_iter().map(|(_, trace)| trace).collect()
}
