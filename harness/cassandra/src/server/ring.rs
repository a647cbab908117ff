//! What the nodes of one cluster share: its data, its schema, and who is up.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use stacklab_machine::Time;
use tokio::sync::mpsc;

use crate::codec::EventKind;
use crate::model::{Cluster, ClusterEvent};

/// Events that wait for a connection at most. One that lets more gather is cut.
const EVENTS_WAITING: usize = 1024;

/// Where a ring takes the time from.
pub type Clock = Arc<dyn Fn() -> Time + Send + Sync>;

/// A Cassandra cluster: the nodes started with it hold the same data. Clones are the same ring.
#[derive(Clone)]
pub struct Ring {
    shared: Arc<Shared>,
}

struct Shared {
    cluster_name: String,
    clock: Clock,
    inner: Mutex<Inner>,
}

struct Inner {
    cluster: Cluster,
    subscribers: BTreeMap<u64, Subscriber>,
    next_subscriber: u64,
}

struct Subscriber {
    kinds: Vec<EventKind>,
    events: mpsc::Sender<ClusterEvent>,
}

impl std::fmt::Debug for Ring {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Ring").field("cluster_name", &self.shared.cluster_name).finish_non_exhaustive()
    }
}

impl Ring {
    /// An empty cluster, on the wall clock.
    pub fn new(cluster_name: &str) -> Self {
        Self::with_clock(cluster_name, Arc::new(wall_clock))
    }

    /// An empty cluster on a clock of the caller's: TTLs and write times follow it.
    pub fn with_clock(cluster_name: &str, clock: Clock) -> Self {
        let cluster = Cluster::new(cluster_name);
        let inner = Mutex::new(Inner { cluster, subscribers: BTreeMap::new(), next_subscriber: 0 });
        Self { shared: Arc::new(Shared { cluster_name: cluster_name.to_owned(), clock, inner }) }
    }

    /// `cluster_name`.
    pub fn cluster_name(&self) -> &str {
        &self.shared.cluster_name
    }

    /// The time, as this ring sees it.
    pub fn now(&self) -> Time {
        (self.shared.clock)()
    }

    /// Looks at the cluster, or changes it: for snapshots, faults and tests. Clients that registered are told what
    /// the change means for them. `work` keeps every other connection of the ring waiting.
    pub fn with<R>(&self, work: impl FnOnce(&mut Cluster, Time) -> R) -> R {
        let now = self.now();
        let mut inner = self.lock();
        let result = work(&mut inner.cluster, now);
        inner.tell();
        result
    }

    /// Takes a node that is down out of the ring for good (`nodetool removenode`): clients are told REMOVED_NODE.
    /// False if there is no such node, or it is up.
    pub fn remove_node(&self, address: &str) -> bool {
        let Ok(address) = address.parse::<IpAddr>() else { return false };
        self.with(|cluster, _| cluster.remove_node(address))
    }

    /// Has events of some kinds sent to a connection from now on.
    pub(super) fn subscribe(&self, kinds: Vec<EventKind>) -> (u64, mpsc::Receiver<ClusterEvent>) {
        let (events, receiver) = mpsc::channel(EVENTS_WAITING);
        let mut inner = self.lock();
        let id = inner.next_subscriber;
        inner.next_subscriber += 1;
        inner.subscribers.insert(id, Subscriber { kinds, events });
        (id, receiver)
    }

    pub(super) fn unsubscribe(&self, id: u64) {
        self.lock().subscribers.remove(&id);
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        // A panic in one connection must not take the others along; the model keeps no half-made state.
        self.shared.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn tell(&mut self) {
        for event in self.cluster.take_events() {
            let kind = match &event {
                ClusterEvent::Schema(_) => EventKind::SchemaChange,
                ClusterEvent::Status { .. } => EventKind::StatusChange,
                ClusterEvent::Topology { .. } => EventKind::TopologyChange,
            };
            // Whose channel is full or gone loses its place, and with that its connection.
            self.subscribers.retain(|_, subscriber| {
                !subscriber.kinds.contains(&kind) || subscriber.events.try_send(event.clone()).is_ok()
            });
        }
    }
}

/// The rings of a lab, by cluster name. Clones are the same registry.
#[derive(Clone, Default, Debug)]
pub struct Rings {
    rings: Arc<Mutex<BTreeMap<String, Ring>>>,
}

impl Rings {
    /// An empty registry.
    pub fn new() -> Self {
        Self::default()
    }

    /// The ring of that name, made if it is not there.
    pub fn ring(&self, cluster_name: &str) -> Ring {
        let mut rings = self.rings.lock().unwrap_or_else(PoisonError::into_inner);
        rings.entry(cluster_name.to_owned()).or_insert_with(|| Ring::new(cluster_name)).clone()
    }

    /// Forgets a ring, and its data with the last node that holds it.
    pub fn forget(&self, cluster_name: &str) {
        self.rings.lock().unwrap_or_else(PoisonError::into_inner).remove(cluster_name);
    }
}

fn wall_clock() -> Time {
    let elapsed = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
    Time::ZERO + elapsed
}
