//! Spans as they are drawn: by small numbers instead of ids, so that a sequence can be run again with fresh ones.

use std::fmt;

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::{Just, Strategy, any, prop_oneof};
use proptest::sample::select;
use stacklab_traces::{Annotation, AnnotationType, BinaryAnnotation, Endpoint, Id, Span, write_json_span};

/// Traces of a sequence.
pub(crate) const TRACES: u64 = 3;
/// µs between the beginnings of two sequences.
const APART: i64 = 600_000_000;
/// Beginning of the first one, in µs.
const BEGIN: i64 = 1_700_200_000_000_000;

pub(crate) const SERVICES: [&str; 3] = ["Web", "db", "büro"];
pub(crate) const NAMES: [&str; 6] = ["get", "GET /x", "Größe", "", "unknown", "a.b"];
pub(crate) const VALUES: [&str; 9] = ["cs", "cr", "sr", "ss", "retry", "Retry", "ärger 🙂", "a=b", "wr"];
const KEYS: [&str; 6] = ["http.path", "lc", "sa", "error", "größe", "a b"];
const HOSTS: usize = 5;

/// What makes one run of a sequence different from all others.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Run(pub(crate) u64);

impl Run {
    pub(crate) fn trace_id(self, trace: u64) -> Id {
        Id((self.0 + 1) << 32 | trace)
    }

    /// When it begins, in µs.
    pub(crate) fn begin(self) -> i64 {
        BEGIN + self.0 as i64 * APART
    }

    pub(crate) fn service(self, service: &str) -> String {
        format!("{service}{}", self.marker())
    }

    /// What the names of its services end with; those of the sample are as they are.
    pub(crate) fn marker(self) -> String {
        if self.0 == 0 { String::new() } else { format!("-{}", self.0) }
    }

    fn host(self, host: usize) -> Option<Endpoint> {
        let named = |at: usize| self.service(SERVICES[at]);
        match host {
            0 => Some(Endpoint { port: 80, ..Endpoint::new(&named(0), 0x7f00_0001) }),
            1 => Some(Endpoint {
                port: 65535,
                ipv6: Some([0xfe; 16]),
                ..Endpoint::new(&named(1), 0x0a00_0001)
            }),
            2 => Some(Endpoint::new(&named(2), 0)),
            3 => Some(Endpoint::new("", 0xffff_ffff)),
            _ => None,
        }
    }
}

type TagValue = (AnnotationType, Vec<u8>);

/// A span to be.
#[derive(Clone)]
pub(crate) struct Plan {
    trace: u64,
    high: u64,
    id: u64,
    parent: Option<u64>,
    name: &'static str,
    timestamp: Option<i64>,
    duration: Option<i64>,
    annotations: Vec<(i64, &'static str, usize)>,
    tags: Vec<(&'static str, TagValue, usize)>,
    debug: Option<bool>,
}

impl fmt::Debug for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&write_json_span(&self.span(Run(0), 0)))
    }
}

impl Plan {
    /// The span, its tags told apart by `salt`: the order of tags with one key is drawn by lot.
    pub(crate) fn span(&self, run: Run, salt: usize) -> Span {
        let mut keys: Vec<&str> = Vec::new();
        let tags = self.tags.iter().filter(|(key, ..)| {
            let new = !keys.contains(key);
            keys.push(key);
            new
        });
        let tags = tags.map(|(key, (kind, value), host)| BinaryAnnotation {
            key: if salt == 0 { (*key).to_owned() } else { format!("{key}.{salt}") },
            value: value.clone(),
            kind: *kind,
            endpoint: run.host(*host),
        });
        Span {
            trace_id_high: self.high,
            trace_id: run.trace_id(self.trace),
            name: self.name.to_owned(),
            id: Id(self.id),
            parent_id: self.parent.map(Id),
            timestamp: self.timestamp.map(|at| run.begin() + at),
            duration: self.duration,
            annotations: self
                .annotations
                .iter()
                .map(|(at, value, host)| Annotation {
                    timestamp: run.begin() + at,
                    value: (*value).to_owned(),
                    endpoint: run.host(*host),
                })
                .collect(),
            binary_annotations: tags.collect(),
            debug: self.debug,
        }
    }
}

/// µs from the beginning: close together, so that some are equal, or far apart as clocks are.
fn time() -> impl Strategy<Value = i64> {
    prop_oneof![6 => (0..20_i64).prop_map(|at| at * 1000), 2 => 0..3_000_000_i64, 1 => Just(5)]
}

fn value() -> impl Strategy<Value = TagValue> {
    use AnnotationType::{Bool, Bytes, Double, I16, I32, I64, String};
    let text = select(vec!["", "/a", "/A", "ü🙂\u{2028}\"\\", "500"]);
    prop_oneof![
        4 => text.prop_map(|text| (String, text.as_bytes().to_vec())),
        1 => Just((String, vec![b'x'; 257])),
        1 => Just((String, vec![b'y'; 256])),
        2 => any::<bool>().prop_map(|value| (Bool, vec![u8::from(value)])),
        1 => vec(any::<u8>(), 0..6).prop_map(|bytes| (Bytes, bytes)),
        1 => any::<i16>().prop_map(|number| (I16, number.to_be_bytes().to_vec())),
        1 => any::<i32>().prop_map(|number| (I32, number.to_be_bytes().to_vec())),
        1 => any::<i64>().prop_map(|number| (I64, number.to_be_bytes().to_vec())),
        1 => select(vec![0.0, -1.5, 1e7, 1e-3, 9.999e-4, 123_456_789.125, 1e300, 0.1])
            .prop_map(|number: f64| (Double, number.to_be_bytes().to_vec())),
    ]
}

/// A span of any kind.
pub(crate) fn plan() -> impl Strategy<Value = Plan> {
    let ids = (0..TRACES, prop_oneof![8 => Just(0_u64), 1 => Just(7)], 0..5_u64, option::of(0..6_u64));
    let times = (option::of(time()), option::of(select(vec![0_i64, 1, 5_000, 2_000_000, -3])));
    let annotations = vec((time(), select(VALUES.to_vec()), 0..HOSTS), 0..6);
    let tags = vec((select(KEYS.to_vec()), value(), 0..HOSTS), 0..3);
    let debug = prop_oneof![8 => Just(None), 1 => Just(Some(true)), 1 => Just(Some(false))];
    (ids, select(NAMES.to_vec()), times, annotations, tags, debug).prop_map(
        |((trace, high, id, parent), name, (timestamp, duration), annotations, tags, debug)| Plan {
            trace,
            high,
            id,
            parent,
            name,
            timestamp,
            duration,
            annotations,
            tags,
            debug,
        },
    )
}
