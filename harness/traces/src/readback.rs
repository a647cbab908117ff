//! How far each span came: produced, in the log, consumed, stored, answered.

use std::collections::BTreeMap;

use stacklab_machine::Outbox;
use stacklab_machine::timeline::{Stage, What};

use crate::{Id, Message, Span, decode_span, encode_span};

/// A message of a workload, by its place in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct MessageId(pub usize);

/// A span that was not found again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Missing {
    /// Which message said it.
    pub message: MessageId,
    /// The trace, in hex.
    pub trace: String,
    /// The span, in hex.
    pub span: String,
    /// The last stage at which it was seen; none if it was not even produced.
    pub reached: Option<Stage>,
}

/// Is told at which stage each message of a workload was seen, and says what is missing and how far it came.
///
/// Two halves of one span are two messages here: they are told apart up to the storage, and count as answered
/// together.
#[derive(Clone, Debug, Default)]
pub struct Readback {
    spans: Vec<Tracked>,
    by_value: BTreeMap<Vec<u8>, Vec<usize>>,
    by_blob: BTreeMap<Vec<u8>, Vec<usize>>,
    by_id: BTreeMap<(Id, Id), Vec<usize>>,
    counts: [usize; STAGES.len()],
    noted: [usize; STAGES.len()],
}

#[derive(Clone, Debug)]
struct Tracked {
    trace: String,
    id: Id,
    reached: Option<Stage>,
}

const STAGES: [Stage; 5] = [Stage::Produced, Stage::InLog, Stage::Consumed, Stage::Stored, Stage::Queried];

impl Readback {
    /// Begins with nothing seen of `messages`.
    pub fn new(messages: &[Message]) -> Self {
        let mut all = Self::default();
        for message in messages {
            let index = all.spans.len();
            let span = &message.span;
            all.by_value.entry(message.value.clone()).or_default().push(index);
            all.by_blob.entry(blob(span.clone())).or_default().push(index);
            all.by_id.entry((span.trace_id, span.id)).or_default().push(index);
            all.spans.push(Tracked { trace: span.trace_id_hex(), id: span.id, reached: None });
        }
        all
    }

    /// A message was seen at a stage, which it is taken to have reached through all those before. Unknown messages
    /// and stages reached already change nothing.
    pub fn reach(&mut self, message: MessageId, stage: Stage) {
        let Some(tracked) = self.spans.get_mut(message.0) else { return };
        let before = tracked.reached;
        if before >= Some(stage) {
            return;
        }
        tracked.reached = Some(stage);
        for (count, passed) in self.counts.iter_mut().zip(STAGES) {
            *count += usize::from(before < Some(passed) && passed <= stage);
        }
    }

    /// The producer was told that the broker has the message.
    pub fn produced(&mut self, message: MessageId) {
        self.reach(message, Stage::Produced);
    }

    /// A message with this value was fetched from the topic. False if it is none of ours.
    pub fn in_log(&mut self, value: &[u8]) -> bool {
        self.reach_all(self.by_value.get(value).cloned(), Stage::InLog)
    }

    /// The collector's offset is behind the message with this value. False if it is none of ours.
    pub fn consumed(&mut self, value: &[u8]) -> bool {
        self.reach_all(self.by_value.get(value).cloned(), Stage::Consumed)
    }

    /// This blob was found in Cassandra's table `traces`. False if it is none of ours.
    pub fn stored(&mut self, span_blob: &[u8]) -> bool {
        let key = decode_span(span_blob).map(blob);
        self.reach_all(key.ok().and_then(|key| self.by_blob.get(&key).cloned()), Stage::Stored)
    }

    /// The query service answered with this span. False if it is none of ours.
    pub fn queried(&mut self, trace: Id, span: Id) -> bool {
        self.reach_all(self.by_id.get(&(trace, span)).cloned(), Stage::Queried)
    }

    fn reach_all(&mut self, found: Option<Vec<usize>>, stage: Stage) -> bool {
        let found = found.unwrap_or_default();
        for &index in &found {
            self.reach(MessageId(index), stage);
        }
        !found.is_empty()
    }

    /// How many messages there are.
    pub fn total(&self) -> usize {
        self.spans.len()
    }

    /// How many messages came this far or further.
    pub fn reached(&self, stage: Stage) -> usize {
        STAGES.iter().position(|&other| other == stage).map_or(0, |index| self.counts[index])
    }

    /// Whether every span is answered.
    pub fn is_complete(&self) -> bool {
        self.reached(Stage::Queried) == self.total()
    }

    /// The spans that are not answered yet.
    pub fn missing(&self) -> impl Iterator<Item = Missing> + '_ {
        let late = self.spans.iter().enumerate().filter(|(_, span)| span.reached != Some(Stage::Queried));
        late.map(|(index, span)| Missing {
            message: MessageId(index),
            trace: span.trace.clone(),
            span: span.id.to_string(),
            reached: span.reached,
        })
    }

    /// Notes [`What::SpansReached`] for each stage that more spans have come to since the last call.
    pub fn note_progress<O>(&mut self, out: &mut Outbox<O>) {
        let of = self.total();
        for (index, stage) in STAGES.into_iter().enumerate() {
            let spans = self.counts[index];
            if spans != self.noted[index] {
                self.noted[index] = spans;
                out.note(What::SpansReached { stage, spans, of });
            }
        }
    }

    /// Notes [`What::SpanMissing`] for each span that is not answered.
    pub fn note_missing<O>(&self, out: &mut Outbox<O>) {
        for Missing { trace, span, reached, .. } in self.missing() {
            out.note(What::SpanMissing { trace, span, reached });
        }
    }
}

/// The span as it is stored.
fn blob(span: Span) -> Vec<u8> {
    encode_span(&span.normalized())
}
