//! One partition as this broker has it: its log, and its part as leader or follower.

use std::collections::BTreeMap;
use std::time::Duration;

use stacklab_machine::Time;

use crate::codec::LeaderState;
use crate::model::log::{LogLimits, PartitionLog};

/// What one partition's log holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PartitionOffsets {
    /// Offset of the first message that is still there.
    pub start: i64,
    /// Offset that the next message will get.
    pub end: i64,
    /// Offset up to which consumers may read.
    pub high_watermark: i64,
    /// Whether this broker leads the partition.
    pub leader: bool,
}

/// What a leader knows of a follower.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Follower {
    /// How far it has come; −1 before its first fetch.
    end: i64,
    /// When it last fetched.
    fetched_at: Time,
}

/// This broker's part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Role {
    /// Not to follow any more, nor to lead.
    Idle,
    Leader(BTreeMap<i32, Follower>),
    /// Of that broker.
    Follower(i32),
}

/// A partition of which this broker has a replica.
#[derive(Debug)]
pub(super) struct Replica {
    pub(super) log: PartitionLog,
    pub(super) role: Role,
    pub(super) high_watermark: i64,
    pub(super) controller_epoch: i32,
    pub(super) leader_epoch: i32,
    pub(super) replicas: Vec<i32>,
    pub(super) isr: Vec<i32>,
    pub(super) zk_version: i32,
    /// `min.insync.replicas` of its topic.
    pub(super) min_insync_replicas: usize,
    /// A change of the replicas in sync is being written.
    pub(super) isr_writing: bool,
}

impl Replica {
    pub(super) fn new(now: Time, limits: LogLimits) -> Self {
        Self {
            log: PartitionLog::new(now, limits),
            role: Role::Idle,
            high_watermark: 0,
            controller_epoch: -1,
            leader_epoch: -1,
            replicas: Vec::new(),
            isr: Vec::new(),
            zk_version: 0,
            min_insync_replicas: 1,
            isr_writing: false,
        }
    }

    pub(super) fn offsets(&self) -> PartitionOffsets {
        PartitionOffsets {
            start: self.log.start(),
            end: self.log.end(),
            high_watermark: self.high_watermark,
            leader: self.is_leader(),
        }
    }

    pub(super) fn is_leader(&self) -> bool {
        matches!(self.role, Role::Leader(_))
    }

    /// Whether it leads and others follow: then somebody must look after them.
    pub(super) fn has_followers(&self) -> bool {
        self.is_leader() && self.replicas.len() > 1
    }

    fn adopt(&mut self, state: &LeaderState) {
        self.controller_epoch = state.controller_epoch;
        self.leader_epoch = state.leader_epoch;
        self.replicas.clone_from(&state.replicas);
        self.isr.clone_from(&state.isr);
        self.zk_version = state.zk_version;
        self.isr_writing = false;
    }

    pub(super) fn lead(&mut self, own: i32, state: &LeaderState, now: Time) {
        self.adopt(state);
        let others = self.replicas.iter().filter(|id| **id != own);
        self.role = Role::Leader(others.map(|id| (*id, Follower { end: -1, fetched_at: now })).collect());
        self.raise_high_watermark(own);
    }

    /// Follows: what is above the high watermark may be another leader's, and goes.
    pub(super) fn follow(&mut self, state: &LeaderState, now: Time) {
        self.adopt(state);
        self.role = Role::Follower(state.leader);
        self.log.truncate(now, self.high_watermark.max(self.log.start()));
    }

    /// What all replicas in sync have may be read. True if that moved.
    pub(super) fn raise_high_watermark(&mut self, own: i32) -> bool {
        let Role::Leader(followers) = &self.role else { return false };
        let ends = self.isr.iter().filter(|id| **id != own).map(|id| followers.get(id).map_or(-1, |f| f.end));
        let lowest = ends.fold(self.log.end(), i64::min);
        let moved = lowest > self.high_watermark;
        self.high_watermark = self.high_watermark.max(lowest);
        moved
    }

    /// A follower fetches from `offset`, so it has everything before. False if it is no replica.
    pub(super) fn follower_at(&mut self, follower: i32, offset: i64, now: Time) -> bool {
        let Role::Leader(followers) = &mut self.role else { return false };
        match followers.get_mut(&follower) {
            Some(known) => {
                *known = Follower { end: offset, fetched_at: now };
                true
            }
            None => false,
        }
    }

    /// The replicas in sync with this one added, if it has caught up and that is not being written already.
    pub(super) fn grown_isr(&self, follower: i32) -> Option<Vec<i32>> {
        let Role::Leader(followers) = &self.role else { return None };
        let end = followers.get(&follower)?.end;
        let fits = end >= self.high_watermark && !self.isr.contains(&follower) && !self.isr_writing;
        fits.then(|| self.isr.iter().copied().chain([follower]).collect())
    }

    /// The replicas in sync without those that have not fetched for `time` or are `messages` behind.
    pub(super) fn shrunk_isr(&self, own: i32, now: Time, time: Duration, messages: i64) -> Option<Vec<i32>> {
        let Role::Leader(followers) = &self.role else { return None };
        if self.isr_writing {
            return None;
        }
        let keeps_up = |id: &i32| {
            *id == own
                || followers.get(id).is_some_and(|follower| {
                    let behind = if follower.end < 0 { 0 } else { self.log.end() - follower.end };
                    now.since(follower.fetched_at) <= time && behind <= messages
                })
        };
        let isr: Vec<i32> = self.isr.iter().copied().filter(keeps_up).collect();
        (isr.len() < self.isr.len()).then_some(isr)
    }

    /// How many replicas in sync, this one included, have everything before `offset`.
    pub(super) fn in_sync_at(&self, own: i32, offset: i64) -> usize {
        let Role::Leader(followers) = &self.role else { return 0 };
        let has = |id: &&i32| **id == own || followers.get(id).is_some_and(|follower| follower.end >= offset);
        self.isr.iter().filter(has).count()
    }
}
