//! A whole broker as a machine: its registration, its part in the controller's election, its partitions, and the
//! answers to every request.

mod creation;
mod distinct;
mod fetch;
mod follow;
mod groups;
mod metadata;
mod office;
mod parked;
mod partition;
mod produce;
mod replicas;
mod session;
mod shutdown;
mod timers;

use std::collections::BTreeMap;

use stacklab_machine::process::{CallId, ExchangeId};
use stacklab_machine::timeline::What;
use stacklab_machine::{Machine, Outbox, Rng, Time};

use self::creation::Creations;
use self::follow::Fetcher;
use self::groups::Groups;
use self::metadata::MetadataCache;
use self::office::Office;
use self::parked::Parked;
use self::partition::Replica;
use self::session::Session;
use self::shutdown::Shutdown;
use self::timers::{Timer, Timers};
use super::io::{Ending, Input, Output, PeerFault, Purpose};
use super::zk::{Answer, ZkCalls};
use super::{Endpoint, ErrorCode, TopicPartition};
use crate::codec::{Request, Response};
use crate::config::BrokerConfig;

pub use self::partition::PartitionOffsets;

/// A broker.
#[derive(Debug)]
pub struct Broker {
    config: BrokerConfig,
    /// Where it is advertised.
    endpoint: Endpoint,
    rng: Rng,
    now: Time,
    zk: ZkCalls<Then>,
    session: Session,
    /// What it does as the controller, if it is the one.
    office: Option<Office>,
    /// The highest controller's epoch it was spoken to with.
    controller_epoch: i32,
    replicas: BTreeMap<String, BTreeMap<i32, Replica>>,
    cache: MetadataCache,
    creations: Creations,
    groups: Groups,
    fetchers: BTreeMap<i32, Fetcher>,
    parked: BTreeMap<ExchangeId, Parked>,
    /// Some partition's end or high watermark has moved, or its leader: parked requests are to be looked at.
    moved: bool,
    timers: Timers,
    calls: BTreeMap<CallId, Peer>,
    last_call: u64,
    shutdown: Option<Shutdown>,
    ended: bool,
}

/// What a ZooKeeper call was for.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Then {
    Session(session::Step),
    Office(office::Step),
    Creation(creation::Step),
    /// The replicas in sync that this leader wrote.
    IsrWritten(TopicPartition, Vec<i32>),
    Offsets(groups::Step),
    Shutdown(shutdown::Step),
    /// Whatever comes of it.
    Nothing,
}

/// What another broker was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Peer {
    /// An order of the controller's.
    Order(i32),
    Follow(i32),
    /// Where a leader's log ends (false) or starts (true), for a follower that is out of range.
    Range(i32, TopicPartition, bool),
    Shutdown,
}

type Out = Outbox<Output>;

impl Broker {
    /// A broker that is reached at `endpoint`. `rng` places the replicas of new topics.
    pub fn new(config: BrokerConfig, endpoint: Endpoint, rng: Rng) -> Self {
        let zk = ZkCalls::new(config.zookeeper().1);
        Self {
            endpoint,
            rng,
            now: Time::ZERO,
            zk,
            session: Session::new(),
            office: None,
            controller_epoch: 0,
            replicas: BTreeMap::new(),
            cache: MetadataCache::default(),
            creations: Creations::default(),
            groups: Groups::default(),
            fetchers: BTreeMap::new(),
            parked: BTreeMap::new(),
            moved: false,
            timers: Timers::default(),
            calls: BTreeMap::new(),
            last_call: 0,
            shutdown: None,
            ended: false,
            config,
        }
    }

    /// Its id.
    pub fn id(&self) -> i32 {
        self.config.id
    }

    /// Whether it is the controller, and has found out what there is.
    pub fn is_controller(&self) -> bool {
        self.office.as_ref().is_some_and(Office::is_open)
    }

    /// The logs that it has of a topic, by partition.
    pub fn partition_offsets(&self, topic: &str) -> BTreeMap<i32, PartitionOffsets> {
        let partitions = self.replicas.get(topic).into_iter().flatten();
        partitions.map(|(partition, replica)| (*partition, replica.offsets())).collect()
    }

    fn serve(&mut self, exchange: ExchangeId, mut request: Request, out: &mut Out) {
        distinct::distinct(&mut request);
        match request {
            Request::Produce(request) => self.produce(exchange, &request, out),
            Request::Fetch(request) => self.fetch(exchange, request, out),
            Request::Offsets(request) => self.offsets(exchange, &request, out),
            Request::Metadata(topics) => self.metadata(exchange, topics, out),
            Request::LeaderAndIsr(request) => self.lead_and_follow(exchange, request, out),
            Request::StopReplica(request) => self.stop_replicas(exchange, request, out),
            Request::UpdateMetadata(request) => self.update_metadata(exchange, request, out),
            Request::ControlledShutdown(broker) => self.let_go(exchange, broker, out),
            Request::OffsetCommit(request) => self.commit_offsets(exchange, request, out),
            Request::OffsetFetch(request) => self.fetch_offsets(exchange, &request, out),
            Request::ConsumerMetadata(group) => self.coordinator(exchange, &group, out),
            Request::JoinGroup(_) => respond(exchange, Response::JoinGroup, out),
            Request::Heartbeat(_) => respond(exchange, Response::Heartbeat, out),
        }
    }

