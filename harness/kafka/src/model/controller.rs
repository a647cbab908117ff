//! The controller: the one broker that decides who leads what.
//!
//! It is told what ZooKeeper says (which brokers live, which topics there are, what came of its writes) and says
//! what to write there and what to tell which broker. Everything is decided from the state as a whole, so that it
//! does not matter in which order things were noticed.

use std::collections::{BTreeMap, BTreeSet};

use super::zk::ZkFault;
use super::znodes::PartitionState;
use super::{Endpoint, ErrorCode, TopicPartition};
use crate::codec::{
    LeaderAndIsr, LeaderState, Node, Remaining, Request, StopReplica, TopicAndPartition, UpdateMetadata,
};

/// Leader of the partitions of a topic that is being deleted, in UpdateMetadata.
pub const LEADER_DURING_DELETE: i32 = -2;

/// Replicas by partition, by topic.
pub type Assignment = BTreeMap<String, BTreeMap<i32, Vec<i32>>>;

/// What the controller wants done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// Create a partition's state in ZooKeeper, parents included; answered by [`Controller::wrote`].
    CreateState(TopicPartition, PartitionState),
    /// Overwrite it if it has this version; answered by [`Controller::wrote`].
    WriteState(TopicPartition, PartitionState, i32),
    /// Read it; answered by [`Controller::read`].
    ReadState(TopicPartition),
    /// Send a broker this, in the order of the decisions.
    Tell(i32, Request),
    /// Answer the broker that asked to go.
    MayGo(u64, Remaining),
    /// Delete a topic's nodes.
    DeleteNodes(String, Vec<i32>),
    /// Delete the node that says that a topic is to be deleted.
    ForgetDeletion(String),
    /// A line for the log.
    Note(String),
}

#[derive(Debug, Default)]
struct Partition {
    replicas: Vec<i32>,
    /// State and version of its node, as far as known.
    known: Option<(PartitionState, i32)>,
    /// What is being written; nothing is decided meanwhile.
    writing: Option<PartitionState>,
    /// Being read, because somebody else wrote it.
    reading: bool,
}

/// The controller's view of the cluster.
#[derive(Debug)]
pub struct Controller {
    id: i32,
    epoch: i32,
    unclean: bool,
    live: BTreeMap<i32, Endpoint>,
    leaving: BTreeSet<i32>,
    partitions: BTreeMap<TopicPartition, Partition>,
    /// What is to be told once no write is under way, by broker.
    to_lead: BTreeMap<i32, BTreeSet<TopicPartition>>,
    to_update: BTreeMap<i32, BTreeSet<TopicPartition>>,
    to_stop: BTreeMap<i32, BTreeSet<TopicPartition>>,
    asked_to_go: Vec<(u64, i32)>,
    open: usize,
    decisions: Vec<Decision>,
}

impl Controller {
    /// Takes office: `unclean` allows leaders that were not in sync.
    pub fn new(
        id: i32,
        epoch: i32,
        unclean: bool,
        live: BTreeMap<i32, Endpoint>,
        assignment: &Assignment,
        mut states: BTreeMap<TopicPartition, (PartitionState, i32)>,
    ) -> Self {
        let mut partitions = BTreeMap::new();
        for (topic, replicas) in assignment {
            for (partition, replicas) in replicas {
                let at = TopicPartition::new(topic, *partition);
                let known = states.remove(&at);
                partitions
                    .insert(at, Partition { replicas: replicas.clone(), known, ..Partition::default() });
            }
        }
        let mut controller = Self {
            id,
            epoch,
            unclean,
            live,
            leaving: BTreeSet::new(),
            partitions,
            to_lead: BTreeMap::new(),
            to_update: BTreeMap::new(),
            to_stop: BTreeMap::new(),
            asked_to_go: Vec::new(),
            open: 0,
            decisions: Vec::new(),
        };
        let all: Vec<i32> = controller.live.keys().copied().collect();
        controller.introduce(&all);
        controller.decide_all();
        controller.flush();
        controller
    }

    /// Its epoch.
    pub fn epoch(&self) -> i32 {
        self.epoch
    }

    /// Where a live broker is reached.
    pub fn endpoint(&self, broker: i32) -> Option<&Endpoint> {
        self.live.get(&broker)
    }

    /// Takes what is to be done, in order.
    pub fn take(&mut self) -> Vec<Decision> {
        std::mem::take(&mut self.decisions)
    }

