//! The functions of CQL that make one value out of those of many rows.

use bytes::Bytes;

use super::functions::{Function, Signature};
use super::{numbers, order};
use crate::error::invalid;
use crate::{CqlError, CqlType};

#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Aggregate {
    Count,
    Min,
    Max,
    Sum,
    Average,
}

/// In the order in which the original lists its functions.
const ALL: [CqlType; 19] = [
    CqlType::Ascii,
    CqlType::Bigint,
    CqlType::Blob,
    CqlType::Boolean,
    CqlType::Counter,
    CqlType::Decimal,
    CqlType::Double,
    CqlType::Float,
    CqlType::Inet,
    CqlType::Int,
    CqlType::Smallint,
    CqlType::Varchar,
    CqlType::Timestamp,
    CqlType::Tinyint,
    CqlType::Uuid,
    CqlType::Varint,
    CqlType::Timeuuid,
    CqlType::Date,
    CqlType::Time,
];
const SUMS: [CqlType; 9] = [
    CqlType::Tinyint,
    CqlType::Smallint,
    CqlType::Int,
    CqlType::Bigint,
    CqlType::Float,
    CqlType::Double,
    CqlType::Decimal,
    CqlType::Varint,
    CqlType::Counter,
];
const AVERAGES: [CqlType; 9] = [
    CqlType::Tinyint,
    CqlType::Smallint,
    CqlType::Int,
    CqlType::Bigint,
    CqlType::Float,
    CqlType::Double,
    CqlType::Varint,
    CqlType::Decimal,
    CqlType::Counter,
];

/// The aggregate of a name in lower case, with the types that it takes.
pub(super) fn named(name: &str) -> Option<(Aggregate, Vec<Signature>)> {
    let (aggregate, types): (_, &[CqlType]) = match name {
        "count" => (Aggregate::Count, &ALL),
        "min" => (Aggregate::Min, &ALL),
        "max" => (Aggregate::Max, &ALL),
        "sum" => (Aggregate::Sum, &SUMS),
        "avg" => (Aggregate::Average, &AVERAGES),
        _ => return None,
    };
    let of = |ty: &CqlType| Signature {
        function: Function::Aggregate,
        arguments: vec![ty.clone()],
        result: if aggregate == Aggregate::Count { CqlType::Bigint } else { ty.clone() },
    };
    Some((aggregate, types.iter().map(of).collect()))
}

/// One value out of many.
pub(super) fn fold<'a>(
    aggregate: Aggregate,
    ty: &CqlType,
    values: impl Iterator<Item = &'a Bytes>,
) -> Result<Option<Bytes>, CqlError> {
    // Counters are compared as bytes are.
    let ty = if *ty == CqlType::Counter { &CqlType::Blob } else { ty };
    Ok(match aggregate {
        Aggregate::Count => Some(Bytes::copy_from_slice(&(values.count() as i64).to_be_bytes())),
        Aggregate::Min => values.min_by_key(|value| order::key(ty, value)).cloned(),
        // The first of those that are alike.
        Aggregate::Max => values
            .reduce(|best, value| if order::key(ty, value) > order::key(ty, best) { value } else { best })
            .cloned(),
        Aggregate::Sum | Aggregate::Average => Some(sum(ty, values, aggregate == Aggregate::Average)?),
    })
}

fn sum<'a>(ty: &CqlType, values: impl Iterator<Item = &'a Bytes>, average: bool) -> Result<Bytes, CqlError> {
    let fixed = |value: &Bytes| value.iter().fold(sign(value), |n: i64, byte| n << 8 | i64::from(*byte));
    let values = values.filter(|value| !value.is_empty());
    let over = |count: i64| if average && count > 0 { count } else { 1 };
    Ok(Bytes::from(match ty {
        CqlType::Double | CqlType::Float => {
            let (mut sum, mut count) = (0f64, 0);
            for value in values {
                count += 1;
                sum += match value.len() {
                    8 => f64::from_be_bytes(value.as_ref().try_into().unwrap_or_default()),
                    _ => f64::from(f32::from_be_bytes(value.as_ref().try_into().unwrap_or_default())),
                };
            }
            let result = sum / over(count) as f64;
            if *ty == CqlType::Double {
                result.to_be_bytes().to_vec()
            } else {
                (result as f32).to_be_bytes().to_vec()
            }
        }
        CqlType::Varint => {
            let (mut sum, mut count) = (0i128, 0);
            for value in values {
                count += 1;
                sum = sum.checked_add(big(value)?).ok_or_else(too_large)?;
            }
            varint(sum / i128::from(over(count)))
        }
        CqlType::Decimal => decimal(values, average)?,
        // The sum is kept in the type itself, and turns over with it.
        _ => {
            let (mut sum, mut count) = (0i64, 0);
            for value in values {
                count += 1;
                sum = sum.wrapping_add(fixed(value));
            }
            let sum = match ty {
                CqlType::Int => i64::from(sum as i32),
                CqlType::Smallint => i64::from(sum as i16),
                CqlType::Tinyint => i64::from(sum as i8),
                _ => sum,
            };
            let result = sum.wrapping_div(over(count)).to_be_bytes();
            let length = match ty {
                CqlType::Int => 4,
                CqlType::Smallint => 2,
                CqlType::Tinyint => 1,
                _ => 8,
            };
            result[8 - length..].to_vec()
        }
    }))
}

