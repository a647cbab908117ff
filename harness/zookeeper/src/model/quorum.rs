//! Which servers run, whether they are enough, and who leads.

use std::collections::BTreeSet;

use stacklab_machine::{Outbox, Time};

use super::{Ensemble, Output};

/// What a server is at the moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// The only one.
    Standalone,
    /// The leader of a quorum.
    Leader,
    /// One that follows.
    Follower,
    /// No quorum: it refuses sessions.
    NotServing,
}

impl Role {
    /// What `srvr` prints behind `Mode: `; `None` if it is not serving.
    pub const fn mode(self) -> Option<&'static str> {
        match self {
            Self::Standalone => Some("standalone"),
            Self::Leader => Some("leader"),
            Self::Follower => Some("follower"),
            Self::NotServing => None,
        }
    }
}

/// The servers of an ensemble.
#[derive(Debug)]
pub(super) struct Quorum {
    members: BTreeSet<u32>,
    started: BTreeSet<u32>,
    leader: Option<u32>,
}

impl Quorum {
    pub(super) fn new(members: Vec<u32>) -> Self {
        Self { members: members.into_iter().collect(), started: BTreeSet::new(), leader: None }
    }

    fn is_standalone(&self) -> bool {
        self.members.len() <= 1
    }

    fn is_serving(&self) -> bool {
        self.members.is_empty() || self.started.len() * 2 > self.members.len()
    }
}

impl Ensemble {
    /// Whether sessions are served: more than half of the servers run.
    pub fn is_serving(&self) -> bool {
        self.quorum.is_serving()
    }

    /// What a server is at the moment.
    pub fn role(&self, server: u32) -> Role {
        let quorum = &self.quorum;
        if !quorum.is_serving() || !(quorum.members.is_empty() || quorum.started.contains(&server)) {
            Role::NotServing
        } else if quorum.is_standalone() {
            Role::Standalone
        } else if quorum.leader == Some(server) {
            Role::Leader
        } else {
            Role::Follower
        }
    }

    /// How many servers follow a leader at the moment.
    pub fn followers(&self) -> usize {
        if self.quorum.leader.is_some() { self.quorum.started.len().saturating_sub(1) } else { 0 }
    }

    pub(super) fn server_started(&mut self, now: Time, server: u32, out: &mut Outbox<Output>) {
        self.next_session.remove(&server);
        let member = self.quorum.members.contains(&server);
        if !member || !self.quorum.started.insert(server) {
            return;
        }
        self.elect(now, out);
    }

    pub(super) fn server_stopped(&mut self, now: Time, server: u32, out: &mut Outbox<Output>) {
        self.close_where(|connection| connection.server == server, out);
        if !self.quorum.started.remove(&server) {
            return;
        }
        let led = self.quorum.leader == Some(server);
        if led || !self.is_serving() {
            // Followers that lose their leader, and a leader that loses its quorum, drop all their clients.
            self.close_all(out);
            self.quorum.leader = None;
        }
        self.elect(now, out);
    }

    /// Chooses a leader if one is needed and possible: the highest id among those that run, for they all know the
    /// same transactions. The new epoch counts from zero.
    fn elect(&mut self, now: Time, out: &mut Outbox<Output>) {
        if !self.is_serving() || self.quorum.leader.is_some() {
            return;
        }
        let Some(leader) = self.quorum.started.last().copied() else { return };
        self.quorum.leader = Some(leader);
        if !self.quorum.is_standalone() {
            self.zxid = ((self.zxid >> 32) + 1) << 32;
            let line = format!("LEADING - server {leader}, epoch {}", self.zxid >> 32);
            out.push(Output::Log { server: Some(leader), line });
        }
        // While nobody served nobody's time ran.
        self.sessions.touch_all(now.as_millis());
    }
}
