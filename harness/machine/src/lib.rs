//! What every simulated system of stacklab is made of: the [`Machine`] trait, virtual [`Time`], named random
//! streams, the queue that drives a simulation, the values that machines exchange with the world (HTTP,
//! ZooKeeper, services), and the timeline.
//!
//! This crate knows nothing about Mesos, ZooKeeper, Kafka or any other system, and does no input or output.

mod ids;
mod machine;
mod pace;
mod queue;
mod rng;
mod time;

pub mod http;
#[cfg(feature = "planted-bugs")]
pub mod planted;
pub mod process;
pub mod service;
pub mod timeline;

pub use ids::uuid_v4;
pub use machine::{Machine, Outbox, Step};
pub use pace::Pace;
pub use queue::Queue;
pub use rng::{ALGORITHM, Rng, Streams};
pub use time::{Time, earliest};
