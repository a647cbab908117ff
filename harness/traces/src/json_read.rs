//! Spans as Zipkin v1 JSON, read: what Zipkin 1.14 takes and refuses, with the beginnings of its texts.

use std::net::Ipv6Addr;

use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use serde_json::{Map, Value};

use crate::{Annotation, AnnotationType, BinaryAnnotation, Endpoint, Id, Span, parse_lower_hex};

/// Why a JSON document is not a list of spans; the text is what Zipkin puts into its answer, without the document
/// that it repeats at the end.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JsonError {
    /// No bytes at all.
    #[error("Empty input reading List<Span>")]
    Empty,
    /// Not JSON.
    #[error("Malformed reading List<Span> from json: ")]
    Malformed,
    /// An id that is not lower-case hex.
    #[error(
        "{0} should be a 1 to 32 character lower-hex string with no prefix reading List<Span> from json: "
    )]
    Id(String),
    /// A value of another type than it must have.
    #[error("Expected {expected} but was {found} reading List<Span> from json: ")]
    Type {
        /// What should be there.
        expected: &'static str,
        /// What is.
        found: &'static str,
    },
    /// A field is missing: named as the original names it, `Error` where it does not.
    #[error("{0} reading List<Span> from json: ")]
    Missing(&'static str),
    /// A number, address or type name that cannot be read.
    #[error("For input string: \"{0}\" reading List<Span> from json: ")]
    Number(String),
}

type Object = Map<String, Value>;

/// Reads a list of spans. Unknown fields are ignored, so a v2 list is taken and loses its substance, as in Zipkin
/// 1.14. Nothing is [normalized](Span::normalized).
pub fn read_json_spans(bytes: &[u8]) -> Result<Vec<Span>, JsonError> {
    if bytes.is_empty() {
        return Err(JsonError::Empty);
    }
    let value: Value = serde_json::from_slice(bytes).map_err(|_| JsonError::Malformed)?;
    array(&value)?.iter().map(read_span).collect()
}

fn read_span(value: &Value) -> Result<Span, JsonError> {
    let object = object(value)?;
    let mut span = Span::default();
    let trace_id = text(object.get("traceId").ok_or(JsonError::Missing("Error"))?)?;
    (span.trace_id_high, span.trace_id) = id(&trace_id)?;
    if trace_id.len() != 32 {
        span.trace_id_high = 0;
    }
    span.name = text(object.get("name").ok_or(JsonError::Missing("name"))?)?;
    span.id = id(&text(object.get("id").ok_or(JsonError::Missing("Error"))?)?)?.1;
    span.parent_id = optional(object, "parentId", |value| Ok(id(&text(value)?)?.1))?;
    span.timestamp = optional(object, "timestamp", long)?;
    span.duration = optional(object, "duration", long)?;
    span.debug = optional(object, "debug", boolean)?.filter(|&debug| debug);
    if let Some(list) = object.get("annotations") {
        span.annotations = array(list)?.iter().map(read_annotation).collect::<Result<_, _>>()?;
    }
    if let Some(list) = object.get("binaryAnnotations") {
        span.binary_annotations =
            array(list)?.iter().map(read_binary_annotation).collect::<Result<_, _>>()?;
    }
    Ok(span)
}

fn read_annotation(value: &Value) -> Result<Annotation, JsonError> {
    let object = object(value)?;
    Ok(Annotation {
        timestamp: long(object.get("timestamp").ok_or(JsonError::Missing("Error"))?)?,
        value: text(object.get("value").ok_or(JsonError::Missing("value"))?)?,
        endpoint: optional(object, "endpoint", read_endpoint)?,
    })
}

fn read_binary_annotation(value: &Value) -> Result<BinaryAnnotation, JsonError> {
    let object = object(value)?;
    let key = text(object.get("key").ok_or(JsonError::Missing("key"))?)?;
    let value = object.get("value");
    let named = object.get("type").map(|name| annotation_type(&text(name)?)).transpose()?;
    let (kind, value) = match (value, named) {
        (Some(Value::Bool(value)), None | Some(AnnotationType::Bool)) => {
            (AnnotationType::Bool, vec![u8::from(*value)])
        }
        (Some(Value::String(value)), None | Some(AnnotationType::String)) => {
            (AnnotationType::String, value.as_bytes().to_vec())
        }
        (Some(Value::String(value)), Some(AnnotationType::Bytes)) => {
            (AnnotationType::Bytes, decode_base64(value)?)
        }
        (Some(Value::Number(number)), Some(kind)) => (kind, number_bytes(kind, &number.to_string())?),
        // A quoted number: the original finds no number to read.
        (Some(Value::String(_)), Some(_)) => return Err(JsonError::Missing("null")),
        (Some(found @ (Value::Null | Value::Array(_) | Value::Object(_))), _) => {
            return Err(JsonError::Type {
                expected: "value to be a boolean, string or number",
                found: name(found),
            });
        }
        _ => return Err(JsonError::Missing("Error")),
    };
    Ok(BinaryAnnotation { key, value, kind, endpoint: optional(object, "endpoint", read_endpoint)? })
}

