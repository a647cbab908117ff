//! What must hold after every event of every run, whatever goes wrong: kept as a book of its own, from what the master
//! and its agents say, not from what they believe. Each event costs a look or two.
//!
//! | invariant | holds if |
//! |---|---|
//! | `resource-given-twice` | no agent's offers and tasks are together more than it has |
//! | `port-held-twice` | a port of an agent belongs to one task at a time |
//! | `dead-offer-used` | no task is launched on an offer that was declined, used or taken back |
//! | `task-id-used-twice` | a task id is launched once |
//! | `instance-launched-twice` | a framework that compares task ids launches an instance again only after it was told of its end |
//! | `framework-id-reused` | a framework id belongs to one name |
//! | `broker-id-twice` | one broker has a number in a ZooKeeper |
//! | `status-lost` | a status update is acknowledged or sent again |
//! | `status-not-acknowledged` | a connected framework acknowledges it in the end |
//!
//! That no acknowledged span is lost while its replicas live cannot be seen here: a simulation stores no spans. The
//! tests of the brokers' and tables' models look after that.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use stacklab_machine::Time;
use stacklab_machine::timeline::{Event, What};
use stacklab_mesos::v1::TaskState;
use stacklab_mesos::{
    AgentToMaster, FrameworkId, MasterInput, MasterToAgent, OfferId, Resources, SchedulerCall, StatusUuid,
    TaskId, TaskStatus,
};

use crate::sim::control::agent_of;

/// The longest wait of an agent between two sendings of a status, and room for the way.
pub(super) const RESEND: Duration = Duration::from_secs(660);

/// An invariant that does not hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::sim) struct Broken {
    pub(super) invariant: &'static str,
    pub(super) text: String,
}

#[derive(Debug)]
struct Offered {
    agent: String,
    resources: Resources,
}

#[derive(Debug)]
struct Launched {
    agent: String,
    framework: String,
    resources: Resources,
    /// Its resources are its own.
    held: bool,
    /// Its framework was told that it is over.
    told: bool,
}

/// A status on its way.
#[derive(Debug)]
struct Sent {
    task: TaskId,
    framework: FrameworkId,
    first: Time,
    last: Time,
}

/// The book.
#[derive(Debug, Default)]
pub(in crate::sim) struct Ledger {
    /// What each agent has left.
    free: BTreeMap<String, Resources>,
    offers: BTreeMap<String, Offered>,
    tasks: BTreeMap<String, Launched>,
    ports: BTreeMap<(String, u64), String>,
    /// The newest task of each instance of frameworks that compare ids.
    newest: BTreeMap<(String, String), String>,
    /// Tasks that must not be launched, with the offer that was no longer there.
    doomed: BTreeMap<String, String>,
    frameworks: BTreeMap<String, String>,
    brokers: BTreeMap<(String, String), String>,
    statuses: BTreeMap<(usize, StatusUuid), Sent>,
    seen: usize,
    broken: Option<Broken>,
    /// Artifacts that were asked for.
    pub(in crate::sim) artifacts: BTreeSet<String>,
}

impl Ledger {
    /// The first invariant that was found not to hold.
    pub(super) fn broken(&mut self) -> Option<Broken> {
        self.broken.take()
    }

    fn breaks(&mut self, invariant: &'static str, text: String) {
        self.broken.get_or_insert(Broken { invariant, text });
    }

    /// Reads what is new in the timeline.
    pub(in crate::sim) fn read(&mut self, events: &[Event]) {
        for event in events.get(self.seen..).unwrap_or_default() {
            self.event(event);
        }
        self.seen = events.len();
    }

    fn event(&mut self, event: &Event) {
        match &event.what {
            What::AgentRegistered { agent, resources, .. } => {
                self.free.entry(agent.clone()).or_insert_with(|| parse(resources));
            }
            What::AgentLost { agent, .. } => drop(self.free.remove(agent)),
            What::OfferSent { offer, agent, resources, .. } => self.offered(offer, agent, parse(resources)),
            What::OfferRescinded { offer, .. } => drop(self.take_back(offer)),
            What::TaskLaunched { task, name, framework, agent, resources, .. } => {
                self.launched((task, name), framework, agent, parse(resources));
            }
            What::TaskStatus { task, state, reason, .. } => {
                if reason.as_deref() == Some("REASON_AGENT_REREGISTERED") {
                    self.hold(task);
                } else if ends(state) {
                    self.release(task);
                }
            }
            What::FrameworkSubscribed { framework, name, .. } => self.subscribed(framework, name),
            What::FrameworkRemoved { framework, .. } => self.release_all(framework),
            What::ZnodeWritten { server, path, version: 0 } if path.contains("/brokers/ids/") => {
                self.registered((server, path), &event.who);
            }
            What::ZnodeDeleted { server, path } if path.contains("/brokers/ids/") => {
                self.brokers.remove(&(server.clone(), path.clone()));
            }
            _ => {}
        }
    }

