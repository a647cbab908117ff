//! What clients and servers say to each other, as values.

use bytes::Bytes;

use super::{Acl, Code, Stat};

/// Numbers of the operations.
#[allow(missing_docs)]
pub mod opcode {
    pub const CREATE: i32 = 1;
    pub const DELETE: i32 = 2;
    pub const EXISTS: i32 = 3;
    pub const GET_DATA: i32 = 4;
    pub const SET_DATA: i32 = 5;
    pub const GET_ACL: i32 = 6;
    pub const SET_ACL: i32 = 7;
    pub const GET_CHILDREN: i32 = 8;
    pub const SYNC: i32 = 9;
    pub const PING: i32 = 11;
    pub const GET_CHILDREN2: i32 = 12;
    pub const CHECK: i32 = 13;
    pub const MULTI: i32 = 14;
    pub const AUTH: i32 = 100;
    pub const SET_WATCHES: i32 = 101;
    pub const SASL: i32 = 102;
    pub const CLOSE_SESSION: i32 = -11;
    /// Between servers; a client that sends it is answered as if its body could not be read.
    pub const CREATE_SESSION: i32 = -10;
    /// Stands for a failed part in the answer to a multi.
    pub const ERROR: i32 = -1;
}

/// How a node is created.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CreateMode {
    /// Stays until it is deleted.
    #[default]
    Persistent,
    /// Goes with its session.
    Ephemeral,
    /// Persistent, with a ten-digit number behind its name.
    PersistentSequential,
    /// Ephemeral, with a ten-digit number behind its name.
    EphemeralSequential,
}

impl CreateMode {
    /// The flags on the wire, 0 to 3.
    pub const fn flags(self) -> i32 {
        match self {
            Self::Persistent => 0,
            Self::Ephemeral => 1,
            Self::PersistentSequential => 2,
            Self::EphemeralSequential => 3,
        }
    }

    /// The mode of flags; `None` for those of 3.5 and for nonsense.
    pub const fn from_flags(flags: i32) -> Option<Self> {
        match flags {
            0 => Some(Self::Persistent),
            1 => Some(Self::Ephemeral),
            2 => Some(Self::PersistentSequential),
            3 => Some(Self::EphemeralSequential),
            _ => None,
        }
    }

    /// Whether the node goes with its session.
    pub const fn is_ephemeral(self) -> bool {
        matches!(self, Self::Ephemeral | Self::EphemeralSequential)
    }

    /// Whether a number is put behind the name.
    pub const fn is_sequential(self) -> bool {
        matches!(self, Self::PersistentSequential | Self::EphemeralSequential)
    }
}

/// The first frame of a connection.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ConnectRequest {
    /// 0; the server ignores it.
    pub protocol_version: i32,
    /// The last transaction the client has heard of; above the server's own, the server hangs up.
    pub last_zxid_seen: i64,
    /// Wanted session timeout in ms; the server clamps it.
    pub timeout_ms: i32,
    /// 0 for a new session.
    pub session_id: i64,
    /// 16 bytes; zeros or nothing for a new session.
    pub password: Vec<u8>,
    /// Whether a read-only server would do; old clients do not send it.
    pub read_only: Option<bool>,
}

/// The answer to [`ConnectRequest`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConnectReply {
    /// Negotiated session timeout in ms; 0 if the session is refused.
    pub timeout_ms: i32,
    /// The session; 0 if refused.
    pub session_id: i64,
    /// The session's password; zeros if refused.
    pub password: [u8; 16],
    /// Sent if the request had one; always false from a server that writes.
    pub read_only: Option<bool>,
}

impl ConnectReply {
    /// The session is unknown, over, or the password is wrong.
    pub const fn refused(read_only: Option<bool>) -> Self {
        Self { timeout_ms: 0, session_id: 0, password: [0; 16], read_only }
    }

    /// Whether the session was refused.
    pub const fn is_refused(&self) -> bool {
        self.timeout_ms <= 0
    }
}

/// A request after the handshake.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs)] // Fields are the protocol's own, explained by the sentence above each variant.
pub enum Request {
    /// Create a node. A null list is not the same as an empty one.
    Create { path: String, data: Option<Bytes>, acl: Option<Vec<Acl>>, flags: i32 },
    /// Delete a node without children; version −1 means any.
    Delete { path: String, version: i32 },
    /// Ask for a node's figures.
    Exists { path: String, watch: bool },
    /// Read a node's data.
    GetData { path: String, watch: bool },
    /// Replace a node's data; version −1 means any.
    SetData { path: String, data: Option<Bytes>, version: i32 },
    /// Read a node's access control list.
    GetAcl { path: String },
    /// Replace it; `version` is the list's own, −1 means any.
    SetAcl { path: String, acl: Option<Vec<Acl>>, version: i32 },
    /// List children.
    GetChildren { path: String, watch: bool },
    /// List children and read the figures.
    GetChildren2 { path: String, watch: bool },
    /// Wait until this server knows what the leader knows.
    Sync { path: String },
    /// Keep the session alive.
    Ping,
    /// Check a node's version.
    Check { path: String, version: i32 },
    /// Do all or nothing.
    Multi(Vec<MultiOp>),
    /// Present credentials.
    Auth { scheme: String, data: Bytes },
    /// Set watches again after a reconnect, and hear what was missed since `relative_zxid`.
    SetWatches { relative_zxid: i64, data: Vec<String>, exist: Vec<String>, child: Vec<String> },
    /// SASL, which 3.4 answers with nothing when it is not configured.
    Sasl { token: Option<Bytes> },
    /// End the session.
    CloseSession,
    /// A known operation whose body cannot be read: answered with [`Code::Marshalling`].
    Malformed { opcode: i32 },
    /// An operation that 3.4 does not know.
    Unknown { opcode: i32 },
}