fn annotation_type(name: &str) -> Result<AnnotationType, JsonError> {
    AnnotationType::from_name(name).ok_or_else(|| JsonError::Number(name.to_owned()))
}

fn number_bytes(kind: AnnotationType, number: &str) -> Result<Vec<u8>, JsonError> {
    let wrong = || JsonError::Number(number.to_owned());
    Ok(match kind {
        AnnotationType::I16 => number.parse::<i16>().map_err(|_| wrong())?.to_be_bytes().to_vec(),
        AnnotationType::I32 => number.parse::<i32>().map_err(|_| wrong())?.to_be_bytes().to_vec(),
        AnnotationType::I64 => number.parse::<i64>().map_err(|_| wrong())?.to_be_bytes().to_vec(),
        AnnotationType::Double => number.parse::<f64>().map_err(|_| wrong())?.to_be_bytes().to_vec(),
        AnnotationType::Bool | AnnotationType::Bytes | AnnotationType::String => {
            return Err(JsonError::Missing("Error"));
        }
    })
}

/// Both alphabets, with or without padding, as the original's decoder takes it.
fn decode_base64(text: &str) -> Result<Vec<u8>, JsonError> {
    let config = GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true);
    let standard = text.trim().replace('-', "+").replace('_', "/");
    GeneralPurpose::new(&STANDARD, config).decode(standard).map_err(|_| JsonError::Missing("Error"))
}

fn read_endpoint(value: &Value) -> Result<Endpoint, JsonError> {
    let object = object(value)?;
    let mut endpoint = Endpoint {
        service_name: text(object.get("serviceName").ok_or(JsonError::Missing("serviceName"))?)?,
        ..Endpoint::default()
    };
    if let Some(address) = object.get("ipv4") {
        for part in text(address)?.split('.').take(5) {
            let number: i32 = part.parse().map_err(|_| JsonError::Number(part.to_owned()))?;
            endpoint.ipv4 = endpoint.ipv4 << 8 | (number as u32 & 0xff);
        }
    }
    if let Some(address) = object.get("ipv6") {
        let address = text(address)?;
        let parsed: Ipv6Addr = address.parse().map_err(|_| JsonError::Number(address))?;
        endpoint.ipv6 = Some(parsed.octets());
    }
    if let Some(port) = object.get("port") {
        let port = long(port)?;
        endpoint.port = u16::try_from(port).map_err(|_| JsonError::Number(port.to_string()))?;
    }
    Ok(endpoint)
}

fn optional<T>(
    object: &Object,
    key: &str,
    read: impl FnOnce(&Value) -> Result<T, JsonError>,
) -> Result<Option<T>, JsonError> {
    object.get(key).filter(|value| !value.is_null()).map(read).transpose()
}

fn id(text: &str) -> Result<(u64, Id), JsonError> {
    parse_lower_hex(text).ok_or_else(|| JsonError::Id(text.to_owned()))
}

fn name(value: &Value) -> &'static str {
    match value {
        Value::Null => "NULL",
        Value::Bool(_) => "BOOLEAN",
        Value::Number(_) => "NUMBER",
        Value::String(_) => "STRING",
        Value::Array(_) => "BEGIN_ARRAY",
        Value::Object(_) => "BEGIN_OBJECT",
    }
}

fn wrong(expected: &'static str, found: &Value) -> JsonError {
    JsonError::Type { expected, found: name(found) }
}

fn object(value: &Value) -> Result<&Object, JsonError> {
    value.as_object().ok_or_else(|| wrong("BEGIN_OBJECT", value))
}

fn array(value: &Value) -> Result<&Vec<Value>, JsonError> {
    value.as_array().ok_or_else(|| wrong("BEGIN_ARRAY", value))
}

/// A text; a number is taken for one, as the original's reader does.
fn text(value: &Value) -> Result<String, JsonError> {
    match value {
        Value::String(text) => Ok(text.clone()),
        Value::Number(number) => Ok(number.to_string()),
        _ => Err(wrong("a string", value)),
    }
}

/// A whole number; quoted ones are taken too.
fn long(value: &Value) -> Result<i64, JsonError> {
    match value {
        Value::Number(number) => number.as_i64().ok_or_else(|| JsonError::Number(number.to_string())),
        Value::String(text) => text.parse().map_err(|_| JsonError::Number(text.clone())),
        _ => Err(wrong("a long", value)),
    }
}

fn boolean(value: &Value) -> Result<bool, JsonError> {
    value.as_bool().ok_or_else(|| wrong("a boolean", value))
}
