//! What the broker and the consumer, as machines, are told, and what they ask for. The live shell gives these
//! values sockets; a simulation hands them from machine to machine.

use std::time::Duration;

use bytes::Bytes;
use stacklab_machine::process::{CallId, ExchangeId};

use super::Endpoint;
use super::zk::{ZkEvent, ZkFault, ZkOp, ZkReply};
use crate::codec::{Request, Response};

/// What reaches a machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Input {
    /// It begins; the first input, and once only. A ZooKeeper session is being opened.
    Start,
    /// The ZooKeeper session tells something by itself.
    Zk(ZkEvent),
    /// The answer to [`Output::Zk`].
    ZkReply {
        /// Which one.
        call: CallId,
        /// What came of it.
        result: Result<ZkReply, ZkFault>,
    },
    /// A client asks. One connection has at most one exchange at a time: the next request is read after the
    /// answer to this one.
    Request {
        /// Chosen by the shell.
        exchange: ExchangeId,
        /// What is asked.
        request: Request,
    },
    /// The answer to [`Output::Peer`].
    PeerReply {
        /// Which one.
        call: CallId,
        /// The answer, or why there is none.
        result: Result<Response, PeerFault>,
    },
    /// SIGTERM.
    Terminate,
}

/// Why another broker did not answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct PeerFault(pub String);

/// What a connection to another broker is for; there is one for each purpose and broker.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Purpose {
    /// The controller's orders.
    Control,
    /// Fetching as a follower or a consumer.
    Fetch,
    /// Asking where things are.
    Ask,
}

/// What a machine asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Output {
    /// Do this in ZooKeeper. Operations of one machine are done in order.
    Zk {
        /// Comes back with the answer.
        call: CallId,
        /// What to do.
        op: ZkOp,
    },
    /// The session is gone: open a new one.
    NewSession,
    /// Answer an exchange. `None`: there is no answer, the next request may be read (Produce with acks 0).
    Respond {
        /// Which one.
        exchange: ExchangeId,
        /// The answer.
        response: Option<Response>,
    },
    /// Close the connection of an exchange without an answer.
    HangUp(ExchangeId),
    /// Ask another broker.
    Peer {
        /// Comes back with the answer.
        call: CallId,
        /// What for: requests of one purpose to one broker go over one connection, one at a time.
        purpose: Purpose,
        /// Where to.
        to: Endpoint,
        /// As whom.
        client_id: String,
        /// What.
        request: Request,
        /// How long to wait, connecting included.
        timeout: Duration,
    },
    /// The broker is registered, the consumer ready to fetch.
    Ready,
    /// A consumer has read these, in order.
    Records(Vec<Record>),
    /// What came of [`super::consumer::Consumer::commit`]: false if ZooKeeper refused, or the session went.
    Committed(bool),
    /// It ends. Sockets close; the ZooKeeper session is closed if it was stopped, otherwise left to expire.
    Exit(Ending),
}

/// How a machine ends.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Ending {
    /// As it was told to.
    #[error("stopped")]
    Stopped,
    /// No server of `zookeeper.connect` answered within so many ms.
    #[error("Unable to connect to zookeeper server within timeout: {0}")]
    ZooKeeperTimeout(u128),
    /// Another live broker has this id, or keeps its node.
    #[error(
        "A broker is already registered on the path /brokers/ids/{0}. This probably indicates that you either \
         have configured a brokerid that is already in use, or else you have shutdown this broker and restarted \
         it faster than the zookeeper timeout so it appears to be re-registering."
    )]
    AlreadyRegistered(i32),
    /// A consumer's chroot does not exist. The original's starter thread dies of it, and nothing else shows.
    #[error("Path length must be > 0: the chroot {0} does not exist")]
    NoChroot(String),
    /// A message does not fit into what a consumer fetches at a time.
    #[error(
        "Found a message larger than the maximum fetch size of this consumer on topic {topic} partition \
         {partition} at fetch offset {offset}. Increase the fetch size, or decrease the maximum message size the \
         broker will allow."
    )]
    MessageTooLarge {
        /// Topic.
        topic: String,
        /// Partition.
        partition: i32,
        /// Offset.
        offset: i64,
    },
    /// ZooKeeper refused something that it cannot do without.
    #[error("ZooKeeper refused {0}")]
    Refused(String),
}

/// One message, as a consumer gets it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// Partition.
    pub partition: i32,
    /// Offset.
    pub offset: i64,
    /// Key, if any.
    pub key: Option<Bytes>,
    /// Value; `None` is a real null, at which the original's stream in Zipkin dies.
    pub value: Option<Bytes>,
}
