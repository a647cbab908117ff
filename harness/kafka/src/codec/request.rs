//! Requests. Newer versions of Produce, Fetch, Metadata, OffsetFetch and ConsumerMetadata are read as the layout
//! that 0.8.2 knows, as the original does: what follows is not looked at.

use bytes::Bytes;

use super::types::{
    CommitPart, FetchPart, LeaderState, Node, OffsetsPart, ProducePart, Topic, TopicAndPartition,
};
use super::wire::{DecodeError, Wire, layout};

/// What kind of request it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[allow(missing_docs)] // The names are the protocol's own.
pub enum ApiKey {
    Produce = 0,
    Fetch = 1,
    Offsets = 2,
    Metadata = 3,
    LeaderAndIsr = 4,
    StopReplica = 5,
    UpdateMetadata = 6,
    ControlledShutdown = 7,
    OffsetCommit = 8,
    OffsetFetch = 9,
    ConsumerMetadata = 10,
    JoinGroup = 11,
    Heartbeat = 12,
}

impl ApiKey {
    fn from_number(number: i16) -> Result<Self, DecodeError> {
        const ALL: [ApiKey; 13] = [
            ApiKey::Produce,
            ApiKey::Fetch,
            ApiKey::Offsets,
            ApiKey::Metadata,
            ApiKey::LeaderAndIsr,
            ApiKey::StopReplica,
            ApiKey::UpdateMetadata,
            ApiKey::ControlledShutdown,
            ApiKey::OffsetCommit,
            ApiKey::OffsetFetch,
            ApiKey::ConsumerMetadata,
            ApiKey::JoinGroup,
            ApiKey::Heartbeat,
        ];
        let key = usize::try_from(number).ok().and_then(|at| ALL.get(at));
        key.copied().ok_or(DecodeError::UnknownKey(number))
    }
}

layout! {
    /// Appends.
    pub Produce {
        /// 0: no answer; 1: the leader has it; −1: all in sync have it; n: n have it.
        acks: i16,
        /// How long to wait for the others, in ms.
        timeout_ms: i32,
        /// What to append.
        topics: Vec<Topic<ProducePart>>,
    }
}

layout! {
    /// Reads.
    pub Fetch {
        /// −1 for a consumer, a broker's id for a follower.
        replica_id: i32,
        /// How long to wait for `min_bytes`, in ms.
        max_wait_ms: i32,
        /// How much makes the wait end.
        min_bytes: i32,
        /// What to read.
        topics: Vec<Topic<FetchPart>>,
    }
}

layout! {
    /// Asks where logs begin and end.
    pub Offsets {
        /// −1 for a consumer, a broker's id for a follower.
        replica_id: i32,
        /// Which.
        topics: Vec<Topic<OffsetsPart>>,
    }
}

layout! {
    /// The controller tells a broker which partitions it leads or follows.
    pub LeaderAndIsr {
        /// The controller.
        controller_id: i32,
        /// Its epoch.
        controller_epoch: i32,
        /// The partitions.
        partitions: Vec<LeaderState>,
        /// Where their leaders are.
        live_leaders: Vec<Node>,
    }
}

layout! {
    /// The controller tells a broker not to follow any more.
    pub StopReplica {
        /// The controller.
        controller_id: i32,
        /// Its epoch.
        controller_epoch: i32,
        /// 1: delete the logs too; 0: only stop following.
        delete: i8,
        /// The partitions.
        partitions: Vec<TopicAndPartition>,
    }
}

layout! {
    /// The controller tells a broker what it should answer to Metadata.
    pub UpdateMetadata {
        /// The controller.
        controller_id: i32,
        /// Its epoch.
        controller_epoch: i32,
        /// The partitions that changed.
        partitions: Vec<LeaderState>,
        /// All brokers that live.
        live_brokers: Vec<Node>,
    }
}

/// Commits offsets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OffsetCommit {
    /// 0: into ZooKeeper; 1: into the offsets topic.
    pub version: i16,
    /// Group.
    pub group: String,
    /// −1 outside of any generation; not looked at. Version 1 only.
    pub generation: i32,
    /// Not looked at. Version 1 only.
    pub member: Option<String>,
    /// The offsets.
    pub topics: Vec<Topic<CommitPart>>,
}

/// Asks for committed offsets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OffsetFetch {
    /// 0: from ZooKeeper; 1 and up: from the offsets topic.
    pub version: i16,
    /// Group.
    pub group: String,
    /// Which.
    pub topics: Vec<Topic<i32>>,
}

