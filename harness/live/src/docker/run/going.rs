//! Addresses whose containers are being removed: whoever is started there next waits, as it would for a process that
//! is being killed.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// How long the next one waits; then it finds the port taken, which is the truth.
const LIMIT: Duration = Duration::from_secs(20);
const LOOK: Duration = Duration::from_millis(10);

/// The addresses. Clones share them.
#[derive(Clone, Debug, Default)]
pub(in crate::docker) struct Going(Arc<Mutex<BTreeMap<String, u32>>>);

impl Going {
    /// Notes that the container at this address goes; what it returns is dropped when it is gone.
    pub(super) fn note(&self, address: &str) -> Leaving {
        self.change(address, 1);
        Leaving { going: self.clone(), address: address.to_owned() }
    }

    /// Waits until nothing is going at this address.
    pub(super) async fn gone(&self, address: &str) {
        let gone = async {
            while self.lock().contains_key(address) {
                tokio::time::sleep(LOOK).await;
            }
        };
        // Too late or not: the start itself tells whether the port is free.
        let _ = tokio::time::timeout(LIMIT, gone).await;
    }

    fn change(&self, address: &str, by: i64) {
        let mut going = self.lock();
        let count = i64::from(going.get(address).copied().unwrap_or(0)) + by;
        match u32::try_from(count) {
            Ok(0) | Err(_) => _ = going.remove(address),
            Ok(count) => _ = going.insert(address.to_owned(), count),
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeMap<String, u32>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A container on its way out.
pub(super) struct Leaving {
    going: Going,
    address: String,
}

impl Drop for Leaving {
    fn drop(&mut self) {
        self.going.change(&self.address, -1);
    }
}
