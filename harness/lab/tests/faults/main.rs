//! A lab that breaks itself: what each fault comes to, as people and programs see it.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod cluster;
mod control;
mod plan;
mod services;
mod world;
