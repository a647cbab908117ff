//! The end of all faults: what a good operator would bring about, and nothing that the machines should do themselves.

use std::collections::BTreeSet;
use std::time::Duration;

use super::ledger::Broken;
use crate::sim::world::World;

impl World {
    /// No fault happens any more, and what the faults did to the surroundings is undone.
    pub(super) fn heal(&mut self) {
        self.end_faults();
        for node in &mut self.zookeepers {
            (node.down, node.slow) = (false, Duration::ZERO);
        }
    }

    /// The first invariant that was found not to hold.
    pub(super) fn broken(&mut self) -> Option<Broken> {
        let ledger = self.ledger.as_mut()?;
        ledger.read(self.timeline.events());
        ledger.broken()
    }

    /// What is wrong with statuses after all this time.
    pub(super) fn overdue(&self) -> Option<Broken> {
        let connected = |id: &stacklab_mesos::FrameworkId| self.master.reached(id).is_some();
        self.ledger.as_ref()?.overdue(self.now, connected)
    }

    pub(super) fn settled_statuses(&self) -> bool {
        self.ledger.as_ref().is_none_or(|ledger| ledger.is_settled())
    }

    /// Programs whose service serves.
    pub(super) fn serving(&self) -> BTreeSet<String> {
        let up = |service: &crate::sim::services::Service| service.up;
        let all = self.programs.all();
        all.filter(|(_, node)| node.service.as_ref().is_some_and(up))
            .map(|(_, node)| node.who.to_string())
            .collect()
    }

    /// File names of what was fetched.
    pub(super) fn fetched(&self) -> Vec<String> {
        self.ledger.iter().flat_map(|ledger| ledger.artifacts.iter().cloned()).collect()
    }
}