    fn offered(&mut self, offer: &str, agent: &str, resources: Resources) {
        let Some(free) = self.free.get_mut(agent) else { return };
        if !free.contains(&resources) {
            let text = format!("offer {offer} has {resources} of agent {agent}, which has {free} left");
            return self.breaks("resource-given-twice", text);
        }
        free.subtract(&resources);
        self.offers.insert(offer.to_owned(), Offered { agent: agent.to_owned(), resources });
    }

    /// An offer is over; whether it was there.
    fn take_back(&mut self, offer: &str) -> bool {
        let Some(offered) = self.offers.remove(offer) else { return false };
        if let Some(free) = self.free.get_mut(&offered.agent) {
            free.add(&offered.resources);
        }
        true
    }

    fn launched(&mut self, (task, name): (&str, &str), framework: &str, agent: &str, resources: Resources) {
        if let Some(offer) = self.doomed.get(task) {
            let text = format!("{task} was launched on {offer}, which was no longer there");
            return self.breaks("dead-offer-used", text);
        }
        let (agent, framework) = (agent.to_owned(), framework.to_owned());
        let compares = self.frameworks.get(&framework).is_some_and(|name| compares_ids(name));
        if compares {
            let key = (framework.clone(), name.to_owned());
            let before = self.newest.insert(key, task.to_owned());
            let alive = |task: &String| self.tasks.get(task).is_some_and(|task| !task.told);
            if let Some(before) = before.filter(alive) {
                let text = format!("{name} was launched as {task} while {before} had not ended");
                return self.breaks("instance-launched-twice", text);
            }
        }
        let entry = Launched { agent, framework, resources, held: false, told: false };
        if self.tasks.insert(task.to_owned(), entry).is_some() {
            return self.breaks("task-id-used-twice", format!("task id {task} was launched twice"));
        }
        self.hold(task);
    }

    /// A task's resources are its own.
    fn hold(&mut self, task: &str) {
        let Some(entry) = self.tasks.get_mut(task).filter(|entry| !entry.held) else { return };
        let Some(free) = self.free.get_mut(&entry.agent) else { return };
        if !free.contains(&entry.resources) {
            let (agent, resources) = (&entry.agent, &entry.resources);
            let text = format!("{task} has {resources} of agent {agent}, which has {free} left");
            return self.breaks("resource-given-twice", text);
        }
        free.subtract(&entry.resources);
        entry.held = true;
        let agent = entry.agent.clone();
        let ports: Vec<u64> = entry.resources.ports().values().collect();
        for port in ports {
            if let Some(other) = self.ports.insert((agent.clone(), port), task.to_owned()) {
                let text = format!("port {port} of agent {agent} was given to {task} while {other} had it");
                self.breaks("port-held-twice", text);
            }
        }
    }

    fn release(&mut self, task: &str) {
        let Some(entry) = self.tasks.get_mut(task).filter(|entry| entry.held) else { return };
        entry.held = false;
        if let Some(free) = self.free.get_mut(&entry.agent) {
            free.add(&entry.resources);
        }
        let ports: Vec<u64> = entry.resources.ports().values().collect();
        for port in ports {
            self.ports.remove(&(entry.agent.clone(), port));
        }
    }

    fn release_all(&mut self, framework: &str) {
        let mine = self.tasks.iter().filter(|(_, entry)| entry.held && entry.framework == framework);
        let mine: Vec<String> = mine.map(|(task, _)| task.clone()).collect();
        for task in mine {
            self.release(&task);
        }
    }

    fn subscribed(&mut self, framework: &str, name: &str) {
        let known = self.frameworks.entry(framework.to_owned()).or_insert_with(|| name.to_owned());
        if known != name {
            let text = format!("framework id {framework} of {known} is used by {name}");
            self.breaks("framework-id-reused", text);
        }
    }

    fn registered(&mut self, (server, path): (&str, &str), who: &str) {
        let key = (server.to_owned(), path.to_owned());
        if let Some(other) = self.brokers.insert(key, who.to_owned()) {
            let text = format!("{who} registered at {path} of {server} while {other} was there");
            self.breaks("broker-id-twice", text);
        }
    }

