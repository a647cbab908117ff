//! Following leaders: one fetcher for each broker that leads something this one has a replica of.

use std::time::Duration;

use super::partition::Role;
use super::timers::Timer;
use super::{Broker, Out, Peer, log};
use crate::codec::{Fetch, FetchPart, FetchedPart, Offsets, OffsetsPart, Request, Response, Topic};
use crate::model::io::{PeerFault, Purpose};
use crate::model::{Endpoint, ErrorCode, TopicPartition};

/// How long a leader may take (`replica.socket.timeout.ms`).
pub(super) const TIMEOUT: Duration = Duration::from_secs(30);
/// Pause after a leader did not answer, or not as it should.
const BACKOFF: Duration = Duration::from_millis(200);

/// The fetching from one leader.
#[derive(Debug)]
pub(super) struct Fetcher {
    endpoint: Endpoint,
    /// A fetch is under way, or the pause after one.
    busy: bool,
}

impl Broker {
    /// The partitions followed, by topic, with the offset that is wanted next.
    fn followed(&self, leader: i32) -> Vec<Topic<FetchPart>> {
        let max_bytes = i32::try_from(self.config.replica_fetch_max_bytes).unwrap_or(i32::MAX);
        let mut topics = Vec::new();
        for (name, partitions) in &self.replicas {
            let parts: Vec<FetchPart> = partitions
                .iter()
                .filter(|(_, replica)| replica.role == Role::Follower(leader))
                .map(|(id, replica)| FetchPart { partition: *id, offset: replica.log.end(), max_bytes })
                .collect();
            if !parts.is_empty() {
                topics.push(Topic { name: name.clone(), partitions: parts });
            }
        }
        topics
    }

    /// The controller says where a leader is: fetching begins, if there is something to follow.
    pub(super) fn know_leader(&mut self, leader: i32, endpoint: Endpoint, out: &mut Out) {
        let fetcher =
            self.fetchers.entry(leader).or_insert(Fetcher { endpoint: endpoint.clone(), busy: false });
        fetcher.endpoint = endpoint;
        if !fetcher.busy {
            self.follow(leader, out);
        }
    }

    /// Ends the fetchers that have nothing to fetch.
    pub(super) fn drop_idle_fetchers(&mut self) {
        let roles = self.replicas.values().flat_map(|topic| topic.values()).map(|replica| &replica.role);
        let leaders: std::collections::BTreeSet<i32> = roles
            .filter_map(|role| if let Role::Follower(leader) = role { Some(*leader) } else { None })
            .collect();
        let idle: Vec<i32> =
            self.fetchers.keys().filter(|leader| !leaders.contains(leader)).copied().collect();
        for leader in idle {
            self.fetchers.remove(&leader);
            self.timers.cancel(Timer::Follow(leader));
            self.calls
                .retain(|_, peer| !matches!(peer, Peer::Follow(id) | Peer::Range(id, ..) if *id == leader));
        }
    }

    /// Sends the next fetch.
    pub(super) fn follow(&mut self, leader: i32, out: &mut Out) {
        let topics = self.followed(leader);
        let Some(fetcher) = self.fetchers.get_mut(&leader) else { return };
        if topics.is_empty() {
            fetcher.busy = false;
            return;
        }
        fetcher.busy = true;
        let to = fetcher.endpoint.clone();
        let request = Request::Fetch(Fetch {
            replica_id: self.config.id,
            max_wait_ms: self.config.replica_fetch_wait.as_millis() as i32,
            min_bytes: 1,
            topics,
        });
        self.ask_peer(Purpose::Fetch, to, request, Peer::Follow(leader), out);
    }