    /// The brokers that are registered now.
    pub fn brokers(&mut self, live: BTreeMap<i32, Endpoint>) {
        let came: Vec<i32> = live.keys().filter(|id| !self.live.contains_key(id)).copied().collect();
        let went: Vec<i32> = self.live.keys().filter(|id| !live.contains_key(id)).copied().collect();
        self.live = live;
        if came.is_empty() && went.is_empty() {
            return;
        }
        self.decisions.push(Decision::Note(format!(
            "[BrokerChangeListener on Controller {}]: Newly added brokers: {}, deleted brokers: {}, all live \
             brokers: {}",
            self.id,
            join(&came),
            join(&went),
            join(self.live.keys())
        )));
        for id in &went {
            self.leaving.remove(id);
            for marks in [&mut self.to_lead, &mut self.to_update, &mut self.to_stop] {
                marks.remove(id);
            }
        }
        self.introduce(&came);
        self.look_again(&went);
        if !went.is_empty() {
            let all: BTreeSet<_> = self.partitions.keys().cloned().collect();
            for broker in self.live.keys() {
                self.to_update.entry(*broker).or_default().extend(all.iter().cloned());
            }
        }
        self.decide_all();
        self.flush();
    }

    /// Tells new brokers everything, and everybody what lies on the new ones.
    fn introduce(&mut self, brokers: &[i32]) {
        for (at, partition) in &self.partitions {
            for broker in brokers {
                self.to_update.entry(*broker).or_default().insert(at.clone());
                if partition.replicas.contains(broker) {
                    self.to_lead.entry(*broker).or_default().insert(at.clone());
                    for other in self.live.keys() {
                        self.to_update.entry(*other).or_default().insert(at.clone());
                    }
                }
            }
        }
    }

    /// Reads the states anew of all partitions that concern these brokers: leaders change the replicas in sync
    /// without telling the controller, and who may lead next depends on them.
    fn look_again(&mut self, brokers: &[i32]) {
        for (at, partition) in &mut self.partitions {
            let concerns =
                partition.replicas.len() > 1 && partition.replicas.iter().any(|id| brokers.contains(id));
            let settled = partition.known.is_some() && partition.writing.is_none() && !partition.reading;
            if concerns && settled {
                partition.reading = true;
                self.open += 1;
                self.decisions.push(Decision::ReadState(at.clone()));
            }
        }
    }

    /// The topics that there are now.
    pub fn topics(&mut self, assignment: &Assignment) {
        self.partitions.retain(|at, partition| {
            let stays = assignment.get(&at.topic).is_some_and(|topic| topic.contains_key(&at.partition));
            if !stays && (partition.writing.is_some() || partition.reading) {
                self.open -= 1;
            }
            stays
        });
        for (topic, partitions) in assignment {
            for (partition, replicas) in partitions {
                let at = TopicPartition::new(topic, *partition);
                if !self.partitions.contains_key(&at) {
                    let partition = Partition { replicas: replicas.clone(), ..Partition::default() };
                    self.partitions.insert(at.clone(), partition);
                    self.decide(&at);
                }
            }
        }
        self.flush();
    }

    /// What came of creating or writing a state: its version.
    pub fn wrote(&mut self, at: &TopicPartition, result: Result<i32, ZkFault>) {
        let Some(partition) = self.partitions.get_mut(at) else { return };
        let Some(state) = partition.writing.take() else { return };
        match result {
            Ok(version) => {
                self.open -= 1;
                partition.known = Some((state, version));
                self.announce(at);
                self.decide(at);
            }
            Err(ZkFault::NodeExists | ZkFault::BadVersion) => {
                partition.reading = true;
                self.decisions.push(Decision::ReadState(at.clone()));
            }
            Err(fault) => {
                self.open -= 1;
                let text = format!(
                    "Controller {} epoch {}: state of {at} not written: {fault}",
                    self.id, self.epoch
                );
                self.decisions.push(Decision::Note(text));
            }
        }
        self.flush();
    }

    /// What a state is that was asked for.
    pub fn read(&mut self, at: &TopicPartition, found: Option<(PartitionState, i32)>) {
        let Some(partition) = self.partitions.get_mut(at) else { return };
        if std::mem::take(&mut partition.reading) {
            self.open -= 1;
            let unreadable = partition.known.is_none() && found.is_none();
            let changed = partition.known != found;
            partition.known = found;
            if unreadable {
                // It exists, or it could have been created, but says nothing: trying again would not end.
                self.decisions
                    .push(Decision::Note(format!("[Controller {}]: no state of {at} to be read", self.id)));
            } else {
                self.decide(at);
            }
            if changed {
                self.announce(at);
            }
            self.flush();
        }
    }