    /// Something is about to reach the master.
    pub(in crate::sim) fn to_master(&mut self, now: Time, input: &MasterInput) {
        match input {
            MasterInput::Call { call: SchedulerCall::Accept { offer_ids, tasks, .. }, .. } => {
                let gone: Vec<&OfferId> =
                    offer_ids.iter().filter(|offer| !self.take_back(offer.as_str())).collect();
                for (task, offer) in tasks.iter().flat_map(|task| gone.first().map(|offer| (task, offer))) {
                    self.doomed.insert(task.task_id.to_string(), offer.to_string());
                }
            }
            MasterInput::Call { call: SchedulerCall::Decline { offer_ids, .. }, .. } => {
                for offer in offer_ids {
                    self.take_back(offer.as_str());
                }
            }
            MasterInput::Agent { link, message } => self.agent_says(now, agent_of(*link), message),
            _ => {}
        }
    }

    fn agent_says(&mut self, now: Time, agent: usize, message: &AgentToMaster) {
        match message {
            AgentToMaster::Update { framework_id, status, latest_state } => {
                if latest_state.is_terminal() {
                    self.release(status.task_id.as_str());
                }
                if let Some(uuid) = status.uuid {
                    let (task, framework) = (status.task_id.clone(), framework_id.clone());
                    let sent = Sent { task, framework, first: now, last: now };
                    self.statuses.entry((agent, uuid)).or_insert(sent).last = now;
                }
            }
            AgentToMaster::Reregister(report) => {
                for (_, task, _) in report.tasks.iter().filter(|(_, _, state)| state.is_terminal()) {
                    self.release(task.task_id.as_str());
                }
            }
            _ => {}
        }
    }

    /// Something is about to reach an agent.
    pub(in crate::sim) fn to_agent(&mut self, agent: usize, message: &MasterToAgent) {
        match message {
            MasterToAgent::Acknowledge { uuid, .. } => drop(self.statuses.remove(&(agent, *uuid))),
            MasterToAgent::ShutdownFramework { framework_id } => {
                self.statuses.retain(|(at, _), sent| *at != agent || sent.framework != *framework_id);
            }
            MasterToAgent::Shutdown { .. } => self.forget_agent(agent),
            _ => {}
        }
    }

    /// A framework is told of a task's state.
    pub(in crate::sim) fn told(&mut self, status: &TaskStatus) {
        if (status.state.is_terminal() || status.state == TaskState::Unreachable)
            && let Some(entry) = self.tasks.get_mut(status.task_id.as_str())
        {
            entry.told = true;
        }
    }

    /// An agent has forgotten everything.
    pub(in crate::sim) fn forget_agent(&mut self, agent: usize) {
        self.statuses.retain(|(at, _), _| *at != agent);
    }

    /// There is another master, which knows nothing yet.
    pub(in crate::sim) fn new_master(&mut self) {
        self.free.clear();
        self.offers.clear();
        self.ports.clear();
        for task in self.tasks.values_mut() {
            task.held = false;
        }
    }

    /// The data of a ZooKeeper is gone.
    pub(in crate::sim) fn forget_brokers(&mut self) {
        self.brokers.clear();
    }

    /// What is wrong with the statuses on their way, long after the last fault. `connected` says whether a framework
    /// could have acknowledged.
    pub(super) fn overdue(&self, now: Time, connected: impl Fn(&FrameworkId) -> bool) -> Option<Broken> {
        for sent in self.statuses.values() {
            let Sent { task, framework, first, last } = sent;
            if now.since(*last) > RESEND {
                let text = format!("a status of {task} was neither acknowledged nor sent again");
                return Some(Broken { invariant: "status-lost", text });
            }
            if now.since(*first) > RESEND && connected(framework) {
                let text = format!("a status of {task} was sent again and again and never acknowledged");
                return Some(Broken { invariant: "status-not-acknowledged", text });
            }
        }
        None
    }

    /// Whether every status was acknowledged.
    pub(super) fn is_settled(&self) -> bool {
        self.statuses.is_empty()
    }
}

/// The schedulers of Kafka and DSE compare a status' task id with the one they launched. Those of Exhibitor and Zipkin
/// go by the instance's number alone, and do launch an instance twice when a late status of a former task comes.
fn compares_ids(framework: &str) -> bool {
    framework.starts_with("kafka") || framework.starts_with("dse")
}

fn ends(state: &str) -> bool {
    TaskState::from_name(state).is_some_and(|state| state.is_terminal() || state == TaskState::Unreachable)
}

/// What the master printed it can read.
fn parse(resources: &str) -> Resources {
    resources.parse().unwrap_or_default()
}
