//! Faults: an explicit plan of what goes wrong, each entry a condition and a reaction, and the machine that says when
//! each is to happen. What a reaction does to a cluster is the business of the shells.

mod plan;

pub use plan::{Fault, Field, Link, Pattern, Reaction, Times, When};
