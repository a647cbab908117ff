//! What a master remembers: frameworks, tasks, agents, offers.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use stacklab_machine::Time;

use super::share::Quantities;
use crate::ids::{AgentId, ConnectionId, ExecutorId, FrameworkId, LinkId, StatusUuid, StreamId, TaskId};
use crate::resources::{Attribute, Resources, Word};
use crate::v0::Pid;
use crate::v1::{
    Address, AgentInfo, Capability, ContainerStatus, ExecutorInfo, FrameworkInfo, TaskInfo, TaskState,
    TaskStatus,
};

/// The open event stream of a framework.
#[derive(Debug)]
pub(crate) struct Stream {
    pub(crate) connection: ConnectionId,
    pub(crate) id: StreamId,
    pub(crate) next_heartbeat: Time,
}

/// How a connected framework is reached.
#[derive(Debug)]
pub(crate) enum Channel {
    /// It reads an event stream.
    Stream(Stream),
    /// It is posted to where its driver listens.
    Driver(Pid),
}

/// What a framework holds in one of its roles.
#[derive(Debug)]
pub(crate) struct Share {
    pub(crate) role: Word,
    pub(crate) suppressed: bool,
    /// Offered and used.
    pub(crate) held: Quantities,
    /// How often something was allocated: ties go to who got less often.
    pub(crate) allocations: u64,
}

/// A refusal: what is no more than `resources` is not offered again before `expires`.
#[derive(Debug)]
pub(crate) struct Filter {
    pub(crate) role: Word,
    pub(crate) agent_id: AgentId,
    pub(crate) resources: Resources,
    pub(crate) expires: Time,
}

/// A framework, connected or not.
#[derive(Debug)]
pub(crate) struct Framework {
    pub(crate) id: FrameworkId,
    pub(crate) info: Arc<FrameworkInfo>,
    /// `None` while it is not connected.
    pub(crate) channel: Option<Channel>,
    /// Its driver, also while that is gone; `None` for a scheduler of the v1 API.
    pub(crate) pid: Option<Pid>,
    /// Its driver wants no more offers.
    pub(crate) deactivated: bool,
    /// Known from agents only, after a master failover.
    pub(crate) recovered: bool,
    pub(crate) registered: Time,
    pub(crate) reregistered: Option<Time>,
    pub(crate) unregistered: Option<Time>,
    /// When it is removed unless it comes back.
    pub(crate) removed_at: Option<Time>,
    pub(crate) shares: Vec<Share>,
    pub(crate) filters: Vec<Filter>,
    pub(crate) tasks: BTreeMap<TaskId, Task>,
    pub(crate) unreachable_tasks: VecDeque<Task>,
    pub(crate) completed_tasks: VecDeque<Task>,
}

impl Framework {
    pub(crate) fn new(id: FrameworkId, info: Arc<FrameworkInfo>, now: Time) -> Self {
        let mut framework = Self {
            id,
            info,
            channel: None,
            pid: None,
            deactivated: false,
            recovered: false,
            registered: now,
            reregistered: None,
            unregistered: None,
            removed_at: None,
            shares: Vec::new(),
            filters: Vec::new(),
            tasks: BTreeMap::new(),
            unreachable_tasks: VecDeque::new(),
            completed_tasks: VecDeque::new(),
        };
        framework.set_roles(&[]);
        framework
    }

    /// Brings the shares in line with the info's roles; roles that still hold something stay, suppressed.
    pub(crate) fn set_roles(&mut self, suppressed: &[String]) {
        let roles: Vec<Word> = self.info.all_roles().into_iter().map(Word::from).collect();
        for role in &roles {
            self.share(role);
        }
        for share in &mut self.shares {
            let gone = !roles.contains(&share.role);
            share.suppressed = gone || suppressed.iter().any(|name| share.role == *name.as_str());
        }
    }

    pub(crate) fn share(&mut self, role: &Word) -> &mut Share {
        let at = self.shares.iter().position(|share| share.role == *role).unwrap_or_else(|| {
            let held = Quantities::default();
            self.shares.push(Share { role: role.clone(), suppressed: false, held, allocations: 0 });
            self.shares.len() - 1
        });
        &mut self.shares[at]
    }

    pub(crate) fn has_role(&self, role: &str) -> bool {
        self.info.all_roles().contains(&role)
    }

    pub(crate) fn can(&self, capability: Capability) -> bool {
        self.info.can(capability)
    }

    /// Its event stream, if it is connected by one.
    pub(crate) fn stream(&self) -> Option<&Stream> {
        match &self.channel {
            Some(Channel::Stream(stream)) => Some(stream),
            _ => None,
        }
    }

    /// Its driver, if it is connected by one.
    pub(crate) fn driver(&self) -> Option<&Pid> {
        match &self.channel {
            Some(Channel::Driver(pid)) => Some(pid),
            _ => None,
        }
    }

