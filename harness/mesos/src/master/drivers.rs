//! Frameworks whose driver speaks the protocol before the v1 API: who may come in, and what reaches them.

use std::sync::Arc;

use stacklab_machine::{Outbox, Time};

use super::MasterOutput;
use super::machine::Master;
use super::state::{Channel, Framework};
use super::subscribe::{FAILED_OVER, note_refusal, note_subscription};
use crate::ids::FrameworkId;
use crate::v0::{DriverCall, DriverEvent, Pid, agent_pid};
use crate::v1::{FrameworkInfo, Reason, SchedulerEvent, Source, TaskStatus};

/// The sender of what the master makes itself: libprocess' name of no process.
const NOBODY: &str = "@0.0.0.0:0";

impl Master {
    pub(super) fn driver_says(
        &mut self,
        now: Time,
        pid: &Pid,
        call: DriverCall,
        out: &mut Outbox<MasterOutput>,
    ) {
        match call {
            DriverCall::Register { info } => self.driver_registers(now, pid, *info, out),
            DriverCall::Reregister { info, failover } => {
                self.driver_reregisters(now, pid, *info, failover, out);
            }
            DriverCall::Unregister { framework_id } if self.speaks_for(pid, &framework_id) => {
                self.remove_framework(now, &framework_id, "unregistered by its driver", out);
            }
            DriverCall::Deactivate { framework_id } if self.speaks_for(pid, &framework_id) => {
                if let Some(framework) = self.frameworks.get_mut(&framework_id) {
                    framework.deactivated = true;
                }
                self.take_back_offers_of(now, &framework_id, "framework deactivated", out);
            }
            DriverCall::Call { framework_id, call } if self.speaks_for(pid, &framework_id) => {
                self.obey(now, &framework_id, call, out);
            }
            // From a stranger, or for a framework that is gone.
            _ => self.counters.dropped_messages += 1,
        }
    }

    fn speaks_for(&self, pid: &Pid, id: &FrameworkId) -> bool {
        self.drivers.get(pid) == Some(id)
    }

    fn driver_registers(
        &mut self,
        now: Time,
        pid: &Pid,
        info: FrameworkInfo,
        out: &mut Outbox<MasterOutput>,
    ) {
        if info.id.is_some() {
            return refuse(pid, &info, "Registering with 'id' already set", out);
        }
        if let Some(message) = self.refusal(&info, &[]) {
            return refuse(pid, &info, &message, out);
        }
        // The answer got lost, or the driver was too quick to ask again.
        if let Some(id) = self.drivers.get(pid) {
            out.push(self.registered(pid, id.clone(), false));
            return;
        }
        let id = self.draw_framework_id();
        self.let_in(now, pid, &id, info, false, out);
    }

    fn driver_reregisters(
        &mut self,
        now: Time,
        pid: &Pid,
        info: FrameworkInfo,
        failover: bool,
        out: &mut Outbox<MasterOutput>,
    ) {
        let Some(id) = info.id.clone() else {
            return refuse(pid, &info, "Re-registering without an 'id'", out);
        };
        if let Some(message) = self.refusal(&info, &[]) {
            return refuse(pid, &info, &message, out);
        }
        let known = self.frameworks.get(&id);
        let is_there = known.is_some_and(Framework::is_connected);
        let is_same = self.speaks_for(pid, &id);
        if is_there && !is_same && !failover {
            return refuse(pid, &info, FAILED_OVER, out);
        }
        let again = is_same && !failover;
        if again {
            self.take_back_offers_of(now, &id, "framework re-registered", out);
        }
        if is_same && let Some(framework) = self.frameworks.get_mut(&id) {
            // It is no one else who would have to be told.
            framework.channel = None;
        }
        self.let_in(now, pid, &id, info, again, out);
    }

    fn let_in(
        &mut self,
        now: Time,
        pid: &Pid,
        id: &FrameworkId,
        info: FrameworkInfo,
        again: bool,
        out: &mut Outbox<MasterOutput>,
    ) {
        let known = self.admit(now, id, info, &[], out);
        // Whatever else this driver was before it is no more.
        if let Some(other) = self.drivers.insert(pid.clone(), id.clone()).filter(|other| other != id) {
            self.disconnected(now, &other, out);
        }
        if let Some(framework) = self.frameworks.get_mut(id) {
            framework.channel = Some(Channel::Driver(pid.clone()));
            framework.pid = Some(pid.clone());
            note_subscription(framework, known, out);
        }
        out.push(self.registered(pid, id.clone(), again));
        self.allocate(now, None, out);
    }

    fn registered(&self, pid: &Pid, framework_id: FrameworkId, again: bool) -> MasterOutput {
        let event = DriverEvent::Registered { framework_id, master: Arc::clone(&self.info), again };
        MasterOutput::Post { pid: pid.clone(), event }
    }

    pub(super) fn driver_gone(&mut self, now: Time, pid: &Pid, out: &mut Outbox<MasterOutput>) {
        if let Some(id) = self.drivers.remove(pid) {
            self.disconnected(now, &id, out);
        }
    }

    /// Says to a driver what a scheduler of the v1 API would hear.
    pub(super) fn post(
        &self,
        id: &FrameworkId,
        pid: &Pid,
        event: SchedulerEvent,
        out: &mut Outbox<MasterOutput>,
    ) {
        let framework_id = id.clone();
        let event = match event {
            SchedulerEvent::Offers(offers) => DriverEvent::Offers(offers),
            SchedulerEvent::Rescind(offer_id) => DriverEvent::Rescind(offer_id),
            SchedulerEvent::Update(status) => {
                let sender = self.sender_of(&status);
                DriverEvent::Update { framework_id, status: Box::new(status), sender }
            }
            SchedulerEvent::Message { agent_id, executor_id, data } => {
                DriverEvent::Message { agent_id, framework_id, executor_id, data }
            }
            SchedulerEvent::Failure { agent_id: Some(agent_id), executor_id: None, .. } => {
                DriverEvent::LostAgent(agent_id)
            }
            SchedulerEvent::Failure { agent_id: Some(agent_id), executor_id: Some(executor_id), status } => {
                let status = status.unwrap_or_default();
                DriverEvent::ExitedExecutor { agent_id, framework_id, executor_id, status }
            }
            SchedulerEvent::Error { message } => DriverEvent::Error { message },
            // Drivers get no heartbeats, and what shells make up is for v1 schedulers.
            SchedulerEvent::Subscribed { .. }
            | SchedulerEvent::Failure { agent_id: None, .. }
            | SchedulerEvent::Heartbeat
            | SchedulerEvent::Disconnected { .. }
            | SchedulerEvent::Refused { .. } => return,
        };
        out.push(MasterOutput::Post { pid: pid.clone(), event });
    }

    fn sender_of(&self, status: &TaskStatus) -> Option<String> {
        if status.reason == Some(Reason::Reconciliation) {
            return None;
        }
        let agent = status.agent_id.as_ref().filter(|_| status.source != Some(Source::Master));
        match agent.and_then(|agent| self.agents.get(agent)) {
            Some(agent) => Some(agent_pid(&agent.address)),
            None => Some(NOBODY.to_owned()),
        }
    }
}

fn refuse(pid: &Pid, info: &FrameworkInfo, message: &str, out: &mut Outbox<MasterOutput>) {
    note_refusal(info, message, out);
    let event = DriverEvent::Error { message: message.to_owned() };
    out.push(MasterOutput::Post { pid: pid.clone(), event });
}
