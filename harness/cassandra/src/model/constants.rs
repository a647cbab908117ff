//! Constants of statements as bytes, and whether bytes are a value of a type at all.

use std::net::IpAddr;

use super::dates;
use super::numbers;
use crate::cql::ConstantKind;
use crate::error::invalid;
use crate::types::hex;
use crate::{CqlError, CqlType};

/// Whether a constant of this kind may be a value of this type; whether it is one, its text decides.
pub(super) fn may_be(kind: ConstantKind, ty: &CqlType) -> bool {
    use CqlType as T;
    if ty.is_collection() {
        return false;
    }
    match kind {
        // The original reads any constant as the text of a tuple, user type or custom type.
        _ if matches!(ty.thawed(), T::Tuple(_) | T::Udt(_) | T::Custom(_)) => true,
        ConstantKind::String => {
            matches!(ty, T::Ascii | T::Varchar | T::Inet | T::Date | T::Time | T::Timestamp)
        }
        ConstantKind::Integer => matches!(
            ty,
            T::Bigint
                | T::Counter
                | T::Date
                | T::Decimal
                | T::Double
                | T::Float
                | T::Int
                | T::Smallint
                | T::Timestamp
                | T::Tinyint
                | T::Varint
        ),
        ConstantKind::Uuid => matches!(ty, T::Uuid | T::Timeuuid),
        ConstantKind::Float => matches!(ty, T::Decimal | T::Double | T::Float),
        ConstantKind::Boolean => matches!(ty, T::Boolean),
        ConstantKind::Hex => matches!(ty, T::Blob),
    }
}

/// The bytes of a constant. `Ok(None)`: a constant of this kind is never a value of this type.
pub(super) fn constant(kind: ConstantKind, text: &str, ty: &CqlType) -> Result<Option<Vec<u8>>, CqlError> {
    if !may_be(kind, ty) {
        return Ok(None);
    }
    let text = if kind == ConstantKind::Hex { text.get(2..).unwrap_or_default() } else { text };
    from_text(text, ty).map(Some)
}

