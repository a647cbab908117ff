//! Orders values as Cassandra does, by writing them so that plain bytes compare alike.

use super::numbers;
use crate::CqlType;
use crate::value::elements;

/// Appends the sortable form of a value. No form is the beginning of another, so forms can be put one behind the
/// other. Descending columns have all bits inverted.
pub(super) fn append(out: &mut Vec<u8>, kind: &CqlType, value: &[u8], descending: bool) {
    let start = out.len();
    append_ascending(out, kind.thawed(), value);
    if descending {
        out[start..].iter_mut().for_each(|byte| *byte = !*byte);
    }
}

/// The sortable form of one value.
pub(super) fn key(kind: &CqlType, value: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(value.len() + 2);
    append(&mut out, kind, value, false);
    out
}

fn append_ascending(out: &mut Vec<u8>, kind: &CqlType, value: &[u8]) {
    match kind {
        CqlType::Varchar | CqlType::Ascii | CqlType::Blob | CqlType::Inet | CqlType::Custom(_) => {
            escaped(out, value)
        }
        CqlType::List(element) | CqlType::Set(element) => parts(out, value, 1, |_| element),
        CqlType::Map(key, element) => parts(out, value, 2, |at| if at % 2 == 0 { key } else { element }),
        CqlType::Tuple(types) => fields(out, value, &mut types.iter()),
        CqlType::Udt(udt) => fields(out, value, &mut udt.fields.iter().map(|(_, ty)| ty)),
        // An empty value is legal for most types and comes first.
        _ if value.is_empty() => out.push(0),
        CqlType::Varint => {
            out.push(1);
            varint(out, value);
        }
        CqlType::Decimal => {
            out.push(1);
            decimal(out, value);
        }
        CqlType::Double => fixed::<8>(out, value, |b| float_bits(f64::from_be_bytes(b)).to_be_bytes()),
        CqlType::Float => fixed::<4>(out, value, |b| {
            let bits = u32::from_be_bytes(b);
            (if bits >> 31 == 1 { !bits } else { bits ^ 1 << 31 }).to_be_bytes()
        }),
        CqlType::Timeuuid => fixed::<16>(out, value, time_first),
        CqlType::Uuid => {
            // By version, then by time if they have one, then by bytes.
            out.push(1 + value.get(6).map_or(0, |byte| byte >> 4));
            if value.get(6).is_some_and(|byte| byte >> 4 == 1) {
                fixed::<16>(out, value, time_first);
            } else {
                escaped(out, value);
            }
        }
        CqlType::Date | CqlType::Boolean => {
            out.push(1);
            out.extend_from_slice(value);
        }
        _ => {
            // Two's complement of whatever width: the sign bit turned round.
            out.push(1);
            out.push(value[0] ^ 0x80);
            out.extend_from_slice(&value[1..]);
        }
    }
}

fn escaped(out: &mut Vec<u8>, value: &[u8]) {
    for byte in value {
        out.push(*byte);
        if *byte == 0 {
            out.push(0xff);
        }
    }
    out.extend_from_slice(&[0, 0]);
}

fn parts<'a>(out: &mut Vec<u8>, value: &[u8], per_entry: usize, kind: impl Fn(usize) -> &'a CqlType) {
    for (at, element) in elements(value, per_entry).unwrap_or_default().into_iter().enumerate() {
        match element {
            None => out.push(1),
            Some(element) => {
                out.push(2);
                append_ascending(out, kind(at).thawed(), element);
            }
        }
    }
    out.push(0);
}

fn fixed<const N: usize>(out: &mut Vec<u8>, value: &[u8], sortable: impl Fn([u8; N]) -> [u8; N]) {
    out.push(1);
    match <[u8; N]>::try_from(value) {
        Ok(bytes) => out.extend_from_slice(&sortable(bytes)),
        Err(_) => escaped(out, value),
    }
}

fn varint(out: &mut Vec<u8>, value: &[u8]) {
    let negative = value[0] & 0x80 != 0;
    let filler = if negative { 0xff } else { 0 };
    let redundant =
        value.windows(2).take_while(|pair| pair[0] == filler && (pair[1] & 0x80 != 0) == negative).count();
    let value = &value[redundant..];
    let length = (value.len() as u32).to_be_bytes();
    out.push(u8::from(!negative));
    out.extend(length.iter().map(|byte| if negative { !byte } else { *byte }));
    out.extend_from_slice(value);
}

