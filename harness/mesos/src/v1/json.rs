//! How protobuf scalars look in Mesos' JSON: bytes as base64, numbers that may come as strings.

use std::fmt;
use std::marker::PhantomData;

use serde::de::{Deserializer, Error, Visitor};

/// `bytes` fields: standard base64.
pub(crate) mod bytes {
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;
    use serde::{Deserialize, Deserializer, Serializer};

    pub(crate) fn serialize<S: Serializer>(data: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&STANDARD.encode(data))
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
        let text = String::deserialize(deserializer)?;
        STANDARD.decode(&text).map_err(|why| {
            serde::de::Error::custom(format!("Failed to base64 decode bytes field 'data': {why}"))
        })
    }
}

/// Optional `bytes` fields.
pub(crate) mod optional_bytes {
    use serde::{Deserializer, Serializer};

    #[allow(clippy::ref_option)] // The signature is serde's.
    pub(crate) fn serialize<S: Serializer>(data: &Option<Vec<u8>>, serializer: S) -> Result<S::Ok, S::Error> {
        super::bytes::serialize(data.as_deref().unwrap_or_default(), serializer)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<Vec<u8>>, D::Error> {
        super::bytes::deserialize(deserializer).map(Some)
    }
}

/// Times as seconds since the epoch, with their fraction.
pub(crate) mod seconds {
    use serde::{Deserializer, Serializer};
    use stacklab_machine::Time;

    #[allow(clippy::ref_option)] // The signature is serde's.
    pub(crate) fn serialize<S: Serializer>(time: &Option<Time>, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_f64(time.unwrap_or_default().as_secs_f64())
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Time>, D::Error> {
        let seconds: f64 = super::number(deserializer)?;
        Ok(Some(Time::from_micros((seconds * 1e6).round() as u64)))
    }
}

/// A number, or a string that holds one: Mesos takes either.
pub(crate) fn number<'de, D, N>(deserializer: D) -> Result<N, D::Error>
where
    D: Deserializer<'de>,
    N: FromNumber,
{
    deserializer.deserialize_any(NumberVisitor(PhantomData))
}

/// What [`number`] can make.
pub(crate) trait FromNumber: Sized {
    fn from_f64(number: f64) -> Option<Self>;
    fn from_u64(number: u64) -> Option<Self>;
    fn from_i64(number: i64) -> Option<Self>;
    fn from_text(text: &str) -> Option<Self>;
}

impl FromNumber for f64 {
    fn from_f64(number: f64) -> Option<Self> {
        Some(number)
    }

    fn from_u64(number: u64) -> Option<Self> {
        Some(number as Self)
    }

    fn from_i64(number: i64) -> Option<Self> {
        Some(number as Self)
    }

    fn from_text(text: &str) -> Option<Self> {
        text.parse().ok()
    }
}

macro_rules! integers {
    ($($integer:ty)*) => {$(
        impl FromNumber for $integer {
            fn from_f64(number: f64) -> Option<Self> {
                let whole = number as Self;
                (whole as f64 == number).then_some(whole)
            }

            fn from_u64(number: u64) -> Option<Self> {
                number.try_into().ok()
            }

            fn from_i64(number: i64) -> Option<Self> {
                number.try_into().ok()
            }

            fn from_text(text: &str) -> Option<Self> {
                text.parse().ok()
            }
        }
    )*};
}

integers! { u64 i64 i32 u32 u16 }

struct NumberVisitor<N>(PhantomData<N>);

impl<N: FromNumber> Visitor<'_> for NumberVisitor<N> {
    type Value = N;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a number")
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<N, E> {
        N::from_f64(number).ok_or_else(|| E::custom("number out of range"))
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<N, E> {
        N::from_u64(number).ok_or_else(|| E::custom("number out of range"))
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<N, E> {
        N::from_i64(number).ok_or_else(|| E::custom("number out of range"))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<N, E> {
        N::from_text(text).ok_or_else(|| E::custom(format!("Failed to parse '{text}' as a number")))
    }
}
