//! Faults: an explicit plan of what goes wrong, each entry a condition and a reaction, and the machine that says when
//! each is to happen. What a reaction does to a cluster is the business of the shells.
//!
//! Every plan is also a smaller plan: [`minimise`] leaves out what is not needed for what it did.

mod check;
mod injector;
mod matching;
mod minimise;
mod plan;
mod support;
mod words;

pub use check::{PlanError, check, near};
pub use injector::{ALWAYS, Fired, Hits, Injector};
pub use minimise::minimise;
pub use plan::{Fault, Field, Link, Pattern, Reaction, Times, When};
pub use support::Backend;
pub use words::REACTIONS;
