//! Which partitions are this consumer's: worked out anew by every member whenever members or partitions change.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::{Consumer, Out, Partition, Step, log};
use crate::model::assignment::range;
use crate::model::zk::{Answer, ZkFault, ZkReply};
use crate::model::znodes;

/// Pause before another try when a partition's former owner has not let go (`rebalance.backoff.ms`).
const BACKOFF: Duration = Duration::from_secs(2);

/// The rebalance under way.
#[derive(Debug, Default)]
pub(super) struct Rebalance {
    /// Grows with each; the answers to an older one do not count.
    number: u64,
    /// Threads of all members that want the topic, sorted.
    threads: Vec<String>,
    /// Calls for offsets and claims that are open.
    open: usize,
    conflict: bool,
    mine: BTreeSet<i32>,
}

impl Rebalance {
    /// Its calls have gone with the session.
    pub(super) fn abandon(&mut self) {
        *self = Self { number: self.number + 1, ..Self::default() };
    }
}

impl Consumer {
    pub(super) fn begin_rebalance(&mut self) {
        if !self.registered || self.stopping {
            return;
        }
        self.timers.rebalance = None;
        self.rebalance.abandon();
        let path = znodes::member_ids_path(&self.config.group);
        self.zk.list(&path, true, false, Step::Members(self.rebalance.number));
    }

    pub(super) fn rebalance_step(&mut self, step: Step, result: Answer, out: &mut Out) {
        let current = self.rebalance.number;
        let topic = znodes::topic_path(&self.config.topic);
        match (step, result) {
            // Whatever comes of the rebalance: what is claimed must be given up again one day.
            (Step::Owned(number, partition), Ok(_)) => {
                self.owned.insert(partition);
                self.claimed(number, out);
            }
            (Step::Members(number), Ok(ZkReply::Nodes(nodes))) if number == current => {
                self.rebalance.threads = self.threads(nodes);
                self.zk.get(&topic, true, Step::Topic(number));
            }
            (Step::Topic(number), Ok(ZkReply::Data(data, _))) if number == current => {
                let partitions = data.as_deref().and_then(znodes::parse_topic).unwrap_or_default();
                self.share_out(&partitions.into_keys().collect::<Vec<_>>(), out);
            }
            (Step::Topic(number), Err(ZkFault::NoNode)) if number == current => {
                self.zk.exists(&topic, true, Step::TopicLooked(number));
            }
            (Step::TopicLooked(number), Ok(_)) if number == current => {
                self.zk.get(&topic, true, Step::Topic(number));
            }
            // It will be told when the topic comes.
            (Step::TopicLooked(number), Err(_)) if number == current => self.share_out(&[], out),
            (Step::Offset(number, partition), result) if number == current => {
                self.offset_read(partition, &result);
            }
            (Step::Owned(number, partition), Err(ZkFault::NodeExists)) if number == current => {
                let path = znodes::owner_path(&self.config.group, &self.config.topic, partition);
                self.zk.get(&path, false, Step::OwnerRead(number, partition));
            }
            (Step::OwnerRead(number, partition), result) if number == current => {
                let own = format!("{}-0", self.id);
                let is_own = matches!(&result, Ok(ZkReply::Data(Some(data), _)) if data == own.as_bytes());
                if is_own {
                    self.owned.insert(partition);
                } else {
                    self.rebalance.conflict = true;
                }
                self.claimed(number, out);
            }
            (Step::Owned(number, _), Err(_)) if number == current => {
                self.rebalance.conflict = true;
                self.claimed(number, out);
            }
            (Step::Members(number) | Step::Topic(number), Err(fault)) if number == current => {
                log(out, || format!("[{}], exception during rebalance: {fault}", self.id));
                self.timers.rebalance = Some(self.now + BACKOFF);
            }
            _ => {}
        }
    }

    /// The threads of all members that want the topic.
    fn threads(&self, nodes: Vec<(String, Option<bytes::Bytes>, i32)>) -> Vec<String> {
        let mut threads = Vec::new();
        for (member, data, _) in nodes {
            let subscription = data.as_deref().and_then(znodes::parse_member).unwrap_or_default();
            // A document may claim any number of threads; more than there can be partitions get nothing anyway.
            let count = subscription.get(&self.config.topic).copied().unwrap_or(0).clamp(0, 10_000);
            threads.extend((0..count).map(|thread| format!("{member}-{thread}")));
        }
        threads.sort();
        threads
    }

