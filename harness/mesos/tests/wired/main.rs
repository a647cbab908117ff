//! Master, agents and scripted frameworks, wired together in memory: what schedulers hear, row by row.

#![allow(clippy::unwrap_used)] // Helpers of tests, which clippy does not take for tests.

mod agents;
mod drivers;
mod endpoints;
mod faults;
mod launches;
mod offers;
mod subscriptions;
mod walks;
mod world;
