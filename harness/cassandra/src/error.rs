//! What Cassandra answers when it cannot do what was asked: the ERROR bodies of the native protocol.

use crate::Consistency;

/// An error of the native protocol: a code, a text, and what belongs to the code.
///
/// The texts are Cassandra 2.2's: drivers read some of them.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum CqlError {
    /// 0x0000: something unexpected inside the server.
    #[error("{0}")]
    Server(String),
    /// 0x000A: the message itself is wrong.
    #[error("{0}")]
    Protocol(String),
    /// 0x0100: bad credentials.
    #[error("{0}")]
    BadCredentials(String),
    /// 0x1000: not enough replicas are alive.
    #[error("Cannot achieve consistency level {consistency}")]
    Unavailable {
        /// The level that was asked for.
        consistency: Consistency,
        /// Replicas it needs.
        required: i32,
        /// Replicas known to be alive.
        alive: i32,
    },
    /// 0x1001: too busy.
    #[error("{0}")]
    Overloaded(String),
    /// 0x1002: still starting.
    #[error("{0}")]
    IsBootstrapping(String),
    /// 0x1003: a TRUNCATE failed.
    #[error("{0}")]
    Truncate(String),
    /// 0x1100: not enough replicas confirmed a write in time.
    #[error("{message}")]
    WriteTimeout {
        /// Text.
        message: String,
        /// The level that was asked for.
        consistency: Consistency,
        /// Replicas that confirmed.
        received: i32,
        /// Replicas that had to.
        required: i32,
        /// `SIMPLE`, `BATCH`, `UNLOGGED_BATCH`, `COUNTER`, `BATCH_LOG` or `CAS`.
        write_type: String,
    },
    /// 0x1200: not enough replicas answered a read in time.
    #[error("{message}")]
    ReadTimeout {
        /// Text.
        message: String,
        /// The level that was asked for.
        consistency: Consistency,
        /// Replicas that answered.
        received: i32,
        /// Replicas that had to.
        required: i32,
        /// Whether the replica asked for data (not a digest) answered.
        data_present: bool,
    },
    /// 0x2000: the statement is no CQL.
    #[error("{0}")]
    Syntax(String),
    /// 0x2100: not permitted.
    #[error("{0}")]
    Unauthorized(String),
    /// 0x2200: CQL, but not a statement that can be executed.
    #[error("{0}")]
    Invalid(String),
    /// 0x2300: a keyspace or table with impossible settings.
    #[error("{0}")]
    Config(String),
    /// 0x2400: the keyspace or table is there already.
    #[error("{message}")]
    AlreadyExists {
        /// Text.
        message: String,
        /// Keyspace.
        keyspace: String,
        /// Table, empty if the keyspace itself is meant.
        table: String,
    },
    /// 0x2500: this node has no prepared statement of that id.
    #[error("{message}")]
    Unprepared {
        /// Text.
        message: String,
        /// The id that was executed.
        id: Vec<u8>,
    },
    /// A code that this crate has no name for, from a newer server; its extra fields are lost.
    #[error("{message}")]
    Other {
        /// Code.
        code: i32,
        /// Text.
        message: String,
    },
}

impl CqlError {
    /// The code in frames.
    pub fn code(&self) -> i32 {
        match self {
            Self::Server(_) => 0x0000,
            Self::Protocol(_) => 0x000A,
            Self::BadCredentials(_) => 0x0100,
            Self::Unavailable { .. } => 0x1000,
            Self::Overloaded(_) => 0x1001,
            Self::IsBootstrapping(_) => 0x1002,
            Self::Truncate(_) => 0x1003,
            Self::WriteTimeout { .. } => 0x1100,
            Self::ReadTimeout { .. } => 0x1200,
            Self::Syntax(_) => 0x2000,
            Self::Unauthorized(_) => 0x2100,
            Self::Invalid(_) => 0x2200,
            Self::Config(_) => 0x2300,
            Self::AlreadyExists { .. } => 0x2400,
            Self::Unprepared { .. } => 0x2500,
            Self::Other { code, .. } => *code,
        }
    }

    /// The keyspace is there already.
    pub fn keyspace_exists(keyspace: &str) -> Self {
        Self::AlreadyExists {
            message: format!("Cannot add existing keyspace \"{keyspace}\""),
            keyspace: keyspace.to_owned(),
            table: String::new(),
        }
    }

    /// The table is there already.
    pub fn table_exists(keyspace: &str, table: &str) -> Self {
        Self::AlreadyExists {
            message: format!("Cannot add already existing table \"{table}\" to keyspace \"{keyspace}\""),
            keyspace: keyspace.to_owned(),
            table: table.to_owned(),
        }
    }

    /// No prepared statement has that id.
    pub fn unprepared(id: &[u8]) -> Self {
        let hex: String = id.iter().map(|byte| format!("{byte:02x}")).collect();
        Self::Unprepared {
            message: format!(
                "Prepared query with ID {hex} not found (either the query was not prepared on this host (maybe the \
                 host has been restarted?) or you have prepared too many queries and it has been evicted from the \
                 internal cache)"
            ),
            id: id.to_vec(),
        }
    }
}

/// Makes a [`CqlError::Invalid`] as `format!` makes a string.
macro_rules! invalid {
    ($($arg:tt)*) => { $crate::CqlError::Invalid(format!($($arg)*)) };
}
pub(crate) use invalid;
