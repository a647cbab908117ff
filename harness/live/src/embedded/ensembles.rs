//! Which ZooKeeper servers belong together: those whose `server.<id>` lines name each other.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use stacklab_machine::service::ZooKeeperSpec;
use stacklab_zookeeper::model::EnsembleConfig;
use stacklab_zookeeper::server::EnsembleHandle;

use crate::mishap::Mishaps;
use crate::recorder::Recorder;
use crate::sandbox::SandboxWitness;

/// The ensembles of a lab. Clones share them.
#[derive(Clone, Debug)]
pub(super) struct Ensembles {
    known: Arc<Mutex<Vec<Known>>>,
    recorder: Recorder,
    mishaps: Mishaps,
}

/// An ensemble. Its data lie in its servers' sandboxes, and are lost with the last of them.
#[derive(Debug)]
struct Known {
    ensemble: EnsembleHandle,
    hosts: BTreeSet<String>,
    sandboxes: Vec<SandboxWitness>,
}

impl Ensembles {
    pub(super) fn new(recorder: Recorder, mishaps: Mishaps) -> Self {
        Self { known: Arc::default(), recorder, mishaps }
    }

    /// All of them.
    pub(super) fn all(&self) -> Vec<EnsembleHandle> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.iter().map(|known| known.ensemble.clone()).collect()
    }

    /// The ensemble that a server of this configuration belongs to.
    pub(super) fn of(&self, spec: &ZooKeeperSpec) -> Option<EnsembleHandle> {
        let is_in = |known: &&Known| {
            spec.servers
                .iter()
                .any(|peer| known.hosts.contains(&format!("{}:{}", peer.host, peer.connect_port)))
        };
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.iter().find(is_in).map(|known| known.ensemble.clone())
    }

    /// Joins the ensemble that a server of this configuration belongs to, or founds it.
    pub(super) fn join(&self, spec: &ZooKeeperSpec, sandbox: SandboxWitness) -> EnsembleHandle {
        let hosts: BTreeSet<String> =
            spec.servers.iter().map(|peer| format!("{}:{}", peer.host, peer.connect_port)).collect();
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.retain(|ensemble| ensemble.sandboxes.iter().any(SandboxWitness::is_there));
        if let Some(ensemble) = known.iter_mut().find(|ensemble| !ensemble.hosts.is_disjoint(&hosts)) {
            ensemble.hosts.extend(hosts);
            ensemble.sandboxes.retain(SandboxWitness::is_there);
            ensemble.sandboxes.push(sandbox);
            return ensemble.ensemble.clone();
        }
        let name = self.mishaps.known_as(&format!("{}:{}", spec.host, spec.client_port));
        let recorder = self.recorder.clone();
        let sink = move |what| {
            recorder.record("zookeeper", None, what);
        };
        let ensemble = EnsembleHandle::with_sink(config(name, spec), sink);
        known.push(Known { ensemble: ensemble.clone(), hosts, sandboxes: vec![sandbox] });
        ensemble
    }
}

/// What `zoo.cfg` says; a tick that is no number stops the original, here it is the usual one.
fn config(name: String, spec: &ZooKeeperSpec) -> EnsembleConfig {
    let usual = EnsembleConfig::standalone(name);
    let tick = spec.extra.get("tickTime").and_then(|ms| ms.trim().parse().ok()).map(Duration::from_millis);
    EnsembleConfig { tick: tick.unwrap_or(usual.tick), ..usual }
}
