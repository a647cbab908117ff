//! What goes wrong in a running lab, because somebody wants it to: switches that programs, agents and services look at
//! where it matters. As long as nobody has touched one of them they cost one relaxed load.
//!
//! [`Mishaps`] is one lab's, [`Host`] one machine's: both are handed to everything that runs there as
//! [`Surroundings`].

mod front;
mod host;
mod http;
mod links;
mod services;
mod tasks;
mod watched;

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

pub use host::Host;
pub use http::HttpFault;
pub use links::{LinkFault, Party};
pub use services::ServiceParty;
pub use tasks::TaskFault;
pub use watched::{Owner, ServiceView, Watched};

use crate::mesos::Artifacts;

/// Where something runs, as far as it can go wrong there.
#[derive(Clone, Debug, Default)]
pub struct Surroundings {
    /// The machine.
    pub host: Host,
    /// The lab.
    pub lab: Mishaps,
}

/// All that goes wrong in a lab beyond a single machine. Clones are the same.
#[derive(Clone, Debug, Default)]
pub struct Mishaps {
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    /// Whether anything was ever asked for.
    armed: AtomicBool,
    rules: Mutex<Rules>,
}

#[derive(Debug, Default)]
struct Rules {
    http: Vec<http::Rule>,
    links: Vec<links::Rule>,
    tasks: Vec<tasks::Rule>,
    services: Vec<services::Rule>,
    /// Programs whose ZooKeeper sessions are over.
    expired: Vec<String>,
    artifacts: Artifacts,
    /// Who listens where.
    listeners: BTreeMap<SocketAddr, Party>,
    /// What clients know services as that stand behind a front.
    hidden: BTreeMap<SocketAddr, SocketAddr>,
    /// Whose addresses these are.
    hosts: BTreeMap<IpAddr, String>,
}

impl Mishaps {
    /// Whether anything was ever asked for.
    pub fn armed(&self) -> bool {
        self.shared.armed.load(Ordering::Relaxed)
    }

    fn arm(&self) -> MutexGuard<'_, Rules> {
        self.shared.armed.store(true, Ordering::Relaxed);
        self.rules()
    }

    fn rules(&self) -> MutexGuard<'_, Rules> {
        // Rules are whole between any two statements.
        self.shared.rules.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes what becomes of artifacts from now on, over what the cluster says of them.
    pub fn change_artifacts(&self, change: impl FnOnce(&mut Artifacts)) {
        change(&mut self.arm().artifacts);
    }

    /// What has become of artifacts, over what the cluster said of them.
    pub(crate) fn artifacts(&self, usual: &Artifacts) -> Artifacts {
        if self.armed() { usual.over(&self.rules().artifacts) } else { usual.clone() }
    }
}
