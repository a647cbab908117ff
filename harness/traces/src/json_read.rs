//! Spans as Zipkin v1 JSON, read: what Zipkin 1.14 takes and refuses, with its texts.

use std::net::{IpAddr, Ipv4Addr};

use crate::gson::{Gson, Refusal, Token, parse_double};
use crate::{Annotation, AnnotationType, BinaryAnnotation, Endpoint, Id, Span, parse_lower_hex};

/// Why a JSON document is not a list of spans; the text is what Zipkin puts into its answer, without the document
/// that it repeats at the end.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JsonError {
    /// No bytes at all.
    #[error("Empty input reading List<Span>")]
    Empty,
    /// Something is wrong; the original's words for it, with the place where it gives one.
    #[error("{0} reading List<Span> from json: ")]
    Refused(String),
}

/// What the original says where a Java exception has no text.
const NO_TEXT: &str = "Error";

type Result<T> = std::result::Result<T, Refusal>;

/// Reads a list of spans. Unknown fields are ignored, so a v2 list is taken and loses its substance, as in Zipkin
/// 1.14; what follows the list is not read. Nothing is [normalized](Span::normalized).
pub fn read_json_spans(bytes: &[u8]) -> std::result::Result<Vec<Span>, JsonError> {
    if bytes.is_empty() {
        return Err(JsonError::Empty);
    }
    let mut reader = Gson::new(&String::from_utf8_lossy(bytes));
    read_list(&mut reader, read_span).map_err(|why| {
        let malformed = why.contains("malformed");
        JsonError::Refused(if malformed { "Malformed".to_owned() } else { why })
    })
}

fn read_list<T>(reader: &mut Gson, read: impl Fn(&mut Gson) -> Result<T>) -> Result<Vec<T>> {
    let mut list = Vec::new();
    reader.begin_array()?;
    while reader.has_next()? {
        list.push(read(reader)?);
    }
    reader.end_array()?;
    Ok(list)
}

/// Reads an object: `field` is called with each name, and says whether it took the value.
fn read_object(
    reader: &mut Gson,
    mut field: impl FnMut(&mut Gson, &str, bool) -> Result<bool>,
) -> Result<()> {
    reader.begin_object()?;
    while reader.has_next()? {
        let name = reader.next_name()?;
        let is_null = reader.peek()? == Token::Null;
        if !field(reader, &name, is_null)? {
            reader.skip_value()?;
        }
    }
    reader.end_object()
}

fn read_span(reader: &mut Gson) -> Result<Span> {
    let mut span = Span::default();
    let (mut trace_id, mut name, mut id) = (None, None, None);
    read_object(reader, |reader, field, null| {
        match field {
            "traceId" => {
                let text = reader.next_string()?;
                if text.encode_utf16().count() == 32 {
                    span.trace_id_high = hex(&text, 0)?.0;
                }
                trace_id = Some(low_hex(&text)?);
            }
            "name" => name = Some(reader.next_string()?),
            "id" => id = Some(low_hex(&reader.next_string()?)?),
            "parentId" if !null => span.parent_id = Some(low_hex(&reader.next_string()?)?),
            "timestamp" if !null => span.timestamp = Some(reader.next_long()?),
            "duration" if !null => span.duration = Some(reader.next_long()?),
            "annotations" => span.annotations.extend(read_list(reader, read_annotation)?),
            "binaryAnnotations" => span.binary_annotations.extend(read_list(reader, read_binary_annotation)?),
            "debug" if !null => {
                if reader.next_boolean()? {
                    span.debug = Some(true);
                }
            }
            _ => return Ok(false),
        }
        Ok(true)
    })?;
    // Java takes the fields in this order.
    span.trace_id = trace_id.ok_or(NO_TEXT)?;
    span.name = name.ok_or("name")?;
    span.id = id.ok_or(NO_TEXT)?;
    Ok(span)
}