impl Request {
    /// The operation's number.
    pub const fn opcode(&self) -> i32 {
        match self {
            Self::Create { .. } => opcode::CREATE,
            Self::Delete { .. } => opcode::DELETE,
            Self::Exists { .. } => opcode::EXISTS,
            Self::GetData { .. } => opcode::GET_DATA,
            Self::SetData { .. } => opcode::SET_DATA,
            Self::GetAcl { .. } => opcode::GET_ACL,
            Self::SetAcl { .. } => opcode::SET_ACL,
            Self::GetChildren { .. } => opcode::GET_CHILDREN,
            Self::GetChildren2 { .. } => opcode::GET_CHILDREN2,
            Self::Sync { .. } => opcode::SYNC,
            Self::Ping => opcode::PING,
            Self::Check { .. } => opcode::CHECK,
            Self::Multi(_) => opcode::MULTI,
            Self::Auth { .. } => opcode::AUTH,
            Self::SetWatches { .. } => opcode::SET_WATCHES,
            Self::Sasl { .. } => opcode::SASL,
            Self::CloseSession => opcode::CLOSE_SESSION,
            Self::Malformed { opcode } | Self::Unknown { opcode } => *opcode,
        }
    }
}

/// One part of [`Request::Multi`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs)] // As in `Request`.
pub enum MultiOp {
    /// As [`Request::Create`].
    Create { path: String, data: Option<Bytes>, acl: Option<Vec<Acl>>, flags: i32 },
    /// As [`Request::Delete`].
    Delete { path: String, version: i32 },
    /// As [`Request::SetData`].
    SetData { path: String, data: Option<Bytes>, version: i32 },
    /// As [`Request::Check`].
    Check { path: String, version: i32 },
}

impl MultiOp {
    /// A part that creates a node which everybody may read and write.
    pub fn create(path: impl Into<String>, data: Option<&[u8]>, mode: CreateMode) -> Self {
        let data = data.map(Bytes::copy_from_slice);
        Self::Create { path: path.into(), data, acl: Some(Acl::open()), flags: mode.flags() }
    }

    /// A part that replaces data.
    pub fn set(path: impl Into<String>, data: Option<&[u8]>, version: i32) -> Self {
        Self::SetData { path: path.into(), data: data.map(Bytes::copy_from_slice), version }
    }

    /// A part that deletes.
    pub fn delete(path: impl Into<String>, version: i32) -> Self {
        Self::Delete { path: path.into(), version }
    }

    /// A part that checks a version.
    pub fn check(path: impl Into<String>, version: i32) -> Self {
        Self::Check { path: path.into(), version }
    }

    /// The path it is about.
    pub fn path(&self) -> &str {
        match self {
            Self::Create { path, .. }
            | Self::Delete { path, .. }
            | Self::SetData { path, .. }
            | Self::Check { path, .. } => path,
        }
    }
}

/// What came of one part of a multi.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MultiResult {
    /// The node's real path.
    Created(String),
    /// Deleted.
    Deleted,
    /// The figures after the change.
    Set(Stat),
    /// The version is as it should.
    Checked,
    /// The whole transaction failed: `Other(0)` before the part that failed, its code at it,
    /// [`Code::RuntimeInconsistency`] behind it.
    Failed(Code),
}

/// The body of an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Response {
    /// No body: delete, ping, check, auth, set-watches, close.
    Empty,
    /// The real path of a created node, or the path of a sync.
    Path(String),
    /// Figures: exists, set-data, set-ACL.
    Stat(Stat),
    /// Data and figures.
    Data(Option<Bytes>, Stat),
    /// An access control list and figures.
    Acl(Vec<Acl>, Stat),
    /// Children.
    Children(Vec<String>),
    /// Children and figures.
    ChildrenAndStat(Vec<String>, Stat),
    /// Results of a transaction.
    Multi(Vec<MultiResult>),
    /// SASL's answer.
    Sasl(Option<Bytes>),
}

/// An answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// The number that the request came with.
    pub xid: i32,
    /// The last transaction the server has processed; 0 for auth, −1 for an unknown operation.
    pub zxid: i64,
    /// The body, or why there is none.
    pub result: Result<Response, Code>,
}

/// What happened to a watched node, by its number on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EventKind {
    /// 1: it was created.
    Created,
    /// 2: it was deleted.
    Deleted,
    /// 3: its data changed.
    DataChanged,
    /// 4: its children changed.
    ChildrenChanged,
}

impl EventKind {
    /// The number on the wire.
    pub const fn number(self) -> i32 {
        match self {
            Self::Created => 1,
            Self::Deleted => 2,
            Self::DataChanged => 3,
            Self::ChildrenChanged => 4,
        }
    }

    /// The kind of a number.
    pub const fn from_number(number: i32) -> Option<Self> {
        match number {
            1 => Some(Self::Created),
            2 => Some(Self::Deleted),
            3 => Some(Self::DataChanged),
            4 => Some(Self::ChildrenChanged),
            _ => None,
        }
    }
}

/// A watch fired.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WatchEvent {
    /// What happened.
    pub kind: EventKind,
    /// To which node.
    pub path: String,
}
