//! What a framework may do while it is called.

use std::time::Duration;

use stacklab_machine::process::{CallId, ExchangeId, Output, ZkOp};
use stacklab_machine::timeline::What;
use stacklab_machine::{Outbox, Time, http};
use stacklab_mesos::SchedulerCall;

use super::{Context, Setup};

/// The driver is gone: no master is connected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("java.lang.NullPointerException")]
pub struct Disconnected;

/// What the scheduler keeps for every framework alike.
#[derive(Debug, Default)]
pub(crate) struct Core {
    next_call: u64,
    pub(crate) changed: bool,
    pub(crate) connected: bool,
    pub(crate) fatal: Option<String>,
}

impl Core {
    pub(crate) fn call(&mut self) -> CallId {
        self.next_call += 1;
        CallId(self.next_call)
    }
}

/// The world as a framework sees it during one call.
#[derive(Debug)]
pub struct Stage<'a> {
    /// Now.
    pub now: Time,
    /// Environment, sandbox, host, random numbers, pace.
    pub context: &'a mut Context,
    /// What the options said.
    pub setup: &'a Setup,
    pub(crate) framework: &'static str,
    pub(crate) core: &'a mut Core,
    pub(crate) out: &'a mut Outbox<Output<SchedulerCall>>,
}

impl Stage<'_> {
    /// Whether a master is connected.
    pub fn connected(&self) -> bool {
        self.core.connected
    }

    /// Says that the document is another one now: it is written anew at the next save.
    pub fn changed(&mut self) {
        self.core.changed = true;
    }

    /// Ends the process as an uncaught exception in a driver callback does: the driver aborts, exit code 1.
    pub fn die(&mut self, message: impl Into<String>) {
        self.core.fatal.get_or_insert(message.into());
    }

    /// Sends a kill.
    pub fn kill(&mut self, task_id: &str, agent: Option<&str>) -> Result<(), Disconnected> {
        let kill = SchedulerCall::Kill {
            task_id: task_id.into(),
            agent_id: agent.map(Into::into),
            kill_policy: None,
        };
        self.tell_mesos(kill)
    }

    /// Sends a message to an executor.
    pub fn message(&mut self, executor_id: &str, agent: &str, data: Vec<u8>) -> Result<(), Disconnected> {
        let message =
            SchedulerCall::Message { agent_id: agent.into(), executor_id: executor_id.into(), data };
        self.tell_mesos(message)
    }

    fn tell_mesos(&mut self, call: SchedulerCall) -> Result<(), Disconnected> {
        if !self.core.connected {
            return Err(Disconnected);
        }
        self.out.push(Output::Mesos(call));
        Ok(())
    }

    /// Makes a request; the answer comes to [`Framework::http_reply`](super::Framework::http_reply).
    pub fn http(&mut self, request: http::Request, timeout: Option<Duration>) -> CallId {
        let call = self.core.call();
        self.out.push(Output::Http { call, request, timeout });
        call
    }

    /// Does something in ZooKeeper; the answer comes to [`Framework::zk_reply`](super::Framework::zk_reply).
    pub fn zk(&mut self, connect: &str, op: ZkOp) -> CallId {
        let call = self.core.call();
        self.out.push(Output::Zk { call, connect: connect.to_owned(), op });
        call
    }

    /// Answers a request that was put off with [`Reply::Later`](super::Reply::Later).
    pub fn respond(&mut self, exchange: ExchangeId, response: http::Response) {
        self.out.push(Output::Respond { exchange, response });
    }

    /// Writes a line into the log, if somebody reads it.
    pub fn log(&mut self, line: impl FnOnce() -> String) {
        if self.out.is_recording() {
            self.out.push(Output::Log(line()));
        }
    }

    /// Notes for the timeline that an instance (`server 70`) has a new state.
    pub fn state(&mut self, instance: impl FnOnce() -> String, from: &str, to: &str) {
        let framework = self.framework;
        self.out.note_with(|| What::InstanceState {
            framework: framework.into(),
            instance: instance(),
            from: from.into(),
            to: to.into(),
        });
    }

    /// Notes anything for the timeline.
    pub fn note(&mut self, what: impl FnOnce() -> What) {
        self.out.note_with(what);
    }
}
