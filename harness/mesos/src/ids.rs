//! Ids as Mesos hands them out: texts, cheap to clone, `{"value":"…"}` in JSON.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Eq, PartialOrd, Ord, Hash)]
        #[expect(clippy::derived_hash_with_manual_eq, reason = "equal as the derived one, only sooner unequal")]
        pub struct $name(Arc<str>);

        impl PartialEq for $name {
            fn eq(&self, other: &Self) -> bool {
                // Ids of a kind begin alike and differ at their end.
                let (own, theirs) = (self.0.as_bytes(), other.0.as_bytes());
                Arc::ptr_eq(&self.0, &other.0) || (own.last() == theirs.last() && own == theirs)
            }
        }

        impl $name {
            /// Makes an id of a text; nothing is checked.
            pub fn new(text: impl Into<Arc<str>>) -> Self {
                Self(text.into())
            }

            /// The text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({})", stringify!($name), self.0)
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                Self(text.into())
            }
        }

        impl From<String> for $name {
            fn from(text: String) -> Self {
                Self(text.into())
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                Value { value: &self.0 }.serialize(serializer)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                OwnedValue::deserialize(deserializer).map(|owned| Self(owned.value.into()))
            }
        }
    )*};
}

ids! {
    /// A framework: `<master id>-0000`.
    FrameworkId;
    /// An agent: `<master id>-S0`.
    AgentId;
    /// An offer: `<master id>-O0`.
    OfferId;
    /// A task; the framework chooses it.
    TaskId;
    /// An executor; the framework chooses it. Unique within a framework and agent.
    ExecutorId;
    /// A container: a random UUID that the agent draws.
    ContainerId;
    /// A scheduler's event stream: the random UUID of the header `Mesos-Stream-Id`.
    StreamId;
}

#[derive(Serialize)]
struct Value<'a> {
    value: &'a str,
}

#[derive(Deserialize)]
struct OwnedValue {
    value: String,
}

/// Number of an HTTP connection (or exchange) to the master; the shell chooses it. A SUBSCRIBE's number names
/// the event stream from then on, any other call's number only its reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConnectionId(pub u64);

/// Number of the link between the master and one agent process; the shell chooses it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LinkId(pub u64);

/// The 16 bytes that name one status update; standard base64 in JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StatusUuid(pub [u8; 16]);

impl StatusUuid {
    /// Draws one (version 4).
    pub fn draw(rng: &mut stacklab_machine::Rng) -> Self {
        let high = rng.next_u64() & 0xffff_ffff_ffff_0fff | 0x4000;
        let low = rng.next_u64() & 0x3fff_ffff_ffff_ffff | 0x8000_0000_0000_0000;
        Self((u128::from(high) << 64 | u128::from(low)).to_be_bytes())
    }
}

impl Serialize for StatusUuid {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        crate::v1::json::bytes::serialize(&self.0, serializer)
    }
}

impl<'de> Deserialize<'de> for StatusUuid {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let bytes: Vec<u8> = crate::v1::json::bytes::deserialize(deserializer)?;
        bytes.try_into().map(Self).map_err(|_| serde::de::Error::custom("Not a valid UUID"))
    }
}
