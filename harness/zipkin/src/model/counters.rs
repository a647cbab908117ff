//! What a collector counts, by transport.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};

/// What came in through one transport since the start.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct CollectorCounts {
    /// Messages.
    pub messages: u64,
    /// Messages that could not be decoded.
    pub messages_dropped: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Spans in them.
    pub spans: u64,
    /// Spans that could not be stored.
    pub spans_dropped: u64,
    /// Bytes of the last message.
    pub message_bytes: u64,
    /// Spans of the last message.
    pub message_spans: u64,
}

/// Through which way spans come in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transport {
    /// Messages of the span topic.
    Kafka,
    /// POST /api/v1/spans.
    Http,
}

/// Counts for all transports; shared by the tasks of a component.
#[derive(Debug, Default)]
pub struct Counters {
    kafka: TransportCounters,
    http: TransportCounters,
}

/// Counts for one transport.
#[derive(Debug, Default)]
pub struct TransportCounters {
    messages: AtomicU64,
    messages_dropped: AtomicU64,
    bytes: AtomicU64,
    spans: AtomicU64,
    spans_dropped: AtomicU64,
    message_bytes: AtomicU64,
    message_spans: AtomicU64,
}

impl Counters {
    /// The counters of a transport.
    pub const fn of(&self, transport: Transport) -> &TransportCounters {
        match transport {
            Transport::Kafka => &self.kafka,
            Transport::Http => &self.http,
        }
    }

    /// The counts by transport; a transport without a message is left out.
    pub fn snapshot(&self) -> BTreeMap<&'static str, CollectorCounts> {
        let all = [("kafka", &self.kafka), ("http", &self.http)];
        all.into_iter()
            .map(|(name, counters)| (name, counters.snapshot()))
            .filter(|(_, counts)| *counts != CollectorCounts::default())
            .collect()
    }

    /// The counts as `/metrics` names them. A counter is there once it has counted, as in the original.
    /// Counters are whole numbers, gauges are not.
    pub fn metrics(&self) -> BTreeMap<String, serde_json::Number> {
        let mut metrics = BTreeMap::new();
        for (transport, counts) in self.snapshot() {
            let values = [
                ("counter", "messages", counts.messages),
                ("counter", "messages_dropped", counts.messages_dropped),
                ("counter", "bytes", counts.bytes),
                ("counter", "spans", counts.spans),
                ("counter", "spans_dropped", counts.spans_dropped),
                ("gauge", "message_bytes", counts.message_bytes),
                ("gauge", "message_spans", counts.message_spans),
            ];
            for (kind, name, value) in values.into_iter().filter(|(.., value)| *value > 0) {
                let gauge = serde_json::Number::from_f64(value as f64).filter(|_| kind == "gauge");
                let number = gauge.unwrap_or_else(|| value.into());
                metrics.insert(format!("{kind}.zipkin_collector.{name}.{transport}"), number);
            }
        }
        metrics
    }
}

impl TransportCounters {
    /// A message came.
    pub fn message(&self) {
        self.messages.fetch_add(1, Ordering::Relaxed);
    }

    /// It had so many bytes.
    pub fn bytes(&self, count: usize) {
        self.bytes.fetch_add(count as u64, Ordering::Relaxed);
        self.message_bytes.store(count as u64, Ordering::Relaxed);
    }

    /// It could not be decoded.
    pub fn message_dropped(&self) {
        self.messages_dropped.fetch_add(1, Ordering::Relaxed);
    }

    /// It held so many spans.
    pub fn spans(&self, count: usize) {
        self.spans.fetch_add(count as u64, Ordering::Relaxed);
        self.message_spans.store(count as u64, Ordering::Relaxed);
    }

    /// So many spans could not be stored.
    pub fn spans_dropped(&self, count: usize) {
        self.spans_dropped.fetch_add(count as u64, Ordering::Relaxed);
    }

    /// The counts.
    pub fn snapshot(&self) -> CollectorCounts {
        let get = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        CollectorCounts {
            messages: get(&self.messages),
            messages_dropped: get(&self.messages_dropped),
            bytes: get(&self.bytes),
            spans: get(&self.spans),
            spans_dropped: get(&self.spans_dropped),
            message_bytes: get(&self.message_bytes),
            message_spans: get(&self.message_spans),
        }
    }
}
