//! What must be found again of a workload, as Zipkin shows it.

use std::collections::{BTreeMap, BTreeSet};

use crate::{Id, Span};

/// What must be found of a workload.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Expectation {
    /// The traces, by the id under which they are stored.
    pub traces: BTreeMap<Id, ExpectedTrace>,
    /// What `/api/v1/spans?serviceName=…` must list, by service; the keys are what `/api/v1/services` must list.
    pub span_names: BTreeMap<String, BTreeSet<String>>,
}

/// What must be found of one trace. Names are in lower case, as Zipkin answers them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ExpectedTrace {
    /// The id in hex, 16 or 32 digits: what `/api/v1/trace/{id}` is asked for.
    pub trace_id: String,
    /// Its spans.
    pub span_ids: BTreeSet<Id>,
    /// The services in it.
    pub service_names: BTreeSet<String>,
    /// The names of its spans; a merged span shows one of its halves' names.
    pub span_names: BTreeSet<String>,
    /// The services by which a search finds it: those of halves for which Zipkin can tell a start.
    pub found_by: BTreeSet<String>,
}

impl Expectation {
    /// What must be found when these spans have been reported.
    pub fn of<'a>(spans: impl IntoIterator<Item = &'a Span>) -> Self {
        let mut all = Self::default();
        for span in spans {
            all.add(span);
        }
        all
    }

    /// Adds a span.
    pub fn add(&mut self, span: &Span) {
        let name = span.name.to_lowercase();
        let services: BTreeSet<String> = span.service_names().into_iter().map(str::to_lowercase).collect();
        let trace = self.traces.entry(span.trace_id).or_default();
        trace.trace_id = span.trace_id_hex();
        trace.span_ids.insert(span.id);
        if span.guess_timestamp().is_some() {
            trace.found_by.extend(services.iter().cloned());
        }
        if !name.is_empty() {
            trace.span_names.insert(name.clone());
        }
        for service in services {
            let names = self.span_names.entry(service.clone()).or_default();
            if !name.is_empty() {
                names.insert(name.clone());
            }
            trace.service_names.insert(service);
        }
    }

    /// How many different spans there are in all traces.
    pub fn span_count(&self) -> usize {
        self.traces.values().map(|trace| trace.span_ids.len()).sum()
    }
}