    pub(crate) fn is_connected(&self) -> bool {
        self.channel.is_some()
    }

    /// Whether it is to be offered anything.
    pub(crate) fn is_active(&self) -> bool {
        self.is_connected() && !self.deactivated
    }
}

/// One line of a task's history.
#[derive(Debug, Clone)]
pub(crate) struct StatusRecord {
    pub(crate) state: TaskState,
    pub(crate) timestamp: Time,
    pub(crate) healthy: Option<bool>,
    pub(crate) container_status: Option<Arc<ContainerStatus>>,
}

/// A task that was launched.
#[derive(Debug)]
pub(crate) struct Task {
    pub(crate) info: Arc<TaskInfo>,
    pub(crate) agent_id: AgentId,
    pub(crate) role: Word,
    /// The newest state the agent knows.
    pub(crate) state: TaskState,
    /// The newest status of each state, oldest first.
    pub(crate) statuses: Vec<StatusRecord>,
    /// State and uuid of the update that the framework is to acknowledge.
    pub(crate) pending: Option<(TaskState, StatusUuid)>,
}

impl Task {
    pub(crate) fn new(info: Arc<TaskInfo>, role: Word, state: TaskState) -> Self {
        let agent_id = info.agent_id.clone();
        Self { info, agent_id, role, state, statuses: Vec::new(), pending: None }
    }

    /// Keeps the status as the newest of its state.
    pub(crate) fn record(&mut self, status: &TaskStatus, now: Time) {
        self.statuses.retain(|record| record.state != status.state);
        self.statuses.push(StatusRecord {
            state: status.state,
            timestamp: status.timestamp.unwrap_or(now),
            healthy: status.healthy,
            container_status: status.container_status.clone(),
        });
    }

    /// Custom executors only; `None` for a command task.
    pub(crate) fn executor_id(&self) -> Option<&ExecutorId> {
        self.info.executor.as_ref().map(|executor| &executor.executor_id)
    }
}

/// A custom executor on an agent.
#[derive(Debug)]
pub(crate) struct Executor {
    pub(crate) info: Arc<ExecutorInfo>,
    pub(crate) role: Word,
}

/// A registered agent, connected or not.
#[derive(Debug)]
pub(crate) struct Agent {
    pub(crate) id: AgentId,
    pub(crate) info: Arc<AgentInfo>,
    pub(crate) hostname: Arc<str>,
    pub(crate) address: Arc<Address>,
    pub(crate) attributes: Arc<[Attribute]>,
    pub(crate) link: Option<LinkId>,
    pub(crate) registered: Time,
    pub(crate) reregistered: Option<Time>,
    /// Neither used nor offered.
    pub(crate) available: Resources,
    pub(crate) has_gpus: bool,
    pub(crate) tasks: BTreeSet<(FrameworkId, TaskId)>,
    pub(crate) executors: BTreeMap<(FrameworkId, ExecutorId), Executor>,
    pub(crate) next_ping: Time,
    pub(crate) pings_unanswered: u32,
    /// When a disconnected one is given up.
    pub(crate) lost_at: Option<Time>,
    /// Kills that came while it was disconnected.
    pub(crate) pending_kills: Vec<(FrameworkId, TaskId)>,
}

impl Agent {
    pub(crate) fn new(id: AgentId, info: Arc<AgentInfo>, now: Time) -> Self {
        let address = Address { hostname: info.hostname.clone(), ip: info.ip.clone(), port: info.port };
        Self {
            id,
            hostname: info.hostname.as_str().into(),
            address: Arc::new(address),
            attributes: info.attributes.clone().into(),
            link: None,
            registered: now,
            reregistered: None,
            available: info.resources.clone(),
            has_gpus: info.resources.scalar("gpus").milli() > 0,
            info,
            tasks: BTreeSet::new(),
            executors: BTreeMap::new(),
            next_ping: now,
            pings_unanswered: 0,
            lost_at: None,
            pending_kills: Vec::new(),
        }
    }
}

/// An offer that is out.
#[derive(Debug)]
pub(crate) struct Outstanding {
    pub(crate) framework_id: FrameworkId,
    pub(crate) agent_id: AgentId,
    pub(crate) role: Word,
    pub(crate) resources: Resources,
    pub(crate) sent: Time,
}

/// What a master counts, for its metrics.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    pub(crate) agent_registrations: u64,
    pub(crate) agent_reregistrations: u64,
    pub(crate) agent_removals: u64,
    pub(crate) allocation_runs: u64,
    pub(crate) dropped_messages: u64,
    pub(crate) invalid_acknowledgements: u64,
    pub(crate) invalid_updates: u64,
    /// Ended tasks by state.
    pub(crate) ended: BTreeMap<TaskState, u64>,
}
