//! What a sequence consists of: spans on their way in, and questions.

use std::io::Write as _;

use flate2::Compression;
use flate2::write::GzEncoder;
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::{Just, Strategy, any, prop_oneof};
use proptest::sample::select;
use stacklab_traces::{Span, encode_span, encode_spans, write_json_spans};

use crate::ask::{Ask, get, post};
use crate::both::Generator;
use crate::plan::{NAMES, Plan, Run, SERVICES, TRACES, VALUES, plan};

/// One of them.
#[derive(Clone, Debug)]
pub(crate) enum Operation {
    /// Spans come in.
    Store {
        form: Form,
        plans: Vec<Plan>,
        /// Tells their tags apart from those of other spans.
        salt: usize,
    },
    /// Both are asked about what the real one has stored.
    Ask(Question),
}

/// In which form spans come.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Form {
    Json,
    Thrift,
    PackedJson,
    /// A message with a Thrift list.
    KafkaList,
    /// A message each with one Thrift span.
    KafkaSpans,
    /// A message with a JSON list.
    KafkaJson,
}

impl Form {
    /// The request, if it is one.
    pub(crate) fn request(self, spans: &[Span]) -> Option<Ask> {
        let json = || write_json_spans(spans).into_bytes();
        match self {
            Self::Json => Some(post("application/json", json())),
            Self::Thrift => Some(post("application/x-thrift", encode_spans(spans))),
            Self::PackedJson => {
                let mut packer = GzEncoder::new(Vec::new(), Compression::fast());
                packer.write_all(&json()).unwrap();
                Some(post("application/json", packer.finish().unwrap()).with("content-encoding", "gzip"))
            }
            _ => None,
        }
    }

    /// The messages, if it is some.
    pub(crate) fn messages(self, spans: &[Span]) -> Vec<Vec<u8>> {
        match self {
            Self::KafkaList => vec![encode_spans(spans)],
            Self::KafkaSpans => spans.iter().map(encode_span).collect(),
            Self::KafkaJson => vec![write_json_spans(spans).into_bytes()],
            _ => Vec::new(),
        }
    }
}