    /// A broker asks to go; `token` comes back with the answer.
    pub fn leave(&mut self, token: u64, broker: i32) {
        if !self.live.contains_key(&broker) {
            // The original has a code for this, and does not use it.
            let refused = Remaining { error: ErrorCode::UNKNOWN, partitions: Vec::new() };
            self.decisions.push(Decision::MayGo(token, refused));
            return;
        }
        self.decisions
            .push(Decision::Note(format!("[Controller {}]: Shutting down broker {broker}", self.id)));
        self.leaving.insert(broker);
        self.asked_to_go.push((token, broker));
        let followed = |partition: &Partition| {
            partition.replicas.len() > 1
                && partition.replicas.contains(&broker)
                && partition.known.as_ref().is_some_and(|(state, _)| state.leader != broker)
        };
        let stop: BTreeSet<_> =
            self.partitions.iter().filter(|(_, p)| followed(p)).map(|(at, _)| at.clone()).collect();
        if !stop.is_empty() {
            self.to_stop.entry(broker).or_default().extend(stop);
        }
        self.look_again(&[broker]);
        self.decide_all();
        self.flush();
    }

    /// A topic is to be deleted; if there is none of this name, only the wish is.
    pub fn delete_topic(&mut self, topic: &str) {
        let doomed: Vec<TopicPartition> =
            self.partitions.keys().filter(|at| at.topic == topic).cloned().collect();
        if doomed.is_empty() {
            self.decisions.push(Decision::ForgetDeletion(topic.to_owned()));
            return;
        }
        let states: Vec<LeaderState> = doomed
            .iter()
            .filter_map(|at| self.leader_state(at))
            .map(|state| LeaderState { leader: LEADER_DURING_DELETE, ..state })
            .collect();
        for broker in self.live.keys() {
            self.decisions.push(Decision::Tell(*broker, self.update_request(states.clone())));
            let held: Vec<_> = doomed
                .iter()
                .filter(|at| self.partitions.get(at).is_some_and(|p| p.replicas.contains(broker)))
                .map(named)
                .collect();
            if !held.is_empty() {
                self.decisions.push(Decision::Tell(*broker, self.stop_request(true, held)));
            }
        }
        let numbers = doomed.iter().map(|at| at.partition).collect();
        self.decisions.push(Decision::DeleteNodes(topic.to_owned(), numbers));
    }

    fn announce(&mut self, at: &TopicPartition) {
        let Some(partition) = self.partitions.get(at) else { return };
        for broker in self.live.keys() {
            if partition.replicas.contains(broker) {
                self.to_lead.entry(*broker).or_default().insert(at.clone());
            }
            self.to_update.entry(*broker).or_default().insert(at.clone());
        }
    }

    fn decide_all(&mut self) {
        let all: Vec<_> = self.partitions.keys().cloned().collect();
        all.iter().for_each(|at| self.decide(at));
    }

    fn decide(&mut self, at: &TopicPartition) {
        let Some(partition) = self.partitions.get(at) else { return };
        if partition.writing.is_some() || partition.reading {
            return;
        }
        let decision = match &partition.known {
            None => self.first_state(&partition.replicas).map(|state| (state, None)),
            Some((state, version)) => {
                self.next_state(&partition.replicas, state).map(|state| (state, Some(*version)))
            }
        };
        let Some((state, version)) = decision else { return };
        self.open += 1;
        if let Some(partition) = self.partitions.get_mut(at) {
            partition.writing = Some(state.clone());
        }
        self.decisions.push(match version {
            None => Decision::CreateState(at.clone(), state),
            Some(version) => Decision::WriteState(at.clone(), state, version),
        });
    }

    fn is_staying(&self, broker: i32) -> bool {
        self.live.contains_key(&broker) && !self.leaving.contains(&broker)
    }

    /// The state of a new partition: the first of its replicas that lives leads, all that live are in sync.
    fn first_state(&self, replicas: &[i32]) -> Option<PartitionState> {
        let isr: Vec<i32> = replicas.iter().copied().filter(|id| self.is_staying(*id)).collect();
        let leader = *isr.first()?;
        Some(PartitionState { controller_epoch: self.epoch, leader, leader_epoch: 0, isr })
    }

