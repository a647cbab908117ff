//! ZooKeepers of the simulated world: the platform's, and those that Exhibitors start. The tree is the one that the
//! live server serves.

use std::time::Duration;

use stacklab_machine::process::{Input, ZkError, ZkOp, ZkReply};
use stacklab_machine::service::ZooKeeperSpec;
use stacklab_machine::timeline::EventId;
use stacklab_machine::{Machine, Outbox, Time};
use stacklab_zookeeper::model::{self, Ensemble, EnsembleConfig, SessionId};

use super::item::{Due, Seat, ToProgram, ZkCall};
use super::world::{LAB, World};

/// How long the frameworks' client tries before it gives up.
const CONNECT_LIMIT: Duration = Duration::from_secs(30);
/// Longest session that a server grants: whoever speaks for one here does so until it ends.
pub(super) const SESSION: Duration = Duration::from_secs(40);

/// An ensemble and where its servers listen.
pub(super) struct ZooKeeperNode {
    pub(super) ensemble: Ensemble,
    /// `host:port` of each server that runs.
    pub(super) addresses: Vec<String>,
    /// `host:connect port` of each server that belongs to it: by this an ensemble is known again.
    members: Vec<String>,
    /// The session in which programs' operations are done.
    pub(super) session: SessionId,
    /// Nothing is answered while this is true.
    pub(super) down: bool,
    /// How much later everything is answered.
    pub(super) slow: Duration,
}

impl ZooKeeperNode {
    fn new(name: &str, now: Time) -> Self {
        let mut ensemble = Ensemble::new(EnsembleConfig::standalone(name));
        let session = ensemble.open_session(now, SESSION);
        Self {
            ensemble,
            addresses: Vec::new(),
            members: Vec::new(),
            session,
            down: false,
            slow: Duration::ZERO,
        }
    }

    pub(super) fn wake_at(&self) -> Option<Time> {
        self.ensemble.wake_at()
    }

    /// More than half of its servers run.
    fn serves(&self) -> bool {
        !self.down && self.addresses.len() * 2 > self.members.len()
    }
}

impl World {
    /// The platform's ZooKeeper, which is always there.
    pub(super) fn start_platform(&mut self) {
        let mut node = ZooKeeperNode::new("platform", self.now);
        node.addresses.push(format!("{LAB}:2181"));
        node.members.push(format!("{LAB}:2888"));
        self.zookeepers.push(node);
    }

    pub(super) fn zookeeper_wakes(&mut self, index: usize) {
        let (now, mut out) = (self.now, self.new_outbox());
        if let Some(node) = self.zookeepers.get_mut(index) {
            node.ensemble.wake(now, &mut out);
        }
        self.note_writes("zookeeper", &mut out, None);
    }

    /// A server that Exhibitor started: joins the ensemble that knows it, or founds one.
    pub(super) fn zookeeper_up(&mut self, spec: &ZooKeeperSpec) {
        let members: Vec<String> =
            spec.servers.iter().map(|peer| format!("{}:{}", peer.host, peer.connect_port)).collect();
        let known = self.zookeepers.iter().position(|node| node.members.iter().any(|m| members.contains(m)));
        let index = known.unwrap_or_else(|| {
            let name = format!("{}:{}", spec.host, spec.client_port);
            self.zookeepers.push(ZooKeeperNode::new(&name, self.now));
            self.zookeepers.len() - 1
        });
        if let Some(node) = self.zookeepers.get_mut(index) {
            node.members = members;
            node.addresses.push(format!("{}:{}", spec.host, spec.client_port));
        }
    }

    /// A server is gone. With the last one of an ensemble its sandbox and so its data are gone too.
    pub(super) fn zookeeper_down(&mut self, spec: &ZooKeeperSpec) {
        let address = format!("{}:{}", spec.host, spec.client_port);
        for node in &mut self.zookeepers {
            node.addresses.retain(|known| *known != address);
        }
    }

    /// The ensemble behind a connect string, if one of its servers runs and it serves.
    pub(super) fn zookeeper_at(&self, connect: &str) -> Option<usize> {
        let hosts = connect.split('/').next().unwrap_or_default();
        hosts.split(',').find_map(|host| {
            let reached =
                |node: &ZooKeeperNode| node.serves() && node.addresses.iter().any(|known| known == host);
            self.zookeepers.iter().position(reached)
        })
    }

    pub(super) fn zk_arrives(&mut self, asked: ZkCall, cause: Option<EventId>) {
        let ZkCall { from, call, connect, op } = asked;
        let Some(index) = self.zookeeper_at(&connect) else {
            let error = ZkError::Unreachable { connect, why: "connection refused".to_owned() };
            let input = ToProgram::Any(Input::Zk { call, result: Err(error) });
            return self.after(CONNECT_LIMIT, Due::Program(from, Box::new(input)), cause);
        };
        let (now, mut out) = (self.now, self.new_outbox());
        let Some(node) = self.zookeepers.get_mut(index) else { return };
        let (session, slow) = (node.session, node.slow);
        let result = node.ensemble.apply(now, session, &connect, op, &mut out);
        let cause = self.note_writes(&self.who_is(from), &mut out, cause);
        let input = ToProgram::Any(Input::Zk { call, result });
        let what = Due::Program(from, Box::new(input));
        match slow {
            Duration::ZERO => self.send(Seat::ZooKeeper(0), Seat::Program(from), what, cause),
            slow => self.after(slow, what, cause),
        }
        self.settle(Seat::ZooKeeper(index));
    }

    /// An operation of somebody who is no program.
    pub(super) fn zk_apply(
        &mut self,
        index: usize,
        connect: &str,
        op: ZkOp,
        who: &str,
    ) -> Result<ZkReply, ZkError> {
        let (now, mut out) = (self.now, self.new_outbox());
        let unreachable =
            || ZkError::Unreachable { connect: connect.to_owned(), why: "it is gone".to_owned() };
        let node = self.zookeepers.get_mut(index).ok_or_else(unreachable)?;
        let session = node.session;
        let result = node.ensemble.apply(now, session, connect, op, &mut out);
        self.note_writes(who, &mut out, None);
        self.settle(Seat::ZooKeeper(index));
        result
    }

    /// Writes are the doing of whoever asked for them.
    pub(super) fn note_writes(
        &mut self,
        who: &str,
        out: &mut Outbox<model::Output>,
        cause: Option<EventId>,
    ) -> Option<EventId> {
        let mut cause = cause;
        for step in out.drain() {
            if let stacklab_machine::Step::Event(what) = step {
                cause = self.record(who, cause, what).or(cause);
            }
        }
        cause
    }
}
