//! The hierarchical allocator: who is offered what, and when it is worth looking again.
//!
//! Left out: quotas, weights, and the tree of nested roles (they are sorted as if side by side).

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::time::Duration;

use stacklab_machine::timeline::What;
use stacklab_machine::{Outbox, Time, earliest};

use super::MasterOutput;
use super::machine::Master;
use super::share::Quantities;
use super::state::{Agent, Filter, Framework, Outstanding};
use crate::ids::{AgentId, FrameworkId, OfferId};
use crate::resources::{Resources, Scalar, Word};
use crate::v1::{Capability, Offer, SchedulerEvent};

/// Nothing is offered on an agent with less than 0.01 cpus and less than 32 MB.
const MIN_CPUS: Scalar = Scalar::from_milli(10);
const MIN_MEM: Scalar = Scalar::from_milli(32_000);

/// Longest life of a filter: 365 days.
const MAX_REFUSAL: f64 = 365.0 * 86_400.0;

/// One run of the allocator. Frameworks are named by their place, in which they stand by id.
struct Round<'a> {
    frameworks: Vec<&'a mut Framework>,
    roles: Vec<Role>,
    candidates: Vec<Candidate>,
    /// What each framework is offered.
    offers: Vec<Vec<Offer>>,
}

/// A framework in one of its roles.
struct Candidate {
    framework: usize,
    role: usize,
    /// Its place among the framework's shares.
    share: usize,
    allocations: u64,
    dominant: f64,
    gpus: bool,
    names_role: bool,
}

struct Role {
    name: Word,
    held: Quantities,
    allocations: u64,
    dominant: f64,
}

impl<'a> Round<'a> {
    fn new(frameworks: &'a mut BTreeMap<FrameworkId, Framework>, total: &Quantities) -> Self {
        let frameworks: Vec<_> = frameworks.values_mut().collect();
        let mut roles: Vec<Role> = Vec::with_capacity(frameworks.len());
        let mut candidates = Vec::with_capacity(frameworks.len());
        for (at, framework) in frameworks.iter().enumerate() {
            for (place, share) in framework.shares.iter().enumerate() {
                let role = roles.iter().position(|role| role.name == share.role).unwrap_or_else(|| {
                    let held = Quantities::default();
                    roles.push(Role { name: share.role.clone(), held, allocations: 0, dominant: 0.0 });
                    roles.len() - 1
                });
                roles[role].held.merge(&share.held);
                roles[role].allocations += share.allocations;
                if !framework.is_active() || share.suppressed {
                    continue;
                }
                candidates.push(Candidate {
                    framework: at,
                    role,
                    share: place,
                    allocations: share.allocations,
                    dominant: share.held.dominant_share(total),
                    gpus: framework.can(Capability::GpuResources),
                    names_role: framework.can(Capability::MultiRole),
                });
            }
        }
        for role in &mut roles {
            role.dominant = role.held.dominant_share(total);
        }
        let offers = frameworks.iter().map(|_| Vec::new()).collect();
        Self { frameworks, roles, candidates, offers }
    }

    /// The offers, by framework id.
    fn offers(self) -> impl Iterator<Item = (FrameworkId, Vec<Offer>)> {
        let offers = self.frameworks.into_iter().zip(self.offers);
        offers
            .filter(|(_, offers)| !offers.is_empty())
            .map(|(framework, offers)| (framework.id.clone(), offers))
    }
}

impl Master {
    /// Offers what there is, on one agent or on all of them.
    pub(super) fn allocate(&mut self, now: Time, only: Option<&AgentId>, out: &mut Outbox<MasterOutput>) {
        self.counters.allocation_runs += 1;
        if only.is_none() {
            self.tick = None;
        }
        for framework in self.frameworks.values_mut() {
            framework.filters.retain(|filter| filter.expires > now);
        }
        let agents = self.agents_with_something(only);
        if agents.is_empty() {
            return;
        }
        let mut frameworks = std::mem::take(&mut self.frameworks);
        let mut round = Round::new(&mut frameworks, &self.total);
        for agent_id in &agents {
            self.allocate_agent(now, agent_id, &mut round);
        }
        let offers: Vec<_> = round.offers().collect();
        self.frameworks = frameworks;
        for (framework_id, offers) in offers {
            self.send_offers(&framework_id, offers, out);
        }
    }

    fn agents_with_something(&mut self, only: Option<&AgentId>) -> Vec<AgentId> {
        let mut agents: Vec<_> = self
            .agents
            .values()
            .filter(|agent| agent.link.is_some() && only.is_none_or(|only| agent.id == *only))
            .filter(|agent| is_enough(&agent.available))
            .map(|agent| agent.id.clone())
            .collect();
        self.order_rng.shuffle(&mut agents);
        agents
    }

    fn allocate_agent(&mut self, now: Time, agent_id: &AgentId, round: &mut Round<'_>) {
        let Some(agent) = self.agents.get_mut(agent_id) else { return };
        let Round { frameworks, roles, candidates, offers } = round;
        candidates.sort_by(|a, b| fairer(a, b, roles));
        for candidate in candidates.iter_mut() {
            if agent.has_gpus && !candidate.gpus {
                continue;
            }
            let role = &mut roles[candidate.role];
            let usable = agent.available.usable_by(&role.name);
            if !is_enough(&usable) {
                continue;
            }
            let framework = &mut *frameworks[candidate.framework];
            let blocking = framework.filters.iter().filter(|filter| filter.blocks(agent_id, role, &usable));
            if let Some(until) = blocking.map(|filter| filter.expires).max() {
                self.tick = earliest(self.tick, Some(batch_from(&self.config, until)));
                continue;
            }
            agent.available.subtract(&usable);
            let share = &mut framework.shares[candidate.share];
            share.held.add(&usable);
            share.allocations += 1;
            candidate.allocations = share.allocations;
            candidate.dominant = share.held.dominant_share(&self.total);
            role.held.add(&usable);
            role.allocations += 1;
            role.dominant = role.held.dominant_share(&self.total);
            let id = offer_id(&self.config.id, self.next_offer);
            self.next_offer += 1;
            let role_told = candidate.names_role.then(|| role.name.clone());
            let offer = make_offer(id, &framework.id, agent, usable, role_told);
            let outstanding = Outstanding {
                framework_id: offer.framework_id.clone(),
                agent_id: offer.agent_id.clone(),
                role: role.name.clone(),
                resources: offer.resources.clone(),
                sent: now,
            };
            self.offers.insert(offer.id.clone(), outstanding);
            offers[candidate.framework].push(offer);
        }
    }

