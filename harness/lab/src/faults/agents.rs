//! Agents: gone and back, silent, paused, with a wrong clock or a full disk.

use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use stacklab_faults::Reaction;
use stacklab_live::Host;
use stacklab_live::mesos::{AgentHost, AgentPlace, MasterHandle};
use stacklab_live::mishap::LinkFault;
use stacklab_machine::timeline::{EventId, What};
use stacklab_mesos::{AgentConfig, AgentId};

use super::{CannotBreak, Controls, lock, seconds};

/// What a process ends with whose machine goes.
const KILLED: i32 = 137;
/// How a plan names an agent by what runs there.
const BY_TASK: &str = "agent of ";

/// Where an agent is, or was, and what it takes to start it again.
pub(crate) struct AgentSeat {
    pub(crate) address: IpAddr,
    pub(crate) settings: AgentConfig,
    pub(crate) place: AgentPlace,
    pub(crate) master: MasterHandle,
    /// Nothing while it is gone.
    pub(crate) host: Mutex<Option<AgentHost>>,
    starts: AtomicU64,
}

impl AgentSeat {
    /// Starts an agent.
    pub(crate) fn start(
        address: IpAddr,
        settings: AgentConfig,
        place: AgentPlace,
        master: &MasterHandle,
    ) -> Self {
        let host = AgentHost::start(settings.clone(), place.clone(), master);
        let host = Mutex::new(Some(host));
        Self { address, settings, place, master: master.clone(), host, starts: AtomicU64::new(1) }
    }

    pub(crate) fn name(&self) -> &str {
        &self.place.name
    }

    /// Its machine.
    pub(crate) fn machine(&self) -> &Host {
        &self.place.surroundings.host
    }

    /// Starts it again, with the id that it remembers.
    fn start_again(&self, recovered: Option<AgentId>) {
        let nth = self.starts.fetch_add(1, Ordering::Relaxed);
        let mut settings = self.settings.clone();
        // Ids must not come twice.
        settings.rng = self.place.streams.stream(&format!("ids/{}/{nth}", self.name()));
        settings.recovered = recovered;
        *lock(&self.host) = Some(AgentHost::start(settings, self.place.clone(), &self.master));
    }
}

impl Controls {
    /// The agent that is meant: by its name, or by a task on it.
    pub(super) async fn agent(&self, wanted: &str) -> Result<usize, CannotBreak> {
        let found = match wanted.strip_prefix(BY_TASK) {
            Some(task) => self.agent_of(task).await,
            None => self.agents.iter().position(|seat| seat.name() == wanted),
        };
        found.ok_or_else(|| CannotBreak::Nothing {
            what: "agent",
            wanted: wanted.to_owned(),
            there: self.agents.iter().map(|seat| seat.name().to_owned()).collect(),
        })
    }

    pub(super) async fn break_agent(
        self: &Arc<Self>,
        reaction: &Reaction,
        cause: Option<EventId>,
    ) -> Result<(), CannotBreak> {
        let (Reaction::LoseAgent { agent, .. }
        | Reaction::PartitionAgent { agent, .. }
        | Reaction::PauseAgent { agent, .. }
        | Reaction::SkewClock { agent, .. }
        | Reaction::FillDisk { agent }) = reaction
        else {
            return Ok(());
        };
        let index = self.agent(agent).await?;
        let Some(seat) = self.agents.get(index) else { return Ok(()) };
        match reaction {
            Reaction::LoseAgent { back, without_sandboxes, .. } => {
                self.lose_agent(index, *back, *without_sandboxes, cause).await;
            }
            Reaction::PartitionAgent { lasts, .. } => {
                let (own, lasts) = (format!("={}", seat.name()), seconds(self.silence, *lasts));
                for (from, to) in [(own.as_str(), "=mesos-master"), ("=mesos-master", own.as_str())] {
                    self.mishaps.break_link(from, to, LinkFault::Cut, lasts);
                }
            }
            Reaction::PauseAgent { lasts, .. } => {
                seat.machine().pause(true);
                self.after(seconds(self.silence, *lasts), move |lab| async move {
                    if let Some(seat) = lab.agents.get(index) {
                        seat.machine().pause(false);
                    }
                });
            }
            Reaction::SkewClock { by, .. } => seat.machine().skew(*by),
            Reaction::FillDisk { .. } => seat.machine().fill_disk(true),
            _ => {}
        }
        Ok(())
    }

    async fn lose_agent(
        self: &Arc<Self>,
        index: usize,
        back: Option<f64>,
        without_sandboxes: bool,
        cause: Option<EventId>,
    ) {
        let Some(seat) = self.agents.get(index) else { return };
        let keeps = back.is_some() && !without_sandboxes;
        let handle = lock(&seat.host).as_ref().map(|host| host.handle().clone());
        let view = match handle.filter(|_| keeps) {
            Some(handle) => handle.look().await,
            None => None,
        };
        if keeps {
            seat.machine().hold_sandboxes();
        }
        let gone = lock(&seat.host).take();
        if gone.is_none() {
            return;
        }
        let services = self.desk.watched.services();
        drop(gone);
        // Nobody is left there to say so.
        for view in services.into_iter().filter(|view| view.service.owner.host == seat.name()) {
            let (task, service) = (view.service.owner.task, view.service.kind);
            let what = What::ServiceExited { task, service, code: KILLED, message: String::new() };
            self.recorder.record(seat.name(), cause, what);
        }
        let Some(back) = back else { return };
        let id = view.and_then(|view| view.id);
        self.after(seconds(self.pace, back), move |lab| async move {
            if let Some(seat) = lab.agents.get(index) {
                seat.start_again(id);
            }
        });
    }
}
