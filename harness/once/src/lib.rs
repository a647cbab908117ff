//! Stack Deploy as a framework of Mesos: it runs the applications of type `run-once`, now or when their time has come.
//!
//! [`Framework`] is a program like the other schedulers. What it is asked for by runs and by the server of Stack Deploy
//! reaches it beside the events of Mesos ([`Heard`]), and so do its answers leave it beside its calls ([`Said`]).
//!
//! Nothing here knows stack files, Marathon, or who asks.

mod config;
mod framework;
mod offers;
mod staged;
mod updates;

pub use config::OnceConfig;
pub use framework::{Framework, Heard, Said};

#[cfg(test)]
mod tests;
#[cfg(test)]
mod walk_tests;