    fn ask_peer(&mut self, purpose: Purpose, to: Endpoint, request: Request, then: Peer, out: &mut Out) {
        self.last_call += 1;
        let call = CallId(self.last_call);
        let (client_id, timeout) = match &then {
            Peer::Follow(leader) | Peer::Range(leader, ..) => {
                (format!("ReplicaFetcherThread-0-{leader}"), follow::TIMEOUT)
            }
            Peer::Order(_) => (String::new(), office::ORDER_TIMEOUT),
            Peer::Shutdown => (String::new(), shutdown::TIMEOUT),
        };
        self.calls.insert(call, then);
        out.push(Output::Peer { call, purpose, to, client_id, request, timeout });
    }

    fn exit(&mut self, ending: Ending, out: &mut Out) {
        if !self.ended {
            self.ended = true;
            out.push(Output::Exit(ending));
        }
    }

    /// What is left to do after every input.
    fn settle(&mut self, out: &mut Out) {
        if self.ended {
            self.timers.clear();
            return;
        }
        while std::mem::take(&mut self.moved) {
            self.look_at_parked(out);
        }
        for (call, op) in self.zk.take_ready() {
            out.push(Output::Zk { call, op });
        }
    }

    fn zk_done(&mut self, then: Then, result: Answer, out: &mut Out) {
        match then {
            Then::Session(step) => self.session_step(step, result, out),
            Then::Office(step) => self.office_step(step, result, out),
            Then::Creation(step) => self.creation_step(step, result, out),
            Then::IsrWritten(at, isr) => self.isr_written(&at, isr, &result, out),
            Then::Offsets(step) => self.offsets_step(step, &result, out),
            Then::Shutdown(step) => self.shutdown_step(step, result, out),
            Then::Nothing => {}
        }
    }

    fn peer_done(&mut self, peer: Peer, result: Result<Response, PeerFault>, out: &mut Out) {
        match peer {
            Peer::Order(broker) => self.order_done(broker, result, out),
            Peer::Follow(leader) => self.fetched(leader, result, out),
            Peer::Range(leader, at, start) => self.range_found(leader, &at, start, &result, out),
            Peer::Shutdown => self.shutdown_answered(&result, out),
        }
    }

    fn ring(&mut self, timer: Timer, out: &mut Out) {
        match timer {
            Timer::ZooKeeper => self.zookeeper_timed_out(out),
            Timer::Register => self.register(),
            Timer::Expire(exchange) => self.expire(exchange, out),
            Timer::Follow(leader) => self.follow(leader, out),
            Timer::Order(broker) => self.send_orders(broker, out),
            Timer::Isr => self.shrink_all(out),
            Timer::Retention => self.drop_old_segments(out),
            Timer::Shutdown => self.ask_to_go(out),
        }
    }
}

impl Machine for Broker {
    type Input = Input;
    type Output = Output;

    fn handle(&mut self, now: Time, input: Input, out: &mut Out) {
        if self.ended {
            return;
        }
        self.now = now;
        match input {
            Input::Start => self.begin(out),
            Input::Zk(event) => self.zk_event(event, out),
            Input::ZkReply { call, result } => {
                if let Some((then, result)) = self.zk.answer(call, result) {
                    self.zk_done(then, result, out);
                }
            }
            Input::Request { exchange, request } => self.serve(exchange, request, out),
            Input::PeerReply { call, result } => {
                if let Some(peer) = self.calls.remove(&call) {
                    self.peer_done(peer, result, out);
                }
            }
            Input::Terminate => self.terminate(out),
        }
        self.settle(out);
    }

    fn wake_at(&self) -> Option<Time> {
        self.timers.next()
    }

    fn wake(&mut self, now: Time, out: &mut Out) {
        self.now = now;
        while let Some(timer) = self.timers.take_due(now) {
            self.ring(timer, out);
            self.settle(out);
        }
    }
}

fn respond(exchange: ExchangeId, response: Response, out: &mut Out) {
    out.push(Output::Respond { exchange, response: Some(response) });
}

/// Notes a line of the broker's log.
fn log(out: &mut Out, line: impl FnOnce() -> String) {
    out.note_with(|| What::Log { line: line() });
}

/// The code of a partition that is not led here.
fn not_led(known: bool) -> ErrorCode {
    if known { ErrorCode::NOT_LEADER_FOR_PARTITION } else { ErrorCode::UNKNOWN_TOPIC_OR_PARTITION }
}
