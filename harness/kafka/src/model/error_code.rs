//! The error codes of the protocol.

/// An error code as it stands in a response.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct ErrorCode(pub i16);

#[allow(missing_docs)] // The names are the protocol's own.
impl ErrorCode {
    pub const UNKNOWN: Self = Self(-1);
    pub const NONE: Self = Self(0);
    pub const OFFSET_OUT_OF_RANGE: Self = Self(1);
    pub const INVALID_MESSAGE: Self = Self(2);
    pub const UNKNOWN_TOPIC_OR_PARTITION: Self = Self(3);
    pub const INVALID_FETCH_SIZE: Self = Self(4);
    pub const LEADER_NOT_AVAILABLE: Self = Self(5);
    pub const NOT_LEADER_FOR_PARTITION: Self = Self(6);
    pub const REQUEST_TIMED_OUT: Self = Self(7);
    pub const BROKER_NOT_AVAILABLE: Self = Self(8);
    pub const REPLICA_NOT_AVAILABLE: Self = Self(9);
    pub const MESSAGE_SIZE_TOO_LARGE: Self = Self(10);
    pub const STALE_CONTROLLER_EPOCH: Self = Self(11);
    pub const OFFSET_METADATA_TOO_LARGE: Self = Self(12);
    pub const OFFSETS_LOAD_IN_PROGRESS: Self = Self(14);
    pub const CONSUMER_COORDINATOR_NOT_AVAILABLE: Self = Self(15);
    pub const NOT_COORDINATOR_FOR_CONSUMER: Self = Self(16);
    pub const INVALID_TOPIC: Self = Self(17);
    pub const MESSAGE_SET_SIZE_TOO_LARGE: Self = Self(18);
    pub const NOT_ENOUGH_REPLICAS: Self = Self(19);
    pub const NOT_ENOUGH_REPLICAS_AFTER_APPEND: Self = Self(20);

    /// Whether it says that all is well.
    pub const fn is_none(self) -> bool {
        self.0 == 0
    }
}
