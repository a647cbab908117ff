//! The span of Zipkin v1 and its parts, as values.

use std::collections::BTreeSet;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::java::{compare_texts, sort_annotations};

/// Annotations that Zipkin gives a meaning of its own; searches cannot ask for them.
pub const CORE_ANNOTATIONS: [&str; 10] = ["cs", "cr", "ss", "sr", "ws", "wr", "csf", "crf", "ssf", "srf"];

/// A trace or span id: 64 bits, shown as 16 lower-case hex digits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Id(pub u64);

impl Id {
    /// From the signed form that Thrift and Cassandra use.
    pub const fn from_signed(id: i64) -> Self {
        Self(id as u64)
    }

    /// The last 16 of 1 to 32 lower-case hex digits. What stands before them need not be digits: Zipkin 1.14 throws
    /// it away unread.
    pub fn from_lower_hex(text: &str) -> Option<Self> {
        let length = text.encode_utf16().count();
        if length > 32 {
            return None;
        }
        let low = if length > 16 { text.get(text.len() - 16..)? } else { text };
        parse_lower_hex(low).map(|(_, id)| id)
    }

    /// The signed form that Thrift and Cassandra use.
    pub const fn signed(self) -> i64 {
        self.0 as i64
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

/// Reads 1 to 32 lower-case hex digits as (high 64 bits, low 64 bits); `None` for anything else.
pub fn parse_lower_hex(text: &str) -> Option<(u64, Id)> {
    if text.is_empty() || text.len() > 32 {
        return None;
    }
    let mut value = 0u128;
    for byte in text.bytes() {
        let digit = match byte {
            b'0'..=b'9' => byte - b'0',
            b'a'..=b'f' => byte - b'a' + 10,
            _ => return None,
        };
        value = value << 4 | u128::from(digit);
    }
    Some(((value >> 64) as u64, Id(value as u64)))
}

/// One span, or the half of one that one host knows.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Span {
    /// The high 64 bits of a 128-bit trace id; 0 if there are none.
    pub trace_id_high: u64,
    /// The trace, by its low 64 bits.
    pub trace_id: Id,
    /// What was done: `get`, `kafka_msg`.
    pub name: String,
    /// The span within its trace.
    pub id: Id,
    /// The span that caused this one; none for the root.
    pub parent_id: Option<Id>,
    /// Start in µs since the epoch, if the reporter says so itself.
    pub timestamp: Option<i64>,
    /// Length in µs, if the reporter says so itself.
    pub duration: Option<i64>,
    /// What happened when.
    pub annotations: Vec<Annotation>,
    /// Key and value pairs: tags.
    pub binary_annotations: Vec<BinaryAnnotation>,
    /// Whether samplers must keep the span.
    pub debug: Option<bool>,
}

/// Something that happened at a time.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Annotation {
    /// µs since the epoch.
    pub timestamp: i64,
    /// `cs`, `sr`, or a text of the application's.
    pub value: String,
    /// Where.
    pub endpoint: Option<Endpoint>,
}

impl Annotation {
    /// An annotation at an endpoint.
    pub fn new(timestamp: i64, value: &str, endpoint: &Endpoint) -> Self {
        Self { timestamp, value: value.to_owned(), endpoint: Some(endpoint.clone()) }
    }
}

/// A tag.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct BinaryAnnotation {
    /// `http.path`, `error`, `sa`, …
    pub key: String,
    /// The value, encoded as the type says (numbers big-endian).
    pub value: Vec<u8>,
    /// How to read the value.
    pub kind: AnnotationType,
    /// Where.
    pub endpoint: Option<Endpoint>,
}

impl BinaryAnnotation {
    /// A text at an endpoint.
    pub fn text(key: &str, value: &str, endpoint: &Endpoint) -> Self {
        Self {
            key: key.to_owned(),
            value: value.as_bytes().to_vec(),
            kind: AnnotationType::String,
            endpoint: Some(endpoint.clone()),
        }
    }
}

/// How the value of a [`BinaryAnnotation`] is to be read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
#[allow(missing_docs)] // The names say it.
pub enum AnnotationType {
    Bool,
    #[default]
    Bytes,
    I16,
    I32,
    I64,
    Double,
    String,
}

impl AnnotationType {
    /// The number that Thrift has for it.
    pub const fn code(self) -> i32 {
        self as i32
    }

    /// The type of a number; unknown ones are bytes, as in Zipkin 1.14.
    pub const fn from_code(code: i32) -> Self {
        match code {
            0 => Self::Bool,
            2 => Self::I16,
            3 => Self::I32,
            4 => Self::I64,
            5 => Self::Double,
            6 => Self::String,
            _ => Self::Bytes,
        }
    }

    /// Its name in JSON.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Bool => "BOOL",
            Self::Bytes => "BYTES",
            Self::I16 => "I16",
            Self::I32 => "I32",
            Self::I64 => "I64",
            Self::Double => "DOUBLE",
            Self::String => "STRING",
        }
    }

    /// The type of a name in JSON.
    pub fn from_name(name: &str) -> Option<Self> {
        (0..=6).map(Self::from_code).find(|kind| kind.name() == name)
    }
}

/// A service at an address.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Endpoint {
    /// The service; empty if unknown.
    pub service_name: String,
    /// a.b.c.d as a·2²⁴ + b·2¹⁶ + c·2⁸ + d; 0 if unknown.
    pub ipv4: u32,
    /// The IPv6 address, if known.
    pub ipv6: Option<[u8; 16]>,
    /// The port; 0 if unknown.
    pub port: u16,
}

