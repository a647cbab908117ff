//! Spans as Zipkin v1 JSON, written: field order, omissions and number forms are those of Zipkin 1.14.

use std::fmt::Write as _;
use std::net::{Ipv4Addr, Ipv6Addr};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE;

use crate::{Annotation, AnnotationType, BinaryAnnotation, Endpoint, Span};

/// One span.
pub fn write_json_span(span: &Span) -> String {
    let mut out = JsonOut::default();
    push_span(&mut out, span);
    out.finish()
}

/// A list of spans: what `/api/v1/trace/{id}` answers.
pub fn write_json_spans(spans: &[Span]) -> String {
    let mut out = JsonOut::default();
    push_list(&mut out, spans, push_span);
    out.finish()
}

/// A list of traces: what `/api/v1/traces` answers.
pub fn write_json_traces(traces: &[Vec<Span>]) -> String {
    let mut out = JsonOut::default();
    push_list(&mut out, traces, |out, trace| push_list(out, trace, push_span));
    out.finish()
}

fn push_list<T>(out: &mut JsonOut, items: &[T], mut push: impl FnMut(&mut JsonOut, &T)) {
    out.push('[');
    for (index, item) in items.iter().enumerate() {
        if index > 0 {
            out.push(',');
        }
        push(out, item);
    }
    out.push(']');
}

/// Writing to a `String` cannot fail.
fn add(out: &mut JsonOut, text: std::fmt::Arguments<'_>) {
    let _ = out.text.write_fmt(text);
}

fn push_text(out: &mut JsonOut, text: &str) {
    out.push_text(text);
}

/// JSON on its way out.
#[derive(Debug, Default)]
pub struct JsonOut {
    text: String,
    padding: usize,
}

impl JsonOut {
    fn push(&mut self, c: char) {
        self.text.push(c);
    }

    /// JSON, as it is.
    pub fn push_str(&mut self, text: &str) {
        self.text.push_str(text);
    }

    /// A text. Besides what JSON wants it to, the original escapes what JavaScript takes for line ends.
    pub fn push_text(&mut self, text: &str) {
        let json = serde_json::Value::from(text).to_string();
        let ends = text.chars().filter(|c| is_line_end(*c)).count();
        if ends == 0 {
            return self.text.push_str(&json);
        }
        self.text.push_str(&json.replace('\u{2028}', "\\u2028").replace('\u{2029}', "\\u2029"));
        // The original counts the bytes before it writes them, and in a text with other letters it counts two too
        // many for each.
        if text.chars().any(|c| !c.is_ascii() && !is_line_end(c)) {
            self.padding += 2 * ends;
        }
    }

    /// All of it, with what the original leaves over of its buffer: zeros.
    pub fn finish(mut self) -> String {
        self.text.extend(std::iter::repeat_n('\0', self.padding));
        self.text
    }
}

const fn is_line_end(c: char) -> bool {
    matches!(c, '\u{2028}' | '\u{2029}')
}

fn push_span(out: &mut JsonOut, span: &Span) {
    add(out, format_args!("{{\"traceId\":\"{}\",\"id\":\"{}\",\"name\":", span.trace_id_hex(), span.id));
    push_text(out, &span.name);
    if let Some(parent) = span.parent_id {
        add(out, format_args!(",\"parentId\":\"{parent}\""));
    }
    if let Some(timestamp) = span.timestamp {
        add(out, format_args!(",\"timestamp\":{timestamp}"));
    }
    if let Some(duration) = span.duration {
        add(out, format_args!(",\"duration\":{duration}"));
    }
    if !span.annotations.is_empty() {
        out.push_str(",\"annotations\":");
        push_list(out, &span.annotations, push_annotation);
    }
    if !span.binary_annotations.is_empty() {
        out.push_str(",\"binaryAnnotations\":");
        push_list(out, &span.binary_annotations, push_binary_annotation);
    }
    if span.debug == Some(true) {
        out.push_str(",\"debug\":true");
    }
    out.push('}');
}

fn push_annotation(out: &mut JsonOut, annotation: &Annotation) {
    add(out, format_args!("{{\"timestamp\":{},\"value\":", annotation.timestamp));
    push_text(out, &annotation.value);
    push_endpoint(out, annotation.endpoint.as_ref());
    out.push('}');
}

fn push_binary_annotation(out: &mut JsonOut, tag: &BinaryAnnotation) {
    out.push_str("{\"key\":");
    push_text(out, &tag.key);
    out.push_str(",\"value\":");
    push_value(out, tag);
    if !matches!(tag.kind, AnnotationType::String | AnnotationType::Bool) {
        add(out, format_args!(",\"type\":\"{}\"", tag.kind.name()));
    }
    push_endpoint(out, tag.endpoint.as_ref());
    out.push('}');
}

fn push_value(out: &mut JsonOut, tag: &BinaryAnnotation) {
    let value = tag.value.as_slice();
    match tag.kind {
        AnnotationType::Bool => out.push_str(if value.first() == Some(&1) { "true" } else { "false" }),
        AnnotationType::String => push_text(out, &String::from_utf8_lossy(value)),
        AnnotationType::Bytes => add(out, format_args!("\"{}\"", URL_SAFE.encode(value))),
        AnnotationType::I16 => add(out, format_args!("{}", i16::from_be_bytes(leading(value)))),
        AnnotationType::I32 => add(out, format_args!("{}", i32::from_be_bytes(leading(value)))),
        AnnotationType::I64 => add(out, format_args!("{}", i64::from_be_bytes(leading(value)))),
        AnnotationType::Double => push_double(out, f64::from_be_bytes(leading(value))),
    }
}

/// The first bytes of a number. The original fails the whole answer when they are too few; we take zeros.
fn leading<const N: usize>(value: &[u8]) -> [u8; N] {
    std::array::from_fn(|index| value.get(index).copied().unwrap_or(0))
}

/// As Java's `Double.toString`: `1.5`, `1.0E10`. What JSON cannot say is written all the same.
fn push_double(out: &mut JsonOut, value: f64) {
    let size = value.abs();
    if value.is_nan() {
        out.push_str("NaN");
    } else if size.is_infinite() {
        out.push_str(if value > 0.0 { "Infinity" } else { "-Infinity" });
    } else if size == 0.0 || (1e-3..1e7).contains(&size) {
        add(out, format_args!("{value:?}"));
    } else {
        let text = format!("{value:e}");
        let (digits, exponent) = text.split_once('e').unwrap_or((&text, "0"));
        let point = if digits.contains('.') { "" } else { ".0" };
        add(out, format_args!("{digits}{point}E{exponent}"));
    }
}

fn push_endpoint(out: &mut JsonOut, endpoint: Option<&Endpoint>) {
    let Some(endpoint) = endpoint else { return };
    out.push_str(",\"endpoint\":{\"serviceName\":");
    push_text(out, &endpoint.service_name);
    if endpoint.ipv4 != 0 {
        add(out, format_args!(",\"ipv4\":\"{}\"", Ipv4Addr::from(endpoint.ipv4)));
    }
    if endpoint.port != 0 {
        add(out, format_args!(",\"port\":{}", endpoint.port));
    }
    if let Some(ipv6) = endpoint.ipv6 {
        add(out, format_args!(",\"ipv6\":\"{}\"", Ipv6Addr::from(ipv6)));
    }
    out.push('}');
}
