//! What master and agents say to each other. On a real cluster this is protobuf over libprocess; here both ends
//! are ours, and the values travel as they are.

use std::sync::Arc;

use crate::ids::{AgentId, ContainerId, ExecutorId, FrameworkId, StatusUuid, TaskId};
use crate::v1::{AgentInfo, ExecutorInfo, FrameworkInfo, KillPolicy, TaskInfo, TaskState, TaskStatus};

/// From an agent to the master.
#[derive(Clone, Debug, PartialEq)]
#[allow(clippy::large_enum_variant)] // Most messages are updates.
pub enum AgentToMaster {
    /// A new agent.
    Register {
        /// What it is and has.
        info: Arc<AgentInfo>,
    },
    /// An agent with an id, after its link broke or the master changed.
    Reregister(Box<Reregistration>),
    /// It leaves for good.
    Unregister,
    /// Answer to a ping.
    Pong,
    /// A task has a new state: the head of the task's queue of updates.
    Update {
        /// The framework.
        framework_id: FrameworkId,
        /// The update, with its uuid.
        status: TaskStatus,
        /// The newest state the agent knows, which may be ahead of `status`.
        latest_state: TaskState,
    },
    /// Bytes from an executor for its scheduler.
    Message {
        /// The framework.
        framework_id: FrameworkId,
        /// The executor.
        executor_id: ExecutorId,
        /// The bytes.
        data: Vec<u8>,
    },
    /// A custom executor ended.
    ExecutorExited {
        /// The framework.
        framework_id: FrameworkId,
        /// The executor.
        executor_id: ExecutorId,
        /// Wait status.
        status: i32,
    },
}

/// What an agent reports when it comes back.
#[derive(Clone, Debug, PartialEq)]
pub struct Reregistration {
    /// Its id.
    pub agent_id: AgentId,
    /// What it is and has.
    pub info: Arc<AgentInfo>,
    /// The frameworks it runs something for.
    pub frameworks: Vec<(FrameworkId, Arc<FrameworkInfo>)>,
    /// Its custom executors.
    pub executors: Vec<(FrameworkId, Arc<ExecutorInfo>)>,
    /// Its tasks, with their newest states.
    pub tasks: Vec<(FrameworkId, Arc<TaskInfo>, TaskState)>,
}

/// From the master to an agent.
#[derive(Clone, Debug, PartialEq)]
pub enum MasterToAgent {
    /// Welcome.
    Registered {
        /// The agent's id from now on.
        agent_id: AgentId,
    },
    /// Welcome back.
    Reregistered {
        /// The agent's id, as before.
        agent_id: AgentId,
        /// Tasks that the master believes there and the agent did not report.
        unknown_tasks: Vec<(FrameworkId, TaskId)>,
    },
    /// Are you there? Answered with a pong.
    Ping {
        /// Whether the master takes the agent to be connected; if not, it is to re-register.
        connected: bool,
    },
    /// Run a task.
    RunTask {
        /// The framework.
        framework_id: FrameworkId,
        /// Who that is.
        framework: Arc<FrameworkInfo>,
        /// The task.
        task: Arc<TaskInfo>,
    },
    /// Kill a task.
    Kill {
        /// The framework.
        framework_id: FrameworkId,
        /// The task.
        task_id: TaskId,
        /// How, instead of the task's own policy.
        kill_policy: Option<KillPolicy>,
    },
    /// The scheduler has an update.
    Acknowledge {
        /// The framework.
        framework_id: FrameworkId,
        /// The task.
        task_id: TaskId,
        /// The update's uuid.
        uuid: StatusUuid,
    },
    /// A framework is gone: end everything of it.
    ShutdownFramework {
        /// Which.
        framework_id: FrameworkId,
    },
    /// Shut an executor down.
    ShutdownExecutor {
        /// The framework.
        framework_id: FrameworkId,
        /// The executor.
        executor_id: ExecutorId,
    },
    /// Bytes from a scheduler for its executor.
    Message {
        /// The framework.
        framework_id: FrameworkId,
        /// The executor.
        executor_id: ExecutorId,
        /// The bytes.
        data: Vec<u8>,
    },
    /// End: the agent is not wanted any more.
    Shutdown {
        /// Why.
        message: String,
    },
}

/// How a process ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// By itself, with a code.
    Code(i32),
    /// By a signal.
    Signal(i32),
}

impl Exit {
    /// The wait status as Unix packs it.
    pub const fn wait_status(self) -> i32 {
        match self {
            Self::Code(code) => (code & 0xff) << 8,
            Self::Signal(signal) => signal & 0x7f,
        }
    }
}

/// What becomes of a container.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ContainerEvent {
    /// Everything is fetched.
    Fetched,
    /// Something cannot be fetched; the container is not started.
    FetchFailed {
        /// What.
        uri: String,
        /// Why: `Error downloading resource, received HTTP return code 404`.
        why: String,
    },
    /// The process runs.
    Started,
    /// The process cannot be started.
    StartFailed {
        /// Why.
        why: String,
    },
    /// The process ended.
    Exited(Exit),
}

/// Everything a shell needs to start a program.
#[derive(Clone, Debug, PartialEq)]
pub struct StartSpec {
    /// Its container.
    pub container: ContainerId,
    /// Its framework.
    pub framework_id: FrameworkId,
    /// Its executor: for a command task, of the same text as the task's id.
    pub executor_id: ExecutorId,
    /// The task that the command belongs to; `None` for a custom executor.
    pub task: Option<Arc<TaskInfo>>,
    /// The custom executor; `None` for a command task.
    pub executor: Option<Arc<ExecutorInfo>>,
    /// A line for `sh -c` if `shell`, else a program.
    pub command: String,
    /// Whether `command` goes through a shell.
    pub shell: bool,
    /// Arguments of a program that goes not through a shell, its own name first.
    pub arguments: Vec<String>,
    /// User to run under.
    pub user: String,
    /// The whole environment that Mesos gives, each name once, in order.
    pub environment: Vec<(String, String)>,
    /// Names of the fetched files in the sandbox.
    pub files: Vec<String>,
    /// Path of the sandbox, as in `MESOS_SANDBOX`.
    pub sandbox: String,
    /// The agent's host name.
    pub hostname: String,
    /// The agent's IPv4 address, to be bound by what the program listens on.
    pub ip: String,
    /// Memory that the container may use, in MB: its executor's and its tasks' together, as when it starts.
    pub memory: f64,
}

impl StartSpec {
    /// The Docker image that the task asks for.
    pub fn docker_image(&self) -> Option<&str> {
        let container = self.task.as_ref()?.container.as_ref()?;
        container["docker"]["image"].as_str()
    }
}

/// A signal to a container's processes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signal {
    /// SIGTERM.
    Term,
    /// SIGKILL.
    Kill,
}
