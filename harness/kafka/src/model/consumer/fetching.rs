//! Finding the leaders of partitions, where to begin in them, and fetching.

use super::{Consumer, Out, Peer, Step, log};
use crate::codec::{Fetch, FetchPart, FetchedPart, Metadata, Offsets, OffsetsPart, Request, Response, Topic};
use crate::consumer::OffsetReset;
use crate::model::io::{Ending, Output, PeerFault, Purpose, Record};
use crate::model::zk::{Answer, ZkReply};
use crate::model::{Endpoint, ErrorCode, message_set, znodes};

/// Records that may be handed out and not be taken before fetching pauses.
const MAX_UNTAKEN: usize = 10_000;

/// The fetching from one leader.
#[derive(Debug)]
pub(super) struct Fetcher {
    endpoint: Endpoint,
    busy: bool,
}

/// The search for leaders.
#[derive(Debug, Default)]
pub(super) struct Search {
    running: bool,
    /// Brokers still to be asked.
    candidates: Vec<Endpoint>,
}

impl Search {
    pub(super) fn stop(&mut self) {
        *self = Self::default();
    }
}

impl Consumer {
    fn is_leaderless(&self) -> bool {
        self.partitions.values().any(|partition| partition.leader.is_none())
    }

    /// Looks for the leaders of the partitions that have none, unless that is under way.
    pub(super) fn search_leaders(&mut self) {
        if self.is_leaderless() && !self.search.running && self.timers.search.is_none() && self.registered {
            self.search.running = true;
            self.zk.list(znodes::BROKER_IDS, false, false, Step::Brokers);
        }
    }

    pub(super) fn brokers_found(&mut self, result: Answer, out: &mut Out) {
        if !self.search.running {
            return;
        }
        let nodes = if let Ok(ZkReply::Nodes(nodes)) = result { nodes } else { Vec::new() };
        let endpoint = |(_, data, _): (String, Option<bytes::Bytes>, i32)| znodes::parse_broker(&data?);
        self.search.candidates = nodes.into_iter().filter_map(endpoint).collect();
        self.rng.shuffle(&mut self.search.candidates);
        self.ask_candidate(out);
    }

    fn ask_candidate(&mut self, out: &mut Out) {
        let Some(to) = self.search.candidates.pop() else { return self.search_later() };
        let request = Request::Metadata(vec![self.config.topic.clone()]);
        self.ask(Purpose::Ask, to, request, Peer::Metadata, out);
    }

    fn search_later(&mut self) {
        self.search.stop();
        self.timers.search = Some(self.now + self.config.leader_backoff);
    }

    pub(super) fn peer_done(&mut self, peer: Peer, result: Result<Response, PeerFault>, out: &mut Out) {
        match (peer, result) {
            (Peer::Metadata, _) if !self.search.running => {}
            (Peer::Metadata, Ok(Response::Metadata { metadata, .. })) => self.leaders_found(&metadata, out),
            (Peer::Metadata, result) => {
                log(out, || format!("[{}], Fetching topic metadata failed: {:?}", self.id, result.err()));
                self.ask_candidate(out);
            }
            (Peer::Reset(leader, partition), Ok(Response::Offsets(topics))) => {
                self.reset_found(leader, partition, &topics, out);
            }
            (Peer::Fetch(leader), Ok(Response::Fetch(topics))) => self.fetched(leader, topics, out),
            (Peer::Reset(leader, _) | Peer::Fetch(leader), result) => {
                log(out, || {
                    format!("[{}], Error in fetch from broker {leader}: {:?}", self.id, result.err())
                });
                self.leader_gone(leader);
            }
        }
    }

    fn leaders_found(&mut self, metadata: &Metadata, out: &mut Out) {
        let topic = metadata.topics.iter().find(|topic| topic.topic == self.config.topic);
        let mut found = Vec::new();
        for part in topic.into_iter().flat_map(|topic| &topic.partitions) {
            let node = metadata.brokers.iter().find(|node| node.id == part.leader);
            let partition = self.partitions.get_mut(&part.partition).filter(|known| known.leader.is_none());
            if let (Some(node), Some(partition)) = (node, partition) {
                partition.leader = Some(node.id);
                found.push((node.id, node.endpoint.clone()));
            }
        }
        self.search.stop();
        if self.is_leaderless() {
            self.search_later();
        }
        for (leader, endpoint) in found {
            let fetcher =
                self.fetchers.entry(leader).or_insert(Fetcher { endpoint: endpoint.clone(), busy: false });
            fetcher.endpoint = endpoint;
            self.fetch(leader, out);
        }
    }

    /// Fetches from a leader what may be fetched now; first finds where to begin, where that is not known.
    pub(super) fn fetch(&mut self, leader: i32, out: &mut Out) {
        let Some(fetcher) = self.fetchers.get(&leader) else { return };
        if fetcher.busy || self.stopping || self.untaken >= MAX_UNTAKEN {
            return;
        }
        let to = fetcher.endpoint.clone();
        let mut parts = Vec::new();
        let mut resets = Vec::new();
        for (id, partition) in &mut self.partitions {
            if partition.leader != Some(leader) || !self.owned.contains(id) {
                continue;
            }
            match partition.position {
                Some(offset) => {
                    parts.push(FetchPart { partition: *id, offset, max_bytes: self.config.fetch_max_bytes });
                }
                None if !partition.resetting => {
                    partition.resetting = true;
                    resets.push(*id);
                }
                None => {}
            }
        }
        for partition in resets {
            self.ask_reset(leader, to.clone(), partition, out);
        }
        if parts.is_empty() {
            return;
        }
        if let Some(fetcher) = self.fetchers.get_mut(&leader) {
            fetcher.busy = true;
        }
        let request = Request::Fetch(Fetch {
            replica_id: -1,
            max_wait_ms: i32::try_from(self.config.fetch_wait.as_millis()).unwrap_or(i32::MAX),
            min_bytes: 1,
            topics: vec![Topic::new(&self.config.topic, parts)],
        });
        self.ask(Purpose::Fetch, to, request, Peer::Fetch(leader), out);
    }

