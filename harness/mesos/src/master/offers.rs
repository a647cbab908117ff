//! Offers after they went out: taken, declined, taken back.

use std::collections::BTreeSet;
use std::sync::Arc;

use stacklab_machine::timeline::What;
use stacklab_machine::{Outbox, Time};

use super::MasterOutput;
use super::machine::Master;
use super::state::{Executor, Outstanding, Task};
use super::validation::{Wanted, check_task};
use crate::ids::{AgentId, FrameworkId, OfferId};
use crate::messages::MasterToAgent;
use crate::resources::{Resources, Word};
use crate::v1::{Capability, Reason, SchedulerEvent, TaskInfo, TaskState};

impl Master {
    pub(super) fn accept(
        &mut self,
        now: Time,
        id: &FrameworkId,
        offer_ids: &[OfferId],
        tasks: Vec<TaskInfo>,
        refuse_seconds: Option<f64>,
        out: &mut Outbox<MasterOutput>,
    ) {
        if let Some(fault) = self.offers_fault(id, offer_ids) {
            self.refuse_launch(now, id, offer_ids, &tasks, &fault, out);
            return;
        }
        let mut left = Resources::new();
        let mut place: Option<(AgentId, Word)> = None;
        for offer_id in offer_ids {
            if let Some(offer) = self.offers.remove(offer_id) {
                left.add(&offer.resources);
                place = Some((offer.agent_id, offer.role));
            }
        }
        let Some((agent_id, role)) = place else { return };
        for task in tasks {
            self.launch(now, id, (&agent_id, &role), Arc::new(task), &mut left, out);
        }
        self.recover(now, id, &agent_id, &role, &left);
        self.refuse(now, id, (&agent_id, &role, &left), refuse_seconds);
    }

    /// Why the offers cannot be used together, in Mesos' words.
    fn offers_fault(&self, id: &FrameworkId, offer_ids: &[OfferId]) -> Option<String> {
        if offer_ids.is_empty() {
            return Some("No offers specified".into());
        }
        let mut seen = BTreeSet::new();
        if let Some(twice) = offer_ids.iter().find(|offer_id| !seen.insert(*offer_id)) {
            return Some(format!("Duplicate offer {twice} in offer list"));
        }
        let mut first: Option<&Outstanding> = None;
        let mut fault = None;
        for offer_id in offer_ids {
            let Some(offer) = self.offers.get(offer_id) else {
                return Some(format!("Offer {offer_id} is no longer valid"));
            };
            let first = first.get_or_insert(offer);
            let found = foreign(id, offer_id, offer)
                .or_else(|| other_role(first, offer_id, offer))
                .or_else(|| other_agent(first, offer_id, offer));
            fault = fault.or(found);
        }
        fault
    }

    fn refuse_launch(
        &mut self,
        now: Time,
        id: &FrameworkId,
        offer_ids: &[OfferId],
        tasks: &[TaskInfo],
        fault: &str,
        out: &mut Outbox<MasterOutput>,
    ) {
        for offer_id in offer_ids {
            self.take_back(now, offer_id);
        }
        let dropped = self.state_for(id, TaskState::Dropped);
        for task in tasks {
            let message = format!("Task launched with invalid offers: {fault}");
            let place = Some(&task.agent_id);
            self.master_status(now, id, &task.task_id, place, (dropped, Reason::InvalidOffers), message, out);
        }
    }

    /// TASK_LOST for frameworks that do not tell the finer states apart.
    pub(super) fn state_for(&self, id: &FrameworkId, state: TaskState) -> TaskState {
        let aware = self.frameworks.get(id).is_some_and(|one| one.can(Capability::PartitionAware));
        if aware { state } else { TaskState::Lost }
    }

    fn launch(
        &mut self,
        now: Time,
        id: &FrameworkId,
        (agent_id, role): (&AgentId, &Word),
        task: Arc<TaskInfo>,
        left: &mut Resources,
        out: &mut Outbox<MasterOutput>,
    ) {
        let (Some(framework), Some(agent)) = (self.frameworks.get(id), self.agents.get(agent_id)) else {
            return;
        };
        let wanted = match check_task(&task, framework, agent, role, left) {
            Ok(wanted) => wanted,
            Err(message) => {
                let fault = (TaskState::Error, Reason::TaskInvalid);
                self.master_status(now, id, &task.task_id, Some(&task.agent_id), fault, message, out);
                return;
            }
        };
        left.subtract(&wanted.task);
        left.subtract(&wanted.executor);
        let Wanted { task: resources, .. } = wanted;
        let task = complete(task, id, resources);
        self.place(id, role, &task, out);
    }

