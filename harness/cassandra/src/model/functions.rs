//! The functions of CQL that take and give single values.

use std::cell::Cell;

use bytes::Bytes;
use stacklab_machine::Time;

use super::constants;
use super::schema::TableSchema;
use super::store;
use crate::error::invalid;
use crate::types::hex;
use crate::{CqlError, CqlType};

/// Clock sequence and node of all ids that are made here.
const NODE: u64 = 0x8000_0000_0000_0001;
/// 100 ns intervals from 1582-10-15 to 1970-01-01.
const GREGORIAN: u64 = 0x01B2_1DD2_1381_4000;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Function {
    Now,
    Uuid,
    Token,
    ToTimestamp,
    ToUnixTimestamp,
    ToDate,
    MinTimeuuid,
    MaxTimeuuid,
    /// `intAsBlob` and its like: the bytes stay.
    AsBlob,
    /// `blobAsInt` and its like: the bytes stay, if they are a value of the type.
    FromBlob,
    /// One of many rows: not called for one.
    Aggregate,
}

/// A function with the types of its arguments and of what it gives.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Signature {
    pub(super) function: Function,
    pub(super) arguments: Vec<CqlType>,
    pub(super) result: CqlType,
}

impl Signature {
    /// As error texts show it: `system.todate : (timeuuid) -> date`.
    pub(super) fn shown(&self, name: &str) -> String {
        let arguments: Vec<_> = self.arguments.iter().map(CqlType::shown).collect();
        format!("system.{name} : ({}) -> {}", arguments.join(", "), self.result.shown())
    }
}

/// All functions of a name in lower case; `token` takes the partition key of the table.
fn candidates(name: &str, table: &TableSchema) -> Vec<Signature> {
    let of = |function, arguments: &[CqlType], result| Signature {
        function,
        arguments: arguments.to_vec(),
        result,
    };
    let from_times = |function, second: CqlType, result: CqlType| {
        vec![of(function, &[CqlType::Timeuuid], result.clone()), of(function, &[second], result)]
    };
    match name {
        "now" => vec![of(Function::Now, &[], CqlType::Timeuuid)],
        "uuid" => vec![of(Function::Uuid, &[], CqlType::Uuid)],
        "token" => {
            let key: Vec<_> = table.partition_key().iter().map(|column| column.ty.clone()).collect();
            vec![of(Function::Token, &key, CqlType::Bigint)]
        }
        "dateof" => vec![of(Function::ToTimestamp, &[CqlType::Timeuuid], CqlType::Timestamp)],
        "unixtimestampof" => vec![of(Function::ToUnixTimestamp, &[CqlType::Timeuuid], CqlType::Bigint)],
        "todate" => from_times(Function::ToDate, CqlType::Timestamp, CqlType::Date),
        "totimestamp" => from_times(Function::ToTimestamp, CqlType::Date, CqlType::Timestamp),
        "tounixtimestamp" => {
            let mut both = from_times(Function::ToUnixTimestamp, CqlType::Timestamp, CqlType::Bigint);
            both.push(of(Function::ToUnixTimestamp, &[CqlType::Date], CqlType::Bigint));
            both
        }
        "mintimeuuid" => vec![of(Function::MinTimeuuid, &[CqlType::Timestamp], CqlType::Timeuuid)],
        "maxtimeuuid" => vec![of(Function::MaxTimeuuid, &[CqlType::Timestamp], CqlType::Timeuuid)],
        other => {
            let known = |name| CqlType::simple(name).filter(|ty| *ty != CqlType::Blob);
            if let Some(from) = other.strip_suffix("asblob").and_then(known) {
                vec![of(Function::AsBlob, &[from], CqlType::Blob)]
            } else if let Some(to) = other.strip_prefix("blobas").and_then(known) {
                vec![of(Function::FromBlob, &[CqlType::Blob], to)]
            } else {
                Vec::new()
            }
        }
    }
}

