//! Spans as Zipkin v1 JSON, written: field order, omissions and number forms are those of Zipkin 1.14.

use std::fmt::Write as _;
use std::net::{Ipv4Addr, Ipv6Addr};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE;

use crate::{Annotation, AnnotationType, BinaryAnnotation, Endpoint, Span};

/// One span.
pub fn write_json_span(span: &Span) -> String {
    let mut out = String::new();
    push_span(&mut out, span);
    out
}

/// A list of spans: what `/api/v1/trace/{id}` answers.
pub fn write_json_spans(spans: &[Span]) -> String {
    let mut out = String::new();
    push_list(&mut out, spans, push_span);
    out
}

/// A list of traces: what `/api/v1/traces` answers.
pub fn write_json_traces(traces: &[Vec<Span>]) -> String {
    let mut out = String::new();
    push_list(&mut out, traces, |out, trace| push_list(out, trace, push_span));
    out
}

fn push_list<T>(out: &mut String, items: &[T], mut push: impl FnMut(&mut String, &T)) {
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
fn add(out: &mut String, text: std::fmt::Arguments<'_>) {
    let _ = out.write_fmt(text);
}

/// Besides what JSON wants it to, the original escapes what JavaScript takes for line ends.
fn push_text(out: &mut String, text: &str) {
    let json = serde_json::Value::from(text).to_string();
    if json.contains(['\u{2028}', '\u{2029}']) {
        out.push_str(&json.replace('\u{2028}', "\\u2028").replace('\u{2029}', "\\u2029"));
    } else {
        out.push_str(&json);
    }
}

fn push_span(out: &mut String, span: &Span) {
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

fn push_annotation(out: &mut String, annotation: &Annotation) {
    add(out, format_args!("{{\"timestamp\":{},\"value\":", annotation.timestamp));
    push_text(out, &annotation.value);
    push_endpoint(out, annotation.endpoint.as_ref());
    out.push('}');
}

fn push_binary_annotation(out: &mut String, tag: &BinaryAnnotation) {
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

fn push_value(out: &mut String, tag: &BinaryAnnotation) {
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

/// As Java's `Double.toString`: `1.5`, `1.0E10`. What JSON cannot say becomes `null`.
fn push_double(out: &mut String, value: f64) {
    let size = value.abs();
    if !value.is_finite() {
        out.push_str("null");
    } else if size == 0.0 || (1e-3..1e7).contains(&size) {
        add(out, format_args!("{value:?}"));
    } else {
        let text = format!("{value:e}");
        let (digits, exponent) = text.split_once('e').unwrap_or((&text, "0"));
        let point = if digits.contains('.') { "" } else { ".0" };
        add(out, format_args!("{digits}{point}E{exponent}"));
    }
}

fn push_endpoint(out: &mut String, endpoint: Option<&Endpoint>) {
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