    /// Enters a launched task and sends it to its agent.
    fn place(&mut self, id: &FrameworkId, role: &Word, task: &Arc<TaskInfo>, out: &mut Outbox<MasterOutput>) {
        let (Some(framework), Some(agent)) =
            (self.frameworks.get_mut(id), self.agents.get_mut(&task.agent_id))
        else {
            return;
        };
        let entry = Task::new(Arc::clone(task), role.clone(), TaskState::Staging);
        framework.tasks.insert(task.task_id.clone(), entry);
        agent.tasks.insert((id.clone(), task.task_id.clone()));
        if let Some(executor) = &task.executor {
            agent
                .executors
                .entry((id.clone(), executor.executor_id.clone()))
                .or_insert_with(|| Executor { info: Arc::new(executor.clone()), role: role.clone() });
        }
        out.note_with(|| What::TaskLaunched {
            task: task.task_id.to_string(),
            name: task.name.clone(),
            framework: id.to_string(),
            agent: agent.id.to_string(),
            host: agent.hostname.to_string(),
            resources: task.resources.to_string(),
        });
        if let Some(link) = agent.link {
            let framework = Arc::clone(&framework.info);
            let message =
                MasterToAgent::RunTask { framework_id: id.clone(), framework, task: Arc::clone(task) };
            out.push(MasterOutput::ToAgent { link, message });
        }
    }

    pub(super) fn decline(
        &mut self,
        now: Time,
        id: &FrameworkId,
        offer_ids: &[OfferId],
        refuse_seconds: Option<f64>,
    ) {
        for offer_id in offer_ids {
            if self.offers.get(offer_id).is_none_or(|offer| offer.framework_id != *id) {
                continue;
            }
            if let Some(offer) = self.offers.remove(offer_id) {
                self.recover(now, id, &offer.agent_id, &offer.role, &offer.resources);
                self.refuse(now, id, (&offer.agent_id, &offer.role, &offer.resources), refuse_seconds);
            }
        }
    }

    /// Takes an offer back without a word.
    fn take_back(&mut self, now: Time, offer_id: &OfferId) -> Option<Outstanding> {
        let offer = self.offers.remove(offer_id)?;
        self.recover(now, &offer.framework_id, &offer.agent_id, &offer.role, &offer.resources);
        Some(offer)
    }

    /// Takes an offer back and says so.
    fn rescind(&mut self, now: Time, offer_id: &OfferId, cause: &str, out: &mut Outbox<MasterOutput>) {
        let Some(offer) = self.take_back(now, offer_id) else { return };
        out.note_with(|| What::OfferRescinded {
            offer: offer_id.to_string(),
            framework: offer.framework_id.to_string(),
            cause: cause.to_owned(),
        });
        self.tell(&offer.framework_id, SchedulerEvent::Rescind(offer_id.clone()), out);
    }

    /// Takes back all offers of a framework that is not there to be told, or is about to be a new one.
    pub(super) fn take_back_offers_of(
        &mut self,
        now: Time,
        id: &FrameworkId,
        cause: &str,
        out: &mut Outbox<MasterOutput>,
    ) {
        for offer_id in self.offers_where(|offer| offer.framework_id == *id) {
            self.rescind(now, &offer_id, cause, out);
        }
    }

    /// Rescinds all offers of an agent.
    pub(super) fn rescind_offers_on(
        &mut self,
        now: Time,
        agent_id: &AgentId,
        cause: &str,
        out: &mut Outbox<MasterOutput>,
    ) {
        for offer_id in self.offers_where(|offer| offer.agent_id == *agent_id) {
            self.rescind(now, &offer_id, cause, out);
        }
    }

    pub(super) fn rescind_old_offers(&mut self, now: Time, out: &mut Outbox<MasterOutput>) {
        let Some(timeout) = self.config.offer_timeout else { return };
        for offer_id in self.offers_where(|offer| offer.sent + timeout <= now) {
            self.rescind(now, &offer_id, "offer timeout", out);
        }
    }

    fn offers_where(&self, wanted: impl Fn(&Outstanding) -> bool) -> Vec<OfferId> {
        self.offers.iter().filter(|(_, offer)| wanted(offer)).map(|(id, _)| id.clone()).collect()
    }
}

fn foreign(id: &FrameworkId, offer_id: &OfferId, offer: &Outstanding) -> Option<String> {
    let owner = &offer.framework_id;
    (owner != id)
        .then(|| format!("Offer {offer_id} has invalid framework {owner} while framework {id} is expected"))
}

fn other_role(first: &Outstanding, offer_id: &OfferId, offer: &Outstanding) -> Option<String> {
    let (one, other) = (&first.role, &offer.role);
    (one != other).then(|| {
        format!(
            "Aggregated offers must be allocated to the same role. Offer {offer_id} uses role {other} but another \
             is using role {one}"
        )
    })
}

fn other_agent(first: &Outstanding, offer_id: &OfferId, offer: &Outstanding) -> Option<String> {
    let (one, other) = (&first.agent_id, &offer.agent_id);
    (one != other).then(|| {
        format!(
            "Aggregated offers must belong to one single agent. Offer {offer_id} uses agent {other} and agent {one}"
        )
    })
}

/// The task as it goes to the agent: its executor knows its framework, its resources are merged.
fn complete(task: Arc<TaskInfo>, id: &FrameworkId, resources: Resources) -> Arc<TaskInfo> {
    let mut task = Arc::unwrap_or_clone(task);
    task.resources = resources;
    if let Some(executor) = &mut task.executor {
        executor.framework_id = Some(id.clone());
        executor.resources = executor.resources.iter().cloned().collect();
    }
    Arc::new(task)
}
