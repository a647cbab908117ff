//! What waits in the queue.

use stacklab_machine::http::Request;
use stacklab_machine::process::{CallId, ExchangeId, Input, Never, ZkOp};
use stacklab_machine::timeline::EventId;
use stacklab_mesos::{AgentInput, ContainerId, ExecutorEvent, LinkId, MasterInput, SchedulerEvent};
use stacklab_stack::{OnceReply, OnceRequest};

/// Number of a program within its world, never used twice.
pub(super) type ProgramId = usize;

/// An entry of the queue, with the event that led to it.
#[derive(Debug)]
pub(super) struct Item {
    pub(super) what: Due,
    pub(super) cause: Option<EventId>,
}

/// What is due. Kept small: the queue moves its entries about.
#[derive(Debug)]
pub(super) enum Due {
    /// Something reaches the master.
    Master(Box<MasterInput>),
    /// Something reaches an agent.
    Agent(usize, Box<AgentInput>),
    /// Something reaches a program.
    Program(ProgramId, Box<ToProgram>),
    /// A request reaches the address it was sent to.
    Request { exchange: ExchangeId, request: Box<Request> },
    /// A request's time is up.
    RequestTimeout { exchange: ExchangeId },
    /// An operation reaches a ZooKeeper.
    Zk(Box<ZkCall>),
    /// A service goes on.
    Service { program: ProgramId, generation: u32, step: ServiceStep },
    /// A container's program is up.
    Boot { agent: usize, container: ContainerId },
    /// A machine wanted to be woken.
    Wake(Seat),
    /// A fault of the plan has its time.
    Faults,
    /// What a fault began ends.
    Later(Box<Later>),
}

/// An operation on its way to a ZooKeeper.
#[derive(Debug)]
pub(super) struct ZkCall {
    pub(super) from: ProgramId,
    pub(super) call: CallId,
    pub(super) connect: String,
    pub(super) op: ZkOp,
}

/// What reaches a program, whatever its kind.
#[derive(Debug)]
pub(super) enum ToProgram {
    /// What does not come from Mesos.
    Any(Input<Never>),
    /// From the master.
    Scheduler(SchedulerEvent),
    /// From the agent.
    Executor(ExecutorEvent),
    /// From the run of the stack to Stack Deploy's own framework.
    Asked(OnceRequest),
    /// The other way.
    Answered(OnceReply),
}

/// How a modelled service goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ServiceStep {
    /// Its process is there.
    Started,
    /// It has come as far as it can without its neighbours: looks for them, and serves if they are there.
    Up,
    /// It was asked to stop, and has.
    Stopped,
}

/// The end of what a fault began.
#[derive(Debug)]
pub(super) enum Later {
    /// An agent's machine is back, with what was in these containers gone.
    AgentBack { link: LinkId, containers: Vec<ContainerId> },
    /// The next master is elected.
    MasterBack,
    /// A ZooKeeper serves again.
    ZooKeeperBack(usize),
    /// A service of the lab's own is there again.
    OwnServiceBack(String),
    /// A ZooKeeper answers as quickly as before.
    ZooKeeperQuick(usize),
    /// A broker whose session expired has a new one.
    NewSession(ProgramId),
}

/// A machine's place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Seat {
    Master,
    Agent(usize),
    Program(ProgramId),
    ZooKeeper(usize),
}

impl Seat {
    /// A number of its own, small enough for tables: the master, then agents, programs and ZooKeepers in turns.
    pub(super) const fn number(self) -> usize {
        match self {
            Self::Master => 0,
            Self::Agent(index) => index * 3 + 1,
            Self::Program(id) => id * 3 + 2,
            Self::ZooKeeper(index) => index * 3 + 3,
        }
    }
}
