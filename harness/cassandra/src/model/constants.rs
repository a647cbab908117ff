//! Constants of statements as bytes, and whether bytes are a value of a type at all.

use std::net::IpAddr;

use super::numbers;
use crate::cql::ConstantKind;
use crate::error::invalid;
use crate::value::elements;
use crate::{CqlError, CqlType};

/// The bytes of a constant. `Ok(None)`: a constant of this kind is never a value of this type.
pub(super) fn constant(kind: ConstantKind, text: &str, ty: &CqlType) -> Result<Option<Vec<u8>>, CqlError> {
    let unable = |what: &str| invalid!("Unable to make {what} from '{text}'");
    let bytes = match (kind, ty) {
        (ConstantKind::String, CqlType::Varchar | CqlType::Ascii) => text.as_bytes().to_vec(),
        (ConstantKind::String, CqlType::Timestamp) => {
            let millis = timestamp(text)
                .ok_or_else(|| invalid!("Unable to coerce '{text}' to a formatted date (long)"))?;
            millis.to_be_bytes().to_vec()
        }
        (ConstantKind::String, CqlType::Inet) => match text.parse::<IpAddr>() {
            Ok(IpAddr::V4(address)) => address.octets().to_vec(),
            Ok(IpAddr::V6(address)) => address.octets().to_vec(),
            Err(_) => return Err(unable("inet address")),
        },
        (ConstantKind::String, CqlType::Date) => {
            let millis = timestamp(text)
                .ok_or_else(|| invalid!("Unable to coerce '{text}' to a formatted date (long)"))?;
            date_bytes(millis.div_euclid(86_400_000))
        }
        (ConstantKind::Integer, CqlType::Date) => {
            text.parse::<u32>().map_err(|_| unable("date"))?.to_be_bytes().to_vec()
        }
        (ConstantKind::String, CqlType::Time) => time_of_day(text)
            .ok_or_else(|| invalid!("(TimeType) Unable to coerce '{text}' to a formatted time (long)"))?
            .to_be_bytes()
            .to_vec(),
        (ConstantKind::Integer, CqlType::Bigint | CqlType::Counter | CqlType::Time | CqlType::Timestamp) => {
            text.parse::<i64>().map_err(|_| unable("long"))?.to_be_bytes().to_vec()
        }
        (ConstantKind::Integer, CqlType::Int) => {
            text.parse::<i32>().map_err(|_| unable("int"))?.to_be_bytes().to_vec()
        }
        (ConstantKind::Integer, CqlType::Smallint) => {
            text.parse::<i16>().map_err(|_| unable("short"))?.to_be_bytes().to_vec()
        }
        (ConstantKind::Integer, CqlType::Tinyint) => {
            text.parse::<i8>().map_err(|_| unable("byte"))?.to_be_bytes().to_vec()
        }
        (ConstantKind::Integer, CqlType::Varint) => numbers::varint(text).ok_or_else(|| unable("integer"))?,
        (ConstantKind::Integer | ConstantKind::Float, CqlType::Decimal) => {
            numbers::decimal(text).ok_or_else(|| unable("BigDecimal"))?
        }
        (ConstantKind::Integer | ConstantKind::Float, CqlType::Double) => {
            text.parse::<f64>().map_err(|_| unable("double"))?.to_be_bytes().to_vec()
        }
        (ConstantKind::Integer | ConstantKind::Float, CqlType::Float) => {
            text.parse::<f32>().map_err(|_| unable("float"))?.to_be_bytes().to_vec()
        }
        (ConstantKind::Boolean, CqlType::Boolean) => vec![u8::from(text == "true")],
        (ConstantKind::Uuid, CqlType::Uuid | CqlType::Timeuuid) => unhex(&text.replace('-', "")),
        (ConstantKind::Hex, CqlType::Blob) => {
            if !text.len().is_multiple_of(2) {
                return Err(invalid!("An hex string representing bytes must have an even length"));
            }
            unhex(&text[2..])
        }
        _ => return Ok(None),
    };
    validate(ty, &bytes)?;
    Ok(Some(bytes))
}

/// Refuses bytes that are no value of a type, in Cassandra's words.
pub(super) fn validate(ty: &CqlType, bytes: &[u8]) -> Result<(), CqlError> {
    let length = bytes.len();
    let fits = |size: usize| length == size || length == 0;
    let per_element = |kinds: [&CqlType; 2], per_entry: usize| {
        let parts = elements(bytes, per_entry).ok_or_else(|| {
            invalid!(
                "Unexpected extraneous bytes after {} value",
                ty.to_string().split('<').next().unwrap_or("")
            )
        })?;
        parts.iter().enumerate().try_for_each(|(at, part)| match part {
            Some(part) => validate(kinds[at % 2], part),
            None => Err(invalid!("null is not supported inside collections")),
        })
    };
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
        CqlType::Uuid if !fits(16) => Err(invalid!("UUID should be 16 or 0 bytes ({length})")),
        CqlType::Timeuuid if !fits(16) => Err(invalid!("TimeUUID should be 16 or 0 bytes ({length})")),
        CqlType::Timeuuid if length == 16 && bytes[6] >> 4 != 1 => {
            Err(invalid!("Invalid version for TimeUUID type."))
        }
        CqlType::Inet if !matches!(length, 0 | 4 | 16) => {
            Err(invalid!("Expected 4 or 16 byte inetaddress; got {length}"))
        }
        CqlType::Decimal if (1..4).contains(&length) => Err(invalid!("Expected 0 or at least 4 bytes")),
        CqlType::Varchar if std::str::from_utf8(bytes).is_err() => Err(invalid!("String didn't validate.")),
        CqlType::Ascii if !bytes.is_ascii() => Err(invalid!(
            "Invalid byte for ascii: {}",
            bytes.iter().find(|b| !b.is_ascii()).map_or(0, |b| *b as i8)
        )),
        CqlType::List(element) | CqlType::Set(element) => per_element([element, element], 1),
        CqlType::Map(key, value) => per_element([key, value], 2),
        _ => Ok(()),
    }
}