/// The value that a text stands for.
fn from_text(text: &str, ty: &CqlType) -> Result<Vec<u8>, CqlError> {
    let unable = |what: &str| invalid!("Unable to make {what} from '{text}'");
    let coerce = || invalid!("Unable to coerce '{text}' to a formatted date (long)");
    Ok(match ty.thawed() {
        CqlType::Varchar => text.as_bytes().to_vec(),
        CqlType::Ascii => match text.chars().find(|c| !c.is_ascii()) {
            None => text.as_bytes().to_vec(),
            Some(c) => {
                return Err(invalid!(
                    "Invalid ASCII character in string literal: java.nio.charset.UnmappableCharacterException: \
                     Input length = {}",
                    c.len_utf16()
                ));
            }
        },
        CqlType::Timestamp | CqlType::Inet if text.is_empty() => Vec::new(),
        CqlType::Timestamp if dates::is_number(text) => text
            .parse::<i64>()
            .map_err(|_| invalid!("Unable to make long (for date) from: '{text}'"))?
            .to_be_bytes()
            .to_vec(),
        CqlType::Timestamp => dates::timestamp(text).ok_or_else(coerce)?.to_be_bytes().to_vec(),
        CqlType::Date if dates::is_number(text) => text
            .parse::<u32>()
            .map_err(|_| invalid!("Unable to make unsigned int (for date) from: '{text}'"))?
            .to_be_bytes()
            .to_vec(),
        CqlType::Date => date_bytes(dates::day(text).ok_or_else(coerce)?),
        CqlType::Time if dates::is_number(text) => dates::nanos_of_day(text)
            .ok_or_else(|| invalid!("Unable to make long (for time) from: '{text}'"))?
            .to_be_bytes()
            .to_vec(),
        CqlType::Time => dates::time_of_day(text)
            .ok_or_else(|| invalid!("(TimeType) Unable to coerce '{text}' to a formatted time (long)"))?
            .to_be_bytes()
            .to_vec(),
        CqlType::Inet => match text.parse::<IpAddr>() {
            Ok(IpAddr::V4(address)) => address.octets().to_vec(),
            Ok(IpAddr::V6(address)) => address.octets().to_vec(),
            Err(_) => return Err(unable("inet address")),
        },
        CqlType::Bigint | CqlType::Counter => {
            text.parse::<i64>().map_err(|_| unable("long"))?.to_be_bytes().to_vec()
        }
        CqlType::Int => text.parse::<i32>().map_err(|_| unable("int"))?.to_be_bytes().to_vec(),
        CqlType::Smallint => text.parse::<i16>().map_err(|_| unable("short"))?.to_be_bytes().to_vec(),
        CqlType::Tinyint => text.parse::<i8>().map_err(|_| unable("byte"))?.to_be_bytes().to_vec(),
        CqlType::Varint => numbers::varint(text).ok_or_else(|| unable("integer"))?,
        CqlType::Decimal => numbers::decimal(text).ok_or_else(|| unable("BigDecimal"))?,
        CqlType::Double => real::<f64>(text).ok_or_else(|| unable("double"))?.to_be_bytes().to_vec(),
        CqlType::Float => real::<f32>(text).ok_or_else(|| unable("float"))?.to_be_bytes().to_vec(),
        CqlType::Boolean => vec![u8::from(text.eq_ignore_ascii_case("true"))],
        CqlType::Uuid | CqlType::Timeuuid => {
            let id = unhex(&text.replace('-', ""));
            if *ty.thawed() == CqlType::Timeuuid && id.get(6).is_some_and(|byte| byte >> 4 != 1) {
                return Err(invalid!("TimeUUID supports only version 1 UUIDs"));
            }
            id
        }
        CqlType::Blob => {
            if !text.len().is_multiple_of(2) {
                return Err(invalid!("cannot parse '{text}' as hex bytes"));
            }
            unhex(text)
        }
        CqlType::Tuple(types) => fields_from_text(text, &mut types.iter())?,
        CqlType::Udt(udt) => fields_from_text(text, &mut udt.fields.iter().map(|(_, ty)| ty))?,
        _ => text.as_bytes().to_vec(),
    })
}

/// A tuple as text: its fields with colons between them, `@` for null.
fn fields_from_text(text: &str, types: &mut dyn Iterator<Item = &CqlType>) -> Result<Vec<u8>, CqlError> {
    let mut out = Vec::new();
    for field in text.split(':') {
        let Some(ty) = types.next() else {
            return Err(invalid!("Invalid tuple literal: too many elements"));
        };
        if field == "@" {
            out.extend_from_slice(&(-1i32).to_be_bytes());
            continue;
        }
        let value = from_text(field, ty)?;
        out.extend_from_slice(&i32::try_from(value.len()).unwrap_or(i32::MAX).to_be_bytes());
        out.extend_from_slice(&value);
    }
    Ok(out)
}

/// A number with a point, as Java reads it: the words for what is none have one spelling only.
fn real<F: std::str::FromStr>(text: &str) -> Option<F> {
    let is_word = text.contains(|c: char| c.is_ascii_alphabetic() && !matches!(c, 'e' | 'E'));
    let java = matches!(text, "NaN" | "Infinity" | "-Infinity");
    (!is_word || java).then(|| text.parse().ok())?
}