layout! {
    /// A member wants to take part in a group.
    pub JoinGroup {
        /// Group.
        group: String,
        /// How long the member may be silent, in ms.
        session_timeout_ms: i32,
        /// What it reads.
        topics: Vec<String>,
        /// Its id.
        member: String,
        /// How partitions are to be dealt out.
        strategy: String,
    }
}

layout! {
    /// A member lives.
    pub Heartbeat {
        /// Group.
        group: String,
        /// Generation.
        generation: i32,
        /// Its id.
        member: String,
    }
}

/// A request without its header.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs)] // Each variant's content says it.
pub enum Request {
    Produce(Produce),
    Fetch(Fetch),
    Offsets(Offsets),
    /// Topics asked for; all if there are none.
    Metadata(Vec<String>),
    LeaderAndIsr(LeaderAndIsr),
    StopReplica(StopReplica),
    UpdateMetadata(UpdateMetadata),
    /// The broker that wants to go.
    ControlledShutdown(i32),
    OffsetCommit(OffsetCommit),
    OffsetFetch(OffsetFetch),
    /// The group whose coordinator is asked for.
    ConsumerMetadata(String),
    /// Read by 0.8.2, and always refused.
    JoinGroup(JoinGroup),
    /// Read by 0.8.2, and always refused.
    Heartbeat(Heartbeat),
}

/// What precedes a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    /// Chosen by the client, given back with the answer.
    pub correlation: i32,
    /// Who asks. Always `None` for ControlledShutdown, which does not carry it.
    pub client_id: Option<String>,
}

impl Request {
    /// Its kind.
    pub fn key(&self) -> ApiKey {
        match self {
            Self::Produce(_) => ApiKey::Produce,
            Self::Fetch(_) => ApiKey::Fetch,
            Self::Offsets(_) => ApiKey::Offsets,
            Self::Metadata(_) => ApiKey::Metadata,
            Self::LeaderAndIsr(_) => ApiKey::LeaderAndIsr,
            Self::StopReplica(_) => ApiKey::StopReplica,
            Self::UpdateMetadata(_) => ApiKey::UpdateMetadata,
            Self::ControlledShutdown(_) => ApiKey::ControlledShutdown,
            Self::OffsetCommit(_) => ApiKey::OffsetCommit,
            Self::OffsetFetch(_) => ApiKey::OffsetFetch,
            Self::ConsumerMetadata(_) => ApiKey::ConsumerMetadata,
            Self::JoinGroup(_) => ApiKey::JoinGroup,
            Self::Heartbeat(_) => ApiKey::Heartbeat,
        }
    }

    fn version(&self) -> i16 {
        match self {
            Self::OffsetCommit(commit) => commit.version,
            Self::OffsetFetch(fetch) => fetch.version,
            _ => 0,
        }
    }

    /// The bytes of a frame, without its length.
    pub fn encode(&self, header: &Header) -> Vec<u8> {
        let mut to = Vec::new();
        (self.key() as i16).put(&mut to);
        self.version().put(&mut to);
        header.correlation.put(&mut to);
        if self.key() != ApiKey::ControlledShutdown {
            header.client_id.put(&mut to);
        }
        match self {
            Self::Produce(request) => request.put(&mut to),
            Self::Fetch(request) => request.put(&mut to),
            Self::Offsets(request) => request.put(&mut to),
            Self::Metadata(topics) => topics.put(&mut to),
            Self::LeaderAndIsr(request) => request.put(&mut to),
            Self::StopReplica(request) => request.put(&mut to),
            Self::UpdateMetadata(request) => request.put(&mut to),
            Self::ControlledShutdown(broker) => broker.put(&mut to),
            Self::OffsetCommit(commit) => put_commit(commit, &mut to),
            Self::OffsetFetch(fetch) => {
                fetch.group.put(&mut to);
                fetch.topics.put(&mut to);
            }
            Self::ConsumerMetadata(group) => group.put(&mut to),
            Self::JoinGroup(request) => request.put(&mut to),
            Self::Heartbeat(request) => request.put(&mut to),
        }
        to
    }

    /// Reads a frame without its length.
    pub fn decode(frame: Bytes) -> Result<(Header, Self), DecodeError> {
        let mut from = frame;
        let number = i16::get(&mut from)?;
        let key = ApiKey::from_number(number)?;
        let version = i16::get(&mut from)?;
        let correlation = i32::get(&mut from)?;
        let client_id =
            if key == ApiKey::ControlledShutdown { None } else { Option::<String>::get(&mut from)? };
        let request = Self::decode_body(key, version, &mut from)?;
        Ok((Header { correlation, client_id }, request))
    }