/// `2016-03-01`, `2016-03-01 12:30[:15[.250]]`, with `T` or a blank, and `Z` or `+0100` behind; UTC if nothing is.
pub(super) fn timestamp(text: &str) -> Option<i64> {
    if let Ok(millis) = text.parse::<i64>() {
        return Some(millis);
    }
    let date = text.get(..10)?;
    let mut parts = date.split('-').map(str::parse::<i64>);
    let (year, month, day) = (parts.next()?.ok()?, parts.next()?.ok()?, parts.next()?.ok()?);
    if !(1..=12).contains(&month) || !(1..=31).contains(&day) {
        return None;
    }
    let midnight = days_from_civil(year, month, day) * 86_400_000;
    let rest = text.get(10..)?;
    let (clock, zone) = match rest.rfind(['+', '-', 'Z']) {
        Some(at) => rest.split_at(at),
        None => (rest, ""),
    };
    let clock = clock.trim_start_matches(['T', ' ']).trim_end();
    let of_day = if clock.is_empty() { 0 } else { time_of_day(clock)? / 1_000_000 };
    Some(midnight + of_day - zone_millis(zone)?)
}

fn zone_millis(zone: &str) -> Option<i64> {
    let sign = match zone.chars().next() {
        None | Some('Z') => return Some(0),
        Some('-') => -1,
        _ => 1,
    };
    let digits = zone[1..].replace(':', "");
    let (hours, minutes) = digits.split_at_checked(2)?;
    let minutes = if minutes.is_empty() { 0 } else { minutes.parse::<i64>().ok()? };
    Some(sign * (hours.parse::<i64>().ok()? * 60 + minutes) * 60_000)
}

/// ns since midnight of `12:30`, `12:30:15`, `12:30:15.250`.
fn time_of_day(text: &str) -> Option<i64> {
    if let Ok(nanos) = text.parse::<i64>() {
        return Some(nanos);
    }
    let mut parts = text.splitn(3, ':');
    let hours = parts.next()?.parse::<i64>().ok().filter(|hours| (0..24).contains(hours))?;
    let minutes = parts.next()?.parse::<i64>().ok().filter(|minutes| (0..60).contains(minutes))?;
    let (seconds, fraction) = match parts.next() {
        None => (0, 0),
        Some(text) => {
            let (seconds, fraction) = text.split_once('.').unwrap_or((text, ""));
            if fraction.len() > 9 {
                return None;
            }
            let fraction =
                if fraction.is_empty() { 0 } else { format!("{fraction:0<9}").parse::<i64>().ok()? };
            (seconds.parse::<i64>().ok().filter(|seconds| (0..60).contains(seconds))?, fraction)
        }
    };
    Some(((hours * 60 + minutes) * 60 + seconds) * 1_000_000_000 + fraction)
}

/// Days since 1970 as the `date` type has them.
pub(super) fn date_bytes(days: i64) -> Vec<u8> {
    ((days + (1 << 31)) as u32).to_be_bytes().to_vec()
}

fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

fn unhex(text: &str) -> Vec<u8> {
    let digit = |byte: u8| char::from(byte).to_digit(16).unwrap_or(0) as u8;
    text.as_bytes().chunks_exact(2).map(|pair| digit(pair[0]) << 4 | digit(pair[1])).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_dates() {
        for (text, millis) in [
            ("1970-01-01", 0),
            ("2016-03-01", 1_456_790_400_000),
            ("2015-06-24T15:04:05.123Z", 1_435_158_245_123),
            ("2015-06-24 17:04:05+0200", 1_435_158_245_000),
            ("2000-02-29 00:00", 951_782_400_000),
            ("-5", -5),
        ] {
            assert_eq!(timestamp(text), Some(millis), "{text}");
        }
        assert_eq!(timestamp("yesterday"), None);
        assert_eq!(timestamp("2016-13-01"), None);
    }

    #[test]
    fn refuses_wrong_sizes() {
        let error = validate(&CqlType::Int, &[1, 2]).unwrap_err();
        assert_eq!(error.to_string(), "Expected 4 or 0 byte int (2)");
        assert_eq!(validate(&CqlType::Int, &[]), Ok(()));
        assert_eq!(constant(ConstantKind::Integer, "1", &CqlType::Varchar), Ok(None));
    }
}
