//! Watches: who wants to hear of what, once.

use std::collections::{BTreeMap, BTreeSet};

use super::ConnectionId;

/// One kind of watches. They belong to connections, not to sessions: a client sets them again on another one.
#[derive(Debug, Default)]
pub(super) struct WatchTable {
    by_path: BTreeMap<Box<str>, BTreeSet<ConnectionId>>,
    by_watcher: BTreeMap<ConnectionId, BTreeSet<Box<str>>>,
}

impl WatchTable {
    pub(super) fn add(&mut self, path: &str, watcher: ConnectionId) {
        match self.by_path.get_mut(path) {
            Some(watchers) => {
                watchers.insert(watcher);
            }
            None => {
                self.by_path.insert(path.into(), BTreeSet::from([watcher]));
            }
        }
        self.by_watcher.entry(watcher).or_default().insert(path.into());
    }

    /// Takes out all who watch a path.
    pub(super) fn take(&mut self, path: &str) -> BTreeSet<ConnectionId> {
        let Some(watchers) = self.by_path.remove(path) else { return BTreeSet::new() };
        for watcher in &watchers {
            if let Some(paths) = self.by_watcher.get_mut(watcher) {
                paths.remove(path);
                if paths.is_empty() {
                    self.by_watcher.remove(watcher);
                }
            }
        }
        watchers
    }

    /// Forgets a connection.
    pub(super) fn remove(&mut self, watcher: ConnectionId) {
        for path in self.by_watcher.remove(&watcher).unwrap_or_default() {
            if let Some(watchers) = self.by_path.get_mut(&path) {
                watchers.remove(&watcher);
                if watchers.is_empty() {
                    self.by_path.remove(&path);
                }
            }
        }
    }

    pub(super) fn clear(&mut self) {
        self.by_path.clear();
        self.by_watcher.clear();
    }

    pub(super) fn by_watcher(&self) -> &BTreeMap<ConnectionId, BTreeSet<Box<str>>> {
        &self.by_watcher
    }
}
