//! Which ZooKeeper servers belong together: those whose `server.<id>` lines name each other.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use stacklab_machine::service::ZooKeeperSpec;
use stacklab_zookeeper::model::EnsembleConfig;
use stacklab_zookeeper::server::EnsembleHandle;

use crate::recorder::Recorder;

/// The ensembles of a lab. Clones share them.
#[derive(Clone, Debug)]
pub(super) struct Ensembles {
    known: Arc<Mutex<Vec<Weak<Known>>>>,
    recorder: Recorder,
}

/// An ensemble, for as long as one of its servers runs: its data lie in their sandboxes.
#[derive(Debug)]
struct Known {
    ensemble: EnsembleHandle,
    hosts: Mutex<BTreeSet<String>>,
}

/// One server's part of an ensemble.
#[derive(Clone, Debug)]
pub(super) struct Member(Arc<Known>);

impl Member {
    pub(super) fn ensemble(&self) -> &EnsembleHandle {
        &self.0.ensemble
    }
}

impl Ensembles {
    pub(super) fn new(recorder: Recorder) -> Self {
        Self { known: Arc::default(), recorder }
    }

    /// Joins the ensemble that a server of this configuration belongs to, or founds it.
    pub(super) fn join(&self, spec: &ZooKeeperSpec) -> Member {
        let hosts: BTreeSet<String> =
            spec.servers.iter().map(|peer| format!("{}:{}", peer.host, peer.connect_port)).collect();
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.retain(|ensemble| ensemble.strong_count() > 0);
        for ensemble in known.iter().filter_map(Weak::upgrade) {
            let mut members = ensemble.hosts.lock().unwrap_or_else(PoisonError::into_inner);
            if members.is_disjoint(&hosts) {
                continue;
            }
            members.extend(hosts);
            drop(members);
            return Member(ensemble);
        }
        let name = format!("{}:{}", spec.host, spec.client_port);
        let recorder = self.recorder.clone();
        let sink = move |what| {
            recorder.record("zookeeper", None, what);
        };
        let ensemble = EnsembleHandle::with_sink(EnsembleConfig::standalone(name), sink);
        let founded = Arc::new(Known { ensemble, hosts: Mutex::new(hosts) });
        known.push(Arc::downgrade(&founded));
        Member(founded)
    }
}
