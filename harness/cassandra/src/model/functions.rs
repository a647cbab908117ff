//! The functions of CQL that take and give single values.

use std::cell::Cell;

use bytes::Bytes;
use stacklab_machine::Time;

use super::constants;
use super::schema::TableSchema;
use super::store;
use crate::CqlType;

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
    /// `intAsBlob` and its like, both ways: the bytes stay.
    Reinterpret,
}

/// A function with the types of its arguments and of what it gives.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Signature {
    pub(super) function: Function,
    pub(super) arguments: Vec<CqlType>,
    pub(super) result: CqlType,
}

/// A function by its name in lower case; `token` takes the partition key of the table.
pub(super) fn signature(name: &str, table: &TableSchema) -> Option<Signature> {
    let (function, arguments, result) = match name {
        "now" => (Function::Now, vec![], CqlType::Timeuuid),
        "uuid" => (Function::Uuid, vec![], CqlType::Uuid),
        "token" => {
            let key = table.partition_key().iter().map(|column| column.ty.clone()).collect();
            (Function::Token, key, CqlType::Bigint)
        }
        "dateof" | "totimestamp" => (Function::ToTimestamp, vec![CqlType::Timeuuid], CqlType::Timestamp),
        "unixtimestampof" | "tounixtimestamp" => {
            (Function::ToUnixTimestamp, vec![CqlType::Timeuuid], CqlType::Bigint)
        }
        "todate" => (Function::ToDate, vec![CqlType::Timeuuid], CqlType::Date),
        "mintimeuuid" => (Function::MinTimeuuid, vec![CqlType::Timestamp], CqlType::Timeuuid),
        "maxtimeuuid" => (Function::MaxTimeuuid, vec![CqlType::Timestamp], CqlType::Timeuuid),
        other => {
            if let Some(from) = other.strip_suffix("asblob") {
                (Function::Reinterpret, vec![CqlType::simple(from)?], CqlType::Blob)
            } else {
                (Function::Reinterpret, vec![CqlType::Blob], CqlType::simple(other.strip_prefix("blobas")?)?)
            }
        }
    };
    Some(Signature { function, arguments, result })
}

/// What functions need besides their arguments.
pub(super) struct Environment<'a> {
    pub(super) now: Time,
    /// Grows with each id that is made, so that no two are alike.
    pub(super) ids: &'a Cell<u64>,
}

impl Function {
    pub(super) fn call(self, arguments: &[Bytes], environment: &Environment<'_>) -> Option<Bytes> {
        let first = arguments.first();
        match self {
            Self::Now => Some(Bytes::copy_from_slice(&environment.time_uuid())),
            Self::Uuid => Some(Bytes::copy_from_slice(&environment.random_uuid())),
            Self::Token => {
                let (token, _) = store::partition_id(arguments);
                Some(Bytes::copy_from_slice(&token.to_be_bytes()))
            }
            Self::ToTimestamp | Self::ToUnixTimestamp => {
                Some(Bytes::copy_from_slice(&millis_of(first?)?.to_be_bytes()))
            }
            Self::ToDate => {
                Some(Bytes::from(constants::date_bytes(millis_of(first?)?.div_euclid(86_400_000))))
            }
            Self::MinTimeuuid | Self::MaxTimeuuid => {
                let millis = i64::from_be_bytes(first?.as_ref().try_into().ok()?);
                let low = self == Self::MinTimeuuid;
                let intervals = millis.wrapping_mul(10_000) as u64 + if low { 0 } else { 9_999 };
                let rest = if low { 0x8080_8080_8080_8080u64 } else { 0x7f7f_7f7f_7f7f_7f7f };
                Some(Bytes::copy_from_slice(&version1(intervals, rest)))
            }
            Self::Reinterpret => first.cloned(),
        }
    }
}

impl Environment<'_> {
    fn next(&self) -> u64 {
        let id = self.ids.get();
        self.ids.set(id + 1);
        id
    }

    pub(super) fn time_uuid(&self) -> [u8; 16] {
        let intervals = self.now.as_micros() * 10;
        version1(intervals, 0x8000_0000_0000_0000 | self.next() & 0x3fff_ffff_ffff_ffff)
    }

    /// No randomness here: a hash of the time and a number, in the form of a random id.
    fn random_uuid(&self) -> [u8; 16] {
        let mut seed = [0; 16];
        seed[..8].copy_from_slice(&self.now.as_micros().to_be_bytes());
        seed[8..].copy_from_slice(&self.next().to_be_bytes());
        hashed_uuid(&seed, 4)
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

    #[test]
    fn time_uuids_keep_their_time() {
        let ids = Cell::new(7);
        let environment = Environment { now: Time::SIM_START, ids: &ids };
        let (a, b) = (environment.time_uuid(), environment.time_uuid());
        assert_ne!(a, b);
        assert_eq!(a[6] >> 4, 1);
        assert_eq!(millis_of(&a), Some(Time::SIM_START.as_millis() as i64));
        let low = Function::MinTimeuuid
            .call(&[Bytes::copy_from_slice(&1000i64.to_be_bytes())], &environment)
            .unwrap();
        assert_eq!(millis_of(&low), Some(1000));
    }
}
