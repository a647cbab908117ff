//! Services that end, lose what they knew, or answer late. A service of a task is a process under an executor: when it
//! ends, its framework is what brings it back; `back` is for those that belong to nobody.

use std::time::Duration;

use stacklab_machine::service::{ServiceEvent, ServiceSpec};
use stacklab_machine::timeline::EventId;

use super::World;
use crate::sim::item::{Due, Later, ProgramId, Seat};
use crate::sim::services::Service;

/// How long a ZooKeeper needs for a new leader.
const ELECTION: Duration = Duration::from_secs(2);
/// How long a client needs to notice that its session is gone, and to open another.
const NEW_SESSION: Duration = Duration::from_secs(1);

impl World {
    /// Programs that run a service which a plan calls so: by its kind, its task, its program.
    fn with_service(&self, name: &str) -> Vec<ProgramId> {
        let kind = |service: &Service| service.spec.kind() == name;
        let named = |id: ProgramId| self.is_called(Seat::Program(id), name) && name != "lab";
        self.programs
            .all()
            .filter(|(id, node)| node.service.as_ref().is_some_and(|service| kind(service) || named(*id)))
            .map(|(id, _)| id)
            .collect()
    }

    /// ZooKeepers that a plan calls so: `platform`, those of tasks, or all.
    fn zookeepers_called(&self, name: &str) -> Vec<usize> {
        let of_task = |index: usize| {
            let addresses = &self.zookeepers[index].addresses;
            self.with_service(name).into_iter().any(|id| {
                let service = self.programs.get(id).and_then(|node| node.service.as_ref());
                service.is_some_and(|service| addresses.contains(&service.address))
            })
        };
        let platform = name == "platform" || name == "lab";
        (0..self.zookeepers.len())
            .filter(|index| if *index == 0 { platform } else { of_task(*index) })
            .collect()
    }

    pub(super) fn stop_service_called(&mut self, name: &str, back: Option<Duration>, cause: Option<EventId>) {
        if name == "platform" {
            return self.zookeeper_away(0, back, cause);
        }
        if let Some(address) = self.own_service_called(name) {
            self.ports.remove(&address);
            if let Some(back) = back {
                self.after(back, Due::Later(Box::new(Later::OwnServiceBack(address))), cause);
            }
        }
        for id in self.with_service(name) {
            let message = "Killed".to_owned();
            self.tell(id, ServiceEvent::Exited { code: 137, message }, cause);
            self.kill_service(id);
        }
    }

    fn zookeeper_away(&mut self, index: usize, back: Option<Duration>, cause: Option<EventId>) {
        let Some(node) = self.zookeepers.get_mut(index) else { return };
        node.down = true;
        if let Some(back) = back {
            self.after(back, Due::Later(Box::new(Later::ZooKeeperBack(index))), cause);
        }
    }

    pub(super) fn zookeeper_back(&mut self, index: usize) {
        if let Some(node) = self.zookeepers.get_mut(index) {
            node.down = false;
        }
    }

    pub(super) fn lose_leader(&mut self, name: &str, cause: Option<EventId>) {
        for index in self.zookeepers_called(name) {
            self.zookeeper_away(index, Some(ELECTION), cause);
        }
    }

    pub(super) fn slow_service(&mut self, name: &str, by: Duration, lasts: Duration, cause: Option<EventId>) {
        for index in self.zookeepers_called(name) {
            self.zookeepers[index].slow = by;
            self.after(lasts, Due::Later(Box::new(Later::ZooKeeperQuick(index))), cause);
        }
    }

    pub(super) fn zookeeper_quick(&mut self, index: usize) {
        if let Some(node) = self.zookeepers.get_mut(index) {
            node.slow = Duration::ZERO;
        }
    }

    /// A ZooKeeper starts anew with an empty tree; brokers find their sessions expired.
    pub(super) fn lose_data(&mut self, name: &str, cause: Option<EventId>) {
        for index in self.zookeepers_called(name) {
            let (now, mut out) = (self.now, self.new_outbox());
            let node = &mut self.zookeepers[index];
            node.ensemble.wipe(&mut out);
            node.session = node.ensemble.open_session(now, crate::sim::zookeeper::SESSION);
            if let Some(ledger) = &mut self.ledger {
                ledger.read(self.timeline.events());
                ledger.forget_brokers();
            }
            self.note_writes("zookeeper", &mut out, cause);
            self.settle(Seat::ZooKeeper(index));
            let holders: Vec<ProgramId> = self.holders_of(index);
            for id in holders {
                self.open_later(id, cause);
            }
        }
    }

    /// Programs whose service has a session with a ZooKeeper.
    fn holders_of(&self, index: usize) -> Vec<ProgramId> {
        let session = |service: &Service| service.session.as_ref().is_some_and(|(at, _)| *at == index);
        let all = self.programs.all();
        all.filter(|(_, node)| node.service.as_ref().is_some_and(session)).map(|(id, _)| id).collect()
    }

    pub(super) fn expire_session(&mut self, of: &str, cause: Option<EventId>) {
        for id in self.with_service(of) {
            let session = self.programs.get(id).and_then(|node| node.service.as_ref()?.session);
            let Some((index, session)) = session else { continue };
            let (now, mut out) = (self.now, self.new_outbox());
            if let Some(node) = self.zookeepers.get_mut(index) {
                node.ensemble.close_session(now, session, &mut out);
            }
            self.note_writes("zookeeper", &mut out, cause);
            self.settle(Seat::ZooKeeper(index));
            self.open_later(id, cause);
        }
    }

    fn open_later(&mut self, id: ProgramId, cause: Option<EventId>) {
        if let Some(service) = self.programs.get_mut(id).and_then(|node| node.service.as_mut()) {
            service.session = None;
        }
        self.after(NEW_SESSION, Due::Later(Box::new(Later::NewSession(id))), cause);
    }

    /// A broker whose session expired registers again; if it cannot, it ends.
    pub(super) fn new_session(&mut self, id: ProgramId, cause: Option<EventId>) {
        let node = self.programs.get(id);
        let Some(service) = node.and_then(|node| node.service.as_ref()).filter(|service| service.up) else {
            return;
        };
        let ServiceSpec::Kafka(spec) = service.spec.clone() else { return };
        if service.session.is_some() {
            return;
        }
        match self.register_broker(&self.who_is(id), &spec) {
            Ok(session) => {
                if let Some(service) = self.programs.get_mut(id).and_then(|node| node.service.as_mut()) {
                    service.session = Some(session);
                }
            }
            Err(message) => {
                self.tell(id, ServiceEvent::Exited { code: 1, message }, cause);
                self.kill_service(id);
            }
        }
    }
}