    fn decode_body(key: ApiKey, version: i16, from: &mut Bytes) -> Result<Self, DecodeError> {
        Ok(match key {
            ApiKey::Produce => Self::Produce(Wire::get(from)?),
            ApiKey::Fetch => Self::Fetch(Wire::get(from)?),
            ApiKey::Offsets => Self::Offsets(Wire::get(from)?),
            ApiKey::Metadata => Self::Metadata(counted(from, "number of topics")?),
            ApiKey::LeaderAndIsr => Self::LeaderAndIsr(Wire::get(from)?),
            ApiKey::StopReplica => {
                let request: StopReplica = Wire::get(from)?;
                if !matches!(request.delete, 0 | 1) {
                    let value = request.delete.into();
                    return Err(DecodeError::Range { what: "byte in StopReplicaRequest", value });
                }
                Self::StopReplica(request)
            }
            ApiKey::UpdateMetadata => Self::UpdateMetadata(Wire::get(from)?),
            ApiKey::ControlledShutdown => Self::ControlledShutdown(Wire::get(from)?),
            ApiKey::OffsetCommit => Self::OffsetCommit(get_commit(version, from)?),
            ApiKey::OffsetFetch => {
                let (group, topics) = (Wire::get(from)?, Wire::get(from)?);
                Self::OffsetFetch(OffsetFetch { version, group, topics })
            }
            ApiKey::ConsumerMetadata => Self::ConsumerMetadata(Wire::get(from)?),
            ApiKey::JoinGroup => {
                let (group, session_timeout_ms) = (Wire::get(from)?, Wire::get(from)?);
                let topics = counted(from, "number of topics")?;
                let (member, strategy) = (Wire::get(from)?, Wire::get(from)?);
                Self::JoinGroup(JoinGroup { group, session_timeout_ms, topics, member, strategy })
            }
            ApiKey::Heartbeat => Self::Heartbeat(Wire::get(from)?),
        })
    }
}

layout! {
    /// Version 0 of what is to be committed.
    CommitV0 {
        partition: i32,
        offset: i64,
        metadata: Option<String>,
    }
}

layout! {
    /// Version 1 of what is to be committed.
    CommitV1 {
        partition: i32,
        offset: i64,
        timestamp: i64,
        metadata: Option<String>,
    }
}

/// An array whose count must not be negative: in most places it may.
fn counted<T: Wire>(from: &mut Bytes, what: &'static str) -> Result<Vec<T>, DecodeError> {
    let value = i32::get(&mut from.clone())?;
    if value < 0 {
        return Err(DecodeError::Range { what, value });
    }
    Wire::get(from)
}

fn convert<T, U>(topics: Vec<Topic<T>>, part: impl Fn(T) -> U) -> Vec<Topic<U>> {
    let topic = |topic: Topic<T>| Topic {
        name: topic.name,
        partitions: topic.partitions.into_iter().map(&part).collect(),
    };
    topics.into_iter().map(topic).collect()
}

fn get_commit(version: i16, from: &mut Bytes) -> Result<OffsetCommit, DecodeError> {
    let group = Wire::get(from)?;
    match version {
        0 => {
            let topics = convert(Wire::get(from)?, |part: CommitV0| CommitPart {
                partition: part.partition,
                offset: part.offset,
                timestamp: -1,
                metadata: part.metadata,
            });
            Ok(OffsetCommit { version, group, generation: -1, member: None, topics })
        }
        1 => {
            let (generation, member) = (Wire::get(from)?, Wire::get(from)?);
            let topics = convert(Wire::get(from)?, |part: CommitV1| CommitPart {
                partition: part.partition,
                offset: part.offset,
                timestamp: part.timestamp,
                metadata: part.metadata,
            });
            Ok(OffsetCommit { version, group, generation, member, topics })
        }
        _ => Err(DecodeError::UnknownVersion { key: ApiKey::OffsetCommit as i16, version }),
    }
}

fn put_commit(commit: &OffsetCommit, to: &mut Vec<u8>) {
    commit.group.put(to);
    if commit.version == 0 {
        let part = |part: CommitPart| CommitV0 {
            partition: part.partition,
            offset: part.offset,
            metadata: part.metadata,
        };
        convert(commit.topics.clone(), part).put(to);
        return;
    }
    commit.generation.put(to);
    commit.member.put(to);
    let part = |part: CommitPart| CommitV1 {
        partition: part.partition,
        offset: part.offset,
        timestamp: part.timestamp,
        metadata: part.metadata,
    };
    convert(commit.topics.clone(), part).put(to);
}