fn sign(value: &[u8]) -> i64 {
    if value.first().is_some_and(|byte| byte & 0x80 != 0) { -1 } else { 0 }
}

fn too_large() -> CqlError {
    invalid!("Sums of numbers of more than 38 digits are not supported by this simulated node")
}

fn big(bytes: &[u8]) -> Result<i128, CqlError> {
    if bytes.len() > 16 {
        return Err(too_large());
    }
    Ok(bytes.iter().fold(i128::from(sign(bytes)), |number, byte| number << 8 | i128::from(*byte)))
}

fn varint(number: i128) -> Vec<u8> {
    numbers::varint(&number.to_string()).unwrap_or_default()
}

/// Exact sums, and quotients that are exact too.
fn decimal<'a>(values: impl Iterator<Item = &'a Bytes>, average: bool) -> Result<Vec<u8>, CqlError> {
    const MAX_STEPS: u32 = 38;
    let (mut sum, mut scale, mut count) = (0i128, 0i32, 0i128);
    let power = |exponent: i64| {
        u32::try_from(exponent).ok().and_then(|exponent| 10i128.checked_pow(exponent)).ok_or_else(too_large)
    };
    for value in values {
        let Some((head, unscaled)) = value.split_at_checked(4) else { continue };
        let own = <[u8; 4]>::try_from(head).map_or(0, i32::from_be_bytes);
        let (number, common) = (big(unscaled)?, own.max(scale));
        let shifted = |number: i128, from: i32| {
            number.checked_mul(power(i64::from(common) - i64::from(from))?).ok_or_else(too_large)
        };
        sum = shifted(sum, scale)?.checked_add(shifted(number, own)?).ok_or_else(too_large)?;
        scale = common;
        count += 1;
    }
    if average && count > 0 {
        let mut steps = 0;
        while sum % count != 0 && steps < MAX_STEPS {
            sum = sum.checked_mul(10).ok_or_else(not_exact)?;
            scale = scale.checked_add(1).ok_or_else(too_large)?;
            steps += 1;
        }
        if sum % count != 0 {
            return Err(not_exact());
        }
        sum /= count;
    }
    let mut out = scale.to_be_bytes().to_vec();
    out.extend(varint(sum));
    Ok(out)
}

fn not_exact() -> CqlError {
    CqlError::Server(
        "java.lang.ArithmeticException: Non-terminating decimal expansion; no exact representable decimal result."
            .to_owned(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folded(name: &str, ty: &CqlType, values: &[Vec<u8>]) -> Result<Option<Vec<u8>>, CqlError> {
        let values: Vec<Bytes> = values.iter().map(|value| Bytes::copy_from_slice(value)).collect();
        let (aggregate, _) = named(name).unwrap();
        fold(aggregate, ty, values.iter()).map(|value| value.map(|value| value.to_vec()))
    }

    #[test]
    fn sums_turn_over_with_their_type() {
        let values = [3i16, 30, 32767].map(|value| value.to_be_bytes().to_vec());
        assert_eq!(folded("sum", &CqlType::Smallint, &values), Ok(Some(vec![0x80, 0x20])));
        assert_eq!(folded("avg", &CqlType::Smallint, &values), Ok(Some(vec![0xd5, 0x60])));
        assert_eq!(folded("avg", &CqlType::Int, &[]), Ok(Some(vec![0; 4])));
        assert_eq!(folded("max", &CqlType::Int, &[]), Ok(None));
    }

    #[test]
    fn decimals_are_exact_or_nothing() {
        let values = ["6.5", "0.25"].map(|text| numbers::decimal(text).unwrap());
        let of = |text| Ok(numbers::decimal(text));
        assert_eq!(folded("sum", &CqlType::Decimal, &values), of("6.75"));
        assert_eq!(folded("avg", &CqlType::Decimal, &values), of("3.375"));
        let thirds = ["1", "0", "0"].map(|text| numbers::decimal(text).unwrap());
        assert!(folded("avg", &CqlType::Decimal, &thirds).is_err());
    }
}
