//! Values as a client sees them, and the bytes they are in frames and cells.

use std::net::IpAddr;

use crate::CqlType;

/// A CQL value.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// No value.
    Null,
    /// `int`, `date` (days, 2^31 being 1970-01-01, wrapped).
    Int(i32),
    /// `bigint`, `counter`, `time` (ns of the day).
    Bigint(i64),
    /// `smallint`.
    Smallint(i16),
    /// `tinyint`.
    Tinyint(i8),
    /// `text`, `varchar`, `ascii`.
    Text(String),
    /// `blob`, and every type that has no variant of its own, as it is in frames.
    Blob(Vec<u8>),
    /// `timestamp`: ms since 1970.
    Timestamp(i64),
    /// `boolean`.
    Boolean(bool),
    /// `double`.
    Double(f64),
    /// `float`.
    Float(f32),
    /// `uuid`, `timeuuid`.
    Uuid([u8; 16]),
    /// `inet`.
    Inet(IpAddr),
    /// `list` and `set`.
    List(Vec<Value>),
    /// `map`.
    Map(Vec<(Value, Value)>),
}

/// Bytes that are no value of their type.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{length} bytes are no value of type {kind}")]
pub struct ValueError {
    /// The type, as CQL writes it.
    pub kind: String,
    /// How many bytes there were.
    pub length: usize,
}

impl Value {
    /// The bytes in a frame or a cell; `None` for null.
    pub fn encode(&self) -> Option<Vec<u8>> {
        Some(match self {
            Self::Null => return None,
            Self::Int(v) => v.to_be_bytes().to_vec(),
            Self::Bigint(v) | Self::Timestamp(v) => v.to_be_bytes().to_vec(),
            Self::Smallint(v) => v.to_be_bytes().to_vec(),
            Self::Tinyint(v) => v.to_be_bytes().to_vec(),
            Self::Text(v) => v.clone().into_bytes(),
            Self::Blob(v) => v.clone(),
            Self::Boolean(v) => vec![u8::from(*v)],
            Self::Double(v) => v.to_be_bytes().to_vec(),
            Self::Float(v) => v.to_be_bytes().to_vec(),
            Self::Uuid(v) => v.to_vec(),
            Self::Inet(IpAddr::V4(v)) => v.octets().to_vec(),
            Self::Inet(IpAddr::V6(v)) => v.octets().to_vec(),
            Self::List(items) => {
                let mut out = count(items.len());
                items.iter().for_each(|item| put(&mut out, item));
                out
            }
            Self::Map(entries) => {
                let mut out = count(entries.len());
                for (key, value) in entries {
                    put(&mut out, key);
                    put(&mut out, value);
                }
                out
            }
        })
    }

    /// Reads a value of a type; `None` is null, and so is an empty value of a type that needs bytes.
    pub fn decode(kind: &CqlType, bytes: Option<&[u8]>) -> Result<Self, ValueError> {
        let Some(bytes) = bytes else { return Ok(Self::Null) };
        let wrong = || ValueError { kind: kind.to_string(), length: bytes.len() };
        let kind = kind.thawed();
        if bytes.is_empty() && !matches!(kind, CqlType::Varchar | CqlType::Ascii | CqlType::Blob) {
            return Ok(Self::Null);
        }
        Ok(match kind {
            CqlType::Int | CqlType::Date => Self::Int(i32::from_be_bytes(exact(bytes).ok_or_else(wrong)?)),
            CqlType::Bigint | CqlType::Counter | CqlType::Time => {
                Self::Bigint(i64::from_be_bytes(exact(bytes).ok_or_else(wrong)?))
            }
            CqlType::Timestamp => Self::Timestamp(i64::from_be_bytes(exact(bytes).ok_or_else(wrong)?)),
            CqlType::Smallint => Self::Smallint(i16::from_be_bytes(exact(bytes).ok_or_else(wrong)?)),
            CqlType::Tinyint => Self::Tinyint(i8::from_be_bytes(exact(bytes).ok_or_else(wrong)?)),
            CqlType::Varchar | CqlType::Ascii => {
                Self::Text(String::from_utf8(bytes.to_vec()).map_err(|_| wrong())?)
            }
            CqlType::Boolean => Self::Boolean(bytes != [0]),
            CqlType::Double => Self::Double(f64::from_be_bytes(exact(bytes).ok_or_else(wrong)?)),
            CqlType::Float => Self::Float(f32::from_be_bytes(exact(bytes).ok_or_else(wrong)?)),
            CqlType::Uuid | CqlType::Timeuuid => Self::Uuid(exact(bytes).ok_or_else(wrong)?),
            CqlType::Inet => Self::Inet(inet(bytes).ok_or_else(wrong)?),
            CqlType::List(element) | CqlType::Set(element) => {
                let items = elements(bytes, 1).ok_or_else(wrong)?;
                let items: Result<_, _> = items.iter().map(|item| Self::decode(element, *item)).collect();
                Self::List(items?)
            }
            CqlType::Map(key, value) => {
                let items = elements(bytes, 2).ok_or_else(wrong)?;
                let entries: Result<_, ValueError> = items
                    .chunks_exact(2)
                    .map(|pair| Ok((Self::decode(key, pair[0])?, Self::decode(value, pair[1])?)))
                    .collect();
                Self::Map(entries?)
            }
            _ => Self::Blob(bytes.to_vec()),
        })
    }
}

