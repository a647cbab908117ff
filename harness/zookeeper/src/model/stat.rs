//! What ZooKeeper says about a node.

/// A node's figures, in the order of the wire (68 bytes).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stat {
    /// Transaction that created the node; 0 for the root and what is there from the start.
    pub czxid: i64,
    /// Transaction that last changed the data.
    pub mzxid: i64,
    /// When it was created, ms since the epoch.
    pub ctime: i64,
    /// When the data last changed, ms since the epoch.
    pub mtime: i64,
    /// Changes of the data.
    pub version: i32,
    /// Creations and deletions of children.
    pub cversion: i32,
    /// Changes of the access control list.
    pub aversion: i32,
    /// The session that owns an ephemeral node; 0 for a persistent one.
    pub ephemeral_owner: i64,
    /// Bytes of data; 0 for null too.
    pub data_length: i32,
    /// Children.
    pub num_children: i32,
    /// Transaction that last created or deleted a child.
    pub pzxid: i64,
}