    /// The state that should follow; `None` if it may stay, or if nobody can lead.
    fn next_state(&self, replicas: &[i32], state: &PartitionState) -> Option<PartitionState> {
        let in_sync: Vec<i32> = state.isr.iter().copied().filter(|id| self.is_staying(*id)).collect();
        let heir = replicas.iter().copied().find(|id| in_sync.contains(id));
        let (leader, isr) = if !self.live.contains_key(&state.leader) {
            let unclean = || replicas.iter().copied().find(|id| self.unclean && self.is_staying(*id));
            match heir {
                Some(heir) => (heir, in_sync),
                None => unclean().map(|leader| (leader, vec![leader]))?,
            }
        } else if self.leaving.contains(&state.leader) && replicas.len() > 1 {
            (heir?, in_sync)
        } else {
            let stays = |id: &i32| *id == state.leader || self.is_staying(*id);
            (state.leader, state.isr.iter().copied().filter(stays).collect())
        };
        let changed = leader != state.leader || isr != state.isr;
        changed.then_some(PartitionState {
            controller_epoch: self.epoch,
            leader,
            leader_epoch: state.leader_epoch + 1,
            isr,
        })
    }

    /// Tells what is to be told, once no write is under way: leaders and followers first, then everybody.
    fn flush(&mut self) {
        if self.open > 0 {
            return;
        }
        for (broker, marked) in std::mem::take(&mut self.to_lead) {
            let partitions: Vec<_> = marked.iter().filter_map(|at| self.leader_state(at)).collect();
            if !partitions.is_empty() {
                self.decisions.push(Decision::Tell(broker, self.lead_request(partitions)));
            }
        }
        for (broker, marked) in std::mem::take(&mut self.to_update) {
            let partitions: Vec<_> = marked.iter().filter_map(|at| self.leader_state(at)).collect();
            // Without a partition nothing is sent, which is why a broker without topics does not know itself.
            if !partitions.is_empty() {
                self.decisions.push(Decision::Tell(broker, self.update_request(partitions)));
            }
        }
        for (broker, marked) in std::mem::take(&mut self.to_stop) {
            let request = self.stop_request(false, marked.iter().map(named).collect());
            self.decisions.push(Decision::Tell(broker, request));
        }
        for (token, broker) in std::mem::take(&mut self.asked_to_go) {
            let leads = |partition: &Partition| {
                partition.replicas.len() > 1
                    && partition.known.as_ref().is_some_and(|(state, _)| state.leader == broker)
            };
            let left = self.partitions.iter().filter(|(_, p)| leads(p)).map(|(at, _)| named(at)).collect();
            self.decisions
                .push(Decision::MayGo(token, Remaining { error: ErrorCode::NONE, partitions: left }));
        }
    }

    fn leader_state(&self, at: &TopicPartition) -> Option<LeaderState> {
        let partition = self.partitions.get(at)?;
        let (state, zk_version) = partition.known.as_ref()?;
        Some(LeaderState {
            topic: at.topic.clone(),
            partition: at.partition,
            controller_epoch: state.controller_epoch,
            leader: state.leader,
            leader_epoch: state.leader_epoch,
            isr: state.isr.clone(),
            zk_version: *zk_version,
            replicas: partition.replicas.clone(),
        })
    }

    fn nodes(&self, wanted: impl Fn(i32) -> bool) -> Vec<Node> {
        let live = self.live.iter().filter(|(id, _)| wanted(**id));
        live.map(|(id, endpoint)| Node { id: *id, endpoint: endpoint.clone() }).collect()
    }

    fn lead_request(&self, partitions: Vec<LeaderState>) -> Request {
        let leaders: BTreeSet<i32> = partitions.iter().map(|state| state.leader).collect();
        Request::LeaderAndIsr(LeaderAndIsr {
            controller_id: self.id,
            controller_epoch: self.epoch,
            partitions,
            live_leaders: self.nodes(|id| leaders.contains(&id)),
        })
    }

    fn update_request(&self, partitions: Vec<LeaderState>) -> Request {
        Request::UpdateMetadata(UpdateMetadata {
            controller_id: self.id,
            controller_epoch: self.epoch,
            partitions,
            live_brokers: self.nodes(|_| true),
        })
    }

    fn stop_request(&self, delete: bool, partitions: Vec<TopicAndPartition>) -> Request {
        Request::StopReplica(StopReplica {
            controller_id: self.id,
            controller_epoch: self.epoch,
            delete: i8::from(delete),
            partitions,
        })
    }
}

fn named(at: &TopicPartition) -> TopicAndPartition {
    TopicAndPartition { topic: at.topic.clone(), partition: at.partition }
}

fn join<'a>(ids: impl IntoIterator<Item = &'a i32>) -> String {
    let ids: Vec<String> = ids.into_iter().map(i32::to_string).collect();
    ids.join(",")
}

#[cfg(test)]
#[path = "controller_tests.rs"]
mod tests;