    pub(super) fn fetched(&mut self, leader: i32, result: Result<Response, PeerFault>, out: &mut Out) {
        let topics = match result {
            Ok(Response::Fetch(topics)) => topics,
            Ok(_) => return self.pause(leader),
            Err(fault) => {
                log(out, || format!("[ReplicaFetcherThread-0-{leader}], Error in fetch: {fault}"));
                return self.pause(leader);
            }
        };
        let (mut failed, mut out_of_range) = (false, Vec::new());
        for topic in topics {
            for part in topic.partitions {
                if part.error == ErrorCode::OFFSET_OUT_OF_RANGE {
                    out_of_range.push(TopicPartition::new(&topic.name, part.partition));
                } else {
                    failed |= !self.take_fetched(leader, &topic.name, &part, out);
                }
            }
        }
        if let Some(at) = out_of_range.into_iter().next() {
            // The others' turn comes with the next fetch.
            self.find_range(leader, at, false, out);
        } else if failed {
            self.pause(leader);
        } else {
            self.follow(leader, out);
        }
    }

    /// Appends what a leader sent; false if that was an error.
    fn take_fetched(&mut self, leader: i32, topic: &str, part: &FetchedPart, out: &mut Out) -> bool {
        let now = self.now;
        let Some(replica) = self.replica_mut(topic, part.partition) else { return true };
        if replica.role != Role::Follower(leader) {
            return true;
        }
        if !part.error.is_none() {
            return false;
        }
        let end = replica.log.end();
        if let Err(error) = replica.log.append_as_follower(now, &part.set) {
            log(out, || format!("[ReplicaFetcherThread-0-{leader}], [{topic},{}]: {error}", part.partition));
            return false;
        }
        replica.high_watermark = part.high_watermark.clamp(replica.high_watermark, replica.log.end());
        if replica.log.end() > end {
            self.moved = true;
            self.after_append(topic, part.partition, out);
            return true;
        }
        if !part.set.is_empty() {
            log(out, || {
                format!(
                    "Replication is failing due to a message that is greater than replica.fetch.max.bytes for \
                     partition [{topic},{}]",
                    part.partition
                )
            });
        }
        part.set.is_empty()
    }

    fn pause(&mut self, leader: i32) {
        self.timers.set(Timer::Follow(leader), self.now + BACKOFF);
    }

    fn find_range(&mut self, leader: i32, at: TopicPartition, start: bool, out: &mut Out) {
        let Some(fetcher) = self.fetchers.get(&leader) else { return };
        let to = fetcher.endpoint.clone();
        let time = if start { -2 } else { -1 };
        let part = OffsetsPart { partition: at.partition, time, max_offsets: 1 };
        let topics = vec![Topic::new(&at.topic, vec![part])];
        let request = Request::Offsets(Offsets { replica_id: self.config.id, topics });
        self.ask_peer(Purpose::Fetch, to, request, Peer::Range(leader, at, start), out);
    }

    /// A follower beyond its leader's end forgets what is too much; one before its start begins anew there.
    pub(super) fn range_found(
        &mut self,
        leader: i32,
        at: &TopicPartition,
        start: bool,
        result: &Result<Response, PeerFault>,
        out: &mut Out,
    ) {
        let now = self.now;
        let found = match result {
            Ok(Response::Offsets(topics)) => {
                let part = topics.first().and_then(|topic| topic.partitions.first());
                part.and_then(|part| part.offsets.first()).copied()
            }
            _ => None,
        };
        let (Some(offset), Some(replica)) = (found, self.replica_mut(&at.topic, at.partition)) else {
            return self.pause(leader);
        };
        if replica.role != Role::Follower(leader) {
            return self.follow(leader, out);
        }
        if start {
            replica.log.restart_at(now, offset);
            replica.high_watermark = offset;
        } else if offset < replica.log.end() {
            if offset < replica.log.start() {
                replica.log.restart_at(now, offset);
            } else {
                replica.log.truncate(now, offset);
            }
            replica.high_watermark = replica.high_watermark.min(offset);
        } else {
            return self.find_range(leader, at.clone(), true, out);
        }
        log(out, || format!("Replica of {at}: starts anew at offset {offset} of leader {leader}"));
        self.follow(leader, out);
    }
}
