//! Spans in Thrift: one span as a bare struct, or a list of them.

use crate::thrift::{DecodeError, Fault, Reader, Writer, kind};
use crate::{Annotation, AnnotationType, BinaryAnnotation, Endpoint, Id, Span};

/// Whose way of writing: they differ in what they leave out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// Zipkin 1.14 and go-zipkin: both lists are always written, `debug` only when true.
    Zipkin,
    /// Brave 3.0.0: an empty list of binary annotations is left out.
    Brave,
}

/// One span as Zipkin 1.14 writes and stores it.
pub fn encode_span(span: &Span) -> Vec<u8> {
    encode_span_as(span, Dialect::Zipkin)
}

/// One span in the given dialect.
pub fn encode_span_as(span: &Span, dialect: Dialect) -> Vec<u8> {
    let mut out = Writer::new();
    write_span(&mut out, span, dialect);
    out.stop();
    out.into_bytes()
}

/// A list of spans, as a collector takes it: type byte, length, spans.
pub fn encode_spans(spans: &[Span]) -> Vec<u8> {
    let mut out = Writer::new();
    out.bare_list(spans, |out, span| write_span(out, span, Dialect::Zipkin));
    out.into_bytes()
}

/// Reads one span. What follows it is ignored, as Zipkin does; nothing is [normalized](Span::normalized).
pub fn decode_span(bytes: &[u8]) -> Result<Span, DecodeError> {
    decode(bytes, "Span", read_span)
}

/// Reads a list of spans. What follows it is ignored; nothing is [normalized](Span::normalized).
pub fn decode_spans(bytes: &[u8]) -> Result<Vec<Span>, DecodeError> {
    decode(bytes, "List<Span>", |reader| reader.list(read_span))
}

