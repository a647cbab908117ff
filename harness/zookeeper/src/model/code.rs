//! ZooKeeper's error codes.

/// Why a request failed, by the code on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, thiserror::Error)]
pub enum Code {
    /// −2: part of a transaction behind the part that failed.
    #[error("runtime inconsistency")]
    RuntimeInconsistency,
    /// −5: the request's body could not be read.
    #[error("marshalling error")]
    Marshalling,
    /// −6: the server does not know the operation; it closes the connection afterwards.
    #[error("unimplemented")]
    Unimplemented,
    /// −8: a path or flag that cannot be.
    #[error("bad arguments")]
    BadArguments,
    /// −101: there is no such node, or no such parent.
    #[error("no node")]
    NoNode,
    /// −102: access denied.
    #[error("not authenticated")]
    NoAuth,
    /// −103: the version is another one.
    #[error("bad version")]
    BadVersion,
    /// −108: ephemeral nodes have no children.
    #[error("ephemerals cannot have children")]
    NoChildrenForEphemerals,
    /// −110: the node exists.
    #[error("node exists")]
    NodeExists,
    /// −111: the node has children.
    #[error("directory not empty")]
    NotEmpty,
    /// −112: the session is over.
    #[error("session expired")]
    SessionExpired,
    /// −114: an access control list that is empty or names an unknown scheme.
    #[error("invalid ACL")]
    InvalidAcl,
    /// −115: the credentials were not accepted; the server closes the connection afterwards.
    #[error("authentication failed")]
    AuthFailed,
    /// −118: the session moved to another server.
    #[error("session moved")]
    SessionMoved,
    /// Any other code.
    #[error("error {0}")]
    Other(i32),
}

const NUMBERS: [(Code, i32); 14] = [
    (Code::RuntimeInconsistency, -2),
    (Code::Marshalling, -5),
    (Code::Unimplemented, -6),
    (Code::BadArguments, -8),
    (Code::NoNode, -101),
    (Code::NoAuth, -102),
    (Code::BadVersion, -103),
    (Code::NoChildrenForEphemerals, -108),
    (Code::NodeExists, -110),
    (Code::NotEmpty, -111),
    (Code::SessionExpired, -112),
    (Code::InvalidAcl, -114),
    (Code::AuthFailed, -115),
    (Code::SessionMoved, -118),
];

impl Code {
    /// The number on the wire; negative for all that the original uses.
    pub fn number(self) -> i32 {
        match self {
            Self::Other(number) => number,
            known => NUMBERS.iter().find(|(code, _)| *code == known).map_or(0, |(_, number)| *number),
        }
    }

    /// The code of a number; 0 ("OK") is none and comes out as `Other(0)`.
    pub fn from_number(number: i32) -> Self {
        NUMBERS.iter().find(|(_, known)| *known == number).map_or(Self::Other(number), |(code, _)| *code)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_codes_belong_together() {
        for (code, number) in NUMBERS {
            assert_eq!(code.number(), number);
            assert_eq!(Code::from_number(number), code);
        }
        assert_eq!(Code::from_number(-4), Code::Other(-4));
        assert_eq!(Code::Other(-4).number(), -4);
    }
}
