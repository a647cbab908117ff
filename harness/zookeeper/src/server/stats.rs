//! Counters of one server and its connections, as the four-letter words show them.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use stacklab_machine::Time;

/// Number of a TCP connection within its server, from the first byte on.
pub(super) type Peer = u64;

/// Counters of latencies in ms.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Latency {
    count: u64,
    total: u64,
    pub(super) last: u64,
    pub(super) max: u64,
    min: Option<u64>,
}

impl Latency {
    fn add(&mut self, ms: u64) {
        self.count += 1;
        self.total += ms;
        self.last = ms;
        self.max = self.max.max(ms);
        self.min = Some(self.min.map_or(ms, |min| min.min(ms)));
    }

    pub(super) fn min(&self) -> u64 {
        self.min.unwrap_or(0)
    }

    pub(super) fn average(&self) -> u64 {
        self.total.checked_div(self.count).unwrap_or(0)
    }
}

/// What is known about one connection.
#[derive(Clone, Debug)]
pub(super) struct PeerStats {
    pub(super) address: SocketAddr,
    pub(super) established: Time,
    pub(super) received: u64,
    pub(super) sent: u64,
    pub(super) session: i64,
    pub(super) timeout_ms: i32,
    pub(super) last_operation: &'static str,
    pub(super) last_xid: i64,
    pub(super) last_zxid: i64,
    pub(super) last_response: Time,
    pub(super) latency: Latency,
}

/// Client requests, the server's own packets, sessions and warnings: what the original traces if nobody says
/// otherwise.
const TRACE_MASK: i64 = 306;

/// All counters of a server.
#[derive(Debug)]
pub(super) struct Stats {
    pub(super) received: u64,
    pub(super) sent: u64,
    pub(super) latency: Latency,
    /// What `gtmk` shows.
    pub(super) trace_mask: i64,
    pub(super) peers: BTreeMap<Peer, PeerStats>,
    next: Peer,
}

impl Default for Stats {
    fn default() -> Self {
        let (latency, peers) = (Latency::default(), BTreeMap::new());
        Self { received: 0, sent: 0, latency, trace_mask: TRACE_MASK, peers, next: 0 }
    }
}

impl Stats {
    pub(super) fn arrived(&mut self, address: SocketAddr, now: Time) -> Peer {
        self.next += 1;
        let stats = PeerStats {
            address,
            established: now,
            received: 0,
            sent: 0,
            session: 0,
            timeout_ms: 0,
            last_operation: "NA",
            last_xid: -1,
            last_zxid: -1,
            last_response: Time::ZERO,
            latency: Latency::default(),
        };
        self.peers.insert(self.next, stats);
        self.next
    }

    pub(super) fn left(&mut self, peer: Peer) {
        self.peers.remove(&peer);
    }

    pub(super) fn received(&mut self, peer: Peer) {
        self.received += 1;
        if let Some(stats) = self.peers.get_mut(&peer) {
            stats.received += 1;
        }
    }

    pub(super) fn sent(&mut self, peer: Peer) {
        self.sent += 1;
        if let Some(stats) = self.peers.get_mut(&peer) {
            stats.sent += 1;
        }
    }

    pub(super) fn connected(&mut self, peer: Peer, session: i64, timeout_ms: i32) {
        if let Some(stats) = self.peers.get_mut(&peer) {
            stats.session = session;
            stats.timeout_ms = timeout_ms;
            stats.last_operation = "SESS";
        }
    }

    /// An answer was sent `ms` after its request came in.
    pub(super) fn answered(&mut self, peer: Peer, xid: i32, zxid: i64, now: Time, ms: u64) {
        self.latency.add(ms);
        if let Some(stats) = self.peers.get_mut(&peer) {
            // Only ordinary requests count as the last one: pings have xid −2.
            if xid >= 0 {
                stats.last_xid = i64::from(xid);
            }
            stats.last_zxid = zxid;
            stats.last_response = now;
            stats.latency.add(ms);
        }
    }

    pub(super) fn reset_server(&mut self) {
        (self.received, self.sent, self.latency) = (0, 0, Latency::default());
    }

    pub(super) fn reset_peers(&mut self) {
        for peer in self.peers.values_mut() {
            (peer.received, peer.sent, peer.latency) = (0, 0, Latency::default());
            (peer.last_operation, peer.last_xid, peer.last_zxid) = ("NA", -1, -1);
            peer.last_response = Time::ZERO;
        }
    }
}
