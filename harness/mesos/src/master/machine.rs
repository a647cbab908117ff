//! The master as a machine: what goes where, and when it wants to be woken.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use stacklab_machine::{Machine, Outbox, Rng, Time, earliest};

use super::share::Quantities;
use super::state::{Agent, Channel, Counters, Framework, Outstanding};
use super::{MasterConfig, MasterInput, MasterOutput};
use crate::ids::{AgentId, ConnectionId, FrameworkId, LinkId, OfferId};
use crate::v0::Pid;
use crate::v1::{AgentInfo, MasterInfo, SchedulerEvent};

/// A Mesos master that is elected and has recovered, with its allocator.
#[derive(Debug)]
pub struct Master {
    pub(crate) config: MasterConfig,
    pub(crate) info: Arc<MasterInfo>,
    pub(super) id_rng: Rng,
    pub(super) order_rng: Rng,
    pub(super) next_framework: u64,
    pub(super) next_agent: u64,
    pub(super) next_offer: u64,
    pub(crate) frameworks: BTreeMap<FrameworkId, Framework>,
    /// Removed frameworks, oldest first.
    pub(crate) completed: VecDeque<Framework>,
    pub(super) streams: BTreeMap<ConnectionId, FrameworkId>,
    pub(super) drivers: BTreeMap<Pid, FrameworkId>,
    pub(crate) agents: BTreeMap<AgentId, Agent>,
    pub(super) links: BTreeMap<LinkId, AgentId>,
    /// Agents that are unreachable, with the moment since when.
    pub(crate) unreachable: BTreeMap<AgentId, (Arc<AgentInfo>, Time)>,
    pub(crate) offers: BTreeMap<OfferId, Outstanding>,
    /// All that registered agents have.
    pub(super) total: Quantities,
    /// The next batch allocation that can change something.
    pub(super) tick: Option<Time>,
    pub(crate) counters: Counters,
}

impl Master {
    /// Makes a master without frameworks and agents.
    pub fn new(config: MasterConfig) -> Self {
        let info = MasterInfo {
            id: config.id.clone(),
            address: config.address.clone(),
            pid: format!("master@{}", config.address.socket()),
            version: config.version.clone(),
        };
        let mut id_rng = config.rng.clone();
        Self {
            order_rng: Rng::new(id_rng.next_u64()),
            id_rng,
            config,
            info: Arc::new(info),
            next_framework: 0,
            next_agent: 0,
            next_offer: 0,
            frameworks: BTreeMap::new(),
            completed: VecDeque::new(),
            streams: BTreeMap::new(),
            drivers: BTreeMap::new(),
            agents: BTreeMap::new(),
            links: BTreeMap::new(),
            unreachable: BTreeMap::new(),
            offers: BTreeMap::new(),
            total: Quantities::default(),
            tick: None,
            counters: Counters::default(),
        }
    }

    /// The master as SUBSCRIBED events and the node `json.info_…` in ZooKeeper describe it.
    pub fn info(&self) -> &Arc<MasterInfo> {
        &self.info
    }

    /// Sends an event if the framework is connected.
    pub(super) fn tell(&self, id: &FrameworkId, event: SchedulerEvent, out: &mut Outbox<MasterOutput>) {
        match self.frameworks.get(id).and_then(|framework| framework.channel.as_ref()) {
            Some(Channel::Stream(stream)) => {
                out.push(MasterOutput::Event { connection: stream.connection, event });
            }
            Some(Channel::Driver(pid)) => self.post(id, pid, event, out),
            None => {}
        }
    }

    fn beat(&mut self, now: Time, out: &mut Outbox<MasterOutput>) {
        let interval = self.config.heartbeat_interval;
        for framework in self.frameworks.values_mut() {
            let Some(Channel::Stream(stream)) = &mut framework.channel else { continue };
            if stream.next_heartbeat > now {
                continue;
            }
            stream.next_heartbeat = now + interval;
            out.push(MasterOutput::Event { connection: stream.connection, event: SchedulerEvent::Heartbeat });
        }
    }
}

impl Machine for Master {
    type Input = MasterInput;
    type Output = MasterOutput;

    fn handle(&mut self, now: Time, input: MasterInput, out: &mut Outbox<MasterOutput>) {
        match input {
            MasterInput::Call { connection, framework_id, stream_id, call } => {
                self.call(now, connection, framework_id.as_ref(), stream_id.as_ref(), call, out);
            }
            MasterInput::Disconnected { connection } => self.stream_closed(now, connection, out),
            MasterInput::Driver { pid, call } => self.driver_says(now, &pid, call, out),
            MasterInput::DriverGone { pid } => self.driver_gone(now, &pid, out),
            MasterInput::Agent { link, message } => self.agent_says(now, link, message, out),
            MasterInput::AgentDisconnected { link } => self.agent_disconnected(now, link, out),
            MasterInput::Http { exchange, request } => {
                let response = self.answer(now, &request, out);
                out.push(MasterOutput::Respond { exchange, response });
            }
            MasterInput::Rescind { framework_id } => {
                self.take_back_offers_of(now, &framework_id, "taken back by the master", out);
            }
        }
    }

    fn wake_at(&self) -> Option<Time> {
        let mut next = self.tick;
        for framework in self.frameworks.values() {
            let beat = framework.stream().map(|stream| stream.next_heartbeat);
            next = earliest(next, earliest(beat, framework.removed_at));
        }
        for agent in self.agents.values() {
            next = earliest(next, earliest(Some(agent.next_ping), agent.lost_at));
        }
        if let Some(timeout) = self.config.offer_timeout {
            let oldest = self.offers.values().map(|offer| offer.sent).min();
            next = earliest(next, oldest.map(|sent| sent + timeout));
        }
        next
    }

    fn wake(&mut self, now: Time, out: &mut Outbox<MasterOutput>) {
        self.beat(now, out);
        self.remove_overdue_frameworks(now, out);
        self.ping_agents(now, out);
        self.rescind_old_offers(now, out);
        if self.tick.is_some_and(|tick| tick <= now) {
            self.allocate(now, None, out);
        }
    }
}
