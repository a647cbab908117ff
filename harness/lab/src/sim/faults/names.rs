//! Who is meant by the names of a plan.

use stacklab_mesos::FrameworkId;

use crate::sim::item::Seat;
use crate::sim::world::{World, agent_host};

impl World {
    /// An agent by its name, its host, or what runs there (`agent of broker-70`).
    pub(super) fn agent_called(&self, name: &str) -> Option<usize> {
        if let Some(task) = name.strip_prefix("agent of ") {
            return self.agent_with_task(task);
        }
        self.agents
            .iter()
            .enumerate()
            .position(|(index, agent)| *agent.who == *name || agent_host(index) == name)
    }

    pub(super) fn agent_with_task(&self, task: &str) -> Option<usize> {
        let runs = |agent: &crate::sim::world::AgentNode| {
            let live = agent.machine.live_tasks();
            live.iter().any(|one| one.name.contains(task) || one.task_id.as_str().contains(task))
        };
        self.agents.iter().position(|agent| !agent.away && runs(agent))
    }

    /// A framework by its whole name, or else by a part of it.
    pub(super) fn framework_called(&self, text: &str) -> Option<FrameworkId> {
        self.master.framework_called(text).or_else(|| {
            let name = self.master.framework_names().into_iter().find(|name| name.contains(text))?;
            self.master.framework_called(&name)
        })
    }

    /// Whether a machine is meant by the end of a link or by the address of a request.
    pub(super) fn is_called(&self, seat: Seat, name: &str) -> bool {
        if name == "any" {
            return true;
        }
        match seat {
            Seat::Master => name == "master" || name == "lab",
            Seat::ZooKeeper(_) => name == "zookeeper" || name == "platform" || name == "lab",
            Seat::Agent(index) => self.agents.get(index).is_some_and(|agent| *agent.who == *name),
            Seat::Program(id) => self.programs.get(id).is_some_and(|node| match &node.place {
                Some((agent, _)) if self.is_called(Seat::Agent(*agent), name) => true,
                None if name == "lab" => true,
                _ => node.who.contains(name) || node.task.contains(name),
            }),
        }
    }
}