fn read_annotation(reader: &mut Gson) -> Result<Annotation> {
    let (mut timestamp, mut value, mut endpoint) = (None, None, None);
    read_object(reader, |reader, field, null| {
        match field {
            "timestamp" => timestamp = Some(reader.next_long()?),
            "value" => value = Some(reader.next_string()?),
            "endpoint" if !null => endpoint = Some(read_endpoint(reader)?),
            _ => return Ok(false),
        }
        Ok(true)
    })?;
    Ok(Annotation { timestamp: timestamp.ok_or(NO_TEXT)?, value: value.ok_or("value")?, endpoint })
}

fn read_binary_annotation(reader: &mut Gson) -> Result<BinaryAnnotation> {
    let (mut key, mut endpoint) = (None, None);
    let mut tag = Tag { kind: AnnotationType::String, number: None, text: None, bool: None };
    read_object(reader, |reader, field, null| {
        match field {
            "key" => key = Some(reader.next_string()?),
            "value" => tag.read_value(reader)?,
            "type" => {
                let name = reader.next_string()?;
                let unknown = || format!("No enum constant zipkin.BinaryAnnotation.Type.{name}");
                tag.kind = AnnotationType::from_name(&name).ok_or_else(unknown)?;
            }
            "endpoint" if !null => endpoint = Some(read_endpoint(reader)?),
            _ => return Ok(false),
        }
        Ok(true)
    })?;
    let value = tag.bytes()?;
    Ok(BinaryAnnotation { key: key.ok_or("key")?, value: value.ok_or("value")?, kind: tag.kind, endpoint })
}

/// The value of a tag, before it is clear of which type it is: that may come behind it.
struct Tag {
    kind: AnnotationType,
    number: Option<String>,
    text: Option<String>,
    bool: Option<bool>,
}

impl Tag {
    fn read_value(&mut self, reader: &mut Gson) -> Result<()> {
        match reader.peek()? {
            Token::Bool(_) => {
                self.kind = AnnotationType::Bool;
                self.bool = Some(reader.next_boolean()?);
            }
            Token::Text => self.text = Some(reader.next_string()?),
            Token::Long(_) | Token::Number(_) => self.number = Some(reader.next_string()?),
            other => {
                return Err(format!(
                    "Expected value to be a boolean, string or number but was {} at path {}",
                    other.name(),
                    reader.path()
                ));
            }
        }
        Ok(())
    }

    /// The bytes; `None` if there are none and the original only notices that later.
    fn bytes(&self) -> Result<Option<Vec<u8>>> {
        let number = self.number.as_deref();
        let out_of_range = |number: &str| format!("For input string: \"{number}\"");
        Ok(match self.kind {
            AnnotationType::Bool => self.bool.map(|value| vec![u8::from(value)]),
            AnnotationType::String => Some(self.text.as_ref().ok_or(NO_TEXT)?.clone().into_bytes()),
            AnnotationType::Bytes => Some(decode_base64(self.text.as_ref().ok_or(NO_TEXT)?).ok_or(NO_TEXT)?),
            AnnotationType::I16 => {
                let number = number.ok_or("null")?;
                let value: i32 = number.parse().map_err(|_| out_of_range(number))?;
                let value = i16::try_from(value)
                    .map_err(|_| format!("Value out of range. Value:\"{number}\" Radix:10"))?;
                Some(value.to_be_bytes().to_vec())
            }
            AnnotationType::I32 => {
                let number = number.ok_or("null")?;
                let value: i32 = number.parse().map_err(|_| out_of_range(number))?;
                Some(value.to_be_bytes().to_vec())
            }
            AnnotationType::I64 => {
                let number = number.ok_or("null")?;
                let value: i64 = number.parse().map_err(|_| out_of_range(number))?;
                Some(value.to_be_bytes().to_vec())
            }
            AnnotationType::Double => Some(parse_double(number.ok_or(NO_TEXT)?)?.to_be_bytes().to_vec()),
        })
    }
}

