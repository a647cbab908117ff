//! The high-level ZooKeeper consumer of 0.8 as a machine, for one stream of one topic: its registration, its part
//! of the partitions, the search for leaders, the fetching, and the commits.

mod commits;
mod fetching;
mod rebalance;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use stacklab_machine::process::CallId;
use stacklab_machine::timeline::What;
use stacklab_machine::{Machine, Outbox, Rng, Time, earliest};

use self::fetching::{Fetcher, Search};
use self::rebalance::Rebalance;
use super::io::{Ending, Input, Output, Purpose};
use super::zk::{Answer, ZkCalls, ZkEvent, ZkFault};
use super::{Endpoint, znodes};
use crate::codec::Request;
use crate::config::split_connect;
use crate::consumer::ConsumerConfig;

/// How long a broker may take (`socket.timeout.ms`).
const PEER_TIMEOUT: Duration = Duration::from_secs(30);

/// A consumer.
#[derive(Debug)]
pub struct Consumer {
    config: ConsumerConfig,
    rng: Rng,
    now: Time,
    zk: ZkCalls<Step>,
    /// `<group>_<host>-<ms>-<8 hex digits>`, once started.
    id: String,
    ready: bool,
    registered: bool,
    rebalance: Rebalance,
    /// What it owns in ZooKeeper.
    owned: BTreeSet<i32>,
    /// What it lets go as soon as it is committed.
    letting_go: BTreeSet<i32>,
    partitions: BTreeMap<i32, Partition>,
    search: Search,
    fetchers: BTreeMap<i32, Fetcher>,
    /// Records handed out and not yet taken.
    untaken: usize,
    open_commits: usize,
    asked_to_commit: bool,
    commit_failed: bool,
    timers: Wakes,
    calls: BTreeMap<CallId, Peer>,
    last_call: u64,
    stopping: bool,
    ended: bool,
}

/// A partition that it reads.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
struct Partition {
    /// What to fetch next; `None` until the reset has said.
    position: Option<i64>,
    /// Behind what was taken; `None` before anything was.
    taken: Option<i64>,
    committed: Option<i64>,
    leader: Option<i32>,
    /// A reset is under way.
    resetting: bool,
}

impl Partition {
    fn is_uncommitted(&self) -> bool {
        self.taken.is_some() && self.taken != self.committed
    }
}

/// When it wants to be woken.
#[derive(Debug, Default)]
struct Wakes {
    zookeeper: Option<Time>,
    rebalance: Option<Time>,
    search: Option<Time>,
    commit: Option<Time>,
}

/// What a ZooKeeper call was for. The number is that of the rebalance it belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Step {
    Chroot,
    Registered,
    Members(u64),
    Topic(u64),
    TopicLooked(u64),
    Offset(u64, i32),
    Owned(u64, i32),
    OwnerRead(u64, i32),
    Brokers,
    Committed(i32, i64),
    Nothing,
}

/// What a broker was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Peer {
    Metadata,
    /// Where to begin, of this leader.
    Reset(i32, i32),
    Fetch(i32),
}

type Out = Outbox<Output>;

impl Consumer {
    /// A consumer with these settings. `rng` makes its id and chooses the broker that is asked for leaders.
    pub fn new(config: ConsumerConfig, rng: Rng) -> Self {
        let zk = ZkCalls::new(split_connect(&config.zookeeper_connect).1);
        Self {
            rng,
            now: Time::ZERO,
            zk,
            id: String::new(),
            ready: false,
            registered: false,
            rebalance: Rebalance::default(),
            owned: BTreeSet::new(),
            letting_go: BTreeSet::new(),
            partitions: BTreeMap::new(),
            search: Search::default(),
            fetchers: BTreeMap::new(),
            untaken: 0,
            open_commits: 0,
            asked_to_commit: false,
            commit_failed: false,
            timers: Wakes::default(),
            calls: BTreeMap::new(),
            last_call: 0,
            stopping: false,
            ended: false,
            config,
        }
    }

    /// Its id in the group; empty before [`Input::Start`].
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The partitions that it owns.
    pub fn owned(&self) -> impl Iterator<Item = i32> {
        self.owned.iter().copied()
    }

    fn begin(&mut self, out: &mut Out) {
        let number = self.rng.next_u64() >> 32;
        let ConsumerConfig { group, host, .. } = &self.config;
        self.id = format!("{group}_{host}-{}-{number:08x}", self.now.as_millis());
        log(out, || {
            format!("[{}], Connecting to zookeeper instance at {}", self.id, self.config.zookeeper_connect)
        });
        self.timers.zookeeper = Some(self.now + self.config.session_timeout);
    }

    fn zk_event(&mut self, event: &ZkEvent, out: &mut Out) {
        match event {
            ZkEvent::Connected => {
                self.timers.zookeeper = None;
                self.zk.connect();
                if self.ready || self.zk.absolute("").is_empty() {
                    self.register();
                } else {
                    self.zk.exists("", false, Step::Chroot);
                }
            }
            ZkEvent::Disconnected => self.zk.disconnect(),
            ZkEvent::Reconnected => self.zk.connect(),
            ZkEvent::Expired => self.lose_session(out),
            ZkEvent::Fired(_) | ZkEvent::Missed => self.begin_rebalance(),
        }
    }

