//! What a master is made with, what reaches it, and what it asks for.

use std::time::Duration;

use stacklab_machine::http::{Request, Response};
use stacklab_machine::process::ExchangeId;
use stacklab_machine::{Pace, Rng, Time};

use crate::ids::{ConnectionId, FrameworkId, LinkId, StreamId};
use crate::messages::{AgentToMaster, MasterToAgent};
use crate::v0::{DriverCall, DriverEvent, Pid};
use crate::v1::{Address, SchedulerCall, SchedulerEvent};

/// Settings of a master. Durations are used as they are: the pace is applied by whoever makes the value.
#[derive(Clone, Debug)]
pub struct MasterConfig {
    /// Its id: a UUID, new at every start. Prefix of all ids it gives.
    pub id: String,
    /// Where it listens.
    pub address: Address,
    /// Version it claims.
    pub version: String,
    /// Name of the cluster, if it has one.
    pub cluster: Option<String>,
    /// When it started.
    pub started: Time,
    /// Between two batch allocations; 1 s.
    pub allocation_interval: Duration,
    /// Between two heartbeats to a scheduler; 15 s.
    pub heartbeat_interval: Duration,
    /// Between two pings of an agent; 15 s.
    pub agent_ping_timeout: Duration,
    /// Pings unanswered in a row until an agent is lost; 5.
    pub max_agent_ping_timeouts: u32,
    /// How long a disconnected agent has to come back; 10 min.
    pub agent_reregister_timeout: Duration,
    /// Offers are rescinded after this; never if absent.
    pub offer_timeout: Option<Duration>,
    /// How fast filters pass: a refused offer is only waited for, nothing is decided by how long.
    pub filter_pace: Pace,
    /// How many removed frameworks are remembered, and so refused; 50.
    pub max_completed_frameworks: usize,
    /// How many ended tasks are remembered per framework; 1000.
    pub max_completed_tasks: usize,
    /// Roles that may be used; all if absent.
    pub roles: Option<Vec<String>>,
    /// Whether frameworks may run as root.
    pub root_submissions: bool,
    /// Random numbers, for stream ids and the order in which agents are visited.
    pub rng: Rng,
}

impl MasterConfig {
    /// Mesos' defaults.
    pub fn new(id: impl Into<String>, address: Address, rng: Rng) -> Self {
        Self {
            id: id.into(),
            address,
            version: "1.11.0".into(),
            cluster: None,
            started: Time::ZERO,
            allocation_interval: Duration::from_secs(1),
            heartbeat_interval: Duration::from_secs(15),
            agent_ping_timeout: Duration::from_secs(15),
            max_agent_ping_timeouts: 5,
            agent_reregister_timeout: Duration::from_secs(600),
            offer_timeout: None,
            filter_pace: Pace::REAL,
            max_completed_frameworks: 50,
            max_completed_tasks: 1000,
            roles: None,
            root_submissions: true,
            rng,
        }
    }
}

/// What reaches a master.
#[derive(Clone, Debug, PartialEq)]
pub enum MasterInput {
    /// A scheduler's call that passed the checks of [`crate::http::scheduler_call`].
    Call {
        /// The connection (exchange) it came on. If it is a Subscribe, the event stream has this number.
        connection: ConnectionId,
        /// The call's framework id; not looked at for Subscribe, which carries its own.
        framework_id: Option<FrameworkId>,
        /// The header `Mesos-Stream-Id`.
        stream_id: Option<StreamId>,
        /// The call.
        call: SchedulerCall,
    },
    /// A scheduler's event stream was closed by its end.
    Disconnected {
        /// Which.
        connection: ConnectionId,
    },
    /// A scheduler's driver says something in the protocol before the v1 API.
    Driver {
        /// Who: the sender of the message.
        pid: Pid,
        /// What.
        call: DriverCall,
    },
    /// A driver does not listen any more: the connection to it broke, or could not be made.
    DriverGone {
        /// Which.
        pid: Pid,
    },
    /// An agent says something. Its first message on a link is a registration.
    Agent {
        /// The link to it.
        link: LinkId,
        /// What.
        message: AgentToMaster,
    },
    /// The link to an agent broke.
    AgentDisconnected {
        /// Which.
        link: LinkId,
    },
    /// A request to one of the read endpoints, or to `/teardown`.
    Http {
        /// To be answered by [`MasterOutput::Respond`], at once.
        exchange: ExchangeId,
        /// The request.
        request: Request,
    },
    /// All open offers of a framework are to be taken back, as an operator's change to its roles would.
    Rescind {
        /// Which.
        framework_id: FrameworkId,
    },
}

/// What a master asks for.
#[derive(Clone, Debug, PartialEq)]
pub enum MasterOutput {
    /// Answer a call; that is all for this connection.
    Reply {
        /// Which.
        connection: ConnectionId,
        /// 202 without a body, or an error.
        response: Response,
    },
    /// Answer a Subscribe with 200 and an event stream.
    Stream {
        /// Which.
        connection: ConnectionId,
        /// For the header `Mesos-Stream-Id`, and to be given with every later call.
        stream_id: StreamId,
    },
    /// Send an event on a stream.
    Event {
        /// Which.
        connection: ConnectionId,
        /// What.
        event: SchedulerEvent,
    },
    /// End a stream. Nothing follows, and its [`MasterInput::Disconnected`] is not needed.
    Close {
        /// Which.
        connection: ConnectionId,
    },
    /// Say something to a scheduler's driver, on the one connection that is kept to it.
    Post {
        /// Where.
        pid: Pid,
        /// What.
        event: DriverEvent,
    },
    /// Say something to an agent.
    ToAgent {
        /// Its link.
        link: LinkId,
        /// What.
        message: MasterToAgent,
    },
    /// Answer a request.
    Respond {
        /// Which.
        exchange: ExchangeId,
        /// With what.
        response: Response,
    },
}