/// The function that is meant. `fits` says whether the argument of that number may be of that type, and whether it is
/// of just that type; `shown` prints it. `None` if there is no function of that name.
pub(super) fn resolve(
    name: &str,
    table: &TableSchema,
    count: usize,
    fits: &dyn Fn(usize, &CqlType) -> Option<bool>,
    shown: &dyn Fn(usize) -> String,
) -> Result<Option<Signature>, CqlError> {
    let mut candidates = candidates(name, table);
    if name == "token" || candidates.is_empty() {
        return Ok(candidates.pop());
    }
    if let [only] = candidates.as_slice() {
        let wanted = only.arguments.len();
        if wanted != count {
            return Err(invalid!(
                "Invalid number of arguments in call to function system.{name}: {wanted} required but {count} provided"
            ));
        }
        for (at, ty) in only.arguments.iter().enumerate() {
            if fits(at, ty).is_none() {
                return Err(invalid!(
                    "Type error: {} cannot be passed as argument {at} of function system.{name} of type {}",
                    shown(at),
                    ty.shown()
                ));
            }
        }
        return Ok(candidates.pop());
    }
    pick(name, &candidates, count, fits).map(Some)
}

/// One of several functions of a name: that whose types are just those of the arguments, or the only one that fits.
pub(super) fn pick(
    name: &str,
    candidates: &[Signature],
    count: usize,
    fits: &dyn Fn(usize, &CqlType) -> Option<bool>,
) -> Result<Signature, CqlError> {
    let texts = |all: &[Signature]| all.iter().map(|one| one.shown(name)).collect::<Vec<_>>().join(", ");
    let mut compatible = Vec::new();
    for candidate in candidates {
        if candidate.arguments.len() != count {
            continue;
        }
        let all: Option<Vec<bool>> =
            candidate.arguments.iter().enumerate().map(|(at, ty)| fits(at, ty)).collect();
        match all {
            Some(exact) if exact.iter().all(|exact| *exact) => return Ok(candidate.clone()),
            Some(_) => compatible.push(candidate.clone()),
            None => {}
        }
    }
    match compatible.as_slice() {
        [] => Err(invalid!(
            "Invalid call to function {name}, none of its type signatures match (known type signatures: {})",
            texts(candidates)
        )),
        [one] => Ok(one.clone()),
        several => Err(invalid!(
            "Ambiguous call to function {name} (can be matched by following signatures: {}): use type casts to \
             disambiguate",
            texts(several)
        )),
    }
}

/// What functions need besides their arguments.
pub(super) struct Environment<'a> {
    pub(super) now: Time,
    /// The time of the last id that was made: no two are alike.
    pub(super) ids: &'a Cell<u64>,
}

impl Signature {
    /// What the function gives; `None` is null.
    pub(super) fn call(
        &self,
        arguments: &[Bytes],
        environment: &Environment<'_>,
    ) -> Result<Option<Bytes>, CqlError> {
        let millis = || {
            let value = arguments.first()?;
            match self.arguments.first()? {
                CqlType::Timeuuid => millis_of(value),
                CqlType::Date => {
                    let days = u32::from_be_bytes(value.as_ref().try_into().ok()?);
                    Some((i64::from(days) - (1 << 31)) * 86_400_000)
                }
                _ => value.as_ref().try_into().ok().map(i64::from_be_bytes),
            }
        };
        let long = |millis: Option<i64>| millis.map(|millis| Bytes::copy_from_slice(&millis.to_be_bytes()));
        Ok(match self.function {
            Function::Now => Some(Bytes::copy_from_slice(&environment.time_uuid())),
            Function::Uuid => Some(Bytes::copy_from_slice(&environment.random_uuid())),
            Function::Token if arguments.len() > self.arguments.len() => {
                return Err(CqlError::Server("java.lang.IllegalStateException".to_owned()));
            }
            Function::Token => {
                let (token, _) = store::partition_id(arguments);
                Some(Bytes::copy_from_slice(&token.to_be_bytes()))
            }
            Function::ToTimestamp | Function::ToUnixTimestamp => long(millis()),
            Function::ToDate => {
                millis().map(|millis| Bytes::from(constants::date_bytes(millis.div_euclid(86_400_000))))
            }
            Function::MinTimeuuid | Function::MaxTimeuuid => millis().map(|millis| {
                let low = self.function == Function::MinTimeuuid;
                let intervals = millis.wrapping_mul(10_000) as u64 + if low { 0 } else { 9_999 };
                let rest = if low { 0x8080_8080_8080_8080u64 } else { 0x7f7f_7f7f_7f7f_7f7f };
                Bytes::copy_from_slice(&version1(intervals, rest))
            }),
            Function::AsBlob | Function::Aggregate => arguments.first().cloned(),
            Function::FromBlob => {
                let Some(value) = arguments.first() else { return Ok(None) };
                if constants::validate(&self.result, value).is_err() {
                    let (name, ty) = (blob_name(&self.result), self.result.shown());
                    return Err(invalid!(
                        "In call to function system.{name}, value 0x{} is not a valid binary representation for type {ty}",
                        hex(value)
                    ));
                }
                Some(value.clone())
            }
        })
    }
}

