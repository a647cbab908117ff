//! One cluster as one value: build it, deploy on it, send traces through it, look at it, compare it with a snapshot,
//! tear it down. And the same deployment in virtual time: [`sim`].

mod already;
mod backing;
mod faults;
mod judge;
mod places;
mod steps;
mod verdict;

pub mod bench;
pub mod bundle;
pub mod catalogue;
pub mod cluster;
pub mod deploy;
pub mod e2e;
pub mod exit;
pub mod input;
pub mod lab;
pub mod minimise;
pub mod network;
pub mod observe;
pub mod occupant;
pub mod redact;
pub mod report;
pub mod scenario;
pub mod sim;
pub mod snapshot;
pub mod stall;
pub mod traffic;

pub use backing::{Backing, BackingError};
pub use faults::{CannotBreak, FaultsHandle};
pub use lab::{Addresses, Lab, LabConfig, LabError};
pub use stacklab_live::mesos::Commands;
pub use steps::{Course, Ended};