/// Refuses bytes that are no value of a type, in Cassandra's words.
pub(super) fn validate(ty: &CqlType, bytes: &[u8]) -> Result<(), CqlError> {
    let length = bytes.len();
    let fits = |size: usize| length == size || length == 0;
    match ty.thawed() {
        CqlType::Int if !fits(4) => Err(invalid!("Expected 4 or 0 byte int ({length})")),
        CqlType::Bigint | CqlType::Counter if !fits(8) => {
            Err(invalid!("Expected 8 or 0 byte long ({length})"))
        }
        CqlType::Timestamp if !fits(8) => Err(invalid!("Expected 8 or 0 byte long for date ({length})")),
        CqlType::Time if length != 8 => Err(invalid!("Expected 8 byte long for time ({length})")),
        CqlType::Date if length != 4 => Err(invalid!("Expected 4 byte long for date ({length})")),
        CqlType::Smallint if length != 2 => Err(invalid!("Expected 2 bytes for a smallint ({length})")),
        CqlType::Tinyint if length != 1 => Err(invalid!("Expected 1 byte for a tinyint ({length})")),
        CqlType::Boolean if !fits(1) => Err(invalid!("Expected 1 or 0 byte value ({length})")),
        CqlType::Double if !fits(8) => Err(invalid!("Expected 8 or 0 byte value for a double ({length})")),
        CqlType::Float if !fits(4) => Err(invalid!("Expected 4 or 0 byte value for a float ({length})")),
        CqlType::Uuid | CqlType::Timeuuid if !fits(16) => {
            Err(invalid!("UUID should be 16 or 0 bytes ({length})"))
        }
        CqlType::Timeuuid if length == 16 && bytes[6] >> 4 != 1 => {
            Err(invalid!("Invalid version for TimeUUID type."))
        }
        CqlType::Inet if !matches!(length, 0 | 4 | 16) => {
            Err(invalid!("Expected 4 or 16 byte inetaddress; got {}", hex(bytes)))
        }
        CqlType::Decimal if (1..4).contains(&length) => {
            Err(invalid!("Expected 0 or at least 4 bytes ({length})"))
        }
        CqlType::Varchar if std::str::from_utf8(bytes).is_err() => Err(invalid!("String didn't validate.")),
        CqlType::Ascii if !bytes.is_ascii() => Err(invalid!(
            "Invalid byte for ascii: {}",
            bytes.iter().find(|b| !b.is_ascii()).map_or(0, |b| *b as i8)
        )),
        CqlType::List(element) => validate_parts("list", [element, element], bytes, 1),
        CqlType::Set(element) => validate_parts("set", [element, element], bytes, 1),
        CqlType::Map(key, value) => validate_parts("map", [key, value], bytes, 2),
        CqlType::Tuple(types) => validate_fields(&mut types.iter(), bytes, None),
        CqlType::Udt(udt) => validate_fields(&mut udt.fields.iter().map(|(_, ty)| ty), bytes, Some(udt)),
        _ => Ok(()),
    }
}

/// A collection: how many parts it says it has, each with its length.
fn validate_parts(what: &str, types: [&CqlType; 2], bytes: &[u8], per_entry: usize) -> Result<(), CqlError> {
    let short = || invalid!("Not enough bytes to read a {what}");
    let wild = || CqlError::Server("java.lang.IllegalArgumentException".to_owned());
    let int = |bytes: &[u8]| <[u8; 4]>::try_from(bytes).map_or(0, i32::from_be_bytes);
    let (head, mut rest) = bytes.split_at_checked(4).ok_or_else(short)?;
    let entries = i64::from(int(head));
    // A list of that many entries is made before any of them is looked at.
    if entries < 0 || entries > i64::from(i32::MAX) / 16 {
        return Err(wild());
    }
    for at in 0..entries.saturating_mul(per_entry as i64) {
        let (head, tail) = rest.split_at_checked(4).ok_or_else(short)?;
        let Ok(length) = usize::try_from(int(head)) else {
            return Err(CqlError::Server("java.lang.NullPointerException".to_owned()));
        };
        let (part, tail) = tail.split_at_checked(length).ok_or_else(short)?;
        validate(types[at as usize % 2], part)?;
        rest = tail;
    }
    if rest.is_empty() { Ok(()) } else { Err(invalid!("Unexpected extraneous bytes after {what} value")) }
}