/// Both alphabets, padded or not, blanks anywhere: as the original's decoder takes it. `None` for anything else.
fn decode_base64(text: &str) -> Option<Vec<u8>> {
    let text = text.trim_end_matches(['=', '\n', '\r', ' ', '\t']);
    let (mut out, mut word, mut count) = (Vec::new(), 0_u32, 0_usize);
    for byte in text.bytes() {
        let bits = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' | b'-' => 62,
            b'/' | b'_' => 63,
            b'\n' | b'\r' | b' ' | b'\t' => continue,
            _ => return None,
        };
        word = word << 6 | u32::from(bits);
        count += 1;
        if count.is_multiple_of(4) {
            out.extend(&word.to_be_bytes()[1..]);
        }
    }
    match count % 4 {
        1 => return None,
        2 => out.push((word << 12).to_be_bytes()[1]),
        3 => out.extend(&(word << 6).to_be_bytes()[1..3]),
        _ => {}
    }
    Some(out)
}

fn read_endpoint(reader: &mut Gson) -> Result<Endpoint> {
    let mut endpoint = Endpoint::default();
    let mut service_name = None;
    read_object(reader, |reader, field, _| {
        match field {
            "serviceName" => service_name = Some(reader.next_string()?),
            "ipv4" => endpoint.ipv4 = parse_ipv4(&reader.next_string()?)?,
            "ipv6" => endpoint.ipv6 = Some(parse_ipv6(&reader.next_string()?)?),
            "port" => {
                let port = reader.next_int()?;
                endpoint.port = u16::try_from(port).map_err(|_| format!("invalid port {port}"))?;
            }
            _ => return Ok(false),
        }
        Ok(true)
    })?;
    endpoint.service_name = service_name.ok_or("serviceName")?;
    Ok(endpoint)
}

/// Up to five numbers, of each the last eight bits, of all the last four.
fn parse_ipv4(text: &str) -> Result<u32> {
    let mut address = 0_u32;
    for part in text.splitn(5, '.') {
        let number: i32 = part.parse().map_err(|_| format!("For input string: \"{part}\""))?;
        address = address << 8 | (number as u32 & 0xff);
    }
    Ok(address)
}

/// An address as Java reads it, where it must turn out to be one of 16 bytes. A name, which Java would look up, is
/// refused as one that nobody knows.
fn parse_ipv6(text: &str) -> Result<[u8; 16]> {
    let bare = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(text);
    // Behind a percent sign is the network, which is not kept.
    let bare = bare.split_once('%').map_or(bare, |(address, _)| address);
    match bare.parse() {
        Ok(IpAddr::V6(address)) if address.to_ipv4_mapped().is_none() => Ok(address.octets()),
        Ok(_) => Err("ipv6 addresses are 16 bytes: 4".to_owned()),
        Err(_) if text.is_empty() || short_ipv4(text).is_some() => {
            Err("ipv6 addresses are 16 bytes: 4".to_owned())
        }
        Err(_) if text.contains(':') => Err(format!("{text}: invalid IPv6 address literal")),
        Err(_) => Err(format!("{text}: Name or service not known")),
    }
}

/// `1`, `1.2` and `1.2.3` are addresses, too: the last number fills what is left.
fn short_ipv4(text: &str) -> Option<Ipv4Addr> {
    let parts: Vec<u32> = text.split('.').map(|part| part.parse().ok()).collect::<Option<_>>()?;
    let (last, first) = parts.split_last()?;
    let room = 4 - u32::try_from(first.len()).ok().filter(|&count| count < 4)?;
    let fits = first.iter().all(|&part| part < 256) && u64::from(*last) < 1 << (8 * room);
    fits.then_some(Ipv4Addr::UNSPECIFIED)
}

/// 16 hex digits from a place on.
fn hex(text: &str, from: usize) -> Result<(u64, Id)> {
    let refused = || format!("{text} should be a 1 to 32 character lower-hex string with no prefix");
    parse_lower_hex(text.get(from..from + 16).ok_or_else(refused)?)
        .map(|(_, Id(value))| (value, Id(value)))
        .ok_or_else(refused)
}

/// The last 16 of at most 32 digits; those before them need not be any.
fn low_hex(text: &str) -> Result<Id> {
    Id::from_lower_hex(text)
        .ok_or_else(|| format!("{text} should be a 1 to 32 character lower-hex string with no prefix"))
}
