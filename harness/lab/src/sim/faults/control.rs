//! The master and its frameworks.

use std::time::Duration;

use stacklab_machine::http::{Method, Request};
use stacklab_machine::process::ExchangeId;
use stacklab_machine::timeline::EventId;
use stacklab_mesos::{AgentInput, ConnectionId, MasterInput, Reached, SchedulerCall, SchedulerEvent};

use super::World;
use crate::sim::item::{Due, Later, ProgramId, Seat, ToProgram};
use crate::sim::world::{MASTER, new_master};

/// An exchange that nobody waits for.
const NOBODY: ExchangeId = ExchangeId(u64::MAX);

impl World {
    pub(in crate::sim) fn master_is_gone(&self) -> bool {
        self.faults.as_ref().is_some_and(|faults| faults.master_gone)
    }

    /// The master ends; the next one knows of nothing but what comes back to it.
    pub(super) fn fail_over_master(&mut self, after: Duration, cause: Option<EventId>) {
        let Some(faults) = self.faults.as_mut().filter(|faults| !faults.master_gone) else { return };
        faults.master_gone = true;
        faults.masters += 1;
        let concern = format!("ids/master/{}", faults.masters + 1);
        self.master = new_master(self.streams, &concern, self.now + after);
        if let Some(ledger) = &mut self.ledger {
            ledger.read(self.timeline.events());
            ledger.new_master();
        }
        for (_, program) in std::mem::take(&mut self.streams_open) {
            self.cut_off(program, "the master is gone", cause);
        }
        for index in 0..self.agents.len() {
            self.agent_hears(index, AgentInput::Disconnected, cause);
        }
        self.after(after, Due::Later(Box::new(Later::MasterBack)), cause);
    }

    pub(super) fn master_back(&mut self, cause: Option<EventId>) {
        if let Some(faults) = &mut self.faults {
            faults.master_gone = false;
        }
        for index in 0..self.agents.len() {
            let wait = self.delays.network();
            self.after(wait, Due::Agent(index, Box::new(AgentInput::Connected)), cause);
        }
        self.settle(Seat::Master);
    }

    /// What reaches a master that is gone.
    pub(in crate::sim) fn nobody_hears(&mut self, input: &MasterInput, cause: Option<EventId>) {
        if let MasterInput::Call { connection, call: SchedulerCall::Subscribe { .. }, .. } = input {
            self.cut_off(self.program_of(*connection), "connection refused", cause);
        }
    }

    /// A scheduler loses its connection.
    fn cut_off(&mut self, program: ProgramId, why: &str, cause: Option<EventId>) {
        let event = SchedulerEvent::Disconnected { why: why.to_owned() };
        let what = Due::Program(program, Box::new(ToProgram::Scheduler(event)));
        self.send(Seat::Master, Seat::Program(program), what, cause);
    }

    pub(super) fn disconnect_framework(&mut self, name: &str, cause: Option<EventId>) {
        let Some(id) = self.framework_called(name) else { return };
        let Some(Reached::Stream(connection)) = self.master.reached(&id) else { return };
        if let Some(program) = self.streams_open.remove(&connection) {
            self.cut_off(program, "the connection broke", cause);
        }
        self.master_hears(MasterInput::Disconnected { connection }, cause);
    }

    /// A scheduler that nobody knows subscribes with the framework's id, and never answers to anything.
    pub(super) fn fail_over_framework(&mut self, name: &str, cause: Option<EventId>) {
        let Some(id) = self.framework_called(name) else { return };
        let Some(info) = self.master.framework_info(&id).cloned() else { return };
        let Some(faults) = &mut self.faults else { return };
        faults.strangers += 1;
        // No program has so large a number.
        let connection = ConnectionId((u64::from(u32::MAX) << 32) | u64::from(faults.strangers));
        let call = SchedulerCall::Subscribe { info: Box::new(info), suppressed_roles: Vec::new() };
        let input = MasterInput::Call { connection, framework_id: None, stream_id: None, call };
        self.master_hears(input, cause);
    }

    pub(super) fn tear_down_framework(&mut self, name: &str, cause: Option<EventId>) {
        let Some(id) = self.framework_called(name) else { return };
        let body = format!("frameworkId={id}");
        let mut request = Request::get(format!("http://{MASTER}/master/teardown"));
        (request.method, request.body) = (Method::Post, body.into_bytes());
        request.make_relative();
        self.master_hears(MasterInput::Http { exchange: NOBODY, request }, cause);
    }

    pub(super) fn rescind_offers(&mut self, name: &str, cause: Option<EventId>) {
        let Some(framework_id) = self.framework_called(name) else { return };
        self.master_hears(MasterInput::Rescind { framework_id }, cause);
    }
}