/// Sign, power of ten, digits: numbers that are equal have one form, however many zeros they end in.
fn decimal(out: &mut Vec<u8>, value: &[u8]) {
    let Some((scale, unscaled)) = value.split_at_checked(4) else { return };
    let scale = i64::from(i32::from_be_bytes([scale[0], scale[1], scale[2], scale[3]]));
    let (negative, mut digits) = numbers::digits(unscaled);
    let power = digits.len() as i64 - scale;
    while digits.last() == Some(&0) {
        digits.pop();
    }
    if digits.is_empty() {
        out.push(1);
        return;
    }
    let mut form = ((power as u64) ^ 1 << 63).to_be_bytes().to_vec();
    form.extend(digits.iter().map(|digit| digit + 1));
    form.push(0);
    out.push(if negative { 0 } else { 2 });
    out.extend(form.iter().map(|byte| if negative { !byte } else { *byte }));
}

/// A tuple: field by field, null before all else, and null where fields are missing.
fn fields(out: &mut Vec<u8>, mut rest: &[u8], types: &mut dyn Iterator<Item = &CqlType>) {
    for ty in types {
        let length = rest.split_at_checked(4).map(|(head, tail)| {
            rest = tail;
            <[u8; 4]>::try_from(head).map_or(-1, i32::from_be_bytes)
        });
        let part = length.and_then(|length| usize::try_from(length).ok());
        match part.and_then(|length| rest.split_at_checked(length)) {
            None => out.push(1),
            Some((part, tail)) => {
                rest = tail;
                out.push(2);
                append_ascending(out, ty.thawed(), part);
            }
        }
    }
}

fn float_bits(value: f64) -> u64 {
    let bits = value.to_bits();
    if bits >> 63 == 1 { !bits } else { bits ^ 1 << 63 }
}

/// The 60 bits of time of a version 1 UUID, then the rest, whose bytes are signed to Cassandra.
fn time_first(uuid: [u8; 16]) -> [u8; 16] {
    let mut out = [0; 16];
    out[..2].copy_from_slice(&uuid[6..8]);
    out[0] &= 0x0f;
    out[2..4].copy_from_slice(&uuid[4..6]);
    out[4..8].copy_from_slice(&uuid[..4]);
    for (to, from) in out[8..].iter_mut().zip(&uuid[8..]) {
        *to = from ^ 0x80;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sorted(kind: &CqlType, ascending: &[Vec<u8>]) {
        for pair in ascending.windows(2) {
            assert!(key(kind, &pair[0]) < key(kind, &pair[1]), "{kind}: {pair:?}");
            let descending = |value: &[u8]| {
                let mut out = Vec::new();
                append(&mut out, kind, value, true);
                out
            };
            assert!(descending(&pair[0]) > descending(&pair[1]), "{kind} DESC: {pair:?}");
        }
    }

    #[test]
    fn orders_as_cassandra_does() {
        let longs = [i64::MIN, -256, -1, 0, 1, 300, i64::MAX];
        let longs: Vec<_> =
            std::iter::once(Vec::new()).chain(longs.iter().map(|v| v.to_be_bytes().to_vec())).collect();
        sorted(&CqlType::Bigint, &longs);
        sorted(&CqlType::Timestamp, &longs);
        let texts = ["", "a", "a\0", "a\0b", "a\u{1}", "ab", "b"].map(|text| text.as_bytes().to_vec());
        sorted(&CqlType::Varchar, &texts);
        let doubles = [f64::NEG_INFINITY, -1.5, -0.0, 0.0, 1e-9, 2.0, f64::INFINITY, f64::NAN];
        sorted(&CqlType::Double, &doubles.map(|v| v.to_be_bytes().to_vec()));
        let varints = [vec![0xfe, 0xff], vec![0x80], vec![0xff, 0xff], vec![0], vec![0, 0x7f], vec![0, 0x80]];
        sorted(&CqlType::Varint, &varints);
        let texts = ["-1e3", "-10", "-9.99", "-0.001", "0", "1e-3", "0.5", "9.99", "1e1", "10.01", "1e30"];
        let decimals: Vec<_> = texts.iter().filter_map(|text| numbers::decimal(text)).collect();
        sorted(&CqlType::Decimal, &decimals);
        let of = |text| key(&CqlType::Decimal, &numbers::decimal(text).unwrap_or_default());
        assert_eq!(of("1.0"), of("1"));
        assert_eq!(of("0.00"), of("-0"));
        let tuples: [&[u8]; 4] = [
            &[0xff, 0xff, 0xff, 0xff, 0, 0, 0, 1, 98],
            &[0, 0, 0, 4, 0xff, 0xff, 0xff, 0xff],
            &[0, 0, 0, 4, 0, 0, 0, 1],
            &[0, 0, 0, 4, 0, 0, 0, 1, 0, 0, 0, 0],
        ];
        let pair = CqlType::Tuple(vec![CqlType::Int, CqlType::Varchar]);
        sorted(&pair, &tuples.map(<[u8]>::to_vec));
    }
}
