//! What comes in: the three forms of a Kafka message, and the two of a posted body.

use stacklab_traces::{DecodeError, JsonError, Span, decode_span, decode_spans, read_json_spans};

/// Why a message or body holds no spans. The text is the original's, from "Cannot decode spans due to" on.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MessageError {
    /// A message of no bytes.
    #[error("empty message")]
    Empty,
    /// Not Thrift.
    #[error("Cannot decode spans due to IllegalArgumentException({0})")]
    Thrift(#[from] DecodeError),
    /// Not a JSON list of spans.
    #[error("Cannot decode spans due to IllegalArgumentException({error}{document})")]
    Json {
        /// What is wrong.
        error: JsonError,
        /// The whole document, which the original repeats.
        document: String,
    },
}

/// Reads a message of the span topic: `[` begins a JSON list, byte 12 a Thrift list, anything else is one Thrift
/// span. The spans come back normalized.
pub fn decode(value: &[u8]) -> Result<Vec<Span>, MessageError> {
    match value.first() {
        None => Err(MessageError::Empty),
        Some(b'[') => decode_json(value),
        Some(12) => decode_thrift(value),
        Some(_) => Ok(vec![decode_span(value)?.normalized()]),
    }
}

/// Reads a posted Thrift list. The spans come back normalized.
pub fn decode_thrift(body: &[u8]) -> Result<Vec<Span>, MessageError> {
    Ok(decode_spans(body)?.into_iter().map(Span::normalized).collect())
}

/// Reads a posted JSON list. The spans come back normalized.
pub fn decode_json(body: &[u8]) -> Result<Vec<Span>, MessageError> {
    match read_json_spans(body) {
        Ok(spans) => Ok(spans.into_iter().map(Span::normalized).collect()),
        Err(error) => {
            let document = String::from_utf8_lossy(body).into_owned();
            Err(MessageError::Json { error, document })
        }
    }
}

/// How the original says that spans could not be stored; `why` is the exception with its text in brackets.
pub fn cannot_store(spans: &[Span], why: &str) -> String {
    let ids: Vec<String> = spans.iter().map(id_text).collect();
    format!("Cannot store spans [{}] due to {why}", ids.join(", "))
}

/// `trace.span<:parent`, where a root is its own parent.
fn id_text(span: &Span) -> String {
    format!("{}.{}<:{}", span.trace_id_hex(), span.id, span.parent_id.unwrap_or(span.id))
}

#[cfg(test)]
mod tests {
    use stacklab_traces::{Id, encode_span, encode_spans, write_json_spans};

    use super::*;

    #[test]
    fn tells_the_forms_apart() {
        let span = Span { trace_id: Id(0xa), id: Id(0xb), name: "Get".into(), ..Span::default() };
        let stored = vec![Span { name: "get".into(), ..span.clone() }];
        assert_eq!(decode(&encode_span(&span)), Ok(stored.clone()));
        assert_eq!(decode(&encode_spans(std::slice::from_ref(&span))), Ok(stored.clone()));
        assert_eq!(decode(write_json_spans(std::slice::from_ref(&span)).as_bytes()), Ok(stored));
        assert_eq!(decode(b"[]"), Ok(Vec::new()));
        assert_eq!(decode(b""), Err(MessageError::Empty));
    }

    #[test]
    fn says_what_is_wrong_as_the_original_does() {
        let text = |body: &[u8]| decode(body).unwrap_err().to_string();
        assert_eq!(
            text(b"garbage"),
            "Cannot decode spans due to IllegalArgumentException(Malformed reading Span from TBinary: )"
        );
        assert_eq!(
            text(b"[{\"traceId\":\"ZZ\",\"id\":\"1\",\"name\":\"a\"}]"),
            "Cannot decode spans due to IllegalArgumentException(ZZ should be a 1 to 32 character lower-hex string \
             with no prefix reading List<Span> from json: [{\"traceId\":\"ZZ\",\"id\":\"1\",\"name\":\"a\"}])"
        );
        let root = Span { trace_id: Id(1), id: Id(2), ..Span::default() };
        let child = Span { parent_id: Some(Id(2)), id: Id(3), trace_id_high: 7, ..root.clone() };
        assert_eq!(
            cannot_store(&[root, child], "X()"),
            "Cannot store spans [0000000000000001.0000000000000002<:0000000000000002, \
             00000000000000070000000000000001.0000000000000003<:0000000000000002] due to X()"
        );
    }
}
