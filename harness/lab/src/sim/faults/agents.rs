//! Agents that are gone, or do not move.

use std::time::Duration;

use stacklab_machine::Machine;
use stacklab_machine::timeline::EventId;
use stacklab_mesos::{AgentInput, ContainerEvent, ContainerId, Exit, LinkId, Resources, Uri};

use super::World;
use super::links::End;
use crate::occupant::Occupant;
use crate::sim::control::agent_of;
use crate::sim::item::{Due, Later, Seat};
use crate::sim::programs::Body;
use crate::sim::world::{LAB, agent_host};

impl World {
    /// The whole machine is gone at once, and nobody is told: the master finds out by its pings. Connections of
    /// programs that ran there are seen to break.
    pub(super) fn lose_agent(
        &mut self,
        name: &str,
        back: Option<Duration>,
        without_sandboxes: bool,
        cause: Option<EventId>,
    ) {
        let Some(index) = self.agent_called(name).filter(|index| !self.agents[*index].away) else { return };
        let here = |place: &Option<(usize, ContainerId)>| place.as_ref().is_some_and(|(on, _)| *on == index);
        let lost: Vec<_> =
            self.programs.all().filter(|(_, node)| here(&node.place)).map(|(id, _)| id).collect();
        for program in lost {
            drop(self.drop_program(program, cause));
        }
        let (now, mut out) = (self.now, self.new_outbox());
        let agent = &mut self.agents[index];
        let mut containers: Vec<ContainerId> =
            agent.machine.live_tasks().into_iter().map(|task| task.container).collect();
        containers.extend(std::mem::take(&mut agent.containers).into_keys());
        containers.sort();
        containers.dedup();
        if without_sandboxes {
            agent.machine = agent.machine.without_memory();
            if let Some(ledger) = &mut self.ledger {
                ledger.forget_agent(index);
            }
            containers.clear();
        } else {
            agent.machine.handle(now, AgentInput::Disconnected, &mut out);
        }
        agent.away = true;
        // What is on its way to or from it is lost with the connection.
        agent.link = LinkId(agent.link.0 + (1 << 32));
        let link = agent.link;
        if let Some(back) = back {
            let later = Later::AgentBack { link, containers };
            self.after(back, Due::Later(Box::new(later)), cause);
        }
    }

    pub(super) fn agent_back(&mut self, link: LinkId, containers: Vec<ContainerId>, cause: Option<EventId>) {
        let index = agent_of(link);
        let Some(agent) = self.agents.get_mut(index).filter(|agent| agent.link == link) else { return };
        agent.away = false;
        for container in containers {
            let event = ContainerEvent::Exited(Exit::Signal(9));
            self.agent_hears(index, AgentInput::Container { container, event }, cause);
        }
        if !self.master_is_gone() {
            self.agent_hears(index, AgentInput::Connected, cause);
        }
    }

    pub(super) fn partition_agent(&mut self, name: &str, lasts: Duration) {
        let Some(index) = self.agent_called(name) else { return };
        let agent = || End::Seat(Seat::Agent(index));
        self.trouble(agent(), End::Seat(Seat::Master), lasts, None);
        self.trouble(End::Seat(Seat::Master), agent(), lasts, None);
    }

    pub(super) fn pause_agent(&mut self, name: &str, lasts: Duration) {
        let (Some(index), until) = (self.agent_called(name), self.now + lasts) else { return };
        if let Some(faults) = &mut self.faults {
            let known = faults.paused.entry(index).or_insert(until);
            *known = until.max(*known);
        }
    }

    pub(super) fn skew_clock(&mut self, name: &str, by: f64) {
        let Some(index) = self.agent_called(name) else { return };
        if let Some(faults) = &mut self.faults {
            faults.skews.insert(index, (by * 1e6) as i64);
        }
        self.settle(Seat::Agent(index));
    }

    pub(super) fn fill_disk(&mut self, name: &str) {
        let Some(index) = self.agent_called(name) else { return };
        if let Some(faults) = &mut self.faults {
            faults.full.insert(index);
        }
    }

    /// Nothing can be written on a full disk.
    pub(in crate::sim) fn disk_is_full(&self, agent: usize) -> bool {
        self.faults.as_ref().is_some_and(|faults| faults.full.contains(&agent))
    }

    /// Whether an artifact that was fetched is of use.
    pub(in crate::sim) fn spoilt(&self, agent: usize, uri: &Uri) -> Result<(), String> {
        let Some(faults) = &self.faults else { return Ok(()) };
        let name = uri.file_name();
        if faults.full.contains(&agent) {
            return Err(format!("Failed to create file for {name}: No space left on device"));
        }
        if faults.corrupt.contains(name) {
            return Err(format!(
                "Failed to extract '{name}': tar: Unexpected EOF in archive: command tar exited with status 2"
            ));
        }
        Ok(())
    }

    /// A framework of its own takes the resources, as any other would; nothing happens for those that make no sense.
    pub(super) fn take_resources(&mut self, name: &str, resources: &str) {
        let Ok(resources) = resources.parse::<Resources>() else { return };
        let Some(index) = self.agent_called(name) else { return };
        let host = agent_host(index);
        let Some(faults) = &mut self.faults else { return };
        faults.strangers += 1;
        let occupant = Occupant::new(faults.strangers, host, resources);
        let who = occupant.name().to_owned();
        self.add_program(&who, LAB, Body::Scheduler(Box::new(occupant)), None);
    }

    pub(super) fn take_port(&mut self, name: &str, port: u16) {
        let Some(index) = self.agent_called(name) else { return };
        let address = format!("{}:{port}", agent_host(index));
        // One that is taken already is not given back at the end.
        if !self.is_taken(&address)
            && let Some(faults) = &mut self.faults
        {
            faults.taken.push(address.clone());
            self.ports.insert(address);
        }
    }

    /// A file that a program writes; lost if there is no room, and the program does not look.
    pub(in crate::sim) fn has_room(&self, place: Option<usize>) -> bool {
        place.is_none_or(|agent| !self.disk_is_full(agent))
    }
}
