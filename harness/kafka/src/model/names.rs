//! Names and addresses.

use std::fmt;

/// The topic in which committed offsets are kept.
pub const OFFSETS_TOPIC: &str = "__consumer_offsets";

/// One partition of a topic.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct TopicPartition {
    /// Topic.
    pub topic: String,
    /// Partition, from 0.
    pub partition: i32,
}

impl TopicPartition {
    /// Puts the two together.
    pub fn new(topic: &str, partition: i32) -> Self {
        Self { topic: topic.to_owned(), partition }
    }
}

impl fmt::Display for TopicPartition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[{},{}]", self.topic, self.partition)
    }
}

/// Where a broker is reached.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Endpoint {
    /// Host, as advertised.
    pub host: String,
    /// Port, as advertised. An `i32` because the protocol and the documents in ZooKeeper say so.
    pub port: i32,
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.host, self.port)
    }
}

/// Whether a topic may have this name: `[a-zA-Z0-9._-]{1,255}`, but neither `.` nor `..`.
pub fn is_legal_topic(name: &str) -> bool {
    let legal = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
    (1..=255).contains(&name.len()) && name.bytes().all(legal) && name != "." && name != ".."
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_legal_names() {
        for name in ["a", "__consumer_offsets", "a.b-c_D9", "...", &"x".repeat(255)] {
            assert!(is_legal_topic(name), "{name}");
        }
        for name in ["", ".", "..", "a b", "ä", "a/b", &"x".repeat(256)] {
            assert!(!is_legal_topic(name), "{name}");
        }
    }
}