impl Endpoint {
    /// A service at an IPv4 address, port unknown.
    pub fn new(service_name: &str, ipv4: u32) -> Self {
        Self { service_name: service_name.to_owned(), ipv4, ..Self::default() }
    }
}

impl Span {
    /// The trace id in hex: 16 digits, or 32 for a 128-bit one.
    pub fn trace_id_hex(&self) -> String {
        if self.trace_id_high == 0 {
            self.trace_id.to_string()
        } else {
            format!("{:016x}{}", self.trace_id_high, self.trace_id)
        }
    }

    /// The span as Zipkin 1.14 holds it from the moment it was read: names of span and services in lower case,
    /// a timestamp or duration of 0 as none, annotations without duplicates and in order (by time, then value;
    /// tags by key).
    #[must_use]
    pub fn normalized(mut self) -> Self {
        self.name = self.name.to_lowercase();
        self.timestamp = self.timestamp.filter(|&timestamp| timestamp != 0);
        self.duration = self.duration.filter(|&duration| duration != 0);
        let endpoints = self.annotations.iter_mut().map(|annotation| &mut annotation.endpoint);
        let tag_endpoints = self.binary_annotations.iter_mut().map(|tag| &mut tag.endpoint);
        for endpoint in endpoints.chain(tag_endpoints).flatten() {
            endpoint.service_name = endpoint.service_name.to_lowercase();
        }
        self.sort();
        self
    }

    /// Brings annotations and tags into Zipkin's order and drops duplicates. Where Zipkin's order is undefined (equal
    /// keys of tags) ours is by value, so that equal spans look equal.
    pub fn sort(&mut self) {
        self.sort_grown(self.annotations.len());
    }

    /// The same for annotations that came to so many first ones one by one: the order of those that are equal in time
    /// and value depends on it.
    pub fn sort_grown(&mut self, first: usize) {
        sort_annotations(&mut self.annotations, first);
        self.binary_annotations.sort_by(|a, b| compare_texts(&a.key, &b.key).then_with(|| a.cmp(b)));
        self.binary_annotations.dedup();
    }

    /// The services that the span mentions, without the empty name.
    pub fn service_names(&self) -> BTreeSet<&str> {
        let places = self.annotations.iter().map(|annotation| &annotation.endpoint);
        places
            .chain(self.binary_annotations.iter().map(|tag| &tag.endpoint))
            .flatten()
            .map(|endpoint| endpoint.service_name.as_str())
            .filter(|name| !name.is_empty())
            .collect()
    }

    /// When the span began, in µs: its own timestamp, or else its `cs`, or else, for a root, its `sr`. Zipkin
    /// 1.14 indexes only spans that have this.
    pub fn guess_timestamp(&self) -> Option<i64> {
        let at = |value: &str| {
            self.annotations.iter().find(|annotation| annotation.value == value).map(|found| found.timestamp)
        };
        // Of several `sr` the original takes the last one.
        let last_received = || self.annotations.iter().rev().find(|a| a.value == "sr").map(|a| a.timestamp);
        let root = self.parent_id.is_none();
        self.timestamp.or_else(|| at("cs")).or_else(|| if root { last_received() } else { None })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_ids_as_zipkin_does() {
        assert_eq!(parse_lower_hex("abc1"), Some((0, Id(0xabc1))));
        assert_eq!(parse_lower_hex("0000000000000001000000000000abc1"), Some((1, Id(0xabc1))));
        assert_eq!(parse_lower_hex("10000000000000002"), Some((1, Id(2))));
        assert_eq!(Id::from_lower_hex("zzzzzzzzzzzzzzzz0000000000000001"), Some(Id(1)));
        assert_eq!(Id::from_lower_hex("0000000000000001z"), None);
        for wrong in ["", "ABC1", "zz", "0x1", "000000000000000000000000000000001"] {
            assert_eq!(parse_lower_hex(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn guesses_a_start() {
        let host = Endpoint::new("web", 1);
        let span = |parent: Option<Id>, values: &[&str]| Span {
            parent_id: parent,
            annotations: values
                .iter()
                .zip(1..)
                .map(|(value, at)| Annotation::new(at, value, &host))
                .collect(),
            ..Span::default()
        };
        assert_eq!(span(None, &["sr", "ss"]).guess_timestamp(), Some(1));
        assert_eq!(span(Some(Id(1)), &["sr", "ss"]).guess_timestamp(), None);
        assert_eq!(span(Some(Id(1)), &["sr", "cs"]).guess_timestamp(), Some(2));
        assert_eq!(span(None, &["cr"]).guess_timestamp(), None);
        let own = Span { timestamp: Some(9), ..span(None, &["cs"]) };
        assert_eq!(own.guess_timestamp(), Some(9));
    }

    #[test]
    fn normalizes() {
        let host = Endpoint::new("Web", 1);
        let span = Span {
            name: "GET".into(),
            timestamp: Some(0),
            annotations: vec![
                Annotation::new(2, "b", &host),
                Annotation::new(1, "z", &host),
                Annotation::new(2, "b", &host),
            ],
            binary_annotations: vec![
                BinaryAnnotation::text("Y", "V", &host),
                BinaryAnnotation::text("X", "V", &host),
            ],
            ..Span::default()
        }
        .normalized();
        assert_eq!((span.name.as_str(), span.timestamp), ("get", None));
        assert_eq!(span.annotations.iter().map(|a| a.value.as_str()).collect::<Vec<_>>(), ["z", "b"]);
        assert_eq!(span.binary_annotations[0].key, "X");
        assert_eq!(span.service_names().into_iter().collect::<Vec<_>>(), ["web"]);
    }
}
