//! What a plan of faults has to know of a master: who is there, and how it is reached.

use super::machine::Master;
use super::state::Channel;
use crate::ids::{ConnectionId, FrameworkId};
use crate::v0::Pid;
use crate::v1::FrameworkInfo;

/// How a framework is reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reached {
    /// It reads the event stream of this number.
    Stream(ConnectionId),
    /// Its driver is posted to.
    Driver(Pid),
}

impl Master {
    /// The framework of this name or id: one that is connected before others, and the newest of these.
    pub fn framework_called(&self, text: &str) -> Option<FrameworkId> {
        let found = self.frameworks.values().filter(|one| one.info.name == text || one.id.as_str() == text);
        found.max_by_key(|one| (one.channel.is_some(), one.registered)).map(|one| one.id.clone())
    }

    /// What a framework said of itself when it subscribed last, its id included.
    pub fn framework_info(&self, id: &FrameworkId) -> Option<&FrameworkInfo> {
        self.frameworks.get(id).map(|framework| framework.info.as_ref())
    }

    /// The names of all frameworks, each once.
    pub fn framework_names(&self) -> Vec<String> {
        let mut names: Vec<String> =
            self.frameworks.values().map(|framework| framework.info.name.clone()).collect();
        names.sort();
        names.dedup();
        names
    }

    /// How a framework is reached, if it is connected.
    pub fn reached(&self, id: &FrameworkId) -> Option<Reached> {
        Some(match self.frameworks.get(id)?.channel.as_ref()? {
            Channel::Stream(stream) => Reached::Stream(stream.connection),
            Channel::Driver(pid) => Reached::Driver(pid.clone()),
        })
    }

    /// A bug: what the tasks of a framework have is taken for free.
    #[cfg(feature = "planted-bugs")]
    pub(super) fn offer_twice(&mut self, now: stacklab_machine::Time, id: &FrameworkId) {
        use stacklab_machine::planted::{Bug, is_planted};
        let tasks = self.frameworks.get(id).filter(|_| is_planted(Bug::OffersTwice));
        let held: Vec<_> = tasks
            .iter()
            .flat_map(|framework| framework.tasks.values())
            .filter(|task| !task.state.is_terminal())
            .map(|task| (task.agent_id.clone(), task.role.clone(), task.info.resources.clone()))
            .collect();
        for (agent_id, role, resources) in held {
            self.recover(now, id, &agent_id, &role, &resources);
        }
    }

    /// How many offers of a framework are open.
    pub fn open_offers(&self, id: &FrameworkId) -> usize {
        self.offers.values().filter(|offer| offer.framework_id == *id).count()
    }
}
