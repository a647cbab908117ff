//! Short texts that are cloned a lot: names and roles.

use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

/// A name or a role. The common ones cost nothing to make or to clone.
#[derive(Clone, PartialEq, Eq)]
pub struct Word(Inner);

/// A text that is in the table is always named by its place there.
#[derive(Clone, PartialEq, Eq)]
enum Inner {
    Known(u8),
    Other(Arc<str>),
}

const KNOWN: [&str; 6] = ["*", "cpus", "mem", "ports", "disk", "gpus"];

impl Word {
    /// The default role, `*`.
    pub const STAR: Self = Self(Inner::Known(0));

    /// The text.
    pub fn as_str(&self) -> &str {
        match &self.0 {
            Inner::Known(place) => KNOWN[usize::from(*place)],
            Inner::Other(text) => text,
        }
    }
}

impl From<&str> for Word {
    fn from(text: &str) -> Self {
        match (0..).zip(KNOWN).find(|(_, known)| *known == text) {
            Some((place, _)) => Self(Inner::Known(place)),
            None => Self(Inner::Other(text.into())),
        }
    }
}

impl Deref for Word {
    type Target = str;

    fn deref(&self) -> &str {
        self.as_str()
    }
}

impl PartialEq<str> for Word {
    fn eq(&self, other: &str) -> bool {
        self.as_str() == other
    }
}

impl PartialEq<&str> for Word {
    fn eq(&self, other: &&str) -> bool {
        self.as_str() == *other
    }
}

impl PartialOrd for Word {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Word {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.as_str().cmp(other.as_str())
    }
}

impl fmt::Display for Word {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for Word {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.as_str())
    }
}

impl serde::Serialize for Word {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> serde::Deserialize<'de> for Word {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(|text| text.as_str().into())
    }
}