    /// The registration and the claims have gone with the session; what was not committed is read again.
    fn lose_session(&mut self, out: &mut Out) {
        log(out, || format!("[{}], zookeeper state changed (Expired)", self.id));
        self.zk.clear();
        self.registered = false;
        self.owned.clear();
        self.letting_go.clear();
        self.open_commits = 0;
        self.commit_failed = true;
        self.commits_done(out);
        self.search.stop();
        self.rebalance.abandon();
        self.stop_fetching();
        if self.ended {
            return;
        }
        if !self.ready {
            self.timers.zookeeper = Some(self.now + self.config.session_timeout);
        }
        out.push(Output::NewSession);
    }

    fn register(&mut self) {
        let path = format!("{}/{}", znodes::member_ids_path(&self.config.group), self.id);
        let data = znodes::member(&self.config.topic, self.now.as_millis());
        self.zk.create_deep(&path, Some(data), true, Step::Registered);
    }

    fn zk_done(&mut self, step: Step, result: Answer, out: &mut Out) {
        match (step, result) {
            (Step::Chroot, Ok(_)) => self.register(),
            (Step::Chroot, Err(_)) => self.exit(Ending::NoChroot(self.zk.absolute("")), out),
            // If it exists it is its own: the answer to an earlier try was lost.
            (Step::Registered, Ok(_) | Err(ZkFault::NodeExists)) => {
                self.registered = true;
                log(out, || format!("[{}], end registering consumer in ZK", self.id));
                if !std::mem::replace(&mut self.ready, true) {
                    self.timers.commit = self.config.auto_commit.map(|interval| self.now + interval);
                    out.push(Output::Ready);
                }
                self.begin_rebalance();
            }
            (Step::Registered, Err(fault)) => {
                self.exit(Ending::Refused(format!("the consumer's registration: {fault}")), out);
            }
            (Step::Brokers, result) => self.brokers_found(result, out),
            (Step::Committed(partition, offset), result) => self.committed(partition, offset, &result, out),
            (Step::Nothing, _) => {}
            (step, result) => self.rebalance_step(step, result, out),
        }
    }

    fn ask(&mut self, purpose: Purpose, to: Endpoint, request: Request, then: Peer, out: &mut Out) {
        self.last_call += 1;
        let call = CallId(self.last_call);
        self.calls.insert(call, then);
        let client_id = self.config.client_id.clone();
        out.push(Output::Peer { call, purpose, to, client_id, request, timeout: PEER_TIMEOUT });
    }

    fn exit(&mut self, ending: Ending, out: &mut Out) {
        if !self.ended {
            self.ended = true;
            out.push(Output::Exit(ending));
        }
    }

    fn settle(&mut self, out: &mut Out) {
        if self.ended {
            self.timers = Wakes::default();
            return;
        }
        for (call, op) in self.zk.take_ready() {
            out.push(Output::Zk { call, op });
        }
    }
}

impl Machine for Consumer {
    type Input = Input;
    type Output = Output;

    fn handle(&mut self, now: Time, input: Input, out: &mut Out) {
        if self.ended {
            return;
        }
        self.now = now;
        match input {
            Input::Start => self.begin(out),
            Input::Zk(event) => self.zk_event(&event, out),
            Input::ZkReply { call, result } => {
                if let Some((step, result)) = self.zk.answer(call, result) {
                    self.zk_done(step, result, out);
                }
            }
            Input::PeerReply { call, result } => {
                if let Some(peer) = self.calls.remove(&call) {
                    self.peer_done(peer, result, out);
                }
            }
            // Nobody connects to a consumer.
            Input::Request { exchange, .. } => out.push(Output::HangUp(exchange)),
            Input::Terminate => self.terminate(out),
        }
        self.settle(out);
    }

    fn wake_at(&self) -> Option<Time> {
        let Wakes { zookeeper, rebalance, search, commit } = self.timers;
        earliest(earliest(zookeeper, rebalance), earliest(search, commit))
    }

    fn wake(&mut self, now: Time, out: &mut Out) {
        self.now = now;
        let due = |timer: &mut Option<Time>| timer.take_if(|at| *at <= now).is_some();
        if due(&mut self.timers.zookeeper) {
            let timeout = self.config.session_timeout.as_millis();
            self.exit(Ending::ZooKeeperTimeout(timeout), out);
        }
        if due(&mut self.timers.rebalance) {
            self.begin_rebalance();
        }
        if due(&mut self.timers.search) {
            self.search_leaders();
        }
        if due(&mut self.timers.commit) {
            self.timers.commit =
                self.config.auto_commit.map(|interval| now + interval.max(Duration::from_millis(1)));
            self.commit_taken();
        }
        self.settle(out);
    }
}

/// Notes a line of the consumer's log.
fn log(out: &mut Out, line: impl FnOnce() -> String) {
    out.note_with(|| What::Log { line: line() });
}
