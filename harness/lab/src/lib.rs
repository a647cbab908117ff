//! One cluster as one value: build it, deploy on it, send traces through it, look at it, compare it with a snapshot,
//! tear it down.

pub mod cluster;
pub mod network;
pub mod observe;
pub mod redact;
pub mod report;
pub mod scenario;
pub mod snapshot;
pub mod stall;
pub mod traffic;