fn decode<T>(
    bytes: &[u8],
    what: &'static str,
    read: impl FnOnce(&mut Reader<'_>) -> Result<T, Fault>,
) -> Result<T, DecodeError> {
    if bytes.is_empty() {
        return Err(DecodeError::Empty { what });
    }
    read(&mut Reader::new(bytes)).map_err(|fault| fault.reading(what))
}

fn write_span(out: &mut Writer, span: &Span, dialect: Dialect) {
    out.i64(1, span.trace_id.signed());
    out.string(3, span.name.as_bytes());
    out.i64(4, span.id.signed());
    if let Some(parent) = span.parent_id {
        out.i64(5, parent.signed());
    }
    out.list(6, &span.annotations, write_annotation);
    if dialect == Dialect::Zipkin || !span.binary_annotations.is_empty() {
        out.list(8, &span.binary_annotations, write_binary_annotation);
    }
    if span.debug == Some(true) {
        out.bool(9, true);
    }
    if let Some(timestamp) = span.timestamp {
        out.i64(10, timestamp);
    }
    if let Some(duration) = span.duration {
        out.i64(11, duration);
    }
    if span.trace_id_high != 0 {
        out.i64(12, span.trace_id_high as i64);
    }
}

fn write_annotation(out: &mut Writer, annotation: &Annotation) {
    out.i64(1, annotation.timestamp);
    out.string(2, annotation.value.as_bytes());
    if let Some(endpoint) = &annotation.endpoint {
        out.structure(3, |out| write_endpoint(out, endpoint));
    }
}

fn write_binary_annotation(out: &mut Writer, tag: &BinaryAnnotation) {
    out.string(1, tag.key.as_bytes());
    out.string(2, &tag.value);
    out.i32(3, tag.kind.code());
    if let Some(endpoint) = &tag.endpoint {
        out.structure(4, |out| write_endpoint(out, endpoint));
    }
}

fn write_endpoint(out: &mut Writer, endpoint: &Endpoint) {
    out.i32(1, endpoint.ipv4 as i32);
    out.i16(2, endpoint.port as i16);
    out.string(3, endpoint.service_name.as_bytes());
    if let Some(ipv6) = &endpoint.ipv6 {
        out.string(4, ipv6);
    }
}

fn read_span(reader: &mut Reader<'_>) -> Result<Span, Fault> {
    let mut span = Span::default();
    let (mut trace_id, mut name, mut id) = (None, None, None);
    while let Some(field) = reader.field()? {
        match field {
            (kind::I64, 1) => trace_id = Some(Id::from_signed(reader.i64()?)),
            (kind::STRING, 3) => name = Some(reader.text()?),
            (kind::I64, 4) => id = Some(Id::from_signed(reader.i64()?)),
            (kind::I64, 5) => span.parent_id = Some(Id::from_signed(reader.i64()?)),
            (kind::LIST, 6) => span.annotations = reader.list(read_annotation)?,
            (kind::LIST, 8) => span.binary_annotations = reader.list(read_binary_annotation)?,
            (kind::BOOL, 9) => span.debug = Some(reader.byte()? == 1),
            (kind::I64, 10) => span.timestamp = Some(reader.i64()?),
            (kind::I64, 11) => span.duration = Some(reader.i64()?),
            (kind::I64, 12) => span.trace_id_high = reader.i64()? as u64,
            (other, _) => reader.skip(other)?,
        }
    }
    // The original's words for a missing id are "Error": it is a number without a value to it.
    span.trace_id = trace_id.ok_or(Fault::missing("Error"))?;
    span.name = name.ok_or(Fault::missing("name"))?;
    span.id = id.ok_or(Fault::missing("Error"))?;
    Ok(span)
}

fn read_annotation(reader: &mut Reader<'_>) -> Result<Annotation, Fault> {
    let (mut timestamp, mut value, mut endpoint) = (None, None, None);
    while let Some(field) = reader.field()? {
        match field {
            (kind::I64, 1) => timestamp = Some(reader.i64()?),
            (kind::STRING, 2) => value = Some(reader.text()?),
            (kind::STRUCT, 3) => endpoint = Some(read_endpoint(reader)?),
            (other, _) => reader.skip(other)?,
        }
    }
    Ok(Annotation {
        timestamp: timestamp.ok_or(Fault::missing("Error"))?,
        value: value.ok_or(Fault::missing("value"))?,
        endpoint,
    })
}

fn read_binary_annotation(reader: &mut Reader<'_>) -> Result<BinaryAnnotation, Fault> {
    let (mut key, mut value, mut kind, mut endpoint) = (None, None, None, None);
    while let Some(field) = reader.field()? {
        match field {
            (kind::STRING, 1) => key = Some(reader.text()?),
            (kind::STRING, 2) => value = Some(reader.bytes()?.to_vec()),
            (kind::I32, 3) => kind = Some(AnnotationType::from_code(reader.i32()?)),
            (kind::STRUCT, 4) => endpoint = Some(read_endpoint(reader)?),
            (other, _) => reader.skip(other)?,
        }
    }
    Ok(BinaryAnnotation {
        key: key.ok_or(Fault::missing("key"))?,
        value: value.ok_or(Fault::missing("value"))?,
        kind: kind.ok_or(Fault::missing("type"))?,
        endpoint,
    })
}

fn read_endpoint(reader: &mut Reader<'_>) -> Result<Endpoint, Fault> {
    let mut endpoint = Endpoint::default();
    let mut service_name = None;
    while let Some(field) = reader.field()? {
        match field {
            (kind::I32, 1) => endpoint.ipv4 = reader.i32()? as u32,
            (kind::I16, 2) => endpoint.port = reader.i16()? as u16,
            (kind::STRING, 3) => service_name = Some(reader.text()?),
            (kind::STRING, 4) => {
                let address = reader.bytes()?;
                let wrong =
                    || Fault::Refused(format!("ipv6 addresses are 16 bytes: {}", address.len()).into());
                endpoint.ipv6 = Some(address.try_into().map_err(|_| wrong())?);
            }
            (other, _) => reader.skip(other)?,
        }
    }
    endpoint.service_name = service_name.ok_or(Fault::missing("serviceName"))?;
    Ok(endpoint)
}