    fn send_offers(&self, framework_id: &FrameworkId, offers: Vec<Offer>, out: &mut Outbox<MasterOutput>) {
        for offer in &offers {
            out.note_with(|| What::OfferSent {
                offer: offer.id.to_string(),
                framework: framework_id.to_string(),
                agent: offer.agent_id.to_string(),
                host: offer.hostname.to_string(),
                resources: offer.resources.to_string(),
            });
        }
        self.tell(framework_id, SchedulerEvent::Offers(offers), out);
    }

    /// Takes resources back from a framework; they wait for the next batch.
    pub(super) fn recover(
        &mut self,
        now: Time,
        framework_id: &FrameworkId,
        agent_id: &AgentId,
        role: &Word,
        resources: &Resources,
    ) {
        if resources.is_empty() {
            return;
        }
        if let Some(framework) = self.frameworks.get_mut(framework_id) {
            framework.share(role).held.subtract(resources);
        }
        if let Some(agent) = self.agents.get_mut(agent_id) {
            agent.available.add(resources);
            self.tick = earliest(self.tick, Some(batch_after(&self.config, now)));
        }
    }

    /// Remembers that a framework refused these resources. 0 s refuse nothing.
    pub(super) fn refuse(
        &mut self,
        now: Time,
        framework_id: &FrameworkId,
        filter: (&AgentId, &Word, &Resources),
        refuse_seconds: Option<f64>,
    ) {
        let seconds = match refuse_seconds.unwrap_or(5.0) {
            seconds if seconds.is_nan() || seconds < 0.0 => 5.0,
            seconds => seconds.min(MAX_REFUSAL),
        };
        let (agent_id, role, resources) = filter;
        if seconds == 0.0 || resources.is_empty() {
            return;
        }
        let life = self.config.filter_pace.wait(Duration::from_secs_f64(seconds));
        let life = life.max(self.config.allocation_interval);
        let filter = Filter {
            role: role.clone(),
            agent_id: agent_id.clone(),
            resources: resources.clone(),
            expires: now + life,
        };
        if let Some(framework) = self.frameworks.get_mut(framework_id) {
            framework.filters.retain(|other| !filter.covers(other));
            framework.filters.push(filter);
        }
    }
}

impl Filter {
    /// Whether the other one changes nothing beside this one.
    fn covers(&self, other: &Self) -> bool {
        self.agent_id == other.agent_id
            && self.role == other.role
            && self.expires >= other.expires
            && self.resources.contains(&other.resources)
    }

    fn blocks(&self, agent_id: &AgentId, role: &Role, candidate: &Resources) -> bool {
        self.role == role.name && self.agent_id == *agent_id && self.resources.contains(candidate)
    }
}

/// `<master id>-O<number>`, without the formatter: most of what a master does is to make offers.
fn offer_id(master: &str, number: u64) -> OfferId {
    OfferId::new([master, "-O", &number.to_string()].concat())
}

fn fairer(a: &Candidate, b: &Candidate, roles: &[Role]) -> Ordering {
    let (one, other) = (&roles[a.role], &roles[b.role]);
    let by_role = || {
        one.dominant
            .total_cmp(&other.dominant)
            .then(one.allocations.cmp(&other.allocations))
            .then_with(|| one.name.cmp(&other.name))
    };
    let by_framework = || {
        a.dominant
            .total_cmp(&b.dominant)
            .then(a.allocations.cmp(&b.allocations))
            .then_with(|| a.framework.cmp(&b.framework))
    };
    if a.role == b.role { by_framework() } else { by_role() }
}

fn is_enough(resources: &Resources) -> bool {
    resources.scalar("cpus") >= MIN_CPUS || resources.scalar("mem") >= MIN_MEM
}

fn make_offer(
    id: OfferId,
    framework_id: &FrameworkId,
    agent: &Agent,
    resources: Resources,
    allocation_role: Option<Word>,
) -> Offer {
    let executors = agent.executors.keys().filter(|(owner, _)| owner == framework_id);
    Offer {
        id,
        framework_id: framework_id.clone(),
        agent_id: agent.id.clone(),
        hostname: agent.hostname.clone(),
        address: agent.address.clone(),
        resources,
        attributes: agent.attributes.clone(),
        executor_ids: executors.map(|(_, executor)| executor.clone()).collect(),
        allocation_role,
    }
}

/// The first batch that is not before `at`. Batches run every interval from the master's start on.
fn batch_from(config: &super::MasterConfig, at: Time) -> Time {
    let interval = (config.allocation_interval.as_micros() as u64).max(1);
    let passed = at.as_micros().saturating_sub(config.started.as_micros());
    config.started + Duration::from_micros(passed.div_ceil(interval).saturating_mul(interval))
}

/// The first batch after `now`.
fn batch_after(config: &super::MasterConfig, now: Time) -> Time {
    batch_from(config, now + Duration::from_micros(1))
}