    fn ask_reset(&mut self, leader: i32, to: Endpoint, partition: i32, out: &mut Out) {
        let time = match self.config.offset_reset {
            OffsetReset::Smallest => -2,
            OffsetReset::Largest => -1,
        };
        let parts = vec![OffsetsPart { partition, time, max_offsets: 1 }];
        let topics = vec![Topic::new(&self.config.topic, parts)];
        let request = Request::Offsets(Offsets { replica_id: -1, topics });
        self.ask(Purpose::Ask, to, request, Peer::Reset(leader, partition), out);
    }

    fn reset_found(
        &mut self,
        leader: i32,
        partition: i32,
        topics: &[Topic<crate::codec::FoundOffsets>],
        out: &mut Out,
    ) {
        let part = topics.first().and_then(|topic| topic.partitions.first());
        let offset = part.filter(|part| part.error.is_none()).and_then(|part| part.offsets.first());
        let Some(state) = self.partitions.get_mut(&partition) else { return };
        state.resetting = false;
        match offset {
            Some(offset) if state.leader == Some(leader) => {
                state.position = Some(*offset);
                log(out, || format!("[{}], reset partition {partition} to offset {offset}", self.id));
                self.fetch(leader, out);
            }
            _ => self.find_anew(partition),
        }
    }

    fn fetched(&mut self, leader: i32, topics: Vec<Topic<FetchedPart>>, out: &mut Out) {
        if let Some(fetcher) = self.fetchers.get_mut(&leader) {
            fetcher.busy = false;
        }
        for part in topics.into_iter().flat_map(|topic| topic.partitions) {
            if self.partitions.get(&part.partition).is_some_and(|state| state.leader == Some(leader)) {
                self.take_fetched(part, out);
            }
        }
        self.fetch(leader, out);
    }

    fn take_fetched(&mut self, part: FetchedPart, out: &mut Out) {
        let id = part.partition;
        if part.error == ErrorCode::OFFSET_OUT_OF_RANGE {
            if let Some(state) = self.partitions.get_mut(&id) {
                state.position = None;
            }
            return;
        }
        if !part.error.is_none() {
            return self.find_anew(id);
        }
        let Some(position) = self.partitions.get(&id).and_then(|state| state.position) else { return };
        let full = part.set.len() >= usize::try_from(self.config.fetch_max_bytes).unwrap_or(0);
        match message_set::messages(part.set) {
            Ok(messages) if messages.is_empty() && full => {
                let topic = self.config.topic.clone();
                self.exit(Ending::MessageTooLarge { topic, partition: id, offset: position }, out);
            }
            Ok(messages) => {
                // A compressed message comes whole, from its first offset on.
                let wanted = messages.into_iter().filter(|message| message.offset >= position);
                let records: Vec<Record> = wanted
                    .map(|m| Record { partition: id, offset: m.offset, key: m.key, value: m.value })
                    .collect();
                if let (Some(last), Some(state)) = (records.last(), self.partitions.get_mut(&id)) {
                    state.position = Some(last.offset + 1);
                    self.untaken += records.len();
                    out.push(Output::Records(records));
                }
            }
            Err(error) => {
                log(out, || format!("[{}], found invalid messages at offset {position}: {error}", self.id));
                self.find_anew(id);
            }
        }
    }

    /// The partition's leader is to be looked for again, after the pause.
    fn find_anew(&mut self, partition: i32) {
        if let Some(state) = self.partitions.get_mut(&partition) {
            state.leader = None;
            state.resetting = false;
            if !self.search.running {
                self.timers.search.get_or_insert(self.now + self.config.leader_backoff);
            }
        }
    }

    fn leader_gone(&mut self, leader: i32) {
        self.fetchers.remove(&leader);
        self.calls.retain(|_, peer| !matches!(peer, Peer::Reset(id, _) | Peer::Fetch(id) if *id == leader));
        for partition in self.leaders().remove(&leader).unwrap_or_default() {
            self.find_anew(partition);
        }
    }

    /// Forgets everything about partitions, leaders and what is under way.
    pub(super) fn stop_fetching(&mut self) {
        self.partitions.clear();
        self.fetchers.clear();
        self.calls.clear();
        self.timers.search = None;
    }

    /// Somebody took a record: it counts as consumed, and there is room for more.
    pub fn taken(&mut self, now: stacklab_machine::Time, partition: i32, offset: i64, out: &mut Out) {
        self.now = now;
        let was_full = self.untaken >= MAX_UNTAKEN;
        self.untaken = self.untaken.saturating_sub(1);
        if let Some(state) = self.partitions.get_mut(&partition) {
            state.taken = Some(offset + 1);
        }
        if was_full && !self.ended {
            let leaders: Vec<i32> = self.fetchers.keys().copied().collect();
            for leader in leaders {
                self.fetch(leader, out);
            }
            self.settle(out);
        }
    }
}