    fn share_out(&mut self, partitions: &[i32], out: &mut Out) {
        let own = format!("{}-0", self.id);
        let threads = &self.rebalance.threads;
        let position = threads.iter().position(|thread| *thread == own).unwrap_or(threads.len());
        let mine: BTreeSet<i32> = range(partitions, threads.len(), position).iter().copied().collect();
        log(out, || format!("[{}], {own} selected partitions : {mine:?} of {}", self.id, self.config.topic));
        self.give_up(&mine);
        let missing: Vec<i32> = mine.iter().filter(|id| !self.partitions.contains_key(id)).copied().collect();
        let unclaimed: Vec<i32> = mine
            .iter()
            .filter(|id| self.partitions.contains_key(id) && !self.owned.contains(id))
            .copied()
            .collect();
        self.rebalance.mine = mine;
        self.rebalance.open = missing.len() + unclaimed.len();
        let number = self.rebalance.number;
        for partition in missing {
            let path = znodes::offset_path(&self.config.group, &self.config.topic, partition);
            self.zk.get(&path, false, Step::Offset(number, partition));
        }
        for partition in unclaimed {
            self.claim(partition);
        }
        self.rebalanced(out);
    }

    /// Stops reading what is not its own any more, commits it and lets go: in this order, for the next owner
    /// begins with the commit.
    fn give_up(&mut self, mine: &BTreeSet<i32>) {
        let lost: Vec<i32> = self.owned.difference(mine).copied().collect();
        if self.config.auto_commit.is_some() {
            let uncommitted = |id: &&i32| self.partitions.get(id).is_some_and(Partition::is_uncommitted);
            self.letting_go.extend(lost.iter().filter(uncommitted));
            self.commit_taken();
        }
        self.partitions.retain(|id, _| mine.contains(id));
        for partition in lost {
            self.owned.remove(&partition);
            if !self.letting_go.contains(&partition) {
                self.let_go(partition);
            }
        }
    }

    pub(super) fn let_go(&mut self, partition: i32) {
        let path = znodes::owner_path(&self.config.group, &self.config.topic, partition);
        self.zk.delete(&path, Step::Nothing);
    }

    fn offset_read(&mut self, partition: i32, result: &Answer) {
        let committed = match result {
            Ok(ZkReply::Data(Some(data), _)) => znodes::parse_number(data),
            _ => None,
        };
        let state = Partition { position: committed, committed, ..Partition::default() };
        self.partitions.insert(partition, state);
        self.claim(partition);
    }

    fn claim(&mut self, partition: i32) {
        self.letting_go.remove(&partition);
        let path = znodes::owner_path(&self.config.group, &self.config.topic, partition);
        let data = format!("{}-0", self.id).into();
        self.zk.create_deep(&path, Some(data), true, Step::Owned(self.rebalance.number, partition));
    }

    fn claimed(&mut self, number: u64, out: &mut Out) {
        if number == self.rebalance.number {
            self.rebalance.open = self.rebalance.open.saturating_sub(1);
            self.rebalanced(out);
        }
    }

    fn rebalanced(&mut self, out: &mut Out) {
        if self.rebalance.open > 0 {
            return;
        }
        if self.rebalance.conflict {
            log(out, || format!("[{}], Rebalancing attempt failed: a partition has another owner", self.id));
            self.timers.rebalance = Some(self.now + BACKOFF);
        }
        // What is not owned is not read: the other owner reads it.
        let owned = &self.owned;
        self.partitions.retain(|id, _| owned.contains(id));
        self.search_leaders();
        let leaders: Vec<i32> = self.leaders().into_keys().collect();
        for leader in leaders {
            self.fetch(leader, out);
        }
    }

    /// The partitions of each leader.
    pub(super) fn leaders(&self) -> BTreeMap<i32, Vec<i32>> {
        let mut leaders: BTreeMap<i32, Vec<i32>> = BTreeMap::new();
        for (id, partition) in &self.partitions {
            if let Some(leader) = partition.leader {
                leaders.entry(leader).or_default().push(*id);
            }
        }
        leaders
    }
}