fn blob_name(to: &CqlType) -> String {
    format!("blobas{to}")
}

impl Environment<'_> {
    /// 100 ns intervals since 1970: now, or later if that has been given already.
    fn next(&self) -> u64 {
        let next = (self.now.as_micros() * 10).max(self.ids.get() + 1);
        self.ids.set(next);
        next
    }

    pub(super) fn time_uuid(&self) -> [u8; 16] {
        version1(self.next(), NODE)
    }

    /// An id of a time mirrored at the start of 2010: the later it is made, the earlier it sorts, and before all others.
    pub(super) fn mirrored_uuid(&self) -> [u8; 16] {
        const MIRROR: u64 = 12_623_040_000_000_000;
        version1((2 * MIRROR).saturating_sub(self.next()), NODE)
    }

    /// No randomness here: a hash of the time, in the form of a random id.
    fn random_uuid(&self) -> [u8; 16] {
        hashed_uuid(&self.next().to_be_bytes(), 4)
    }
}

/// A UUID of the given version whose other bits are a hash.
pub(super) fn hashed_uuid(seed: &[u8], version: u8) -> [u8; 16] {
    use md5::Digest as _;
    let mut id: [u8; 16] = md5::Md5::digest(seed).into();
    id[6] = id[6] & 0x0f | version << 4;
    id[8] = id[8] & 0x3f | 0x80;
    id
}

fn version1(intervals: u64, rest: u64) -> [u8; 16] {
    let time = intervals.wrapping_add(GREGORIAN);
    let mut id = [0; 16];
    id[..4].copy_from_slice(&(time as u32).to_be_bytes());
    id[4..6].copy_from_slice(&((time >> 32) as u16).to_be_bytes());
    id[6..8].copy_from_slice(&((time >> 48) as u16 & 0x0fff | 0x1000).to_be_bytes());
    id[8..].copy_from_slice(&rest.to_be_bytes());
    id
}

fn millis_of(time_uuid: &[u8]) -> Option<i64> {
    let id: [u8; 16] = time_uuid.try_into().ok()?;
    let low = u64::from(u32::from_be_bytes([id[0], id[1], id[2], id[3]]));
    let middle = u64::from(u16::from_be_bytes([id[4], id[5]]));
    let high = u64::from(u16::from_be_bytes([id[6] & 0x0f, id[7]]));
    let intervals = (high << 48 | middle << 32 | low).wrapping_sub(GREGORIAN) as i64;
    Some(intervals.div_euclid(10_000))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::order;

    #[test]
    fn time_uuids_keep_their_time() {
        let ids = Cell::new(7);
        let environment = Environment { now: Time::SIM_START, ids: &ids };
        let (a, b) = (environment.time_uuid(), environment.time_uuid());
        assert!(order::key(&CqlType::Timeuuid, &a) < order::key(&CqlType::Timeuuid, &b));
        let (c, d) = (environment.mirrored_uuid(), environment.mirrored_uuid());
        assert!(order::key(&CqlType::Timeuuid, &d) < order::key(&CqlType::Timeuuid, &c));
        assert_eq!(a[6] >> 4, 1);
        assert_eq!(millis_of(&a), Some(Time::SIM_START.as_millis() as i64));
        let low = Signature {
            function: Function::MinTimeuuid,
            arguments: vec![CqlType::Timestamp],
            result: CqlType::Timeuuid,
        };
        let low = low.call(&[Bytes::copy_from_slice(&1000i64.to_be_bytes())], &environment);
        assert_eq!(millis_of(&low.unwrap().unwrap()), Some(1000));
    }
}