/// A question; names and times are those of the sequence.
#[derive(Clone, Debug)]
pub(crate) enum Question {
    Services,
    SpanNames(&'static str),
    Trace { trace: u64, raw: bool },
    Traces { parameters: Vec<(&'static str, Wanted)>, packed: bool, origin: bool },
}

/// The value of a parameter.
#[derive(Clone, Debug)]
pub(crate) enum Wanted {
    Service(&'static str),
    Text(&'static str),
    /// ms from the beginning of the sequence.
    Time(i64),
}

impl Question {
    pub(crate) fn ask(&self, run: Run) -> Ask {
        match self {
            Self::Services => get("/api/v1/services"),
            Self::SpanNames(service) => {
                get(format!("/api/v1/spans?serviceName={}", escape(&run.service(service))))
            }
            Self::Trace { trace, raw } => {
                get(format!("/api/v1/trace/{}{}", run.trace_id(*trace), if *raw { "?raw" } else { "" }))
            }
            Self::Traces { parameters, packed, origin } => {
                let pairs = parameters.iter().map(|(name, wanted)| {
                    let value = match wanted {
                        Wanted::Service(service) => run.service(service),
                        Wanted::Text(text) => (*text).to_owned(),
                        Wanted::Time(at) => (run.begin() / 1000 + at).to_string(),
                    };
                    format!("{name}={}", escape(&value))
                });
                let mut ask = get(format!("/api/v1/traces?{}", pairs.collect::<Vec<_>>().join("&")));
                if *packed {
                    ask = ask.with("accept-encoding", "gzip");
                }
                if *origin {
                    ask = ask.with("origin", "http://example.com");
                }
                ask
            }
        }
    }
}

fn escape(text: &str) -> String {
    stacklab_machine::http::encode(text)
}

fn question() -> impl Strategy<Value = Question> {
    prop_oneof![
        1 => Just(Question::Services),
        2 => select(SERVICES.to_vec()).prop_map(Question::SpanNames),
        6 => (0..=TRACES, any::<bool>()).prop_map(|(trace, raw)| Question::Trace { trace, raw }),
        8 => traces(),
    ]
}

fn traces() -> impl Strategy<Value = Question> {
    let service = option::weighted(
        0.8,
        prop_oneof![8 => select(SERVICES.to_vec()).prop_map(Wanted::Service),
        1 => select(vec!["", "nobody"]).prop_map(Wanted::Text)],
    );
    let span = option::weighted(0.4, select([&NAMES[..], &["all", "none"]].concat()).prop_map(Wanted::Text));
    let annotations = option::weighted(0.4, select(annotation_queries()).prop_map(Wanted::Text));
    let end = prop_oneof![
        6 => Just(Wanted::Time(60_000)),
        2 => (0..25_i64).prop_map(Wanted::Time),
        1 => select(vec!["0", "-1", "x", ""]).prop_map(Wanted::Text),
    ];
    let lookback = option::weighted(
        0.5,
        select(vec!["60000", "59990", "0", "10", "-5", "", "7"]).prop_map(Wanted::Text),
    );
    let limit = option::weighted(
        0.5,
        select(vec!["1", "2", "3", "10", "0", "-1", "100", "", "y"]).prop_map(Wanted::Text),
    );
    let durations = option::weighted(0.2, select(vec!["1", "5000", "0", "-1", ""]).prop_map(Wanted::Text));
    let longest = option::weighted(0.2, select(vec!["1", "5000", "0", ""]).prop_map(Wanted::Text));
    let rest = (lookback, limit, durations, longest);
    (service, span, annotations, end, rest, any::<bool>(), proptest::bool::weighted(0.1)).prop_map(
        |(service, span, annotations, end, (lookback, limit, shortest, longest), packed, origin)| {
            let all = [
                ("serviceName", service),
                ("spanName", span),
                ("annotationQuery", annotations),
                ("endTs", Some(end)),
                ("lookback", lookback),
                ("limit", limit),
                ("minDuration", shortest),
                ("maxDuration", longest),
            ];
            let parameters = all.into_iter().filter_map(|(name, value)| Some((name, value?))).collect();
            Question::Traces { parameters, packed, origin }
        },
    )
}

fn annotation_queries() -> Vec<&'static str> {
    let mut queries = VALUES.to_vec();
    queries.extend([
        "",
        "retry and ärger 🙂",
        "http.path=/a",
        "http.path=/A",
        "error=500 and retry",
        "größe=/a",
    ]);
    queries.extend([
        "lc",
        "http.path",
        "http.path=",
        "=",
        "a b=/a",
        " and ",
        "error=ü🙂\u{2028}\"\\",
        "retry and Retry",
    ]);
    queries
}

/// A sequence: some spans, then questions among more spans.
pub(crate) fn sequence(draw: &mut Generator, length: usize) -> Vec<Operation> {
    use Form::{Json, KafkaJson, KafkaList, KafkaSpans, PackedJson, Thrift};
    // A trace keeps to one way: what was indexed lately is remembered by the process.
    let over_kafka = draw.draw(&proptest::bool::weighted(0.3));
    let forms =
        if over_kafka { vec![KafkaList, KafkaSpans, KafkaJson] } else { vec![Json, Thrift, PackedJson] };
    let mut operations: Vec<Operation> = Vec::new();
    while operations.len() < length {
        let salt = operations.len();
        if salt == 0 || draw.draw(&proptest::bool::weighted(0.2)) {
            let form = draw.draw(&select(forms.clone()));
            let plans = draw.draw(&vec(plan(), 1..6));
            // One span id more than once in one message: its tags would be drawn by lot, too.
            operations.push(Operation::Store { form, plans, salt });
            if draw.draw(&proptest::bool::weighted(0.1)) {
                operations.extend(operations.last().cloned());
            }
        } else {
            operations.push(Operation::Ask(draw.draw(&question())));
        }
    }
    operations
}

/// The spans of a message. Tags are told apart by the message and, for spans of one id, by their place in it.
pub(crate) fn spans(plans: &[Plan], run: Run, salt: usize) -> Vec<Span> {
    plans.iter().enumerate().map(|(at, plan)| plan.span(run, salt * 10 + at)).collect()
}