/// A tuple or a user type: each field with its length, the last ones may be missing.
fn validate_fields(
    types: &mut dyn Iterator<Item = &CqlType>,
    mut rest: &[u8],
    udt: Option<&crate::types::UserType>,
) -> Result<(), CqlError> {
    for (at, ty) in types.enumerate() {
        if rest.is_empty() {
            return Ok(());
        }
        let what = match udt {
            None => format!("{at}th component"),
            Some(udt) => format!("{at}th field {}", udt.fields.get(at).map_or("", |field| field.0.as_str())),
        };
        let Some((head, tail)) = rest.split_at_checked(4) else {
            return Err(invalid!("Not enough bytes to read size of {what}"));
        };
        rest = tail;
        let length = <[u8; 4]>::try_from(head).map_or(0, i32::from_be_bytes);
        let Ok(length) = usize::try_from(length) else { continue };
        let Some((part, tail)) = rest.split_at_checked(length) else {
            return Err(invalid!("Not enough bytes to read {what}"));
        };
        validate(ty, part)?;
        rest = tail;
    }
    match (rest.is_empty(), udt) {
        (true, _) => Ok(()),
        (false, None) => Err(invalid!("Invalid remaining data after end of tuple value")),
        (false, Some(_)) => Err(invalid!("Invalid remaining data after end of UDT value")),
    }
}

/// Days since 1970 as the `date` type has them.
pub(super) fn date_bytes(days: i64) -> Vec<u8> {
    ((days + (1 << 31)) as u32).to_be_bytes().to_vec()
}

fn unhex(text: &str) -> Vec<u8> {
    let digit = |byte: u8| char::from(byte).to_digit(16).unwrap_or(0) as u8;
    text.as_bytes().chunks_exact(2).map(|pair| digit(pair[0]) << 4 | digit(pair[1])).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refuses_wrong_sizes() {
        let error = validate(&CqlType::Int, &[1, 2]).unwrap_err();
        assert_eq!(error.to_string(), "Expected 4 or 0 byte int (2)");
        assert_eq!(validate(&CqlType::Int, &[]), Ok(()));
        assert_eq!(constant(ConstantKind::Integer, "1", &CqlType::Varchar), Ok(None));
    }

    #[test]
    fn refuses_what_java_does_not_read() {
        for (text, ty, wrong) in [
            ("nan", CqlType::Double, "Unable to make double from 'nan'"),
            ("4294967296", CqlType::Date, "Unable to make unsigned int (for date) from: '4294967296'"),
            ("2015-02-30", CqlType::Date, "Unable to coerce '2015-02-30' to a formatted date (long)"),
            ("12:34", CqlType::Time, "(TimeType) Unable to coerce '12:34' to a formatted time (long)"),
            ("0", CqlType::Blob, "cannot parse '0' as hex bytes"),
        ] {
            assert_eq!(from_text(text, &ty).unwrap_err().to_string(), wrong);
        }
        assert_eq!(from_text("", &CqlType::Timestamp), Ok(vec![]));
        assert_eq!(from_text("NaN", &CqlType::Double), Ok(f64::NAN.to_be_bytes().to_vec()));
        let pair = CqlType::Tuple(vec![CqlType::Int, CqlType::Varchar]);
        assert_eq!(from_text("1", &pair), Ok(vec![0, 0, 0, 4, 0, 0, 0, 1]));
    }

    #[test]
    fn reads_parts_of_collections_and_tuples() {
        let list = CqlType::List(Box::new(CqlType::Int));
        let pair = CqlType::Tuple(vec![CqlType::Int, CqlType::Int]);
        for (ty, bytes, wrong) in [
            (&list, vec![], "Not enough bytes to read a list"),
            (&list, vec![0, 0, 0, 0, 1], "Unexpected extraneous bytes after list value"),
            (&list, vec![0x50, 0, 0, 0], "java.lang.IllegalArgumentException"),
            (&pair, vec![0], "Not enough bytes to read size of 0th component"),
            (&pair, vec![0, 0, 0, 1], "Not enough bytes to read 0th component"),
            (&pair, vec![0, 0, 0, 1, 5], "Expected 4 or 0 byte int (1)"),
        ] {
            assert_eq!(validate(ty, &bytes).unwrap_err().to_string(), wrong);
        }
        assert_eq!(validate(&pair, &[0xff, 0xff, 0xff, 0xff]), Ok(()));
    }
}
