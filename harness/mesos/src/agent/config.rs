//! What an agent is made with, what reaches it, and what it asks for.

use std::time::Duration;

use stacklab_machine::Rng;

use super::TaskEnd;
use crate::ids::{AgentId, ContainerId, TaskId};
use crate::messages::{AgentToMaster, ContainerEvent, MasterToAgent, Signal, StartSpec};
use crate::resources::{Attribute, Resources};
use crate::v1::{Address, ExecutorCall, ExecutorEvent, Uri};

/// Settings of an agent. Durations are used as they are: the pace is applied by whoever makes the value.
#[derive(Clone, Debug)]
pub struct AgentConfig {
    /// Where it listens; also the address that its tasks are to bind.
    pub address: Address,
    /// All it has.
    pub resources: Resources,
    /// The id that it had before it was started again, as its work directory remembers it.
    pub recovered: Option<AgentId>,
    /// Attributes.
    pub attributes: Vec<Attribute>,
    /// Directory under which sandboxes lie: `/var/lib/mesos`.
    pub work_dir: String,
    /// Whether containers are held to the memory that they asked for, as with the isolation `cgroups/mem`.
    pub limits_memory: bool,
    /// How long a custom executor has to subscribe; 1 min.
    pub executor_registration_timeout: Duration,
    /// Between asking an executor to end and ending it; 5 s.
    pub executor_shutdown_grace_period: Duration,
    /// Until a registration is said again; 1 s, as the first of Mesos' random waits.
    pub registration_backoff: Duration,
    /// Until an unacknowledged update is sent again for the first time; 10 s. Doubles up to 10 min.
    pub status_retry: Duration,
    /// Random numbers, for the ids of containers and updates.
    pub rng: Rng,
}

impl AgentConfig {
    /// Mesos' defaults.
    pub fn new(address: Address, resources: Resources, rng: Rng) -> Self {
        Self {
            address,
            resources,
            recovered: None,
            attributes: Vec::new(),
            work_dir: "/var/lib/mesos".into(),
            limits_memory: false,
            executor_registration_timeout: Duration::from_secs(60),
            executor_shutdown_grace_period: Duration::from_secs(5),
            registration_backoff: Duration::from_secs(1),
            status_retry: Duration::from_secs(10),
            rng,
        }
    }
}

/// What reaches an agent.
#[derive(Clone, Debug, PartialEq)]
pub enum AgentInput {
    /// The link to the master stands: register.
    Connected,
    /// The link to the master broke.
    Disconnected,
    /// The master says something.
    Master(MasterToAgent),
    /// Something happened to a container.
    Container {
        /// Which.
        container: ContainerId,
        /// What.
        event: ContainerEvent,
    },
    /// A custom executor says something.
    Executor {
        /// Its container.
        container: ContainerId,
        /// What.
        call: ExecutorCall,
    },
    /// A task is to end without its own doing, and its container with it.
    EndTask {
        /// Which.
        task_id: TaskId,
        /// How.
        end: TaskEnd,
    },
}

/// What an agent asks for.
#[derive(Clone, Debug, PartialEq)]
pub enum AgentOutput {
    /// Say something to the master; dropped by the shell if there is no link.
    ToMaster(AgentToMaster),
    /// Fetch these into a sandbox; answered by [`ContainerEvent::Fetched`] or [`ContainerEvent::FetchFailed`].
    /// Not asked for when there is nothing to fetch.
    Fetch {
        /// For which container.
        container: ContainerId,
        /// What.
        uris: Vec<Uri>,
        /// Path of the sandbox.
        sandbox: String,
    },
    /// Start a program; answered by [`ContainerEvent::Started`] or [`ContainerEvent::StartFailed`], later by
    /// [`ContainerEvent::Exited`].
    Start(Box<StartSpec>),
    /// Signal the processes of a container; `Exited` follows when they end.
    Signal {
        /// Which.
        container: ContainerId,
        /// What.
        signal: Signal,
    },
    /// Say something to a custom executor.
    ToExecutor {
        /// Its container.
        container: ContainerId,
        /// What.
        event: ExecutorEvent,
    },
    /// End what is left of a container, at once (fetching too). `Exited` is expected, once, if it had started.
    Destroy {
        /// Which.
        container: ContainerId,
    },
}