/// Splits the bytes of a collection into its elements, `per_entry` of them for each that is counted.
pub(crate) fn elements(bytes: &[u8], per_entry: usize) -> Option<Vec<Option<&[u8]>>> {
    let (head, mut rest) = bytes.split_at_checked(4)?;
    let entries = usize::try_from(i32::from_be_bytes(exact(head)?)).ok()?;
    let wanted = entries.checked_mul(per_entry)?;
    // Each element takes four bytes at least: a count beyond that is a lie, and no memory is set aside for it.
    if wanted > rest.len() / 4 {
        return None;
    }
    let mut items = Vec::with_capacity(wanted);
    for _ in 0..wanted {
        let (head, tail) = rest.split_at_checked(4)?;
        let length = i32::from_be_bytes(exact(head)?);
        if length < 0 {
            items.push(None);
            rest = tail;
        } else {
            let (item, tail) = tail.split_at_checked(usize::try_from(length).ok()?)?;
            items.push(Some(item));
            rest = tail;
        }
    }
    rest.is_empty().then_some(items)
}

/// The bytes of a collection out of those of its elements.
pub(crate) fn collection<'a>(entries: usize, items: impl IntoIterator<Item = Option<&'a [u8]>>) -> Vec<u8> {
    let mut out = count(entries);
    items.into_iter().for_each(|item| put_bytes(&mut out, item));
    out
}

fn count(length: usize) -> Vec<u8> {
    i32::try_from(length).unwrap_or(i32::MAX).to_be_bytes().to_vec()
}

fn put(out: &mut Vec<u8>, value: &Value) {
    put_bytes(out, value.encode().as_deref());
}

fn put_bytes(out: &mut Vec<u8>, bytes: Option<&[u8]>) {
    match bytes {
        None => out.extend_from_slice(&(-1i32).to_be_bytes()),
        Some(bytes) => {
            out.extend_from_slice(&count(bytes.len()));
            out.extend_from_slice(bytes);
        }
    }
}

fn exact<const N: usize>(bytes: &[u8]) -> Option<[u8; N]> {
    bytes.try_into().ok()
}

fn inet(bytes: &[u8]) -> Option<IpAddr> {
    match bytes.len() {
        4 => exact::<4>(bytes).map(IpAddr::from),
        16 => exact::<16>(bytes).map(IpAddr::from),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_back_what_it_wrote() {
        let kind =
            CqlType::Map(Box::new(CqlType::Varchar), Box::new(CqlType::List(Box::new(CqlType::Timestamp))));
        let value =
            Value::Map(vec![(Value::Text("a".into()), Value::List(vec![Value::Timestamp(-1), Value::Null]))]);
        assert_eq!(Value::decode(&kind, value.encode().as_deref()), Ok(value));
        assert_eq!(Value::decode(&CqlType::Int, Some(&[])), Ok(Value::Null));
        assert!(Value::decode(&CqlType::Int, Some(&[1, 2])).is_err());
        assert!(Value::decode(&kind, Some(&[0x7f, 0xff, 0xff, 0xff])).is_err());
    }
}
